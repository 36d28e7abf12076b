import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { Focus, ImageMedia } from '../../../../src/protocol/model.ts';
import { isWebUrl } from '../../view/links.ts';
import { cropWordsIn } from '../i18n/crop.ts';
import { picturesWordsIn } from '../i18n/pictures.ts';
import { chooseFocus } from './cropping/crop-dialog.ts';
import { loadedAddress } from './loaded-address.ts';
import { PictureElement } from './picture-element.ts';
import { type DraftPicture, isDecorative, pictureIdOf } from './uploads/pictures-in-writes.ts';

/**
 * `<desk-picture>`: a picture of a post that is being written: what it looks like and how far its upload is, if it is one of this device,
 * and the choice that it is decorative.
 */
export class DeskPicture extends PictureElement {
  declare media: ImageMedia;
  declare set: (media: ImageMedia) => void;

  protected override get pointInView() {
    return { at: this.media.focus, set: (at: Focus | undefined) => this.#setFocus(at) };
  }

  protected override render(): TemplateResult {
    const words = picturesWordsIn(this.language);
    const id = pictureIdOf(this.media.url);
    const choose = ({ target }: { target: HTMLInputElement }) => this.#setDecorative(target.checked);
    return html`${id === undefined ? this.#atAddress() : this.onDevice(id)}
<label class="composer-mark"><input type="checkbox" name="decorative" .checked=${live(isDecorative(this.media))} @change=${choose}><span>${words.decorative}</span></label>`;
  }

  /** Its own description would be lost to readers, so it goes. */
  #setDecorative(isChosen: boolean): void {
    const { decorative: _decorative, ...others } = this.media as DraftPicture;
    const picture: DraftPicture = isChosen ? { ...others, alt: '', decorative: true } : others;
    this.set(picture);
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
}
