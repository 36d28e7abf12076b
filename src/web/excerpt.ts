/** Plain text in short, for feeds and link previews. */

/** The text on one line, cut between words to at most `most` UTF-16 units. */
export function excerpt(text: string, most: number): string {
  const line = text.replace(/\s+/gu, ' ').trim();
  if (line.length <= most) return line;
  let kept = '';
  for (const { segment } of words.segment(line.slice(0, most + wordRoom))) {
    if (kept.length + segment.length >= most) break;
    kept += segment;
  }
  // A word longer than `most` is cut between characters.
  if (kept.trim() === '')
    for (const { segment } of characters.segment(line.slice(0, most))) kept += kept.length + segment.length < most ? segment : '';
  return `${kept.trimEnd()}…`;
}

const words = new Intl.Segmenter('en', { granularity: 'word' });
const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** How far to look past the cut for the end of a word. */
const wordRoom = 32;
