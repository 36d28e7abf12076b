import { type LimitTable, problem, storeReachable, subscriptionsEnded, valuesOf } from '../protocol/limit-table.ts';

/** Limits of a channel stream. */
export const streamTable = {
  tailOffsets: {
    value: 4_096,
    metric: subscriptionsEnded('slow'),
    atLimit: 'A reader who is further behind reads from the journal. A subscription that falls further behind ends with `slow`.',
  },
  /** Counts the text of events. */
  tailBytes: { value: 8 * 1024 * 1024, metric: subscriptionsEnded('slow'), atLimit: 'As with `tailOffsets`.' },
  /**
   * Counts the text of events. Less than `answerBytes`: a replay is useless until it is complete, so on a slow link it must
   * arrive before the reader gives up, or misses the ping that is queued behind the replay.
   */
  catchUpBytes: {
    value: 64 * 1024,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit:
      'A replay, or the snapshot that a reader continues from, ends at this size, after at least one event or post, with `more: true`. On a slow link a larger one would arrive too late.',
  },
  /** One event at least. */
  sliceBytes: {
    value: 256 * 1024,
    metric: 'pressbox_feed_tail_entries',
    atLimit: 'A reader who is behind gets this much in one write, and the rest in the next ones.',
  },
  /** Counts the readers of all channels. */
  turnReaders: {
    value: 1_000,
    metric: 'pressbox_events_delivered_total{transport="socket"}',
    atLimit:
      'After this many readers the server does other work before it serves the rest. The rest also get the events that arrive meanwhile. A poll counts as twenty readers.',
  },
  feedIdleMs: { value: 30_000, metric: 'pressbox_feeds', atLimit: 'The channel stream of a channel without readers is closed.' },
  /** Consecutive reads of the journal that an erasure or another history invalidates. */
  catchUpTries: {
    value: 8,
    metric: problem('journal-unavailable'),
    atLimit:
      'When an erasure or another history has invalidated this many reads in a row, the request is refused with `journal-unavailable`. If the channel stream itself is reading, it pauses and retries.',
  },
  /** Catch-ups, snapshots, feeds, fragments and pages that a channel stream caches between two events. */
  sharedAnswers: {
    value: 64,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit: 'The answers that were not requested for longest are dropped from the cache.',
  },
  /** The total length of these answers. */
  sharedCharacters: {
    value: 8 * 1024 * 1024,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit: 'As with `sharedAnswers`. Two more answers, for snapshots over HTTP, are cached separately.',
  },
  /** Each character takes about six bytes of memory, in all encodings together. */
  sharedCharactersOfAll: {
    value: 32 * 1024 * 1024,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit: 'If the cached answers of all channels exceed this, one channel keeps its answers and the others drop theirs.',
  },
  /** Announcements that arrive meanwhile share the read. */
  doubtMs: {
    value: 500,
    metric: subscriptionsEnded('history'),
    atLimit: 'If an announcement may belong to another history, the journal is read after this time to decide.',
  },
  /** The pause doubles up to `retryMostMs`, with jitter. */
  retryFirstMs: { value: 100, metric: storeReachable, atLimit: 'First pause after a failed read.' },
  retryMostMs: { value: 2_000, metric: storeReachable, atLimit: 'Longest pause between failed reads.' },
} satisfies LimitTable;
export const streamLimits = valuesOf(streamTable);
