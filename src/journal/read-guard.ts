import { JournalUnavailable } from './engine.ts';

/**
 * Gives out only what was neither erased nor lost with its history during the read. The rule stands here alone.
 *
 * - A read is valid until the next `invalidate`, counted from before it began. Whoever keeps the guard calls that in the tick in which it
 *   hears of an erasure, or replaces a history that was lost.
 * - A read that is no longer valid when it comes is thrown away and begun again, up to `tries` times in all. Past that the guard throws
 *   `JournalUnavailable` with the outcome `unchanged`, so the client is told to retry.
 * - A valid read is used in the tick in which it was compared, so nothing can be erased between the two.
 * - Once what is read has ended, nothing is begun again: `ended` says what the caller gets in place of every read, or throws.
 */
export class ReadGuard<Ended = never> {
  #generation = 0;
  readonly #tries: number;
  readonly #ended: () => Ended | undefined;

  constructor(tries: number, ended: () => Ended | undefined = () => undefined) {
    this.#tries = tries;
    this.#ended = ended;
  }

  /** No read that has begun is used from now on. */
  invalidate(): void {
    this.#generation += 1;
  }

  /** Begins a read; the returned function tells whether it is still valid. */
  begin(): () => boolean {
    const generation = this.#generation;
    return () => generation === this.#generation;
  }

  /** A read that several callers may use. Each compares it anew. */
  async reading<T>(read: () => Promise<T>): Promise<Reading<T>> {
    const isValid = this.begin();
    return { value: await read(), isValid };
  }

  /** Gives out what `read` brings, unchanged. */
  read<T>(read: () => Promise<T>): Promise<T | Ended> {
    return this.use(
      () => this.reading(read),
      (value) => value,
    );
  }

  /** Returns what `use` makes of a valid read. A read that is not a promise is used in the tick of this call. Both may ask for another read. */
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

/** What was read, and whether it may still be given out. */
export interface Reading<T> {
  value: T;
  isValid(): boolean;
}

/** In the place of what was read: it does not fit what is known by now, and is to be read again. */
export const readAgain = Symbol('read again');
export type ReadAgain = typeof readAgain;
