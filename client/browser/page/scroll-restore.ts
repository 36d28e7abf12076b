import { isAtTop } from '../scroll-anchor.ts';
import {
  afterBrowserScroll,
  isReturnVisit,
  loadPosition,
  loadPost,
  onLeave,
  type Paging,
  type ReadingPosition,
  readingPosition,
  savePosition,
  scrollToPost,
  watchReaderInput,
} from '../scroll-memory.ts';

/** Where someone was on a page that they left. */
interface ScrollPosition {
  /** How far the page was scrolled, in CSS pixels. */
  scrolled: number;
  /** At the start of a list that begins with the newest post: what comes in above is to be seen. */
  isAtNewest: boolean;
  post?: ReadingPosition | undefined;
}

export interface ScrollRestoreOptions extends Paging {
  posts: HTMLElement;
}

/**
 * Whoever goes back to a page, or loads it again, is where they were reading. Where the browser kept the page, it stands as it was; a new
 * one the browser scrolls as far as the old one was, and what came in above has moved what was read. So the post that was read is kept,
 * for each entry of the tab's history, and the reader is put back to it.
 *
 * Returns whether there is a place to put the reader back to; where its post is not on the page, that is asked for.
 */
export function restoreScroll(options: ScrollRestoreOptions): boolean {
  const place = isReturnVisit() ? loadPosition<ScrollPosition>() : undefined;
  const isSought = place && scrollBackTo(place, options);
  // Until they are there, or go elsewhere, the place that was kept stays.
  onLeave(() => isSought?.() || savePosition(currentPosition(options)));
  return place !== undefined;
}

function currentPosition({ posts, timeline }: ScrollRestoreOptions): ScrollPosition {
  return {
    scrolled: window.scrollY,
    isAtNewest: timeline().ceiling === null && isAtTop(posts),
    post: readingPosition(posts, timeline()),
  };
}

/** The returned function tells whether the reader is still on the way to that place. */
function scrollBackTo(
  { scrolled, isAtNewest, post }: ScrollPosition,
  options: ScrollRestoreOptions,
): (() => boolean) | undefined {
  pauseBrowserRestoration();
  const goesByPost = !(isAtNewest && options.timeline().ceiling === null);
  if (goesByPost && post !== undefined && scrollToPost(post)) return;
  window.scrollTo({ top: scrolled, behavior: 'instant' });
  if (!goesByPost || post === undefined) return;
  const hasMoved = watchReaderInput();
  let isSought = () => true;
  // Without an answer they stay as far down as they were. Leaving the page cancels the request before it tells that it is left.
  void loadPost(post.seq, options)
    .catch(() => {})
    .then(() => {
      isSought = hasMoved() || scrollToPost(post) ? () => false : () => !hasMoved();
    });
  return () => isSought();
}

/** The browser lets the reader be until the page is loaded; from then on it does as ever with links within the page. */
function pauseBrowserRestoration(): void {
  history.scrollRestoration = 'manual';
  afterBrowserScroll(() => (history.scrollRestoration = 'auto'));
}
