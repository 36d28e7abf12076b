import type { Language } from '../../i18n/languages.ts';
import type { ComposerWords } from './composer-words.ts';
import { deskWordsIn } from './loaded.ts';

export type { ComposerWords } from './composer-words.ts';

/** The words of the composer in this language. */
export function composerWordsIn(language: Language): ComposerWords {
  return deskWordsIn(language).composer;
}
