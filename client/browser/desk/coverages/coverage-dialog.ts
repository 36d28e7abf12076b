import { html, nothing, type TemplateResult } from 'lit';
import type { Channel } from '../../../../src/protocol/model.ts';
import { AuthorElement } from '../app/author-element.ts';
import { coverageFormWordsIn } from '../i18n/coverage-form.ts';
import { coverageWordsIn } from '../i18n/coverages.ts';

/**
 * `<desk-coverage-dialog>`: the form of a coverage in a dialog. Sends `desk-opened` with the `channelId` of a new coverage once the
 * server has it.
 */
export class CoverageDialog extends AuthorElement {
  static override properties = {
    shown: { state: true },
    isLater: { state: true },
  };
  /** The coverage that the form changes, or none for a new coverage. Undefined while the dialog is closed. */
  declare shown: { channel: Channel | undefined; ids?: readonly string[] | undefined } | undefined;
  /** The server has not answered yet. */
  declare isLater: boolean;

  /** `ids`: those that the new coverage may have. Undefined: its author chooses. */
  openNew(ids?: readonly string[]): void {
    this.#open({ channel: undefined, ids });
  }

  openChange(channel: Channel): void {
    this.#open({ channel });
  }

  protected override render(): TemplateResult {
    const words = coverageWordsIn(this.language);
    const { shown } = this;
    const name = shown?.channel === undefined ? words.newCoverage : words.changeCoverage;
    return html`<dialog class="desk-dialog wide" aria-labelledby="coverage-dialog-name" @close=${this.#onClose}>
<h2 id="coverage-dialog-name">${name}</h2>${shown === undefined ? nothing : this.#content(shown)}</dialog>`;
  }

  #content({ channel, ids }: NonNullable<CoverageDialog['shown']>): TemplateResult {
    const words = coverageFormWordsIn(this.language);
    if (this.isLater) {
      return html`<p role="status">${words.later}</p><form method="dialog"><button class="desk-button">${words.close}</button></form>`;
    }
    return html`<desk-coverage-form .session=${this.session} .outbox=${this.outbox} .client=${this.client} .language=${this.language} .channel=${channel} .ids=${ids} @desk-saved=${this.#onSaved} @desk-cancelled=${this.#close}></desk-coverage-form>`;
  }

  #open(shown: CoverageDialog['shown']): void {
    this.isLater = false;
    this.shown = shown;
    void this.updateComplete.then(() => this.#dialog.showModal());
  }

  get #dialog(): HTMLDialogElement {
    return this.querySelector('dialog') as HTMLDialogElement;
  }

  readonly #close = (): void => this.#dialog.close();

  /** The form is made afresh at the next opening. */
  readonly #onClose = (): void => {
    this.shown = undefined;
  };

  readonly #onSaved = ({ detail }: CustomEvent<{ channelId: string; isDone: boolean }>): void => {
    const isNew = this.shown?.channel === undefined;
    if (!detail.isDone) {
      this.isLater = true;
      return;
    }
    this.#close();
    if (isNew) this.dispatchEvent(new CustomEvent('desk-opened', { detail: { channelId: detail.channelId }, bubbles: true }));
  };
}
