import { type AtBounds, closed, ended, fed, problem, reachable } from './at-bound.ts';

export const readersAtBound: AtBounds<'readers'> = {
  postsBytes: {
    what: 'A page of posts is cut there, at least one is given, and `more` says so: over a narrow line it comes in time.',
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
  },
  pageBytes: {
    what: 'The posts that a page begins with are cut there, at least one is given, and the others are older posts: its script begins when all is there.',
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
  },
  stallMs: {
    what: 'A connection whose bytes are not taken is terminated; its client comes back with its cursor.',
    metric: closed('stalled'),
  },
  sweepMs: { what: 'So often that, and expired tokens, are looked for.', metric: closed('stalled') },
  joinMs: {
    what: 'A connection that has not joined the namespace, or has left it, is closed.',
    metric: 'pressbox_readers{transport="socket"}',
  },
  handshakesMost: {
    what: 'So many have come, over sockets, streams and polls, and not been answered yet: one more is refused with `rate-limited`, a stream ended with `Retry-After`.',
    metric: closed('handshakes'),
  },
  handshakeRetrySeconds: {
    what: 'Whoever is sent away so is told to come back at a moment of their own within so many seconds.',
    metric: closed('handshakes'),
  },
  waitingSubscribes: { what: 'One more subscribe is refused with `rate-limited`.', metric: problem('rate-limited') },
  waitingAnswers: { what: 'A socket that goes on asking and takes no answers is terminated.', metric: closed('unanswered') },
  socketBurstBytes: { what: 'A socket that sends more at once is terminated.', metric: closed('messages') },
  socketBytesPerSecond: { what: 'One that goes on sending more is, too.', metric: closed('messages') },
  refusedMs: { what: 'A refused connection that the other end keeps open is closed.', metric: problem('forbidden') },
  streamRetryMs: {
    what: 'On average an EventSource whose stream ended comes back after so long.',
    metric: 'pressbox_readers{transport="stream"}',
  },
  exportsMost: { what: 'One more export is 429 `rate-limited`.', metric: closed('exports') },
  exportPageEntries: { what: 'So many entries are read at a time.', metric: 'pressbox_transfers{kind="exports"}' },
  exportPageBytes: { what: 'Likewise.', metric: 'pressbox_transfers{kind="exports"}' },
  signInBytes: { what: 'A larger form is 413 `too-large`.', metric: problem('too-large') },
  versionChanges: {
    what: 'Older changes are on the next page.',
    metric: 'pressbox_changes_shown_total{how="by-word"}',
  },
  versionBytes: {
    what: 'Likewise, one change at least.',
    metric: 'pressbox_changes_shown_total{how="by-word"}',
  },
  versionEdits: {
    what: 'The texts before and after a change that is larger are shown, not their words.',
    metric: 'pressbox_changes_shown_total{how="both-texts"}',
  },
  versionSteps: {
    what: 'Likewise of a change that takes longer to find.',
    metric: 'pressbox_changes_shown_total{how="both-texts"}',
  },
  wordDiffsBytes: {
    what: 'Comparisons that were not asked for longest are forgotten, and made again.',
    metric: 'pressbox_word_diffs_total{how="forgotten"}',
  },
  versionPagesMost: {
    what: 'One more page of earlier versions that has to be made is 429 `rate-limited`.',
    metric: closed('versions'),
  },
  frontLive: {
    what: 'Live channels beyond it stand among the others of `/`.',
    metric: 'pressbox_front_pages_total{live="newest"}',
  },
  drainMs: { what: 'Readers who have not left a node that goes away are cut.', metric: 'pressbox_readers{transport="socket"}' },
  drainStepMs: { what: 'So often it is looked whether they have left.', metric: 'pressbox_readers{transport="socket"}' },
  pingStepMs: {
    what: 'So often those are pinged who are to be, and closed who did not answer.',
    metric: 'pressbox_readers{transport="socket"}',
  },
  pingEarlyMs: {
    what: 'What a reader is written in the last moments before their ping, so long, takes it along.',
    metric: 'pressbox_readers{transport="socket"}',
  },
  feedTitleCharacters: {
    what: 'The title of a post without a headline is cut at a word, and ends in an ellipsis.',
    metric: fed,
  },
  feedSummaryCharacters: { what: 'The summary of a post likewise; its text is whole.', metric: fed },
  feedTurnCharacters: {
    what: 'A longer feed is made in parts, and other requests have their turn between them.',
    metric: fed,
  },
  previewCharacters: {
    what: 'What the preview of a link to a post says likewise.',
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
  },
  windowAbove: { what: 'Posts further above are on the page before.', metric: 'pressbox_catch_ups_total{mode="snapshot"}' },
};

export const feedsAtBound: AtBounds<'feeds'> = {
  tailOffsets: {
    what: 'Who is further behind reads from the journal; who falls behind is told `slow`.',
    metric: ended('slow'),
  },
  tailBytes: { what: 'Likewise.', metric: ended('slow') },
  catchUpBytes: {
    what: 'A replay is cut there, and a snapshot that a reader goes on from; at least one event or post is given, and `more` says so: over a narrow line it comes in time.',
    metric: 'pressbox_catch_ups_total{mode="replay"}',
  },
  sliceBytes: {
    what: 'A reader who is behind gets so much in one write, and the rest after it.',
    metric: 'pressbox_feed_tail_entries',
  },
  turnReaders: {
    what: 'The others are handed theirs after whatever else there is to do, with what has come in by then. A poll counts as twenty.',
    metric: 'pressbox_events_delivered_total{transport="socket"}',
  },
  feedIdleMs: { what: 'A channel without readers is followed for so long.', metric: 'pressbox_feeds' },
  catchUpTries: {
    what: 'A catch-up whose ground keeps moving is refused with `journal-unavailable`.',
    metric: problem('journal-unavailable'),
  },
  sharedAnswers: { what: 'Further answers are made anew each time.', metric: 'pressbox_catch_ups_total{mode="replay"}' },
  sharedCharacters: { what: 'Likewise.', metric: 'pressbox_catch_ups_total{mode="replay"}' },
  sharedCharactersOfAll: {
    what: 'Of all channels together: the others forget theirs, which are made anew when they are asked for.',
    metric: 'pressbox_catch_ups_total{mode="replay"}',
  },
  doubtMs: {
    what: 'An announcement of what may be another history is settled by a read after so long.',
    metric: ended('history'),
  },
  retryFirstMs: { what: 'The pause after a failed read.', metric: reachable },
  retryMostMs: { what: 'The longest one.', metric: reachable },
};
