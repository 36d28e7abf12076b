import {
  answerBytes,
  cursorCharacters,
  eventBytes,
  idempotencyHours,
  idempotencyKeyCharacters,
  pageMost,
  pingSeconds,
  pingTimeoutSeconds,
  snapshotKeyEvents,
} from './client-limits.ts';
import { type Limit, type LimitTable, problem, rateLimited, valuesOf } from './limit-table.ts';

/** A limit of a field of a post or channel. */
const field = (value: number): Limit => ({
  value,
  metric: problem('invalid-body'),
  atLimit: 'More is 400 `invalid-body`, which names the field.',
});

/** Every limit of the wire; characters are Unicode code points. What browsers heed is in `client-limits.ts`. */
export const wireTable = {
  bodyBytes: {
    value: 1024 * 1024,
    metric: problem('too-large'),
    atLimit: 'A larger body, also once it is decompressed, is 413 `too-large`.',
  },
  /** Bounds one line. Their number has no bound. */
  importLineBytes: {
    value: 1024 * 1024,
    metric: problem('too-large'),
    atLimit: 'A longer line of an import is 413 `too-large`.',
  },
  importBlankLines: {
    value: 10_000,
    metric: problem('too-large'),
    atLimit: 'An import with more blank lines is 413 `too-large`.',
  },
  /** Counts the JSON, on any transport. */
  eventBytes: { value: eventBytes, metric: problem('invalid-body'), atLimit: 'Held by the two below.' },
  /** With `historyBytes` and the event's own fields it stays below `eventBytes`. */
  postBytes: {
    value: 448 * 1024,
    metric: problem('invalid-body'),
    atLimit: 'A larger post, without its history, is 400 `invalid-body`.',
  },
  /** Checked while rendering, not after. */
  htmlBytes: {
    value: 256 * 1024,
    metric: problem('invalid-body'),
    atLimit: 'A body that becomes more HTML is 400 `invalid-body`.',
  },
  /** Counts the JSON. The next page brings the rest. */
  answerBytes: {
    value: answerBytes,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit: 'Posts or events of an answer are cut there, at least one is given, and `more` says so.',
  },
  /** Our schemas need four. */
  bodyNesting: { value: 16, metric: problem('invalid-body'), atLimit: 'Deeper JSON is 400 `invalid-body`.' },
  /** A stranger's input does not choose the size of our answer. */
  problemErrors: { value: 20, metric: problem('invalid-body'), atLimit: 'The first ones are told.' },
  /** The name is a stranger's text. */
  placeNameCharacters: {
    value: 60,
    metric: problem('invalid-body'),
    atLimit: 'A longer name in such an error is cut, and ends in an ellipsis.',
  },
  placeDepth: { value: 10, metric: problem('invalid-body'), atLimit: 'The place that it tells of is the outer one.' },
  cursorCharacters: {
    value: cursorCharacters,
    metric: problem('invalid-cursor'),
    atLimit: 'Longer text is 400 `invalid-cursor`.',
  },
  channelIdCharacters: {
    value: 96,
    metric: problem('invalid-body'),
    atLimit: 'A longer id is 400 `invalid-body`; in a path it is 404.',
  },
  idempotencyKeyCharacters: {
    value: idempotencyKeyCharacters,
    metric: problem('invalid-body'),
    atLimit: 'A longer key is 400 `invalid-body`.',
  },
  idempotencyHours: {
    value: idempotencyHours,
    metric: 'pressbox_appends_total{outcome="duplicate"}',
    atLimit: 'A key is forgotten after that, and the same request is a new one.',
  },

  headlineCharacters: field(300),
  standfirstCharacters: field(1_000),
  sectionCharacters: field(80),
  bodyCharacters: field(50_000),
  noteCharacters: field(1_000),
  altCharacters: field(1_000),
  captionCharacters: field(1_000),
  textCharacters: field(300),
  urlCharacters: field(2_048),
  channelByline: field(20),
  postAuthors: field(10),
  postSources: field(10),
  postMedia: field(20),
  /** Width and height of an image or a video. */
  mediaPixels: field(100_000),
  postDerivedFrom: field(50),
  /** In a post or channel. */
  historyChanges: {
    value: 50,
    metric: 'pressbox_appends_total{outcome="appended"}',
    atLimit: 'The oldest go; in a post the oldest refiles and updates first.',
  },
  /** In a post. */
  historyBytes: { value: 32 * 1024, metric: 'pressbox_appends_total{outcome="appended"}', atLimit: 'Likewise.' },
  snapshotKeyEvents: {
    value: snapshotKeyEvents,
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
    atLimit: 'The newest are given.',
  },

  pageDefault: {
    value: 20,
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
    atLimit: 'So many are given where nothing is asked for.',
  },
  pageMost: { value: pageMost, metric: problem('invalid-body'), atLimit: 'A larger `limit` is 400 `invalid-body`.' },
  feedPageDefault: {
    value: 50,
    metric: 'pressbox_feed_pages_total{format="atom"}',
    atLimit: 'So many posts are on a page of a feed where nothing is asked for.',
  },
  feedTold: {
    value: 20,
    metric: 'pressbox_feed_pages_total{format="atom"}',
    atLimit: 'Of older posts that were corrected or withdrawn, so many of the last are on the first page of a feed.',
  },
  /** Together, as JSON. */
  feedToldBytes: { value: 256 * 1024, metric: 'pressbox_feed_pages_total{format="atom"}', atLimit: 'Likewise, one at least.' },
  catchUpDefault: {
    value: 500,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit: 'So many events are given where nothing is asked for.',
  },
  catchUpMost: { value: 1_000, metric: problem('invalid-body'), atLimit: 'A larger `limit` is 400 `invalid-body`.' },
  waitSeconds: {
    value: 30,
    metric: 'pressbox_readers{transport="poll"}',
    atLimit: 'A longer `wait` is 400 `invalid-body`; a held poll is answered without events.',
  },

  socketChannels: { value: 100, metric: problem('invalid-body'), atLimit: 'One more subscribe is refused with `invalid-body`.' },
  /** Bounds what a client sends. */
  socketMessageBytes: {
    value: 16 * 1024,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'A longer message closes the connection.',
  },
  /** A part takes four seconds over 32 kbit/s. */
  socketPartBytes: {
    value: 16 * 1024,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit:
      'A longer message to a client goes in parts, with pings before and between them: over a narrow line it is heard of in the middle of that.',
  },
  /** Messages that are none of the contract's. */
  socketMisuses: { value: 10, metric: rateLimited('misused'), atLimit: 'After so many the socket is disconnected.' },
  /** Unless its token expires before. */
  sessionHours: {
    value: 12,
    metric: problem('token-missing'),
    atLimit: 'A session has ended, and its token is to be exchanged again.',
  },
  /** Browsers keep 4,096 bytes of a cookie, its name among them. */
  sessionCharacters: {
    value: 4_000,
    metric: problem('too-large'),
    atLimit: 'A token whose session would not fit into a cookie is 413 `too-large`.',
  },
  /** Ids of channels, or beginnings of ids. */
  grantedChannels: {
    value: 1_000,
    metric: problem('token-invalid'),
    atLimit: 'A token that grants a right in more is 401 `token-invalid`.',
  },
  revokedTokens: {
    value: 10_000,
    metric: 'pressbox_revoked_tokens',
    atLimit: 'One more is 409 `revocations-full` until one of them has expired.',
  },
  /** Sessions remembered as signed out. */
  endedSessions: {
    value: 10_000,
    metric: 'pressbox_ended_sessions',
    atLimit: 'The oldest are dropped, and every session that began no later than they did ends early.',
  },
  endedSessionsOfSubject: {
    value: 20,
    metric: 'pressbox_ended_sessions',
    atLimit: 'Likewise, for sessions of this subject alone.',
  },
  pingSeconds: {
    value: pingSeconds,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'So often the other end is asked whether it is there.',
  },
  pingTimeoutSeconds: {
    value: pingTimeoutSeconds,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'A socket that does not answer is closed.',
  },
} satisfies LimitTable;
export const limits = valuesOf(wireTable);
