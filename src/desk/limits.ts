/** Bounds of the desk's work. Each is also a metric, `pressbox_limit{name}`. */
export const deskLimits = {
  /** How often a decision is made again because something moved. Each time someone else's write went through. */
  decisionTries: 100,
  /** The date of a channel's last entry binds the next one's as long as it is not further ahead of the clock than this. */
  lastDateBindsMs: 300_000,
  /** The clock of dates follows a jump of the system clock once that has been stable for this long; smaller differences at once. */
  clockStableMs: 60_000,
  clockSlewMs: 500,
  /** How often the system clock is looked at for jumps. */
  clockLookMs: 1_000,
  /** How long an author waits for an erasure, of the 10 s in which the contract promises an answer. */
  erasureWaitMs: 8_000,
  /** Pages of posts that are looked through for those that restate one. */
  derivedPages: 20,
  /** How long, and of how many channels, it is known how they stood when they were last read. */
  knownChannelMs: 1_000,
  knownChannels: 1_000,
  /** Ids tried for one headline. */
  slugCandidates: 200,
  /** Imports under way at once in a process; past it whoever asks is told to come back. */
  importsMost: 2,
  /** Lines that are taken together, and characters of them: what an author's write waits for behind an import, and what one holds. */
  importLines: 64,
  importCharacters: 1024 * 1024,
  /** Conflicts of an import that are told; the others are counted. */
  importConflicts: 100,
  /** What still comes after a line that was refused is read for this long, so that who sends it hears the answer. */
  importRestMs: 5_000,
  /** Lists and quotes inside one another, a list counting twice. markdown-it leaves out what is deeper, so deeper is refused. */
  markdownNesting: 40,
  /** A token is remembered as revoked this much longer than it says, as the clocks of who issued it and of those who check it differ. */
  revokedBeyondHours: 1,
} as const;
