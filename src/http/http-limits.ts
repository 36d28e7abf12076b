import { channelsDamaged, type LimitTable, problem, rateLimited, storeReachable, valuesOf } from '../protocol/limit-table.ts';

/** How long a client may take, and how much may wait here for one that does not read. */
export const httpTable = {
  /** Counts from the first byte, or from the connection if none comes. */
  requestHeadersMs: {
    value: 20_000,
    metric: rateLimited('slow'),
    atLimit: 'Headers that take longer are 408, and the connection is closed.',
  },
  requestMs: { value: 60_000, metric: rateLimited('slow'), atLimit: 'A whole request likewise.' },
  /** All headers of a request. */
  requestHeaderBytes: { value: 16 * 1024, metric: rateLimited('headers'), atLimit: 'More is 431, and the connection is closed.' },
  preferenceCharacters: {
    value: 1_000,
    metric: 'pressbox_preferences_passed_over_total',
    atLimit: 'A longer `Accept`, `Accept-Encoding` or `Accept-Language` counts as not sent.',
  },
  /** A dozen addresses. Counts where a proxy is trusted. */
  forwardedCharacters: {
    value: 500,
    metric: rateLimited('requests'),
    atLimit: 'Of a longer `X-Forwarded-For` the end counts, which the nearest proxies wrote.',
  },
  /** While something is asked or answered. Longer than a poll may be held. */
  idleMs: { value: 60_000, metric: rateLimited('idle'), atLimit: 'A connection on which nothing moves is closed.' },
  /** Longer than proxies keep theirs, so that none sends into one that closes. */
  keepAliveMs: { value: 65_000, metric: 'pressbox_connections', atLimit: 'A connection on which nothing is asked is closed.' },
  /** Requests of one connection that are not answered yet, one of which is worked on. No browser has more than one. */
  pipelinedRequests: {
    value: 16,
    metric: rateLimited('pipelined'),
    atLimit: 'With one more the connection is read no further, and closed after the answers to those before.',
  },
  lingerMs: {
    value: 1_000,
    metric: rateLimited('pipelined'),
    atLimit: 'A client that does not close its end of the connection within this time is cut off.',
  },
  /** Answers of all clients that were made and that the kernel has not taken. */
  unreadAnswerBytes: {
    value: 64 * 1024 * 1024,
    metric: rateLimited('unread'),
    atLimit:
      'An address may hold as much as is still free, one alone half of it; past that its connection that waits longest is closed.',
  },
  /** For files, threads and the store. */
  otherDescriptors: {
    value: 64,
    metric: rateLimited('full'),
    atLimit: 'So many of the file descriptors of a process are not for connections.',
  },
  /** Takes its descriptors from `otherDescriptors`. */
  adminConnections: {
    value: 16,
    metric: rateLimited('full'),
    atLimit: 'One more to the port of `PRESSBOX_ADMIN_PORT` is closed; an address may hold as many as are still free.',
  },
  /** Beyond those that are taken up of everyone. */
  reservedConnections: {
    value: 16,
    metric: rateLimited('full'),
    atLimit:
      'Where all others are taken, one request is answered over each of so many: of an operator, or a write with a token. Others are 429 `rate-limited`.',
  },
  reservedMs: { value: 2_000, metric: rateLimited('full'), atLimit: 'Such a connection on which nothing is asked is closed.' },
  /** A crowd that comes back makes them at one moment. The default of `net.core.somaxconn`. */
  waitingConnections: {
    value: 4_096,
    metric: 'pressbox_connections',
    atLimit:
      "One more is not taken up by the kernel; its client tries again after a second and more. The kernel's own bound is `net.core.somaxconn`.",
  },
  /**
   * Each may take this much longer. A crowd of them that came together is refused in as many portions, so that nobody else waits
   * for long.
   */
  slowCheckMs: { value: 250, metric: rateLimited('slow'), atLimit: 'So often it is looked for requests that take longer.' },
  /** A pause of the process is no time that a client took. */
  standstillMs: {
    value: 1_000,
    metric: rateLimited('slow'),
    atLimit: 'After a longer pause of the process, as of one that was stopped, the deadlines of requests last as much longer.',
  },
  /** Deadlines of today are not reached by those before. */
  standstillsKept: { value: 100, metric: rateLimited('slow'), atLimit: 'Those longest ago are forgotten.' },
  leadAwayMs: {
    value: 1_000,
    metric: 'pressbox_connections',
    atLimit: 'Clients of a server that goes are led away by an answer for so long; later they find the connection closed.',
  },
  lastAnswersMs: {
    value: 2_000,
    metric: 'pressbox_connections',
    atLimit: 'An answer that takes longer is cut when the server ends.',
  },
} satisfies LimitTable;
export const httpLimits = valuesOf(httpTable);

