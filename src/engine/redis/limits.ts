/** Bounds of the journal in Redis, and what happens there. Each is also a metric, `pressbox_limit{name}`. */
export const redisLimits = {
  /** How long replicas are waited for, where some must acknowledge a write. */
  replicaWaitMs: 1_000,
  /** How long a start waits for Redis, and an end for what was begun. */
  redisOpenMs: 10_000,
  redisCloseMs: 5_000,
  /** A connection, and what is to be known of a server and its replicas, are given up after this long. */
  redisConnectMs: 2_000,
  redisReachMs: 2_000,
  replicaTakenMs: 5_000,
  /** How long an unanswered command may keep a connection that gives nothing back. */
  redisSilenceMs: 3_000,
  /** Heads are compared, and the node's heartbeat given, this often; probes go twice as often. */
  headsMs: 2_000,
  probeMs: 1_000,
  /** Settings that were safe may have been changed, and replicas joined: looked at this often. */
  settingsMs: 10_000,
  /** Heads and probes are given up after this long. */
  deadlineMs: 1_000,
  /** Without a good comparison for this long, what this node holds may be old. */
  leaseMs: 5_000,
  /** A node counts for this long after its last heartbeat: longer than its lease. */
  countsMs: 15_000,
  /** How long one who asks for an erasure waits for it, before being told what is pending. */
  redisErasureWaitMs: 3_000,
  /** A channel that is being mended is taken over after this long without a word of who does, and waited for by who asks this long. */
  mendingMs: 3_000,
  mendingWaitMs: 10_000,
  /** The same of a list of channels, which is whole without it but for that one: once, from when the mend began. */
  mendingListMs: 1_000,
  /** A channel stays noted for this long: what notes it comes before the entry that erases. */
  notedMs: 60_000,
  /** Announcements of a channel that are remembered, to tell a head that was heard of from one that was not. */
  rememberedAnnouncements: 256,
  /** Erasures that the registry keeps for nodes that were deaf. */
  erasuresKept: 10_000,
  /** A connection that was lost is made again after this long at first, doubled up to the most, with jitter; one given up is let go. */
  redisReconnectFirstMs: 100,
  redisReconnectMostMs: 1_000,
  redisLetGoMs: 100,
  /** Between two looks at the server while something is waited for; and for another node that mends. */
  redisPollMs: 20,
  mendLookMs: 100,
  /** A head that was not heard of may be on its way here: looked at again after this long. */
  suspicionMs: 250,
  /** Who has not acknowledged an erasure by then is asked again. */
  erasureAskAgainMs: 4_000,
  /** The clock of requests is kept this often, and so many channels are looked at then for requests to forget, so many at a time. So many of a deleted channel are given an end at a time. */
  requestSweepMs: 60_000,
  requestSweepChannels: 100,
  requestSweepMost: 500,
  /** Requests that are too old and are taken away for each one that is added. */
  redisRequestsSwept: 4,
  /** How often what is owed by any channel is looked at, and how old it must be: until then its own node sees to it. */
  owedCheckMs: 4_000,
  owedStaleMs: 5_000,
  /** Posts with the rarest of several tags that one script asks for the others; then others have their turn. A multiple of 64. */
  lookedPosts: 1_024,
  /** Channels that are read at once for a list, at least. */
  listedChannels: 32,
  /** Channels that are asked at once whether they are listed, at most: each time twice as many, since most may be of another state. */
  askedChannels: 512,
  /** Different lists of channels that are read at a time, and that wait to be. */
  listsRead: 2,
  listsWaiting: 100,
  /** Entries of a channel, and lines of its index, that are read and written at once while it is mended, so that nobody waits behind it. */
  mendEntries: 200,
  /** Read with one command while a store is verified: entries with their texts, and lines of the index or the registry. */
  verifyEntries: 32,
  verifyLines: 200,
  verifyConnectMs: 5_000,
} as const;
