/**
 * Marks what follows the first words, so that a style sheet can leave it out where there is little room. Words stay whole, and so do
 * quotations and elements, unless the text begins with a longer quotation. `most`: characters.
 */
export function markRest(markup: string, most: number): string {
  let [characters, depth, quotes] = [0, 0, 0];
  let end: number | undefined;
  let isQuoted = true;
  for (const { 0: token, index } of markup.matchAll(/<[^<>]*>|&#?\w+;|./gsu)) {
    const isTag = token.startsWith('<');
    if (isTag) depth += token.startsWith('</') ? -1 : 1;
    else characters += 1;
    if (characters > most) {
      return end === undefined ? markup : `${markup.slice(0, end)}<span class="rest">${markup.slice(end)}</span>`;
    }
    if (/[“”„«»‹›]|&quot;/.test(token)) quotes += 1;
    // Quotation marks come in pairs, in every language.
    const isWithin = quotes % 2 === 1;
    if (isTag || !/\s/.test(token) || depth > 0 || (isWithin && !isQuoted)) continue;
    end = index;
    isQuoted = isWithin;
  }
  return markup;
}
