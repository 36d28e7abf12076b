import type { Language } from '../../../i18n/languages.ts';
import { deskWordsIn } from '../loaded.ts';
import type { AppWords } from './words.ts';

export type { AppWords } from './words.ts';

/** The words of the shell of the desk in this language. */
export function appWordsIn(language: Language): AppWords {
  return deskWordsIn(language).app;
}
