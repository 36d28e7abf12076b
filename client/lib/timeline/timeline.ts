import type { CatchUp, ChannelEvent, Event, PostEvent, ReaderPost, Snapshot } from '../../../src/protocol/model.ts';
import { isEventType } from '../../../src/protocol/model.ts';
import { readCounts, readPost } from '../read-post.ts';
import {
  insertedBySeq,
  pinnedAfterChannel,
  pinnedAfterPost,
  startKeyEvents,
  withKeyEvent,
  withSummary,
} from './timeline-lists.ts';
import { held, type Timeline } from './timeline-model.ts';

/** Number of posts whose revision is remembered. No answer is so late that this many other posts changed in the meantime. */
const maxRevisionsRemembered = 10_000;

/** The state as of the snapshot's offset. Pass the replaced timeline's `window` plus one. */
export function fromSnapshot(snapshot: Snapshot, offset: number, window = 0): Timeline {
  const posts = snapshot.posts.map(readPost);
  const above = [snapshot.pinned, snapshot.summary].filter((post) => post !== null).map(readPost);
  const heard = new Map([...posts, ...above].map((post) => [post.id, post.revision]));
  return {
    channelId: snapshot.channel.id,
    channel: snapshot.channel,
    offset,
    cursor: snapshot.cursor,
    counts: readCounts(snapshot.counts),
    posts,
    floor: snapshot.more ? (posts.at(-1)?.seq ?? offset + 1) : 0,
    ceiling: null,
    pinned: snapshot.pinned && readPost(snapshot.pinned),
    summary: snapshot.summary && readPost(snapshot.summary),
    summaryDoubt: null,
    ...startKeyEvents(snapshot.keyEvents),
    heard,
    newestSeq: Math.max(0, ...[...posts, ...above].map(({ seq }) => seq)),
    window,
  };
}

/** The events of a catch-up that are new to this timeline, in order. */
export function newsIn(timeline: Timeline | undefined, catchUp: CatchUp): Event[] {
  if (catchUp.mode === 'snapshot') return [];
  const known = timeline?.offset ?? 0;
  return catchUp.covers.after > known ? [] : catchUp.events.filter(({ offset }) => offset > known);
}

/**
 * Applies a catch-up. A snapshot replaces everything. A replay that begins above the timeline's offset would leave a hole and is
 * ignored; a late replay changes nothing. Undefined if there was no timeline and the answer is a replay, which has no channel to
 * start from.
 */
export function applyCatchUp(timeline: Timeline | undefined, catchUp: CatchUp): Timeline | undefined {
  if (catchUp.mode === 'snapshot') {
    const { snapshot, covers, cursor } = catchUp;
    return fromSnapshot({ ...snapshot, cursor }, covers.to, (timeline?.window ?? -1) + 1);
  }
  if (timeline === undefined || catchUp.covers.after > timeline.offset) return timeline;
  if (catchUp.covers.to < timeline.offset) return timeline;
  const caughtUp = newsIn(timeline, catchUp).reduce(apply, timeline);
  return { ...caughtUp, offset: catchUp.covers.to, cursor: catchUp.cursor, counts: readCounts(catchUp.counts) };
}

/** Whether the event is the next one. If not, it is a duplicate or something before it is missing. */
export function fits(timeline: Timeline, event: Event): boolean {
  return event.from <= timeline.offset + 1 && timeline.offset + 1 <= event.offset;
}

/** The state after the event. An event that does not fit changes nothing. */
export function applyEvent(timeline: Timeline, event: Event): Timeline {
  return fits(timeline, event) ? apply(timeline, event) : timeline;
}

function apply(timeline: Timeline, event: Event): Timeline {
  const moved = { ...timeline, offset: event.offset, cursor: event.cursor, counts: readCounts(event.counts) };
  if (!isEventType(event.type)) return moved;
  return event.type === 'channel.changed'
    ? mergeChannel(moved, event)
    : mergePost(moved, readPost((event satisfies PostBearingEvent).post));
}

/** Each of these events carries the whole post. */
type PostBearingEvent = PostEvent & { type: 'post.published' | 'post.revised' | 'post.retracted' | 'post.taken-down' };

function mergeChannel(timeline: Timeline, { channel }: ChannelEvent): Timeline {
  if (channel.revision < timeline.channel.revision) return timeline;
  return { ...timeline, ...pinnedAfterChannel(timeline, channel) };
}

/** The highest known revision of a post, 0 if none. */
export function knownRevision(timeline: Timeline, postId: string): number {
  return Math.max(timeline.heard.get(postId) ?? 0, held(timeline, postId)?.revision ?? 0);
}

/** Merges a post from an event or an answer, unless a newer revision is known. */
export function mergePost(timeline: Timeline, post: ReaderPost): Timeline {
  if (post.revision < knownRevision(timeline, post.id)) return timeline;
  const placed: Timeline = {
    ...timeline,
    posts: withPost(timeline, post),
    heard: rememberRevision(timeline.heard, post),
    newestSeq: Math.max(timeline.newestSeq, post.seq),
  };
  return { ...placed, ...withKeyEvent(placed, post), ...withSummary(placed, post), ...pinnedAfterPost(placed, post) };
}

/** Replaces the post if it is held. Inserts it only inside the window, because elsewhere it would hide a gap. */
function withPost({ posts, floor, ceiling }: Timeline, post: ReaderPost): readonly ReaderPost[] {
  if (posts.some(({ id }) => id === post.id)) return posts.map((other) => (other.id === post.id ? post : other));
  if (post.seq < floor || (ceiling !== null && post.seq > ceiling)) return posts;
  return insertedBySeq(posts, post);
}

function rememberRevision(heard: ReadonlyMap<string, number>, { id, revision }: ReaderPost): ReadonlyMap<string, number> {
  if (heard.get(id) === revision) return heard;
  const next = new Map(heard);
  next.delete(id);
  next.set(id, revision);
  for (const oldest of next.keys()) {
    if (next.size <= maxRevisionsRemembered) break;
    next.delete(oldest);
  }
  return next;
}
