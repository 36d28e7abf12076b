/**
 * The languages of pages, feeds and the element. This is the only list: every table of words has an entry for each, so a new
 * language does not compile before all its words exist. In order of preference for a reader who accepts any language.
 */
export const languages = ['en', 'de', 'fr', 'es', 'ar'] as const;

export type Language = (typeof languages)[number];

/** The supported language of a BCP 47 tag, regardless of region and script. Undefined if it is not supported. */
export function languageOf(tag: string): Language | undefined {
  const primary = primaryOf(tag);
  return languages.find((language) => language === primary);
}

/** The tag without region and script, which the words do not distinguish. */
export function primaryOf(tag: string): string {
  return tag.toLowerCase().split('-')[0] ?? '';
}
