/**
 * Makes foreign text safe for a terminal. Control characters could move the cursor, rename the window or hide text, and
 * bidirectional characters could make a line read differently. They are printed as escapes.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Escapes text of several lines. Keeps line breaks and tabs. */
export function plainText(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(unsafe, escaped);
}

/** Escapes text for a single line. */
export function plainLine(text: string): string {
  return plainText(text).replaceAll(/[\n\t]+/g, ' ');
}

/** JSON of the same value without any control characters. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(unsafe, (character) => `\\u${code(character).padStart(4, '0')}`);
}

function escaped(character: string): string {
  return `\\u{${code(character)}}`;
}

function code(character: string): string {
  return character.charCodeAt(0).toString(16);
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };
const blocks = new Set(['p', 'ul', 'ol', 'blockquote', 'pre', 'h3', 'h4', 'table', 'hr']);

/**
 * The text of a post's `html`, which contains only a short list of tags. Separates paragraphs, marks list items, and appends
 * the address of each link.
 */
export function textOf(html: string): string {
  let text = '';
  let href = '';
  const lists: { next: number | undefined }[] = [];
  /** Start of each open quotation. */
  const quotes: number[] = [];
  let betweenCells = false;
  const lineBreak = () => {
    if (text !== '' && !text.endsWith('\n')) text += '\n';
  };
  const blockBreak = () => {
    lineBreak();
    if (lists.length === 0 && text !== '' && !text.endsWith('\n\n')) text += '\n';
  };
  for (const [piece, closing, name, attributes] of html.matchAll(/<(\/?)([a-z0-9]+)(?![a-z0-9])([^<>]*)>|[^<]+|</gi)) {
    if (name === undefined) {
      // White space between cells and blocks is not text.
      if (betweenCells && piece.trim() === '') continue;
      if (piece.trim() !== '' || (text !== '' && !text.endsWith('\n'))) text += decoded(piece);
      continue;
    }
    const opens = closing === '';
    if (name === 'br') lineBreak();
    else if (name === 'a' && opens) href = decoded(/\bhref="([^"]*)"/.exec(attributes ?? '')?.[1] ?? '');
    else if (name === 'a') text += href === '' || text.endsWith(href) ? '' : ` (${href})`;
    else if (name === 'li' && opens) {
      lineBreak();
      const list = lists.at(-1);
      text += `${'  '.repeat(Math.max(0, lists.length - 1))}${list?.next === undefined ? '-' : `${list.next++}.`} `;
    } else if (name === 'tr') lineBreak();
    else if (name === 'th' || name === 'td') {
      if (opens && text !== '' && !text.endsWith('\n')) text += ' | ';
      betweenCells = !opens;
    } else if (blocks.has(name)) {
      // The first block of a list item stays on its line.
      if (!(opens && /^ *(?:-|\d+\.) $/.test(text.slice(text.lastIndexOf('\n') + 1)))) blockBreak();
      if (name === 'table') betweenCells = opens;
      if (name === 'blockquote' && opens) quotes.push(text.length);
      if (name === 'blockquote' && !opens) {
        const begin = quotes.pop() ?? text.length;
        text = `${text.slice(0, begin)}${text.slice(begin).trimEnd().replaceAll(/^/gm, '> ')}\n\n`;
      }
      if (name === 'ul' && opens) lists.push({ next: undefined });
      if (name === 'ol' && opens) lists.push({ next: Number(/\bstart="(\d+)"/.exec(attributes ?? '')?.[1] ?? 1) });
      if ((name === 'ul' || name === 'ol') && !opens) {
        lists.pop();
        blockBreak();
      }
    }
  }
  return plainText(text.trim());
}

function decoded(text: string): string {
  return text.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name.toLowerCase()] ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}
