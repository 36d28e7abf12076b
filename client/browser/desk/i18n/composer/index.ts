import type { Language } from '../../../i18n/languages.ts';
import { deskWordsIn } from '../loaded.ts';
import type { ComposerWords } from './words.ts';

export type { ComposerWords } from './words.ts';

/** The words of the composer in this language. */
export function composerWordsIn(language: Language): ComposerWords {
  return deskWordsIn(language).composer;
}
