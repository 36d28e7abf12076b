import { html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { deskSignInPath } from '../../../../src/protocol/addresses.ts';
import { onlyToAuthor } from '../../../../src/protocol/rights.ts';
import type { DeskConflict } from '../changes/conflict.ts';
import { type AppWords, appWordsIn } from '../i18n/app/index.ts';
import type { OutboxEntry } from '../outbox/outbox-model.ts';
import type { DeskTimeline } from '../timeline/timeline.ts';
import { basePath } from './base-path.ts';
import { coverageName } from './coverage-names.ts';
import { DeskElement } from './desk-element.ts';
import type { DeskAuthor, DeskModel } from './desk-model.ts';
import type { DeskKeys } from './keys-dialog.ts';
import type { OpenCoverage } from './open-coverages.ts';
import { deskPath, signInPath } from './places.ts';

/** `<desk-app>`: below the bar, the place of the desk that the address names. A room whose element is not defined takes no space. */
export class DeskApp extends DeskElement {
  static override properties = { desk: { attribute: false } };
  declare desk: DeskModel;

  protected override enter(): (() => void)[] {
    const words = () => appWordsIn(this.language);
    const { desk } = this;
    return [
      desk.subscribe(() => this.requestUpdate()),
      desk.keys.register({
        keys: '?',
        label: () => words().keysKey,
        run: () => {
          this.querySelector<DeskKeys>('desk-keys')?.open();
          return true;
        },
      }),
    ];
  }

  protected override render(): TemplateResult {
    const { desk, language } = this;
    const words = appWordsIn(language);
    return html`<main class="desk" id="desk" tabindex="-1" @desk-show-post=${this.#onShowPost} @desk-resolve=${this.#onResolve}><div class="desk-notices">${this.#partMissing(words)}${this.#waitsForTabs(words)}${this.#sessionEnd()}</div>${this.#place(words)}</main>
<desk-keys .keys=${desk.keys} .language=${language}></desk-keys>${this.#conflict()}`;
  }

  /** The address of the place that is shown. */
  #shown = '';
  /** A link was used, and the desk asks who is signed in now. */
  #isSigningIn = false;

  protected override updated(): void {
    this.#nameDocument();
    const { pathname } = location;
    // Tells screen readers that another place is shown. The page itself was not loaded again.
    if (this.#shown !== '' && this.#shown !== pathname) this.querySelector('main')?.focus({ preventScroll: true });
    this.#shown = pathname;
  }

  #nameDocument(): void {
    const { place, shownCoverage, sessionState } = this.desk;
    const words = appWordsIn(this.language);
    const name = place.at === 'coverage' ? (shownCoverage?.headline?.text ?? coverageName(place.channelId)) : words.desk;
    const title = sessionState?.status === 'signed-out' ? words.desk : name;
    const site = document.title.split(' · ').at(-1);
    document.title = `${title} · ${site}`;
  }

  #partMissing(words: AppWords): TemplateResult | typeof nothing {
    if (!this.desk.isPartMissing) return nothing;
    return html`<p class="desk-notice desk-warning" role="alert">${words.partMissing} <button type="button" class="desk-quiet" @click=${() => location.reload()}>${words.reload}</button></p>`;
  }

  #waitsForTabs(words: AppWords): TemplateResult | typeof nothing {
    const { author, isBlocked } = this.desk;
    if (author === undefined || !isBlocked) return nothing;
    return html`<p class="desk-notice desk-warning" role="alert">${words.waitsForTabs}</p>`;
  }

  #sessionEnd(): TemplateResult | typeof nothing {
    const { desk, language } = this;
    if (desk.session === undefined || desk.place.at === 'sign-in' || this.#isSigningIn) return nothing;
    return html`<desk-session-end .desk=${desk} .language=${language}></desk-session-end>`;
  }

  #place(words: AppWords): TemplateResult | typeof nothing {
    const { place, session, sessionState, author, shownCoverage, isBlocked } = this.desk;
    if (sessionState === undefined || this.#isSigningIn) return nothing;
    if (place.at === 'sign-in') {
      return html`<desk-sign-in .code=${place.code} .session=${session} .language=${this.language} @desk-signed-in=${this.#onSignedIn}></desk-sign-in>`;
    }
    if (session === undefined) return this.#signedOut(sessionState.status === 'unreachable', words);
    if (author === undefined) return isBlocked ? html`<p class="notice" role="status">${words.otherTabs}</p>` : nothing;
    if (place.at === 'list') return this.#list(author);
    return shownCoverage === undefined ? nothing : this.#coverage(author, shownCoverage);
  }

  /** Opens for an entry of the outbox, wherever that is shown. */
  #conflict(): TemplateResult | typeof nothing {
    const { author, client } = this.desk;
    if (author === undefined) return nothing;
    const { session, outbox, drafts } = author;
    return html`<desk-conflict .session=${session} .outbox=${outbox} .drafts=${drafts} .client=${client} .language=${this.language}></desk-conflict>`;
  }

  #signedOut(unreachable: boolean, words: AppWords): TemplateResult {
    if (unreachable) return html`<p class="notice" role="status">${words.unreachable}</p>`;
    // Without its code, the address of a link leads nowhere.
    const to = location.pathname === basePath + deskSignInPath ? deskPath : location.pathname;
    return html`<div class="desk-alone"><h1>${words.signedOut}</h1>
<p>${words.signInHow}</p>
<p><a class="desk-button" href=${signInPath(to)}>${words.signIn}</a></p></div>`;
  }

  #list({ session, outbox, drafts }: DeskAuthor): TemplateResult {
    const { client, keys } = this.desk;
    const { language } = this;
    return html`<desk-coverages .session=${session} .outbox=${outbox} .client=${client} .keys=${keys} .language=${language} @desk-opened=${this.#onOpened}></desk-coverages>
<desk-outbox .session=${session} .outbox=${outbox} .drafts=${drafts} .language=${language}></desk-outbox>`;
  }

  /** Another coverage gets other elements, so that nothing of one is left in the other. */
  #coverage({ session, outbox, drafts }: DeskAuthor, { channelId, reader, headline }: OpenCoverage): TemplateResult {
    const { client, keys } = this.desk;
    const { language } = this;
    const channel = reader.timeline?.channel;
    return html`${keyed(
      `${session.ownerKey} ${channelId}`,
      html`<desk-coverage-head .session=${session} .outbox=${outbox} .drafts=${drafts} .client=${client} .language=${language} .channelId=${channelId} .channel=${channel} .headline=${headline}></desk-coverage-head>
