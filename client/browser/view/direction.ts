import { type Html, safe } from './html.ts';
import type { Setting } from './wording/time.ts';

/**
 * Text direction. The interface runs in the direction of its language. A text by the newsroom may be in another language than the
 * channel without saying so. Such texts have `dir="auto"`, or are a `bdi` or a block of a post, for which browsers go by the
 * first letter.
 */

/** The direction of a language, by its script. */
export function directionOf(language: string): 'ltr' | 'rtl' {
  try {
    return rightToLeft.includes(new Intl.Locale(language).maximize().script ?? '?') ? 'rtl' : 'ltr';
  } catch {
    return 'ltr';
  }
}

/** ISO 15924 codes. */
const rightToLeft = 'Arab Aran Hebr Syrc Thaa Nkoo Adlm Rohg Mand Samr Mend Yezi';

/** Elements of either direction, with their content up to the end or to the next element of the same kind. */
const either = /<(?!br|hr)(\w+)\b(?:([^>]*) dir="auto")?>(?=((?:[^<]+|<(?!\/?\1\b))*))/g;

/**
 * Gives texts in a right-to-left channel their direction by their words. Browsers go by the first letter, which too often belongs
 * to a Latin name.
 */
export function turned(markup: Html, { runs }: Pick<Setting, 'runs'>): Html {
  if (runs !== 'rtl') return markup;
  const turn = (tag: string, name: string, rest = '', within = '') =>
    isRightToLeft(within) ? `<${name}${rest} dir="rtl">` : tag;
  return safe(markup.text.replace(either, turn));
}

/**
 * Whether the text is right-to-left: at least a third of its words are. The share is low because a short headline may contain two
 * or three Latin names. A text in a left-to-right language has fewer right-to-left words than that.
 */
function isRightToLeft(markup: string): boolean {
  const words = markup.replace(/<[^<>]*>|&\w+;/g, ' ').split(/\s/);
  const count = (letter: RegExp) => words.filter((word) => letter.test(word)).length;
  const ours = count(/[\u0590-\u08ff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u);
  return ours > 0 && ours * 3 >= count(/\p{L}/u);
}
