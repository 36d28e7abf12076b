/**
 * The limits that clients heed: browsers load these numbers and no others. Each stands in the table in `limits.ts` too, with what happens at
 * it.
 */
export const snapshotKeyEvents = 100;
export const answerBytes = 768 * 1024;
export const eventBytes = 512 * 1024;
export const cursorCharacters = 128;
export const pageMost = 100;
export const pingSeconds = 15;
export const pingTimeoutSeconds = 10;
/** A client that hears nothing for this long counts its connection as dead. A socket's handshake tells the two parts, a stream neither. */
export const silenceMs = (pingSeconds + pingTimeoutSeconds) * 1_000;
/** How long a request's outcome is remembered. */
export const idempotencyHours = 24;
export const idempotencyKeyCharacters = 255;
/** Without spaces at either end. */
export const idempotencyKeyForm = `1 to ${idempotencyKeyCharacters} printable ASCII characters`;
export const idempotencyKeyPattern = /* @__PURE__ */ new RegExp(
  `^[\\x21-\\x7e](?:[\\x20-\\x7e]{0,${idempotencyKeyCharacters - 2}}[\\x21-\\x7e])?$`,
);
