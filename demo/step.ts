import type { NewPost, Revision } from '../client/lib/author-client.ts';
import type { PostName } from './ids.ts';

/** The steps of the demo's story, and helpers to write them. */

export type Step =
  | { type: 'publish'; name: PostName; post: Omit<NewPost, 'id' | 'derivedFrom'> & { derivedFrom?: PostName[] } }
  | { type: 'revise'; name: PostName; kind: Revision['kind']; note?: string; changes: Revision['changes'] }
  | { type: 'retract'; name: PostName; note: string };

const ruth = [{ name: 'Ruth Calder', role: 'Houston' }];
export const emil = [{ name: 'Emil Vance', role: 'science' }];
export const control = [{ name: 'Mission Control', via: 'air-to-ground commentary' }];

/** A plain post: the time in Houston's record, and the text. */
export function entry(name: PostName, clock: string, text: string, more: Omit<NewPost, 'id' | 'derivedFrom'> = {}): Step {
  return { type: 'publish', name, post: { body: `**${clock}** ${text}`, authors: ruth, sources: control, ...more } };
}

/** A post with a headline. */
export function report(
  name: PostName,
  clock: string,
  headline: string,
  text: string,
  more: Omit<NewPost, 'id' | 'derivedFrom'> = {},
): Step {
  return entry(name, clock, text, { headline, ...more });
}

/**
 * A report that is also a key event. The list of key events shows times without seconds, so keep two of them more than a minute
 * apart.
 */
export function keyEvent(...[name, clock, headline, text, more]: Parameters<typeof report>): Step {
  return report(name, clock, headline, text, { ...more, keyEvent: true });
}
