import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { Focus, ImageMedia } from '../../../../src/protocol/model.ts';
import type { Problem } from '../../../../src/protocol/problems.ts';
import { isWebUrl } from '../../view/links.ts';
import { DeskElement } from '../app/desk-element.ts';
import type { PostForm } from '../composer/form.ts';
import { cropWordsIn } from '../i18n/crop.ts';
import { type PicturesWords, picturesWordsIn } from '../i18n/pictures.ts';
import { type Crop, type CropChoice, isSameCrop } from './crop.ts';
import { chooseFocus, cropPicture } from './crop-dialog.ts';
import { wholePicture } from './crop-rectangle.ts';
import type { DevicePicture } from './device-picture.ts';
import { loadedAddress } from './loaded-address.ts';
import { dropPreview, previewOf, setPreview } from './picture-previews.ts';
import { type DraftPicture, isDecorative, pictureIdOf } from './pictures-in-writes.ts';
import { scalePicture } from './scale-picture.ts';

/**
 * `<desk-picture>`: a picture of a post that is being written: what it looks like and how far its upload is, if it is one of this device,
 * and the choice that it is decorative.
 */
export class DeskPicture extends DeskElement {
  static override properties = {
    form: { attribute: false },
    media: { attribute: false },
    set: { attribute: false },
  };
  declare form: PostForm;
  declare media: ImageMedia;
  declare set: (media: ImageMedia) => void;
  /** The picture whose bytes were asked for. */
  #asked: string | undefined;

  protected override enter(): (() => void)[] {
    return [this.form.outbox.subscribe(() => this.requestUpdate())];
  }

  protected override render(): TemplateResult {
    const words = picturesWordsIn(this.language);
    const id = pictureIdOf(this.media.url);
    const choose = ({ target }: { target: HTMLInputElement }) => this.#setDecorative(target.checked);
    return html`${id === undefined ? this.#atAddress() : this.#onDevice(id, words)}
<label class="composer-mark"><input type="checkbox" name="decorative" .checked=${live(isDecorative(this.media))} @change=${choose}><span>${words.decorative}</span></label>`;
  }

  protected override updated(): void {
    const id = pictureIdOf(this.media.url);
    if (id !== undefined && id !== this.#asked && previewOf(id) === undefined) void this.#loadPreview(id);
  }

  /** Its own description would be lost to readers, so it goes. */
  #setDecorative(isChosen: boolean): void {
    const { decorative: _decorative, ...others } = this.media as DraftPicture;
    const picture: DraftPicture = isChosen ? { ...others, alt: '', decorative: true } : others;
    this.set(picture);
  }

  async #loadPreview(id: string): Promise<void> {
    this.#asked = id;
    const file = await this.form.outbox.pictures.fileOf(id).catch(() => undefined);
    const crop = this.#picture(id)?.crop;
    const shown = file && (crop === undefined ? file : (await scalePicture(file, crop)).blob);
    if (shown === undefined || previewOf(id) !== undefined) return;
    setPreview(id, shown);
    this.requestUpdate();
    this.form.redraw();
  }

  #onDevice(id: string, words: PicturesWords): TemplateResult {
    const picture = this.#picture(id);
    const preview = previewOf(id);
    return html`<div class="desk-device-picture">${preview === undefined ? html`<div class="desk-picture-place"></div>` : html`<img src=${preview} alt="">`}
<div class="desk-picture-state" data-state=${picture?.upload.at ?? 'gone'}>${picture === undefined ? html`<p class="desk-lack">${words.gone}</p>` : this.#state(picture, words)}</div>
${picture === undefined ? nothing : html`<button type="button" class="desk-quiet" @click=${() => void this.#crop(picture)}>${cropWordsIn(this.language).crop}</button>`}</div>`;
  }

  /** One that is uploaded already, or on another site. */
  #atAddress(): TemplateResult | typeof nothing {
    const { url } = this.media;
    if (!isWebUrl(url)) return nothing;
    return html`<button type="button" class="desk-quiet" @click=${() => void this.#chooseFocus(url)}>${cropWordsIn(this.language).chooseFocus}</button>`;
  }

  async #chooseFocus(url: string): Promise<void> {
    await chooseFocus(loadedAddress(url), this.language, this.media.focus, async ({ focus }) => this.#setFocus(focus));
  }

  #setFocus(focus: Focus | undefined): void {
    const { focus: _, ...others } = this.media;
    this.set(focus === undefined ? others : { ...others, focus });
  }

  #picture(id: string): DevicePicture | undefined {
    return this.form.outbox.pictures.all.find((one) => one.id === id);
  }

  async #crop({ id, crop }: DevicePicture): Promise<void> {
    const { pictures } = this.form.outbox;
    const file = await pictures.fileOf(id);
    const isAnother = (chosen: Crop) => !isSameCrop(chosen, crop ?? wholePicture);
    const store = async ({ focus, ...chosen }: CropChoice) => {
      if (isAnother(chosen)) await pictures.crop(id, chosen);
      this.#setFocus(focus);
    };
    const { focus } = this.media;
    const current = { ...(crop ?? wholePicture), ...(focus && { focus }) };
    const chosen = file && (await cropPicture(file, this.language, { current, store }));
    if (chosen === undefined || !isAnother(chosen)) return;
    dropPreview(id);
    await this.#loadPreview(id);
  }

  #state({ id, upload }: DevicePicture, words: PicturesWords): TemplateResult {
    const { pictures } = this.form.outbox;
    switch (upload.at) {
      case 'waiting': {
        const share = pictures.progressOf(id);
        const percent = new Intl.NumberFormat(this.language, { style: 'percent' }).format(share ?? 0);
        if (share !== undefined) {
          return html`<p class="desk-hint">${words.uploading(percent)}</p><progress max="1" .value=${share} aria-label=${words.uploading(percent)}></progress>`;
        }
        return html`<p class="desk-hint">${upload.problem === undefined ? words.waiting : helpFor(upload.problem, words)}</p>`;
      }
      case 'uploaded':
        return html`<p class="desk-hint">${words.uploaded}</p>`;
      case 'refused':
        return html`<p class="desk-lack" role="alert">${helpFor(upload.problem, words)}</p><button type="button" class="desk-quiet" @click=${() => void pictures.retry(id)}>${words.retry}</button>`;
    }
  }
}

/** What helps if the server does not take a picture. */
export function helpFor(problem: Problem, { helps }: PicturesWords): string {
  return helps[problem.code] ?? problem.detail ?? problem.title;
}
