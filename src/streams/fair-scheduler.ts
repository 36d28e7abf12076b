import { streamLimits } from './stream-limits.ts';

/** Has something to hand out, to some readers at a time. */
export interface ScheduledTask {
  /** Hands it to so many readers, by their weight, or a few more. Returns how many it was: fewer where there is nobody left. */
  run(most: number): number;
}

/**
 * The turns in which the feeds of a process hand out what they have: so many readers in each, and between two of them the process hears
 * what else there is. A feed that did not get done waits behind the others, so a crowd on one channel keeps no other waiting for longer
 * than a turn; and what comes in while a feed waits goes out with what it has, in one write. Nobody waits for more, and there is no timer.
 */
export class FairScheduler {
  readonly #waiting = new Set<ScheduledTask>();
  readonly #soon: (run: () => void) => void;
  #isScheduled = false;

  readonly #turn = (): void => {
    this.#isScheduled = false;
    let left: number = streamLimits.turnReaders;
    try {
      for (const taker of this.#waiting) {
        this.#waiting.delete(taker);
        left -= taker.run(left);
        if (left > 0) continue;
        this.#waiting.add(taker);
        break;
      }
    } finally {
      if (this.#waiting.size > 0) this.#schedule(this.#soon);
    }
  };

  /** `soon` runs something in the next turn of the event loop. */
  constructor(soon: (run: () => void) => void = setImmediate) {
    this.#soon = soon;
  }

  /** There is something to hand out. It begins when everything that lies ready has been heard, so that it makes one write. */
  schedule(taker: ScheduledTask): void {
    this.#waiting.add(taker);
    this.#schedule(queueMicrotask);
  }

  #schedule(run: (turn: () => void) => void): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    run(this.#turn);
  }
}
