import type { Engine } from '../../journal/engine.ts';
import { liveLimits } from '../../live/live-limits.ts';
import { type ReaderPost, readerView } from '../../protocol/model.ts';
import { limits } from '../../protocol/wire-limits.ts';

/**
 * The posts of a page that does not start with the newest post. Read it after the page's snapshot: its posts may be newer than the
 * snapshot's cursor, never older.
 */
export interface PageWindow {
  /** Every post with a `seq` from `floor` to `ceiling`, newest first, including tombstones. */
  posts: ReaderPost[];
  /** 0 if there is no older post. */
  floor: number;
  /** Null if there was no newer post. */
  ceiling: number | null;
}

/** `around`: the `seq` of an existing post. */
export type WindowPosition = { before: number } | { after: number } | { around: number };

/** How many posts a permanent link shows above its post, and how many from its post down. */
const above = liveLimits.windowAbove;
const below = limits.pageDefault - above;
const { postsBytes } = liveLimits;

/** Undefined if the channel does not exist. `newest`: the highest `seq` of the snapshot, 0 without a post. */
export async function readPageWindow(
  engine: Engine,
  channelId: string,
  place: WindowPosition,
  newest: number,
): Promise<PageWindow | undefined> {
  // `seq` starts at 1. A page before 0 would link to one after -1, which is refused.
  if ('before' in place) return await readBelow(engine, channelId, Math.max(1, place.before), newest);
  if ('after' in place) return await readAbove(engine, channelId, place.after);
  const bytes = postsBytes / 2;
  const older = await engine.posts(channelId, { before: place.around + 1, limit: below, bytes });
  const newer = await engine.posts(channelId, { after: place.around, limit: above, bytes });
  if (older === undefined || newer === undefined) return undefined;
  return {
    posts: [...newer.posts, ...older.posts].map(readerView),
    floor: older.more ? (older.posts.at(-1)?.seq ?? place.around) : 0,
    ceiling: newer.more ? (newer.posts[0]?.seq ?? place.around) : null,
  };
}

async function readBelow(engine: Engine, channelId: string, before: number, newest: number): Promise<PageWindow | undefined> {
  const page = await engine.posts(channelId, { before, limit: limits.pageDefault, bytes: postsBytes });
  if (page === undefined) return undefined;
  const floor = page.more ? (page.posts.at(-1)?.seq ?? before) : 0;
  return { posts: page.posts.map(readerView), floor, ceiling: newest < before ? null : before - 1 };
}

async function readAbove(engine: Engine, channelId: string, after: number): Promise<PageWindow | undefined> {
  const page = await engine.posts(channelId, { after, limit: limits.pageDefault, bytes: postsBytes });
  const under = await engine.posts(channelId, { before: after + 1, limit: 1, bytes: postsBytes });
  if (page === undefined || under === undefined) return undefined;
  return {
    posts: page.posts.map(readerView),
    floor: under.posts.length > 0 ? (page.posts.at(-1)?.seq ?? after + 1) : 0,
    ceiling: page.more ? (page.posts[0]?.seq ?? after) : null,
  };
}
