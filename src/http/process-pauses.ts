/**
 * Detects pauses of this process: it was stopped, its machine was suspended, or its event loop was blocked. Data in its sockets
 * was read only afterwards, so deadlines of clients must not include that time.
 */
export interface ProcessPauses {
  /**
   * The extension of a deadline of this length at this moment. Call it regularly: a gap between two calls that is longer than
   * `standstillMs` counts as a pause.
   */
  extensionOf(deadlineMs: number): number;
}

/** `now`: a monotonic clock, in milliseconds. */
export function watchProcessPauses(
  { standstillMs, standstillsKept }: { standstillMs: number; standstillsKept: number },
  now: () => number = () => performance.now(),
): ProcessPauses {
  /** Newest first. */
  const pauses: { at: number; ms: number }[] = [];
  let lookedAt = now();

  return {
    extensionOf(deadlineMs) {
      const at = now();
      if (at - lookedAt > standstillMs) {
        pauses.unshift({ at, ms: at - lookedAt });
        pauses.length = Math.min(pauses.length, standstillsKept);
      }
      lookedAt = at;
      let moreMs = 0;
      // A pause extends the deadline if it ended less than the deadline ago. Later pauses come first in the list, and make the
      // deadline longer.
      for (const pause of pauses) {
        if (at - pause.at > deadlineMs + moreMs) break;
        moreMs += pause.ms;
      }
      return Math.ceil(moreMs);
    },
  };
}
