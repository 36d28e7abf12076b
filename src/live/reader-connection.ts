import type { Format } from '../streams/encoded-events.ts';
import { liveLimits } from './live-limits.ts';

/** Something that takes ready-made frames and carries them to one reader: a WebSocket, or the body of an answer. */
export interface Pipe {
  /** How an event looks on it. */
  readonly format: Format;
  /** It has not been ended or cut. */
  readonly open: boolean;
  /** Nothing that it was given is still waiting, and it takes more. */
  readonly ready: boolean;
  /** One write of one or more whole frames. */
  write(frames: Buffer): void;
  /** Calls the listener, the only one, when what was written has been taken. Returns its undo. */
  onTaken(listener: () => void): () => void;
  /** Has it called also where the bytes that wait are not its own, such as the answer to a client's ping. */
  requestTaken(): void;
  /** Ends it in good order. */
  cut(): void;
  /**
   * Ends it at once, with a reset: it may take no bytes, and a last word would wait behind them for ever. The system keeps none of them
   * either.
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
  /** Runs something in the next turn; `setImmediate` where it is not given. */
  defer?: (run: () => void) => void;
  /** Has those in it that something waits for. */
  busy?: Set<ReaderConnection>;
}

/**
 * One connection of a reader. It is ready when nothing it was given is still waiting: then it takes one write. Whoever missed something
 * meanwhile is brought up to date when the kernel has taken the bytes.
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
      // In turn: whoever is served goes to the end, should it fall behind again.
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

  /** Since when something waits, by the clock; 0 if nothing does. */
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
    // Nothing pending means that nothing will be taken.
    const { defer = setImmediate } = this.#context;
    if (this.ready) defer(this.#drained);
  }

  /** Something waits for it: its bytes must be taken within a time. */
  busy(): void {
    this.#isBusy();
    this.pipe.requestTaken();
  }

  /** Resolves when nothing waits, or the connection is closed. */
  async whenReady(): Promise<void> {
    if (this.ready || !this.open) return;
    this.busy();
    await new Promise<void>((resolve) => {
      this.#waiting ??= [];
      this.#waiting.push(resolve);
    });
  }

  /** Closes without a word, so that the client comes back by itself. */
  cut(): void {
    this.pipe.cut();
  }

  terminate(): void {
    this.pipe.terminate();
  }

  /** Ends it so, unless the other end has closed it by then. */
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
