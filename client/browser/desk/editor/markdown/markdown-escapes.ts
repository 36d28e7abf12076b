import { markdown } from '../../../../../src/markdown/parser.ts';

/** Writes text so that Markdown shows it as it is. Escapes only what would otherwise be read as Markdown. */

/** The neighbours of a text in its line. */
export interface Surroundings {
  atLineStart: boolean;
  /** Something other than text, such as the end of a link or of emphasis. */
  afterOther: boolean;
  beforeOther: boolean;
  beforeLink: boolean;
  endsHeading: boolean;
  inLink: boolean;
}

const asciiPunctuation = /[!-/:-@[-`{-~]/g;

export function escapedText(text: string, around: Surroundings, all: boolean): string {
  if (all) return text.replace(asciiPunctuation, '\\$&');
  const escaped = new Set([...inWords(text, around), ...inAddresses(text, around)]);
  if (around.atLineStart) for (const at of atLineStart(text)) escaped.add(at);
  if (around.endsHeading) {
    const closing = /(?<!#)#+$/.exec(text);
    if (closing) escaped.add(closing.index);
  }
  let written = '';
  for (let at = 0; at < text.length; at += 1) written += escaped.has(at) ? `\\${text[at]}` : text[at];
  return written;
}

/** The places of characters that mean something anywhere in a line. */
function* inWords(text: string, { afterOther, beforeOther, beforeLink, inLink }: Surroundings): Generator<number> {
  const last = text.length - 1;
  for (const { 0: character, index: at } of text.matchAll(/[\\`*_~[\]<&!]/g)) {
    const [before = '', after = ''] = [text[at - 1], text[at + 1]];
    const atEdge = (at === 0 && afterOther) || (at === last && beforeOther);
    const rest = text.slice(at);
    const isMarkup = {
      '\\': () => at === last || /[!-/:-@[-`{-~]/.test(after),
      '`': () => true,
      '*': () => atEdge || !(/\s/.test(before) && /\s/.test(after)),
      _: () => atEdge || !(/[\p{L}\p{N}]/u.test(before) && /[\p{L}\p{N}]/u.test(after)),
      '~': () => atEdge || before === '~' || after === '~',
      '[': () => inLink || !/^\[[^[\]()*_`<>\\!~]*\](?![([:])/.test(rest),
      ']': () => inLink || !isInBrackets(text, at) || /^\][([:]/.test(rest),
      '<': () => /^<[a-z][^\s<>]*[:@]/i.test(rest),
      '&': () => /^&(?:#x?[0-9a-f]+|[a-z0-9]+);/i.test(rest),
      '!': () => after === '[' || (at === last && beforeLink),
    }[character];
    if (isMarkup?.()) yield at;
  }
}

/** Whether only plain characters stand between the nearest bracket before `at` and `at`. Walks back over these alone. */
function isInBrackets(text: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && !'[]()*_`<>\\!~'.includes(text[before] as string)) before -= 1;
  return text[before] === '[';
}

/** The places of the characters that make addresses of a text that is not linked. */
function* inAddresses(text: string, { inLink }: Surroundings): Generator<number> {
  if (inLink) return;
  for (const { index, raw } of markdown.linkify.match(text) ?? []) {
    for (const { index: at } of raw.matchAll(/[:@]|(?<=^www)\./gi)) yield index + at;
  }
}

/** The places of characters that mean something at the start of a line. */
function* atLineStart(text: string): Generator<number> {
  if (/^(?:#{1,6}(?:\s|$)|>|[-+*](?:\s|$)|[-=]+\s*$|-[-\s|:]*$|\||:[-\s|:]*$|~~~)/.test(text)) yield 0;
  const [, number] = /^(\d{1,9})[.)](?:\s|$)/.exec(text) ?? [];
  if (number !== undefined) yield number.length;
}

export function isSpace(letter: string): boolean {
  return /^[\p{Zs}\t\n\f\r\v]$/u.test(letter);
}

/** Punctuation as Markdown sees it where it looks for emphasis. */
export function isPunctuation(letter: string): boolean {
  return /^[\p{P}\p{S}]$/u.test(letter);
}
