import type { Language } from '../../i18n/languages.ts';
import { outboxWords as ar } from './outbox-ar.ts';
import { outboxWords as de } from './outbox-de.ts';
import { outboxWords as en } from './outbox-en.ts';
import { outboxWords as es } from './outbox-es.ts';
import { outboxWords as fr } from './outbox-fr.ts';
import type { OutboxWords } from './outbox-words.ts';

export type { OutboxWords } from './outbox-words.ts';

const byLanguage: Readonly<Record<Language, OutboxWords>> = { ar, de, en, es, fr };

/** The words of the outbox in this language. */
export function outboxWordsIn(language: Language): OutboxWords {
  return byLanguage[language];
}
