import { snapshotKeyEvents } from '../../../src/protocol/client-limits.ts';
import { type Channel, isWithdrawn, type KeyEvent, type ReaderPost } from '../../../src/protocol/model.ts';
import { type Doubt, held, type Timeline } from './timeline-model.ts';

/**
 * Updates pinned post, summary and key events after a post or the channel changed. If a new value is not known, the list is left
 * incomplete, and the timeline's doubts say what to request.
 */

/** The list with one more item, which is inserted in display order (newest first). */
export function insertedBySeq<T extends { readonly seq: number }>(newestFirst: readonly T[], item: T): readonly T[] {
  const below = newestFirst.findIndex(({ seq }) => seq < item.seq);
  return below === -1 ? [...newestFirst, item] : [...newestFirst.slice(0, below), item, ...newestFirst.slice(below)];
}

// ---- Key events: every one with a `seq` from `keyEventsDoubt.before` up, at most 100

type KeyEvents = Pick<Timeline, 'keyEvents' | 'keyEventsDoubt'>;

/** A list shorter than a snapshot's maximum is complete. */
export function startKeyEvents(keyEvents: readonly KeyEvent[]): KeyEvents {
  return { keyEvents, keyEventsDoubt: { before: lowestSeq(keyEvents, 0), since: 0 } };
}

export function withKeyEvent({ keyEvents, keyEventsDoubt, offset }: Timeline, post: ReaderPost): KeyEvents {
  // A page read before this offset may be wrong about this post.
  if (post.seq < keyEventsDoubt.before) return { keyEvents, keyEventsDoubt: { ...keyEventsDoubt, since: offset } };
  const others = keyEvents.filter(({ id }) => id !== post.id);
  if (!post.keyEvent || isWithdrawn(post)) return { keyEvents: others, keyEventsDoubt };

  const { id, seq, headline, publishedAt } = post;
  const newest = insertedBySeq(others, { id, seq, headline: headline ?? '', publishedAt }).slice(0, snapshotKeyEvents);
  return { keyEvents: newest, keyEventsDoubt: { ...keyEventsDoubt, before: lowestSeq(newest, keyEventsDoubt.before) } };
}

function lowestSeq(keyEvents: readonly KeyEvent[], otherwise: number): number {
  return keyEvents.length < snapshotKeyEvents ? otherwise : (keyEvents.at(-1)?.seq ?? otherwise);
}

// ---- Summary: the newest published post of that kind

type Summary = Pick<Timeline, 'summary' | 'summaryDoubt'>;

export function withSummary(timeline: Timeline, post: ReaderPost): Summary {
  const { summary, summaryDoubt, offset } = timeline;
  if (summaryDoubt !== null) {
    if (post.seq < summaryDoubt.before) return { summary: null, summaryDoubt: { ...summaryDoubt, since: offset } };
    return isSummary(post) ? { summary: post, summaryDoubt: null } : { summary: null, summaryDoubt };
  }
  if (isSummary(post)) {
    const newest = summary === null || post.seq >= summary.seq ? post : summary;
    return { summary: newest, summaryDoubt: null };
  }
  return post.id === summary?.id ? nextSummary(timeline, post.seq) : { summary, summaryDoubt: null };
}

/** The next summary after the one at `seq` was removed, if the window contains it. */
function nextSummary({ posts, floor, ceiling, offset }: Timeline, seq: number): Summary {
  if (ceiling !== null) return { summary: null, summaryDoubt: { before: seq, since: offset } };
  const next = posts.find(isSummary);
  if (next !== undefined || floor === 0) return { summary: next ?? null, summaryDoubt: null };
  const doubt: Doubt = { before: Math.min(seq, floor), since: offset };
  return { summary: null, summaryDoubt: doubt };
}

function isSummary(post: ReaderPost): boolean {
  return post.kind === 'summary' && !isWithdrawn(post);
}

// ---- Pinned: the post that the channel names

type Pinned = Pick<Timeline, 'channel' | 'pinned'>;

export function pinnedAfterChannel(timeline: Timeline, channel: Channel): Pinned {
  if (channel.pinnedPostId === null) return { channel, pinned: null };
  const post = held(timeline, channel.pinnedPostId);
  return post ? pinnedAfterPost({ ...timeline, channel }, post) : { channel, pinned: null };
}

/** The write that withdraws a post also unpins it, so the channel's pin can be cleared without a request. */
export function pinnedAfterPost({ channel, pinned }: Timeline, post: ReaderPost): Pinned {
  if (post.id !== channel.pinnedPostId) return { channel, pinned };
  return isWithdrawn(post) ? { channel: { ...channel, pinnedPostId: null }, pinned: null } : { channel, pinned: post };
}
