import { type Position, parseCursor } from '../protocol/cursor.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { postIdSchema } from '../protocol/schemas.ts';

/** Parses parameters of readers' requests. Each function throws a `Refusal` for an invalid value. */

/**
 * The position of a cursor. Undefined if the client sent none. Any other text, even an empty one, is refused on every transport.
 */
export function cursorFrom(text: string | null | undefined): Position | undefined {
  if (text === undefined || text === null) return undefined;
  const position = parseCursor(text);
  if (position === undefined) throw new Refusal('invalid-cursor');
  return position;
}

/** The id of a post in a path. Text that cannot be an id gets `not-found`. */
export function postIdOf(text: string | undefined): string {
  if (text === undefined || !postIdSchema.safeParse(text).success) throw new Refusal('not-found', missing.post);
  return text;
}
