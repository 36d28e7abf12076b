import { JournalUnavailable } from '../engine/engine.ts';
import type { Feed } from './feed.ts';
import { fanoutLimits } from './limits.ts';

/**
 * Answers that all share who ask the same of a channel between two changes of it: what is made for one is given to the others, until
 * the feed hears of a change. What was read before an erasure is never given out after it.
 */

/** The length of `characters` is what keeping it costs. */
export interface Shareable {
  characters: number;
}

interface Made<T> {
  answer: T;
  /** Of the feed, when the reading began. */
  generation: number;
}

/**
 * What `make` reads of the journal, or read for another who asked with this key. Undefined: the channel is gone. Throws what `make`
 * throws, and `JournalUnavailable` where erasures keep overtaking the reading.
 */
export async function shared<T extends Shareable>(
  feed: Feed,
  key: string,
  make: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (let tries = 0; tries < fanoutLimits.catchUpTries; tries += 1) {
    const made = await ((feed.shared.get(key) as Promise<Made<T> | undefined> | undefined) ?? begin(feed, key, make));
    if (feed.gone || made === undefined) return undefined;
    if (made.generation === feed.generation) return made.answer;
  }
  throw new JournalUnavailable('The journal kept changing while it was read.', 'unchanged');
}

function begin<T extends Shareable>(feed: Feed, key: string, make: () => Promise<T | undefined>): Promise<Made<T> | undefined> {
  const { generation } = feed;
  const forget = () => {
    if (feed.shared.get(key) === making) feed.shared.delete(key);
  };
  const making: Promise<Made<T> | undefined> = make().then(
    (answer) => {
      // Whoever tries again must read again.
      const isKept = feed.shared.get(key) === making;
      if (answer === undefined || generation !== feed.generation || (isKept && !roomFor(feed, answer))) forget();
      return answer && { answer, generation };
    },
    (error: unknown) => {
      forget();
      throw error;
    },
  );
  if (feed.shared.size < fanoutLimits.sharedAnswers) feed.shared.set(key, making);
  return making;
}

/** Whether an answer may be kept for others: what is kept has its bound. */
export function roomFor(feed: Feed, { characters }: Shareable): boolean {
  if (feed.sharedCharacters + characters > fanoutLimits.sharedCharacters) return false;
  feed.sharedCharacters += characters;
  return true;
}
