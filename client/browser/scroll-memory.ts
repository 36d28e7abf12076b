import { postAnchor } from '../../src/protocol/addresses.ts';
import type { Timeline } from '../lib/timeline/timeline-model.ts';
import { postBeingRead, postTop, type Viewport, windowViewport } from './scroll-anchor.ts';
import { mostPosts } from './view/paging.ts';

/**
 * The way back to a post that was read, for the page of a channel and the element alike: which one that was, how the reader is taken to it,
 * and where it is kept.
 */

/** The post that someone was reading when they left. No text: one that is withdrawn later must lie nowhere. */
export interface ReadingPosition {
  id: string;
  seq: number;
  /** Where it started below the edge of what it is seen through, in CSS pixels. */
  top: number;
}

/** How a post is had that is not there. */
export interface Paging {
  timeline: () => Timeline;
  /** Posts above or below those that there are. */
  load: (way: 'newer' | 'older') => Promise<unknown>;
  /** The post of this `seq` and those below it, in the place of those that there are. */
  moveTo: (seq: number) => Promise<unknown>;
}

export function readingPosition(
  posts: HTMLElement,
  timeline: Timeline,
  view: Viewport = windowViewport,
): ReadingPosition | undefined {
  const element = postBeingRead(posts, view);
  const post = timeline.posts.find(({ id }) => id === element?.dataset.post);
  return element && post && { id: post.id, seq: post.seq, top: postTop(element) - view.edge() };
}

/** Whether the post is there. */
export function scrollToPost(
  { id, top }: ReadingPosition,
  root: Document | ShadowRoot = document,
  view: Viewport = windowViewport,
): boolean {
  const element = root.getElementById(postAnchor(id));
  if (element === null) return false;
  view.scrollBy(postTop(element) - view.edge() - top);
  return true;
}

/** Page by page, with all that is between; where that is more than a page holds, with what is around it alone. */
export async function loadPost(seq: number, { timeline, load, moveTo }: Paging): Promise<void> {
  for (;;) {
    const { floor, ceiling, posts } = timeline();
    const isAbove = ceiling !== null && seq > ceiling;
    if (seq >= floor && !isAbove) return;
    if (posts.length < mostPosts) await load(isAbove ? 'newer' : 'older');
    else {
      await moveTo(seq);
      await load('newer');
    }
  }
}

/** The answer tells whether the reader has begun to go elsewhere. */
export function watchReaderInput(): () => boolean {
  let hasMoved = false;
  for (const type of ['wheel', 'touchmove', 'keydown', 'pointerdown'])
    window.addEventListener(type, () => (hasMoved = true), { once: true, passive: true });
  return () => hasMoved;
}

/** Once the page is loaded, and the browser scrolls no more by itself. */
export function afterBrowserScroll(then: () => void): void {
  // Chromium scrolls once more after `pageshow`, in the same task.
  const soon = () => setTimeout(then);
  if (document.readyState === 'complete') soon();
  else window.addEventListener('pageshow', soon, { once: true });
}

/** `keep` is called when the page is left, and as often as that may be: where they are is kept then. */
export function onLeave(keep: () => void, options?: { signal: AbortSignal }): void {
  window.addEventListener('pagehide', keep, options);
  // A tab in the background may end without another word.
  document.addEventListener('visibilitychange', () => document.hidden && keep(), options);
}

// ---- What is kept

const storageKey = 'pressbox-places';
/** Places, the latest that were left. */
const maxPositions = 50;

export function isReturnVisit(): boolean {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return navigation !== undefined && navigation.type !== 'navigate';
}

/**
 * What was kept for this entry of the tab's history. It is kept in the tab's storage: the state of an entry that is set when its page is
 * left comes too late for a reload in Chromium. `of`: the address of the coverage, on a page that is not its own.
 */
export function loadPosition<Place>(of = ''): Place | undefined {
  return (storedPositions() as Map<string, Place>).get(historyEntryKey() + of);
}

/** Undefined: nothing is kept any more. */
export function savePosition(place: object | undefined, of = ''): void {
  const kept = storedPositions();
  if (!kept.delete(historyEntryKey() + of) && place === undefined) return;
  if (place !== undefined) kept.set(historyEntryKey() + of, place);
  try {
    sessionStorage.setItem(storageKey, JSON.stringify([...kept].slice(-maxPositions)));
  } catch {
    // A browser that keeps nothing, or has no room: it scrolls as far as it knows.
  }
}

/** Names the entry of the tab's history; in a browser that has no name for it, its address does. */
function historyEntryKey(): string {
  return window.navigation?.currentEntry?.key ?? location.href;
}

function storedPositions(): Map<string, unknown> {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(storageKey) ?? '[]'));
  } catch {
    return new Map();
  }
}
