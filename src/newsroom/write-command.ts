import type { Outcome, RequestId } from '../journal/engine.ts';
import type { Position } from '../protocol/cursor.ts';
import type { AuthorPost, Channel, Erasure, PostKind } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';

/** A write, its results, and how a repeated request is recognized. */

export interface WriteCommand<Command> {
  who: Principal;
  request: RequestId;
  /** Whether the request has an idempotency key. One without a key cannot be repeated, so it need not be looked up. */
  keyed: boolean;
  /** Parses the body. Called once the request is known to be new. Throws a `Refusal` for an invalid body. */
  parse(): Command;
}

export interface ChannelWritten {
  channel: Channel;
  /** After the last entry of the request. */
  position: Position;
  /** The request was handled before, and this is its first answer again. */
  replayed: boolean;
}

export interface PostWritten {
  /** In the author's view. */
  post: AuthorPost;
  position: Position;
  replayed: boolean;
}

export interface RevisionWritten extends PostWritten {
  /** The published posts that restate this one. */
  derived: { id: string; kind: PostKind; headline: string | null }[];
  erasure?: Erasure;
}

/** What a write changes: the channel, an existing post, or a new post, whose id the author may have chosen. */
export type Subject = 'channel' | { post: string } | { newPost: string | undefined };

/**
 * The outcome of the same request before. Throws `key-reused` if the key was used for another request. After an erasure the body of the first
 * request is unknown, but not its subject: so an author never gets an answer about another post.
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
