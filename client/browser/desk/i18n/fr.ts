import { fr as composer } from './composer/fr.ts';
import { outboxWords as outbox } from './outbox/fr.ts';
import type { DeskWords } from './words.ts';

export const words: DeskWords = { composer, outbox };
