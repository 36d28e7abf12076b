/** A finger or a mouse that moves further than this during a press has changed its mind, CSS pixels. */
const stillWithin = 12;

/**
 * Gives a press to the button on which it began, even if the page moved the button away before the press ended: a notice appears, or a
 * post arrives. Browsers otherwise drop such a press, or give it to what has come under the finger. Returns its own undo.
 */
export function keepPressesSteady(page: Document): () => void {
  let began: { button: HTMLElement; x: number; y: number } | undefined;
  const listeners = new AbortController();
  const options = { capture: true, signal: listeners.signal };
  page.addEventListener(
    'pointerdown',
    ({ target, isPrimary, button, clientX: x, clientY: y }) => {
      const pressed = isPrimary && button === 0 && target instanceof Element ? target.closest('button') : null;
      began = pressed === null ? undefined : { button: pressed, x, y };
    },
    options,
  );
  page.addEventListener(
    'click',
    (click) => {
      const press = began;
      began = undefined;
      // A click by key or by script has no place.
      if (press === undefined || click.detail === 0 || click.composedPath().includes(press.button)) return;
      if (Math.hypot(click.clientX - press.x, click.clientY - press.y) > stillWithin) return;
      click.preventDefault();
      click.stopImmediatePropagation();
      press.button.click();
    },
    options,
  );
  return () => listeners.abort();
}
