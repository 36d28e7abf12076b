/**
 * Notices when this process did not run: it was stopped, its machine was paused, or its loop was blocked. What lay in its sockets meanwhile
 * is read only afterwards, so no deadline of a client may run in that time.
 */
export interface ProcessPauses {
  /**
   * How much longer a deadline of so many milliseconds lasts now. It must be asked again and again: a pause between two questions beyond
   * `standstillMs` counts as a standstill.
   */
  extensionOf(deadlineMs: number): number;
}

/** `now`: milliseconds of a clock that never goes back. */
export function watchProcessPauses(
  { standstillMs, standstillsKept }: { standstillMs: number; standstillsKept: number },
  now: () => number = () => performance.now(),
): ProcessPauses {
  /** The newest first. */
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
      // Whatever began before a standstill has run out by now, unless it ended within the deadline, prolonged by those after it.
      for (const pause of pauses) {
        if (at - pause.at > deadlineMs + moreMs) break;
        moreMs += pause.ms;
      }
      return Math.ceil(moreMs);
    },
  };
}
