import { page, words } from './en.ts';
import { type Language, primaryOf } from './languages.ts';
import type { ElementWords, LanguageWords, PageWords, Words } from './words.ts';

/**
 * What scripts that show a coverage have in the place of `index.ts`: English, and every other language in a file of its own, which is
 * loaded where the coverage is in it. A reader needs one of them, and all together weigh as much as a picture.
 */
const loaders: Readonly<Record<Exclude<Language, 'en'>, () => Promise<LanguageWords>>> = {
  ar: () => import('./ar.ts'),
  de: () => import('./de.ts'),
  es: () => import('./es.ts'),
  fr: () => import('./fr.ts'),
};

/** The element has its own English words itself, so that a page, which says none of them, does not load them. */
const loaded = new Map<string, Partial<LanguageWords>>([['en', { words, page }]]);

/** Whether all words that there are in a language are here. */
export function isLoaded(language: string): boolean {
  const primary = primaryOf(language);
  return loaded.has(primary) || !Object.hasOwn(loaders, primary);
}

/** Resolves once they are, or once it is known that they cannot be had: then the page says in English what it says itself. */
export async function loadWords(language: string): Promise<void> {
  if (isLoaded(language)) return;
  const primary = primaryOf(language) as keyof typeof loaders;
  loaded.set(primary, await loaders[primary]().catch(() => ({})));
}

export function wordsIn(language: string): Words | undefined {
  return loaded.get(primaryOf(language))?.words;
}

export function pageWordsIn(language: string): PageWords | undefined {
  return loaded.get(primaryOf(language))?.page;
}

export function elementWordsIn(language: string): ElementWords | undefined {
  return loaded.get(primaryOf(language))?.element;
}
