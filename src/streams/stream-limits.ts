import { type LimitTable, problem, storeReachable, subscriptionsEnded, valuesOf } from '../protocol/limit-table.ts';

/** What a feed may hold. */
export const fanoutTable = {
  tailOffsets: {
    value: 4_096,
    metric: subscriptionsEnded('slow'),
    atLimit: 'Who is further behind reads from the journal; who falls behind is told `slow`.',
  },
  /** Text of events. */
  tailBytes: { value: 8 * 1024 * 1024, metric: subscriptionsEnded('slow'), atLimit: 'Likewise.' },
  /**
   * Text of events. Less than an answer may hold, as a replay counts for nothing before its end: over a narrow line it must come
   * while the reader still waits for it, and has not missed a ping that is behind it.
   */
  catchUpBytes: {
    value: 64 * 1024,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit:
      'A replay is cut there, and a snapshot that a reader goes on from; at least one event or post is given, and `more` says so: over a narrow line it comes in time.',
  },
  /** One event at least. */
  sliceBytes: {
    value: 256 * 1024,
    metric: 'pressbox_feed_tail_entries',
    atLimit: 'A reader who is behind gets so much in one write, and the rest after it.',
  },
  /** Counts the readers of all feeds. */
  turnReaders: {
    value: 1_000,
    metric: 'pressbox_events_delivered_total{transport="socket"}',
    atLimit:
      'The others are handed theirs after whatever else there is to do, with what has come in by then. A poll counts as twenty.',
  },
  feedIdleMs: { value: 30_000, metric: 'pressbox_feeds', atLimit: 'A channel without readers is followed for so long.' },
  /** Reads of the journal that erasures, or another history, make invalid one after the other. */
  catchUpTries: {
    value: 8,
    metric: problem('journal-unavailable'),
    atLimit: 'What was asked for is refused with `journal-unavailable`. A feed that reads for itself pauses and reads again.',
  },
  /** Encoded catch-ups and snapshots that a feed keeps between two events. */
  sharedAnswers: {
    value: 64,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit: 'Further answers are made anew each time.',
  },
  /** Length of those together. */
  sharedCharacters: {
    value: 8 * 1024 * 1024,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit: 'Likewise. Snapshots over HTTP are parts of two answers that are kept beside these.',
  },
  /** Some six bytes each, in all forms. */
  sharedCharactersOfAll: {
    value: 32 * 1024 * 1024,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit: 'Of all channels together: the others forget theirs, which are made anew when they are asked for.',
  },
  /** Together with all that are heard meanwhile. */
  doubtMs: {
    value: 500,
    metric: subscriptionsEnded('history'),
    atLimit: 'An announcement of what may be another history is settled by a read after so long.',
  },
  /** Doubled up to the most, with jitter. */
  retryFirstMs: { value: 100, metric: storeReachable, atLimit: 'The pause after a failed read.' },
  retryMostMs: { value: 2_000, metric: storeReachable, atLimit: 'The longest one.' },
} satisfies LimitTable;
export const fanoutLimits = valuesOf(fanoutTable);
