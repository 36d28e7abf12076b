import { appWords as app } from './app/en.ts';
import { en as composer } from './composer/en.ts';
import { outboxWords as outbox } from './outbox/en.ts';
import { timelineWords as timeline } from './timeline/en.ts';
import type { DeskWords } from './words.ts';

export const words: DeskWords = { app, composer, outbox, timeline };
