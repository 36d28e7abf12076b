import { snapshotKeyEvents } from '../../../src/protocol/client-limits.ts';
import { parseCursor } from '../../../src/protocol/cursor.ts';
import type { ReaderPost } from '../../../src/protocol/model.ts';
import { readPost } from '../read-post.ts';
import { knownRevision, mergePost } from './timeline.ts';
import type { Timeline } from './timeline-model.ts';

/**
 * What to request for a timeline, and how to apply the answers. A late answer holds superseded posts and lacks new ones. So a
 * page is applied only up to the first post of which a newer revision is known: no superseded text is shown, and no hole is left.
 * The rest comes with the next page.
 */
export interface Page {
  posts: ReaderPost[];
  cursor: string;
  more: boolean;
  /** The bound of the next page from the `Link` header, for a page without posts. */
  next?: number | undefined;
}

export type PageAsk = { window: number } & ({ before: number } | { after: number });

/** What to request to complete the timeline. Pass `window` back with the answer. */
export type Need =
  /** Get this post: the channel pins it and it is not held. */
  | { ask: 'post'; id: string; window: number }
  /** Get posts of kind `summary`, to find the newest published one. */
  | { ask: 'summary'; before: number; window: number }
  /** Get key events, to fill up the list. */
  | { ask: 'key-events'; before: number; window: number };

export function needs(timeline: Timeline): Need[] {
  const { channel, pinned, summaryDoubt, keyEvents, keyEventsDoubt, window } = timeline;
  const found: Need[] = [];
  if (channel.pinnedPostId !== null && pinned === null) found.push({ ask: 'post', id: channel.pinnedPostId, window });
  if (summaryDoubt !== null) found.push({ ask: 'summary', before: summaryDoubt.before, window });
  if (keyEvents.length < snapshotKeyEvents && keyEventsDoubt.before > 0) {
    found.push({ ask: 'key-events', before: keyEventsDoubt.before, window });
  }
  return found;
}

/** The request for the posts directly below the window. Undefined if there are none. */
export function olderPage({ floor, window }: Timeline): PageAsk | undefined {
  return floor === 0 ? undefined : { window, before: floor };
}

/** The request for the posts directly above the window. Undefined if the window reaches the newest post. */
export function newerPage({ ceiling, window }: Timeline): PageAsk | undefined {
  return ceiling === null ? undefined : { window, after: ceiling };
}

/**
 * Adds a page below or above the window. Returns the timeline unchanged if the page belongs to an earlier window or does not
 * touch this one.
 */
export function applyPage(timeline: Timeline, page: Page, ask: PageAsk): Timeline {
  if (ask.window !== timeline.window) return timeline;
  return 'before' in ask ? applyOlder(timeline, page, ask.before) : applyNewer(timeline, page, ask.after);
}

function applyOlder(timeline: Timeline, page: Page, before: number): Timeline {
  const { floor, ceiling } = timeline;
  if (before < floor || (ceiling !== null && before > ceiling + 1)) return timeline;
  if (isOlderThan(page, Math.min(before - 1, timeline.newestSeq))) return timeline;
  const { taken, whole } = untilSuperseded(timeline, page.posts.map(readPost), inWindow);
  const atEnd = whole && !page.more;
  const reached = taken.at(-1)?.seq ?? (whole ? page.next : undefined) ?? floor;
  if (taken.length === 0 && !atEnd && reached >= floor) return timeline;
  return taken.reduce(mergePost, { ...timeline, floor: atEnd ? 0 : Math.min(floor, reached) });
}

function applyNewer(timeline: Timeline, page: Page, after: number): Timeline {
  const { floor, ceiling, newestSeq } = timeline;
  if (ceiling === null || after > ceiling || after < floor - 1) return timeline;
  const { taken, whole } = untilSuperseded(timeline, page.posts.map(readPost).reverse(), inWindow);
  const reached = Math.max(ceiling, taken.at(-1)?.seq ?? (whole ? page.next : undefined) ?? 0);
  // A page read before the newest known post was published does not reach the top, whatever it says.
  const atTop = whole && !page.more && reached >= newestSeq;
  if (taken.length === 0 && !atTop && reached === ceiling) return timeline;
  return taken.reduce(mergePost, { ...timeline, ceiling: atTop ? null : reached });
}

/**
 * Replaces the window by the posts below `before`, or by the newest posts if null. Returns the timeline unchanged if the page is
 * outdated. Then the page must be requested again.
 */
