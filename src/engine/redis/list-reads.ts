import { JournalUnavailable } from '../engine.ts';
import { redisLimits } from './limits.ts';

const { listsRead, listsWaiting } = redisLimits;

/**
 * Reads of lists, each of which may have to look at every channel. Those who ask for the same before its reading begins share it; who asks
 * while it is being read waits for the next one, since it may miss what they know of. So the same list is read once at a time, and few
 * different ones.
 */
export class ListReads {
  /** By what is asked: the reading that has not begun, and the one that has. */
  readonly #waiting = new Map<string, Promise<unknown>>();
  readonly #reading = new Map<string, Promise<unknown>>();
  /** Wait for a place, in order. */
  readonly #queue: (() => void)[] = [];
  #free: number = listsRead;

  /** Throws `JournalUnavailable` where too many different ones wait, and whatever `read` throws. */
  share<T>(key: string, read: () => Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(key) as Promise<T> | undefined;
    if (waiting !== undefined) return waiting;
    if (this.#waiting.size >= listsWaiting)
      return Promise.reject(new JournalUnavailable('Too many lists of channels are being read.', 'unchanged'));
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
