import { type Position, parseCursor } from '../protocol/cursor.ts';
import { missing, Refusal } from '../protocol/problems.ts';
import { postIdSchema } from '../protocol/schemas.ts';

/** What readers name in a request. Each throws a refusal where it is not what it should be. */

/**
 * The position that a client's cursor stands for; undefined where it sent none. What is no cursor is refused, the empty text too,
 * alike on every transport.
 */
export function cursorFrom(text: string | null | undefined): Position | undefined {
  if (text === undefined || text === null) return undefined;
  const position = parseCursor(text);
  if (position === undefined) throw new Refusal('invalid-cursor');
  return position;
}

/** The id of a post in a path. What cannot be one is not there. */
export function postIdOf(text: string | undefined): string {
  if (text === undefined || !postIdSchema.safeParse(text).success) throw new Refusal('not-found', missing.post);
  return text;
}
