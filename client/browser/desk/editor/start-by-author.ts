import { Plugin, Selection } from 'prosemirror-state';
import type { EditorView } from 'prosemirror-view';

/**
 * Lets authors move the cursor to the start of the text right after the text got the focus. ProseMirror takes that for a fault of
 * the browser for 200 ms, and puts the cursor back, so that what is typed next lands elsewhere. Only a move that neither a key nor
 * a press caused is such a fault.
 */
export function startByAuthor(): Plugin {
  let isPressed = false;
  let isByAuthor = false;
  return new Plugin({
    props: {
      handleDOMEvents: {
        mousedown: () => {
          isPressed = true;
        },
        focus: () => {
          isByAuthor = isPressed;
          isPressed = false;
        },
        blur: () => {
          isPressed = false;
        },
        keydown: (view) => {
          if (isByAuthor) followToStart(view);
          isByAuthor = true;
        },
      },
    },
    view(view) {
      const listeners = new AbortController();
      // Before ProseMirror, which listens while the event bubbles.
      const options = { capture: true, signal: listeners.signal };
      document.addEventListener('selectionchange', () => isByAuthor && followToStart(view), options);
      return { destroy: () => listeners.abort() };
    },
  });
}

function followToStart(view: EditorView): void {
  const { anchorNode, anchorOffset, isCollapsed } = document.getSelection() ?? {};
  if (!isCollapsed || !anchorNode || anchorOffset === undefined || view.composing || !view.dom.contains(anchorNode)) return;
  const { state } = view;
  const start = Selection.atStart(state.doc);
  const shown = Selection.near(state.doc.resolve(view.posAtDOM(anchorNode, anchorOffset)));
  if (shown.eq(start) && !state.selection.eq(start)) view.dispatch(state.tr.setSelection(start));
}
