import type { EditorView } from 'prosemirror-view';
import { type Span, scrollToClear } from './scroll-to-clear.ts';

/** Scrolls the form so that its bars and the keyboard of a phone do not cover the line that is written. */
export function keepCaretInView(view: EditorView): boolean {
  const scroller = view.dom.closest<HTMLElement>('desk-composer, desk-correct');
  if (scroller === null) return false;
  const caret = view.coordsAtPos(view.state.selection.head);
  const by = scrollToClear(caret, clearOf(scroller));
  // On a wide page the form of a change has no scroll bar of its own, and the page scrolls.
  if (by !== 0 && scroller.scrollHeight > scroller.clientHeight) scroller.scrollTop += by;
  // The editor does the rest, such as scrolling the page.
  return false;
}

/** What is visible of the form: within its edges and the window, below its head and above its bars. */
function clearOf(form: HTMLElement): Span {
  const { top, bottom } = form.getBoundingClientRect();
  const screen = window.visualViewport;
  const heads = [...form.querySelectorAll('.desk-change-head')]
    .filter(isSticky)
    .map((head) => head.getBoundingClientRect().bottom);
  const bars = [...form.querySelectorAll('.composer-toolbar, .composer-foot')].filter(isSticky);
  return {
    top: Math.max(top, screen?.offsetTop ?? 0, ...heads),
    bottom: Math.min(
      bottom,
      screen === null ? window.innerHeight : screen.offsetTop + screen.height,
      ...bars.map((bar) => bar.getBoundingClientRect().top),
    ),
  };
}

function isSticky(element: Element): boolean {
  return getComputedStyle(element).position === 'sticky';
}
