/** The area in which the posts are visible, in CSS pixels of the window. */
export interface Viewport {
  /** The upper edge. */
  edge(): number;
  /** Anything above this line is hidden, for example by the bar of the page. */
  top(): number;
  bottom(): number;
  scrollBy(pixels: number): void;
}

/** Height of the bar at the top of the page, CSS pixels. */
const barHeight = 36;

export const windowViewport: Viewport = {
  edge: () => 0,
  top: () => barHeight,
  bottom: () => window.innerHeight,
  scrollBy: (top) => window.scrollBy({ top, behavior: 'instant' }),
};

export function isInView(viewport: Viewport, element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > viewport.top() && top < viewport.bottom();
}
