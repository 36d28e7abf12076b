import { de as composer } from './composer/de.ts';
import { outboxWords as outbox } from './outbox/de.ts';
import type { DeskWords } from './words.ts';

export const words: DeskWords = { composer, outbox };
