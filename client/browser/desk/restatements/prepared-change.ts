import type { AuthorPost, PostFields } from '../../../../src/protocol/model.ts';
import type { Language } from '../../i18n/languages.ts';
import { textOf } from '../../view/wording/plain-text.ts';
import { type Occurrence, occurrencesIn } from './passage-search.ts';
import type { Passage } from './removed-passages.ts';

/**
 * The correction of a post that says what was removed from another one, as far as it can be told: exactly what was replaced there is
 * replaced here, where it surely means the same. Its author sees and confirms it. Pure.
 */
export function preparedChanges(
  { headline, body, html }: Pick<AuthorPost, 'headline' | 'body' | 'html'>,
  passages: readonly Passage[],
  language: Language | undefined,
): Partial<Pick<PostFields, 'headline' | 'body'>> {
  const replaceable = (text: string) => occurrencesIn(text, passages, language).filter(isReplaceable);
  const inHeadline = replaceable(headline ?? '');
  const inBody = outsideAddresses(body, replaceable(body));
  // Markdown can say something else than its text: an address, or a figure with a mark in it.
  const isAsShown = inBody.length === replaceable(textOf(html)).length;
  return {
    ...(headline !== null && inHeadline.length > 0 && { headline: replaced(headline, inHeadline) }),
    ...(isAsShown && inBody.length > 0 && { body: replaced(body, inBody) }),
  };
}

function isReplaceable({ isSure, passage: { replacement } }: Occurrence): boolean {
  return isSure && replacement !== undefined && !/[\\`*_[\]<>#|~&\n]/.test(replacement);
}

function outsideAddresses(body: string, occurrences: readonly Occurrence[]): Occurrence[] {
  const addresses = [...body.matchAll(/\]\((?:(?!\]\()[^)])*\)|<[^<>]*>|\b(?:https?:|post:)\S+/g)].map(
    ({ 0: address, index }) => {
      return { start: index, end: index + address.length };
    },
  );
  return occurrences.filter(({ start, end }) => !addresses.some((address) => start < address.end && end > address.start));
}

/** `occurrences`: in the order of the text. */
function replaced(text: string, occurrences: readonly Occurrence[]): string {
  return occurrences.reduceRight((all, { removed: { start, end }, passage }) => {
    return all.slice(0, start) + passage.replacement + all.slice(end);
  }, text);
}
