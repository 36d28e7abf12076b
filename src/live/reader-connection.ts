import type { Format } from '../streams/encoded-events.ts';
import { liveLimits } from './live-limits.ts';

/** Carries encoded frames to one reader, over a WebSocket or in the body of a response. */
export interface Pipe {
  /** How events are encoded. */
  readonly format: Format;
  /** The pipe has neither ended nor been cut. */
  readonly open: boolean;
  /** The pipe accepts a write, and no earlier bytes are waiting. */
  readonly ready: boolean;
  /** Writes one or more whole frames at once. */
  write(frames: Buffer): void;
  /** Sets the only listener, which is called when the kernel has accepted the written bytes. Returns a function that removes it. */
  onTaken(listener: () => void): () => void;
  /** Makes sure that the listener is called even if the waiting bytes, such as a pong, were not written through this pipe. */
  requestTaken(): void;
  /** Closes the connection gracefully. */
  cut(): void;
  /**
   * Resets the connection at once and discards waiting bytes. If the client accepts no bytes, a graceful close would wait
   * forever.
   */
  terminate(): void;
}

/** A subscription that missed something while the connection was busy. */
export interface Lagging {
  /** Delivers what it missed. */
  pump(): void;
}

export interface ReaderConnectionContext {
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
  /** Runs a function in the next turn of the event loop. Default: `setImmediate`. */
  defer?: (run: () => void) => void;
  /** Contains every connection that has bytes or subscriptions waiting. */
  busy?: Set<ReaderConnection>;
}

/**
 * One connection of a reader. It accepts a write when no earlier bytes are waiting. Subscriptions that missed events in the meantime catch
 * up when the kernel has accepted the bytes.
 */
export class ReaderConnection {
  readonly pipe: Pipe;
  readonly #context: ReaderConnectionContext;
  readonly #undo: () => void;
  #busySince = 0;
  /** Subscriptions that missed something while the connection was busy, the longest waiting first. */
  #lagging: Set<Lagging> | undefined;
  #waiting: (() => void)[] | undefined;

  readonly #drained = (): void => {
    if (this.#busySince === 0 || !this.ready) return;
    this.#isFree();
    for (const subscription of this.#lagging ?? []) {
      // Removed first, so that a subscription that falls behind again goes to the end of the queue.
      this.#lagging?.delete(subscription);
      subscription.pump();
      if (!this.ready) break;
    }
    if (this.#lagging !== undefined && this.#lagging.size > 0) this.#isBusy();
    this.#release();
  };

  constructor(pipe: Pipe, context: ReaderConnectionContext) {
    this.pipe = pipe;
    this.#context = context;
    this.#undo = pipe.onTaken(this.#drained);
  }

  /** When the current wait began, in the time of `now`. 0 if nothing waits. */
  get busySince(): number {
    return this.#busySince;
  }

  get open(): boolean {
    return this.pipe.open;
  }

  get ready(): boolean {
    return this.pipe.ready;
  }

  lag(subscription: Lagging): void {
    this.#lagging ??= new Set();
    this.#lagging.add(subscription);
    this.busy();
    // If no bytes are waiting, the pipe would never call its listener.
    const { defer = setImmediate } = this.#context;
    if (this.ready) defer(this.#drained);
  }

  /** Marks the connection as busy: it is terminated if the client accepts no bytes for too long. */
  busy(): void {
    this.#isBusy();
    this.pipe.requestTaken();
  }

  /** Resolves when no bytes are waiting, or the connection is closed. */
  async whenReady(): Promise<void> {
    if (this.ready || !this.open) return;
    this.busy();
    await new Promise<void>((resolve) => {
      this.#waiting ??= [];
      this.#waiting.push(resolve);
    });
  }

  /** Closes the connection without telling the client why, so that the client reconnects by itself. */
  cut(): void {
    this.pipe.cut();
  }

  terminate(): void {
    this.pipe.terminate();
  }

  /** Terminates the connection after a moment, unless the client has closed it by then. */
  terminateSoon(): void {
    setTimeout(() => this.terminate(), liveLimits.refusedMs).unref();
  }

  forgetSubscription(subscription: Lagging): void {
    this.#lagging?.delete(subscription);
  }

  onClosed(): void {
    this.#undo();
    this.#lagging = undefined;
    this.#isFree();
    this.#release();
  }

  #isBusy(): void {
    if (this.#busySince !== 0) return;
    this.#busySince = this.#context.now();
    this.#context.busy?.add(this);
  }

  #isFree(): void {
    this.#busySince = 0;
    this.#context.busy?.delete(this);
  }

  #release(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const resolve of waiting) resolve();
  }
}
