import type { Erasure } from '../../../../src/protocol/model.ts';
import type { Problem } from '../../../../src/protocol/problems.ts';
import { isLookedUp, mayHaveBeenApplied } from '../../../lib/author-requests.ts';
import { type HttpResponse, isObject, isTransient, NoAnswer, ProblemError, retryAfterMs } from '../../../lib/http.ts';
import { channelOf, postOf, type Write } from './outbox-model.ts';

/** The meaning of the answer to one attempt. Pure. */
export type AttemptOutcome =
  /** Written to the server's disk. */
  | { is: 'done'; offset: number; cursor: string; revision: number; erasure?: Erasure }
  /** `settles`: earlier attempts of the same bytes were not executed either. */
  | { is: 'refused'; problem: Problem; settles: boolean }
  /** Another state stands there. It may be the one that this entry made, if the server has forgotten its key. */
  | { is: 'moved'; problem: Problem }
  /** Nobody is signed in, or somebody else. Not executed. */
  | { is: 'unauthorized'; why: 'signed-out' | 'other-author' }
  /** The same bytes are sent again later. `executed`: whether this attempt may have been executed. */
  | { is: 'later'; executed: 'no' | 'unknown'; retryAfterMs: number };

/** The outcome of an answer with a status of success. */
export function outcomeOfAnswer(write: Write, { body }: HttpResponse): AttemptOutcome {
  const subject = subjectIn(write, body);
  // A captive portal, or a server that is not Pressbox.
  if (subject === undefined || !isObject(body)) return unknownOutcome;
  const { cursor, offset } = body;
  if (typeof cursor !== 'string' || typeof offset !== 'number') return unknownOutcome;
  const erasure =
    isObject(body.erasure) && Array.isArray(body.erasure.pending) ? (body.erasure as unknown as Erasure) : undefined;
  return { is: 'done', cursor, offset, revision: subject.revision, ...(erasure && { erasure }) };
}

/** The outcome of an attempt that threw. */
export function outcomeOfError(error: unknown): AttemptOutcome {
  if (!(error instanceof ProblemError)) {
    return error instanceof NoAnswer ? { ...unknownOutcome, retryAfterMs: retryAfterMs(error) } : unknownOutcome;
  }
  const { problem } = error;
  if (problem.status === 401) return { is: 'unauthorized', why: 'signed-out' };
  if (problem.code === 'owner-mismatch') return { is: 'unauthorized', why: 'other-author' };
  if (isTransient(problem)) {
    return { is: 'later', executed: mayHaveBeenApplied(error) ? 'unknown' : 'no', retryAfterMs: retryAfterMs(error) };
  }
  switch (problem.code) {
    case 'revision-moved':
    case 'post-exists':
    case 'channel-exists':
    case 'post-withdrawn':
      return { is: 'moved', problem };
    default:
      return { is: 'refused', problem, settles: isLookedUp(problem) && problem.status !== 404 };
  }
}

const unknownOutcome = { is: 'later', executed: 'unknown', retryAfterMs: 0 } as const satisfies AttemptOutcome;

/** The post or channel that the answer is about. Undefined if that is not what the write is about. */
function subjectIn(write: Write, body: unknown): { revision: number } | undefined {
  if (!isObject(body)) return undefined;
  const subject = postOf(write) === undefined ? body.channel : body.post;
  if (!isObject(subject) || typeof subject.revision !== 'number') return undefined;
  if (subject.id !== (postOf(write) ?? channelOf(write))) return undefined;
  return { revision: subject.revision };
}
