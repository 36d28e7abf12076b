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

/** Where the reader was on the page that they left. */
interface ScrollPosition {
  /** Scroll offset in CSS pixels. */
  scrolled: number;
  /** The reader was at the top of the newest posts, so new posts should be visible. */
  isAtNewest: boolean;
  post?: ReadingPosition | undefined;
}

export interface ScrollRestoreOptions extends Paging {
  posts: HTMLElement;
}

/**
 * Restores the scroll position on reload and back/forward. The browser restores only the scroll offset, which is wrong if posts
 * were added above. So the post being read is stored for each history entry, and the page scrolls to it.
 *
 * Returns whether there is a position to restore. A post that is not on the page is loaded.
 */
export function restoreScroll(options: ScrollRestoreOptions): boolean {
  const place = isReturnVisit() ? loadPosition<ScrollPosition>() : undefined;
  const isSought = place && scrollBackTo(place, options);
  // Until the position is restored or the reader scrolls elsewhere, the stored position remains.
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

/** The returned function tells whether the position is still being restored. */
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
  // If the post cannot be loaded, the reader stays at the scroll offset. Leaving the page cancels the request before `pagehide`.
  void loadPost(post.seq, options)
    .catch(() => {})
    .then(() => {
      isSought = hasMoved() || scrollToPost(post) ? () => false : () => !hasMoved();
    });
  return () => isSought();
}

/** Turns the browser's own restoration off until the page is loaded, so that links within the page still work afterwards. */
function pauseBrowserRestoration(): void {
  history.scrollRestoration = 'manual';
  afterBrowserScroll(() => (history.scrollRestoration = 'auto'));
}
