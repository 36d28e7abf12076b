import type { Channel, KeyEvent, ReaderPost } from '../../../src/protocol/model.ts';

/**
 * What a client holds of a channel, kept by the contract's rules for clients: a window of posts in display order, what stands above
 * it (pinned, summary, key events), and the place in the journal as of which all of it is true. Pure: each function returns another
 * timeline, or the same one where nothing changed. `timeline-pages.ts` has what must be asked for and how answers are taken in.
 *
 * Whatever is lost, doubled, late or cut on the way: a timeline at offset n that needs nothing equals the server's state at n.
 */
export interface Timeline {
  readonly channelId: string;
  readonly channel: Channel;
  /** Everything up to here was applied. */
  readonly offset: number;
  readonly cursor: string;
  /** Newest first, tombstones in their places: every post with a `seq` from `floor` to `ceiling`. */
  readonly posts: readonly ReaderPost[];
  /** 0 once the oldest post was reached. */
  readonly floor: number;
  /** Null: the window reaches the newest post. Otherwise it takes no new ones until paging has closed the gap above it. */
  readonly ceiling: number | null;
  readonly pinned: ReaderPost | null;
  /** The newest published summary. Null also while it is not known: see `summaryDoubt`. */
  readonly summary: ReaderPost | null;
  /** The newest 100, newest first. */
  readonly keyEvents: readonly KeyEvent[];

  /** The summary went, and which one is the newest now must be asked: none has a `seq` from `before` up, as of offset `since`. */
  readonly summaryDoubt: Doubt | null;
  /** `keyEvents` holds every key event with a `seq` from `before` up; below it something may have changed at offset `since`. */
  readonly keyEventsDoubt: Doubt;
  /** The highest revision heard of each post, shown or not; those heard of longest ago are forgotten past `mostRemembered`. */
  readonly heard: ReadonlyMap<string, number>;
  /** The highest `seq` heard of. */
  readonly newestSeq: number;
  /** Rises with every reset and move of the window: an answer asked for in an earlier one is dropped. */
  readonly window: number;
}

export interface Doubt {
  readonly before: number;
  readonly since: number;
}

/** Whether the window goes down to the first post of the channel. */
export function reachedEnd(timeline: Timeline): boolean {
  return timeline.floor === 0;
}

/** The post as it is held, in the window or above it. */
export function held(timeline: Timeline, postId: string): ReaderPost | undefined {
  if (timeline.pinned?.id === postId) return timeline.pinned;
  if (timeline.summary?.id === postId) return timeline.summary;
  return timeline.posts.find(({ id }) => id === postId);
}
