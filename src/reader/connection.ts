import type { Socket as EngineSocket } from 'engine.io';
import type { Feed, Reader } from '../fanout/feed.ts';
import type { Channel } from '../protocol/model.ts';
import { socketFormat } from './encoder.ts';
import type { ClientSocket, EndedReason } from './messages.ts';

/**
 * One Socket.IO connection as a pipe for ready-made frames. It is ready when nothing it was given is still waiting: then it takes one
 * write. Whoever missed something meanwhile is brought up to date when the kernel has taken the bytes.
 *
 * This is the one place that knows engine.io's insides: `conn.write` with `wsPreEncodedFrame` (which Socket.IO's own adapter uses),
 * `writeBuffer`, `transport.writable`, the transport's `ready` event, and the WebSocket under it.
 */
interface Pipe {
  readyState: string;
  writeBuffer: unknown[];
  write(data: string | undefined, options: { wsPreEncodedFrame: Buffer[]; compress: false }): void;
  close(): void;
  transport: {
    writable: boolean;
    socket: { readyState: number; terminate(): void };
    on(name: 'ready', listener: () => void): void;
    off(name: 'ready', listener: () => void): void;
  };
}

const webSocketOpen = 1;

function pipeOf(connection: EngineSocket): Pipe {
  return connection as unknown as Pipe;
}

/** Packets that were handed to a connection and wait for those before them to be taken. */
export function packetsWaiting(connection: EngineSocket): number {
  return pipeOf(connection).writeBuffer.length;
}

/** Ends a connection that may take no bytes: a close frame would wait behind them for ever. */
export function terminatePipe(connection: EngineSocket): void {
  pipeOf(connection).transport.socket.terminate();
}

export class Connection {
  /** Milliseconds since 1970 since when something waits; 0 if nothing does. */
  busySince = 0;
  readonly #pipe: Pipe;
  readonly #now: () => number;
  readonly #soon: (run: () => void) => void;
  /** Subscriptions that missed something while the connection was busy, the longest waiting first. */
  readonly #lagging = new Set<Subscription>();
  #waiting: (() => void)[] = [];

  readonly #drained = (): void => {
    if (this.busySince === 0 || !this.ready) return;
    this.busySince = 0;
    for (const subscription of this.#lagging) {
      // In turn: whoever is served goes to the end, should it fall behind again.
      this.#lagging.delete(subscription);
      subscription.pump();
      if (!this.ready) break;
    }
    if (this.#lagging.size > 0) this.busySince = this.#now();
    this.#release();
  };

  constructor(socket: ClientSocket, now: () => number, soon: (run: () => void) => void = setImmediate) {
    this.#pipe = pipeOf(socket.conn);
    this.#now = now;
    this.#soon = soon;
    this.#pipe.transport.on('ready', this.#drained);
  }

  get open(): boolean {
    return this.#pipe.readyState === 'open';
  }

  get ready(): boolean {
    const pipe = this.#pipe;
    if (pipe.readyState !== 'open' || pipe.writeBuffer.length > 0 || !pipe.transport.writable) return false;
    // Nothing may follow a close frame.
    return pipe.transport.socket.readyState === webSocketOpen;
  }

  write(frames: Buffer): void {
    this.#pipe.write(undefined, { wsPreEncodedFrame: [frames], compress: false });
  }

  lag(subscription: Subscription): void {
    this.#lagging.add(subscription);
    if (this.busySince === 0) this.busySince = this.#now();
    // Nothing pending means that no `ready` event will come.
    if (this.ready) this.#soon(this.#drained);
  }

  /** Resolves when nothing waits, or the connection is closed. */
  async whenReady(): Promise<void> {
    if (this.ready || !this.open) return;
    if (this.busySince === 0) this.busySince = this.#now();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Closes without a word to the client's Socket.IO, so that it comes back by itself. */
  cut(): void {
    this.#pipe.close();
  }

  /** Ends it as `terminatePipe` does. */
  terminate(): void {
    this.#pipe.transport.socket.terminate();
  }

  forget(subscription: Subscription): void {
    this.#lagging.delete(subscription);
  }

  closed(): void {
    this.#pipe.transport.off('ready', this.#drained);
    this.#lagging.clear();
    this.busySince = 0;
    this.#release();
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** One channel on one connection. */
export class Subscription implements Reader {
  offset = -1;
  readonly format = socketFormat;
  readonly feed: Feed;
  readonly #connection: Connection;
  readonly #mayRead: (channel: Channel) => boolean;
  readonly #ended: (reason: EndedReason) => void;

  constructor(feed: Feed, connection: Connection, mayRead: (channel: Channel) => boolean, ended: (reason: EndedReason) => void) {
    this.feed = feed;
    this.#connection = connection;
    this.#mayRead = mayRead;
    this.#ended = ended;
  }

  get ready(): boolean {
    return this.#connection.ready;
  }

  mayRead(channel: Channel): boolean {
    return this.#mayRead(channel);
  }

  write(frames: Buffer): void {
    this.#connection.write(frames);
  }

  lag(): void {
    this.#connection.lag(this);
  }

  pump(): void {
    this.feed.pump(this);
  }

  leave(): void {
    this.feed.leave(this);
    this.#connection.forget(this);
  }

  end(reason: EndedReason): void {
    this.#connection.forget(this);
    this.#ended(reason);
  }
}
