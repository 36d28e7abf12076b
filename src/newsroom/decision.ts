import type { AppendRequest, NewEntry, Outcome } from '../journal/engine.ts';
import type { ProblemCode, ProblemDetails } from '../protocol/problems.ts';

/**
 * The result of a rule. The rules in `post-rules.ts` and `channel-rules.ts` are pure functions: from the state in the journal, a
 * command and the time, they return entries to append or a refusal.
 */
export type Decision =
  | { status: 'append'; decidedOn: AppendRequest['decidedOn']; entries: AppendRequest['entries'] }
  | Unchanged
  | RefusedWrite;

/** The requested state already exists, at this revision of the post, or of the channel if `postId` is null. */
export interface Unchanged extends Pick<Outcome, 'postId' | 'revision'> {
  status: 'unchanged';
}

export interface RefusedWrite {
  status: 'refused';
  code: ProblemCode;
  details: ProblemDetails;
}

/** The author of a write and its time (RFC 3339). */
export interface Attribution {
  by: string;
  /** The owner key of the author, if posts store one. */
  ownerKey?: string;
  at: string;
}

/** The revision in `If-Match`. `any` is `If-Match: *`. */
export type Expected = number | 'any';

export function appendEntries(decidedOn: AppendRequest['decidedOn'], ...entries: [NewEntry] | [NewEntry, NewEntry]): Decision {
  return { status: 'append', decidedOn, entries };
}

export function refuse(code: ProblemCode, details: ProblemDetails = {}): RefusedWrite {
  return { status: 'refused', code, details };
}

/** The refusal, with status 400, of a value that does not fit the current state. */
export function invalidField(path: string, message: string): RefusedWrite {
  return refuse('invalid-body', { errors: [{ path, message }] });
}

/** The refusal, with status 412, if the revision is not the expected one. The response contains `current`. */
export function checkRevision(current: { revision: number }, expected: Expected | undefined): RefusedWrite | undefined {
  if (expected === undefined || expected === 'any' || expected === current.revision) return undefined;
  return refuse('revision-moved', { current });
}

/** Compares two values of a field. Both must come from the same schema, which sorts their fields. */
export function isSameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
