import { Plugin, TextSelection } from 'prosemirror-state';

/**
 * Keeps the cursor in a line of text. After a double click between or below the paragraphs ProseMirror puts it beside them, where no
 * command of the toolbar applies.
 */
export const selectionInText = new Plugin({
  appendTransaction(_transactions, _before, { selection, tr }) {
    if (!(selection instanceof TextSelection)) return null;
    const { $anchor, $head } = selection;
    if ($anchor.parent.inlineContent && $head.parent.inlineContent) return null;
    return tr.setSelection(TextSelection.between($anchor, $head));
  },
});
