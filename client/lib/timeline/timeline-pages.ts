import { snapshotKeyEvents } from '../../../src/protocol/client-limits.ts';
import { parseCursor } from '../../../src/protocol/cursor.ts';
import type { ReaderPost } from '../../../src/protocol/model.ts';
import { readPost } from '../read-post.ts';
import { knownRevision, mergePost } from './timeline.ts';
import type { Timeline } from './timeline-model.ts';

/**
 * Asking for what a timeline does not hold, and taking the answers in. An answer may be late: then it holds copies that were
 * superseded since, and lacks what came since. A page is taken only down to the first copy of which a newer one was heard, so that
 * no superseded text is shown and no hole is left; what is beyond comes with the next page.
 */
export interface Page {
  posts: ReaderPost[];
  cursor: string;
  more: boolean;
  /** The `before` or `after` of the next page as the server says it, for a page that has no post to go by. */
  next?: number | undefined;
}

export type PageAsk = { window: number } & ({ before: number } | { after: number });

/** What to ask for so that the timeline says all it should. `window` goes back in with the answer. */
export type Need =
  /** GET the post: the channel pins it and it is not held. */
  | { ask: 'post'; id: string; window: number }
  /** Posts of kind `summary`: the newest published one is looked for. */
  | { ask: 'summary'; before: number; window: number }
  /** Posts that are key events, to fill the list up again. */
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

/** How to ask for the posts next below the window; undefined where there are none. */
export function olderPage({ floor, window }: Timeline): PageAsk | undefined {
  return floor === 0 ? undefined : { window, before: floor };
}

/** How to ask for the posts next above the window; undefined where it reaches the newest. */
export function newerPage({ ceiling, window }: Timeline): PageAsk | undefined {
  return ceiling === null ? undefined : { window, after: ceiling };
}

/** The window with a page below or above it. Unchanged where the page is of an earlier window or does not touch this one. */
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
  // A page read before a post was published that is heard of does not reach the newest, whatever it says.
  const atTop = whole && !page.more && reached >= newestSeq;
  if (taken.length === 0 && !atTop && reached === ceiling) return timeline;
  return taken.reduce(mergePost, { ...timeline, ceiling: atTop ? null : reached });
}

/** Another window: the posts below `before`, or the newest where it is null. Unchanged where the page is late: ask again. */
export function moveTo(timeline: Timeline, page: Page, before: number | null): Timeline {
  const { newestSeq } = timeline;
  const top = before ?? Math.max(newestSeq, page.posts[0]?.seq ?? 0) + 1;
  if (isOlderThan(page, Math.min(top - 1, newestSeq)) || !untilSuperseded(timeline, page.posts.map(readPost)).whole)
    return timeline;
  const ceiling = top > newestSeq ? null : top - 1;
  return applyOlder({ ...timeline, posts: [], floor: top, ceiling, window: timeline.window + 1 }, page, top);
}

/**
 * The window with its posts from `floor` to `ceiling` alone, null being as far as it reaches: whoever shows posts for hours lets go of
 * those that nobody looks at. They are paged for again.
 */
export function narrow(timeline: Timeline, floor: number, ceiling: number | null): Timeline {
  const lowest = Math.max(timeline.floor, floor);
  const highest = ceiling === null ? timeline.ceiling : Math.min(timeline.ceiling ?? ceiling, ceiling);
  const posts = timeline.posts.filter(({ seq }) => seq >= lowest && (highest === null || seq <= highest));
  return posts.length === timeline.posts.length ? timeline : { ...timeline, posts, floor: lowest, ceiling: highest };
}

/** Takes a post that was asked for by its id. Unchanged where a newer copy was heard of since: ask again. */
export function applyPost(timeline: Timeline, post: ReaderPost): Timeline {
  return mergePost(timeline, readPost(post));
}

/** Takes a page of posts of kind `summary` below `before`, tombstones among them. Where it does not settle the matter, `needs` says on. */
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

/** Takes a page of key events below `before`. */
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

/** The copies up to the first of which a newer one is known: it would have to be shown as it was. */
function untilSuperseded(timeline: Timeline, posts: ReaderPost[], besides: Superseded = () => false) {
  const end = posts.findIndex((post) => post.revision < knownRevision(timeline, post.id) && !besides(timeline, post));
  return { taken: end === -1 ? posts : posts.slice(0, end), whole: end === -1 };
}

/** In the window the newer copy is held, and an older one in a page that overlaps it does no harm. */
function inWindow({ posts }: Timeline, { id }: ReaderPost): boolean {
  return posts.some((post) => post.id === id);
}

/** Whether a page was read before this offset, so that it may lack what happened there. Only our own cursors tell. */
function isOlderThan(page: Page, offset: number): boolean {
  const position = parseCursor(page.cursor);
  return position !== undefined && position.offset < offset;
}
