import { type LimitTable, problem, rateLimited, valuesOf } from '../protocol/limit-table.ts';

/** Limits on connected readers and on pages. */
export const liveTable = {
  /** Counts the JSON. It is less than `answerBytes`, so that a page arrives on a slow line before its reader gives up. */
  postsBytes: {
    value: 192 * 1024,
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
    atLimit:
      'A page of posts ends at this size, after at least one post, with `more: true`. On a slow link a larger page would arrive too late.',
  },
  /** Counts the JSON. */
  pageBytes: {
    value: 128 * 1024,
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
    atLimit:
      'The page of a channel starts with posts up to this size, at least one. The reader can load the rest as older posts. The script of the page starts only when all posts on it have arrived.',
  },
  stallMs: {
    value: 20_000,
    metric: rateLimited('stalled'),
    atLimit: 'A connection that accepts no bytes is terminated. The client reconnects with its cursor.',
  },
  sweepMs: {
    value: 1_000,
    metric: rateLimited('stalled'),
    atLimit: 'Interval at which the server looks for stalled connections and expired tokens.',
  },
  joinMs: {
    value: 10_000,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'A connection that is outside the Socket.IO namespace for this long is closed.',
  },
  handshakesMost: {
    value: 5_000,
    metric: rateLimited('handshakes'),
    atLimit:
      'While this many sockets, streams and polls wait to be admitted, one more is refused with `rate-limited`. A stream ends with `Retry-After`.',
  },
  /** The wait is random, and at least a second. */
  handshakeRetrySeconds: {
    value: 5,
    metric: rateLimited('handshakes'),
    atLimit: 'A client that is refused this way is told to retry at a random time within this period.',
  },
  /** Per socket. */
  waitingSubscribes: {
    value: 100,
    metric: problem('rate-limited'),
    atLimit: 'While this many subscribes of a socket wait, one more is refused with `rate-limited`.',
  },
  /** Counts packets. Events are never queued: a busy reader misses them and catches up later. */
  waitingAnswers: {
    value: 1_000,
    metric: rateLimited('unanswered'),
    atLimit: 'A socket that keeps sending requests without reading the answers is terminated.',
  },
  /** The form has a token and the page to return to. */
  signInBytes: { value: 24 * 1024, metric: problem('too-large'), atLimit: 'A larger form is 413 `too-large`.' },
  /** Pings and empty frames count. */
  socketBurstBytes: {
    value: 128 * 1024,
    metric: rateLimited('messages'),
    atLimit: 'A socket that sends more at once is terminated.',
  },
  socketBytesPerSecond: {
    value: 4 * 1024,
    metric: rateLimited('messages'),
    atLimit: 'A socket that sends more over a longer time is terminated.',
  },
  /** Also applies when the server ends a reader's connection. */
  refusedMs: {
    value: 1_000,
    metric: problem('forbidden'),
    atLimit: 'A refused connection that the client keeps open is closed.',
  },
  /** The wait is random, from half of this to half as much again. */
  streamRetryMs: {
    value: 2_000,
    metric: 'pressbox_readers{transport="stream"}',
    atLimit: 'Average time after which an EventSource reconnects when its stream has ended.',
  },
  exportsMost: {
    value: 4,
    metric: rateLimited('exports'),
    atLimit: 'One more export is 429 `rate-limited`. One author may have half of them.',
  },
  /** Entries that are in memory at once. At least one entry is read. */
  exportPageEntries: {
    value: 500,
    metric: 'pressbox_transfers{kind="exports"}',
    atLimit: 'An export reads this many entries at a time.',
  },
  exportPageBytes: { value: 256 * 1024, metric: 'pressbox_transfers{kind="exports"}', atLimit: 'As with `exportPageEntries`.' },
  versionChanges: {
    value: 10,
    metric: 'pressbox_changes_shown_total{how="by-word"}',
    atLimit: 'A page of earlier versions shows this many changes. Older ones are on the next page.',
  },
  /** Versions that are read and compared for one page, as JSON. */
  versionBytes: {
    value: 256 * 1024,
    metric: 'pressbox_changes_shown_total{how="by-word"}',
    atLimit: 'As with `versionChanges`, but at least one change.',
  },
  /** Words and spaces that a change removes and adds. */
  versionEdits: {
    value: 400,
    metric: 'pressbox_changes_shown_total{how="both-texts"}',
    atLimit: 'A larger change is shown as the texts before and after it, not word by word.',
  },
  /** Takes a millisecond or two. */
  versionSteps: {
    value: 400_000,
    metric: 'pressbox_changes_shown_total{how="both-texts"}',
    atLimit: 'As with `versionEdits`, for a change that takes longer to compare.',
  },
  wordDiffsBytes: {
    value: 16 * 1024 * 1024,
    metric: 'pressbox_word_diffs_total{how="forgotten"}',
    atLimit: 'The comparisons that were not requested for longest are dropped from the cache.',
  },
  correctionsShown: {
    value: 20,
    metric: 'pressbox_changes_shown_total{how="by-word"}',
    atLimit: 'A page of corrections shows this many. Older ones are on the next page.',
  },
  /** Versions that are read and compared for one page, as JSON. */
  correctionsBytes: {
    value: 256 * 1024,
    metric: 'pressbox_changes_shown_total{how="linked"}',
    atLimit: 'A correction beyond this size has a link to the page of earlier versions, in place of the words that it changed.',
  },
  frontLive: {
    value: 50,
    metric: 'pressbox_front_pages_total{live="newest"}',
    atLimit: '`/` shows this many live channels, those with the latest posts, and links to the others.',
  },
  frontScheduled: {
    value: 20,
    metric: 'pressbox_front_pages_total{live="all"}',
    atLimit: '`/` shows this many scheduled channels, those that start first, and links to the others.',
  },
  frontHeadlines: {
    value: 2,
    metric: 'pressbox_front_pages_total{live="all"}',
    atLimit: '`/` shows this many headlines of each live channel, the newest ones.',
  },
  /** Key events are looked at whatever their age. */
  frontHeadlinePosts: {
    value: 20,
    metric: 'pressbox_front_pages_total{live="all"}',
    atLimit: 'Headlines of older posts are not shown on `/`, except those of key events.',
  },
  frontHeadlineBytes: {
    value: 64 * 1024,
    metric: 'pressbox_front_pages_total{live="all"}',
    atLimit: 'The posts whose headlines `/` may show end at this size, after at least one post.',
  },
  frontKept: {
    value: 500,
    metric: 'pressbox_front_pages_total{live="newest"}',
    atLimit: 'With more live channels, the headlines of the one that was read first are dropped from memory and read again.',
  },
  /** For each set of channels that editors see in addition; readers have none. */
  frontReadMs: {
    value: 100,
    metric: 'pressbox_front_pages_total{live="all"}',
    atLimit: 'The channels on `/` are read at most once in this time. Requests that arrive meanwhile share the next read.',
  },
  drainMs: {
    value: 5_000,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'Readers who have not left a node that shuts down are disconnected.',
  },
  drainStepMs: {
    value: 50,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'Interval at which a node that shuts down checks whether all readers have left.',
  },
  pingStepMs: {
    value: 250,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'Interval at which the server sends the pings that are due and closes sockets that did not answer.',
  },
  /** A multiple of `pingStepMs`. */
  pingEarlyMs: {
    value: 1_750,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'If a message is sent to a reader within this time before the next ping, the ping is sent with it.',
  },
  /** UTF-16 units, here and below. */
  feedTitleCharacters: {
    value: 100,
    metric: 'pressbox_feed_pages_total{format="atom"}',
    atLimit: 'The title of a post without a headline is cut at a word and ends in an ellipsis.',
  },
  feedSummaryCharacters: {
    value: 300,
    metric: 'pressbox_feed_pages_total{format="atom"}',
    atLimit: 'As with `feedTitleCharacters`, for the summary of a post. The feed also has its full text.',
  },
  previewCharacters: {
    value: 200,
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
    atLimit: 'The text of a link preview is cut at a word and ends in an ellipsis.',
  },
  /** Posts above the one that a permanent link leads to. */
  windowAbove: {
    value: 8,
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
    atLimit:
      'A page that a permanent link opens shows this many posts above the linked one. Further posts are on the previous page.',
  },
} satisfies LimitTable;
export const liveLimits = valuesOf(liveTable);
