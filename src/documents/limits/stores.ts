import { type AtBounds, erasing, problem, reachable, writable } from './at-bound.ts';

export const embeddedAtBound: AtBounds<'embedded'> = {
  waitingCalls: { what: 'One more is 503 `journal-unavailable`, `unchanged`.', metric: problem('journal-unavailable') },
  transactionOperations: { what: 'Further writes are in the next transaction.', metric: 'pressbox_append_seconds_count' },
  journalCloseMs: {
    what: 'What was begun and is not done is left when the server ends.',
    metric: 'pressbox_appends_total{outcome="unknown"}',
  },
  journalSilentMs: { what: 'A journal that has not answered for so long counts as out of reach.', metric: reachable },
  journalLockMs: { what: 'A lock that is not to be had is tried for again.', metric: reachable },
  journalLogBytes: { what: 'Past it the log is copied into the journal.', metric: 'pressbox_append_seconds_count' },
  journalRoomBytes: {
    what: 'With less room on its disk it is tried whether the journal can still be written.',
    metric: writable,
  },
  journalErasureWaitMs: {
    what: 'An erasure that takes longer is pending, and finished in the background.',
    metric: erasing,
  },
  erasureStepEntries: {
    what: 'The rest of a deleted channel goes in further transactions.',
    metric: erasing,
  },
  erasurePauseFirstMs: { what: 'The pause while a reader of the file still needs what is to be erased.', metric: erasing },
  erasurePauseMostMs: { what: 'The longest one, while someone waits for it.', metric: erasing },
  erasureRetryFirstMs: { what: 'The same in the background.', metric: erasing },
  erasureRetryMostMs: { what: 'The longest one there.', metric: erasing },
  threadRestartFirstMs: { what: 'A thread that ended is started again after so long.', metric: reachable },
  threadRestartMostMs: { what: 'The longest such pause: it doubles while it does not stand.', metric: reachable },
  journalReadLockMs: { what: 'A read that finds the file locked for longer fails.', metric: reachable },
  journalCacheBytes: {
    what: 'Pages of the journal beyond it are read from the disk.',
    metric: 'pressbox_append_seconds_count',
  },
  requestsSwept: {
    what: 'Of requests that are forgotten no more are taken away for each one that is added.',
    metric: 'pressbox_append_seconds_count',
  },
  countedPosts: {
    what: 'Tags that more posts have count as equally common: a page of posts with several of them may look at more posts.',
    metric: 'pressbox_append_seconds_count',
  },
};

export const redisAtBound: AtBounds<'redis'> = {
  replicaWaitMs: {
    what: 'A write that too few replicas have is 503, `unknown`.',
    metric: 'pressbox_appends_total{outcome="unknown"}',
  },
  redisOpenMs: { what: 'A server that has not found its store does not start.', metric: reachable },
  redisCloseMs: {
    what: 'What was begun and is not done is left when the server ends.',
    metric: 'pressbox_appends_total{outcome="unknown"}',
  },
  redisConnectMs: { what: 'A connection that is not there is tried for again.', metric: reachable },
  redisReachMs: { what: 'A server of the store that does not answer is passed over.', metric: reachable },
  replicaTakenMs: { what: 'A replica that lags longer keeps an erasure pending.', metric: erasing },
  redisSilenceMs: { what: 'A connection that gives nothing back is given up.', metric: reachable },
  headsMs: { what: 'So often a node compares what it holds with the journal.', metric: reachable },
  probeMs: { what: 'So often it asks whether it still hears announcements.', metric: reachable },
  settingsMs: { what: "So often the store's settings are looked at again.", metric: 'pressbox_store_unsafe_settings' },
  deadlineMs: { what: 'Comparisons and probes that take longer have failed.', metric: reachable },
  leaseMs: {
    what: 'Without a good comparison for so long, catch-ups and snapshots are 503 and readers hear `store`.',
    metric: reachable,
  },
  countsMs: { what: 'A node that has said nothing for so long is not waited for by erasures.', metric: erasing },
  redisErasureWaitMs: {
    what: 'An erasure that takes longer is pending, and finished by any node.',
    metric: erasing,
  },
  mendingMs: {
    what: 'A mend of which nothing was heard for so long is taken over by another node.',
    metric: problem('journal-unavailable'),
  },
  mendingWaitMs: {
    what: 'Who asks for a channel whose mend takes longer is answered 503.',
    metric: problem('journal-unavailable'),
  },
  mendingListMs: {
    what: 'A list of channels is without one whose mend takes longer, and says so.',
    metric: problem('journal-unavailable'),
  },
  notedMs: { what: 'A note of an erasure that never came is dropped.', metric: reachable },
  rememberedAnnouncements: { what: 'Older ones are forgotten, and a head is asked for instead.', metric: 'pressbox_feeds' },
  erasuresKept: { what: 'A node that missed more drops all that it holds.', metric: 'pressbox_feeds' },
  redisReconnectFirstMs: { what: 'A connection that was lost is made again after so long.', metric: reachable },
  redisReconnectMostMs: { what: 'The longest such pause: it doubles with each attempt in a row.', metric: reachable },
  redisLetGoMs: { what: 'One that is replaced is let go after so long.', metric: reachable },
  redisPollMs: { what: 'So often the server is looked at while something is waited for.', metric: erasing },
  mendLookMs: {
    what: 'So often who waits for a mend looks whether it is done.',
    metric: problem('journal-unavailable'),
  },
  suspicionMs: { what: 'A head that was not heard of is looked at again after so long.', metric: reachable },
  erasureAskAgainMs: { what: 'A node that has not acknowledged an erasure is asked again.', metric: erasing },
  requestSweepMs: {
    what: 'So often it is kept how far the clock has come that requests are forgotten by, and some channels are looked at for those to forget.',
    metric: 'pressbox_append_seconds_count',
  },
  requestSweepChannels: { what: 'The next ones are looked at the next time.', metric: 'pressbox_append_seconds_count' },
  requestSweepMost: { what: 'The rest goes with the next script.', metric: 'pressbox_append_seconds_count' },
  redisRequestsSwept: {
    what: 'Of requests that are forgotten no more are taken away for each one that is added.',
    metric: 'pressbox_append_seconds_count',
  },
  owedCheckMs: { what: 'So often it is looked for erasures that no node sees to.', metric: erasing },
  owedStaleMs: { what: 'One so old is taken up by any node.', metric: erasing },
  lookedPosts: {
    what: 'Of posts that are to have several tags, so many are looked at before others in the store have their turn.',
    metric: reachable,
  },
  listedChannels: {
    what: 'A list is read in parts of so many channels at the least.',
    metric: 'pressbox_front_pages_total{live="newest"}',
  },
  askedChannels: {
    what: 'So many channels at the most are asked at once whether they are of the state that a list is to have.',
    metric: 'pressbox_front_pages_total{live="newest"}',
  },
  listsRead: {
    what: 'One more list waits. Those who ask for the same share one reading.',
    metric: problem('journal-unavailable'),
  },
  listsWaiting: { what: 'One more different list is 503 `journal-unavailable`.', metric: problem('journal-unavailable') },
  mendEntries: { what: 'A channel is mended in parts of so many entries.', metric: problem('journal-unavailable') },
  verifyEntries: { what: 'A store is verified in parts of so many entries.', metric: reachable },
  verifyLines: { what: 'Of its lists, likewise.', metric: reachable },
  verifyConnectMs: { what: 'A store that is to be verified and does not answer is given up.', metric: reachable },
};
