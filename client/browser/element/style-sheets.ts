import text from './embed.css';

/** Elements share one in each document. */
const sheets = new WeakMap<Document, CSSStyleSheet>();

/**
 * Has what is in the element look as it should. A style sheet belongs to the document that it was made in, and is lost to an element that
 * is moved to another one, such as that of a frame or of a window of its own.
 */
export function adoptStyleSheet(root: ShadowRoot): ShadowRoot {
  const { ownerDocument: document } = root;
  const view = document.defaultView;
  // Without a window nothing is seen of it.
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
