import type { Engine } from '../../journal/engine.ts';
import { tags } from '../../journal/post-tags.ts';
import { liveLimits } from '../../live/live-limits.ts';
import type { Selection } from '../../protocol/addresses.ts';
import { type ReaderPost, readerView } from '../../protocol/model.ts';
import { limits } from '../../protocol/wire-limits.ts';

/**
 * Selected posts of a channel, one page at a time. A withdrawn post stays among the summaries as a tombstone. It is no longer among the key
 * events, because a tombstone does not show whether it was one.
 */
export interface SelectedPosts {
  /** In the order of the selection. */
  posts: ReaderPost[];
  /** The pages of older and of newer posts. Undefined if there are none. */
  older: Selection | undefined;
  newer: Selection | undefined;
}

const tagsOf = { 'key-events': [tags.keyEvent(true)], summaries: [tags.kind('summary')] } as const;

const { postsBytes } = liveLimits;

/** Undefined if the channel does not exist. */
export async function readSelection(
  engine: Engine,
  channelId: string,
  { before, after, ...selection }: Selection,
): Promise<SelectedPosts | undefined> {
  const { filter, order } = selection;
  const query = { tags: filter === undefined ? [] : tagsOf[filter], bytes: postsBytes };
  const isUpwards = before === undefined && (after !== undefined || order === 'oldest');
  const bound = before !== undefined ? { before } : isUpwards ? { after: after ?? 0 } : {};
  const page = await engine.posts(channelId, { ...query, ...bound, limit: limits.pageDefault });
  if (page === undefined) return undefined;

  const top = page.posts[0]?.seq ?? (before ?? 1) - 1;
  const bottom = page.posts.at(-1)?.seq ?? (after ?? 0) + 1;
  // The page says whether there is more in its own direction only.
  const isAtEdge = isUpwards ? bottom <= 1 : before === undefined;
  const behind = isUpwards ? { before: bottom } : { after: top };
  const other = isAtEdge ? undefined : await engine.posts(channelId, { ...query, ...behind, limit: 1 });
  const hasMoreBehind = (other?.posts.length ?? 0) > 0;
  const [hasOlder, hasNewer] = isUpwards ? [hasMoreBehind, page.more] : [page.more, hasMoreBehind];

  const newestFirst = page.posts.map(readerView);
  return {
    posts: order === 'oldest' ? newestFirst.reverse() : newestFirst,
    older: hasOlder ? { ...selection, before: bottom } : undefined,
    newer: hasNewer ? { ...selection, after: top } : undefined,
  };
}
