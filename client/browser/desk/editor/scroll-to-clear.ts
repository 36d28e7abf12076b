/** A range of lines of the window, in CSS pixels from its top. */
export interface Span {
  top: number;
  bottom: number;
}

/** Space between the written line and what would cover it, CSS pixels. */
const marginPx = 6;

/**
 * How far to scroll down so that the line of the caret lies within the span that nothing covers. Negative: up. If the span is lower than
 * the line, the end of the line counts. Pure.
 */
export function scrollToClear(caret: Span, clear: Span): number {
  const below = caret.bottom + marginPx - clear.bottom;
  if (below > 0) return below;
  const above = caret.top - marginPx - clear.top;
  return above < 0 ? Math.max(above, below) : 0;
}
