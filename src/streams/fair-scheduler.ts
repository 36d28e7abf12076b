import { streamLimits } from './stream-limits.ts';

/** Work that serves some readers at a time. */
export interface ScheduledTask {
  /** Serves about this many readers, counted by weight, and returns how many it served. Fewer means that the task is done. */
  run(most: number): number;
}

/**
 * Shares the process fairly between channel streams. Each turn serves a bounded number of readers, and the process handles other
 * events between turns. An unfinished stream waits behind the others, so that a crowd on one channel delays the others by at most
 * a turn. Changes that arrive while a stream waits go out in the same write. There is no timer and no artificial delay.
 */
export class FairScheduler {
  readonly #waiting = new Set<ScheduledTask>();
  readonly #soon: (run: () => void) => void;
  #isScheduled = false;

  readonly #turn = (): void => {
    this.#isScheduled = false;
    let left: number = streamLimits.turnReaders;
    try {
      for (const task of this.#waiting) {
        this.#waiting.delete(task);
        left -= task.run(left);
        if (left > 0) continue;
        this.#waiting.add(task);
        break;
      }
    } finally {
      if (this.#waiting.size > 0) this.#schedule(this.#soon);
    }
  };

  /** `soon`: runs something in the next turn of the event loop. */
  constructor(soon: (run: () => void) => void = setImmediate) {
    this.#soon = soon;
  }

  /** Queues a task. It starts after all input that is ready has been handled, so that its changes go out in one write. */
  schedule(task: ScheduledTask): void {
    this.#waiting.add(task);
    this.#schedule(queueMicrotask);
  }

  #schedule(run: (turn: () => void) => void): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    run(this.#turn);
  }
}
