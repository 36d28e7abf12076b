import { ignoreNextScroll } from './reader-activity.ts';
import { isInView, type Viewport, windowViewport } from './viewport.ts';

/**
 * Keeps the post that is being read in place while the page changes above it. Browsers' own scroll anchoring does not work
 * everywhere, and not when the anchor itself changes. At the top of the list the position is not kept, unless the reader
 * requested the posts above (`always`).
 */
export function preserveScroll(
  posts: HTMLElement,
  change: () => void,
  viewport: Viewport = windowViewport,
  always = false,
): void {
  const anchors = (always || !isAtTop(posts, viewport) ? anchorsIn(posts, viewport) : []).map((element) => ({
    element,
    top: postTop(element),
  }));
  const { bottom, height } = posts.getBoundingClientRect();
  change();
  // The reader is below the posts: keep what follows them in place.
  if (height > 0 && bottom <= viewport.top()) return scrollUnnoticed(viewport, posts.getBoundingClientRect().bottom - bottom);
  const anchor = anchors.find(({ element }) => element.isConnected);
  if (anchor === undefined) return;
  const moved = () => postTop(anchor.element) - anchor.top + unscrolledPx;
  // Some browsers cut a fraction off rather than round it.
  scrollUnnoticed(viewport, Math.round(moved() * devicePixelRatio) / devicePixelRatio);
  const left = moved();
  unscrolledPx = Math.abs(left) < 1 ? left : 0;
}

/** The reader did not scroll, so this does not count as their activity. */
function scrollUnnoticed(viewport: Viewport, pixels: number): void {
  if (pixels === 0) return;
  ignoreNextScroll();
  viewport.scrollBy(pixels);
}

/**
 * The fraction of a pixel that could not be scrolled. Browsers scroll by whole device pixels, but lines have fractional heights.
 * CSS pixels.
 */
let unscrolledPx = 0;

/** Whether the start of the list is in view or below it. Then a new post may be inserted without moving the line being read. */
export function isAtTop(posts: HTMLElement, viewport: Viewport = windowViewport): boolean {
  return posts.getBoundingClientRect().top >= viewport.edge();
}

/**
 * Anchor candidates, best first. A post that begins in view keeps its beginning, because whatever changes in it is below. Of a
 * post that begins above, the topmost part in view that is not replaced stays in place.
 */
function anchorsIn(posts: HTMLElement, viewport: Viewport): Element[] {
  const isVisible = (element: Element) => isInView(viewport, element);
  const inView = [...posts.children].filter(isVisible);
  const startsInView = (post: Element) => postTop(post) >= viewport.top();
  const parts = inView.flatMap((post) => (startsInView(post) ? post : [...post.children].filter(isVisible)));
  return [...parts, ...inView];
}

/**
 * The post being read: the first that begins in view (one that begins above may still change), else one in view, else the
 * nearest.
 */
export function postBeingRead(posts: HTMLElement, viewport: Viewport): HTMLElement | undefined {
  const all = [...posts.querySelectorAll<HTMLElement>(':scope > .post')];
  const inView = all.filter((post) => isInView(viewport, post));
  return inView.find((post) => postTop(post) >= viewport.top()) ?? inView[0] ?? all.at(isAtTop(posts, viewport) ? 0 : -1);
}

/** The top of a post in CSS pixels, below its day label, which moves to a newer post of the same day. */
export function postTop(post: Element): number {
  return (post.querySelector(':scope > .line') ?? post).getBoundingClientRect().top;
}
