import type { AppWords } from './app/words.ts';
import type { ComposerWords } from './composer/words.ts';
import type { OutboxWords } from './outbox/words.ts';
import type { TimelineWords } from './timeline/words.ts';

/** The words of the desk in one language, by room. */
export interface DeskWords {
  app: AppWords;
  composer: ComposerWords;
  outbox: OutboxWords;
  timeline: TimelineWords;
}
