import type { StoredChange } from '../../../src/journal/engine.ts';
import type { Position } from '../../../src/protocol/cursor.ts';
import type { AuthorPost, Channel, ReaderPost } from '../../../src/protocol/model.ts';

/** A history is a chain of entries that never change, so its newest entry says everything that is in it. */
export interface Kept {
  post: AuthorPost;
  reader: ReaderPost;
  /** The offset of its last change. */
  at: number;
}

export interface Entry {
  readonly epoch: string;
  readonly offset: number;
  /** The whole check, of which positions carry the beginning. */
  readonly whole: string;
  readonly check: string;
  readonly cursor: string;
  /** Undefined for the first of a history. */
  readonly before: Entry | undefined;
  readonly checkBefore: string;
  readonly change: StoredChange;
  /** When it is dated, and what the clock said of whoever dated it: milliseconds of the simulation. */
  readonly datedAt: number;
  readonly clock: number;
  readonly request: string;
  readonly channel: Channel;
  readonly channelAt: number;
  readonly posts: ReadonlyMap<string, Kept>;
  /** The channel was deleted: of what was before, nothing is there any more. */
  readonly deletes: boolean;
  /** It was on the disk once. */
  synced: boolean;
}

export function positionOf({ epoch, offset, check }: Entry): Position {
  return { epoch, offset, check };
}

/** The entry of a history at an offset. */
export function entryAt(head: Entry | undefined, offset: number): Entry | undefined {
  let entry = head;
  while (entry !== undefined && entry.offset > offset) entry = entry.before;
  return entry?.offset === offset ? entry : undefined;
}

/** Whether the history that ends with `head` has this entry. Nothing is in every history. */
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
