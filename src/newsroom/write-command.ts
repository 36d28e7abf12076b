import type { Outcome, RequestId } from '../journal/engine.ts';
import type { Position } from '../protocol/cursor.ts';
import type { AuthorPost, Channel, Erasure, PostKind } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';

export interface WriteCommand<Command> {
  who: Principal;
  request: RequestId;
  /** Whether the request has an idempotency key. Without one, nobody can repeat it, so no earlier request is looked up. */
  keyed: boolean;
  /** Parses the command. Called only once the request is known to be new. Throws a `Refusal` if it is invalid. */
  parse(): Command;
}

export interface ChannelWritten {
  channel: Channel;
  /** The position after the last entry of the request. */
  position: Position;
  /** Whether the request was executed before, and this repeats its response. */
  replayed: boolean;
}

export interface PostWritten {
  /** The post as authors see it. */
  post: AuthorPost;
  position: Position;
  replayed: boolean;
}

export interface RevisionWritten extends PostWritten {
  /** The published posts that restate this one. */
  derived: { id: string; kind: PostKind; headline: string | null }[];
  erasure?: Erasure;
}

/** The object of a write: the channel, an existing post, or a new post, whose id the author may have chosen. */
export type Subject = 'channel' | { post: string } | { newPost: string | undefined };

/**
 * Returns the outcome of the earlier request. Throws `key-reused` if that was a different request with the same key. If the text
 * of the earlier request was erased, the bodies cannot be compared. The subjects are still compared, so that the response is
 * never about another post.
 */
export function requireSameRequest(outcome: Outcome, subject: Subject): Outcome {
  if (!outcome.same || !isAbout(outcome, subject)) throw new Refusal('key-reused');
  return outcome;
}

function isAbout({ postId, revision }: Outcome, subject: Subject): boolean {
  if (subject === 'channel') return postId === null;
  if ('post' in subject) return postId === subject.post && revision > 1;
  return postId !== null && revision === 1 && postId === (subject.newPost ?? postId);
}

/** The position after the request. Throws `channel-deleted` for a deletion, which has none. */
export function positionOf(outcome: Outcome): Position {
  if (outcome.position) return outcome.position;
  throw new Refusal('channel-deleted');
}
