import { erasuresPending, type LimitTable, problem, storeReachable, valuesOf } from '../../protocol/limit-table.ts';

/** Bounds of the embedded journal. */
export const embeddedTable = {
  /** Calls that wait for a thread. A refused one certainly did nothing. */
  waitingCalls: {
    value: 10_000,
    metric: problem('journal-unavailable'),
    atLimit: 'One more is 503 `journal-unavailable`, `unchanged`.',
  },
  /** Bounds how long the first of them waits for the last. */
  transactionOperations: {
    value: 256,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'Further writes are in the next transaction.',
  },
  journalCloseMs: {
    value: 10_000,
    metric: 'pressbox_appends_total{outcome="unknown"}',
    atLimit: 'What was begun and is not done is left when the server ends.',
  },
  /** What the threads were asked before takes its time, and on a disk that hangs for ever. */
  journalSilentMs: {
    value: 5_000,
    metric: storeReachable,
    atLimit: 'A journal that has not answered for so long counts as out of reach.',
  },
  /** Short, since the thread stands still meanwhile. */
  journalLockMs: { value: 100, metric: storeReachable, atLimit: 'A lock that is not to be had is tried for again.' },
  /** About so much: a page that many posts change is then copied once. */
  journalLogBytes: {
    value: 16 * 1024 * 1024,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'Past it the log is copied into the journal.',
  },
  journalRoomBytes: {
    value: 64 * 1024,
    metric: 'pressbox_store_writable',
    atLimit: 'With less room on its disk it is tried whether the journal can still be written.',
  },
  journalErasureWaitMs: {
    value: 6_000,
    metric: erasuresPending,
    atLimit: 'An erasure that takes longer is pending, and finished in the background.',
  },
  erasureStepEntries: {
    value: 500,
    metric: erasuresPending,
    atLimit: 'The rest of a deleted channel goes in further transactions.',
  },
  erasurePauseFirstMs: {
    value: 20,
    metric: erasuresPending,
    atLimit: 'The pause while a reader of the file still needs what is to be erased.',
  },
  erasurePauseMostMs: { value: 200, metric: erasuresPending, atLimit: 'The longest one, while someone waits for it.' },
  erasureRetryFirstMs: { value: 1_000, metric: erasuresPending, atLimit: 'The same in the background.' },
  erasureRetryMostMs: { value: 60_000, metric: erasuresPending, atLimit: 'The longest one there.' },
  threadRestartFirstMs: { value: 100, metric: storeReachable, atLimit: 'A thread that ended is started again after so long.' },
  threadRestartMostMs: {
    value: 30_000,
    metric: storeReachable,
    atLimit: 'The longest such pause: it doubles while it does not stand.',
  },
  /** Nobody who writes has to wait for it. */
  journalReadLockMs: { value: 5_000, metric: storeReachable, atLimit: 'A read that finds the file locked for longer fails.' },
  /** What is remembered of requests is spread over many pages. */
  journalCacheBytes: {
    value: 32 * 1024 * 1024,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'Pages of the journal beyond it are read from the disk.',
  },
  /** More than one, so that they go, and few, so that nobody waits. */
  requestsSwept: {
    value: 4,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'Of requests that are forgotten no more are taken away for each one that is added.',
  },
  /** A page begins with the tag that fewest posts have. */
  countedPosts: {
    value: 1_024,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'Tags that more posts have count as equally common: a page of posts with several of them may look at more posts.',
  },
} satisfies LimitTable;
export const embeddedLimits = valuesOf(embeddedTable);
