import { type Html, html, safe } from '../../../client/browser/view/html.ts';
import { type BrandMistake, isLinkTarget, lineAt, linkTargets } from './brand.ts';
import { brandLimits } from './brand-limits.ts';

/**
 * Parses `header.html` and `footer.html`: links, lists, pictures of the folder and text. Nothing is removed silently. Markup that is not
 * accepted is a mistake, and what pages contain is written anew from the parsed elements.
 */

/** `pictures`: the URLs of the pictures, by file name. */
export function parseMarkup(
  file: string,
  text: string,
  pictures: ReadonlyMap<string, string>,
): { markup: Html; mistakes: BrandMistake[] } {
  const mistakes: BrandMistake[] = [];
  const refuse = (at: number, message: string) => mistakes.push({ file, line: lineAt(text, at), message });
  const open: { name: ElementName; at: number }[] = [];
  let markup = '';

  const begin = (at: number, written: string, name: string, attributes: string, selfClosing: boolean) => {
    if (!isElement(name)) return void refuse(at, `<${written}> is not accepted. ${acceptedElements}`);
    const fault = misplaced(name, open);
    if (fault !== undefined) refuse(at, fault);
    markup += `<${name}${readAttributes(name, attributes, at, { refuse, pictures }).text}>`;
    if (elements[name].isVoid) return;
    if (selfClosing) refuse(at, `<${name}/> must be <${name}></${name}>.`);
    else open.push({ name, at });
    if (open.length > brandLimits.brandMarkupDepth) {
      refuse(at, `Elements are nested deeper than ${brandLimits.brandMarkupDepth}.`);
      open.length = 0;
    }
  };

  const end = (at: number, name: string) => {
    if (!isElement(name)) return;
    if (elements[name].isVoid) return void refuse(at, `<${name}> has no end tag. Remove </${name}>.`);
    const last = open.at(-1);
    if (last?.name !== name) {
      return void refuse(
        at,
        last === undefined ? `</${name}> ends no element.` : `</${last.name}> is missing before </${name}>.`,
      );
    }
    open.pop();
    markup += `</${name}>`;
  };

  for (const { index, 0: whole, 1: closed, 2: opened, 3: attributes = '', 4: slash } of text.matchAll(token)) {
    if (whole.startsWith('<!--')) continue;
    if (closed !== undefined) end(index, closed.toLowerCase());
    else if (opened !== undefined) begin(index, opened, opened.toLowerCase(), attributes, slash !== undefined);
    else if (whole === '<') refuse(index, 'This < begins no tag. Write &lt; for the character, and close every tag and quote.');
    else {
      const last = open.at(-1)?.name;
      if (whole.trim() !== '' && (last === 'ul' || last === 'ol')) refuse(index, `Text in <${last}> must be in <li>.`);
      markup += html`${decoded(whole, index, refuse)}`.text;
    }
  }
  for (const { name, at } of open) refuse(at, `<${name}> is not closed: </${name}> is missing.`);
  return { markup: safe(markup.trim()), mistakes };
}

