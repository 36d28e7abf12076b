import text from './embed.css';

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
    sheet.replaceSync(text);
    sheets.set(document, sheet);
  }
  root.adoptedStyleSheets = [sheet];
  return root;
}
