import { JournalUnavailable } from '../engine.ts';

/**
 * Shares reads with the same key. Callers share a read that has not begun. If a read is under way, they wait for the next one,
 * because the running read may miss a change that they already know of, such as a change of access. Each key has at most one
 * running and one waiting read.
 */
export class SharedReads {
  /** By key: the read that has not begun, and the read under way. */
  readonly #waiting = new Map<string, Promise<unknown>>();
  readonly #reading = new Map<string, Promise<unknown>>();
  /** Reads waiting for a place, in order. */
  readonly #queue: (() => void)[] = [];
  /** How many more reads may be under way. */
  #free: number;
  readonly #waitingMost: number;

  /**
   * `most`: the maximum number of running reads. `waitingMost`: the maximum number of waiting reads. Both are unlimited by
   * default.
   */
  constructor({ most = Number.POSITIVE_INFINITY, waitingMost = Number.POSITIVE_INFINITY } = {}) {
    this.#free = most;
    this.#waitingMost = waitingMost;
  }

  /** Throws `JournalUnavailable` if too many reads wait, and whatever `read` throws. */
  share<T>(key: string, read: () => Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(key) as Promise<T> | undefined;
    if (waiting !== undefined) return waiting;
    if (this.#waiting.size >= this.#waitingMost)
      return Promise.reject(new JournalUnavailable('Too many reads are waiting for the journal.', 'unchanged'));
    const begun = this.#begin(key, read);
    this.#waiting.set(key, begun);
    return begun;
  }

  async #begin<T>(key: string, read: () => Promise<T>): Promise<T> {
    await this.#reading.get(key)?.catch(() => undefined);
    await this.#place();
    this.#waiting.delete(key);
    const reading = read();
    this.#reading.set(key, reading);
    try {
      return await reading;
    } finally {
      this.#reading.delete(key);
      this.#leave();
    }
  }

  async #place(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  #leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
