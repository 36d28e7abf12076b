import type { StoredChange } from '../../../src/journal/engine.ts';
import type { Position } from '../../../src/protocol/cursor.ts';
import type { AuthorPost, Channel, Counts, ReaderPost } from '../../../src/protocol/model.ts';

/** A history is a chain of immutable entries, so its newest entry identifies all of it. */
export interface Kept {
  post: AuthorPost;
  reader: ReaderPost;
  /** The offset of the post's last change. */
  at: number;
}

export interface Entry {
  readonly epoch: string;
  readonly offset: number;
  /** The full check. Positions carry its beginning. */
  readonly whole: string;
  readonly check: string;
  readonly cursor: string;
  /** Undefined for the first entry of a history. */
  readonly before: Entry | undefined;
  readonly checkBefore: string;
  readonly change: StoredChange;
  /** The date of the entry, and the clock of the node that dated it, in milliseconds of the simulation. */
  readonly datedAt: number;
  readonly clock: number;
  readonly request: string;
  readonly channel: Channel;
  readonly channelAt: number;
  readonly posts: ReadonlyMap<string, Kept>;
  readonly counts: Counts;
  /** The entry deletes the channel with everything before. */
  readonly deletes: boolean;
  /** Whether the entry ever was on disk. */
  synced: boolean;
}

export function positionOf({ epoch, offset, check }: Entry): Position {
  return { epoch, offset, check };
}

export function entryAt(head: Entry | undefined, offset: number): Entry | undefined {
  let entry = head;
  while (entry !== undefined && entry.offset > offset) entry = entry.before;
  return entry?.offset === offset ? entry : undefined;
}

/** Whether the history that ends with `head` contains the entry. Every history contains `undefined`. */
export function holds(head: Entry | undefined, entry: Entry | undefined): boolean {
  return entry === undefined || entryAt(head, entry.offset)?.cursor === entry.cursor;
}

export function newestFirst({ posts }: Entry): Kept[] {
  return [...posts.values()].sort((a, b) => b.post.seq - a.post.seq);
}

export function stands(head: Entry, { epoch, offset, check }: Position): boolean {
  if (epoch !== head.epoch || offset > head.offset) return false;
  let entry: Entry | undefined = head;
  while (entry !== undefined && entry.offset > offset + 1) entry = entry.before;
  if (entry === undefined) return false;
  return entry.offset === offset ? entry.check === check : entry.checkBefore === check;
}

export function latestAt(head: Entry, { change }: Entry): number {
  return change.type === 'channel.changed' ? head.channelAt : (head.posts.get(change.post.id)?.at ?? 0);
}

export function lastOf(head: Entry, request: string): Entry {
  let entry: Entry | undefined = head;
  while (entry !== undefined && entry.request !== request) entry = entry.before;
  return entry as Entry;
}

export function distance(from: Entry | undefined, to: Entry | undefined): number {
  return (from?.offset ?? 0) - (to?.offset ?? 0);
}
