import type { Language } from '../../i18n/languages.ts';
import { figureKey, figurePattern, figureWordsIn, latinDigits, scaled, unitLetters, unitSign } from './figures.ts';

/** A word or a figure of a text. */
export interface Token {
  /** Its position in the text. */
  start: number;
  end: number;
  /** The same for the same word or figure, however it is written. */
  key: string;
  /** `number-word`: a figure that is written out. */
  kind: 'word' | 'figure' | 'number-word';
}

/** Splits a text into whole words and figures. `language`: undefined if its words for figures are not known. Pure. */
export function tokensOf(text: string, language: Language | undefined): Token[] {
  const figures = figuresIn(text);
  const tokens = [...figures, ...signsIn(text)];
  let next = 0;
  for (const { segment, index, isWordLike } of segmenter.segment(text)) {
    if (!isWordLike) continue;
    while (next < figures.length && (figures[next] as Token).end <= index) next += 1;
    const figure = figures[next];
    const end = index + segment.length;
    // The rest of a segment that begins with a figure, such as its unit.
    const start = figure !== undefined && figure.start <= index ? Math.min(figure.end, end) : index;
    tokens.push(...wordsIn(text.slice(start, end), start, language));
  }
  return inMillions(
    text,
    tokens.sort((a, b) => a.start - b.start),
    language,
  );
}

const segmenter = new Intl.Segmenter('en', { granularity: 'word' });

function figuresIn(text: string): Token[] {
  const found: Token[] = [];
  for (const { 0: figure, index } of text.matchAll(figurePattern)) {
    const end = index + figure.length;
    const letters = /^[\p{L}\p{M}\p{N}]+/u.exec(text.slice(end, end + 24))?.[0];
    if (letters !== undefined && !unitLetters.test(letters)) continue;
    found.push({ start: index, end, key: figureKey(figure), kind: 'figure' });
  }
  return found;
}

function signsIn(text: string): Token[] {
  return [...text.matchAll(unitSign)].map(({ 0: sign, index }) => {
    return { start: index, end: index + sign.length, key: sign === '٪' ? '%' : sign, kind: 'word' };
  });
}

/** `d’Ostlund` has two words, and so has `Ostlund’s`. */
function wordsIn(word: string, at: number, language: Language | undefined): Token[] {
  return [...word.matchAll(/[^'’]+/g)].map(({ 0: part, index }) => {
    const [start, end] = [at + index, at + index + part.length];
    const key = wordKey(part);
    // Such as `20th`, `A380` and `23h40`.
    if (/\p{Nd}/u.test(part)) return { start, end, key: latinDigits(key).replace(/^(\d{1,2})h(\d\d)$/, '$1:$2'), kind: 'figure' };
    const number = figureWordsIn(language).numbers.get(key);
    return number === undefined ? { start, end, key, kind: 'word' } : { start, end, key: number, kind: 'number-word' };
  });
}

/** Without marks that writers of Arabic leave out as they like, and without invisible ones. */
export function wordKey(word: string): string {
  return word
    .normalize('NFKC')
    .replace(/[\p{Cf}\u0640\u064b-\u065f\u0670]/gu, '')
    .toLowerCase();
}

/** Makes one figure of `3.5 million`. */
function inMillions(text: string, tokens: readonly Token[], language: Language | undefined): Token[] {
  const { scales } = figureWordsIn(language);
  const joined: Token[] = [];
  for (const token of tokens) {
    const last = joined.at(-1);
    if (last !== undefined && token.start < last.end) continue;
    const exponent = token.kind === 'word' ? scales.get(token.key) : undefined;
    const isScaled = exponent !== undefined && last !== undefined && last.kind !== 'word' && isBeside(text, last, token);
    const key = isScaled ? scaled(last.key, exponent) : undefined;
    if (key === undefined || last === undefined) joined.push(token);
    else joined[joined.length - 1] = { start: last.start, end: token.end, key, kind: 'figure' };
  }
  return joined;
}

/** Nothing but spaces or a hyphen stands between the two. */
export function isBeside(text: string, { end }: Pick<Token, 'end'>, { start }: Pick<Token, 'start'>): boolean {
  return /^[^\S\n]*(?:[-‑][^\S\n]*)?$/.test(text.slice(end, start));
}
