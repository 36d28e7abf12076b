/**
 * The clock that expires requests. It counts the time in which servers run on the store, and is never faster than real time,
 * whatever system clocks say. So a request is never forgotten early and executed twice. Its value is the last value from the
 * store plus monotonic time. The clock stops while no server runs.
 */
export class RequestClock {
  readonly #elapsed: () => number;
  #reached = 0;
  #reachedAt: number;

  /** `elapsed`: a monotonic clock in milliseconds. */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
    this.#reachedAt = elapsed();
  }

  /** In milliseconds. Only comparable with other values of this clock. */
  now(): number {
    return Math.floor(this.#reached + this.#elapsed() - this.#reachedAt);
  }

  /** Advances the clock to a value from the store. */
  reach(ms: number): void {
    if (ms <= this.now()) return;
    this.#reached = ms;
    this.#reachedAt = this.#elapsed();
  }
}
