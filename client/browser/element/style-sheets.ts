import text from './embed.css';

/**
 * `rem` becomes a unit of the element's own, because its size on a foreign page is unknown. It is replaced here and not by the build,
 * because the shorter text makes the script half a kilobyte smaller. Only `max(1rem, …)` stays, which defines that unit.
 */
const rem = /(?<![\w-]|max\()(-?[\d.]+)rem\b/g;

/** One style sheet for each document, shared by its elements. */
const sheets = new WeakMap<Document, CSSStyleSheet>();

/**
 * Adopts the style sheet of the current document. A style sheet belongs to one document, so an element that moves to another one,
 * such as a frame, needs a new sheet.
 */
export function adoptStyleSheet(root: ShadowRoot): ShadowRoot {
  const { ownerDocument: document } = root;
  const view = document.defaultView;
  // Without a window nothing is rendered.
  if (view === null) return root;
  let sheet = sheets.get(document);
  if (sheet === undefined) {
    sheet = new view.CSSStyleSheet();
    sheet.replaceSync(text.replace(rem, 'calc($1*var(--unit))'));
    sheets.set(document, sheet);
  }
  root.adoptedStyleSheets = [sheet];
  return root;
}
