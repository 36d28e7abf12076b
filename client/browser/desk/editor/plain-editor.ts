import type { BodyEditor, EditorOptions } from './body-editor.ts';
import { isComposing } from './composition.ts';

/** The text of a post as Markdown, for a body that the rich editor cannot hold. */
export function createPlainEditor(
  parent: HTMLElement,
  { body, language, label, placeholder, onChange, onSubmit }: EditorOptions,
): BodyEditor & { isRich: false } {
  const field = document.createElement('textarea');
  field.className = 'composer-plain';
  field.dir = 'auto';
  field.spellcheck = true;
  field.rows = 5;
  field.value = body;
  field.placeholder = placeholder;
  if (language !== undefined) field.lang = language;
  field.setAttribute('aria-label', label);
  field.dataset.path = 'body';
  field.addEventListener('input', () => onChange(field.value));
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.altKey || isComposing(event)) return;
    event.preventDefault();
    onSubmit();
  });
  parent.append(field);
  const insert = (markdown: string) => {
    field.setRangeText(markdown, field.selectionStart, field.selectionEnd, 'end');
    onChange(field.value);
  };
  return {
    get body() {
      return field.value;
    },
    isRich: false,
    commands: [],
    link: null,
    setLink(href) {
      if (href === null) return;
      const selected = field.value.slice(field.selectionStart, field.selectionEnd);
      insert(`[${selected || href}](${href})`);
    },
    setBody(text) {
      field.value = text;
    },
    insert,
    focus(place) {
      if (place !== undefined) field.setSelectionRange(field.value.length, field.value.length);
      field.focus();
    },
    destroy: () => field.remove(),
  };
}
