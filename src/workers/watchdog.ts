/**
 * Detects workers without a heartbeat: the process is stopped, or its event loop is blocked. Counts its own steps and uses no
 * clock. While the machine sleeps or this process is blocked, it takes no steps, so it does not give up workers whose heartbeats
 * arrived but are not read yet.
 */
export class Watchdog<Watched> {
  /** Steps since the last heartbeat. */
  readonly #silence = new Map<Watched, number>();
  readonly #most: number;
  readonly #onSilent: (silent: Watched) => void;

  /** `most`: after more steps than this without a heartbeat, `onSilent` is called, once for each worker. */
  constructor(most: number, onSilent: (silent: Watched) => void) {
    this.#most = most;
    this.#onSilent = onSilent;
  }

  /** Expects heartbeats from now on. */
  watch(one: Watched): void {
    this.#silence.set(one, 0);
  }

  /** A heartbeat. The last one of a worker may arrive after its end. */
  signalled(one: Watched): void {
    if (this.#silence.has(one)) this.#silence.set(one, 0);
  }

  /** The worker has ended. */
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
