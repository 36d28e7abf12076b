import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { Focus, Media } from '../../../../src/protocol/model.ts';
import type { Problem } from '../../../../src/protocol/problems.ts';
import type { Language } from '../../i18n/languages.ts';
import { DeskElement } from '../app/desk-element.ts';
import type { PostForm } from '../composer/form.ts';
import { cropWordsIn } from '../i18n/crop.ts';
import { type PicturesWords, picturesWordsIn } from '../i18n/pictures.ts';
import { type Crop, type CropChoice, isSameCrop } from './cropping/crop.ts';
import { cropPicture } from './cropping/crop-dialog.ts';
import { wholePicture } from './cropping/crop-rectangle.ts';
import type { DevicePicture } from './device-picture.ts';
import { dropPreview, previewOf, setPreview } from './picture-previews.ts';
import { scalePicture } from './scaling/scale-picture.ts';
import { shownPictureId } from './uploads/pictures-in-writes.ts';

/**
 * An element for the picture of an entry of a post's media. If it is one of this device, it shows what it looks like and how far its
 * upload is, and crops it.
 */
export abstract class PictureElement extends DeskElement {
  static override properties: PropertyDeclarations = {
    form: { attribute: false },
    media: { attribute: false },
    set: { attribute: false },
  };
  declare form: PostForm;
  declare media: Media;
  /** The picture whose bytes were asked for. */
  #asked: string | undefined;

  /** The point that stays in view, and how to set it. Undefined: the picture has none. */
  protected abstract get pointInView(): { at: Focus | undefined; set: (at: Focus | undefined) => void } | undefined;

  protected override enter(): (() => void)[] {
    return [this.form.outbox.subscribe(() => this.requestUpdate())];
  }

  protected override updated(): void {
    const id = shownPictureId(this.media);
    if (id !== undefined && id !== this.#asked && previewOf(id) === undefined) void this.#loadPreview(id);
  }

  protected onDevice(id: string, more: TemplateResult | typeof nothing = nothing): TemplateResult {
    const words = picturesWordsIn(this.language);
    const picture = this.form.outbox.pictures.all.find((one) => one.id === id);
    const preview = previewOf(id);
    return html`<div class="desk-device-picture">${preview === undefined ? html`<div class="desk-picture-place"></div>` : html`<img src=${preview} alt="">`}
<div class="desk-picture-state" data-state=${picture?.upload.at ?? 'gone'}>${picture === undefined ? html`<p class="desk-lack">${words.gone}</p>` : this.#state(picture, words)}</div>
${picture === undefined ? nothing : html`<button type="button" class="desk-quiet" @click=${() => void this.#crop(picture)}>${cropWordsIn(this.language).crop}</button>`}${more}</div>`;
  }

  async #loadPreview(id: string): Promise<void> {
    this.#asked = id;
    const { pictures } = this.form.outbox;
    const file = await pictures.fileOf(id).catch(() => undefined);
    const crop = pictures.all.find((one) => one.id === id)?.crop;
    const shown = file && (crop === undefined ? file : (await scalePicture(file, crop)).blob);
    if (shown === undefined || previewOf(id) !== undefined) return;
    setPreview(id, shown);
    this.requestUpdate();
    this.form.redraw();
  }

  async #crop({ id, crop }: DevicePicture): Promise<void> {
    const { pictures } = this.form.outbox;
    const file = await pictures.fileOf(id);
    const isAnother = (chosen: Crop) => !isSameCrop(chosen, crop ?? wholePicture);
    const store = async ({ focus, ...chosen }: CropChoice) => {
      if (isAnother(chosen)) await pictures.crop(id, chosen);
      this.pointInView?.set(focus);
    };
    const { pointInView } = this;
    const current = { ...(crop ?? wholePicture), ...(pointInView?.at && { focus: pointInView.at }) };
    const chosen = file && (await cropPicture(file, this.language, { current, store, setsFocus: pointInView !== undefined }));
    if (chosen === undefined || !isAnother(chosen)) return;
    dropPreview(id);
    await this.#loadPreview(id);
  }

  #state({ id, upload }: DevicePicture, words: PicturesWords): TemplateResult {
    const { pictures } = this.form.outbox;
    switch (upload.at) {
      case 'waiting': {
        const share = pictures.progressOf(id);
        if (share !== undefined) return uploadProgress(share, this.language);
        return html`<p class="desk-hint">${upload.problem === undefined ? words.waiting : helpFor(upload.problem, words)}</p>`;
      }
      case 'uploaded':
        return html`<p class="desk-hint">${words.uploaded}</p>`;
      case 'refused':
        return html`<p class="desk-lack" role="alert">${helpFor(upload.problem, words)}</p><button type="button" class="desk-quiet" @click=${() => void pictures.retry(id)}>${words.retry}</button>`;
    }
  }
}

/** `share`: of the file that has been sent, 0 to 1. */
export function uploadProgress(share: number, language: Language): TemplateResult {
  const percent = new Intl.NumberFormat(language, { style: 'percent' }).format(share);
  const label = picturesWordsIn(language).uploading(percent);
  return html`<p class="desk-hint">${label}</p><progress max="1" .value=${share} aria-label=${label}></progress>`;
}

/** What helps if the server does not take a picture. */
export function helpFor(problem: Problem, { helps }: PicturesWords): string {
  return helps[problem.code] ?? problem.detail ?? problem.title;
}
