import { appWords as app } from './app/fr.ts';
import { fr as composer } from './composer/fr.ts';
import { outboxWords as outbox } from './outbox/fr.ts';
import { timelineWords as timeline } from './timeline/fr.ts';
import type { DeskWords } from './words.ts';

export const words: DeskWords = { app, composer, outbox, timeline };
