import { parseJson } from '../lib/http.ts';

/**
 * The part of the Socket.IO client that a reader needs: one namespace, over a WebSocket, text only (Engine.IO protocol 4,
 * Socket.IO protocol 5). In browsers the build uses this file in place of `socket.io-client`, which would be a third of what a
 * page loads. Everything that `client/lib/transports/socket.ts` uses has the same name as there.
 */
interface Options {
  path: string;
  auth?: object;
}

// biome-ignore lint/suspicious/noExplicitAny: as in Socket.IO, each event has its own arguments.
type Listener = (...args: any[]) => void;

export type { PageSocket as Socket };

export function io(origin: string, options: Options): PageSocket {
  return new PageSocket(origin, options);
}

/** The first characters of a message: the Engine.IO type, then the Socket.IO type. */
const types = {
  open: '0',
  close: '1',
  ping: '2',
  connect: '40',
  disconnect: '41',
  event: '42',
  ack: '43',
  refused: '44',
} as const;

class PageSocket {
  connected = false;
  readonly io: { engine: { on(name: 'packet', listener: Listener): void; close(): void } };
  readonly #webSocket: WebSocket;
  readonly #listeners = new Map<string, Listener[]>();
  readonly #pendingAcks = new Map<number, (said: unknown) => void>();
  readonly #auth: object | undefined;
  #nextId = 0;
  #isClosed = false;
  #pingTimer: ReturnType<typeof setTimeout> | undefined;
  /** The connection counts as lost after this long without a message. Milliseconds. */
  #pingTimeoutMs = 0;

  constructor(origin: string, { path, auth }: Options) {
    this.#auth = auth;
    this.#webSocket = new WebSocket(`${origin.replace(/^http/, 'ws')}${path}/?EIO=4&transport=websocket`);
    this.#webSocket.onmessage = ({ data }) => this.#onMessage(data);
    this.#webSocket.onclose = () => this.#end();
    // A WebSocket on a lost network reports nothing by itself.
    globalThis.addEventListener('offline', this.#onOffline);
    this.io = { engine: { on: (name, listener) => this.on(name, listener), close: () => this.#webSocket.close() } };
  }

  readonly #onOffline = (): void => this.#end();

  on(name: string, listener: Listener): void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }

  removeAllListeners(): void {
    this.#listeners.clear();
  }

  disconnect(): void {
    if (this.connected) this.#webSocket.send(types.disconnect);
    this.#end();
  }

  timeout(ms: number) {
    return {
      emit: (name: string, body: object, answered: (error: Error | null, said?: unknown) => void): void => {
        const id = this.#nextId++;
        const timer = setTimeout(() => {
          this.#pendingAcks.delete(id);
          answered(new Error());
        }, ms);
        this.#pendingAcks.set(id, (said) => {
          clearTimeout(timer);
          answered(null, said);
        });
        this.#webSocket.send(`${types.event}${id}${JSON.stringify([name, body])}`);
      },
    };
  }

  #onMessage(message: unknown): void {
    if (typeof message !== 'string' || this.#isClosed) return;
    const [, type = '', id = '', rest = ''] = /^(4?\d)(?:\/[^,]*,)?(\d*)(.*)$/s.exec(message) ?? [];
    if (type === types.ping) this.#webSocket.send('3');
    // Any message shows that the server is alive.
    if (this.#pingTimeoutMs > 0) this.#waitForPing();
    this.#emit('packet');
    const body = type === types.ping ? undefined : parseJson(message[0] === '4' ? rest : message.slice(1));
    switch (type) {
      case types.connect:
        this.connected = true;
        return this.#emit('connect');
      case types.event:
        if (Array.isArray(body)) this.#emit(String(body[0]), ...body.slice(1));
        return;
      case types.ack: {
        const answer = this.#pendingAcks.get(Number(id));
        this.#pendingAcks.delete(Number(id));
        return answer?.(Array.isArray(body) ? body[0] : undefined);
      }
      case types.refused:
        return this.#refuse((body as { data?: unknown } | undefined)?.data);
      case types.disconnect:
      case types.close:
        return this.#end();
      default:
        if (message[0] === types.open) this.#open(parseJson(message.slice(1)) as { pingInterval: number; pingTimeout: number });
    }
  }

  #open({ pingInterval, pingTimeout }: { pingInterval: number; pingTimeout: number }): void {
    this.#pingTimeoutMs = pingInterval + pingTimeout;
    this.#webSocket.send(types.connect + (this.#auth === undefined ? '' : JSON.stringify(this.#auth)));
  }

  #waitForPing(): void {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = setTimeout(() => this.#end('ping timeout'), this.#pingTimeoutMs);
  }

  /** `data`: the problem, if the server sent one. */
  #refuse(data?: unknown): void {
    this.#finish();
    this.#emit('connect_error', { data });
  }

  /**
   * Reports a connection error before the connection is up, a disconnect afterwards. `reason`: only the one that the client
   * checks for.
   */
  #end(reason?: 'ping timeout'): void {
    if (this.#isClosed) return;
    if (!this.connected) return this.#refuse();
    this.connected = false;
    this.#finish();
    this.#emit('disconnect', reason);
  }

  #finish(): void {
    this.#isClosed = true;
    clearTimeout(this.#pingTimer);
    globalThis.removeEventListener('offline', this.#onOffline);
    this.#webSocket.close();
  }

  #emit(name: string, ...args: unknown[]): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(...args);
  }
}