/** Times that answers tell, and bounds on answers. */
export const answerTable = {
  journalRetrySeconds: {
    value: 2,
    metric: problem('journal-unavailable'),
    atLimit: 'Told in `Retry-After` while the journal is unreachable.',
  },
  damagedRetrySeconds: {
    value: 10,
    metric: channelsDamaged,
    atLimit:
      'Told in `Retry-After` of a channel that is damaged, which takes somebody to repair it. Each client is told a random time from half to one and a half of it.',
  },
  slotRetrySeconds: {
    value: 10,
    metric: rateLimited('exports'),
    atLimit: 'Told in `Retry-After` to who finds as many exports or imports under way as may be.',
  },
  startRetrySeconds: {
    value: 2,
    metric: storeReachable,
    atLimit: 'Told in `Retry-After`, by `/readyz` too, while the server starts or drains.',
  },
  momentRetrySeconds: {
    value: 1,
    metric: problem('draining'),
    atLimit:
      'Told in `Retry-After`, or as `retryAfter`, to readers who come while a node drains, ask before they were answered, or met a fault of the server.',
  },
  preflightSeconds: {
    value: 600,
    metric: rateLimited('requests'),
    atLimit: 'After so long a browser asks again whether a page of another origin may read here.',
  },
  /** With its headers it fits into a packet. */
  compressLeastBytes: {
    value: 1_024,
    metric: 'pressbox_compressions_total{how="made"}',
    atLimit: 'A shorter answer is sent as it is.',
  },
  compressionsMost: {
    value: 16,
    metric: 'pressbox_compressions_total{how="passed-over"}',
    atLimit: 'One more answer is sent as it is.',
  },
  compressedBytes: {
    value: 4 * 1024 * 1024,
    metric: 'pressbox_compressions_total{how="forgotten"}',
    atLimit: 'Compressed answers not asked for longest are forgotten, and compressed again.',
  },
  storeProbeMs: {
    value: 2_000,
    metric: storeReachable,
    atLimit: 'So often the store is asked whether it answers, for `/readyz`.',
  },
  securityTxtDays: {
    value: 180,
    metric: rateLimited('requests'),
    atLimit: 'So far ahead is the `Expires` of `/.well-known/security.txt`.',
  },
  securityRepeatMs: {
    value: 60_000,
    metric: 'pressbox_security_lines_left_out_total',
    atLimit: 'In this time the same line of the security log comes once.',
  },
  /** Different ones. */
  securityLines: {
    value: 1_000,
    metric: 'pressbox_security_lines_left_out_total',
    atLimit: 'One more in that time is left out; deeds and refusals are counted apart.',
  },
} satisfies LimitTable;
export const answerLimits = valuesOf(answerTable);

/** How much one address or token may ask. */
export const rateTable = {
  /** Holds for every rate. */
  bucketMs: {
    value: 10_000,
    metric: rateLimited('requests'),
    atLimit: 'A burst is so long a time of the rate; one untouched for so long has it whole again.',
  },
  answerUnitBytes: {
    value: 64 * 1024,
    metric: rateLimited('requests'),
    atLimit:
      'An answer counts as one request more for each further piece of this size that it begins, once it is made, and a `subscribe` likewise.',
  },
  /** Counts for each kind of rate. A bucket takes some 100 bytes. */
  bucketsMost: {
    value: 100_000,
    metric: rateLimited('requests'),
    atLimit: 'Those longest untouched are forgotten, which gives their owners whole ones.',
  },
  wideShares: {
    value: 4,
    metric: rateLimited('share'),
    atLimit: 'All addresses of an IPv6 /48 together lose what they have held longest where they hold more than so many shares.',
  },
  smallestShare: {
    value: 128,
    metric: rateLimited('share'),
    atLimit: 'An address that holds no more than one part in so many loses nothing of it.',
  },
  connectionRetrySeconds: {
    value: 10,
    metric: rateLimited('connections'),
    atLimit: 'Told in `Retry-After` to who has too many connections open.',
  },
} satisfies LimitTable;
export const rateLimits = valuesOf(rateTable);
