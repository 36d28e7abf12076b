import { io, type Socket } from 'socket.io-client';
import type { Event } from '../../../src/protocol/model.ts';
import { freshToken, isObject, isProblem } from '../http.ts';
import { parseServerUrl } from '../platform.ts';
import {
  type DialOptions,
  dialTimeoutMs,
  isEvent,
  type Link,
  parseSubscribeResponse,
  type SubscribeCallback,
  type SubscribeRequest,
  type SubscribeResponse,
} from './link.ts';

/**
 * Socket.IO over a WebSocket: the best transport, since one connection carries everything. The link is up once data has gone both
 * ways.
 */
interface FromServer {
  event(event: Event): void;
  store(store: { reachable: boolean; since: string }): void;
  unsubscribed(ended: { channelId: string; reason: string }): void;
  drain(draining: { withinMs: number }): void;
}
interface FromClient {
  subscribe(request: SubscribeRequest, answer: (response: SubscribeResponse) => void): void;
}

export function dialSocket(options: DialOptions): Link {
  return new SocketLink(options);
}

class SocketLink implements Link {
  readonly #options: DialOptions;
  readonly #timer: ReturnType<typeof setTimeout>;
  #socket: Socket<FromServer, FromClient> | undefined;
  #wasUp = false;
  #closed = false;

  constructor(options: DialOptions) {
    this.#options = options;
    this.#timer = setTimeout(() => this.#fail(undefined), dialTimeoutMs);
    void this.#dial();
  }

  subscribe(request: SubscribeRequest, callback: SubscribeCallback, withinMs: number): void {
    if (this.#socket?.connected !== true) return callback(undefined);
    this.#socket.timeout(withinMs).emit('subscribe', request, (error: Error | null, response: SubscribeResponse) => {
      if (!this.#closed) callback(error === null ? parseSubscribeResponse(response) : undefined);
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.removeAllListeners();
    this.#socket?.disconnect();
    this.#socket?.io.engine?.close();
  }

  async #dial(): Promise<void> {
    const { url, token: source, session, callbacks } = this.#options;
    let token: string | undefined;
    try {
      token = await freshToken(source);
    } catch {
      return this.#fail(undefined);
    }
    if (this.#closed) return;
    // Socket.IO treats a path in the address as a namespace, but here it is the path of the server.
    const { origin, path } = parseServerUrl(url);
    const socket: Socket<FromServer, FromClient> = io(origin, {
      path: `${path}/socket.io`,
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      auth: { token: token || undefined, session },
    });
    this.#socket = socket;
    socket.on('connect', () => {
      clearTimeout(this.#timer);
      this.#wasUp = true;
      socket.io.engine.on('packet', () => callbacks.activity());
      callbacks.up();
    });
    socket.on('connect_error', (error: Error & { data?: unknown }) => this.#fail(error.data));
    // If the connection is cut between the handshake and the namespace's answer, Socket.IO emits `disconnect` and no error.
    socket.on('disconnect', (reason) => {
      if (!this.#wasUp) return this.#fail(undefined);
      this.close();
      callbacks.lost(reason === 'ping timeout');
    });
    socket.on('event', (event) => isEvent(event) && callbacks.event(event));
    socket.on('store', (store) => isObject(store) && callbacks.store(store));
    socket.on('unsubscribed', (ended) => isObject(ended) && callbacks.unsubscribed(ended));
    socket.on('drain', (draining) => callbacks.drain(Number(isObject(draining) && draining.withinMs) || 0));
  }

  #fail(data: unknown): void {
    if (this.#closed || this.#wasUp) return;
    this.close();
    this.#options.callbacks.failed(isProblem(data) ? { kind: 'refused', problem: data } : { kind: 'unanswered' });
  }
}
