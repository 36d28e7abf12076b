import {
  channelsDamaged,
  erasuresPending,
  type LimitTable,
  problem,
  storeReachable,
  valuesOf,
} from '../../protocol/limit-table.ts';

/** Limits of the journal in Redis. */
export const redisTable = {
  replicaWaitMs: {
    value: 1_000,
    metric: 'pressbox_appends_total{outcome="unknown"}',
    atLimit: 'If fewer replicas than required have a write after this time, the write is 503, with `outcome` `unknown`.',
  },
  /** While it waits, no other write of the node is answered. */
  replicaBehindWaitMs: {
    value: 200,
    metric: 'pressbox_appends_total{outcome="unknown"}',
    atLimit: 'As `replicaWaitMs`, if the replicas were too late for the write before.',
  },
  redisOpenMs: { value: 10_000, metric: storeReachable, atLimit: 'A server that has not reached Redis by then does not start.' },
  redisCloseMs: {
    value: 5_000,
    metric: 'pressbox_appends_total{outcome="unknown"}',
    atLimit: 'When the server ends, unfinished work is abandoned after this time.',
  },
  redisConnectMs: {
    value: 2_000,
    metric: storeReachable,
    atLimit: 'An attempt to connect that takes longer is given up and repeated.',
  },
  redisReachMs: { value: 2_000, metric: storeReachable, atLimit: 'A Redis server that does not answer in this time is skipped.' },
  replicaTakenMs: { value: 5_000, metric: erasuresPending, atLimit: 'A replica that lags longer keeps an erasure pending.' },
  /** Applies only while a command is unanswered. */
  redisSilenceMs: {
    value: 3_000,
    metric: storeReachable,
    atLimit: 'A connection that returns nothing for this long is replaced.',
  },
  /** Also the interval of a node's heartbeat. */
  headsMs: {
    value: 2_000,
    metric: storeReachable,
    atLimit: 'Interval at which a node compares its channel streams with the journal.',
  },
  /** Half of `headsMs`. */
  probeMs: {
    value: 1_000,
    metric: storeReachable,
    atLimit: 'Interval at which a node tests whether it still receives announcements.',
  },
  /** A failover takes longer from the moment when a majority of the Sentinels holds the master to be down. */
  sentinelFreshMs: {
    value: 100,
    metric: 'pressbox_appends_total{outcome="unknown"}',
    atLimit: 'With required replicas, the Sentinels are asked for the master again before a write is answered.',
  },
  /** Sentinels disagree for some seconds in every failover. */
  masterUnconfirmedMs: {
    value: 5_000,
    metric: 'pressbox_store_master_confirmed',
    atLimit: 'If no majority of the Sentinels confirms the master for this long, the log says so.',
  },
  /** Settings may change and replicas may join at runtime. */
  settingsMs: {
    value: 10_000,
    metric: 'pressbox_store_unsafe_settings{setting="appendonly",role="master"}',
    atLimit: 'Interval at which the settings of Redis are checked.',
  },
  deadlineMs: { value: 1_000, metric: storeReachable, atLimit: 'Comparisons and probes that take longer count as failed.' },
  /** After this time, the node's channel streams may be stale. */
  leaseMs: {
    value: 5_000,
    metric: storeReachable,
    atLimit: 'Without a successful comparison for this long, catch-ups and snapshots are 503, and readers receive `store`.',
  },
  /** Longer than `leaseMs`. */
  countsMs: {
    value: 15_000,
    metric: erasuresPending,
    atLimit: 'Erasures do not wait for a node that was silent for this long.',
  },
  redisErasureWaitMs: {
    value: 3_000,
    metric: erasuresPending,
    atLimit: 'An erasure that takes longer is pending, and any node completes it.',
  },
  /** Also the interval at which the damage is logged again. */
  damagedMs: {
    value: 300_000,
    metric: channelsDamaged,
    atLimit: 'A channel counts as intact if it was not found damaged for this long.',
  },
  damagedChannels: {
    value: 1_000,
    metric: channelsDamaged,
    atLimit: 'With more damaged channels, the first is forgotten until it is found again.',
  },
  damageRememberedMs: {
    value: 1_000,
    metric: channelsDamaged,
    atLimit:
      'A damaged channel is refused for this long before the store is read again, so a repaired channel is served up to this much later.',
  },
  /** Long enough for a busy machine. */
  repairSilentMs: {
    value: 15_000,
    metric: channelsDamaged,
    atLimit: 'A repair that was silent for this long counts as ended, and another may begin.',
  },
  /** The note of an erasure is written before its entry. */
  notedMs: {
    value: 60_000,
    metric: storeReachable,
    atLimit: 'The note of an erasure is dropped if its entry is not written within this time.',
  },
  /** Remembered announcements show whether a head was announced. */
  rememberedAnnouncements: {
    value: 256,
    metric: 'pressbox_feeds',
    atLimit: 'Older announcements are forgotten. The node reads the head of a channel instead.',
  },
  /** Kept in the registry for nodes that missed announcements. */
  erasuresKept: {
    value: 10_000,
    metric: 'pressbox_feeds',
    atLimit: 'A node that missed more erasures than this drops everything that it has in memory.',
  },
  /** The pause has jitter, and doubles up to `redisReconnectMostMs`. */
  redisReconnectFirstMs: {
    value: 100,
    metric: storeReachable,
    atLimit: 'A lost connection is restored after this pause.',
  },
  redisReconnectMostMs: {
    value: 1_000,
    metric: storeReachable,
    atLimit: 'Longest such pause. The pause doubles with each failed attempt.',
  },
  redisLetGoMs: { value: 100, metric: storeReachable, atLimit: 'A replaced connection is closed after this time.' },
  redisPollMs: {
    value: 20,
    metric: erasuresPending,
    atLimit: 'Interval at which Redis is polled for something that a node waits for.',
  },
  /** The announcement of an unexpected head may still be on its way. */
  suspicionMs: {
    value: 250,
    metric: storeReachable,
    atLimit: 'If a head is newer than the last announcement, it is checked again after this time.',
  },
  erasureAskAgainMs: {
    value: 4_000,
    metric: erasuresPending,
    atLimit: 'A node that has not acknowledged an erasure is asked again.',
  },
  requestSweepMs: {
    value: 60_000,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'Interval at which the clock for idempotency keys is stored and some channels are swept for expired keys.',
  },
  requestSweepChannels: {
    value: 100,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'Further channels are swept the next time.',
  },
  /** Keys that one script deletes, or expires when their channel is deleted. */
  requestSweepMost: {
    value: 500,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'Further keys are deleted by the next script.',
  },
  redisRequestsSwept: {
    value: 4,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'For each new idempotency key, at most this many expired keys are deleted.',
  },
  owedCheckMs: { value: 4_000, metric: erasuresPending, atLimit: 'Interval at which nodes look for abandoned erasures.' },
  /** Before this time, the node that began the erasure completes it. */
  owedStaleMs: { value: 5_000, metric: erasuresPending, atLimit: 'Any node takes over an erasure that is pending for longer.' },
  /** Posts with the rarest tag, in one script. A multiple of 64. */
  lookedPosts: {
    value: 1_024,
    metric: storeReachable,
    atLimit: 'A query for posts with several tags examines this many posts before Redis serves other clients.',
  },
  listedChannels: {
    value: 32,
    metric: 'pressbox_front_pages_total{live="newest"}',
    atLimit: 'A list of channels is read in batches of at least this many.',
  },
  /** A script of so many takes a few milliseconds, during which Redis does nothing else. */
  placedChannels: {
    value: 50,
    metric: 'pressbox_front_pages_total{live="newest"}',
    atLimit: 'One script compares at most this many channels with the index by activity.',
  },
  /** Batches double, because most channels may have another state. */
  askedChannels: {
    value: 512,
    metric: 'pressbox_front_pages_total{live="newest"}',
    atLimit: 'At most this many channels are filtered by state in one batch.',
  },
  /** An index that older nodes or hands made wrong. */
  misplacedReads: {
    value: 2,
    metric: 'pressbox_front_pages_total{live="newest"}',
    atLimit: 'A list by activity that found channels in the wrong place is read again at most this many times.',
  },
  /** Readers see at once that channels may be missing. */
  indexWaitMs: {
    value: 5_000,
    metric: 'pressbox_front_pages_total{live="newest"}',
    atLimit:
      'A list by activity shows the channels that the index has so far, as not `complete`. The index is built in the background.',
  },
  listsRead: {
    value: 2,
    metric: problem('journal-unavailable'),
    atLimit: 'While this many lists of channels are being read, further lists wait. Requests for the same list share one read.',
  },
  listsWaiting: {
    value: 100,
    metric: problem('journal-unavailable'),
    atLimit: 'One more different list is 503 `journal-unavailable`.',
  },
  /** Counts index entries too. Bounds how long other commands wait. */
  repairEntries: { value: 200, metric: channelsDamaged, atLimit: 'A channel is repaired in batches of this many entries.' },
  verifyEntries: { value: 32, metric: storeReachable, atLimit: 'A store is verified in batches of this many entries.' },
  verifyLines: { value: 200, metric: storeReachable, atLimit: 'As with `verifyEntries`, for index entries.' },
  verifyConnectMs: {
    value: 5_000,
    metric: storeReachable,
    atLimit: 'Verification fails if the store does not answer in this time.',
  },
  /** Bounds how long other commands wait. */
  migratedEntries: {
    value: 100,
    metric: storeReachable,
    atLimit: '`pressbox migrate` reads and writes entries in batches of this many.',
  },
  migratedKeys: {
    value: 1_000,
    metric: storeReachable,
    atLimit: '`pressbox migrate` reads idempotency keys and other records in batches of this many.',
  },
  migratedBytes: {
    value: 4 * 1024 * 1024,
    metric: storeReachable,
    atLimit: '`pressbox migrate` writes entries in smaller batches if their texts are longer than this, but at least one entry.',
  },
  /** A node is removed from the list of nodes a minute after its last heartbeat. */
  migrationNodeMs: {
    value: 60_000,
    metric: storeReachable,
    atLimit: '`pressbox migrate` refuses to stop the writes of a store that a server of an earlier version has used since.',
  },
  /** Longer than `migrationReplicaMs`, for which Redis is silent. */
  migrationSilenceMs: {
    value: 30_000,
    metric: storeReachable,
    atLimit: '`pressbox migrate` fails if the store answers nothing for this long. It can be repeated.',
  },
  migrationReplicaMs: {
    value: 10_000,
    metric: storeReachable,
    atLimit: '`pressbox migrate` fails if the replicas have not acknowledged what it wrote in this time. It can be repeated.',
  },
} satisfies LimitTable;
export const redisLimits = valuesOf(redisTable);
