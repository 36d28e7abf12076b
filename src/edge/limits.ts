/** What answers say of times, and of the store. Each is also a metric, `pressbox_limit{name}`. */
export const answerLimits = {
  /**
   * When to try again: while the journal is out of reach, where as much is under way as may be, while the server starts or drains, and where a
   * moment is enough, as for who reaches another node then, or asked before they were answered.
   */
  journalRetrySeconds: 2,
  slotRetrySeconds: 10,
  startRetrySeconds: 2,
  momentRetrySeconds: 1,
  /** How long a browser need not ask again whether a page of another origin may read here. */
  preflightSeconds: 600,
  /** A shorter answer is not compressed: with its headers it fits into a packet as it is. */
  compressLeastBytes: 1_024,
  /** Answers that are being compressed at once in a process; one more goes out as it is. */
  compressionsMost: 16,
  /** Compressed answers that are kept for others; past it those not asked for longest are forgotten. */
  compressedBytes: 4 * 1024 * 1024,
  /** How often the store is asked whether it answers, for `/readyz`. */
  storeProbeMs: 2_000,
  /** For how long an answer of `/.well-known/security.txt` may be believed. */
  securityTxtDays: 180,
  /** The same line of the security log comes once in this time, and no more than so many different ones of deeds, and of refusals. */
  securityRepeatMs: 60_000,
  securityLines: 1_000,
} as const;
