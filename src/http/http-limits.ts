import { channelsDamaged, type LimitTable, problem, rateLimited, storeReachable, valuesOf } from '../protocol/limit-table.ts';

/** Time limits for clients, and limits on data that waits for clients. */
export const httpTable = {
  /** Counts from the first byte of a request, or from the connection if no byte arrives. */
  requestHeadersMs: {
    value: 20_000,
    metric: rateLimited('slow'),
    atLimit: 'Slower headers are 408, and the connection is closed.',
  },
  requestMs: { value: 60_000, metric: rateLimited('slow'), atLimit: 'A slower request is 408, and the connection is closed.' },
  /** All headers of a request. */
  requestHeaderBytes: {
    value: 16 * 1024,
    metric: rateLimited('headers'),
    atLimit: 'Larger headers are 431, and the connection is closed.',
  },
  preferenceCharacters: {
    value: 1_000,
    metric: 'pressbox_preferences_passed_over_total',
    atLimit: 'A longer `Accept`, `Accept-Encoding` or `Accept-Language` is ignored.',
  },
  /** About a dozen addresses. Applies if a proxy is trusted. */
  forwardedCharacters: {
    value: 500,
    metric: rateLimited('requests'),
    atLimit: 'In a longer `X-Forwarded-For` only the end counts, which the nearest proxies wrote.',
  },
  /** While a request is in progress. Longer than a poll is held. */
  idleMs: {
    value: 60_000,
    metric: rateLimited('idle'),
    atLimit: 'A connection with a request in progress on which no bytes move is closed.',
  },
  /** Longer than proxies keep idle connections, so that no proxy sends a request into a closing connection. */
  keepAliveMs: { value: 65_000, metric: 'pressbox_connections', atLimit: 'A connection without a request is closed.' },
  /** Unanswered requests of one connection. The server works on one at a time. Browsers send one at a time. */
  pipelinedRequests: {
    value: 16,
    metric: rateLimited('pipelined'),
    atLimit: 'At one more, the server stops reading the connection, answers the requests before it and closes the connection.',
  },
  lingerMs: {
    value: 1_000,
    metric: rateLimited('pipelined'),
    atLimit:
      'After the server has closed its end of a connection, a client that does not close its own end in this time is disconnected.',
  },
  /** Responses to all clients that the kernel has not accepted yet. */
  unreadAnswerBytes: {
    value: 64 * 1024 * 1024,
    metric: rateLimited('unread'),
    atLimit:
      'Memory for responses that clients have not read. One address may use at most as much of it as is still free. Beyond that, its connection that has waited longest is closed.',
  },
  /** For files, threads and the store. */
  otherDescriptors: {
    value: 64,
    metric: rateLimited('full'),
    atLimit: 'File descriptors that the process keeps for other purposes than connections.',
  },
  /** Takes its descriptors from `otherDescriptors`. */
  adminConnections: {
    value: 16,
    metric: rateLimited('full'),
    atLimit:
      'One more connection to the port of `PRESSBOX_ADMIN_PORT` is closed. One address may hold at most as many as are still free.',
  },
  /** In addition to the connections for everyone. */
  reservedConnections: {
    value: 16,
    metric: rateLimited('full'),
    atLimit:
      'If all other connections are in use, this many more are accepted. Each answers one request of an operator or one write with a token. Other requests are 429 `rate-limited`.',
  },
  reservedMs: { value: 2_000, metric: rateLimited('full'), atLimit: 'A reserved connection without a request is closed.' },
  /** A crowd reconnects all at once. This is the default of `net.core.somaxconn`. */
  waitingConnections: {
    value: 4_096,
    metric: 'pressbox_connections',
    atLimit:
      "While this many connections wait to be accepted, the kernel ignores further ones, and their clients retry after a second or more. The kernel's own limit is `net.core.somaxconn`.",
  },
  /**
   * A slow request may take this much longer. Slow requests that began together are refused in batches, so that others do not
   * wait long.
   */
  slowCheckMs: { value: 250, metric: rateLimited('slow'), atLimit: 'Interval at which the server looks for slow requests.' },
  /** A pause of the process does not count against clients. */
  standstillMs: {
    value: 1_000,
    metric: rateLimited('slow'),
    atLimit:
      'After a longer pause of the process, for example when it was stopped, the deadlines of requests are extended by the pause.',
  },
  /** Older pauses cannot affect a current deadline. */
  standstillsKept: { value: 100, metric: rateLimited('slow'), atLimit: 'The oldest pauses are forgotten.' },
  leadAwayMs: {
    value: 1_000,
    metric: 'pressbox_connections',
    atLimit: 'A server that shuts down still answers requests on open connections for this long, then closes them.',
  },
  lastAnswersMs: {
    value: 2_000,
    metric: 'pressbox_connections',
    atLimit: 'A response that takes longer is cut when the server ends.',
  },
} satisfies LimitTable;
export const httpLimits = valuesOf(httpTable);

