import { erasuresPending, type LimitTable, problem, storeReachable, valuesOf } from '../../protocol/limit-table.ts';

/** Limits of the embedded journal. */
export const sqliteTable = {
  /** Calls that wait for a thread. A call over the limit is refused before it reaches the thread. */
  waitingCalls: {
    value: 10_000,
    metric: problem('journal-unavailable'),
    atLimit: 'One more call is 503 `journal-unavailable`, with `outcome` `unchanged`.',
  },
  /** Bounds how long the first operation waits for the last. */
  transactionOperations: {
    value: 256,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'Further writes are in the next transaction.',
  },
  journalCloseMs: {
    value: 10_000,
    metric: 'pressbox_appends_total{outcome="unknown"}',
    atLimit: 'When the server ends, unfinished work is abandoned after this time.',
  },
  /** A test of the journal waits for earlier calls, which never return if the disk hangs. */
  journalSilentMs: {
    value: 5_000,
    metric: storeReachable,
    atLimit: 'A journal that has not answered for this long counts as unreachable.',
  },
  /** Short, because the thread is blocked while it waits. */
  journalLockMs: {
    value: 100,
    metric: storeReachable,
    atLimit: 'The server tries again for a lock that it cannot get in this time.',
  },
  /** Approximate. A page that changes often is copied only once. */
  journalLogBytes: {
    value: 16 * 1024 * 1024,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'The write-ahead log is copied into the journal.',
  },
  journalRoomBytes: {
    value: 64 * 1024,
    metric: 'pressbox_store_writable',
    atLimit: 'With less free disk space the server tests whether it can still write to the journal.',
  },
  journalErasureWaitMs: {
    value: 6_000,
    metric: erasuresPending,
    atLimit: 'An erasure that takes longer is pending, and completes in the background.',
  },
  erasureStepEntries: {
    value: 500,
    metric: erasuresPending,
    atLimit: 'The rest of a deleted channel is erased in further transactions.',
  },
  erasurePauseFirstMs: {
    value: 20,
    metric: erasuresPending,
    atLimit: 'First pause while another program still reads what is to be erased.',
  },
  erasurePauseMostMs: {
    value: 200,
    metric: erasuresPending,
    atLimit: 'Longest such pause while a request waits for the erasure.',
  },
  erasureRetryFirstMs: {
    value: 1_000,
    metric: erasuresPending,
    atLimit: 'First such pause while the erasure continues in the background.',
  },
  erasureRetryMostMs: {
    value: 60_000,
    metric: erasuresPending,
    atLimit: 'Longest such pause while the erasure continues in the background.',
  },
  threadRestartFirstMs: {
    value: 100,
    metric: storeReachable,
    atLimit: 'A journal thread that ended is restarted after this pause.',
  },
  threadRestartMostMs: {
    value: 30_000,
    metric: storeReachable,
    atLimit: 'Longest such pause. The pause doubles with each failed restart.',
  },
  /** Longer than `journalLockMs`, because no write waits for a read. */
  journalReadLockMs: { value: 5_000, metric: storeReachable, atLimit: 'A read that finds the file locked for longer fails.' },
  /** Large, because idempotency keys are spread over many pages. */
  journalCacheBytes: {
    value: 32 * 1024 * 1024,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'Further pages of the journal are read from disk.',
  },
  /** More than one, so that the backlog shrinks, and few, so that no write waits. */
  requestsSwept: {
    value: 4,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'For each new idempotency key, at most this many expired keys are deleted.',
  },
  /** A query starts with the rarest tag. */
  countedPosts: {
    value: 1_024,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'Tags with more posts count as equally common, so a page of posts with several such tags may examine more posts.',
  },
  migratedRows: {
    value: 500,
    metric: storeReachable,
    atLimit: '`pressbox migrate` reads and writes the embedded journal in transactions of this many rows.',
  },
  /** A server on the source may write at the same time. */
  migrationLockMs: {
    value: 10_000,
    metric: storeReachable,
    atLimit: '`pressbox migrate` fails if it cannot write to the journal in this time. It can be repeated.',
  },
} satisfies LimitTable;
export const sqliteLimits = valuesOf(sqliteTable);
