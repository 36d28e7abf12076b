import { html, nothing, type TemplateResult } from 'lit';
import type { LinkMedia } from '../../../../src/protocol/model.ts';
import { picturesWordsIn } from '../i18n/pictures.ts';
import { PicturesFull } from './device-picture.ts';
import { followGivenFiles } from './given-files.ts';
import { isPicture, pictureChoosers } from './picture-choosers.ts';
import { PictureElement } from './picture-element.ts';
import { pictureIdOf } from './uploads/pictures-in-writes.ts';

/**
 * `<desk-card-picture>`: chooses a picture of this device for the card of a link, by buttons, by paste and by drop, shows it, crops it and
 * removes it.
 */
export class DeskCardPicture extends PictureElement {
  static override properties = { problem: { state: true }, isOver: { state: true } };
  declare media: LinkMedia;
  declare set: (media: LinkMedia) => void;
  declare private problem: 'full' | 'not-stored' | 'no-picture' | undefined;
  /** Files are being dragged over the link. */
  declare private isOver: boolean;
  #next: string | undefined;

  protected override enter(): (() => void)[] {
    const taker = {
      form: () => this.closest('.composer-row'),
      setOver: (isOver: boolean) => {
        this.isOver = isOver;
      },
      take: ([file]: File[]) => void this.#add(file),
    };
    return [...super.enter(), followGivenFiles(taker)];
  }

  /** Readers see the middle of it. */
  protected override get pointInView(): undefined {
    return undefined;
  }

  protected override render(): TemplateResult {
    const words = picturesWordsIn(this.language);
    const id = pictureIdOf(this.media.image);
    const remove = () => this.#show(undefined, '.desk-add-picture');
    const shown =
      id === undefined
        ? html`<div class="desk-add-pictures">${pictureChoosers(this.language, ([file]) => void this.#add(file))}</div>`
        : this.onDevice(id, html`<button type="button" class="desk-quiet" @click=${remove}>${words.remove}</button>`);
    return html`<div class="desk-given-picture" data-over=${this.isOver ?? false}>${shown}
${this.isOver ? html`<p class="desk-hint">${words.dropHere}</p>` : nothing}</div>
${this.problem === undefined ? nothing : html`<p class="desk-lack" role="alert">${words.problems[this.problem]}</p>`}`;
  }

  async #add(file: File | undefined): Promise<void> {
    if (file === undefined) return;
    this.problem = isPicture(file) ? undefined : 'no-picture';
    if (this.problem !== undefined) return;
    const { media } = this;
    try {
      const { outbox, channelId } = this.form;
      const address = await outbox.pictures.add(channelId, file);
      // The author may have removed the link meanwhile. Then the next one has its place.
      if (this.isConnected && isSameLink(this.media, media)) this.#show(address, '.desk-device-picture > button');
    } catch (error) {
      console.warn('The picture could not be stored.', error);
      this.problem = error instanceof PicturesFull ? 'full' : 'not-stored';
    }
  }

  /** `next`: gets the focus, because the button that has it goes. */
  #show(image: string | undefined, next: string): void {
    if (this.contains(document.activeElement)) this.#next = next;
    this.set({ ...this.media, image });
  }

  protected override willUpdate(changed?: Map<string, unknown>): void {
    super.willUpdate();
    const before = changed?.get('media') as LinkMedia | undefined;
    if (before !== undefined && !isSameLink(this.media, before)) this.problem = undefined;
  }

  protected override updated(): void {
    super.updated();
    const next = this.#next && this.querySelector<HTMLElement>(this.#next);
    if (!next) return;
    this.#next = undefined;
    next.focus();
  }
}

/** A link whose address or title changed meanwhile is still the same. */
function isSameLink(one: LinkMedia, other: LinkMedia): boolean {
  return one.url === other.url || one.title === other.title;
}
