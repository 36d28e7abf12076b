import {
  channelsDamaged,
  erasuresPending,
  type LimitTable,
  problem,
  storeReachable,
  valuesOf,
} from '../../protocol/limit-table.ts';

/** Bounds of the journal in Redis. */
export const redisTable = {
  replicaWaitMs: {
    value: 1_000,
    metric: 'pressbox_appends_total{outcome="unknown"}',
    atLimit: 'A write that too few replicas have is 503, `unknown`.',
  },
  redisOpenMs: { value: 10_000, metric: storeReachable, atLimit: 'A server that has not found its store does not start.' },
  redisCloseMs: {
    value: 5_000,
    metric: 'pressbox_appends_total{outcome="unknown"}',
    atLimit: 'What was begun and is not done is left when the server ends.',
  },
  redisConnectMs: { value: 2_000, metric: storeReachable, atLimit: 'A connection that is not there is tried for again.' },
  redisReachMs: { value: 2_000, metric: storeReachable, atLimit: 'A server of the store that does not answer is passed over.' },
  replicaTakenMs: { value: 5_000, metric: erasuresPending, atLimit: 'A replica that lags longer keeps an erasure pending.' },
  /** While a command is unanswered. */
  redisSilenceMs: { value: 3_000, metric: storeReachable, atLimit: 'A connection that gives nothing back is given up.' },
  /** A node's heartbeat is given as often. */
  headsMs: { value: 2_000, metric: storeReachable, atLimit: 'So often a node compares what it holds with the journal.' },
  /** Twice as often as `headsMs`. */
  probeMs: { value: 1_000, metric: storeReachable, atLimit: 'So often it asks whether it still hears announcements.' },
  /** Safe settings may have been changed, and replicas joined. */
  settingsMs: {
    value: 10_000,
    metric: 'pressbox_store_unsafe_settings',
    atLimit: "So often the store's settings are looked at again.",
  },
  deadlineMs: { value: 1_000, metric: storeReachable, atLimit: 'Comparisons and probes that take longer have failed.' },
  /** What this node holds may be old then. */
  leaseMs: {
    value: 5_000,
    metric: storeReachable,
    atLimit: 'Without a good comparison for so long, catch-ups and snapshots are 503 and readers hear `store`.',
  },
  /** Longer than `leaseMs`. */
  countsMs: {
    value: 15_000,
    metric: erasuresPending,
    atLimit: 'A node that has said nothing for so long is not waited for by erasures.',
  },
  redisErasureWaitMs: {
    value: 3_000,
    metric: erasuresPending,
    atLimit: 'An erasure that takes longer is pending, and finished by any node.',
  },
  /** It is logged again after as long. */
  damagedMs: {
    value: 300_000,
    metric: channelsDamaged,
    atLimit: 'A channel that was not found damaged for so long counts as whole.',
  },
  damagedChannels: {
    value: 1_000,
    metric: channelsDamaged,
    atLimit: 'With more damaged channels the first is forgotten until it is found again.',
  },
  damageRememberedMs: {
    value: 1_000,
    metric: channelsDamaged,
    atLimit: 'A channel found damaged is refused from memory for so long, so a repaired channel is served again that much later.',
  },
  /** However busy the machine is. */
  repairSilentMs: {
    value: 15_000,
    metric: channelsDamaged,
    atLimit: 'A repair that is silent for so long has ended, and another may begin.',
  },
  /** The note of an erasure comes before its entry. */
  notedMs: { value: 60_000, metric: storeReachable, atLimit: 'A note of an erasure that never came is dropped.' },
  /** They tell a head that was heard of from one that was not. */
  rememberedAnnouncements: {
    value: 256,
    metric: 'pressbox_feeds',
    atLimit: 'Older ones are forgotten, and a head is asked for instead.',
  },
  /** In the registry, for nodes that were deaf. */
  erasuresKept: { value: 10_000, metric: 'pressbox_feeds', atLimit: 'A node that missed more drops all that it holds.' },
  /** Doubled up to the most, with jitter. */
  redisReconnectFirstMs: {
    value: 100,
    metric: storeReachable,
    atLimit: 'A connection that was lost is made again after so long.',
  },
  redisReconnectMostMs: {
    value: 1_000,
    metric: storeReachable,
    atLimit: 'The longest such pause: it doubles with each attempt in a row.',
  },
  redisLetGoMs: { value: 100, metric: storeReachable, atLimit: 'One that is replaced is let go after so long.' },
  redisPollMs: { value: 20, metric: erasuresPending, atLimit: 'So often the server is looked at while something is waited for.' },
  /** It may be on its way here. */
  suspicionMs: { value: 250, metric: storeReachable, atLimit: 'A head that was not heard of is looked at again after so long.' },
  erasureAskAgainMs: {
    value: 4_000,
    metric: erasuresPending,
    atLimit: 'A node that has not acknowledged an erasure is asked again.',
  },
  requestSweepMs: {
    value: 60_000,
    metric: 'pressbox_append_seconds_count',
    atLimit:
      'So often it is kept how far the clock has come that requests are forgotten by, and some channels are looked at for those to forget.',
  },
  requestSweepChannels: {
    value: 100,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'The next ones are looked at the next time.',
  },
  /** Requests that one script forgets, or gives an end to when their channel is deleted. */
  requestSweepMost: { value: 500, metric: 'pressbox_append_seconds_count', atLimit: 'The rest goes with the next script.' },
  redisRequestsSwept: {
    value: 4,
    metric: 'pressbox_append_seconds_count',
    atLimit: 'Of requests that are forgotten no more are taken away for each one that is added.',
  },
  owedCheckMs: { value: 4_000, metric: erasuresPending, atLimit: 'So often it is looked for erasures that no node sees to.' },
  /** Until then its own node sees to it. */
  owedStaleMs: { value: 5_000, metric: erasuresPending, atLimit: 'One so old is taken up by any node.' },
  /** Those with the rarest of the tags, in one script. A multiple of 64. */
  lookedPosts: {
    value: 1_024,
    metric: storeReachable,
    atLimit: 'Of posts that are to have several tags, so many are looked at before others in the store have their turn.',
  },
  listedChannels: {
    value: 32,
    metric: 'pressbox_front_pages_total{live="newest"}',
    atLimit: 'A list is read in parts of so many channels at the least.',
  },
  /** Each time twice as many, since most may be of another state. */
  askedChannels: {
    value: 512,
    metric: 'pressbox_front_pages_total{live="newest"}',
    atLimit: 'So many channels at the most are asked at once whether they are of the state that a list is to have.',
  },
  listsRead: {
    value: 2,
    metric: problem('journal-unavailable'),
    atLimit: 'One more list waits. Those who ask for the same share one reading.',
  },
  listsWaiting: {
    value: 100,
    metric: problem('journal-unavailable'),
    atLimit: 'One more different list is 503 `journal-unavailable`.',
  },
  /** Counts lines of the index too. Nobody waits longer behind a repair. */
  repairEntries: { value: 200, metric: channelsDamaged, atLimit: 'A channel is repaired in parts of so many entries.' },
  verifyEntries: { value: 32, metric: storeReachable, atLimit: 'A store is verified in parts of so many entries.' },
  verifyLines: { value: 200, metric: storeReachable, atLimit: 'Of its lists, likewise.' },
  verifyConnectMs: {
    value: 5_000,
    metric: storeReachable,
    atLimit: 'A store that is to be verified and does not answer is given up.',
  },
} satisfies LimitTable;
export const redisLimits = valuesOf(redisTable);
