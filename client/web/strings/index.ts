import { ar, arPage } from './ar.ts';
import { de, dePage } from './de.ts';
import { en, enPage } from './en.ts';
import { es, esPage } from './es.ts';
import { fr, frPage } from './fr.ts';
import { type PageWords, primaryOf, type Words } from './words.ts';

/** The languages that there are words in. Another one is a file, and its name here, below and in `loaded.ts`. */
const languages = { ar, de, en, es, fr } satisfies Record<string, Words>;
export type Language = keyof typeof languages;

/** In a table of its own: what bundles one of the two leaves out the other. */
const pages: Readonly<Record<Language, PageWords>> = { ar: arPage, de: dePage, en: enPage, es: esPage, fr: frPage };

/** The words of a language, whatever its region or script; undefined where there are none. */
export function wordsIn(language: string): Words | undefined {
  const primary = primaryOf(language);
  return Object.hasOwn(languages, primary) ? languages[primary as Language] : undefined;
}

/** The same of what only the server's own pages and feeds say. */
export function pageWordsIn(language: string): PageWords | undefined {
  const primary = primaryOf(language);
  return Object.hasOwn(pages, primary) ? pages[primary as Language] : undefined;
}

/** Here every language is at hand. The script of a coverage's page has `loaded.ts` in the place of this file, and English alone. */
export function isLoaded(_language: string): boolean {
  return true;
}

export async function loadWords(_language: string): Promise<void> {}
