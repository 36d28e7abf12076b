import { deskLimits } from './desk/limits.ts';
import { httpLimits } from './edge/http.ts';
import { answerLimits } from './edge/limits.ts';
import { rateLimits } from './edge/rates.ts';
import { tokenLimits } from './edge/tokens.ts';
import { embeddedLimits } from './engine/embedded/limits.ts';
import { redisLimits } from './engine/redis/limits.ts';
import { fanoutLimits } from './fanout/limits.ts';
import { limits } from './protocol/limits.ts';
import type { ProblemCode } from './protocol/problems.ts';
import { readerLimits } from './reader/limits.ts';
import { logLimits } from './telemetry/log.ts';
import { workerLimits } from './workers/limits.ts';

/**
 * Every limit of the server: what happens at it, and the series of `/metrics` that shows that it happens. A new limit does not compile
 * until it stands here. Their values are in `pressbox_limit{name}`.
 */
interface AtBound {
  what: string;
  /** As Prometheus selects it. */
  metric: string;
}

interface Group<L extends Readonly<Record<string, number>>> {
  title: string;
  values: L;
  atBound: { readonly [Name in keyof L]: AtBound };
}

const problem = (code: ProblemCode) => `pressbox_problems_total{code="${code}"}`;
const closed = (kind: string) => `pressbox_rate_limited_total{kind="${kind}"}`;
const ended = (reason: string) => `pressbox_subscriptions_ended_total{reason="${reason}"}`;
const fed = 'pressbox_feed_pages_total{format="atom"}';
const reachable = 'pressbox_store_reachable';
const erasing = 'pressbox_erasures_pending';
const workers = (how: string) => `pressbox_worker_ends_total{how="${how}"}`;
const cutInLog = 'pressbox_log_cuts_total';
const refusedField: AtBound = { what: 'More is 400 `invalid-body`, which names the field.', metric: problem('invalid-body') };

function group<L extends Readonly<Record<string, number>>>(title: string, values: L, atBound: Group<L>['atBound']): Group<L> {
  return { title, values, atBound };
}

