import { randomBytes } from './platform.ts';

/** Generates unique keys and ids. */

/** An idempotency key: the time in milliseconds and 80 random bits, unique even with a poor random source. */
export function newKey(): string {
  return timeInHex(Date.now()) + hex(randomBytes(10));
}

/** A UUIDv7 (RFC 9562, section 5.7): 48 bits of time in milliseconds, then 74 random bits. */
export function newPostId(atMs: number = Date.now(), random: Uint8Array = randomBytes(10)): string {
  const time = timeInHex(atMs);
  const [a = 0, b = 0, c = 0, ...rest] = random;
  const tail = hex(Uint8Array.of(0x70 | (a & 0x0f), b, 0x80 | (c & 0x3f), ...rest));
  return [time.slice(0, 8), time.slice(8), tail.slice(0, 4), tail.slice(4, 8), tail.slice(8, 20)].join('-');
}

function timeInHex(atMs: number): string {
  return Math.floor(atMs).toString(16).padStart(12, '0').slice(-12);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