export function moveTo(timeline: Timeline, page: Page, before: number | null): Timeline {
  const { newestSeq } = timeline;
  const top = before ?? Math.max(newestSeq, page.posts[0]?.seq ?? 0) + 1;
  if (isOlderThan(page, Math.min(top - 1, newestSeq)) || !untilSuperseded(timeline, page.posts.map(readPost)).whole)
    return timeline;
  const ceiling = top > newestSeq ? null : top - 1;
  return applyOlder({ ...timeline, posts: [], floor: top, ceiling, window: timeline.window + 1 }, page, top);
}

/**
 * Reduces the window to the posts from `floor` to `ceiling`; null keeps the current upper end. Saves memory in pages that are
 * open for hours. The dropped posts are loaded again when paging.
 */
export function narrow(timeline: Timeline, floor: number, ceiling: number | null): Timeline {
  const lowest = Math.max(timeline.floor, floor);
  const highest = ceiling === null ? timeline.ceiling : Math.min(timeline.ceiling ?? ceiling, ceiling);
  const posts = timeline.posts.filter(({ seq }) => seq >= lowest && (highest === null || seq <= highest));
  return posts.length === timeline.posts.length ? timeline : { ...timeline, posts, floor: lowest, ceiling: highest };
}

/**
 * Applies a post that was requested by id. Returns the timeline unchanged if a newer revision is known. Then the post must be
 * requested again.
 */
export function applyPost(timeline: Timeline, post: ReaderPost): Timeline {
  return mergePost(timeline, readPost(post));
}

/**
 * Applies a page of posts of kind `summary` below `before`, including tombstones. If the summary is still unknown, `needs` says
 * what to request next.
 */
export function applySummaryPage(timeline: Timeline, page: Page, ask: { before: number; window: number }): Timeline {
  const doubt = timeline.summaryDoubt;
  if (doubt === null || ask.window !== timeline.window || ask.before !== doubt.before) return timeline;
  if (isOlderThan(page, doubt.since)) return timeline;
  const { taken, whole } = untilSuperseded(timeline, page.posts.map(readPost));
  const reached = taken.at(-1)?.seq ?? (whole ? page.next : undefined) ?? doubt.before;
  const atEnd = whole && !page.more;
  if (taken.length === 0 && !atEnd && reached >= doubt.before) return timeline;
  const looked: Timeline = { ...timeline, summaryDoubt: { ...doubt, before: Math.min(reached, doubt.before) } };
  const updated = taken.reduce(mergePost, looked);
  return atEnd ? { ...updated, summaryDoubt: null } : updated;
}

/** Applies a page of key events below `before`. */
export function applyKeyEventsPage(timeline: Timeline, page: Page, ask: { before: number; window: number }): Timeline {
  const doubt = timeline.keyEventsDoubt;
  if (ask.window !== timeline.window || ask.before !== doubt.before) return timeline;
  if (isOlderThan(page, Math.max(doubt.since, doubt.before - 1))) return timeline;
  const { taken, whole } = untilSuperseded(timeline, page.posts.map(readPost));
  const reached = taken.at(-1)?.seq ?? (whole ? page.next : undefined) ?? doubt.before;
  const before = whole && !page.more ? 0 : Math.min(reached, doubt.before);
  if (before === doubt.before) return timeline;
  return taken.reduce(mergePost, { ...timeline, keyEventsDoubt: { ...doubt, before } });
}

type Superseded = (timeline: Timeline, post: ReaderPost) => boolean;

/** The posts before the first one of which a newer revision is known. */
function untilSuperseded(timeline: Timeline, posts: ReaderPost[], besides: Superseded = () => false) {
  const end = posts.findIndex((post) => post.revision < knownRevision(timeline, post.id) && !besides(timeline, post));
  return { taken: end === -1 ? posts : posts.slice(0, end), whole: end === -1 };
}

/** If the post is in the window, its newer revision is held, so an older one in the page does no harm. */
function inWindow({ posts }: Timeline, { id }: ReaderPost): boolean {
  return posts.some((post) => post.id === id);
}

/** Whether a page was read before this offset, so that it may lack later changes. Only Pressbox cursors can tell. */
function isOlderThan(page: Page, offset: number): boolean {
  const position = parseCursor(page.cursor);
  return position !== undefined && position.offset < offset;
}
