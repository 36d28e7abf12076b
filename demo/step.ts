import type { NewPost, Revision } from '../client/lib/author-client.ts';
import type { PostName } from './ids.ts';

/** What the demo's story is made of. */

export type Step =
  | { type: 'publish'; name: PostName; post: Omit<NewPost, 'id' | 'derivedFrom'> & { derivedFrom?: PostName[] } }
  | { type: 'revise'; name: PostName; kind: Revision['kind']; note?: string; changes: Revision['changes'] }
  | { type: 'retract'; name: PostName; note: string };

const ruth = [{ name: 'Ruth Calder', role: 'Houston' }];
export const emil = [{ name: 'Emil Vance', role: 'science' }];
export const control = [{ name: 'Mission Control', via: 'air-to-ground commentary' }];

/** An ordinary entry: the time that the clock in Houston's record shows, and what there is to say. */
export function entry(name: PostName, clock: string, text: string, more: Omit<NewPost, 'id' | 'derivedFrom'> = {}): Step {
  return { type: 'publish', name, post: { body: `**${clock}** ${text}`, authors: ruth, sources: control, ...more } };
}

/** An entry with a headline. */
export function report(
  name: PostName,
  clock: string,
  headline: string,
  text: string,
  more: Omit<NewPost, 'id' | 'derivedFrom'> = {},
): Step {
  return entry(name, clock, text, { headline, ...more });
}

/** A report in the list of key events, which tells the minute: they are more than one apart. */
export function keyEvent(...[name, clock, headline, text, more]: Parameters<typeof report>): Step {
  return report(name, clock, headline, text, { ...more, keyEvent: true });
}
