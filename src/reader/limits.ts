/** Bounds of what readers hold open, and what happens there. Each is also a metric, `pressbox_limit{name}`. */
export const readerLimits = {
  /**
   * Posts of one page, as JSON (one at least); the rest with the next. Less than an answer may hold: over a narrow line it must come while
   * its reader still waits for it.
   */
  postsBytes: 192 * 1024,
  /** Of the snapshot that a page begins with (one post at least), as JSON; the others are older posts. */
  pageBytes: 128 * 1024,
  /** A connection whose bytes are not taken for this long is terminated; its client comes back with its cursor. */
  stallMs: 20_000,
  /** How often stalled connections and expired tokens are looked for. */
  sweepMs: 1_000,
  /** A connection that does not join the namespace within this time is closed; so is one that leaves it and does not join again. */
  joinMs: 10_000,
  /** Readers who have come, over sockets, streams and polls, and not been answered yet, in a process; past it whoever comes is sent away. */
  handshakesMost: 5_000,
  /** Whoever was sent away so is told to come back after a second at least, and this many at most, each at another moment. */
  handshakeRetrySeconds: 5,
  /** Subscribe messages of one socket that may wait for their turn; past it they are refused. */
  waitingSubscribes: 100,
  /** Packets that may wait for a connection which goes on sending; past it it is terminated. Events never wait: who is busy is behind. */
  waitingAnswers: 1_000,
  /** The form that signs in, with its token and the page to go back to; past it 413. */
  signInBytes: 24 * 1024,
  /** Bytes that a socket may send at once, pings and empty frames among them; then so many a second. Past it it is terminated. */
  socketBurstBytes: 128 * 1024,
  socketBytesPerSecond: 4 * 1024,
  /** A connection that was refused or sent away, or whose token was revoked, is closed after this long, should the other end not do it. */
  refusedMs: 1_000,
  /** An EventSource whose stream ended comes back after this long on average, from half of it to half as much again. */
  streamRetryMs: 2_000,
  /** Exports under way at once in a process; past it whoever asks is told to come back. */
  exportsMost: 4,
  /** Entries and bytes of an export that are read, and held, at once (one entry at least). */
  exportPageEntries: 500,
  exportPageBytes: 256 * 1024,
  /** Changes of a post on one page of its earlier versions; fewer where they are large, and the rest on the next page. */
  versionChanges: 10,
  /** Versions that are read and compared for one page, as JSON; the two of one change are whatever their size. */
  versionBytes: 256 * 1024,
  /** Words and spaces that a change may remove and add to be told by word; past it the text before and the text after are shown. */
  versionEdits: 400,
  /** Steps of the search for what a change removed and added; past it likewise. A millisecond or two. */
  versionSteps: 400_000,
  /** How versions differ, as kept in memory; past it what was not asked for longest is forgotten, and compared again. */
  wordDiffsBytes: 16 * 1024 * 1024,
  /** Pages of earlier versions made at once in a process; past it whoever asks for another one is told to try again. */
  versionPagesMost: 8,
  /** Live channels that stand first on `/`, newest first; those beyond stand where their age puts them. */
  frontLive: 20,
  /** Time over which a draining node asks its readers to leave, at most, and how often it looks whether they have. */
  drainMs: 5_000,
  drainStepMs: 50,
  /** Connections whose ping is due are pinged this often, and those that did not answer closed. */
  pingStepMs: 250,
  /** A ping may go with something else that the reader is written this long before it is due. A multiple of the step. */
  pingEarlyMs: 1_750,
  /** Of a post without a headline this much stands as its title in a feed, and of any as its summary. UTF-16 units, as in previews. */
  feedTitleCharacters: 100,
  feedSummaryCharacters: 300,
  /** Characters of html that a feed is made of before the process does whatever else there is to do. */
  feedTurnCharacters: 64 * 1024,
  /** Of a post this much is in the preview of a link to it. */
  previewCharacters: 200,
  /** Posts above the one that a permanent link leads to, on its page. */
  windowAbove: 8,
} as const;
