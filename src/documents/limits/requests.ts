import { type AtBounds, closed, problem, reachable } from './at-bound.ts';

export const requestsAtBound: AtBounds<'requests'> = {
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
  pipelinedRequests: {
    what: 'With one more the connection is read no further, and closed after the answers to those before.',
    metric: closed('pipelined'),
  },
  lingerMs: {
    what: 'A client that keeps its end of a connection so closed open for longer is cut off.',
    metric: closed('pipelined'),
  },
  unreadAnswerBytes: {
    what: 'An address may hold as much as is still free, one alone half of it; past that its connection that waits longest is closed.',
    metric: closed('unread'),
  },
  otherDescriptors: {
    what: 'So many of the file descriptors of a process are not for connections.',
    metric: closed('full'),
  },
  adminConnections: {
    what: 'One more to the port of `PRESSBOX_ADMIN_PORT` is closed; an address may hold as many as are still free.',
    metric: closed('full'),
  },
  reservedConnections: {
    what: 'Where all others are taken, one request is answered over each of so many: of an operator, or a write with a token. Others are 429 `rate-limited`.',
    metric: closed('full'),
  },
  reservedMs: { what: 'Such a connection on which nothing is asked is closed.', metric: closed('full') },
  waitingConnections: {
    what: "One more is not taken up by the kernel; its client tries again after a second and more. The kernel's own bound is `net.core.somaxconn`.",
    metric: 'pressbox_connections',
  },
  slowCheckMs: { what: 'So often it is looked for requests that take longer.', metric: closed('slow') },
  standstillMs: {
    what: 'After a longer pause of the process, as of one that was stopped, the deadlines of requests last as much longer.',
    metric: closed('slow'),
  },
  standstillsKept: { what: 'Those longest ago are forgotten.', metric: closed('slow') },
  leadAwayMs: {
    what: 'Clients of a server that goes are led away by an answer for so long; later they find the connection closed.',
    metric: 'pressbox_connections',
  },
  lastAnswersMs: { what: 'An answer that takes longer is cut when the server ends.', metric: 'pressbox_connections' },
};

export const answersAtBound: AtBounds<'answers'> = {
  journalRetrySeconds: {
    what: 'Told in `Retry-After` while the journal is out of reach.',
    metric: problem('journal-unavailable'),
  },
  slotRetrySeconds: {
    what: 'Told in `Retry-After` to who finds as many exports or imports under way as may be.',
    metric: closed('exports'),
  },
  compressLeastBytes: {
    what: 'A shorter answer is sent as it is.',
    metric: 'pressbox_compressions_total{how="made"}',
  },
  compressionsMost: {
    what: 'One more answer is sent as it is.',
    metric: 'pressbox_compressions_total{how="passed-over"}',
  },
  compressedBytes: {
    what: 'Compressed answers not asked for longest are forgotten, and compressed again.',
    metric: 'pressbox_compressions_total{how="forgotten"}',
  },
  momentRetrySeconds: {
    what: 'Told in `Retry-After`, or as `retryAfter`, to readers who come while a node drains, ask before they were answered, or met a fault of the server.',
    metric: problem('draining'),
  },
  startRetrySeconds: { what: 'Told in `Retry-After`, by `/readyz` too, while the server starts or drains.', metric: reachable },
  preflightSeconds: {
    what: 'After so long a browser asks again whether a page of another origin may read here.',
    metric: closed('requests'),
  },
  securityTxtDays: {
    what: 'So far ahead is the `Expires` of `/.well-known/security.txt`.',
    metric: closed('requests'),
  },
  securityRepeatMs: {
    what: 'In this time the same line of the security log comes once.',
    metric: 'pressbox_security_lines_left_out_total',
  },
  securityLines: {
    what: 'One more in that time is left out; deeds and refusals are counted apart.',
    metric: 'pressbox_security_lines_left_out_total',
  },
  storeProbeMs: { what: 'So often the store is asked whether it answers, for `/readyz`.', metric: reachable },
};

export const ratesAtBound: AtBounds<'rates'> = {
  bucketMs: {
    what: 'A burst is so long a time of the rate; one untouched for so long has it whole again.',
    metric: closed('requests'),
  },
  answerUnitBytes: {
    what: 'An answer counts as one request more for each further piece of this size that it begins, once it is made, and a `subscribe` likewise.',
    metric: closed('requests'),
  },
  bucketsMost: {
    what: 'Those longest untouched are forgotten, which gives their owners whole ones.',
    metric: closed('requests'),
  },
  wideShares: {
    what: 'All addresses of an IPv6 /48 together lose what they have held longest where they hold more than so many shares.',
    metric: closed('share'),
  },
  smallestShare: {
    what: 'An address that holds no more than one part in so many loses nothing of it.',
    metric: closed('share'),
  },
  connectionRetrySeconds: {
    what: 'Told in `Retry-After` to who has too many connections open.',
    metric: closed('connections'),
  },
};

export const tokensAtBound: AtBounds<'tokens'> = {
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
  jwksFailurePauseMs: {
    what: 'Until then a token that asks for its keys is 401 `token-invalid`, with `retryAfter`, and the issuer is left alone.',
    metric: problem('token-invalid'),
  },
  rememberedTokenMs: { what: 'A token that was right so long ago is checked again.', metric: problem('token-invalid') },
  rememberedTokens: { what: 'Past it all are checked again.', metric: problem('token-invalid') },
};
