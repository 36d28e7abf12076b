/** Fallback for plain HTTP and for frames, where browsers refuse the clipboard API. */
export function copySelected(text: string, button: HTMLElement): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'visually-hidden';
  button.after(field);
  field.focus({ preventScroll: true });
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  button.focus({ preventScroll: true });
  return done;
}
