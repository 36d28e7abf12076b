import { limits } from '../../protocol/wire-limits.ts';
import { type BrandMistake, lineAt } from './brand.ts';
import { isProperty, type PropertyName, properties } from './properties.ts';
import { valueFault } from './property-values.ts';

/**
 * Parses `brand.css`, a small part of CSS: `@font-face` with fonts of the folder, and documented properties on `:root`, also inside
 * `@media (prefers-color-scheme: dark)`. Anything else is a mistake.
 */
export interface StyleSheet {
  faces: readonly FontFace[];
  light: ReadonlyMap<PropertyName, string>;
  /** Every property in it is also in `light`. */
  dark: ReadonlyMap<PropertyName, string>;
}

export interface FontFace {
  /** Without `src`. */
  descriptors: readonly [name: string, value: string][];
  sources: readonly FontSource[];
}

export interface FontSource {
  /** The name in the folder, such as `fonts/text.woff2`. */
  file: string;
  /** The text after the URL, such as ` format("woff2")`. */
  hints: string;
}

const file = 'brand.css';
const accepted = 'brand.css may contain @font-face, :root and @media (prefers-color-scheme: dark) with :root in it.';

interface Declaration {
  name: string;
  value: string;
  at: number;
}

/** `fonts`: the files in `fonts/`, such as `fonts/text.woff2`. */
export function parseStyleSheet(text: string, fonts: ReadonlySet<string>): { sheet: StyleSheet; mistakes: BrandMistake[] } {
  const scanner = new Scanner(text);
  const faces: FontFace[] = [];
  const light = new Map<PropertyName, string>();
  const dark = new Map<PropertyName, string>();
  const mistakes: BrandMistake[] = [];
  const refuse = (at: number, message: string) => mistakes.push({ file, line: lineAt(text, at), message });
  /** The index of each property of the dark scheme. */
  const darkAt = new Map<PropertyName, number>();

  const readProperties = (scheme: 'light' | 'dark') => {
    const given = scheme === 'light' ? light : dark;
    for (const { name, value, at } of declarations()) {
      const fault = isProperty(name) ? valueFault(properties[name].kind, value) : unknownProperty(name);
      if (fault !== undefined) refuse(at, `${name}: ${fault}`);
      else if (given.has(name as PropertyName)) refuse(at, `${name} is set twice.`);
      else if (scheme === 'dark') darkAt.set(name as PropertyName, at);
      given.set(name as PropertyName, value);
    }
  };

  /** The declarations up to the end of the block, which has begun. */
  function* declarations(): Generator<Declaration> {
    for (;;) {
      scanner.skipSpace();
      const { at } = scanner;
      if (scanner.isAtEnd) return void refuse(at, 'A block is not closed: } is missing.');
      if (scanner.take('}')) return;
      if (scanner.take(';')) continue;
      const name = scanner.match(/[\w-]+/y);
      scanner.skipSpace();
      if (name === undefined || !scanner.take(':')) {
        refuse(at, 'A declaration must be a name, a colon and a value.');
        scanner.skipDeclaration();
        continue;
      }
      const value = scanner.readValue();
      if (value === undefined) refuse(at, `${name}: the value must not contain {, \\ or an unclosed string or parenthesis.`);
      else yield { name, value, at };
    }
  }

  function readFace(start: number): void {
    const descriptors: [string, string][] = [];
    let sources: FontSource[] | undefined;
    for (const { name, value, at } of declarations()) {
      if (name === 'src') {
        const read = sourcesOf(value, fonts);
        if (typeof read === 'string') refuse(at, read);
        sources = typeof read === 'string' ? [] : read;
      } else if (!faceDescriptors.has(name)) {
        refuse(at, `${name} is no descriptor of @font-face that is accepted: ${[...faceDescriptors].join(', ')}, src.`);
      } else if (!/^[\w\s.,%+"'?-]+$/u.test(value)) refuse(at, `${name}: the value contains a character that is not accepted.`);
      else descriptors.push([name, value]);
    }
    if (sources === undefined) refuse(start, '@font-face needs src: url("fonts/…").');
    if (!descriptors.some(([name]) => name === 'font-family')) refuse(start, '@font-face needs font-family.');
    faces.push({ descriptors, sources: sources ?? [] });
  }

  /** `:root` blocks up to the end of the media query, which has begun. */
  function readDark(): void {
    for (;;) {
      scanner.skipSpace();
      const { at } = scanner;
      if (scanner.isAtEnd) return void refuse(at, 'A block is not closed: } is missing.');
      if (scanner.take('}')) return;
      if (scanner.readPrelude() === ':root' && scanner.take('{')) readProperties('dark');
      else {
        refuse(at, 'Only :root may be inside @media (prefers-color-scheme: dark).');
        scanner.skipBlock();
      }
    }
  }

  for (;;) {
    scanner.skipSpace();
    if (scanner.isAtEnd) break;
    const { at } = scanner;
    const prelude = scanner.readPrelude();
    if (prelude === '@font-face' && scanner.take('{')) readFace(at);
    else if (prelude === ':root' && scanner.take('{')) readProperties('light');
    else if (/^@media ?\( ?prefers-color-scheme ?: ?dark ?\)$/.test(prelude) && scanner.take('{')) readDark();
    else {
      refuse(at, `"${prelude.slice(0, limits.placeNameCharacters)}" is not accepted. ${accepted}`);
      scanner.skipBlock();
    }
  }
  for (const [name, at] of darkAt) {
    if (!light.has(name)) refuse(at, `${name} is set for the dark scheme only. Set it on :root outside @media as well.`);
  }
  return { sheet: { faces, light, dark }, mistakes };
}

const faceDescriptors: ReadonlySet<string> = new Set([
  'font-family',
  'font-weight',
  'font-style',
  'font-stretch',
  'font-display',
  'unicode-range',
  'size-adjust',
  'ascent-override',
  'descent-override',
  'line-gap-override',
]);

function unknownProperty(name: string): string {
  if (!name.startsWith('--pressbox-')) return 'is no custom property that begins with --pressbox-.';
  return 'is no documented property. docs/guides/branding.md lists them.';
}

/** The sources of a font, or a sentence about what is wrong. */
function sourcesOf(value: string, fonts: ReadonlySet<string>): FontSource[] | string {
  const sources: FontSource[] = [];
  // No accepted part contains a comma.
  for (const part of value.split(',')) {
    const [, quoted, single, plain, hints = ''] = fontSource.exec(part.trim()) ?? [];
    const name = (quoted ?? single ?? plain)?.replace(/^\.\//, '');
    if (name === undefined)
      return 'src must be url("fonts/…"), with format(…) or tech(…) after it. Other addresses are not accepted.';
    if (!name.startsWith('fonts/')) return `src: ${name} is not in fonts/. Put the font into the folder "fonts" of the brand.`;
    if (!fonts.has(name)) return `src: there is no file ${name}.`;
    sources.push({ file: name, hints });
  }
  return sources;
}

const fontSource =
  /^url\( ?(?:"([^"\s]+)"|'([^'\s]+)'|([^"'\s()]+)) ?\)((?: (?:format|tech)\( ?(?:"[\w -]+"|'[\w -]+'|[\w -]+) ?\))*)$/;

/** Reads the text token by token. White space and comments separate tokens, and count as one space within a value. */
class Scanner {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#text.length;
  }

  skipSpace(): void {
    this.match(/(?:\s|\/\*[\s\S]*?\*\/)*/y);
  }

  take(token: string): boolean {
    if (!this.#text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  /** `pattern` is sticky. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  /** The text before a block: up to `{`, `}` or `;`. */
  readPrelude(): string {
    const start = this.at;
    this.match(/(?:\/\*[\s\S]*?\*\/|[^{};])*/y);
    return plain(this.#text.slice(start, this.at));
  }

  /** A value, and the `;` after it. Undefined if it is not closed or has a character that no value needs. */
  readValue(): string | undefined {
    const start = this.at;
    let depth = 0;
    while (!this.isAtEnd) {
      if (this.match(/"[^"\\\n]*"|'[^'\\\n]*'|\/\*[\s\S]*?\*\/|[^"'(){};\\/]+|\//y) !== undefined) continue;
      if (this.take('(')) depth += 1;
      else if (depth > 0 && this.take(')')) depth -= 1;
      else break;
    }
    const value = plain(this.#text.slice(start, this.at));
    if (depth === 0 && /^[;}]$/.test(this.#text[this.at] ?? '')) {
      this.take(';');
      return value;
    }
    this.skipDeclaration();
    return undefined;
  }

  skipDeclaration(): void {
    this.match(/[^;}]*;?/y);
  }

  /** Skips to the end of the block that begins here, or over the `;` or `}` here. */
  skipBlock(): void {
    if (!this.take('{')) return void this.match(/[;}]?/y);
    for (let depth = 1; depth > 0 && !this.isAtEnd; ) {
      if (this.take('{')) depth += 1;
      else if (this.take('}')) depth -= 1;
      else this.match(/(?:\/\*[\s\S]*?\*\/|[^{}])+/y);
    }
  }
}

/** Without comments, and with single spaces. */
function plain(text: string): string {
  return text
    .replace(/"[^"]*"|'[^']*'|\/\*[\s\S]*?\*\//g, (part) => (part.startsWith('/*') ? ' ' : part))
    .replace(/\s+/g, ' ')
    .trim();
}
