import type { BuildStep } from '../../http/build-steps.ts';
import type { Engine, PostsQuery } from '../../journal/engine.ts';
import { tags, tagsOf } from '../../journal/post-tags.ts';
import {
  type AuthorPost,
  type Channel,
  type Correction,
  isWithdrawn,
  type ReaderPost,
  readerView,
} from '../../protocol/model.ts';
import { limits } from '../../protocol/wire-limits.ts';
import type { FeedFilter, FeedPlace, OffsetRange } from './feed-page.ts';

/**
 * A page of a channel's posts for a feed. Pages are divided by `seq`, so a client that reads all of them gets every post once,
 * even while posts are published or corrected. Feed readers return only to the first page, and must get corrections there. The
 * first page therefore also contains older posts that were recently corrected or withdrawn, and later pages leave those out.
 */
export interface FoundPage {
  channel: Channel;
  posts: ReaderPost[];
  /** The next page. */
  next: FeedPlace | undefined;
  offset: number;
}

export type FeedQuery = FeedFilter & FeedPlace & { limit: number };

/** Undefined if the channel does not exist. */
export async function readFeedPage(
  engine: Engine,
  channelId: string,
  query: FeedQuery,
  step: BuildStep,
): Promise<FoundPage | undefined> {
  const { before, after, limit } = query;
  const wanted = tagsWanted(query);
  const bounds: PostsQuery = { limit, bytes: limits.answerBytes, tags: wanted };
  if (before !== undefined) bounds.before = before;
  if (after !== undefined) bounds.after = after;
  const page = await engine.posts(channelId, bounds);
  if (page === undefined) return undefined;
  await step();
  const isFirst = before === undefined && after === undefined;
  const further = isFirst ? await readTold(engine, channelId, page, wanted) : { posts: [], told: query.told };
  const leftOut = query.told === undefined ? new Set() : await readToldIds(engine, channelId, query.told);
  const own = page.posts.filter(({ id }) => !leftOut.has(id));
  // Read the channel last: if access was restricted while the posts were read, some of them may be newer than the restriction.
  const read = await engine.channel(channelId);
  if (read.status !== 'found') return undefined;
  const { latestPostAt: _, ...channel } = read.channel;
  const upwards = after !== undefined && before === undefined;
  const edge = upwards ? page.posts[0] : page.posts.at(-1);
  const bound = edge && (upwards ? { after: edge.seq } : { before: edge.seq, after });
  return {
    channel,
    posts: [...own, ...further.posts].map(readerView),
    next: page.more && bound !== undefined ? { limit, ...bound, told: further.told } : undefined,
    offset: page.position.offset,
  };
}

function tagsWanted({ kind, keyEvent, source }: FeedFilter): string[] {
  return [
    ...(kind === undefined ? [] : [tags.kind(kind)]),
    ...(keyEvent === undefined ? [] : [tags.keyEvent(keyEvent)]),
    ...(source === undefined ? [] : [tags.source(source)]),
  ];
}

/**
 * Older posts that were recently corrected or withdrawn, and posts that a correction removed from the feed's filter. A tombstone no longer
 * shows whether it matched the filter, so every feed contains it; it says only that something was withdrawn.
 */
async function readTold(
  engine: Engine,
  channelId: string,
  page: { posts: AuthorPost[]; more: boolean },
  wanted: readonly string[],
): Promise<{ posts: AuthorPost[]; told: OffsetRange | undefined }> {
  const isWhole = !page.more && wanted.length === 0;
  const listed = isWhole ? undefined : await engine.corrections(channelId, { limit: limits.feedTold });
  const newest = listed?.corrections[0];
  if (listed === undefined || newest === undefined) return { posts: [], told: undefined };
  const shown = new Set(page.posts.map(({ id }) => id));
  const lowest = page.posts.at(-1)?.seq ?? Number.POSITIVE_INFINITY;
  const ids = [...new Set(listed.corrections.flatMap(({ postId }) => (postId === null || shown.has(postId) ? [] : [postId])))];
  const read = new Map(await Promise.all(ids.map(async (id) => [id, (await engine.post(channelId, id))?.post] as const)));
  const takenOut = await readTakenOut(engine, channelId, listed.corrections, read, wanted);
  const posts = new Map<string, AuthorPost>();
  let bytes = 0;
  let from = newest.offset;
  for (const { offset, postId } of listed.corrections) {
    const post = postId === null || posts.has(postId) ? undefined : read.get(postId);
    if (post !== undefined && (takenOut.has(post.id) || isTold(post, page.more ? lowest : 0, wanted))) {
      bytes += Buffer.byteLength(JSON.stringify(readerView(post)));
      if (posts.size > 0 && bytes > limits.feedToldBytes) break;
      posts.set(post.id, post);
    }
    from = offset;
  }
  const sorted = [...posts.values()].sort((a, b) => b.seq - a.seq);
  return { posts: sorted, told: sorted.length === 0 ? undefined : { from, to: newest.offset } };
}

/**
 * The ids of posts that no longer match the filter, but matched it before one of these corrections. If the revision before the
 * correction was erased, the post counts as one that matched.
 */
async function readTakenOut(
  engine: Engine,
  channelId: string,
  corrections: readonly Correction[],
  posts: ReadonlyMap<string, AuthorPost | undefined>,
  wanted: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = corrections.map(async ({ postId, revision }) => {
    const post = postId === null ? undefined : posts.get(postId);
    if (post === undefined || isWithdrawn(post) || fits(post, wanted)) return [];
    const page = await engine.revisions(channelId, post.id, { after: Math.max(0, revision - 2), limit: 1, bytes: 1 });
    const before = page?.revisions.find((past) => past.revision === revision - 1);
    return before === undefined || fits(before, wanted) ? [post.id] : [];
  });
  return new Set((await Promise.all(found)).flat());
}

function fits(post: AuthorPost, wanted: readonly string[]): boolean {
  const has = tagsOf(post);
  return wanted.every((tag) => has.includes(tag));
}

/**
 * Whether the first page includes this corrected or withdrawn post in addition to its own posts. A post above the page was
 * published after the page was read, and is on top of the next version of the page.
 */
function isTold(post: AuthorPost, lowest: number, wanted: readonly string[]): boolean {
  if (!isWithdrawn(post)) return post.seq < lowest && fits(post, wanted);
  const has = tagsOf(post);
  return wanted.length > 0 ? wanted.every((tag) => has.includes(tag) || !tag.startsWith('kind:')) : post.seq < lowest;
}

async function readToldIds(engine: Engine, channelId: string, { from, to }: OffsetRange): Promise<Set<string>> {
  const listed = await engine.corrections(channelId, { before: to + 1, limit: limits.feedTold });
  const inRange = (listed?.corrections ?? []).filter(({ offset }) => offset >= from);
  return new Set(inRange.flatMap(({ postId }) => (postId === null ? [] : [postId])));
}
