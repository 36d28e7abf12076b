import type { Language } from '../../i18n/languages.ts';
import { words as en } from './en.ts';
import type { DeskWords } from './words.ts';

/** The desk loads the words of its language when it opens. English is always there. */
const loaders: Readonly<Record<Exclude<Language, 'en'>, () => Promise<{ words: DeskWords }>>> = {
  ar: () => import('./ar.ts'),
  de: () => import('./de.ts'),
  es: () => import('./es.ts'),
  fr: () => import('./fr.ts'),
};

const loaded = new Map<Language, DeskWords>([['en', en]]);

/** Resolves once the words are loaded or loading has failed; then the desk stays in English. */
export async function loadDeskWords(language: Language): Promise<void> {
  if (language === 'en' || loaded.has(language)) return;
  try {
    loaded.set(language, (await loaders[language]()).words);
  } catch (error) {
    console.warn('The words of the language could not be loaded.', error);
  }
}

export function deskWordsIn(language: Language): DeskWords {
  return loaded.get(language) ?? en;
}
