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
      'A replay, or the snapshot that a reader continues from, ends there, with at least one event or post, and says `more`, so that it arrives in time on a slow link.',
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
      'More readers are served in the next turn, after other work, together with what has arrived by then. A poll counts as twenty readers.',
  },
  feedIdleMs: { value: 30_000, metric: 'pressbox_feeds', atLimit: 'The channel stream of a channel without readers is closed.' },
  /** Consecutive reads of the journal that an erasure or another history invalidates. */
  catchUpTries: {
    value: 8,
    metric: problem('journal-unavailable'),
    atLimit: 'The request is refused with `journal-unavailable`. A channel stream that reads for itself pauses and retries.',
  },
  /** Encoded catch-ups and snapshots that a channel stream caches between two events. */
  sharedAnswers: {
    value: 64,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit: 'Further answers are not cached.',
  },
  /** The total length of these answers. */
  sharedCharacters: {
    value: 8 * 1024 * 1024,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit: 'As with `sharedAnswers`. Snapshots over HTTP come from two more answers, which are cached separately.',
  },
  /** Each character takes about six bytes of memory, in all encodings together. */
  sharedCharactersOfAll: {
    value: 32 * 1024 * 1024,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit: 'The other channels drop their cached answers.',
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
