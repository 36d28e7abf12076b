import { appWords as app } from './app/es.ts';
import { es as composer } from './composer/es.ts';
import { outboxWords as outbox } from './outbox/es.ts';
import { timelineWords as timeline } from './timeline/es.ts';
import type { DeskWords } from './words.ts';

export const words: DeskWords = { app, composer, outbox, timeline };
