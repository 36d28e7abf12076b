import { appWords as app } from './app/ar.ts';
import { ar as composer } from './composer/ar.ts';
import { outboxWords as outbox } from './outbox/ar.ts';
import { timelineWords as timeline } from './timeline/ar.ts';
import type { DeskWords } from './words.ts';

export const words: DeskWords = { app, composer, outbox, timeline };
