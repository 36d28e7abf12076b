import { html, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { Language } from '../../i18n/languages.ts';
import { appWordsIn } from '../i18n/app/index.ts';
import { DeskElement } from './desk-element.ts';
import { type KeyBinding, type KeyRegistry, keyNames } from './keys.ts';

/** `<desk-keys>`: the dialog that lists the keys of the shown place. */
export class DeskKeys extends DeskElement {
  static override properties = { keys: { attribute: false } };
  declare keys: KeyRegistry;

  open(): void {
    this.requestUpdate();
    void this.updateComplete.then(() => this.#dialog?.showModal());
  }

  get #dialog(): HTMLDialogElement | null {
    return this.querySelector('dialog');
  }

  protected override render(): TemplateResult {
    const words = appWordsIn(this.language);
    return html`<dialog class="desk-dialog" aria-labelledby="desk-keys-name"><h2 id="desk-keys-name">${words.keys}</h2>
<dl class="desk-keys">${this.keys.bindings.map((binding) => this.#row(binding))}</dl>
${lettersSwitch(this.keys, this.language, 'desk-keys-letters')}
<form method="dialog"><button class="desk-button">${words.done}</button></form></dialog>`;
  }

  #row({ keys, label }: KeyBinding): TemplateResult {
    return html`<div><dt>${keyNames(keys).map((key) => html`<kbd>${key}</kbd>`)}</dt><dd>${label()}</dd></div>`;
  }
}

/** Switches keys of one letter off and on. `id`: unique on the page. */
export function lettersSwitch(keys: KeyRegistry, language: Language, id: string): TemplateResult {
  const { letters, lettersWhy } = appWordsIn(language);
  const choose = ({ target }: { target: HTMLInputElement }) => {
    keys.lettersOn = target.checked;
  };
  return html`<div class="composer-field"><label class="composer-mark"><input type="checkbox" name="letters" .checked=${live(keys.lettersOn)} aria-describedby=${id} @change=${choose}><span>${letters}</span></label>
<small class="desk-hint" id=${id}>${lettersWhy}</small></div>`;
}

/** Opens the list of keys without a key: `?` is one of those that can be switched off. */
export function showKeysButton({ bindings }: KeyRegistry, language: Language): TemplateResult {
  const show = () => bindings.find(({ keys }) => keys === '?')?.run();
  return html`<button type="button" class="desk-quiet" @click=${show}>${appWordsIn(language).keysKey}</button>`;
}
