import type { Node } from 'prosemirror-model';
import { Selection, TextSelection } from 'prosemirror-state';

/**
 * A selection in a text that is drawn elsewhere. Places are counted in characters without spaces, because only the spaces between
 * paragraphs depend on how the text is drawn.
 */
export interface TextPlace {
  /** The whole text without spaces. */
  text: string;
  from: number;
  to: number;
}

export function withoutSpaces(text: string): string {
  return text.replace(/\s+/g, '');
}

/** The same place in the document, or its end if it has another text. */
export function selectionAt(doc: Node, place: TextPlace | 'end'): Selection {
  if (place === 'end' || withoutSpaces(doc.textContent) !== place.text) return Selection.atEnd(doc);
  const from = positionBefore(doc, place.from);
  if (from === undefined) return Selection.atEnd(doc);
  // A selection ends behind its last character, not in front of the next one.
  const to = place.to > place.from ? positionBefore(doc, place.to - 1) : undefined;
  return TextSelection.create(doc, from, to === undefined ? from : to + 1);
}

/** The position in front of the character with this number. */
function positionBefore(doc: Node, count: number): number | undefined {
  let passed = 0;
  let found: number | undefined;
  doc.descendants((node, start) => {
    if (found !== undefined || !node.isText) return found === undefined;
    const { text = '' } = node;
    for (let at = 0; at < text.length; at += 1) {
      if (/\s/.test(text.charAt(at))) continue;
      if (passed === count) {
        found = start + at;
        return false;
      }
      passed += 1;
    }
    return false;
  });
  return found;
}