/** Retry times, and limits of responses. */
export const responseTable = {
  journalRetrySeconds: {
    value: 2,
    metric: problem('journal-unavailable'),
    atLimit: '`Retry-After` while the journal is unreachable.',
  },
  damagedRetrySeconds: {
    value: 10,
    metric: channelsDamaged,
    atLimit:
      '`Retry-After` of a damaged channel. Each client gets a random time between half and one and a half times this value.',
  },
  buildsMost: {
    value: 8,
    metric: 'pressbox_builds{state="running"}',
    atLimit:
      'While this many pages, feeds and lists are being built, further ones wait. Answers that are in a cache are not built.',
  },
  buildsOfAddress: {
    value: 2,
    metric: 'pressbox_builds{state="waiting"}',
    atLimit:
      'While builds of other addresses wait, one address has at most this many at once. All addresses of an IPv6 /48 count as one.',
  },
  waitingBuilds: {
    value: 64,
    metric: rateLimited('builds'),
    atLimit:
      'Further requests for answers that must be built are 429 `rate-limited`. One address may hold at most as many of the places as are still free. The request of a client that disconnects leaves the queue.',
  },
  /** One page or feed is built in many turns. */
  buildTurnMs: {
    value: 3,
    metric: 'pressbox_builds{state="running"}',
    atLimit: 'After this time a build lets other work run, and goes on in its next turn.',
  },
  slotRetrySeconds: {
    value: 10,
    metric: rateLimited('exports'),
    atLimit: '`Retry-After` while the maximum number of exports or imports is running.',
  },
  startRetrySeconds: {
    value: 2,
    metric: storeReachable,
    atLimit: '`Retry-After` while the server starts or drains, also of `/readyz`.',
  },
  momentRetrySeconds: {
    value: 1,
    metric: problem('draining'),
    atLimit:
      '`Retry-After` or `retryAfter` while a node drains, while `waitingBuilds` wait, after a request that came before the previous one was answered, and after a fault of the server.',
  },
  preflightSeconds: {
    value: 600,
    metric: rateLimited('requests'),
    atLimit: 'A browser repeats the preflight request of a page of another origin after this time.',
  },
  /** Fits into one packet with its headers. */
  compressLeastBytes: {
    value: 1_024,
    metric: 'pressbox_compressions_total{how="made"}',
    atLimit: 'A shorter response is not compressed.',
  },
  compressionsMost: {
    value: 16,
    metric: 'pressbox_compressions_total{how="passed-over"}',
    atLimit: 'One more response is sent without compression.',
  },
  compressionTries: {
    value: 8,
    metric: problem('journal-unavailable'),
    atLimit:
      'When something was erased during this many compressions of a response in a row, the request is refused with `journal-unavailable`.',
  },
  compressedBytes: {
    value: 4 * 1024 * 1024,
    metric: 'pressbox_compressions_total{how="forgotten"}',
    atLimit: 'The compressed responses that were not requested for longest are dropped from the cache.',
  },
  storeProbeMs: {
    value: 2_000,
    metric: storeReachable,
    atLimit: 'Interval at which the server probes the store for `/readyz`.',
  },
  securityTxtDays: {
    value: 180,
    metric: rateLimited('requests'),
    atLimit: 'How far in the future `Expires` of `/.well-known/security.txt` is.',
  },
  securityRepeatMs: {
    value: 60_000,
    metric: 'pressbox_security_lines_left_out_total',
    atLimit: 'Equal lines of the security log are written once in this time.',
  },
  /** Different lines in `securityRepeatMs`. */
  securityLines: {
    value: 1_000,
    metric: 'pressbox_security_lines_left_out_total',
    atLimit: 'Further different lines in that time are dropped. Actions and refusals are counted separately.',
  },
} satisfies LimitTable;
export const responseLimits = valuesOf(responseTable);

/** Rate limits of an address or token. */
export const rateTable = {
  /** For every rate. */
  bucketMs: {
    value: 10_000,
    metric: rateLimited('requests'),
    atLimit:
      'A burst may use as much as the rate allows in this time. After this time without requests the full burst is available again.',
  },
  answerUnitBytes: {
    value: 64 * 1024,
    metric: rateLimited('requests'),
    atLimit:
      'A response larger than this counts as one more request for each further piece of this size. The same applies to the answer to `subscribe`.',
  },
  /** Building takes time whatever the size: comparing, reading, rendering. */
  buildRequests: {
    value: 2,
    metric: rateLimited('requests'),
    atLimit:
      'A response that had to be built for its request counts as this many more requests, and by its size before compression, even if the client did not wait for it.',
  },
  /** Per kind of rate. A bucket takes about 100 bytes. */
  bucketsMost: {
    value: 100_000,
    metric: rateLimited('requests'),
    atLimit: 'The buckets that were unused for longest are forgotten, and their owners start with full ones.',
  },
  wideShares: {
    value: 4,
    metric: rateLimited('share'),
    atLimit:
      'All addresses of an IPv6 /48 together may hold as much of a shared resource as this many addresses. Beyond that they lose the connections or requests that they have held for longest.',
  },
  smallestShare: {
    value: 128,
    metric: rateLimited('share'),
    atLimit: 'An address always keeps its part of a shared resource if that is at most the whole divided by this number.',
  },
  connectionRetrySeconds: {
    value: 10,
    metric: rateLimited('connections'),
    atLimit: '`Retry-After` for an address with too many open connections.',
  },
} satisfies LimitTable;
export const rateLimits = valuesOf(rateTable);
