/**
 * HTML as a value. Text in an `html` template is escaped, and cannot change the direction of the text beside it. `Html` values
 * are inserted unchanged. Works in Node and in browsers.
 */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What a template accepts. Null, undefined and false render nothing. */
export type Part = Html | string | number | false | null | undefined | readonly Part[];

export const nothing = new Html('');

/** Joins markup and values. Values are safe only between tags and in double-quoted attributes. */
export function html(markup: TemplateStringsArray, ...values: readonly Part[]): Html {
  let text = markup[0] ?? '';
  for (const [at, value] of values.entries()) text += textOf(value, markup[at] ?? '') + (markup[at + 1] ?? '');
  return new Html(text);
}

/** Uses markup as it is. Only for a post's `html`, which the server sanitized, and for what this folder rendered. */
export function safe(markup: string): Html {
  return new Html(markup);
}

/** ` name="value"`, or nothing if there is no value. */
export function attribute(name: string, value: string | number | null | undefined): Html {
  return value === null || value === undefined ? nothing : html` ${safe(name)}="${value}"`;
}

/** Items with a separator between them, as in a byline. */
export function joined(parts: readonly Part[], separator: string): Html {
  return html`${parts.map((part, at) => (at === 0 ? part : [separator, part]))}`;
}

/** Escapes text for use between tags and in quoted attributes. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** `before`: the markup before the part. Attribute values are not isolated, because addresses must stay unchanged. */
function textOf(part: Part, before = ''): string {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return escapeHtml(before.endsWith('"') ? part : isolated(part));
  if (typeof part === 'number') return String(part);
  return part.map((each) => textOf(each)).join('');
}

/**
 * Isolates the bidirectional controls of a text. A `bdi` is not enough: it works by the same control characters, so a text with
 * its own pop directional isolate (U+2069) escapes from it. So as many isolates are opened before the text as it closes, plus
 * one.
 */
export function isolated(text: string): string {
  const controls = text.match(/[\u202a-\u202e\u2066-\u2069]/g);
  if (!controls) return text;
  let before = 1;
  let open = 1;
  for (const control of controls) {
    if (control > '\u202e' && control < '\u2069') open++;
    else if (control === '\u2069' && open > 1) open--;
    else if (control === '\u2069') before++;
  }
  return '\u2068'.repeat(before) + text + '\u2069'.repeat(open);
}
