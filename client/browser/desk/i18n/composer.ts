import type { Language } from '../../i18n/languages.ts';
import { ar } from './composer-ar.ts';
import { de } from './composer-de.ts';
import { en } from './composer-en.ts';
import { es } from './composer-es.ts';
import { fr } from './composer-fr.ts';
import type { ComposerWords } from './composer-words.ts';

export type { ComposerWords } from './composer-words.ts';

const byLanguage: Readonly<Record<Language, ComposerWords>> = { ar, de, en, es, fr };

/** The words of the composer in this language. */
export function composerWordsIn(language: Language): ComposerWords {
  return byLanguage[language];
}
