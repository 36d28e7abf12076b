import type { Language } from '../../i18n/languages.ts';
import type { Passage } from './removed-passages.ts';
import { type Token, tokensOf } from './text-tokens.ts';

/** A place in a text that says what was removed elsewhere. */
export interface Occurrence {
  passage: Passage;
  start: number;
  end: number;
  /** The part of it that was removed. */
  removed: { start: number; end: number };
  /** It means the same by all appearances. A figure of two digits may also be about something else. */
  isSure: boolean;
}

/** The occurrences in the order of the text. Of those that overlap, the longest. Pure. */
export function occurrencesIn(text: string, passages: readonly Passage[], language: Language | undefined): Occurrence[] {
  if (passages.length === 0) return [];
  const tokens = tokensOf(text, language);
  const found = tokens.flatMap(({ key }, at) =>
    passages.flatMap((passage) => (passage.keys[0] === key ? (occurrenceAt(at, passage, tokens, text) ?? []) : [])),
  );
  found.sort((one, other) => one.start - other.start || other.end - one.end);
  const apart: Occurrence[] = [];
  for (const occurrence of found) {
    const last = apart.at(-1);
    if (last === undefined || occurrence.start >= last.end) apart.push(occurrence);
    else if (occurrence.end - occurrence.start > last.end - last.start) apart[apart.length - 1] = occurrence;
  }
  return apart;
}

function occurrenceAt(at: number, passage: Passage, tokens: readonly Token[], text: string): Occurrence | undefined {
  const { keys, kind, beside, removed, isVague } = passage;
  const own = tokens.slice(at, at + keys.length);
  if (own.length < keys.length || own.some(({ key }, offset) => key !== keys[offset])) return undefined;
  // "Rose" is a name, "rose" is none.
  const isCapitalised = (token: Token) => isCapital.test(text.slice(token.start, token.end));
  if (kind === 'name' && isCapital.test(passage.text) && !own.every(isCapitalised)) return undefined;
  const [first, last] = [own[removed.first] as Token, own[removed.last] as Token];
  const isSame = (key: string | undefined, token: Token | undefined) => key !== undefined && token?.key === key;
  const isAlike = isSame(beside.after, tokens[at + keys.length]) || isSame(beside.before, tokens[at - 1]);
  return {
    passage,
    start: (own[0] as Token).start,
    end: (own.at(-1) as Token).end,
    removed: { start: first.start, end: last.end },
    isSure: !isVague || isAlike,
  };
}

const isCapital = /^\p{Lu}/u;
