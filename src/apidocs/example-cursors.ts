/**
 * A cursor for the documents, in place of a real one. Real histories have random ids, which would change the examples on every run.
 * History 0 is that of the first channel, 9 belongs to no channel.
 */
export function exampleCursor(history: number, offset: number): string {
  return `${hex(history + 1, 12)}.${offset}.${hex(1_000 * (history + 1) + offset, 16)}`;
}

/** Digits that look like those of a hash. */
export function hex(seed: number, digits: number): string {
  let text = '';
  for (let word = 1; text.length < digits; word += 1) {
    const mixed = Math.imul(seed * 31 + word, 0x9e3779b1) ^ (seed * word * 0x85ebca6b);
    text += (mixed >>> 0).toString(16).padStart(8, '0');
  }
  return text.slice(0, digits);
}

/** The id of the upload in the examples. */
export const exampleMediaId = 'kR3vQ0yT9mB2xW7nL5sZ1A';
