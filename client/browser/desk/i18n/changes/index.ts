import type { Language } from '../../../i18n/languages.ts';
import { ar } from './ar.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { es } from './es.ts';
import { fr } from './fr.ts';
import type { ChangesWords } from './words.ts';

export type { ChangesWords } from './words.ts';

const byLanguage: Readonly<Record<Language, ChangesWords>> = { ar, de, en, es, fr };

/** The words for changing published posts in this language. */
export function changesWordsIn(language: Language): ChangesWords {
  return byLanguage[language];
}