/** A comment, an end tag, a start tag, text, or a `<` that begins nothing. */
const token =
  /<!--[\s\S]*?-->|<\/([a-z][\w-]*)\s*>|<([a-z][\w-]*)((?:\s+[a-z][\w-]*(?:\s*=\s*(?:"[^"]*"|'[^']*'))?)*)\s*(\/)?>|[^<]+|</gi;

type Refuse = (at: number, message: string) => void;

interface Element {
  /** `inline` may be anywhere. `block` may not be in a paragraph or in an inline element. */
  kind: 'block' | 'inline';
  /** Contains only text and inline elements. */
  holdsText?: boolean;
  isVoid?: boolean;
  attributes?: readonly string[];
  required?: readonly string[];
}

const elements = {
  nav: { kind: 'block', attributes: ['aria-label'], required: ['aria-label'] },
  div: { kind: 'block' },
  p: { kind: 'block', holdsText: true },
  ul: { kind: 'block' },
  ol: { kind: 'block' },
  li: { kind: 'block' },
  a: { kind: 'inline', attributes: ['href', 'hreflang', 'aria-label'], required: ['href'] },
  span: { kind: 'inline' },
  strong: { kind: 'inline' },
  em: { kind: 'inline' },
  b: { kind: 'inline' },
  i: { kind: 'inline' },
  small: { kind: 'inline' },
  abbr: { kind: 'inline', attributes: ['title'] },
  bdi: { kind: 'inline' },
  br: { kind: 'inline', isVoid: true },
  img: {
    kind: 'inline',
    isVoid: true,
    attributes: ['src', 'alt', 'width', 'height'],
    required: ['src', 'alt', 'width', 'height'],
  },
} as const satisfies Record<string, Element> as Readonly<Record<ElementName, Element>>;

type ElementName =
  | ('nav' | 'div' | 'p' | 'ul' | 'ol' | 'li')
  | ('a' | 'span' | 'strong' | 'em' | 'b' | 'i' | 'small' | 'abbr' | 'bdi' | 'br' | 'img');

const everywhere = ['lang', 'dir'];
const acceptedElements = `Accepted are ${Object.keys(elements).join(', ')}.`;

function isElement(name: string): name is ElementName {
  return Object.hasOwn(elements, name);
}

/** Why the element may not be here: browsers would move it elsewhere, or it would have no meaning. */
function misplaced(name: ElementName, open: readonly { name: ElementName }[]): string | undefined {
  const parent = open.at(-1)?.name;
  const inList = parent === 'ul' || parent === 'ol';
  if (inList && name !== 'li') return `<${name}> in <${parent}> must be in <li>.`;
  if (name === 'li' && !inList) return '<li> must be in <ul> or <ol>.';
  if (name === 'a' && open.some((outer) => outer.name === 'a')) return 'A link must not be inside a link.';
  const around =
    elements[name].kind === 'block' &&
    open.find((outer) => elements[outer.name].kind === 'inline' || elements[outer.name].holdsText);
  return around ? `<${name}> must not be in <${around.name}>.` : undefined;
}

const anAttribute = /([a-z][\w-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'))?/gi;

function readAttributes(
  name: ElementName,
  text: string,
  at: number,
  { refuse, pictures }: { refuse: Refuse; pictures: ReadonlyMap<string, string> },
): Html {
  const { attributes = [], required = [] } = elements[name];
  const given = new Map<string, string>();
  for (const [, written = '', double, single] of text.matchAll(anAttribute)) {
    const attribute = written.toLowerCase();
    const value = decoded(double ?? single ?? '', at, refuse);
    if (![...attributes, ...everywhere].includes(attribute)) {
      const accepted = [...attributes, ...everywhere].join(', ');
      refuse(at, `${written} is not accepted on <${name}>. Accepted are ${accepted}.`);
      continue;
    }
    if (given.has(attribute)) refuse(at, `<${name}> has ${attribute} twice.`);
    const fault = attributeFault(attribute, value, pictures);
    if (fault !== undefined) refuse(at, fault);
    given.set(attribute, attribute === 'src' ? (pictures.get(value) ?? '') : value);
  }
  for (const attribute of required) {
    if (!given.has(attribute)) refuse(at, `<${name}> needs ${attribute}${whyRequired[attribute] ?? ''}.`);
  }
  return html`${[...given].map(([attribute, value]) => html` ${safe(attribute)}="${value}"`)}`;
}

const whyRequired: Readonly<Record<string, string>> = {
  alt: ', which may be empty for a decoration',
  width: ' in pixels, so that nothing moves when the picture loads',
  height: ' in pixels, so that nothing moves when the picture loads',
  'aria-label': ', the name of the navigation for screen readers',
};

function attributeFault(attribute: string, value: string, pictures: ReadonlyMap<string, string>): string | undefined {
  switch (attribute) {
    case 'href':
      return isLinkTarget(value) ? undefined : `href="${value}" must begin with ${linkTargets}.`;
    case 'src':
      return pictures.has(value) ? undefined : `src="${value}" must be the name of a picture in the folder of the brand.`;
    case 'width':
    case 'height':
      return /^[1-9]\d{0,3}$/.test(value) ? undefined : `${attribute}="${value}" must be a whole number of pixels.`;
    case 'dir':
      return ['ltr', 'rtl', 'auto'].includes(value) ? undefined : `dir="${value}" must be ltr, rtl or auto.`;
    case 'lang':
    case 'hreflang':
      return /^[a-z]{2,3}(?:-[a-z0-9]{2,8})*$/i.test(value)
        ? undefined
        : `${attribute}="${value}" must be a language such as en or de-AT.`;
    default:
      return undefined;
  }
}

const references: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  copy: '\u00a9',
  middot: '\u00b7',
};

/** The text with its character references resolved. `at`: where it begins in the file. */
function decoded(text: string, at: number, refuse: Refuse): string {
  return text.replace(/&(?:\w+;|#\d{1,7};|#x[\da-f]{1,6};)?/gi, (reference, offset: number) => {
    const character = characterOf(reference);
    if (character !== undefined) return character;
    const known = Object.keys(references).map((name) => `&${name};`);
    refuse(at + offset, `${reference} is not accepted. Write the character itself, or one of ${known.join(' ')}.`);
    return '';
  });
}

function characterOf(reference: string): string | undefined {
  const [, decimal, hexadecimal, name] = /^&(?:#(\d+)|#x([\da-f]+)|(\w+));$/i.exec(reference) ?? [];
  if (name !== undefined) return Object.hasOwn(references, name) ? references[name] : undefined;
  const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hexadecimal ?? '', 16);
  const isCharacter = code >= 0x20 && code <= 0x10_ff_ff && (code < 0xd8_00 || code > 0xdf_ff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
}
