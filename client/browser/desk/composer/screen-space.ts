/**
 * Sets the space of the composer as custom properties: `--keyboard`, the height that the keyboard of a phone covers where
 * browsers do not make the page smaller by themselves, and `--above`, the height of everything above its column. Returns its own undo.
 */
export function followScreen(element: HTMLElement): () => void {
  const view = window.visualViewport;
  const column = element.parentElement;
  const listeners = new AbortController();
  const { signal } = listeners;
  const measure = () => {
    const above = Math.max(0, Math.round(column?.parentElement?.getBoundingClientRect().top ?? 0));
    column?.style.setProperty('--above', `${above}px`);
    if (view === null) return;
    const covered = Math.max(0, Math.round(document.documentElement.clientHeight - view.height - view.offsetTop));
    // A page that is zoomed in is smaller too, and has no keyboard.
    element.style.setProperty('--keyboard', view.scale > 1.01 ? '0px' : `${covered}px`);
  };
  for (const name of ['resize', 'scroll']) {
    view?.addEventListener(name, measure, { signal });
    window.addEventListener(name, measure, { signal, passive: true });
  }
  // Content above the column may arrive later.
  const sizes = new ResizeObserver(measure);
  sizes.observe(document.body);
  measure();
  return () => {
    listeners.abort();
    sizes.disconnect();
  };
}
