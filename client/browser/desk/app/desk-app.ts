import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { Language } from '../../i18n/languages.ts';
import { type AppWords, appWordsIn } from '../i18n/app.ts';
import type { DeskModel } from './desk-model.ts';
import type { OpenCoverage } from './open-coverages.ts';
import type { DeskSession } from './session.ts';

/**
 * `<desk-app>`: below the bar, the place of the desk that the address names. `rooms.ts` says which properties the rooms get. A room
 * whose element is not defined takes no space.
 */
export class DeskApp extends LitElement {
  static override properties = { desk: { attribute: false }, language: { attribute: false } };
  declare desk: DeskModel | undefined;
  declare language: Language;
  #unsubscribe: (() => void) | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  protected override willUpdate(): void {
    this.#unsubscribe ??= this.desk?.subscribe(() => this.requestUpdate());
  }

  protected override render(): TemplateResult | typeof nothing {
    const { desk } = this;
    const words = appWordsIn(this.language);
    if (desk === undefined) return nothing;
    return html`<main class="desk" id="desk">${this.#place(desk, words)}</main>`;
  }

  #place(desk: DeskModel, words: AppWords): TemplateResult | typeof nothing {
    const { place, session, sessionState } = desk;
    if (sessionState === undefined) return nothing;
    if (place.at === 'sign-in') {
      return html`<desk-sign-in .code=${place.code} .language=${this.language} @desk-signed-in=${this.#onSignedIn}></desk-sign-in>`;
    }
    if (session === undefined) return this.#signedOut(sessionState.status === 'unreachable', words);
    if (place.at === 'list') return this.#list(desk, session, words);
    const shown = desk.shownCoverage;
    return shown === undefined ? nothing : this.#coverage(desk, session, shown);
  }

  #signedOut(unreachable: boolean, words: AppWords): TemplateResult {
    if (unreachable) return html`<p class="notice" role="status">${words.unreachable}</p>`;
    const to = encodeURIComponent(location.pathname);
    return html`<div class="desk-alone"><h1>${words.signedOut}</h1>
<p>${words.signInHow}</p>
<p><a class="desk-button" href=${`/sign-in?to=${to}`}>${words.signIn}</a></p></div>`;
  }

  #list({ client, keys }: DeskModel, session: DeskSession, words: AppWords): TemplateResult {
    return html`<h1 class="visually-hidden">${words.coverages}</h1>
<desk-coverages .session=${session} .client=${client} .keys=${keys} .language=${this.language}></desk-coverages>
<desk-outbox .session=${session} .client=${client} .keys=${keys} .language=${this.language}></desk-outbox>`;
  }

  /** Another coverage gets other elements, so that nothing of one is left in the other. */
  #coverage(desk: DeskModel, session: DeskSession, shown: OpenCoverage): TemplateResult {
    const { client, keys } = desk;
    const { channelId, reader } = shown;
    const { language } = this;
    const channel = reader.timeline?.channel;
    return html`<div class="desk-columns">
<div class="desk-read"><desk-timeline .session=${session} .client=${client} .keys=${keys} .language=${language} .channelId=${channelId} .reader=${reader} .channel=${channel}></desk-timeline></div>
<div class="desk-write"><desk-composer .session=${session} .client=${client} .keys=${keys} .language=${language} .channelId=${channelId} .reader=${reader} .channel=${channel}></desk-composer>
<desk-outbox .session=${session} .client=${client} .keys=${keys} .language=${language}></desk-outbox></div>
</div>`;
  }

  readonly #onSignedIn = async (): Promise<void> => {
    await this.desk?.loadSession();
    this.desk?.router.go({ at: 'list' }, 'replace');
  };
}
