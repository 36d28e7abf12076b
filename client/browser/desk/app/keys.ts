import { isLetter, pressLetter, quietMs } from './letter-keys.ts';

/** The keys of the desk. Rooms register theirs, and the dialog of `?` lists them. */
export interface KeyBinding {
  /**
   * As in `KeyboardEvent.key`, letters in lower case: `j`, `?`, `Escape`, `Mod+Enter`. `Mod` is Ctrl, or ⌘ on a Mac. A key without
   * `Mod` does nothing while the author writes in a field. For keys of one letter see `letter-keys.ts`.
   */
  keys: string;
  /** The description for the dialog. Called when the dialog opens, because the language may change. */
  label: () => string;
  /** Returns whether there was something to do. If not, the event goes on. */
  run: () => boolean;
}

export class KeyRegistry {
  readonly #bindings = new Set<KeyBinding>();
  readonly #listeners = new Set<() => void>();
  readonly #memory: () => { lettersOn: boolean } | undefined;
  /** Until when keys of one letter do nothing, on the clock of events. */
  #quietUntil = 0;

  /** `memory`: where the author's choice is kept. Undefined while nobody is signed in. */
  constructor(memory: () => { lettersOn: boolean } | undefined = () => undefined) {
    this.#memory = memory;
  }

  /** Whether keys of one letter do something. */
  get lettersOn(): boolean {
    return this.#memory()?.lettersOn ?? true;
  }

  set lettersOn(isOn: boolean) {
    const memory = this.#memory();
    if (memory !== undefined) memory.lettersOn = isOn;
    for (const listener of this.#listeners) listener();
  }

  /** Calls back when the author switches keys of one letter on or off. Returns its own undo. */
  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  get bindings(): readonly KeyBinding[] {
    return [...this.#bindings];
  }

  /** Returns a function that removes the keys again. */
  register(...bindings: KeyBinding[]): () => void {
    for (const binding of bindings) this.#bindings.add(binding);
    return () => {
      for (const binding of bindings) this.#bindings.delete(binding);
    };
  }

  /** The room that registered last comes first. */
  handle(event: KeyboardEvent): void {
    // While an input method composes, its keys are its own. Safari ends a composition before the key that ended it arrives.
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    const pressed = nameOf(event);
    if (pressed === undefined) return;
    const writing = isWriting(event.target);
    if (!writing && isLetter(pressed) && !this.#actsAsLetter(pressed, event.timeStamp)) return;
    for (const { keys, run } of [...this.#bindings].reverse()) {
      if (keys !== pressed || (writing && !keys.includes('+') && keys !== 'Escape')) continue;
      if (!run()) continue;
      event.preventDefault();
      return;
    }
  }

  #actsAsLetter(pressed: string, at: number): boolean {
    const isShortcut = this.bindings.some(({ keys }) => keys === pressed);
    const { acts, quietUntil } = pressLetter(this.#quietUntil, { at, isShortcut, isOn: this.lettersOn });
    this.#quietUntil = quietUntil;
    return acts;
  }

  /** Listens on the document until the returned function is called. */
  listen(): () => void {
    const listeners = new AbortController();
    const { signal } = listeners;
    document.addEventListener('keydown', (event) => this.handle(event), { signal });
    const onPress = ({ target, timeStamp }: MouseEvent) => {
      if (target instanceof Element && target.closest(pressed) !== null) this.#quietUntil = timeStamp + quietMs;
    };
    document.addEventListener('click', onPress, { capture: true, signal });
    return () => listeners.abort();
  }
}

/** `Mod+Enter`, or undefined for combinations that belong to the browser. */
function nameOf({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): string | undefined {
  if (altKey || (ctrlKey && metaKey)) return undefined;
  const name = key.length === 1 ? key.toLowerCase() : key;
  return ctrlKey || metaKey ? `Mod+${name}` : name;
}

/** What keeps the focus when it is pressed, and is no field. */
const pressed = 'button, summary';

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches('textarea, select, input:not([type=checkbox], [type=radio], [type=button])');
}

/** The names of the keys as they stand on the keyboard. */
export function keyNames(keys: string): string[] {
  const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
  return keys.split('+').map((key) => {
    if (key === 'Mod') return isMac ? '⌘' : 'Ctrl';
    if (key === 'Escape') return 'Esc';
    return key.length === 1 ? key.toUpperCase() : key;
  });
}
