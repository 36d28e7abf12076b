/** The text of a post as a plain Markdown field. */
export interface BodyEditor {
  readonly body: string;
  setBody(body: string): void;
  /** Puts Markdown where the cursor is. */
  insert(markdown: string): void;
  focus(): void;
  destroy(): void;
}

export interface EditorOptions {
  body: string;
  /** Of the text, for spelling. */
  language: string | undefined;
  label: string;
  placeholder: string;
  onChange: (body: string) => void;
  onSubmit: () => void;
}

export function createPlainEditor(
  parent: HTMLElement,
  { body, language, label, placeholder, onChange }: EditorOptions,
): BodyEditor {
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
  parent.append(field);
  return {
    get body() {
      return field.value;
    },
    setBody(text) {
      field.value = text;
    },
    insert(markdown) {
      field.setRangeText(markdown, field.selectionStart, field.selectionEnd, 'end');
      onChange(field.value);
    },
    focus: () => field.focus(),
    destroy: () => field.remove(),
  };
}
