import type { Language } from '../../i18n/languages.ts';
import { diffUnits } from '../../view/post/diff.ts';
import { textOf } from '../../view/wording/plain-text.ts';
import { type Passage, type PostContent, removedPassages } from '../restatements/removed-passages.ts';
import { type Token, tokensOf, wordKey } from '../restatements/text-tokens.ts';

/**
 * Whether a change is about a figure, a name or a quotation, which a typing slip must not be. A corrected spelling of other words is
 * none. `language`: that of the coverage. Pure.
 */
export function changesFacts(before: PostContent, after: PostContent, language: Language | undefined): boolean {
  if (changesFigures(before, after, language)) return true;
  const passages = [...removedPassages(before, after, language), ...removedPassages(after, before, language)];
  return passages.some((passage) => !isRespelled(passage, language));
}

/** Whether the text has other figures, or has them in another order. `4,700` and `4.700` are the same figure, and so are 2 and two. */
function changesFigures(before: PostContent, after: PostContent, language: Language | undefined): boolean {
  const figures = ({ headline, html }: PostContent) =>
    tokensOf(`${headline ?? ''}\n${textOf(html)}`, language).filter(({ kind }) => kind !== 'word');
  const keys = (tokens: readonly Token[]) => tokens.map(({ key }) => key).join(' ');
  const [old, fresh] = [figures(before), figures(after)];
  if (keys(old) === keys(fresh)) return false;
  // A figure in words appears when a misspelt word is corrected, such as "tow" to "two".
  const inDigits = (tokens: readonly Token[]) => tokens.filter(({ kind }) => kind === 'figure');
  return old.length === fresh.length || keys(inDigits(old)) !== keys(inDigits(fresh));
}

/**
 * Whether the passage differs in spelling alone: the word beside a figure, as "poeple" in "40 poeple", or a word of Arabic, where any
 * word may be a name.
 */
function isRespelled({ kind, keys, removed, replacement }: Passage, language: Language | undefined): boolean {
  if (kind === 'quote' || (kind === 'name' && language !== 'ar')) return false;
  const words = keys.slice(removed.first, removed.last + 1).join(' ');
  // Figures are compared by `changesFigures`.
  if (/\p{Nd}/u.test(words)) return true;
  return replacement !== undefined && isAlike(words, wordKey(replacement));
}

/** Shorter words differ in a letter by their meaning, as units do. */
const comparedCharacters = 4;

/** Whether few letters differ. A letter that was replaced counts twice. */
function isAlike(one: string, other: string): boolean {
  if (Math.min(one.length, other.length) < comparedCharacters) return false;
  const edits = Math.max(2, Math.floor((one.length + other.length) / 4));
  return diffUnits([...one], [...other], { edits, steps: 10_000 }) !== undefined;
}
