import { html, nothing, render, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { Focus } from '../../../../../src/protocol/model.ts';
import { adoptSheet } from '../../../adopted-sheets.ts';
import type { Language } from '../../../i18n/languages.ts';
import { type CropWords, cropWordsIn } from '../../i18n/crop.ts';
import { readPictureHeader } from '../picture-header.ts';
import type { Crop, CropChoice } from './crop.ts';
import style from './crop-dialog.css';
import {
  type Corner,
  corners,
  fitted,
  focusIn,
  middle,
  movedBy,
  pointAt,
  resizedBy,
  scaledBy,
  wholePicture,
} from './crop-rectangle.ts';

const ratios = { any: undefined, '16:9': 16 / 9, '4:3': 4 / 3, '1:1': 1 } as const;
type Ratio = keyof typeof ratios;

/** What one press of an arrow key moves, and what one press of a button adds, as a share of the picture. */
const keyStep = 0.02;
const buttonFactor = 1.15;
/** A pointer that moves less presses, and does not drag. CSS pixels. */
const pressMost = 5;

/**
 * Asks an author which part of a picture to keep. Undefined: the author has cancelled. `current`: the crop that was chosen before.
 * `store`: the dialog closes once it has stored the crop, so that nothing is published before. The rectangle moves by pointer, by finger
 * and by keyboard, and with the buttons without dragging. A press, or the arrow keys on its mark, set the point that stays in view where
 * pages crop the picture further, unless `setsFocus` is false.
 */
export async function cropPicture(
  picture: Blob,
  language: Language,
  { current = wholePicture, store = async () => {}, setsFocus = true }: Partial<Omit<Question, 'crops'>> = {},
): Promise<CropChoice | undefined> {
  const address = URL.createObjectURL(picture);
  try {
    return await askAuthor(() => openedPicture(picture, address), language, { current, store, crops: true, setsFocus });
  } finally {
    URL.revokeObjectURL(address);
  }
}

/**
 * Asks which point stays in view where pages crop a picture that is uploaded already, or at another address. Undefined: the author
 * has cancelled. A choice without `focus` is the middle. `store`: as above.
 */
export async function chooseFocus(
  address: string,
  language: Language,
  focus: Focus | undefined,
  store: (choice: CropChoice) => Promise<void>,
): Promise<CropChoice | undefined> {
  const current = { ...wholePicture, ...(focus && { focus }) };
  return await askAuthor(() => loadedPicture(address), language, { current, store, crops: false, setsFocus: true });
}

interface Question {
  current: CropChoice;
  store: (crop: CropChoice) => Promise<void>;
  /** Whether the picture can be cropped. Otherwise only the point is chosen. */
  crops: boolean;
  /** Whether the point that stays in view can be set. */
  setsFocus: boolean;
}

async function askAuthor(
  load: () => Promise<HTMLImageElement | undefined>,
  language: Language,
  question: Question,
): Promise<CropChoice | undefined> {
  const dialog = document.createElement('dialog');
  dialog.className = 'desk-dialog wide desk-crop';
  dialog.setAttribute('aria-labelledby', 'crop-name');
  adoptSheet(document, style);
  document.body.append(dialog);
  try {
    const image = await load();
    return await new Promise((resolve) => new CropDialog(dialog, image, language, { ...question, settle: resolve }).open());
  } finally {
    dialog.remove();
  }
}

/** Undefined if the picture cannot be cropped. */
async function openedPicture(picture: Blob, address: string): Promise<HTMLImageElement | undefined> {
  const header = await readPictureHeader(picture);
  return header === undefined || header.isMoving ? undefined : await loadedPicture(address);
}

async function loadedPicture(address: string): Promise<HTMLImageElement | undefined> {
  const image = new Image();
  image.referrerPolicy = 'no-referrer';
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
  readonly #store: (crop: CropChoice) => Promise<void>;
  readonly #settle: (crop: CropChoice | undefined) => void;
  readonly #crops: boolean;
  readonly #setsFocus: boolean;
  #hasFailed = false;
  #crop: Crop;
  /** Stays in view. A point of the whole picture. Undefined: the middle of what is kept. */
  #point: Focus | undefined;
  #ratio: Ratio = 'any';
  /** The pointer that drags the rectangle, or one of its corners, and where both were at its start. */
  #drag: { pointerId: number; x: number; y: number; crop: Crop; corner: Corner | undefined } | undefined;

  constructor(
    dialog: HTMLDialogElement,
    image: HTMLImageElement | undefined,
    language: Language,
    parts: Question & { settle: (crop: CropChoice | undefined) => void },
  ) {
    this.#dialog = dialog;
    this.#image = image;
    this.#language = language;
    this.#words = cropWordsIn(language);
    const { focus, ...crop } = parts.current;
    this.#crop = crop;
    this.#point = focus && pointAt(focus, crop);
    this.#store = parts.store;
    this.#crops = parts.crops;
    this.#setsFocus = parts.setsFocus;
    this.#settle = parts.settle;
  }

  open(): void {
    this.#draw();
    // The keys of the desk do nothing here.
    this.#dialog.addEventListener('keydown', (event) => event.stopPropagation());
    this.#dialog.addEventListener('close', () => this.#settle(this.#dialog.returnValue === 'crop' ? this.#choice : undefined));
    this.#dialog.showModal();
    this.#dialog.querySelector<HTMLElement>(this.#crops ? '.crop-rectangle' : '.crop-focus')?.focus();
  }

  #draw(): void {
    const words = this.#words;
    const image = this.#image;
    render(
      html`<h2 id="crop-name">${this.#crops ? words.title : words.focus}</h2>
${image === undefined ? html`<p>${this.#crops ? words.cannotCrop : words.notLoaded}</p>` : this.#crops ? this.#stage(image) : this.#focusStage(image)}
${this.#hasFailed ? html`<p class="desk-lack" role="alert">${words.notStored}</p>` : nothing}
<form method="dialog" class="desk-buttons" @submit=${this.#onSubmit}>${
        image === undefined
          ? nothing
          : html`<button class="desk-button" value="crop">${this.#crops ? words.crop : words.setFocus}</button>`
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
<div class="crop-rectangle" tabindex="0" role="application" aria-label=${words.kept} aria-describedby=${this.#setsFocus ? 'crop-keys crop-part crop-press' : 'crop-keys crop-part'}
 @keydown=${this.#onKey} @pointerdown=${this.#onDown} @pointermove=${this.#onMove} @pointerup=${this.#onUp} @pointercancel=${this.#onUp}>${handles}</div>
${this.#setsFocus ? this.#focusMark(words) : nothing}</div>
<div class="desk-buttons crop-size"><button type="button" class="desk-quiet" @click=${scale(1 / buttonFactor)}>${words.smaller}</button>
<button type="button" class="desk-quiet" @click=${scale(buttonFactor)}>${words.larger}</button>
<button type="button" class="desk-quiet" @click=${() => this.#change(fitted(wholePicture, this.#aspect))}>${words.wholePicture}</button></div>
<p class="desk-hint" id="crop-part" role="status">${this.#part(image)}</p>
${this.#setsFocus ? html`<p class="desk-hint" id="crop-focus-at" role="status">${this.#focusAt()}</p>` : nothing}
<p class="desk-hint" id="crop-keys">${words.keysHelp}</p>
${this.#setsFocus ? html`<p class="desk-hint" id="crop-press">${words.pressHelp}</p>` : nothing}`;
  }

  /** The rectangle is the whole picture, and only takes presses. */
  #focusStage(image: HTMLImageElement): TemplateResult {
    const words = this.#words;
    return html`<div class="crop-stage" dir="ltr">${image}
<div class="crop-rectangle" @pointerdown=${this.#onDown} @pointerup=${this.#onUp} @pointercancel=${this.#onUp}></div>${this.#focusMark(words)}</div>
<p class="desk-hint" id="crop-focus-at" role="status">${this.#focusAt()}</p>
<p class="desk-hint" id="crop-press">${words.pressHelp}</p>`;
  }

  #focusMark(words: CropWords): TemplateResult {
    return html`<div class="crop-focus" tabindex="0" role="application" aria-label=${words.focus} aria-describedby="crop-press crop-focus-at" @keydown=${this.#onFocusKey}></div>`;
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

  #focusAt(): string {
    const { x, y } = this.#focus;
    const percent = new Intl.NumberFormat(this.#language, { style: 'percent' });
    return this.#words.focusAt({ left: percent.format(x), top: percent.format(y) });
  }

  /** As a share of the part that is kept. */
  get #focus(): Focus {
    return this.#point === undefined ? middle : focusIn(this.#crop, this.#point);
  }

  get #choice(): CropChoice {
    const focus = this.#focus;
    return focus.x === middle.x && focus.y === middle.y ? this.#crop : { ...this.#crop, focus };
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
    this.#placeFocus();
  }

  #placeFocus(): void {
    const mark = this.#dialog.querySelector<HTMLElement>('.crop-focus');
    if (mark === null) return;
    const { x, y } = pointAt(this.#focus, this.#crop);
    mark.style.left = `${x * 100}%`;
    mark.style.top = `${y * 100}%`;
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

  readonly #onSubmit = async (event: SubmitEvent): Promise<void> => {
    const { value } = event.submitter as HTMLButtonElement;
    if (value !== 'crop') return;
    event.preventDefault();
    const [crop, point] = [this.#crop, this.#point];
    try {
      await this.#store(this.#choice);
      [this.#crop, this.#point] = [crop, point];
      this.#dialog.close(value);
    } catch (error) {
      console.warn('The crop could not be stored.', error);
      this.#hasFailed = true;
      this.#draw();
    }
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const by = stepOf(event);
    if (by === undefined) return;
    event.preventDefault();
    this.#change(event.shiftKey ? resizedBy(this.#crop, 'bottom-right', ...by, this.#aspect) : movedBy(this.#crop, ...by));
  };

  readonly #onFocusKey = (event: KeyboardEvent): void => {
    const step = stepOf(event);
    if (step === undefined) return;
    event.preventDefault();
    const { x, y } = pointAt(this.#focus, this.#crop);
    this.#point = { x: x + step[0] * this.#crop.width, y: y + step[1] * this.#crop.height };
    this.#draw();
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
  readonly #onUp = ({ type, pointerId, clientX, clientY }: PointerEvent): void => {
    const drag = this.#drag;
    if (drag?.pointerId !== pointerId) return;
    this.#drag = undefined;
    const isPress =
      type === 'pointerup' && drag.corner === undefined && Math.hypot(clientX - drag.x, clientY - drag.y) < pressMost;
    if (isPress && this.#image !== undefined) {
      const { left, top, width, height } = this.#image.getBoundingClientRect();
      this.#crop = drag.crop;
      if (this.#setsFocus) this.#point = { x: (clientX - left) / width, y: (clientY - top) / height };
    }
    this.#draw();
  };
}

/** What an arrow key moves. Undefined: another key. */
function stepOf({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): readonly [x: number, y: number] | undefined {
  if (ctrlKey || metaKey || altKey) return undefined;
  const steps = { ArrowLeft: [-keyStep, 0], ArrowRight: [keyStep, 0], ArrowUp: [0, -keyStep], ArrowDown: [0, keyStep] } as const;
  return Object.hasOwn(steps, key) ? steps[key as keyof typeof steps] : undefined;
}
