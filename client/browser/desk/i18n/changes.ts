import type { Language } from '../../i18n/languages.ts';
import { ar } from './changes-ar.ts';
import { de } from './changes-de.ts';
import { en } from './changes-en.ts';
import { es } from './changes-es.ts';
import { fr } from './changes-fr.ts';
import type { ChangesWords } from './changes-words.ts';

export type { ChangesWords } from './changes-words.ts';

const byLanguage: Readonly<Record<Language, ChangesWords>> = { ar, de, en, es, fr };

/** The words for changing published posts in this language. */
export function changesWordsIn(language: Language): ChangesWords {
  return byLanguage[language];
}
