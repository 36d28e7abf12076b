/**
 * The limits that clients need. They have their own file so that browsers load no other limits. The table in `wire-limits.ts`
 * includes them and says what happens at each limit.
 */
export const snapshotKeyEvents = 100;
export const answerBytes = 768 * 1024;
export const eventBytes = 512 * 1024;
export const cursorCharacters = 128;
export const htmlBytes = 256 * 1024;
/** How deeply lists and quotes nest. A list counts twice. markdown-it drops deeper nesting. */
export const markdownNesting = 40;
/** The longest text in the second column of a data block. */
export const figureCharacters = 24;
export const pageMost = 100;
export const channelIdCharacters = 96;
export const headlineCharacters = 300;
export const standfirstCharacters = 1_000;
export const sectionCharacters = 80;
export const channelByline = 20;
export const bodyCharacters = 50_000;
export const noteCharacters = 1_000;
export const altCharacters = 1_000;
export const captionCharacters = 1_000;
export const textCharacters = 300;
export const urlCharacters = 2_048;
export const postAuthors = 10;
export const postSources = 10;
export const postMedia = 20;
export const embedIdCharacters = 1_000;
export const mediaPixels = 100_000;
export const postDerivedFrom = 50;
export const pingSeconds = 15;
export const pingTimeoutSeconds = 10;
/**
 * A client that receives nothing for this long treats its connection as dead. The socket handshake sends both terms of the sum to
 * the client. A stream sends neither.
 */
export const silenceMs = (pingSeconds + pingTimeoutSeconds) * 1_000;
/** How long the server remembers the outcome of a request that has an idempotency key. */
export const idempotencyHours = 24;
export const idempotencyKeyCharacters = 255;
/** Describes a valid idempotency key. The key must not begin or end with a space. */
export const idempotencyKeyForm = `1 to ${idempotencyKeyCharacters} printable ASCII characters`;
export const idempotencyKeyPattern = /* @__PURE__ */ new RegExp(
  `^[\\x21-\\x7e](?:[\\x20-\\x7e]{0,${idempotencyKeyCharacters - 2}}[\\x21-\\x7e])?$`,
);
