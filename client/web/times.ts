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

export interface TimesOptions {
  /** Of the page. */
  setting: ChoiceSetting;
  /** Renders the page in the zone that `inZone` gives. Without it each time is told in the reader's zone where it stands. */
  renderInZone?: () => void;
  /** Makes a change to what is shown, in a way that moves nothing that is read. */
  within?: (change: () => void) => void;
}

/**
 * How the reader has times told, chosen from a list in the element `times`. A coverage in another zone is rendered anew, since its days
 * begin elsewhere. How long ago is put in the place of what was rendered: by one timer for the page, which rests while nobody sees it.
 */
export class Times {
  readonly #place = document.getElementById('times');
  readonly #own = ownZone();
  readonly #renderInZone: (() => void) | undefined;
  readonly #within: (change: () => void) => void;
  /** What was rendered, of each time that says something else. */
  readonly #rendered = new WeakMap<Element, string>();
  #setting: ChoiceSetting;
  #choice: TimeChoice = remembered();
  #markup = '';
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor({ setting, renderInZone, within = (change) => change() }: TimesOptions) {
    this.#setting = setting;
    this.#renderInZone = renderInZone;
    this.#within = within;
    this.#place?.addEventListener('change', ({ target }) => this.#choose((target as HTMLSelectElement).value));
    document.addEventListener('visibilitychange', () => this.#keepTime());
  }

  /** Tells the times of a page that has just been opened as the reader chose on another one. */
  start(): void {
    this.show(this.#setting);
    if (this.#choice === 'own') this.#renderInZone?.();
    this.#keepTime();
  }

  /** Names the choices, in the language of the page as it is now. */
  show(setting: ChoiceSetting): void {
    this.#setting = setting;
    if (this.#place === null) return;
    const markup = renderTimeChoice(setting, this.#own, Date.now()).text;
    if (markup === this.#markup) return;
    morphInside(this.#place, markup);
    this.#markup = markup;
    const list = this.#place.querySelector('select');
    if (list === null) return;
    list.value = this.#choice;
    // Whoever chose their own zone has it here under the coverage's name.
    if (list.value === '') list.value = 'coverage';
  }

  /** The same in the zone that the reader wants. */
  inZone<S extends Setting>(setting: S): S {
    return this.#choice === 'own' && this.#own !== undefined ? { ...setting, timezone: this.#own } : setting;
  }

  /** Tells the times in what was rendered as the reader wants them. */
  readonly dress = (content: ParentNode): void => {
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
    const language = time.closest<HTMLElement>('[lang]')?.lang || this.#setting.language;
    if (this.#choice === 'ago') return time.matches(timesAlone) ? agoText(time.dateTime, now, { language }) : null;
    if (this.#renderInZone !== undefined || this.#own === undefined) return null;
    return datedText(time.dateTime, { language, timezone: this.#own });
  }

  #choose(value: string): void {
    const before = this.#choice;
    this.#choice = choiceOf(value);
    remember(this.#choice);
    this.#within(() => this.#undress());
    if (before === 'own' || this.#choice === 'own') this.#renderInZone?.();
    this.#keepTime();
  }

  #undress(): void {
    for (const time of document.querySelectorAll('time')) {
      const rendered = this.#rendered.get(time);
      if (rendered !== undefined) time.textContent = rendered;
    }
  }

  #keepTime(): void {
    clearInterval(this.#timer);
    const tell = () => this.#within(() => this.dress(document));
    tell();
    if (this.#choice === 'ago' && !document.hidden) this.#timer = setInterval(tell, tickMs);
  }
}

function choiceOf(value: string | null): TimeChoice {
  return timeChoices.find((choice) => choice === value) ?? 'coverage';
}

/** A browser may be told to remember nothing. */
function remembered(): TimeChoice {
  try {
    return choiceOf(localStorage.getItem(storageKey));
  } catch {
    return 'coverage';
  }
}

function remember(choice: TimeChoice): void {
  try {
    localStorage.setItem(storageKey, choice);
  } catch {
    // It lasts as long as the page.
  }
}
