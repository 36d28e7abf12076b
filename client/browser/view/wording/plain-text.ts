/** Posts as plain text, for feeds, link previews, comparisons and the desk. */

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
    .replace(/<[^<>]*>/g, '')
    .replace(/\t$/gm, '')
    .replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => characterOf[entity] ?? entity)
    .trim();
}

const characterOf: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };
