// What clients heed stands apart: a page's script brings no other limit.
export const snapshotKeyEvents = 100;
export const answerBytes = 768 * 1024;
export const eventBytes = 512 * 1024;
export const cursorCharacters = 128;
export const pageMost = 100;
/** How long a request's outcome is remembered. */
export const idempotencyHours = 24;
/** Of what a key is made: printable ASCII, without spaces at either end. */
export const idempotencyKeyPattern = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/**
 * Every limit of the wire, in one place. The unit is in the name; characters are Unicode code points.
 * What happens at the bound is said beside it. A leaf module: it may be loaded by a browser.
 */
export const limits = {
  /** Request bodies; past it 413 `too-large`. */
  bodyBytes: 1024 * 1024,
  /** A line of an import; past it 413. There may be any number. */
  importLineBytes: 1024 * 1024,
  /** Blank lines of an import; past it 413. */
  importBlankLines: 10_000,
  /** One event as JSON on any transport. */
  eventBytes,
  /** A post as JSON without its history; past it 400. With `historyBytes` and the event's own fields it stays below `eventBytes`. */
  postBytes: 448 * 1024,
  /** `html` of a post; past it 400. Checked while rendering, not after. */
  htmlBytes: 256 * 1024,
  /** Posts or events of one answer, as JSON; the rest is asked for with the next page. At least one is always given. */
  answerBytes,
  /** Lists and objects in one another, in a body; past it 400. Our schemas need four. */
  bodyNesting: 16,
  /** Errors of one refusal that are told: a stranger's input does not choose the size of our answer. */
  problemErrors: 20,
  /** A place in a body that such an error names: characters of a name, which a stranger chose, and names in one another. */
  placeNameCharacters: 60,
  placeDepth: 10,
  cursorCharacters,
  channelIdCharacters: 96,
  idempotencyKeyCharacters: 255,
  idempotencyHours,

  headlineCharacters: 300,
  standfirstCharacters: 1_000,
  sectionCharacters: 80,
  bodyCharacters: 50_000,
  noteCharacters: 1_000,
  altCharacters: 1_000,
  captionCharacters: 1_000,
  textCharacters: 300,
  urlCharacters: 2_048,
  channelByline: 20,
  postAuthors: 10,
  postSources: 10,
  postMedia: 20,
  /** Width and height of an image or a video. */
  mediaPixels: 100_000,
  postDerivedFrom: 50,
  /** Changes kept in a post or channel; the oldest go, in a post the oldest refiles and updates first. */
  historyChanges: 50,
  /** Of a post, likewise. */
  historyBytes: 32 * 1024,
  /** Key events in a snapshot, newest first. */
  snapshotKeyEvents,

  pageDefault: 20,
  pageMost,
  /** Posts on a page of a feed, such as Atom's. */
  feedPageDefault: 50,
  /** Older posts that the first page of a feed holds as well, because they were corrected or withdrawn last. */
  feedTold: 20,
  /** Those together as JSON, one at least. */
  feedToldBytes: 256 * 1024,
  catchUpDefault: 500,
  catchUpMost: 1_000,
  /** `wait` of a poll. */
  waitSeconds: 30,

  /** Subscriptions of one socket. */
  socketChannels: 100,
  /** One message from a client to the socket; past it the connection is closed. */
  socketMessageBytes: 16 * 1024,
  /** A longer message to a client goes in parts, with pings before and between them: each takes four seconds over 32 kbit/s. */
  socketPartBytes: 16 * 1024,
  /** Messages a socket may send that are none of the contract's, before it is disconnected. */
  socketMisuses: 10,
  /** How long a session of a browser is good, unless its token expires before; then its reader signs in again. */
  sessionHours: 12,
  /** What a cookie holds of a session: browsers keep 4,096 bytes with its name. Past it 413 `too-large`. */
  sessionCharacters: 4_000,
  /** Channels, or beginnings of their ids, that a token grants a right in. */
  grantedChannels: 1_000,
  /** Tokens revoked at a time, each until it has expired; past it `revocations-full`. */
  revokedTokens: 10_000,
  /** Sessions remembered as signed out, in all and of one subject; past it every session that began no later than the oldest ends. */
  endedSessions: 10_000,
  endedSessionsOfSubject: 20,
  pingSeconds: 15,
  pingTimeoutSeconds: 10,
} as const;
