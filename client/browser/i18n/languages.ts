/**
 * The languages that pages, feeds and the element have words in. The one list of them: whatever is said in a language is in a table with
 * an entry for each, so that one more does not compile before all its words are there. In the order in which a page without a channel
 * offers them to a reader who takes any.
 */
export const languages = ['en', 'de', 'fr', 'es', 'ar'] as const;

export type Language = (typeof languages)[number];

/** The language of a BCP 47 tag, whatever its region or script; undefined where there are no words in it. */
export function languageOf(tag: string): Language | undefined {
  const primary = primaryOf(tag);
  return languages.find((language) => language === primary);
}

/** The tag without its region or script, which words are not told apart by. */
export function primaryOf(tag: string): string {
  return tag.toLowerCase().split('-')[0] ?? '';
}
