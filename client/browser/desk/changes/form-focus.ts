import type { Lack } from '../composer/post-draft.ts';
import type { ChangeLack } from './change-state.ts';

/** Leads an author through the form of a change. */

/** The path of the field in which the first lack is. */
export function pathOfLack([lack]: readonly Lack[], [changeLack]: readonly ChangeLack[]): string {
  if (lack !== undefined) return lack.path;
  const paths: Record<ChangeLack, string> = {
    'nothing-changed': 'body',
    kind: 'change-kind',
    'note-missing': 'note',
    'note-too-long': 'note',
  };
  return changeLack === undefined ? 'body' : paths[changeLack];
}

/** Focuses the field with this path, in an open section. */
export function goToField(form: HTMLElement, path: string): void {
  if (path === 'note') return goToNote(form);
  const field = form.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`);
  const details = field?.closest('details');
  if (details) details.open = true;
  field?.focus();
}

/** Puts the cursor behind the words that were suggested. */
export function goToNote(form: HTMLElement): void {
  const field = noteField(form);
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
  showNote(form);
}

/** Scrolls the note into view, above the bar of buttons. */
export function showNote(form: HTMLElement): void {
  const place = noteField(form)?.closest<HTMLElement>('.composer-field');
  if (!place) return;
  const bar = form.querySelector<HTMLElement>('.composer-foot');
  place.style.scrollMarginBlockEnd = `${(bar?.offsetHeight ?? 0) + marginPx}px`;
  place.scrollIntoView({ block: 'nearest', behavior: 'instant' });
}

/** Whether the author can read the note: nothing covers it, and no keyboard of a phone does. */
export function isNoteInView(form: HTMLElement): boolean {
  const field = noteField(form);
  if (field === null) return false;
  const { left, top, bottom } = field.getBoundingClientRect();
  const view = window.visualViewport;
  if (view && bottom > view.offsetTop + view.height) return false;
  return [top + 2, bottom - 2].every((y) => field.contains(document.elementFromPoint(left + 20, y)));
}

/** Whether the author is typing in it. What they type must not go on in a form that has opened meanwhile. */
export function isTypedInto(element: Element | null): boolean {
  return element?.matches('input, textarea, select, [contenteditable="true"]') === true;
}

function noteField(form: HTMLElement): HTMLTextAreaElement | null {
  return form.querySelector<HTMLTextAreaElement>('[data-path="note"]');
}

/** Between the note and the bar, in pixels. */
const marginPx = 8;
