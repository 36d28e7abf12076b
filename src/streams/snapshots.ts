import type { StoredSnapshot } from '../journal/engine.ts';
import { type ReadAgain, type Reading, readAgain } from '../journal/read-guard.ts';
import { formatCursor, type Position } from '../protocol/cursor.ts';
import { type Channel, isWithdrawn } from '../protocol/model.ts';
import { limits } from '../protocol/wire-limits.ts';
import type { ChannelStream } from './channel-stream.ts';
import { diverges, endsBeforeTail, newestChannel } from './positions.ts';

/**
 * Snapshots of a channel. Between two changes, the newest posts are read and encoded at most twice, once for few posts and once
 * for many. Every snapshot over HTTP is a prefix of these bytes, so that requests with many different limits need no further
 * reads or memory.
 */
export interface SnapshotQuery {
  posts: number;
  /** Most bytes of JSON. A snapshot has at least one post. */
  bytes: number;
}

export interface EncodedSnapshot {
  /** The Snapshot as JSON. Snapshots of different lengths share their bytes. Snapshots of equal length are the same array. */
  pieces: readonly Buffer[];
  /** The newest known state. */
  channel: Channel;
}

/** Throws `JournalUnavailable`. */
export async function readSnapshot(stream: ChannelStream, query: SnapshotQuery): Promise<EncodedSnapshot | 'gone'> {
  const most = query.posts <= limits.pageDefault ? limits.pageDefault : limits.pageMost;
  return await stream.guard.use(
    () => readNewest(stream, most),
    (newest) => ({ pieces: newest.prefix(query), channel: newestChannel(stream, newest) }),
  );
}

function readNewest(stream: ChannelStream, most: number): Promise<Reading<NewestPosts> | ReadAgain> {
  return stream.snapshots.read(
    String(most),
    async () => {
      const read = await readStored(stream, { limit: most, bytes: limits.answerBytes });
      return read === readAgain ? readAgain : { ...read, value: new NewestPosts(read.value) };
    },
    (read) => (read === readAgain ? undefined : read.value.characters),
  );
}

/** Reads a snapshot from the journal. Returns `readAgain` if the stream does not continue from the snapshot. */
export async function readStored(
  stream: ChannelStream,
  bounds: { limit: number; bytes: number },
): Promise<Reading<StoredSnapshot> | ReadAgain> {
  const isValid = stream.guard.begin();
  const value = await stream.engine.snapshot(stream.channelId, bounds);
  if (value === undefined) {
    stream.close('gone');
    return readAgain;
  }
  if (!isValid()) return readAgain;
  if (diverges(stream, value.position) || endsBeforeTail(stream, value.position)) {
    stream.checkJournal();
    return readAgain;
  }
  return { value, isValid };
}

const endings = { ',"more":true}': Buffer.from(closing(true)), ',"more":false}': Buffer.from(closing(false)) };

/** The newest posts, encoded, as many as fit into one answer. */
class NewestPosts {
  readonly position: Position;
  readonly channel: Channel;
  readonly #before: number;
  /** Bytes of each post, including the comma before it. */
  readonly #sizes: readonly number[];
  /** The JSON up to the end of the last post. */
  readonly #posts: Buffer;
  readonly #after: Buffer;
  readonly #more: boolean;
  /** By number of posts. */
  readonly #prefixes = new Map<number, readonly Buffer[]>();

  constructor(stored: StoredSnapshot) {
    const { before, after } = around(stored);
    const posts = stored.posts.map((post, at) => (at === 0 ? '' : ',') + JSON.stringify(post));
    this.position = stored.position;
    this.channel = stored.channel;
    this.#before = Buffer.byteLength(before);
    this.#sizes = posts.map((post) => Buffer.byteLength(post));
    this.#posts = Buffer.from(before + posts.join(''));
    this.#after = Buffer.from(after);
    this.#more = stored.more;
  }

  get characters(): number {
    return this.#posts.length + this.#after.length;
  }

  prefix({ posts, bytes }: SnapshotQuery): readonly Buffer[] {
    const fitting = countFitting(this.#sizes, bytes - this.#before - this.#after.length);
    const count = Math.min(posts, fitting);
    let pieces = this.#prefixes.get(count);
    if (pieces === undefined) {
      const end = this.#sizes.slice(0, count).reduce((sum, size) => sum + size, this.#before);
      const ending = endings[closing(this.#more || count < this.#sizes.length)];
      pieces = [this.#posts.subarray(0, end), this.#after, ending];
      this.#prefixes.set(count, pieces);
    }
    return pieces;
  }
}

/**
 * A stored snapshot as JSON of the protocol, with as many posts as fit into the bytes, but at least one. Readers request the
 * other posts in pages.
 */
export function snapshotJson(stored: StoredSnapshot, bytes: number): string {
  const { before, after } = around(stored);
  const posts = stored.posts.map((post) => JSON.stringify(post));
  const sizes = posts.map((post) => Buffer.byteLength(post));
  const count = countFitting(sizes, bytes - Buffer.byteLength(before) - Buffer.byteLength(after));
  return `${before}${posts.slice(0, count).join(',')}${after}${closing(stored.more || count < posts.length)}`;
}

/** The JSON before the posts, and after them up to `more`. */
function around({ position, channel, counts, pinned, summary, keyEvents }: StoredSnapshot): { before: string; after: string } {
  const above = JSON.stringify({ channel, cursor: formatCursor(position), counts }).slice(0, -1);
  // An import may pin a post whose text was erased later. Until the erasing entry is imported, the post only looks withdrawn.
  const shown = pinned && isWithdrawn(pinned) ? null : pinned;
  const beside = JSON.stringify({ pinned: shown, summary, keyEvents }).slice(1, -1);
  return { before: `${above},"posts":[`, after: `],${beside}` };
}

function closing(more: boolean) {
  return more ? `,"more":true}` : `,"more":false}`;
}

/** How many posts fit, newest first. At least one. */
function countFitting(sizes: readonly number[], room: number): number {
  let left = room;
  const over = sizes.findIndex((size, at) => {
    left -= size;
    return at > 0 && left < 0;
  });
  return over === -1 ? sizes.length : over;
}
