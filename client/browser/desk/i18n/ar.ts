import { ar as composer } from './composer/ar.ts';
import { outboxWords as outbox } from './outbox/ar.ts';
import type { DeskWords } from './words.ts';

export const words: DeskWords = { composer, outbox };
