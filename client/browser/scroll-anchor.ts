/**
 * Keeps what someone reads where it is on the screen while the page changes above it. Browsers do so by themselves in places
 * (scroll anchoring), but not all of them, and not where the anchor is what changes. At the top of the list there is nothing to keep,
 * unless what comes in above was asked for (`always`).
 */
export function keepPlace(posts: HTMLElement, change: () => void, view: View = theWindow, always = false): void {
  const anchors = (always || !isAtTop(posts, view) ? anchorsIn(posts, view) : []).map((element) => ({
    element,
    top: element.getBoundingClientRect().top,
  }));
  const { bottom, height } = posts.getBoundingClientRect();
  change();
  // Whoever has read past the posts reads what comes after them.
  if (height > 0 && bottom <= view.top()) return view.scrollBy(posts.getBoundingClientRect().bottom - bottom);
  const anchor = anchors.find(({ element }) => element.isConnected);
  if (anchor === undefined) return;
  const moved = () => anchor.element.getBoundingClientRect().top - anchor.top + owed;
  view.scrollBy(moved());
  const left = moved();
  owed = Math.abs(left) < 1 ? left : 0;
}

/** What the last change left to scroll, in CSS pixels: browsers scroll by whole pixels of the device, and lines are not as high as such. */
let owed = 0;

/** Whether the start of the list is in view or below it: then a new post may come in without taking the reader's line away. */
export function isAtTop(posts: HTMLElement, view: View = theWindow): boolean {
  return posts.getBoundingClientRect().top >= view.edge();
}

/** What the reader is likely to read, best first: the topmost parts of posts in view, then posts, as parts may be replaced. */
function anchorsIn(posts: HTMLElement, view: View): Element[] {
  const isInView = (element: Element) => isIn(view, element);
  const inView = [...posts.children].filter(isInView);
  const parts = inView.slice(0, 2).flatMap((post) => [...post.children].filter(isInView));
  const startsInView = inView.filter((post) => post.getBoundingClientRect().top >= view.edge());
  return [...parts, ...startsInView, ...inView];
}

/** The post that is read: the first that begins in view, as one that is left above may change, else the one in view, else the nearest. */
export function postRead(posts: HTMLElement, view: View): HTMLElement | undefined {
  const all = [...posts.querySelectorAll<HTMLElement>(':scope > .post')];
  const inView = all.filter((post) => isIn(view, post));
  return inView.find((post) => startOf(post) >= view.top()) ?? inView[0] ?? all.at(isAtTop(posts, view) ? 0 : -1);
}

/** Where a post starts in the window, in CSS pixels: below the name of its day, which goes to a newer post of the day that comes in. */
export function startOf(post: HTMLElement): number {
  return (post.querySelector(':scope > .line') ?? post).getBoundingClientRect().top;
}

export function isIn(view: View, element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > view.top() && top < view.bottom();
}

/** What the posts are seen through, in CSS pixels of the window. */
export interface View {
  /** Where it begins. */
  edge(): number;
  /** What is above this is not seen. */
  top(): number;
  bottom(): number;
  scrollBy(pixels: number): void;
}

/** The bar at the top of the page covers this much, in CSS pixels. */
const barHeight = 36;

export const theWindow: View = {
  edge: () => 0,
  top: () => barHeight,
  bottom: () => window.innerHeight,
  scrollBy: (top) => window.scrollBy({ top, behavior: 'instant' }),
};
