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

/** What may run either way, with what is in it until it ends or another of its kind begins. */
const either = /<(?!br|hr)(\w+)\b(?:([^>]*) dir="auto")?>(?=((?:[^<]+|<(?!\/?\1\b))*))/g;

/** In a coverage from right to left the first letter is that of a Latin name too often. There a text runs by what most of it is written in. */
export function turned(markup: Html, { runs }: Pick<Setting, 'runs'>): Html {
  if (runs !== 'rtl') return markup;
  const turn = (tag: string, name: string, rest = '', within = '') => (isOurs(within) ? `<${name}${rest} dir="rtl">` : tag);
  return safe(markup.text.replace(either, turn));
}

/**
 * Whether it is in a script from right to left, as far as a third of its words are: a short headline has names of two or three words, and a
 * text in another language quotes few.
 */
function isOurs(markup: string): boolean {
  const words = markup.replace(/<[^>]*>|&\w+;/g, ' ').split(/\s/);
  const count = (letter: RegExp) => words.filter((word) => letter.test(word)).length;
  const ours = count(/[\u0590-\u08ff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u);
  return ours > 0 && ours * 3 >= count(/\p{L}/u);
}
