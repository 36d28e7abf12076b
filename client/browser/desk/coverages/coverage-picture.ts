import { html, nothing, type TemplateResult } from 'lit';
import type { Focus, Picture } from '../../../../src/protocol/model.ts';
import { isWebUrl } from '../../view/links.ts';
import { DeskElement } from '../app/desk-element.ts';
import { cropWordsIn } from '../i18n/crop.ts';
import { picturesWordsIn } from '../i18n/pictures.ts';
import type { Crop } from '../pictures/cropping/crop.ts';
import { cropPicture } from '../pictures/cropping/crop-dialog.ts';
import { wholePicture } from '../pictures/cropping/crop-rectangle.ts';
import { followGivenFiles } from '../pictures/given-files.ts';
import { loadedAddress } from '../pictures/loaded-address.ts';
import { isPicture, pictureChoosers } from '../pictures/picture-choosers.ts';
import { scalePicture } from '../pictures/scaling/scale-picture.ts';

/** A file of this device that becomes the picture of a coverage. It is stored for its upload when the form is sent. */
export interface ChosenPicture {
  file: Blob;
  /** The part that is uploaded. Undefined: all of it. */
  crop?: Crop;
  focus?: Focus;
}

/**
 * `<desk-coverage-picture>`: chooses a picture of this device for a coverage, by buttons, by paste and by drop, shows it and crops it.
 * Without one it shows the picture that the coverage has.
 */
export class CoveragePicture extends DeskElement {
  static override properties = {
    present: { attribute: false },
    chosen: { attribute: false },
    set: { attribute: false },
    preview: { state: true },
    isNoPicture: { state: true },
    isOver: { state: true },
  };
  /** The picture that readers see now, unless the form has another address. */
  declare present: Picture | undefined;
  declare chosen: ChosenPicture | undefined;
  declare set: (chosen: ChosenPicture | undefined) => void;
  declare private preview: string | undefined;
  /** The file that was chosen last is not a picture. */
  declare private isNoPicture: boolean;
  /** Files are being dragged over the form. */
  declare private isOver: boolean;
  #drawn: ChosenPicture | undefined;

  protected override enter(): (() => void)[] {
    const taker = {
      // While the form is saved its fields are locked, and a picture that is given then would be lost.
      form: () => (this.closest('[inert]') === null ? this.closest('desk-coverage-form') : null),
      setOver: (isOver: boolean) => {
        this.isOver = isOver;
      },
      take: (files: File[]) => this.#choose(files),
    };
    return [followGivenFiles(taker), () => this.#showFile(undefined)];
  }

  protected override render(): TemplateResult {
    const words = picturesWordsIn(this.language);
    return html`<div class="desk-given-picture" data-over=${this.isOver}>${this.chosen === undefined ? this.#choosers() : this.#onDevice(this.chosen)}
${this.isOver ? html`<p class="hint">${words.dropHere}</p>` : nothing}</div>
${this.isNoPicture ? html`<p class="fault" role="alert">${words.problems['no-picture']}</p>` : nothing}`;
  }

  #choosers(): TemplateResult {
    const choosers = html`<div class="desk-add-pictures">${pictureChoosers(this.language, (files) => this.#choose(files))}</div>`;
    const { present } = this;
    if (present === undefined || !isWebUrl(present.url)) return choosers;
    // The smallest file is as wide as the preview, or wider.
    const url = loadedAddress(present.renditions?.[0]?.url ?? present.url);
    return html`<div class="desk-device-picture"><img src=${url} alt=${present.alt} referrerpolicy="no-referrer">${choosers}</div>`;
  }

  #onDevice(chosen: ChosenPicture): TemplateResult {
    const { preview } = this;
    return html`<div class="desk-device-picture">${preview === undefined ? html`<div class="desk-picture-place"></div>` : html`<img src=${preview} alt="">`}
<div><button type="button" class="desk-quiet" @click=${() => void this.#crop(chosen)}>${cropWordsIn(this.language).crop}</button>
<button type="button" class="desk-quiet" @click=${() => this.set(undefined)}>${picturesWordsIn(this.language).remove}</button></div></div>`;
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

  /** A coverage has one picture, so the others are left out. */
  #choose(files: readonly File[]): void {
    const file = files.find(isPicture);
    this.isNoPicture = file === undefined;
    if (file !== undefined) this.set({ file });
  }

  async #crop({ file, crop = wholePicture, focus }: ChosenPicture): Promise<void> {
    const current = { ...crop, ...(focus && { focus }) };
    const chosen = await cropPicture(file, this.language, { current });
    if (chosen === undefined) return;
    const { focus: point, ...part } = chosen;
    this.set({ file, crop: part, ...(point && { focus: point }) });
  }
}
