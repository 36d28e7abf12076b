import { en as composer } from './composer/en.ts';
import { outboxWords as outbox } from './outbox/en.ts';
import type { DeskWords } from './words.ts';

export const words: DeskWords = { composer, outbox };
