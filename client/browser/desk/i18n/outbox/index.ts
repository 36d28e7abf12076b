import type { Language } from '../../../i18n/languages.ts';
import { deskWordsIn } from '../loaded.ts';
import type { OutboxWords } from './words.ts';

export type { OutboxWords } from './words.ts';

/** The words of the outbox in this language. */
export function outboxWordsIn(language: Language): OutboxWords {
  return deskWordsIn(language).outbox;
}
