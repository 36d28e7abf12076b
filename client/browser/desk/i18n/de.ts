import { appWords as app } from './app/de.ts';
import { de as composer } from './composer/de.ts';
import { outboxWords as outbox } from './outbox/de.ts';
import { timelineWords as timeline } from './timeline/de.ts';
import type { DeskWords } from './words.ts';

export const words: DeskWords = { app, composer, outbox, timeline };
