import { type Html, safe } from './html.ts';
import type { Setting } from './time.ts';

/**
 * Which way texts run. Our words run as their language does. What a newsroom wrote may be in another language than the coverage, and nothing
 * says so: where it stands has `dir="auto"`, or is a `bdi` or a block of a post, with which a browser goes by the first letter.
 */

/** The direction of text in a language, by the script it is written in. */
export function directionOf(language: string): 'ltr' | 'rtl' {
  try {
    return rightToLeft.includes(new Intl.Locale(language).maximize().script ?? '?') ? 'rtl' : 'ltr';
  } catch {
    return 'ltr';
  }
}

/** ISO 15924. */
const rightToLeft = 'Arab Aran Hebr Syrc Thaa Nkoo Adlm Rohg Mand Samr Mend Yezi';

/** What may run either way and has a letter of such a script in it. */
const either =
  /<(?!br|hr)(\w+)\b(?:([^>]*) dir="auto")?>(?=(?:(?!<\/?\1\b).)*?[\u0590-\u08ff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}])/gsu;

/**
 * In a coverage from right to left the first letter is that of a Latin name too often. There whatever has a letter of such a script in it
 * runs as the coverage does.
 */
export function turned(markup: Html, { runs }: Pick<Setting, 'runs'>): Html {
  return runs === 'rtl' ? safe(markup.text.replace(either, '<$1$2 dir="rtl">')) : markup;
}
