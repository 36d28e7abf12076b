import type { ComposerWords } from './composer/words.ts';
import type { OutboxWords } from './outbox/words.ts';

/** The words of the desk in one language, by room. */
export interface DeskWords {
  composer: ComposerWords;
  outbox: OutboxWords;
}
