import type { Media, Person } from '../../../../src/protocol/model.ts';
import { deviceName } from '../app/device-names.ts';

/**
 * The choices of an author on this device: the time to undo a post, when to ask before sending it, whether keys of one letter do
 * something, and the bylines used before.
 */
export class ComposerMemory {
  readonly #storage: Pick<Storage, 'getItem' | 'setItem'> | undefined;
  readonly #ownerKey: string;
  readonly #isPhone: boolean;

  constructor(
    ownerKey: string,
    storage: Pick<Storage, 'getItem' | 'setItem'> | undefined = deviceStorage(),
    isPhone: boolean = isTouchedOnly(),
  ) {
    this.#ownerKey = ownerKey;
    this.#storage = storage;
    this.#isPhone = isPhone;
  }

  /** One of `undoChoices`. A phone stops a page that goes to the background, and a held post with it, so there it is 0 at first. */
  get undoSeconds(): number {
    const seconds = this.#read('undo-seconds');
    return undoChoices.find((choice) => choice === seconds) ?? (this.#isPhone ? 0 : undoDefaultSeconds);
  }

  set undoSeconds(seconds: number) {
    this.#write('undo-seconds', seconds);
  }

  /** One of `askChoices`: a post that was unsent for this long is not sent without its author. */
  get askAfterMinutes(): number {
    const minutes = this.#read('ask-after-minutes');
    return askChoices.find((choice) => choice === minutes) ?? askDefaultMinutes;
  }

  set askAfterMinutes(minutes: number) {
    this.#write('ask-after-minutes', minutes);
  }

  /** Whether keys of one letter do something. */
  get lettersOn(): boolean {
    return this.#read('letters-on') !== false;
  }

  set lettersOn(isOn: boolean) {
    this.#write('letters-on', isOn);
  }

  /** The bylines used before, the latest first. */
  get bylines(): Person[] {
    const saved = this.#read('bylines');
    return Array.isArray(saved) ? saved.filter(isPerson).slice(0, maxBylines) : [];
  }

  /** The authors of the last post. */
  get lastAuthors(): Person[] {
    const saved = this.#read('last-authors');
    return Array.isArray(saved) ? saved.filter(isPerson) : [];
  }

  /** The credits of pictures used before, the latest first. */
  get credits(): string[] {
    const saved = this.#read('credits');
    return Array.isArray(saved) ? saved.filter((one) => typeof one === 'string').slice(0, maxBylines) : [];
  }

  remember(authors: readonly Person[], media: readonly Media[] = []): void {
    const used = media.flatMap((one) => (one.type === 'image' && one.credit) || []);
    if (used.length > 0) this.#write('credits', [...new Set([...used.reverse(), ...this.credits])].slice(0, maxBylines));
    const names = new Set(authors.map(({ name }) => name));
    this.#write('last-authors', authors);
    this.#write('bylines', [...authors, ...this.bylines.filter(({ name }) => !names.has(name))].slice(0, maxBylines));
  }

  #read(name: string): unknown {
    try {
      return JSON.parse(this.#storage?.getItem(this.#key(name)) ?? 'null');
    } catch {
      return null;
    }
  }

  #write(name: string, value: unknown): void {
    try {
      this.#storage?.setItem(this.#key(name), JSON.stringify(value));
    } catch {
      // The author chooses again next time.
    }
  }

  #key(name: string): string {
    return `${deviceName}-${name}:${this.#ownerKey}`;
  }
}

/** The times to undo a post, in seconds. 0 sends it at once. */
export const undoChoices = [0, 3, 5, 10, 20, 30] as const;
const undoDefaultSeconds = 5;
/** The times after which the desk asks before it sends a post, in minutes. */
export const askChoices = [5, 10, 15, 30, 60, 120] as const;
const askDefaultMinutes = 30;
const maxBylines = 20;

function isPerson(value: unknown): value is Person {
  return typeof (value as Partial<Person> | null)?.name === 'string';
}

function deviceStorage(): Storage | undefined {
  try {
    return (globalThis as { localStorage?: Storage }).localStorage;
  } catch {
    return undefined;
  }
}

/** Whether the device is a phone or a tablet, which has nothing to point with but fingers. */
function isTouchedOnly(): boolean {
  const { matchMedia } = globalThis as { matchMedia?: (query: string) => { matches: boolean } };
  return matchMedia?.('(hover: none) and (pointer: coarse)').matches ?? false;
}
