import { morphInside } from './morph.ts';
import { datedText, type Setting } from './view/time.ts';
import {
  agoText,
  type ChoiceSetting,
  ownZone,
  renderTimeChoice,
  type TimeChoice,
  timeChoices,
  timesAlone,
} from './view/time-choice.ts';

/** How often times that are told as how long ago are told anew, while the page is seen. Milliseconds. */
const tickMs = 15_000;

/** Where this browser remembers the choice, for every page of this server. */
const storageKey = 'pressbox-times';

export interface TimeDisplayOptions {
  /** Of the page. */
  setting: ChoiceSetting;
  /** Where times are told: a page, or an element in one. */
  root?: Document | ShadowRoot;
  /** What it begins with, for a reader who has not chosen yet. */
  preset?: TimeChoice;
  /** Renders the page in the zone that `inZone` gives. Without it each time is told in the reader's zone where it stands. */
  renderInZone?: () => void;
  /** Makes a change to what is shown, in a way that moves nothing that is read. */
  preservingScroll?: (change: () => void) => void;
}

/** All that are on a page: what is chosen in one counts for each. */
const all = new Set<TimeDisplay>();

/**
 * How the reader has times told, chosen from a list in the element `times`. A coverage in another zone is rendered anew, since its days
 * begin elsewhere. How long ago is put in the place of what was rendered: by one timer for the page, which rests while nobody sees it.
 */
export class TimeDisplay {
  readonly #root: Document | ShadowRoot;
  readonly #element: HTMLElement | null;
  readonly #ownZone = ownZone();
  readonly #listeners = new AbortController();
  readonly #renderInZone: (() => void) | undefined;
  readonly #preservingScroll: (change: () => void) => void;
  /** What was rendered, of each time that says something else. */
  readonly #rendered = new WeakMap<Element, string>();
  #setting: ChoiceSetting;
  #choice: TimeChoice;
  #isChosen: boolean;
  #markup = '';
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor({
    setting,
    root = document,
    preset = 'coverage',
    renderInZone,
    preservingScroll = (change) => change(),
  }: TimeDisplayOptions) {
    const chosen = storedChoice();
    this.#choice = chosen ?? preset;
    this.#isChosen = chosen !== undefined;
    this.#root = root;
    this.#element = root.getElementById('times');
    this.#setting = setting;
    this.#renderInZone = renderInZone;
    this.#preservingScroll = preservingScroll;
    const { signal } = this.#listeners;
    const choose = ({ target }: Event) => chooseEverywhere((target as HTMLSelectElement).value);
    this.#element?.addEventListener('change', choose, { signal });
    document.addEventListener('visibilitychange', () => this.#scheduleUpdates(), { signal });
    all.add(this);
  }

  /** Nothing is told any more. */
  close(): void {
    all.delete(this);
    this.#listeners.abort();
    clearInterval(this.#timer);
    this.#element?.replaceChildren();
  }

  /** Counts for a reader who has not chosen. */
  setDefault(preset: TimeChoice): void {
    if (!this.#isChosen) this.#apply(preset);
  }

  /** Tells the times of a page that has just been opened as the reader chose on another one. */
  start(): void {
    this.show(this.#setting);
    if (this.#choice === 'own') this.#renderInZone?.();
    this.#scheduleUpdates();
  }

  /** Names the choices, in the language of the page as it is now. */
  show(setting: ChoiceSetting): void {
    this.#setting = setting;
    if (this.#element === null) return;
    const markup = renderTimeChoice(setting, this.#ownZone, Date.now()).text;
    if (markup === this.#markup) return;
    morphInside(this.#element, markup);
    this.#markup = markup;
    this.#showChoice();
  }

  #showChoice(): void {
    const list = this.#element?.querySelector('select');
    if (!list) return;
    list.value = this.#choice;
    // Whoever chose their own zone has it here under the coverage's name.
    if (list.value === '') list.value = 'coverage';
  }

  /** The same in the zone that the reader wants. */
  inChosenZone<S extends Setting>(setting: S): S {
    return this.#choice === 'own' && this.#ownZone !== undefined ? { ...setting, timezone: this.#ownZone } : setting;
  }

  /** Tells the times in what was rendered as the reader wants them. */
  readonly decorate = (content: ParentNode): void => {
    if (this.#choice === 'coverage') return;
    const now = Date.now();
    for (const time of content.querySelectorAll('time')) {
      const rendered = this.#rendered.get(time) ?? time.textContent ?? '';
      const said = this.#textOf(time, now) ?? rendered;
      if (said === time.textContent) continue;
      this.#rendered.set(time, rendered);
      time.textContent = said;
    }
  };

  /** Null: what was rendered. */
  #textOf(time: HTMLTimeElement, now: number): string | null {
    // An element may say times in another language than its posts are in.
    const around = this.#root === document ? time.closest<HTMLElement>('[lang]')?.lang : undefined;
    const language = around || this.#setting.language;
    if (this.#choice === 'ago') return time.matches(timesAlone) ? agoText(time.dateTime, now, { language }) : null;
    if (this.#renderInZone !== undefined || this.#ownZone === undefined) return null;
    return datedText(time.dateTime, { language, timezone: this.#ownZone });
  }

  /** By the reader, here or elsewhere on the page. */
  choose(choice: TimeChoice): void {
    this.#isChosen = true;
    this.#apply(choice);
  }

  #apply(choice: TimeChoice): void {
    const before = this.#choice;
    this.#choice = choice;
    this.#showChoice();
    this.#preservingScroll(() => this.#restoreTimes());
    if (before === 'own' || this.#choice === 'own') this.#renderInZone?.();
    this.#scheduleUpdates();
  }

  #restoreTimes(): void {
    for (const time of this.#root.querySelectorAll('time')) {
      const rendered = this.#rendered.get(time);
      if (rendered !== undefined) time.textContent = rendered;
    }
  }

  #scheduleUpdates(): void {
    clearInterval(this.#timer);
    const tell = () => this.#preservingScroll(() => this.decorate(this.#root));
    tell();
    if (this.#choice === 'ago' && !document.hidden) this.#timer = setInterval(tell, tickMs);
  }
}

function chooseEverywhere(value: string): void {
  const choice = parseTimeChoice(value) ?? 'coverage';
  storeChoice(choice);
  for (const times of all) times.choose(choice);
}

/** Undefined where it is none. */
export function parseTimeChoice(value: string | null): TimeChoice | undefined {
  return timeChoices.find((choice) => choice === value);
}

/** A browser may be told to remember nothing. */
function storedChoice(): TimeChoice | undefined {
  try {
    return parseTimeChoice(localStorage.getItem(storageKey));
  } catch {
    return undefined;
  }
}

function storeChoice(choice: TimeChoice): void {
  try {
    localStorage.setItem(storageKey, choice);
  } catch {
    // It lasts as long as the page.
  }
}
