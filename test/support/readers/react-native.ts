import { type Context, createContext, runInContext } from 'node:vm';
import { WebSocket as Socket } from 'ws';

/**
 * A JavaScript context with React Native's globals and none of Node's or a browser's, as an app's bundle finds them at run time.
 * Modelled on React Native 0.76 with Hermes. Where versions differ, it is like the less capable one.
 *
 * Present: timers (whose ids are numbers), `console`, `queueMicrotask`, `performance.now`, `fetch` whose answers cannot be
 * streamed, `XMLHttpRequest`, `WebSocket`, an `AbortController` without reasons, mostly unimplemented `URL` and
 * `URLSearchParams`, `window`, `self` and `global`, which are the same object and no event targets, `navigator` and
 * `process.env`.
 *
 * Absent: `document`, `location`, `addEventListener`, `crypto`, `EventTarget`, `Event`, `EventSource`, `TextDecoder`,
 * `ReadableStream`, `structuredClone`, `localStorage`, `Buffer`, and language features newer than ES2022.
 */
export function reactNativeWorld({ blocked = false }: { /** WebSockets are blocked. */ blocked?: boolean } = {}): Context {
  const world = createContext({
    navigator: { product: 'ReactNative' },
    process: { env: { NODE_ENV: 'production' } },
    performance: { now: () => performance.now() },
    console,
    queueMicrotask,
    ...timers(),
    fetch: fetchWithoutStreams,
    WebSocket: blocked ? BlockedWebSocket : NativeWebSocket,
    XMLHttpRequest: NativeRequest,
    AbortController: PlainAbortController,
    URL: PartialUrl,
    URLSearchParams: PartialSearchParams,
  });
  runInContext(`globalThis.window = globalThis.self = globalThis.global = globalThis;${forgetNewerLanguage}`, world);
  return world;
}

const forgetNewerLanguage = `
  for (const name of ['with', 'toSpliced', 'toSorted', 'toReversed', 'findLast', 'findLastIndex']) delete Array.prototype[name];
  for (const name of ['union', 'intersection', 'difference']) delete Set.prototype[name];
  delete Promise.withResolvers; delete Promise.try; delete Array.fromAsync; delete Object.groupBy; delete Map.groupBy;
  delete globalThis.Iterator; delete globalThis.WebAssembly; delete globalThis.SharedArrayBuffer;
`;

function timers() {
  const running = new Map<number, NodeJS.Timeout>();
  let last = 0;
  const start = (begin: (id: number) => NodeJS.Timeout) => {
    last += 1;
    running.set(last, begin(last));
    return last;
  };
  const after = (run: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) =>
    start((id) =>
      setTimeout(() => {
        running.delete(id);
        run(...given);
      }, ms),
    );
  const clear = (id = 0) => {
    clearTimeout(running.get(id));
    running.delete(id);
  };
  return {
    setTimeout: after,
    setInterval: (run: () => void, ms: number) => start(() => setInterval(run, ms)),
    setImmediate: (run: () => void) => after(run),
    requestAnimationFrame: (run: () => void) => after(run, 16),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
    cancelAnimationFrame: clear,
  };
}

type Asked = { method?: string; headers?: Record<string, string>; body?: string; signal?: PlainAbortSignal };

async function fetchWithoutStreams(url: string, { signal, ...asked }: Asked = {}) {
  const controller = new AbortController();
  signal?.addEventListener('abort', () => controller.abort());
  const answer = await fetch(url, { ...asked, signal: controller.signal });
  const text = await answer.text();
  return {
    ok: answer.ok,
    status: answer.status,
    statusText: answer.statusText,
    url: answer.url,
    headers: { get: (name: string) => answer.headers.get(name), has: (name: string) => answer.headers.has(name) },
    text: async () => text,
    json: async () => JSON.parse(text) as unknown,
  };
}

/** Sends the origin of its own URL, as React Native does. */
class NativeWebSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  binaryType: string | undefined;
  onopen: ((event: object) => void) | undefined;
  onmessage: ((event: object) => void) | undefined;
  onerror: ((event: object) => void) | undefined;
  onclose: ((event: object) => void) | undefined;
  readonly #socket: Socket;

  constructor(url: string, protocols?: string | string[]) {
    const socket = new Socket(url, protocols ?? [], { origin: url.replace(/^ws/, 'http').replace(/^(\w+:\/\/[^/]+).*/, '$1') });
    socket.on('open', () => this.onopen?.({ type: 'open' }));
    socket.on('message', (data, isBinary) => this.onmessage?.({ type: 'message', data: isBinary ? data : String(data) }));
    socket.on('error', ({ message }) => this.onerror?.({ type: 'error', message }));
    socket.on('close', (code, reason) => this.onclose?.({ type: 'close', code, reason: String(reason) }));
    this.#socket = socket;
  }

  get readyState(): number {
    return this.#socket.readyState;
  }

  send(data: string): void {
    this.#socket.send(data);
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }
}

class BlockedWebSocket extends NativeWebSocket {
  constructor() {
    // Nothing listens on this port.
    super('ws://127.0.0.1:1');
  }
}

/** It exists only because libraries check for it. Our code does not use it. */
class NativeRequest {
  responseType = '';
  open(): void {
    throw new Error('Nothing is to be asked with XMLHttpRequest.');
  }
}

class PlainAbortSignal {
  aborted = false;
  readonly listeners = new Set<() => void>();
  addEventListener(_name: 'abort', listener: () => void): void {
    this.listeners.add(listener);
  }
  removeEventListener(_name: 'abort', listener: () => void): void {
    this.listeners.delete(listener);
  }
}

class PlainAbortController {
  readonly signal = new PlainAbortSignal();
  abort(): void {
    if (this.signal.aborted) return;
    this.signal.aborted = true;
    for (const listener of [...this.signal.listeners]) listener();
  }
}

class PartialUrl {
  readonly href: string;
  constructor(url: string, base = '') {
    this.href = base + url;
    for (const name of ['host', 'hostname', 'origin', 'pathname', 'port', 'protocol', 'search', 'searchParams']) {
      Object.defineProperty(this, name, { get: () => notImplemented(`URL.${name}`) });
    }
  }
  toString(): string {
    return this.href;
  }
}

class PartialSearchParams {
  constructor(given?: unknown) {
    if (given !== undefined) notImplemented('URLSearchParams of something');
  }
  get(): never {
    return notImplemented('URLSearchParams.get');
  }
}

function notImplemented(what: string): never {
  throw new Error(`${what} is not implemented`);
}
