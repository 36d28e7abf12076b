/**
 * Keeps what someone reads where it is on the screen while the page changes above it. Browsers do so by themselves in places
 * (scroll anchoring), but not all of them, and not where the anchor is what changes.
 */
export function keepPlace(posts: HTMLElement, change: () => void): void {
  const anchors = anchorsIn(posts).map((element) => ({ element, top: element.getBoundingClientRect().top }));
  change();
  const anchor = anchors.find(({ element }) => element.isConnected);
  if (anchor === undefined) return;
  const moved = anchor.element.getBoundingClientRect().top - anchor.top;
  if (Math.abs(moved) >= 1) window.scrollBy({ top: moved, behavior: 'instant' });
}

/** Whether the start of the list is in view or below it: then a new post may come in without taking the reader's line away. */
export function isAtTop(posts: HTMLElement): boolean {
  return posts.getBoundingClientRect().top >= 0;
}

/** What the reader is likely to read, best first: the topmost parts of posts in view, then posts, as parts may be replaced. */
function anchorsIn(posts: HTMLElement): Element[] {
  if (isAtTop(posts)) return [];
  const inView = [...posts.children].filter(isInView);
  const parts = inView.slice(0, 2).flatMap((post) => [...post.children].filter(isInView));
  const startsInView = inView.filter((post) => post.getBoundingClientRect().top >= 0);
  return [...parts, ...startsInView, ...inView];
}

function isInView(element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > barHeight && top < window.innerHeight;
}

/** The bar at the top covers this much, in CSS pixels. */
const barHeight = 36;
