import { setImmediate as turn } from 'node:timers/promises';
import { liveLimits } from '../../live/live-limits.ts';
import type { ReaderPost } from '../../protocol/model.ts';

/** Calls `make` for each post in order, and lets other work of the process run each time after a certain amount of HTML. */
export async function inTurns<T>(posts: readonly ReaderPost[], make: (post: ReaderPost) => T): Promise<T[]> {
  const made: T[] = [];
  let characters = 0;
  for (const post of posts) {
    if (characters >= liveLimits.feedTurnCharacters) {
      await turn();
      characters = 0;
    }
    made.push(make(post));
    characters += post.html.length;
  }
  return made;
}
