import { html, nothing, type TemplateResult } from 'lit';
import type { Focus } from '../../../../src/protocol/model.ts';
import { DeskElement } from '../app/desk-element.ts';
import { coverageFormWordsIn } from '../i18n/coverage-form.ts';
import { cropWordsIn } from '../i18n/crop.ts';
import { picturesWordsIn } from '../i18n/pictures.ts';
import { isPicture } from '../pictures/add-pictures.ts';
import type { Crop } from '../pictures/crop.ts';
import { cropPicture } from '../pictures/crop-dialog.ts';
import { wholePicture } from '../pictures/crop-rectangle.ts';
import { scalePicture } from '../pictures/scale-picture.ts';

/** A file of this device that becomes the picture of a coverage. It is stored for its upload when the form is sent. */
export interface ChosenPicture {
  file: Blob;
  /** The part that is uploaded. Undefined: all of it. */
  crop?: Crop;
  focus?: Focus;
}

/** `<desk-coverage-picture>`: chooses a picture of this device for a coverage, shows it and crops it. */
export class CoveragePicture extends DeskElement {
  static override properties = {
    chosen: { attribute: false },
    set: { attribute: false },
    preview: { state: true },
    isNoPicture: { state: true },
  };
  declare chosen: ChosenPicture | undefined;
  declare set: (chosen: ChosenPicture | undefined) => void;
  declare private preview: string | undefined;
  /** The file that was chosen last is not a picture. */
  declare private isNoPicture: boolean;
  #drawn: ChosenPicture | undefined;

  protected override enter(): (() => void)[] {
    return [() => this.#showFile(undefined)];
  }

  protected override render(): TemplateResult {
    const words = picturesWordsIn(this.language);
    if (this.chosen !== undefined) return this.#onDevice(this.chosen);
    const chooser = (label: string, name: string, isCamera: boolean) =>
      html`<button type="button" class="desk-quiet ${name}" @click=${this.#open}>${label}</button><input type="file" accept="image/*" hidden
 aria-label=${label} capture=${isCamera ? 'environment' : nothing} @change=${this.#choose}>`;
    return html`<div class="desk-add-pictures">${chooser(words.add, 'desk-add-picture', false)}${chooser(words.take, 'desk-take-picture', true)}</div>
${this.isNoPicture ? html`<p class="fault" role="alert">${words.problems['no-picture']}</p>` : nothing}`;
  }

  #onDevice(chosen: ChosenPicture): TemplateResult {
    const { preview } = this;
    return html`<div class="desk-device-picture">${preview === undefined ? html`<div class="desk-picture-place"></div>` : html`<img src=${preview} alt="">`}
<div><button type="button" class="desk-quiet" @click=${() => void this.#crop(chosen)}>${cropWordsIn(this.language).crop}</button>
<button type="button" class="desk-quiet" @click=${() => this.set(undefined)}>${coverageFormWordsIn(this.language).removePicture}</button></div></div>`;
  }

  protected override updated(): void {
    if (this.chosen === this.#drawn) return;
    this.#drawn = this.chosen;
    void this.#draw(this.chosen);
  }

  async #draw(chosen: ChosenPicture | undefined): Promise<void> {
    const cropped = chosen?.crop && (await scalePicture(chosen.file, chosen.crop).catch(() => undefined));
    if (this.#drawn === chosen) this.#showFile(cropped?.blob ?? chosen?.file);
  }

  #showFile(file: Blob | undefined): void {
    if (this.preview !== undefined) URL.revokeObjectURL(this.preview);
    this.preview = file && URL.createObjectURL(file);
  }

  readonly #open = ({ currentTarget }: Event): void => {
    const input = (currentTarget as HTMLElement).nextElementSibling;
    if (input instanceof HTMLInputElement) input.click();
  };

  readonly #choose = ({ currentTarget }: Event): void => {
    const input = currentTarget as HTMLInputElement;
    const [file] = input.files ?? [];
    // So that the same file can be chosen again.
    input.value = '';
    if (file === undefined) return;
    this.isNoPicture = !isPicture(file);
    if (!this.isNoPicture) this.set({ file });
  };

  async #crop({ file, crop = wholePicture, focus }: ChosenPicture): Promise<void> {
    const chosen = await cropPicture(file, this.language, { ...crop, ...(focus && { focus }) });
    if (chosen === undefined) return;
    const { focus: point, ...part } = chosen;
    this.set({ file, crop: part, ...(point && { focus: point }) });
  }
}
