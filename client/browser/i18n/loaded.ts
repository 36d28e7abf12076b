import { page, words } from './en.ts';
import { type Language, primaryOf } from './languages.ts';
import type { ElementWords, LanguageWords, PageWords, Words } from './words.ts';

/**
 * Replaces `index.ts` in page scripts. It includes English and loads any other language from its own file when a channel uses it,
 * because all languages together would make the scripts much larger.
 */
const loaders: Readonly<Record<Exclude<Language, 'en'>, () => Promise<LanguageWords>>> = {
  ar: () => import('./ar.ts'),
  de: () => import('./de.ts'),
  es: () => import('./es.ts'),
  fr: () => import('./fr.ts'),
};

/**
 * The loaded words, by language. English lacks the words that only the element needs: the element's own script imports them, so
 * that pages need not load them.
 */
const loaded = new Map<string, Partial<LanguageWords>>([['en', { words, page }]]);

/** Whether the words of the language are loaded, or the language is not supported. */
export function isLoaded(language: string): boolean {
  const primary = primaryOf(language);
  return loaded.has(primary) || !Object.hasOwn(loaders, primary);
}

/** Resolves once the words are loaded or loading has failed; then the page stays in English. */
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
