import { morphInside } from './morph.ts';
import { datedText, type Setting } from './view/wording/time.ts';
import {
  agoText,
  type ChoiceSetting,
  ownZone,
  renderTimeChoice,
  type TimeChoice,
  timeChoices,
  timesAlone,
} from './view/wording/time-choice.ts';

/** How often relative times are updated while the page is visible. Milliseconds. */
const tickMs = 15_000;

/** The browser remembers the choice for all pages of this server. */
const storageKey = 'pressbox-times';

export interface TimeDisplayOptions {
  /** Setting of the page. */
  setting: ChoiceSetting;
  /** Where the times are: a page, or an element in one. */
  root?: Document | ShadowRoot;
  /** The default for a reader who has not chosen. */
  preset?: TimeChoice;
  /** Renders the page in the zone that `inChosenZone` gives. Without it, each time is converted in place. */
  renderInZone?: () => void;
  /** Applies a change without moving what is being read. */
  preservingScroll?: (change: () => void) => void;
}

/** All instances on the page; a choice in one applies to all. */
const all = new Set<TimeDisplay>();

/**
 * Shows times as the reader chose in the element `times`. In another zone the channel is rendered again, since days begin at
 * other times. Relative times replace the rendered text; one timer updates them while the page is visible.
 */
export class TimeDisplay {
  readonly #root: Document | ShadowRoot;
  readonly #element: HTMLElement | null;
  readonly #ownZone = ownZone();
  readonly #listeners = new AbortController();
  readonly #renderInZone: (() => void) | undefined;
  readonly #preservingScroll: (change: () => void) => void;
  /** The original text of each changed time. */
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

  /** Stops changing times. */
  close(): void {
    all.delete(this);
    this.#listeners.abort();
    clearInterval(this.#timer);
    this.#element?.replaceChildren();
  }

  /** Sets the choice for a reader who has not chosen. */
  setDefault(preset: TimeChoice): void {
    if (!this.#isChosen) this.#apply(preset);
  }

  /** Applies the stored choice to a newly opened page. */
  start(): void {
    this.show(this.#setting);
    if (this.#choice === 'own') this.#renderInZone?.();
    this.#scheduleUpdates();
  }

  /** Renders the list of choices in the current language of the page. */
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
    // The reader's zone is the channel's zone, so the list has no entry of its own for it.
    if (list.value === '') list.value = 'coverage';
  }

  /** The setting in the zone that the reader chose. */
  inChosenZone<S extends Setting>(setting: S): S {
    return this.#choice === 'own' && this.#ownZone !== undefined ? { ...setting, timezone: this.#ownZone } : setting;
  }

  /** Converts the times in rendered content. */
  readonly decorate = (content: ParentNode): void => {
    const now = Date.now();
    const shown = this.#choice === 'coverage' ? '.tick time' : 'time:not(.ago)';
    for (const time of content.querySelectorAll<HTMLTimeElement>(shown)) {
      const rendered = this.#rendered.get(time) ?? time.textContent ?? '';
      const text = this.#textOf(time, now) ?? rendered;
      if (text === time.textContent) continue;
      this.#rendered.set(time, rendered);
      time.textContent = text;
    }
  };

  /** Null: keep the rendered text. */
  #textOf(time: HTMLTimeElement, now: number): string | null {
    // The interface of an element may be in another language than its posts.
    const around = this.#root === document ? time.closest<HTMLElement>('[lang]')?.lang : undefined;
    const language = around || this.#setting.language;
    if (time.closest('.tick') || this.#choice === 'ago')
      return time.matches(timesAlone) ? agoText(time.dateTime, now, { language }) : null;
    if (this.#renderInZone !== undefined || this.#ownZone === undefined) return null;
    return datedText(time.dateTime, { language, timezone: this.#ownZone });
  }

  /** Applies a choice made here or elsewhere on the page. */
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
    if (!document.hidden) this.#timer = setInterval(tell, tickMs);
  }
}

function chooseEverywhere(value: string): void {
  const choice = parseTimeChoice(value) ?? 'coverage';
  storeChoice(choice);
  for (const times of all) times.choose(choice);
}

/** Undefined if the value is not a choice. */
export function parseTimeChoice(value: string | null): TimeChoice | undefined {
  return timeChoices.find((choice) => choice === value);
}

/** The stored choice. Undefined if there is none or storage is unavailable. */
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
    // The choice then lasts as long as the page.
  }
}
