import { en, enPage } from './en.ts';
import type { Language } from './index.ts';
import { type ElementWords, type PageWords, primaryOf, type Words } from './words.ts';

/**
 * What scripts that show a coverage have in the place of `index.ts`: English, and every other language in a file of its own, which is
 * loaded where the coverage is in it. A reader needs one of them, and all together weigh as much as a picture.
 */
interface Loaded {
  words: Words | undefined;
  page: PageWords | undefined;
  element: ElementWords | undefined;
}

const loaders: Record<Exclude<Language, 'en'>, () => Promise<Loaded>> = {
  ar: () => import('./ar.ts').then(({ ar, arPage, arElement }) => ({ words: ar, page: arPage, element: arElement })),
  de: () => import('./de.ts').then(({ de, dePage, deElement }) => ({ words: de, page: dePage, element: deElement })),
  es: () => import('./es.ts').then(({ es, esPage, esElement }) => ({ words: es, page: esPage, element: esElement })),
  fr: () => import('./fr.ts').then(({ fr, frPage, frElement }) => ({ words: fr, page: frPage, element: frElement })),
};

/** The element has its own English words itself, so that a page, which says none of them, does not load them. */
const loaded = new Map<string, Loaded>([['en', { words: en, page: enPage, element: undefined }]]);

/** Whether all words that there are in a language are here. */
export function isLoaded(language: string): boolean {
  const primary = primaryOf(language);
  return loaded.has(primary) || !Object.hasOwn(loaders, primary);
}

/** Resolves once they are, or once it is known that they cannot be had: then the page says in English what it says itself. */
export async function loadWords(language: string): Promise<void> {
  if (isLoaded(language)) return;
  const primary = primaryOf(language) as keyof typeof loaders;
  loaded.set(primary, await loaders[primary]().catch(() => ({ words: undefined, page: undefined, element: undefined })));
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
