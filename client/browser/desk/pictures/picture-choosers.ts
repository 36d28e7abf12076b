import { html, nothing, type TemplateResult } from 'lit';
import type { Language } from '../../i18n/languages.ts';
import { picturesWordsIn } from '../i18n/pictures.ts';

/** Two buttons: one for pictures of this device, one for its camera. `choose` gets the files, whatever they are. */
export function pictureChoosers(
  language: Language,
  choose: (files: File[]) => void,
  { takesSeveral = false } = {},
): TemplateResult {
  const { add, take } = picturesWordsIn(language);
  const onChange = ({ currentTarget }: Event) => {
    const input = currentTarget as HTMLInputElement;
    const files = [...(input.files ?? [])];
    // So that the same file can be chosen again.
    input.value = '';
    if (files.length > 0) choose(files);
  };
  const chooser = (label: string, name: string, isCamera: boolean) =>
    html`<button type="button" class="desk-quiet ${name}" @click=${openChooser}>${label}</button><input type="file" accept="image/*" hidden
 aria-label=${label} ?multiple=${takesSeveral && !isCamera} capture=${isCamera ? 'environment' : nothing} @change=${onChange}>`;
  return html`${chooser(add, 'desk-add-picture', false)}${chooser(take, 'desk-take-picture', true)}`;
}

/** Devices give some files no type. The server looks at the bytes. */
export function isPicture({ type, name }: File): boolean {
  return type.startsWith('image/') || (type === '' && /\.(?:avif|heic|heif|jpe?g|png|webp)$/i.test(name));
}

function openChooser({ currentTarget }: Event): void {
  const input = (currentTarget as HTMLElement).nextElementSibling;
  if (input instanceof HTMLInputElement) input.click();
}