<div class="desk-columns">
<div class="desk-read">${keyed(
        reader,
        html`<desk-restatements .session=${session} .outbox=${outbox} .drafts=${drafts} .client=${client} .keys=${keys} .language=${language} .channelId=${channelId} .reader=${reader} .channel=${channel}></desk-restatements><desk-timeline .session=${session} .outbox=${outbox} .drafts=${drafts} .client=${client} .keys=${keys} .language=${language} .channelId=${channelId} .reader=${reader} .channel=${channel}></desk-timeline>`,
      )}</div>
<div class="desk-write"><desk-composer .session=${session} .outbox=${outbox} .drafts=${drafts} .client=${client} .keys=${keys} .language=${language} .channelId=${channelId} .channel=${channel}></desk-composer>
<desk-outbox .session=${session} .outbox=${outbox} .drafts=${drafts} .language=${language} .channelId=${channelId} .channel=${channel}></desk-outbox></div>
</div>`,
    )}`;
  }

  readonly #onOpened = ({ detail }: CustomEvent<{ channelId: string }>): void => {
    this.desk.router.go({ at: 'coverage', channelId: detail.channelId });
  };

  readonly #onShowPost = async ({ detail }: CustomEvent<{ channelId: string; postId: string }>): Promise<void> => {
    const { channelId, postId } = detail;
    if (this.desk.shownCoverage?.channelId !== channelId) this.desk.router.go({ at: 'coverage', channelId });
    await this.updateComplete;
    void this.querySelector<DeskTimeline>('desk-timeline')?.showPost(postId);
  };

  readonly #onResolve = async ({ detail }: CustomEvent<{ entry: OutboxEntry }>): Promise<void> => {
    // It is loaded after the desk has opened.
    await customElements.whenDefined('desk-conflict');
    await this.querySelector<DeskConflict>('desk-conflict')?.open(detail.entry);
  };

  readonly #onSignedIn = async (): Promise<void> => {
    this.#isSigningIn = true;
    // Before anything else, so that the page does not begin again with the link, which is used.
    this.desk.router.go({ at: 'list' }, 'replace');
    await this.desk.loadSession();
    const { session } = this.desk;
    const only = session && onlyToAuthor({ grants: session.rights });
    // A list of one would be a step without a choice.
    if (only !== undefined) this.desk.router.go({ at: 'coverage', channelId: only });
    this.#isSigningIn = false;
    this.requestUpdate();
  };
}
