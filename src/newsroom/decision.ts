import type { AppendRequest, NewEntry, Outcome } from '../journal/engine.ts';
import type { ProblemCode, ProblemDetails } from '../protocol/problems.ts';

/**
 * What a decision is. The rules themselves are in `post.ts` and `channel.ts`: from what the journal says and what someone asks, they
 * make entries, or a refusal. They are pure: time comes in, and what to do goes out as data.
 */
export type Decision =
  | { status: 'append'; decidedOn: AppendRequest['decidedOn']; entries: AppendRequest['entries'] }
  | Unchanged
  | RefusedWrite;

/** What was asked for stands already: in this post or, where that is null, in the channel, at this revision. */
export interface Unchanged extends Pick<Outcome, 'postId' | 'revision'> {
  status: 'unchanged';
}

export interface RefusedWrite {
  status: 'refused';
  code: ProblemCode;
  details: ProblemDetails;
}

/** Who does it and when (RFC 3339). */
export interface Attribution {
  by: string;
  /** The owner key of the person who does it, where posts keep one. */
  ownerKey?: string;
  at: string;
}

/** The revision a change was made for: `any` is `If-Match: *`. */
export type Expected = number | 'any';

export function appendEntries(decidedOn: AppendRequest['decidedOn'], ...entries: [NewEntry] | [NewEntry, NewEntry]): Decision {
  return { status: 'append', decidedOn, entries };
}

export function refuse(code: ProblemCode, details: ProblemDetails = {}): RefusedWrite {
  return { status: 'refused', code, details };
}

/** 400, for a value that does not fit what stands. */
export function invalidField(path: string, message: string): RefusedWrite {
  return refuse('invalid-body', { errors: [{ path, message }] });
}

/** 412 unless the revision is the one expected. `current` is shown to who asked. */
export function checkRevision(current: { revision: number }, expected: Expected | undefined): RefusedWrite | undefined {
  if (expected === undefined || expected === 'any' || expected === current.revision) return undefined;
  return refuse('revision-moved', { current });
}

/** Whether two values of one field say the same. Both come from the same schema, which puts their fields in order. */
export function isSameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
