import type { AppendRequest, NewEntry, Outcome } from '../journal/engine.ts';
import type { ProblemCode, ProblemDetails } from '../protocol/problems.ts';

/**
 * The result of a rule. The rules are in `post-rules.ts` and `channel-rules.ts`: from the state in the journal and a command they make
 * entries or a refusal. They are pure: time comes in as an argument, and what to do is returned as data.
 */
export type Decision =
  | { status: 'append'; decidedOn: AppendRequest['decidedOn']; entries: AppendRequest['entries'] }
  | Unchanged
  | RefusedWrite;

/** The command changes nothing: the post, or the channel if `postId` is null, already has this state at this revision. */
export interface Unchanged extends Pick<Outcome, 'postId' | 'revision'> {
  status: 'unchanged';
}

export interface RefusedWrite {
  status: 'refused';
  code: ProblemCode;
  details: ProblemDetails;
}

/** Who makes a change, and when (RFC 3339). */
export interface Attribution {
  by: string;
  /** The owner key of this person, if posts have owner keys. */
  ownerKey?: string;
  at: string;
}

/** The revision that a change is based on. `any`: `If-Match: *`. */
export type Expected = number | 'any';

export function appendEntries(decidedOn: AppendRequest['decidedOn'], ...entries: [NewEntry] | [NewEntry, NewEntry]): Decision {
  return { status: 'append', decidedOn, entries };
}

export function refuse(code: ProblemCode, details: ProblemDetails = {}): RefusedWrite {
  return { status: 'refused', code, details };
}

/** 400, for a value that the present state does not allow. */
export function invalidField(path: string, message: string): RefusedWrite {
  return refuse('invalid-body', { errors: [{ path, message }] });
}

/** 412 unless `current` has the expected revision. The refusal shows `current`. */
export function checkRevision(current: { revision: number }, expected: Expected | undefined): RefusedWrite | undefined {
  if (expected === undefined || expected === 'any' || expected === current.revision) return undefined;
  return refuse('revision-moved', { current });
}

/** Whether two values of one field are equal. Both come from the same schema, which orders their fields. */
export function isSameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
