import { channelIdCharacters } from './client-limits.ts';

/** The id of a channel that its opener does not name. The server chooses it, and the desk, which must name one before it sends. */

/** Common spellings of letters without a Unicode decomposition. */
const spelled: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
  ħ: 'h',
  ŋ: 'n',
};

/**
 * Makes a channel id from a headline: its words in ASCII letters, joined by hyphens, or `channel` if none are left. Letters
 * outside the Latin alphabet are left out.
 */
export function slugOf(headline: string): string {
  const plain = headline
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/['’]/g, '')
    .replace(/[ßæœøđðþłıħŋ]/g, (letter) => spelled[letter] as string)
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return shortened(plain, 60) || 'channel';
}

/** The slug, then the slug with `-2`, `-3` and so on, to try until an id is free. */
export function candidates(slug: string, most: number): string[] {
  return Array.from({ length: most }, (_, index) => {
    if (index === 0) return slug;
    const suffix = `-${index + 1}`;
    return shortened(slug, channelIdCharacters - suffix.length) + suffix;
  });
}

/** Shortens the slug at the end of a word, if a word ends in the last third. */
function shortened(slug: string, most: number): string {
  if (slug.length <= most) return slug;
  const cut = slug.slice(0, most + 1);
  const end = cut.lastIndexOf('-');
  return slug.slice(0, end > most * (2 / 3) ? end : most).replace(/(?<!-)-+$/, '');
}
