import { html, type TemplateResult } from 'lit';
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
<form method="dialog"><button class="desk-button">${words.done}</button></form></dialog>`;
  }

  #row({ keys, label }: KeyBinding): TemplateResult {
    return html`<div><dt>${keyNames(keys).map((key) => html`<kbd>${key}</kbd>`)}</dt><dd>${label()}</dd></div>`;
  }
}
