/** What a feed may hold, and what happens at the bound. Each is also a metric, `pressbox_limit{name}`. */
export const fanoutLimits = {
  /** Offsets in a feed's tail. A reader further behind reads from the journal when it subscribes, and is told `slow` when it falls behind. */
  tailOffsets: 4_096,
  /** Bytes of event text in a feed's tail; likewise. */
  tailBytes: 8 * 1024 * 1024,
  /**
   * Event text of one replay (one event at least), the rest being asked for with the next; and of a whole snapshot (one post at least), the
   * rest being older posts. Less than an answer may hold, as either counts for nothing before its end: over a narrow line it must come while
   * the reader still waits for it, and has not missed a ping that is behind it.
   */
  catchUpBytes: 64 * 1024,
  /** Bytes handed to a reader that fell behind in one write (one event at least); the rest follows when they are gone. */
  sliceBytes: 256 * 1024,
  /** Readers of all feeds who are handed something before the process does whatever else there is; a poll counts as twenty. */
  turnReaders: 1_000,
  /** A feed without readers is kept this long. */
  feedIdleMs: 30_000,
  /** Reads again of one catch-up whose ground moved while it was awaited; past it the reader is told to wait. */
  catchUpTries: 8,
  /** Encoded catch-ups and snapshots a feed keeps between two events, for readers who ask for the same thing. */
  sharedAnswers: 64,
  /** Length of those together; past it they are given out and not kept. */
  sharedCharacters: 8 * 1024 * 1024,
  /** Length of those of all feeds together, some six bytes each in all forms; past it all but the one that makes another forget theirs. */
  sharedCharactersOfAll: 32 * 1024 * 1024,
  /** An announcement that may be of another history is settled by a read this much later, together with all that are heard meanwhile. */
  doubtMs: 500,
  /** Pause after a failed read: this long at first, doubled up to the most, with jitter. */
  retryFirstMs: 100,
  retryMostMs: 2_000,
} as const;
