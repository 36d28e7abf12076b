/** Bounds of the embedded journal, and what happens there. Each is also a metric, `pressbox_limit{name}`. */
export const embeddedLimits = {
  /** Calls that may wait for a thread. Past it they are refused, and certainly did nothing. */
  waitingCalls: 10_000,
  /** Operations of one transaction, at most: a bound on how long the first of them waits for the last. */
  transactionOperations: 256,
  /** How long closing waits for what was begun. */
  journalCloseMs: 10_000,
  /** How long the threads may be silent: what they were asked before takes its time, and on a disk that hangs for ever. */
  journalSilentMs: 5_000,
  /** Milliseconds that a connection waits for a lock; short, since the thread stands still meanwhile. */
  journalLockMs: 100,
  /** About how long the log grows before it is copied into the journal: a page that many posts change is then copied once. */
  journalLogBytes: 16 * 1024 * 1024,
  /** With less room on its disk the journal is asked to write when nobody does, to know whether it could. */
  journalRoomBytes: 64 * 1024,
  /** How long one who asks for an erasure waits for it, before being told what is pending. */
  journalErasureWaitMs: 6_000,
  /** Entries of a deleted channel that are taken away in one transaction. */
  erasureStepEntries: 500,
  /** Pauses while a reader of the file still needs what is to be erased: while someone waits for it, and in the background. */
  erasurePauseFirstMs: 20,
  erasurePauseMostMs: 200,
  erasureRetryFirstMs: 1_000,
  erasureRetryMostMs: 60_000,
  /** Pauses before a thread that died is started again. */
  threadRestartFirstMs: 100,
  threadRestartMostMs: 30_000,
  /** A reading connection waits for a lock this long: nobody writes meanwhile who would have to wait for it. */
  journalReadLockMs: 5_000,
  /** Memory for pages of the journal. What is remembered of requests is spread over many of them. */
  journalCacheBytes: 32 * 1024 * 1024,
  /** Expired requests that are taken away for each one that may have been added: more, so that they go, and few, so that nobody waits. */
  requestsSwept: 4,
  /** Posts that are counted for each of several tags, to begin with the tag that fewest posts have. */
  countedPosts: 1_024,
} as const;
