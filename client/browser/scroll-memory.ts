import { postAnchor } from '../../src/protocol/addresses.ts';
import type { Timeline } from '../lib/timeline/timeline-model.ts';
import { postBeingRead, postTop } from './scroll-anchor.ts';
import { mostPosts } from './view/page/paging.ts';
import { type Viewport, windowViewport } from './viewport.ts';

/** Stores and restores the post being read, for the page of a channel and for the element. */

/** The post that the reader was reading. Holds no text, so that no withdrawn text remains in storage. */
export interface ReadingPosition {
  id: string;
  seq: number;
  /** The distance of the post from the upper edge of the viewport, CSS pixels. */
  top: number;
}

/** How to load a post that is not in the window. */
export interface Paging {
  timeline: () => Timeline;
  /** Loads posts above or below the window. */
  load: (direction: 'newer' | 'older') => Promise<unknown>;
  /** Replaces the window by the post with this `seq` and those below it. */
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

/** Returns whether the post was found. */
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

/** Loads page by page up to the post. If that exceeds the limit of a page, loads only the posts around it. */
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

/** The returned function tells whether the reader has scrolled or typed since. */
export function watchReaderInput(): () => boolean {
  let hasMoved = false;
  for (const type of ['wheel', 'touchmove', 'keydown', 'pointerdown'])
    window.addEventListener(type, () => (hasMoved = true), { once: true, passive: true });
  return () => hasMoved;
}

/** Calls back once the page is loaded and the browser no longer scrolls by itself. */
export function afterBrowserScroll(then: () => void): void {
  // Chromium scrolls once more after `pageshow`, in the same task.
  const soon = () => setTimeout(then);
  if (document.readyState === 'complete') soon();
  else window.addEventListener('pageshow', soon, { once: true });
}

/** Calls `keep` whenever the reader may be leaving the page. */
export function onLeave(keep: () => void, options?: { signal: AbortSignal }): void {
  window.addEventListener('pagehide', keep, options);
  // A tab in the background may be closed without another event.
  document.addEventListener('visibilitychange', () => document.hidden && keep(), options);
}

// ---- Storage

const storageKey = 'pressbox-places';
/** Only the latest positions are stored, up to this number. */
const maxPositions = 50;

export function isReturnVisit(): boolean {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return navigation !== undefined && navigation.type !== 'navigate';
}

/**
 * The position stored for this history entry. It is in `sessionStorage`, because Chromium drops history state that is set while
 * the page is being left on reload. `of`: the channel's address, on a page that embeds it.
 */
export function loadPosition<Place>(of = ''): Place | undefined {
  return (storedPositions() as Map<string, Place>).get(historyEntryKey() + of);
}

/** Undefined removes the stored position. */
export function savePosition(place: object | undefined, of = ''): void {
  const kept = storedPositions();
  if (!kept.delete(historyEntryKey() + of) && place === undefined) return;
  if (place !== undefined) kept.set(historyEntryKey() + of, place);
  try {
    sessionStorage.setItem(storageKey, JSON.stringify([...kept].slice(-maxPositions)));
  } catch {
    // Storage is unavailable or full. The browser restores the scroll offset alone.
  }
}

/** A key for the current history entry, or its address in browsers without the Navigation API. */
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
