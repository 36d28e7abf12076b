/** Random values for keys and ids. `crypto.randomUUID` is missing from pages served over plain http, so it is not used. */

/** An idempotency key: 128 random bits. */
export function newKey(): string {
  return hex(globalThis.crypto.getRandomValues(new Uint8Array(16)));
}

/** A UUIDv7 (RFC 9562, section 5.7): 48 bits of time in milliseconds, then 74 random bits. */
export function newPostId(atMs: number = Date.now(), random = globalThis.crypto.getRandomValues(new Uint8Array(10))): string {
  const time = Math.floor(atMs).toString(16).padStart(12, '0').slice(-12);
  const [a = 0, b = 0, c = 0, ...rest] = random;
  const tail = hex(Uint8Array.of(0x70 | (a & 0x0f), b, 0x80 | (c & 0x3f), ...rest));
  return [time.slice(0, 8), time.slice(8), tail.slice(0, 4), tail.slice(4, 8), tail.slice(8, 20)].join('-');
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
