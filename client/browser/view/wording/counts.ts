import type { News, Plural } from '../../i18n/words.ts';
import { formats, type Setting, wordsOf } from './time.ts';

/**
 * Numbers use the words' plural forms and the digits of the page's language: Arabic has several sets of digits (`ar-EG`,
 * `ar-MA`).
 */
type Counting = Pick<Setting, 'words' | 'language'>;

export function numberText(count: number, { language }: Counting): string {
  return formats({ language }).number.format(count);
}

/** The numbering system of a language by its CLDR name, such as `latn` or `arab`. */
export function digitsOf(language: string): string {
  return formats({ language }).number.resolvedOptions().numberingSystem;
}

/** "3 new posts". */
export function counted(plural: Plural, count: number, setting: Counting): string {
  const form = plural[new Intl.PluralRules(wordsOf(setting).language).select(count)] ?? plural.other;
  return form.replace('#', numberText(count, setting));
}

/** "3 new posts, 1 correction". Empty if there is nothing new. */
export function newsText({ posts, corrections, withdrawals }: News, setting: Counting): string {
  const words = wordsOf(setting);
  const counts: [Plural, number][] = [
    [words.newPosts, posts],
    [words.corrections, corrections],
    [words.withdrawals, withdrawals],
  ];
  const parts = counts.filter(([, count]) => count > 0).map(([plural, count]) => counted(plural, count, setting));
  return new Intl.ListFormat(words.language, { type: 'unit', style: 'short' }).format(parts);
}
