import { es as composer } from './composer/es.ts';
import { outboxWords as outbox } from './outbox/es.ts';
import type { DeskWords } from './words.ts';

export const words: DeskWords = { composer, outbox };