export const limitGroups = [
  group('What goes over the wire', limits, {
    bodyBytes: { what: 'A larger body, also once it is decompressed, is 413 `too-large`.', metric: problem('too-large') },
    importLineBytes: { what: 'A longer line of an import is 413 `too-large`.', metric: problem('too-large') },
    eventBytes: { what: 'Held by the two below.', metric: problem('invalid-body') },
    postBytes: { what: 'A larger post, without its history, is 400 `invalid-body`.', metric: problem('invalid-body') },
    htmlBytes: { what: 'A body that becomes more HTML is 400 `invalid-body`.', metric: problem('invalid-body') },
    answerBytes: {
      what: 'Posts or events of an answer are cut there, at least one is given, and `more` says so.',
      metric: 'pressbox_catch_ups_total{mode="replay"}',
    },
    bodyNesting: { what: 'Deeper JSON is 400 `invalid-body`.', metric: problem('invalid-body') },
    problemErrors: { what: 'The first ones are told.', metric: problem('invalid-body') },
    placeNameCharacters: {
      what: 'A longer name in such an error is cut, and ends in an ellipsis.',
      metric: problem('invalid-body'),
    },
    placeDepth: { what: 'The place that it tells of is the outer one.', metric: problem('invalid-body') },
    cursorCharacters: { what: 'Longer text is 400 `invalid-cursor`.', metric: problem('invalid-cursor') },
    channelIdCharacters: { what: 'A longer id is 400 `invalid-body`; in a path it is 404.', metric: problem('invalid-body') },
    idempotencyKeyCharacters: { what: 'A longer key is 400 `invalid-body`.', metric: problem('invalid-body') },
    idempotencyHours: {
      what: 'A key is forgotten after that, and the same request is a new one.',
      metric: 'pressbox_appends_total{outcome="duplicate"}',
    },
    headlineCharacters: refusedField,
    standfirstCharacters: refusedField,
    sectionCharacters: refusedField,
    bodyCharacters: refusedField,
    noteCharacters: refusedField,
    altCharacters: refusedField,
    captionCharacters: refusedField,
    textCharacters: refusedField,
    urlCharacters: refusedField,
    channelByline: refusedField,
    postAuthors: refusedField,
    postSources: refusedField,
    postMedia: refusedField,
    mediaPixels: refusedField,
    postDerivedFrom: refusedField,
    historyChanges: {
      what: 'The oldest go; in a post the oldest refiles and updates first.',
      metric: 'pressbox_appends_total{outcome="appended"}',
    },
    historyBytes: { what: 'Likewise.', metric: 'pressbox_appends_total{outcome="appended"}' },
    snapshotKeyEvents: { what: 'The newest are given.', metric: 'pressbox_catch_ups_total{mode="snapshot"}' },
    pageDefault: { what: 'So many are given where nothing is asked for.', metric: 'pressbox_catch_ups_total{mode="snapshot"}' },
    pageMost: { what: 'A larger `limit` is 400 `invalid-body`.', metric: problem('invalid-body') },
    feedPageDefault: { what: 'So many posts are on a page of a feed where nothing is asked for.', metric: fed },
    feedTold: {
      what: 'Of older posts that were corrected or withdrawn, so many of the last are on the first page of a feed.',
      metric: fed,
    },
    feedToldBytes: { what: 'Likewise, one at least.', metric: fed },
    catchUpDefault: {
      what: 'So many events are given where nothing is asked for.',
      metric: 'pressbox_catch_ups_total{mode="replay"}',
    },
    catchUpMost: { what: 'A larger `limit` is 400 `invalid-body`.', metric: problem('invalid-body') },
    waitSeconds: {
      what: 'A longer `wait` is 400 `invalid-body`; a held poll is answered without events.',
      metric: 'pressbox_readers{transport="poll"}',
    },
    socketChannels: { what: 'One more subscribe is refused with `invalid-body`.', metric: problem('invalid-body') },
    socketMessageBytes: { what: 'A longer message closes the connection.', metric: 'pressbox_readers{transport="socket"}' },
    socketMisuses: { what: 'After so many the socket is disconnected.', metric: closed('misused') },
    grantedChannels: { what: 'A token that grants a right in more is 401 `token-invalid`.', metric: problem('token-invalid') },
    revokedTokens: {
      what: 'One more is 409 `revocations-full` until one of them has expired.',
      metric: 'pressbox_revoked_tokens',
    },
    sessionHours: { what: 'A session has ended, and its token is to be exchanged again.', metric: problem('token-missing') },
    sessionCharacters: {
      what: 'A token whose session would not fit into a cookie is 413 `too-large`.',
      metric: problem('too-large'),
    },
    pingSeconds: { what: 'So often the other end is asked whether it is there.', metric: 'pressbox_readers{transport="socket"}' },
    pingTimeoutSeconds: { what: 'A socket that does not answer is closed.', metric: 'pressbox_readers{transport="socket"}' },
  }),
  group('Readers who are connected', readerLimits, {
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
    previewCharacters: {
      what: 'What the preview of a link to a post says likewise.',
      metric: 'pressbox_catch_ups_total{mode="snapshot"}',
    },
    windowAbove: { what: 'Posts further above are on the page before.', metric: 'pressbox_catch_ups_total{mode="snapshot"}' },
  }),
  group('What a channel holds in memory', fanoutLimits, {
    tailOffsets: {
      what: 'Who is further behind reads from the journal; who falls behind is told `slow`.',
      metric: ended('slow'),
    },
    tailBytes: { what: 'Likewise.', metric: ended('slow') },
    catchUpBytes: {
      what: 'A replay is cut there, at least one event is given, and `more` says so: over a narrow line it comes in time.',
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
  }),
  group('Requests', httpLimits, {
    requestHeadersMs: { what: 'Headers that take longer are 408, and the connection is closed.', metric: closed('slow') },
    requestMs: { what: 'A whole request likewise.', metric: closed('slow') },
    requestHeaderBytes: { what: 'More is 431, and the connection is closed.', metric: closed('headers') },
    preferenceCharacters: {
      what: 'A longer `Accept`, `Accept-Encoding` or `Accept-Language` counts as not sent.',
      metric: 'pressbox_preferences_passed_over_total',
    },
    forwardedCharacters: {
      what: 'Of a longer `X-Forwarded-For` the end counts, which the nearest proxies wrote.',
      metric: closed('requests'),
    },
    idleMs: { what: 'A connection on which nothing moves is closed.', metric: closed('idle') },
    keepAliveMs: { what: 'A connection on which nothing is asked is closed.', metric: 'pressbox_connections' },
    pipelinedRequests: { what: 'One more waiting request closes the connection.', metric: closed('pipelined') },
    unreadAnswerBytes: {
      what: 'Past it, summed over clients, the connections that wait longest are closed.',
      metric: closed('unread'),
    },
    waitingConnections: {
      what: "One more is not taken up by the kernel; its client tries again after a second and more. The kernel's own bound is `net.core.somaxconn`.",
      metric: 'pressbox_connections',
    },
    slowCheckMs: { what: 'So often it is looked for requests that take longer.', metric: closed('slow') },
    unreadCheckMs: { what: 'So often it is looked how much waits to be taken.', metric: closed('unread') },
    leadAwayMs: {
      what: 'Clients of a server that goes are led away by an answer for so long; later they find the connection closed.',
      metric: 'pressbox_connections',
    },
    lastAnswersMs: { what: 'An answer that takes longer is cut when the server ends.', metric: 'pressbox_connections' },
  }),
  group('Answers', answerLimits, {
    journalRetrySeconds: {
      what: 'Told in `Retry-After` while the journal is out of reach.',
      metric: problem('journal-unavailable'),
    },
    slotRetrySeconds: {
      what: 'Told in `Retry-After` to who finds as many exports or imports under way as may be.',
      metric: closed('exports'),
    },
    startRetrySeconds: { what: 'Told in `Retry-After` by `/readyz` while the server starts or drains.', metric: reachable },
    preflightSeconds: {
      what: 'After so long a browser asks again whether a page of another origin may read here.',
      metric: closed('requests'),
    },
    storeProbeMs: { what: 'So often the store is asked whether it answers, for `/readyz`.', metric: reachable },
  }),
  group('Rates', rateLimits, {
    bucketMs: {
      what: 'A burst is so long a time of the rate; one untouched for so long has it whole again.',
      metric: closed('requests'),
    },
    bucketsMost: {
      what: 'Those longest untouched are forgotten, which gives their owners whole ones.',
      metric: closed('requests'),
    },
    connectionRetrySeconds: {
      what: 'Told in `Retry-After` to who has too many connections open.',
      metric: closed('connections'),
    },
  }),
  group('Tokens', tokenLimits, {
    tokenCharacters: { what: 'A longer token is 401 `token-invalid`, unread.', metric: problem('token-invalid') },
    clockSkewMs: {
      what: 'A token whose `iat` or `nbf` is further in the future is 401 `token-invalid`.',
      metric: problem('token-invalid'),
    },
    jwksTimeoutMs: {
      what: "Where the issuer's keys take longer it is 401 `token-invalid`, with `retryAfter`.",
      metric: problem('token-invalid'),
    },
    jwksRetrySeconds: { what: 'That `retryAfter`.', metric: problem('token-invalid') },
    jwksKeptMs: { what: "The issuer's keys are asked for again after it.", metric: problem('token-invalid') },
    jwksPauseMs: {
      what: 'A token with a key that the issuer did not name so lately is 401 `token-invalid`, with `retryAfter`.',
      metric: problem('token-invalid'),
    },
    rememberedTokenMs: { what: 'A token that was right so long ago is checked again.', metric: problem('token-invalid') },
    rememberedTokens: { what: 'Past it all are checked again.', metric: problem('token-invalid') },
  }),
  group('Writing', deskLimits, {
    decisionTries: {
      what: 'A write that others keep overtaking is 503 `journal-unavailable`.',
      metric: 'pressbox_appends_total{outcome="conflict"}',
    },
    erasureWaitMs: {
      what: 'An erasure that takes longer is answered 202, with what is pending.',
      metric: erasing,
    },
    derivedPages: {
      what: 'Posts further back are not named in `derived`.',
      metric: 'pressbox_appends_total{outcome="appended"}',
    },
    knownChannelMs: {
      what: 'A channel that was read so long ago is read again before a post.',
      metric: 'pressbox_appends_total{outcome="conflict"}',
    },
    knownChannels: { what: 'Past it all are read again.', metric: 'pressbox_appends_total{outcome="conflict"}' },
    importsMost: { what: 'One more import is 429 `rate-limited`.', metric: closed('imports') },
    importLines: { what: 'The rest follows, once these are taken.', metric: 'pressbox_transfers{kind="imports"}' },
    importCharacters: { what: 'Likewise.', metric: 'pressbox_transfers{kind="imports"}' },
    importConflicts: { what: 'Further ones are counted.', metric: 'pressbox_transfers{kind="imports"}' },
    importRestMs: {
      what: 'What comes after a line that was refused is read for so long, then the connection is closed.',
      metric: 'pressbox_transfers{kind="imports"}',
    },
    markdownNesting: { what: 'Deeper lists and quotes are 400 `invalid-body`.', metric: problem('invalid-body') },
    revokedBeyondHours: {
      what: 'Whoever revokes a token has it remembered so much longer than it says.',
      metric: 'pressbox_revoked_tokens',
    },
    slugCandidates: { what: 'A headline whose ids are all taken is 409 `channel-exists`.', metric: problem('channel-exists') },
  }),
  group('The embedded journal', embeddedLimits, {
    waitingCalls: { what: 'One more is 503 `journal-unavailable`, `unchanged`.', metric: problem('journal-unavailable') },
    transactionOperations: { what: 'Further writes are in the next transaction.', metric: 'pressbox_append_seconds_count' },
    journalCloseMs: {
      what: 'What was begun and is not done is left when the server ends.',
      metric: 'pressbox_appends_total{outcome="unknown"}',
    },
    journalLockMs: { what: 'A lock that is not to be had is tried for again.', metric: reachable },
    journalLogBytes: { what: 'Past it the log is copied into the journal.', metric: 'pressbox_append_seconds_count' },
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
  }),
  group('The journal in Redis or Valkey', redisLimits, {
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
    mendEntries: { what: 'A channel is mended in parts of so many entries.', metric: problem('journal-unavailable') },
    verifyEntries: { what: 'A store is verified in parts of so many entries.', metric: reachable },
    verifyLines: { what: 'Of its lists, likewise.', metric: reachable },
    verifyConnectMs: { what: 'A store that is to be verified and does not answer is given up.', metric: reachable },
  }),
  group('Several processes on a port', workerLimits, {
    workersMost: { what: 'A larger `PRESSBOX_WORKERS` is refused at the start; `auto` is no more.', metric: 'pressbox_workers' },
    workerRestartFirstMs: { what: 'A worker that died is followed by another after so long.', metric: workers('died') },
    workerRestartMostMs: {
      what: 'The longest such pause: it doubles with each death in a row.',
      metric: workers('died'),
    },
    workerDeathsMost: {
      what: 'With so many deaths in a row the whole server drains its readers and ends, with the exit code 70.',
      metric: workers('died'),
    },
    workerSteadyMs: {
      what: 'Deaths before a worker served for so long are not in a row with what follows.',
      metric: workers('died'),
    },
    workerStartMs: { what: 'A worker that does not serve by then is killed.', metric: workers('died') },
    workerEndMs: { what: 'A worker that was told to end and has not is killed.', metric: workers('died') },
    workerSignMs: { what: 'So often a worker says that it is there.', metric: workers('silent') },
    workerSilentMs: {
      what: 'A worker that gave no sign for so long is killed, and followed by another.',
      metric: workers('silent'),
    },
    workerReportMs: {
      what: '`/metrics` tells of a worker that does not answer what it said last.',
      metric: 'pressbox_workers',
    },
  }),
  group('The log', logLimits, {
    logWaitingBytes: {
      what: 'So much waits where nothing can be written, as on a full disk; further lines are left out, and the server goes on.',
      metric: 'pressbox_log_lines_dropped_total',
    },
    logRetryMs: {
      what: 'Where whoever reads the log takes no more, what waits is tried again so often.',
      metric: 'pressbox_log_lines_dropped_total',
    },
    logLastTries: {
      what: 'As a process ends, so often and a tenth of a second apart; then it ends without.',
      metric: 'pressbox_log_lines_dropped_total',
    },
    logTextCharacters: { what: 'A longer text in a line is cut, and ends in an ellipsis.', metric: cutInLog },
    logItems: { what: 'Of a longer list, or more fields, the first are told, and how many more there are.', metric: cutInLog },
    logDepth: { what: 'What is deeper is `[left out]`.', metric: cutInLog },
    logStackFrames: { what: 'Of an error the innermost places are told.', metric: cutInLog },
  }),
] as const;

/** Every limit by its name in `pressbox_limit`. */
export const allLimits: Readonly<Record<string, number>> = Object.assign({}, ...limitGroups.map(({ values }) => values));

/** What operators set, in the same words. */
const configured = [
  {
    name: 'PRESSBOX_WRITES_PER_SECOND',
    what: 'Further writes of a token are 429 `rate-limited`.',
    metric: closed('writes'),
  },
  {
    name: 'PRESSBOX_REQUESTS_PER_SECOND',
    what: 'Further requests and handshakes of an address are 429 `rate-limited`; an EventSource is told to come back.',
    metric: closed('requests'),
  },
  {
    name: 'PRESSBOX_CONNECTIONS_PER_ADDRESS',
    what: 'One more socket or stream of an address is 429 `rate-limited`; an EventSource is told to come back.',
    metric: closed('connections'),
  },
] as const;

/** Every series that the docs name. */
export const namedSeries: readonly string[] = [
  ...new Set([
    ...limitGroups.flatMap(({ atBound }) => Object.values<AtBound>(atBound).map(({ metric }) => metric)),
    ...configured.map(({ metric }) => metric),
  ]),
];

/** The tables of the docs, in Markdown. */
export function limitTables(defaults: Readonly<Record<string, string>>): string {
  const head = ['| limit | value | at the bound | seen in |', '| --- | --- | --- | --- |'];
  const row = (name: string, value: string, { what, metric }: AtBound) => `| \`${name}\` | ${value} | ${what} | \`${metric}\` |`;
  const tables = limitGroups.map(({ title, values, atBound }) => {
    const bounds = new Map(Object.entries<AtBound>(atBound));
    const rows = Object.entries<number>(values).map(([name, value]) =>
      row(name, withUnit(name, value), bounds.get(name) as AtBound),
    );
    return [`## ${title}`, '', ...head, ...rows].join('\n');
  });
  const set = configured.map(({ name, ...bound }) => row(name, `${defaults[name]} by default`, bound));
  return [['## What operators set', '', ...head, ...set].join('\n'), ...tables].join('\n\n');
}

/** The unit stands at the end of the name. */
function withUnit(name: string, value: number): string {
  if (/Bytes(PerSecond)?$/.test(name)) return `${bytes(value)}${name.endsWith('PerSecond') ? ' a second' : ''}`;
  if (name.endsWith('Ms')) return value >= 1_000 ? `${value / 1_000} s` : `${value} ms`;
  if (name.endsWith('Seconds')) return `${value} s`;
  if (name.endsWith('Hours')) return `${value} h`;
  if (name.endsWith('Characters')) return `${value.toLocaleString('en')} characters`;
  return value.toLocaleString('en');
}

function bytes(value: number): string {
  const [size, unit] = value % (1024 * 1024) === 0 ? [value / (1024 * 1024), 'MiB'] : [value / 1024, 'KiB'];
  return `${size.toLocaleString('en')} ${unit}`;
}
