/** What a post says without its tags, for who shows text alone: feeds, previews of links, comparisons. */

/** The text of a post's `html`, whose tags are a short list and whose attributes hold no `>`. */
export function textOf(markup: string): string {
  return markup
    .replace(/<br>|<hr>|<\/(?:p|h3|h4|li|blockquote|pre|tr)>/g, '\n')
    .replace(/<\/t[hd]>/g, '\t')
    .replace(/<[^>]*>/g, '')
    .replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => characterOf[entity] ?? entity)
    .replace(/\n\s*\n+/g, '\n')
    .trim();
}

const characterOf: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };

/** At most so many UTF-16 units on one line, cut between words. */
export function excerpt(text: string, most: number): string {
  const line = text.replace(/\s+/gu, ' ').trim();
  if (line.length <= most) return line;
  let kept = '';
  for (const { segment } of words.segment(line.slice(0, most + wordRoom))) {
    if (kept.length + segment.length >= most) break;
    kept += segment;
  }
  // A word longer than all that may be: between characters, then.
  if (kept.trim() === '')
    for (const { segment } of characters.segment(line.slice(0, most))) kept += kept.length + segment.length < most ? segment : '';
  return `${kept.trimEnd()}…`;
}

const words = new Intl.Segmenter('en', { granularity: 'word' });
const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Of what lies behind the cut so much is looked at, so that a word that ends there is known to. */
const wordRoom = 32;
