import { idempotencyHours } from '../../../../src/protocol/client-limits.ts';

/** The limits of the outbox, and what happens at each. Times are in milliseconds. */

/**
 * An entry whose key was first sent this long ago is looked up before it is sent again. One hour less than the server remembers
 * the key, so that an attempt that is under way at that moment still ends in time.
 */
export const lookUpAfterMs = (idempotencyHours - 1) * 60 * 60_000;
/** Up to this, a clock that was set back is a correction. Beyond it, ages are unknown: an entry is looked up, or asks. */
export const clockSetBackMs = 60_000;
/**
 * An undo window that nobody ended for this long ended while the device slept, so the entry asks. Browsers run the timers of
 * hidden tabs once a minute.
 */
export const lateReleaseMs = 90_000;
/** More undelivered entries of one author are not accepted: the composer keeps the text. */
export const undeliveredMost = 500;
/** Delivered entries are forgotten beyond this number, and after this time. */
export const deliveredMost = 50;
export const deliveredMs = 60 * 60_000;
/** More bytes of pictures of one author are not accepted. The post stays as it is, without the picture. */
export const picturesMostBytes = 200 * 1024 * 1024;
/** From this share of them on, the author is told. */
export const picturesTellShare = 0.8;
/** A picture that nothing on this device has named for this long is deleted. */
export const picturesUnnamedMs = 60 * 60_000;
/** Uploads that the server has forgotten are repeated this many times for a post. Then the post is refused. */
export const forgottenMost = 3;
/** An upload that sends nothing for this long is given up, and begun again after a pause. */
export const uploadStallMs = 60_000;
/** Before an entry is sent, the session is confirmed, unless that was done within this time. */
export const sessionConfirmedMs = 30_000;
