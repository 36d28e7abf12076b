import { html, nothing, type TemplateResult } from 'lit';
import { DeskElement } from '../app/desk-element.ts';
import type { PostForm } from '../composer/form.ts';
import { picturesWordsIn } from '../i18n/pictures.ts';
import { picturesMostBytes, picturesTellShare } from '../outbox/outbox-limits.ts';
import { bytesOf, PicturesFull } from './device-picture.ts';
import { followGivenFiles } from './given-files.ts';
import { isPicture, pictureChoosers } from './picture-choosers.ts';
import { type DraftPicture, pictureIdOf } from './uploads/pictures-in-writes.ts';

/**
 * `<desk-add-pictures>`: adds pictures of this device to the post of the form around it: by buttons, by paste and by drop. Their bytes are
 * on the device before the post names them.
 */
export class DeskAddPictures extends DeskElement {
  static override properties = {
    form: { attribute: false },
    problem: { state: true },
    added: { state: true },
    isOver: { state: true },
  };
  declare form: PostForm;
  declare private problem: 'full' | 'not-stored' | 'no-picture' | undefined;
  /** The picture whose arrival on this device is said to screen readers. */
  declare private added: string | undefined;
  /** Files are being dragged over the form. */
  declare private isOver: boolean;

  constructor() {
    super();
    this.isOver = false;
  }

  protected override enter(): (() => void)[] {
    const taker = {
      form: () => this.closest('.composer-form'),
      setOver: (isOver: boolean) => {
        this.isOver = isOver;
      },
      take: (files: File[]) => void this.add(files),
    };
    return [followGivenFiles(taker), this.form.outbox.subscribe(() => this.requestUpdate())];
  }

  protected override render(): TemplateResult {
    const words = picturesWordsIn(this.language);
    const { all } = this.form.outbox.pictures;
    const used = bytesOf(all);
    const amount = words.ofSpace(megabytes(used, this.language), megabytes(picturesMostBytes, this.language));
    const isOnDevice = this.problem === undefined && all.some(({ id, upload }) => id === this.added && upload.at !== 'refused');
    const choosers = pictureChoosers(this.language, (files) => void this.add(files), { takesSeveral: true });
    return html`<div class="desk-add-pictures" data-over=${this.isOver}>${choosers}
${this.isOver ? html`<p class="desk-hint">${words.dropHere}</p>` : nothing}</div>
${this.problem === undefined ? nothing : html`<p class="desk-notice desk-warning" role="alert">${this.problem === 'full' ? `${words.problems.full} ${amount}` : words.problems[this.problem]}</p>`}
${
  this.problem === undefined && used >= picturesTellShare * picturesMostBytes
    ? html`<p class="desk-notice desk-warning" role="status">${words.nearlyFull} ${amount}</p>`
    : nothing
}<p class="visually-hidden" role="status">${isOnDevice ? words.added : ''}</p>`;
  }

  async add(files: readonly File[]): Promise<void> {
    const pictures = files.filter(isPicture);
    this.problem = pictures.length < files.length ? 'no-picture' : undefined;
    const { outbox, channelId } = this.form;
    const hasGoneOn = watchAuthor();
    let last: number | undefined;
    for (const file of pictures) {
      try {
        const url = await outbox.pictures.add(channelId, file);
        // Read only now, because the author may have typed while the file was stored.
        const { draft, credits } = this.form;
        const picture: DraftPicture = { type: 'image', url, alt: '', ...(credits[0] !== undefined && { credit: credits[0] }) };
        last = draft.media.length;
        this.added = pictureIdOf(url);
        this.form.change({ media: [...draft.media, picture] });
      } catch (error) {
        console.warn('The picture could not be stored.', error);
        this.problem = error instanceof PicturesFull ? 'full' : 'not-stored';
        break;
      }
    }
    if (last === undefined) return void hasGoneOn();
    const form = this.closest('.composer-form');
    const more = form?.querySelector<HTMLDetailsElement>('.composer-more');
    if (more) more.open = true;
    const field = `[data-path="media[${last}].alt"]`;
    await untilDrawn(() => form?.querySelector(field) != null);
    if (!hasGoneOn()) form?.querySelector<HTMLElement>(field)?.focus();
  }
}

function megabytes(bytes: number, language: string): string {
  return new Intl.NumberFormat(language, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 0 }).format(
    bytes / 1024 / 1024,
  );
}

/** Returns, once, whether the author has written or pressed something meanwhile. Then the focus must not move. */
function watchAuthor(): () => boolean {
  const leaving = new AbortController();
  let hasGoneOn = false;
  for (const type of ['keydown', 'input', 'pointerdown'])
    document.addEventListener(type, () => (hasGoneOn = true), { capture: true, signal: leaving.signal });
  return () => {
    leaving.abort();
    return hasGoneOn;
  };
}

async function untilDrawn(isDrawn: () => boolean): Promise<void> {
  for (let frame = 0; frame < drawnWithinFrames && !isDrawn(); frame += 1) await new Promise(requestAnimationFrame);
}

const drawnWithinFrames = 30;
