/**
 * Keeps what someone reads where it is on the screen while the page changes above it. Browsers do so by themselves in places
 * (scroll anchoring), but not all of them, and not where the anchor is what changes. At the top of the list there is nothing to keep,
 * unless what comes in above was asked for (`always`).
 */
export function preserveScroll(
  posts: HTMLElement,
  change: () => void,
  viewport: Viewport = windowViewport,
  always = false,
): void {
  const anchors = (always || !isAtTop(posts, viewport) ? anchorsIn(posts, viewport) : []).map((element) => ({
    element,
    top: element.getBoundingClientRect().top,
  }));
  const { bottom, height } = posts.getBoundingClientRect();
  change();
  // Whoever has read past the posts reads what comes after them.
  if (height > 0 && bottom <= viewport.top()) return viewport.scrollBy(posts.getBoundingClientRect().bottom - bottom);
  const anchor = anchors.find(({ element }) => element.isConnected);
  if (anchor === undefined) return;
  const moved = () => anchor.element.getBoundingClientRect().top - anchor.top + unscrolledPx;
  viewport.scrollBy(moved());
  const left = moved();
  unscrolledPx = Math.abs(left) < 1 ? left : 0;
}

/** What the last change left to scroll, in CSS pixels: browsers scroll by whole pixels of the device, and lines are not as high as such. */
let unscrolledPx = 0;

/** Whether the start of the list is in view or below it: then a new post may come in without taking the reader's line away. */
export function isAtTop(posts: HTMLElement, viewport: Viewport = windowViewport): boolean {
  return posts.getBoundingClientRect().top >= viewport.edge();
}

/** What the reader is likely to read, best first: the topmost parts of posts in view, then posts, as parts may be replaced. */
function anchorsIn(posts: HTMLElement, viewport: Viewport): Element[] {
  const isVisible = (element: Element) => isInView(viewport, element);
  const inView = [...posts.children].filter(isVisible);
  const parts = inView.slice(0, 2).flatMap((post) => [...post.children].filter(isVisible));
  const startsInView = inView.filter((post) => post.getBoundingClientRect().top >= viewport.edge());
  return [...parts, ...startsInView, ...inView];
}

/** The post that is read: the first that begins in view, as one that is left above may change, else the one in view, else the nearest. */
export function postBeingRead(posts: HTMLElement, viewport: Viewport): HTMLElement | undefined {
  const all = [...posts.querySelectorAll<HTMLElement>(':scope > .post')];
  const inView = all.filter((post) => isInView(viewport, post));
  return inView.find((post) => postTop(post) >= viewport.top()) ?? inView[0] ?? all.at(isAtTop(posts, viewport) ? 0 : -1);
}

/** Where a post starts in the window, in CSS pixels: below the name of its day, which goes to a newer post of the day that comes in. */
export function postTop(post: HTMLElement): number {
  return (post.querySelector(':scope > .line') ?? post).getBoundingClientRect().top;
}

export function isInView(viewport: Viewport, element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > viewport.top() && top < viewport.bottom();
}

/** What the posts are seen through, in CSS pixels of the window. */
export interface Viewport {
  /** Where it begins. */
  edge(): number;
  /** What is above this is not seen. */
  top(): number;
  bottom(): number;
  scrollBy(pixels: number): void;
}

/** The bar at the top of the page covers this much, in CSS pixels. */
const barHeight = 36;

export const windowViewport: Viewport = {
  edge: () => 0,
  top: () => barHeight,
  bottom: () => window.innerHeight,
  scrollBy: (top) => window.scrollBy({ top, behavior: 'instant' }),
};
