import { html, nothing, type TemplateResult } from 'lit';
import type { Plural } from '../../i18n/words.ts';
import { counted } from '../../view/wording/counts.ts';
import { type AppWords, appWordsIn } from '../i18n/app/index.ts';
import { coverageName } from './coverage-names.ts';
import { DeskElement } from './desk-element.ts';
import type { DeskModel } from './desk-model.ts';
import { type DeskStatus, statusOf, unsentIn } from './desk-status.ts';
import type { OpenCoverage } from './open-coverages.ts';
import { pathOf } from './places.ts';

/** `<desk-bar>`: in the bar of the page, the coverages that are open, the state of outbox and connection, and the name of the author. */
export class DeskBar extends DeskElement {
  static override properties = { desk: { attribute: false }, failed: { state: true } };
  declare desk: DeskModel;
  /** Signing out failed. */
  declare failed: boolean;

  protected override enter(): (() => void)[] {
    const update = () => this.requestUpdate();
    const listeners = new AbortController();
    for (const name of ['online', 'offline']) window.addEventListener(name, update, { signal: listeners.signal });
    return [this.desk.subscribe(update), this.#tellHeight(), () => listeners.abort()];
  }

  protected override render(): TemplateResult | typeof nothing {
    const { desk } = this;
    if (desk.session === undefined) return nothing;
    const words = appWordsIn(this.language);
    const { session, openCoverages } = desk;
    const tabs = html`<ul>${openCoverages.map((one) => this.#tab(one, words))}</ul>`;
    return html`<nav class="desk-tabs" aria-label=${words.openCoverages}>${openCoverages.length > 0 ? tabs : nothing}</nav>
${this.#status(words)}
<div class="visitor"><bdi class="who">${session.name}</bdi><button type="button" @click=${this.#askToSignOut}>${words.signOut}</button></div>
${this.#question(words)}`;
  }

  /** The bar has one line or several. What stays in view below it needs to know. */
  #tellHeight(): () => void {
    const bar = this.closest<HTMLElement>('.bar');
    const { style } = document.documentElement;
    const observer = new ResizeObserver(() => style.setProperty('--desk-bar', `${bar?.offsetHeight ?? 0}px`));
    if (bar !== null) observer.observe(bar);
    return () => observer.disconnect();
  }

  #tab({ channelId, headline, newPosts }: OpenCoverage, words: AppWords): TemplateResult {
    const { desk } = this;
    const name = headline?.text ?? coverageName(channelId);
    const isShown = desk.shownCoverage?.channelId === channelId;
    const count = newPosts > 0 ? html` <span class="desk-count">${this.#counted(words.newPosts, newPosts)}</span>` : nothing;
    return html`<li class=${isShown ? 'shown' : nothing}><a href=${pathOf({ at: 'coverage', channelId })} aria-current=${isShown ? 'page' : nothing}><bdi lang=${headline?.language ?? nothing}>${name}</bdi>${count}</a><button type="button" aria-label=${words.close(name)} @click=${() => desk.closeCoverage(channelId)}><span aria-hidden="true">×</span></button></li>`;
  }

  #status(words: AppWords): TemplateResult {
    const { author, shownCoverage } = this.desk;
    const outbox = author?.outbox;
    const status = statusOf({
      entries: outbox?.entries ?? [],
      delivery: outbox?.delivery ?? 'ready',
      reader: shownCoverage?.reader.state,
      isOnline: navigator.onLine,
    });
    // The outbox has its own live region, which says more.
    return html`<p class="connection" id="connection" data-state=${toneOf(status)} data-status=${status.status}><span id="connection-text">${this.#sentence(status, words)}</span></p>`;
  }

  #sentence(status: DeskStatus, words: AppWords): string {
    switch (status.status) {
      case 'needs-you':
        return this.#counted(words.needsYou, status.count);
      case 'waiting':
        return `${this.#counted(words.unsent, status.count)} · ${words.delivery[status.why]}`;
      case 'sending':
        return this.#counted(words.sending, status.count);
      case 'held':
        return this.#counted(words.held, status.count);
      case 'connected':
        return words.connected;
      case 'reconnecting':
        return words.reconnecting;
      case 'offline':
        return words.offline;
      case 'idle':
        return '';
    }
  }

  #question(words: AppWords): TemplateResult {
    const count = unsentIn(this.desk.author?.outbox.entries ?? []).length;
    return html`<dialog class="desk-dialog" id="sign-out-question" aria-labelledby="sign-out-name"><h2 id="sign-out-name">${count === 0 ? words.allOut : this.#counted(words.notOutYet, count)}</h2>
${count === 0 ? nothing : html`<p>${words.unsentStays}</p>`}${this.#fault(words)}
<p class="desk-buttons"><button type="button" class="desk-button" @click=${this.#closeQuestion}>${words.stay}</button> <button type="button" class="desk-button plain" @click=${this.#signOut}>${words.signOutAnyway}</button></p></dialog>
<dialog class="desk-dialog" id="sign-out-failed" aria-labelledby="sign-out-failed-name"><h2 id="sign-out-failed-name">${words.notSignedOut}</h2>
<p>${words.notSignedOutWhy}</p><form method="dialog"><button class="desk-button">${words.done}</button></form></dialog>`;
  }

  #fault(words: AppWords): TemplateResult | typeof nothing {
    return this.failed ? html`<p class="fault" role="alert">${words.notSignedOutWhy}</p>` : nothing;
  }

  #counted(plural: Plural, count: number): string {
    return counted(plural, count, { language: this.language });
  }

  readonly #askToSignOut = (): void => {
    this.failed = false;
    if (unsentIn(this.desk.author?.outbox.entries ?? []).length > 0) this.#dialog('sign-out-question').showModal();
    else void this.#signOut();
  };

  readonly #closeQuestion = (): void => this.#dialog('sign-out-question').close();

  readonly #signOut = async (): Promise<void> => {
    try {
      await this.desk.signOut();
    } catch {
      this.failed = true;
      if (!this.#dialog('sign-out-question').open) this.#dialog('sign-out-failed').showModal();
    }
  };

  #dialog(id: string): HTMLDialogElement {
    return this.querySelector(`#${id}`) as HTMLDialogElement;
  }
}

/** The colour of the dot before the sentence, as on the readers' pages. */
function toneOf({ status }: DeskStatus): 'live' | 'waiting' | 'still' {
  if (status === 'idle') return 'still';
  return status === 'connected' || status === 'sending' || status === 'held' ? 'live' : 'waiting';
}
