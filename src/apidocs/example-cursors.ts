/**
 * A cursor of the documents, in place of a real one: histories are told apart by chance, and examples should not change with it. Number
 * 0 is the history of the first channel that is opened; 9 is of none.
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
