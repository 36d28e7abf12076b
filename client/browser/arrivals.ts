import type { ReaderPost } from '../../src/protocol/model.ts';
import type { Timeline } from '../lib/timeline/timeline-model.ts';

/**
 * When new posts come in by themselves, and when they wait behind the button. Pure: time and what is in view are arguments.
 *
 *     reader scrolls, presses or types ──▶ active ── nothing for 60 s ──▶ idle
 *
 * Nothing that an active reader can be reading moves: while any text of a post is in view, new posts wait. An idle reader sees them
 * come in, unless updates are paused.
 */
export type Arrival = 'wait' | 'come in';

export interface Situation {
  /** `paused`: by the reader, or by the attribute `hold` of the element. */
  updates: 'running' | 'paused';
  /** Any text of a post, in the list or in the overview above it. */
  postText: 'in view' | 'out of view';
  reader: 'just acted' | 'idle';
}

const arrivals: Record<Situation['updates'], Record<Situation['postText'], Record<Situation['reader'], Arrival>>> = {
  running: {
    'in view': { 'just acted': 'wait', idle: 'come in' },
    'out of view': { 'just acted': 'come in', idle: 'come in' },
  },
  paused: {
    'in view': { 'just acted': 'wait', idle: 'wait' },
    'out of view': { 'just acted': 'wait', idle: 'wait' },
  },
};

export function arrivalOf({ updates, postText, reader }: Situation): Arrival {
  return arrivals[updates][postText][reader];
}

/** How long after the last scroll, press or key a reader counts as active. Milliseconds. */
export const activeMs = 60_000;

/** How long the reader still counts as active. 0: idle. Times in milliseconds. */
export function activeFor(lastActedAt: number, now: number): number {
  return Math.max(0, lastActedAt + activeMs - now);
}

/**
 * The timeline without what waits: key events, a summary and the number of posts come in together with the posts. `summary`: the
 * one shown before, in its current state.
 */
export function withoutWaiting(timeline: Timeline, waiting: readonly ReaderPost[], summary: ReaderPost | null): Timeline {
  if (waiting.length === 0) return timeline;
  const { counts } = timeline;
  const ids = new Set(waiting.map(({ id }) => id));
  const waits = timeline.summary !== null && ids.has(timeline.summary.id);
  return {
    ...timeline,
    posts: timeline.posts.filter(({ id }) => !ids.has(id)),
    keyEvents: timeline.keyEvents.filter(({ id }) => !ids.has(id)),
    summary: waits ? summary : timeline.summary,
    counts: counts && { ...counts, posts: counts.posts - waiting.length },
  };
}
