import { html, nothing, render, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { adoptSheet } from '../../adopted-sheets.ts';
import type { Language } from '../../i18n/languages.ts';
import { type CropWords, cropWordsIn } from '../i18n/crop.ts';
import type { Crop } from './crop.ts';
import style from './crop-dialog.css';
import { type Corner, corners, fitted, movedBy, resizedBy, scaledBy, wholePicture } from './crop-rectangle.ts';
import { readPictureHeader } from './picture-header.ts';

const ratios = { any: undefined, '16:9': 16 / 9, '4:3': 4 / 3, '1:1': 1 } as const;
type Ratio = keyof typeof ratios;

/** What one press of an arrow key moves, and what one press of a button adds, as a share of the picture. */
const keyStep = 0.02;
const buttonFactor = 1.15;

/**
 * Asks an author which part of a picture to keep. Undefined: the author has cancelled. `current`: the crop that was chosen before. The
 * rectangle moves by pointer, by finger and by keyboard, and with the buttons without dragging.
 */
export async function cropPicture(picture: Blob, language: Language, current = wholePicture): Promise<Crop | undefined> {
  const address = URL.createObjectURL(picture);
  const dialog = document.createElement('dialog');
  dialog.className = 'desk-dialog wide desk-crop';
  dialog.setAttribute('aria-labelledby', 'crop-name');
  adoptSheet(document, style);
  document.body.append(dialog);
  try {
    const image = await openedPicture(picture, address);
    return await new Promise((resolve) => new CropDialog(dialog, image, language, current, resolve).open());
  } finally {
    dialog.remove();
    URL.revokeObjectURL(address);
  }
}

/** Undefined if the picture cannot be cropped. */
async function openedPicture(picture: Blob, address: string): Promise<HTMLImageElement | undefined> {
  const header = await readPictureHeader(picture);
  if (header === undefined || header.isMoving) return undefined;
  const image = new Image();
  image.src = address;
  image.alt = '';
  image.draggable = false;
  return await image.decode().then(
    () => image,
    () => undefined,
  );
}

class CropDialog {
  readonly #dialog: HTMLDialogElement;
  readonly #image: HTMLImageElement | undefined;
  readonly #language: Language;
  readonly #words: CropWords;
  readonly #settle: (crop: Crop | undefined) => void;
  #crop: Crop;
  #ratio: Ratio = 'any';
  /** The pointer that drags the rectangle, or one of its corners, and where both were at its start. */
  #drag: { pointerId: number; x: number; y: number; crop: Crop; corner: Corner | undefined } | undefined;

  constructor(
    dialog: HTMLDialogElement,
    image: HTMLImageElement | undefined,
    language: Language,
    current: Crop,
    settle: (crop: Crop | undefined) => void,
  ) {
    this.#dialog = dialog;
    this.#image = image;
    this.#language = language;
    this.#words = cropWordsIn(language);
    this.#crop = current;
    this.#settle = settle;
  }

  open(): void {
    this.#draw();
    // The keys of the desk do nothing here.
    this.#dialog.addEventListener('keydown', (event) => event.stopPropagation());
    this.#dialog.addEventListener('close', () => this.#settle(this.#dialog.returnValue === 'crop' ? this.#crop : undefined));
    this.#dialog.showModal();
    this.#dialog.querySelector<HTMLElement>('.crop-rectangle')?.focus();
  }

  #draw(): void {
    const words = this.#words;
    const image = this.#image;
    render(
      html`<h2 id="crop-name">${words.title}</h2>
${image === undefined ? html`<p>${words.cannotCrop}</p>` : this.#stage(image)}
<form method="dialog" class="desk-buttons">${
        image === undefined
          ? nothing
          : html`<button class="desk-button" value="crop">${words.crop}</button>
<button type="button" class="desk-button plain" @click=${() => this.#change(fitted(wholePicture, this.#aspect))}>${words.wholePicture}</button>`
      }<button class="desk-button plain" value="">${words.cancel}</button></form>`,
      this.#dialog,
    );
    this.#place();
  }

  #stage(image: HTMLImageElement): TemplateResult {
    const words = this.#words;
    const choices = Object.keys(ratios).map((ratio) => {
      const isChosen = live(ratio === this.#ratio);
      const choose = () => this.#chooseRatio(ratio as Ratio);
      return html`<label><input type="radio" name="crop-ratio" .checked=${isChosen} @change=${choose}><span>${ratio === 'any' ? words.anyRatio : html`<bdi>${ratio}</bdi>`}</span></label>`;
    });
    const handles = corners.map((corner) => html`<div class="crop-handle" data-corner=${corner}></div>`);
    const scale = (factor: number) => () => this.#change(scaledBy(this.#crop, factor));
    return html`<fieldset class="composer-kinds"><legend class="visually-hidden">${words.ratio}</legend>${choices}</fieldset>
<div class="crop-stage" dir="ltr">${image}<div class="crop-shade"><div></div></div>
<div class="crop-rectangle" tabindex="0" role="application" aria-label=${words.kept} aria-describedby="crop-keys crop-part"
 @keydown=${this.#onKey} @pointerdown=${this.#onDown} @pointermove=${this.#onMove} @pointerup=${this.#onUp} @pointercancel=${this.#onUp}>${handles}</div></div>
<p class="desk-hint" id="crop-part" role="status">${this.#part(image)}</p>
<p class="desk-hint" id="crop-keys">${words.keysHelp}</p>
<div class="desk-buttons"><button type="button" class="desk-quiet" @click=${scale(1 / buttonFactor)}>${words.smaller}</button>
<button type="button" class="desk-quiet" @click=${scale(buttonFactor)}>${words.larger}</button></div>`;
  }

  #part({ naturalWidth, naturalHeight }: HTMLImageElement): string {
    const { left, top, width, height } = this.#crop;
    const pixels = new Intl.NumberFormat(this.#language, { maximumFractionDigits: 0 });
    const percent = new Intl.NumberFormat(this.#language, { style: 'percent' });
    return this.#words.part({
      width: pixels.format(width * naturalWidth),
      height: pixels.format(height * naturalHeight),
      left: percent.format(left),
      top: percent.format(top),
    });
  }

  /** Styles are set by script, because the policy of the desk permits none in markup. */
  #place(): void {
    const { left, top, width, height } = this.#crop;
    for (const element of this.#dialog.querySelectorAll<HTMLElement>('.crop-rectangle, .crop-shade div')) {
      element.style.left = `${left * 100}%`;
      element.style.top = `${top * 100}%`;
      element.style.width = `${width * 100}%`;
      element.style.height = `${height * 100}%`;
    }
  }

  get #aspect(): number | undefined {
    const ratio = ratios[this.#ratio];
    const { naturalWidth = 1, naturalHeight = 1 } = this.#image ?? {};
    return ratio && (ratio * naturalHeight) / naturalWidth;
  }

  #change(crop: Crop): void {
    this.#crop = crop;
    this.#draw();
  }

  #chooseRatio(ratio: Ratio): void {
    this.#ratio = ratio;
    this.#change(fitted(this.#crop, this.#aspect));
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const { key, shiftKey, ctrlKey, metaKey, altKey } = event;
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key] ?? [0, 0];
    if ((x === 0 && y === 0) || ctrlKey || metaKey || altKey) return;
    event.preventDefault();
    const by = [(x as number) * keyStep, (y as number) * keyStep] as const;
    this.#change(shiftKey ? resizedBy(this.#crop, 'bottom-right', ...by, this.#aspect) : movedBy(this.#crop, ...by));
  };

  readonly #onDown = (event: PointerEvent): void => {
    if (this.#drag !== undefined || event.button !== 0) return;
    const { pointerId, clientX: x, clientY: y, target } = event;
    const corner = (target as HTMLElement).dataset.corner as Corner | undefined;
    this.#drag = { pointerId, x, y, crop: this.#crop, corner };
    (event.currentTarget as HTMLElement).setPointerCapture(pointerId);
  };

  readonly #onMove = ({ pointerId, clientX, clientY }: PointerEvent): void => {
    const drag = this.#drag;
    if (drag?.pointerId !== pointerId || this.#image === undefined) return;
    const { width, height } = this.#image.getBoundingClientRect();
    const [x, y] = [(clientX - drag.x) / width, (clientY - drag.y) / height];
    this.#crop = drag.corner ? resizedBy(drag.crop, drag.corner, x, y, this.#aspect) : movedBy(drag.crop, x, y);
    this.#place();
  };

  /** Says only now what the rectangle contains: a screen reader would fall behind. */
  readonly #onUp = ({ pointerId }: PointerEvent): void => {
    if (this.#drag?.pointerId !== pointerId) return;
    this.#drag = undefined;
    this.#draw();
  };
}
