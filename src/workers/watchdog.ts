/**
 * Notices who gives no sign any more: a process whose loop is blocked, or that was stopped. It goes by its own steps and no clock: while the
 * machine slept, or this process was held up, it took none, and nobody is given up whose signs lie there unread.
 */
export class Watchdog<Watched> {
  /** Steps since the last sign of each. */
  readonly #silence = new Map<Watched, number>();
  readonly #most: number;
  readonly #onSilent: (silent: Watched) => void;

  /** `most`: whoever gave no sign in more steps than these is given up, once. */
  constructor(most: number, onSilent: (silent: Watched) => void) {
    this.#most = most;
    this.#onSilent = onSilent;
  }

  /** From now on it must give signs. */
  watch(one: Watched): void {
    this.#silence.set(one, 0);
  }

  /** It is there. The last sign of one that has ended may come after its end. */
  heard(one: Watched): void {
    if (this.#silence.has(one)) this.#silence.set(one, 0);
  }

  /** It has ended. */
  forget(one: Watched): void {
    this.#silence.delete(one);
  }

  step(): void {
    for (const [one, steps] of this.#silence) {
      if (steps < this.#most) {
        this.#silence.set(one, steps + 1);
        continue;
      }
      this.#silence.delete(one);
      this.#onSilent(one);
    }
  }
}
