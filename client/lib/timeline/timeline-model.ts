import type { Channel, Counts, KeyEvent, ReaderPost } from '../../../src/protocol/model.ts';

/**
 * A client's copy of a channel, by the protocol's rules for clients: a window of posts in display order, the items above it
 * (pinned, summary, key events), and the offset as of which all of it is current. Immutable: each function returns another
 * timeline, or the same one if nothing changed. `timeline-pages.ts` says what must be requested, and applies the answers.
 *
 * Invariant: whatever is lost, duplicated, late or cut off on the way, a timeline at offset n that needs nothing equals the
 * server's state at n.
 */
export interface Timeline {
  readonly channelId: string;
  readonly channel: Channel;
  /** Everything up to this offset was applied. */
  readonly offset: number;
  readonly cursor: string;
  /**
   * The counts as of `offset`. Undefined if the server did not send them: it is of an earlier version, or there is more to catch
   * up.
   */
  readonly counts: Counts | undefined;
  /** Every post with a `seq` from `floor` to `ceiling`, newest first, including tombstones. */
  readonly posts: readonly ReaderPost[];
  /** 0 once the window includes the oldest post. */
  readonly floor: number;
  /** Null: the window reaches the newest post. Otherwise new posts are not added until paging has closed the gap above it. */
  readonly ceiling: number | null;
  readonly pinned: ReaderPost | null;
  /** The newest published summary. Null if there is none, or while it is unknown: see `summaryDoubt`. */
  readonly summary: ReaderPost | null;
  /** The newest 100, newest first. */
  readonly keyEvents: readonly KeyEvent[];

  /**
   * Set while the summary is unknown, after the previous one was removed. As of offset `since`, no summary has a `seq` of
   * `before` or higher. The newest one below must be requested.
   */
  readonly summaryDoubt: Doubt | null;
  /**
   * `keyEvents` is complete for posts whose `seq` is `before` or higher. Among lower ones, something may have changed at offset
   * `since`.
   */
  readonly keyEventsDoubt: Doubt;
  /**
   * The highest known revision of each post, in the window or not. The oldest entries are dropped past `maxRevisionsRemembered`.
   */
  readonly heard: ReadonlyMap<string, number>;
  /** The highest known `seq`. */
  readonly newestSeq: number;
  /** Raised with every reset and move of the window. An answer requested for an earlier window is dropped. */
  readonly window: number;
}

export interface Doubt {
  readonly before: number;
  readonly since: number;
}

/** Whether the window includes the oldest post of the channel. */
export function reachedEnd(timeline: Timeline): boolean {
  return timeline.floor === 0;
}

/** The post, if it is in the window, pinned or the summary. */
export function held(timeline: Timeline, postId: string): ReaderPost | undefined {
  if (timeline.pinned?.id === postId) return timeline.pinned;
  if (timeline.summary?.id === postId) return timeline.summary;
  return timeline.posts.find(({ id }) => id === postId);
}
