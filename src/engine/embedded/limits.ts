/** Bounds of the embedded journal, and what happens there. Each is also a metric, `pressbox_limit{name}`. */
export const embeddedLimits = {
  /** Calls that may wait for a thread. Past it they are refused, and certainly did nothing. */
  waitingCalls: 10_000,
  /** Operations of one transaction, at most: a bound on how long the first of them waits for the last. */
  transactionOperations: 256,
  /** How long closing waits for what was begun. */
  journalCloseMs: 10_000,
  /** Milliseconds that a connection waits for a lock; short, since the thread stands still meanwhile. */
  journalLockMs: 100,
  /** About how long the log grows before it is copied into the journal: a page that many posts change is then copied once. */
  journalLogBytes: 16 * 1024 * 1024,
  /** How long one who asks for an erasure waits for it, before being told what is pending. */
  journalErasureWaitMs: 6_000,
  /** Entries of a deleted channel that are taken away in one transaction. */
  erasureStepEntries: 500,
} as const;
