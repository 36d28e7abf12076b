import {
  altCharacters,
  answerBytes,
  bodyCharacters,
  captionCharacters,
  channelByline,
  channelIdCharacters,
  cursorCharacters,
  embedIdCharacters,
  eventBytes,
  headlineCharacters,
  htmlBytes,
  idempotencyHours,
  idempotencyKeyCharacters,
  mediaPixels,
  noteCharacters,
  pageMost,
  pingSeconds,
  pingTimeoutSeconds,
  postAuthors,
  postDerivedFrom,
  postMedia,
  postSources,
  sectionCharacters,
  snapshotKeyEvents,
  standfirstCharacters,
  textCharacters,
  urlCharacters,
} from './client-limits.ts';
import { type Limit, type LimitTable, problem, rateLimited, valuesOf } from './limit-table.ts';

/** A limit of a field of a post or channel. */
const field = (value: number): Limit => ({
  value,
  metric: problem('invalid-body'),
  atLimit: 'More is 400 `invalid-body`. The problem names the field.',
});

/** Limits of the wire. Characters are Unicode code points. The limits that browsers need are in `client-limits.ts`. */
export const wireTable = {
  bodyBytes: {
    value: 1024 * 1024,
    metric: problem('too-large'),
    atLimit: 'A larger body is 413 `too-large`. A compressed body counts decompressed.',
  },
  /** The number of lines is not limited. */
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
  eventBytes: {
    value: eventBytes,
    metric: problem('invalid-body'),
    atLimit: 'Never reached: `postBytes` and `historyBytes` keep every event below it.',
  },
  /** Low enough that an event with a post of this size, its history and its own fields stays below `eventBytes`. */
  postBytes: {
    value: 448 * 1024,
    metric: problem('invalid-body'),
    atLimit: 'A larger post, without its history, is 400 `invalid-body`.',
  },
  /** Checked while rendering, not after. */
  htmlBytes: {
    value: htmlBytes,
    metric: problem('invalid-body'),
    atLimit: 'A body that renders to more HTML is 400 `invalid-body`.',
  },
  /** Counts the JSON. The next page brings the rest. */
  answerBytes: {
    value: answerBytes,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit: 'A response ends at this size, after at least one post or event, with `more: true`.',
  },
  /** Our schemas nest four levels. */
  bodyNesting: { value: 16, metric: problem('invalid-body'), atLimit: 'More deeply nested JSON is 400 `invalid-body`.' },
  /** Keeps hostile input from choosing the size of the response. */
  problemErrors: {
    value: 20,
    metric: problem('invalid-body'),
    atLimit: 'A problem reports the first errors and leaves out the rest.',
  },
  /** The client chooses the name. */
  placeNameCharacters: {
    value: 60,
    metric: problem('invalid-body'),
    atLimit: 'A longer field name in an error is cut and ends in an ellipsis.',
  },
  placeDepth: { value: 10, metric: problem('invalid-body'), atLimit: 'The path in an error stops at this depth.' },
  cursorCharacters: {
    value: cursorCharacters,
    metric: problem('invalid-cursor'),
    atLimit: 'A longer cursor is 400 `invalid-cursor`.',
  },
  channelIdCharacters: {
    value: channelIdCharacters,
    metric: problem('invalid-body'),
    atLimit: 'A longer id is 400 `invalid-body`, in a path 404.',
  },
  idempotencyKeyCharacters: {
    value: idempotencyKeyCharacters,
    metric: problem('invalid-body'),
    atLimit: 'A longer key is 400 `invalid-body`.',
  },
  idempotencyHours: {
    value: idempotencyHours,
    metric: 'pressbox_appends_total{outcome="duplicate"}',
    atLimit: 'The server forgets the key, and the same request counts as a new one.',
  },

  headlineCharacters: field(headlineCharacters),
  standfirstCharacters: field(standfirstCharacters),
  sectionCharacters: field(sectionCharacters),
  bodyCharacters: field(bodyCharacters),
  noteCharacters: field(noteCharacters),
  altCharacters: field(altCharacters),
  captionCharacters: field(captionCharacters),
  textCharacters: field(textCharacters),
  urlCharacters: field(urlCharacters),
  channelByline: field(channelByline),
  postAuthors: field(postAuthors),
  postSources: field(postSources),
  postMedia: field(postMedia),
  /** The id of a post on another site. Each site also has a form. */
  embedIdCharacters: field(embedIdCharacters),
  /** Width and height of an image or a video. */
  mediaPixels: field(mediaPixels),
  /** The renditions of one picture. The server writes them. */
  mediaRenditions: field(12),
  /** The time for which caches may keep an upload of a public channel. */
  mediaCachedSeconds: {
    value: 300,
    metric: 'pressbox_media_files_total{answer="sent"}',
    atLimit: 'Caches may show an uploaded file for this long after it was withdrawn.',
  },
  postDerivedFrom: field(postDerivedFrom),
  /** In a post or channel. */
  historyChanges: {
    value: 50,
    metric: 'pressbox_appends_total{outcome="appended"}',
    atLimit: 'The oldest changes are dropped; in a post, the oldest refiles and updates first.',
  },
  /** In a post. */
  historyBytes: { value: 32 * 1024, metric: 'pressbox_appends_total{outcome="appended"}', atLimit: 'As with `historyChanges`.' },
  snapshotKeyEvents: {
    value: snapshotKeyEvents,
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
    atLimit: 'A snapshot contains only this many key events, the newest.',
  },

  pageDefault: {
    value: 20,
    metric: 'pressbox_catch_ups_total{mode="snapshot"}',
    atLimit: 'Posts on a page if the request has no `limit`.',
  },
  pageMost: { value: pageMost, metric: problem('invalid-body'), atLimit: 'A larger `limit` is 400 `invalid-body`.' },
  feedPageDefault: {
    value: 50,
    metric: 'pressbox_feed_pages_total{format="atom"}',
    atLimit: 'Posts on a page of a feed if the request has no `limit`.',
  },
  feedTold: {
    value: 20,
    metric: 'pressbox_feed_pages_total{format="atom"}',
    atLimit: 'The first page of a feed contains at most this many older posts that were corrected or withdrawn, the latest ones.',
  },
  /** The size of all these posts together, as JSON. */
  feedToldBytes: {
    value: 256 * 1024,
    metric: 'pressbox_feed_pages_total{format="atom"}',
    atLimit: 'As with `feedTold`, but at least one post.',
  },
  catchUpDefault: {
    value: 500,
    metric: 'pressbox_catch_ups_total{mode="replay"}',
    atLimit: 'Events in a response if the request has no `limit`.',
  },
  catchUpMost: { value: 1_000, metric: problem('invalid-body'), atLimit: 'A larger `limit` is 400 `invalid-body`.' },
  waitSeconds: {
    value: 30,
    metric: 'pressbox_readers{transport="poll"}',
    atLimit: 'A longer `wait` is 400 `invalid-body`. A poll that is held this long is answered without events.',
  },

  socketChannels: {
    value: 100,
    metric: problem('invalid-body'),
    atLimit: 'One more subscription is refused with `invalid-body`.',
  },
  /** Bounds what a client sends. */
  socketMessageBytes: {
    value: 16 * 1024,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'A longer message from a client closes the connection.',
  },
  /** A part takes four seconds over 32 kbit/s. */
  socketPartBytes: {
    value: 16 * 1024,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit:
      'A longer message to a client is split, with pings before and between the parts, so that the client sees on a slow link that the connection is alive.',
  },
  /** Invalid messages. */
  socketMisuses: {
    value: 10,
    metric: rateLimited('misused'),
    atLimit: 'After this many invalid messages the server disconnects the socket.',
  },
  /** A session ends earlier if its token expires earlier. */
  sessionHours: {
    value: 12,
    metric: problem('token-missing'),
    atLimit: 'The session ends, and its token has to be exchanged again.',
  },
  /** Browsers limit a cookie to 4,096 bytes, including its name. */
  sessionCharacters: {
    value: 4_000,
    metric: problem('too-large'),
    atLimit: 'A token whose session does not fit into a cookie is 413 `too-large`.',
  },
  signInLinkHours: {
    value: 24,
    metric: problem('token-invalid'),
    atLimit: 'A sign-in link that can be used for longer is 401 `token-invalid`, and `pressbox token --link` does not make one.',
  },
  /** Channel ids, or prefixes of ids. */
  grantedChannels: {
    value: 1_000,
    metric: problem('token-invalid'),
    atLimit: 'A token that grants a right in more channels is 401 `token-invalid`.',
  },
  revokedTokens: {
    value: 10_000,
    metric: 'pressbox_revoked_tokens',
    atLimit: 'One more revocation is 409 `revocations-full`, until a revoked token has expired.',
  },
  /** Sessions remembered as signed out. */
  endedSessions: {
    value: 10_000,
    metric: 'pressbox_ended_sessions',
    atLimit: 'The oldest are forgotten. Every session that began at the same time as these or earlier ends early.',
  },
  endedSessionsOfSubject: {
    value: 20,
    metric: 'pressbox_ended_sessions',
    atLimit: 'As with `endedSessions`, for the sessions of one subject.',
  },
  pingSeconds: {
    value: pingSeconds,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'Interval at which the server pings a client.',
  },
  pingTimeoutSeconds: {
    value: pingTimeoutSeconds,
    metric: 'pressbox_readers{transport="socket"}',
    atLimit: 'A socket that does not answer a ping is closed.',
  },
} satisfies LimitTable;
export const limits = valuesOf(wireTable);
