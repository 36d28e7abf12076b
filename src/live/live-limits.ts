import { type LimitTable, problem, rateLimited, valuesOf } from '../protocol/limit-table.ts';

/** Bounds of what readers hold open. */
export const readerTable = {
  /** Counts the JSON. It is less than `answerBytes`, so that a page arrives on a slow line before its reader gives up. */
  postsBytes: {
    value: 192 * 1024,
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
    atLimit: 'A page of posts is cut there, at least one is given, and `more` says so: over a narrow line it comes in time.',
  },
  /** Counts the JSON. */
  pageBytes: {
    value: 128 * 1024,
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
    atLimit:
      'The posts that a page begins with are cut there, at least one is given, and the others are older posts: its script begins when all is there.',
  },
  stallMs: {
    value: 20_000,
    metric: rateLimited('stalled'),
    atLimit: 'A connection whose bytes are not taken is terminated; its client comes back with its cursor.',
  },
  sweepMs: { value: 1_000, metric: rateLimited('stalled'), atLimit: 'So often that, and expired tokens, are looked for.' },
  joinMs: {
    value: 10_000,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'A connection that has not joined the namespace, or has left it, is closed.',
  },
  handshakesMost: {
    value: 5_000,
    metric: rateLimited('handshakes'),
    atLimit:
      'So many have come, over sockets, streams and polls, and not been answered yet: one more is refused with `rate-limited`, a stream ended with `Retry-After`.',
  },
  /** A second at least. */
  handshakeRetrySeconds: {
    value: 5,
    metric: rateLimited('handshakes'),
    atLimit: 'Whoever is sent away so is told to come back at a moment of their own within so many seconds.',
  },
  /** Counts for each socket. */
  waitingSubscribes: {
    value: 100,
    metric: problem('rate-limited'),
    atLimit: 'One more subscribe is refused with `rate-limited`.',
  },
  /** Packets. Events never wait: a busy reader is behind. */
  waitingAnswers: {
    value: 1_000,
    metric: rateLimited('unanswered'),
    atLimit: 'A socket that goes on asking and takes no answers is terminated.',
  },
  /** The form holds a token and the page to go back to. */
  signInBytes: { value: 24 * 1024, metric: problem('too-large'), atLimit: 'A larger form is 413 `too-large`.' },
  /** Pings and empty frames count. */
  socketBurstBytes: {
    value: 128 * 1024,
    metric: rateLimited('messages'),
    atLimit: 'A socket that sends more at once is terminated.',
  },
  socketBytesPerSecond: { value: 4 * 1024, metric: rateLimited('messages'), atLimit: 'One that goes on sending more is, too.' },
  /** Holds also for a connection that was sent away, or whose token was revoked. */
  refusedMs: {
    value: 1_000,
    metric: problem('forbidden'),
    atLimit: 'A refused connection that the other end keeps open is closed.',
  },
  /** The wait is random, from half of this to half as much again. */
  streamRetryMs: {
    value: 2_000,
    metric: 'pressbox_readers{transport="stream"}',
    atLimit: 'On average an EventSource whose stream ended comes back after so long.',
  },
  exportsMost: { value: 4, metric: rateLimited('exports'), atLimit: 'One more export is 429 `rate-limited`.' },
  /** Held in memory at once, one entry at least. */
  exportPageEntries: { value: 500, metric: 'pressbox_transfers{kind="exports"}', atLimit: 'So many entries are read at a time.' },
  exportPageBytes: { value: 256 * 1024, metric: 'pressbox_transfers{kind="exports"}', atLimit: 'Likewise.' },
  versionChanges: {
    value: 10,
    metric: 'pressbox_changes_shown_total{how="by-word"}',
    atLimit: 'Older changes are on the next page.',
  },
  /** Versions that are read and compared for one page, as JSON. */
  versionBytes: {
    value: 256 * 1024,
    metric: 'pressbox_changes_shown_total{how="by-word"}',
    atLimit: 'Likewise, one change at least.',
  },
  /** Words and spaces that a change removes and adds. */
  versionEdits: {
    value: 400,
    metric: 'pressbox_changes_shown_total{how="both-texts"}',
    atLimit: 'The texts before and after a change that is larger are shown, not their words.',
  },
  /** A millisecond or two. */
  versionSteps: {
    value: 400_000,
    metric: 'pressbox_changes_shown_total{how="both-texts"}',
    atLimit: 'Likewise of a change that takes longer to find.',
  },
  wordDiffsBytes: {
    value: 16 * 1024 * 1024,
    metric: 'pressbox_word_diffs_total{how="forgotten"}',
    atLimit: 'Comparisons that were not asked for longest are forgotten, and made again.',
  },
  /** Made at once. */
  versionPagesMost: {
    value: 8,
    metric: rateLimited('versions'),
    atLimit: 'One more page of earlier versions that has to be made is 429 `rate-limited`.',
  },
  /** The newest stand first. */
  frontLive: {
    value: 20,
    metric: 'pressbox_front_pages_total{live="newest"}',
    atLimit: 'Live channels beyond it stand among the others of `/`.',
  },
  drainMs: {
    value: 5_000,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'Readers who have not left a node that goes away are cut.',
  },
  drainStepMs: {
    value: 50,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'So often it is looked whether they have left.',
  },
  pingStepMs: {
    value: 250,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'So often those are pinged who are to be, and closed who did not answer.',
  },
  /** A multiple of `pingStepMs`. */
  pingEarlyMs: {
    value: 1_750,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'What a reader is written in the last moments before their ping, so long, takes it along.',
  },
  /** UTF-16 units, here and below. */
  feedTitleCharacters: {
    value: 100,
    metric: 'pressbox_feed_pages_total{format="atom"}',
    atLimit: 'The title of a post without a headline is cut at a word, and ends in an ellipsis.',
  },
  feedSummaryCharacters: {
    value: 300,
    metric: 'pressbox_feed_pages_total{format="atom"}',
    atLimit: 'The summary of a post likewise; its text is whole.',
  },
  /** Counts html. */
  feedTurnCharacters: {
    value: 64 * 1024,
    metric: 'pressbox_feed_pages_total{format="atom"}',
    atLimit: 'A longer feed is made in parts, and other requests have their turn between them.',
  },
  previewCharacters: {
    value: 200,
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
    atLimit: 'What the preview of a link to a post says likewise.',
  },
  /** Posts above the one that a permanent link leads to. */
  windowAbove: {
    value: 8,
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
    atLimit: 'Posts further above are on the page before.',
  },
} satisfies LimitTable;
export const readerLimits = valuesOf(readerTable);
