import type { Outcome, RequestId } from '../journal/engine.ts';
import type { Position } from '../protocol/cursor.ts';
import type { AuthorPost, Channel, Erasure, PostKind } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';

/** What a write asks for and is answered with, and what is known of it when it comes again. */

export interface WriteCommand<Command> {
  who: Principal;
  request: RequestId;
  /** Whether the same request may come again. One that nobody can repeat need not be looked up. */
  keyed: boolean;
  /** What is asked for. Called once it is known that the request is new; throws a `Refusal` where it does not have the form expected. */
  parse(): Command;
}

export interface ChannelWritten {
  channel: Channel;
  /** After the last entry of the request. */
  position: Position;
  /** The request was done before, and this is its answer again. */
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

/** What a write is about: the channel itself, a post that is there, or one that it makes, of an id that may have been chosen. */
export type Subject = 'channel' | { post: string } | { newPost: string | undefined };

/**
 * What the same request did before; the refusal `key-reused` where it was another one under the same key. Where the text that it made was
 * erased nobody knows any more what it said, but still what it was about: nobody is told that another post than theirs was taken down.
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

/** Where the journal stood after the request. A deletion has no place. */
export function positionOf(outcome: Outcome): Position {
  if (outcome.position) return outcome.position;
  throw new Refusal('channel-deleted');
}
