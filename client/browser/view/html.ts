/**
 * HTML as a value. Text put into an `html` template is escaped, and cannot turn the text beside it. `Html` is put in as it is.
 * Works in Node and in a browser alike and touches neither.
 */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes; null, undefined and false are nothing. */
export type Part = Html | string | number | false | null | undefined | readonly Part[];

export const nothing = new Html('');

/** Joins markup and values. Values stand between tags or in double-quoted attributes; nowhere else are they safe. */
export function html(markup: TemplateStringsArray, ...values: readonly Part[]): Html {
  let text = markup[0] ?? '';
  for (const [at, value] of values.entries()) text += textOf(value, markup[at] ?? '') + (markup[at + 1] ?? '');
  return new Html(text);
}

/** Takes markup as it is. Only for `html` of a post, which the server made safe, and for what this folder rendered. */
export function safe(markup: string): Html {
  return new Html(markup);
}

/** ` name="value"`, or nothing where there is no value. */
export function attribute(name: string, value: string | number | null | undefined): Html {
  return value === null || value === undefined ? nothing : html` ${safe(name)}="${value}"`;
}

/** Things in a row with a separator between, as in a byline. */
export function joined(parts: readonly Part[], separator: string): Html {
  return html`${parts.map((part, at) => (at === 0 ? part : [separator, part]))}`;
}

/** Text as it may stand between tags and in a quoted attribute. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** `before`: the markup that the part follows. An attribute's value stands alone, and an address must stay as it is. */
function textOf(part: Part, before = ''): string {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return escapeHtml(before.endsWith('"') ? part : isolated(part));
  if (typeof part === 'number') return String(part);
  return part.map((each) => textOf(each)).join('');
}

/**
 * Text whose bidirectional controls end with it. A `bdi` is not enough: a browser inserts the same controls for it, so a text that holds a
 * pop directional isolate (U+2069) of its own leaves it. As many isolates are opened before the text as it closes, and one more.
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
