/**
 * The clock that requests are forgotten by. It counts the time in which servers ran on the store and goes no faster than time itself,
 * whatever system clocks say: a request is never forgotten early, and so never done twice. Where it stands is what the store last knew of
 * it, and the monotonic time since; while no server runs it stands still.
 */
export class RequestClock {
  readonly #elapsed: () => number;
  #reached = 0;
  #reachedAt: number;

  /** `elapsed`: milliseconds of a clock that never goes back. */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
    this.#reachedAt = elapsed();
  }

  /** In milliseconds. Means nothing but by comparison. */
  now(): number {
    return Math.floor(this.#reached + this.#elapsed() - this.#reachedAt);
  }

  /** The clock has come at least this far, as the store says. */
  reach(ms: number): void {
    if (ms <= this.now()) return;
    this.#reached = ms;
    this.#reachedAt = this.#elapsed();
  }
}
