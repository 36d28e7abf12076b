/** The style sheets of parts that are loaded on demand, for each document. A constructed sheet belongs to one document. */
const sheets = new WeakMap<Document, Map<string, CSSStyleSheet>>();

/** Adds the style sheet to a page or a shadow tree, unless it is there. */
export function adoptSheet(root: Document | ShadowRoot, text: string): void {
  const document = root instanceof ShadowRoot ? root.ownerDocument : root;
  const view = document.defaultView;
  // Without a window nothing is rendered.
  if (view === null) return;
  const ofDocument = sheets.get(document) ?? new Map<string, CSSStyleSheet>();
  sheets.set(document, ofDocument);
  const sheet = ofDocument.get(text) ?? new view.CSSStyleSheet();
  if (!ofDocument.has(text)) sheet.replaceSync(text);
  ofDocument.set(text, sheet);
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
}
