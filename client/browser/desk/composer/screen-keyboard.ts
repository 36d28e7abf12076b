/**
 * Sets `--keyboard` on the element to the height that the keyboard of a phone covers, where browsers do not make the page smaller by
 * themselves. Returns its own undo.
 */
export function followKeyboard(element: HTMLElement): () => void {
  const view = window.visualViewport;
  if (view === null) return () => {};
  const listeners = new AbortController();
  const measure = () => {
    const covered = Math.max(0, Math.round(document.documentElement.clientHeight - view.height - view.offsetTop));
    // A page that is zoomed in is smaller too, and has no keyboard.
    element.style.setProperty('--keyboard', view.scale > 1.01 ? '0px' : `${covered}px`);
  };
  view.addEventListener('resize', measure, { signal: listeners.signal });
  view.addEventListener('scroll', measure, { signal: listeners.signal });
  measure();
  return () => listeners.abort();
}
