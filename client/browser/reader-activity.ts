import { type Arrival, activeFor, arrivalOf } from './arrivals.ts';
import { isInView, type Viewport } from './viewport.ts';

/** When the reader last scrolled, pressed or typed, anywhere in the window. */

const acts = ['wheel', 'touchmove', 'pointerdown', 'keydown'] as const;
const tracked = new WeakSet<Window>();
/** Milliseconds, by `performance.now()`. */
let lastActedAt = Number.NEGATIVE_INFINITY;
/** The next scroll event belongs to a scroll of the script. */
let isScriptScroll = false;

/** Notices presses, keys and the wheel. Scrolls are reported to `readerActs`, because only some of them concern the posts. */
export function trackReaderActivity(window: Window): void {
  if (tracked.has(window)) return;
  tracked.add(window);
  for (const act of acts) {
    window.addEventListener(act, () => (lastActedAt = performance.now()), { passive: true, capture: true });
  }
}

/** The posts were scrolled, by the reader unless the script has just done so. */
export function readerScrolled(): void {
  if (!isScriptScroll) lastActedAt = performance.now();
}

/** Call before the script scrolls to keep a text in its place. The event comes before the callbacks of the next frame. */
export function ignoreNextScroll(): void {
  isScriptScroll = true;
  requestAnimationFrame(() => (isScriptScroll = false));
}

/** How long the reader still counts as active, milliseconds. 0: idle. */
export function readerActiveFor(): number {
  return activeFor(lastActedAt, performance.now());
}

export interface Surroundings {
  posts: HTMLElement;
  /** Elements above the posts that show texts of posts: key events, the summary, the pinned post. */
  overview: readonly HTMLElement[];
  viewport: Viewport;
  isPaused: boolean;
}

/** Whether new posts wait or come in now. */
export function arrivalFor({ posts, overview, viewport, isPaused }: Surroundings): Arrival {
  const texts = [...overview, ...posts.querySelectorAll(':scope > .post')];
  return arrivalOf({
    updates: isPaused ? 'paused' : 'running',
    postText: texts.some((text) => isInView(viewport, text)) ? 'in view' : 'out of view',
    reader: readerActiveFor() > 0 ? 'just acted' : 'idle',
  });
}
