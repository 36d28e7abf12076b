import { JournalUnavailable } from './engine.ts';

/**
 * Discards a read if what it returned may have been erased, or lost with its history, while the read ran. No other code
 * implements this rule.
 *
 * - A read is valid until the next `invalidate` after it began. The owner of the guard calls `invalidate` in the same tick in
 *   which it learns of an erasure, or replaces a lost history.
 * - An invalid read is discarded and repeated, at most `tries` times in all. Then the guard throws `JournalUnavailable` with the
 *   outcome `unchanged`, so that the client retries.
 * - A valid read is used in the tick in which it was checked, so that nothing is erased in between.
 * - Once the source of the reads has ended, no read is repeated: the caller gets what `ended` returns or throws.
 */
export class ReadGuard<Ended = never> {
  #generation = 0;
  readonly #tries: number;
  readonly #ended: () => Ended | undefined;

  constructor(tries: number, ended: () => Ended | undefined = () => undefined) {
    this.#tries = tries;
    this.#ended = ended;
  }

  /** Invalidates every read that has begun. */
  invalidate(): void {
    this.#generation += 1;
  }

  /** Begins a read. The returned function says whether the read is still valid. */
  begin(): () => boolean {
    const generation = this.#generation;
    return () => generation === this.#generation;
  }

  /** A read that several callers may share. Each of them checks its validity. */
  async reading<T>(read: () => Promise<T>): Promise<Reading<T>> {
    const isValid = this.begin();
    return { value: await read(), isValid };
  }

  /** Returns the result of a valid read. */
  read<T>(read: () => Promise<T>): Promise<T | Ended> {
    return this.use(
      () => this.reading(read),
      (value) => value,
    );
  }

  /**
   * Returns the result of `use` for a valid read. If `read` is synchronous, `use` runs in the same tick as this call. Both
   * functions may return `readAgain` to repeat the read.
   */
  async use<T, R>(
    read: () => Reading<T> | Promise<Reading<T> | ReadAgain>,
    use: (value: T) => R | ReadAgain,
  ): Promise<R | Ended> {
    for (let tries = 0; tries < this.#tries; tries += 1) {
      const begun = read();
      const reading = begun instanceof Promise ? await begun : begun;
      const ended = this.#ended();
      if (ended !== undefined) return ended;
      if (reading === readAgain || !reading.isValid()) continue;
      const used = use(reading.value);
      if (used !== readAgain) return used;
    }
    throw new JournalUnavailable('The journal kept changing while it was read.', 'unchanged');
  }
}

/** The result of a read, and whether it may still be used. */
export interface Reading<T> {
  value: T;
  isValid(): boolean;
}

/** Returned instead of a result that no longer matches the current state and must be read again. */
export const readAgain = Symbol('read again');
export type ReadAgain = typeof readAgain;
