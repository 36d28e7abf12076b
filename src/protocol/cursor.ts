import { cursorCharacters } from './client-limits.ts';

/**
 * A position in one history of a channel. It covers everything up to `offset` in the history `epoch`, whose hash chain has the
 * value `check` there. If two histories agree on all three values, they agree on every entry up to the offset (to 64 bits).
 */
export interface Position {
  /** The first 12 hex digits of check(0), which is random and created with the history. */
  epoch: string;
  /** A non-negative integer. */
  offset: number;
  /** The first 16 hex digits of check(offset). */
  check: string;
}

export function isSamePosition(one: Position, other: Position): boolean {
  return one.epoch === other.epoch && one.offset === other.offset && one.check === other.check;
}

const form = /^([0-9a-f]{12})\.(0|[1-9][0-9]{0,15})\.([0-9a-f]{16})$/;

/** The cursor of a position: URL-safe, at most `cursorCharacters` long, opaque to clients. */
export function formatCursor({ epoch, offset, check }: Position): string {
  return `${epoch}.${offset}.${check}`;
}

/** The position of a cursor; undefined if `formatCursor` could not have made this text. */
export function parseCursor(text: string): Position | undefined {
  if (text.length > cursorCharacters) return undefined;
  const match = form.exec(text);
  if (!match) return undefined;
  const offset = Number(match[2]);
  if (!Number.isSafeInteger(offset)) return undefined;
  return { epoch: match[1] as string, offset, check: match[3] as string };
}
