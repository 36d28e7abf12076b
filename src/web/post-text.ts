/** Posts as plain text, for feeds, link previews and comparisons. */

/** The text of a post's `html`, which has few tags and no `>` in attributes. Each paragraph, list item and table row is a line. */
export function textOf(markup: string): string {
  return plain(markup.replace(/<br>|<hr>|<\/(?:p|h3|h4|li|blockquote|pre|tr)>/g, '\n')).replace(/\n\s*\n+/g, '\n');
}

/** Like `textOf`, with an empty line between paragraphs. */
export function paragraphsOf(markup: string): string {
  const spaced = markup.replace(/\n?<\/(?:li|thead)>/g, '').replace(/<hr>|<\/(?:p|h3|h4|[uo]l|blockquote|pre|table)>/g, '\n');
  return plain(spaced).replace(/\n\s*\n+/g, '\n\n');
}

function plain(markup: string): string {
  return markup
    .replace(/<\/t[hd]>\n?/g, '\t')
    .replace(/<[^>]*>/g, '')
    .replace(/\t$/gm, '')
    .replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => characterOf[entity] ?? entity)
    .trim();
}

const characterOf: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };

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
