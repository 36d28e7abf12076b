import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { Language } from '../../i18n/languages.ts';
import { appWordsIn } from '../i18n/app.ts';
import type { DeskModel } from './desk-model.ts';
import type { OpenCoverage } from './open-coverages.ts';
import { pathOf } from './router.ts';

/** `<desk-bar>`: in the bar of the page, the coverages that are open, the state of the connection, and who is signed in. */
export class DeskBar extends LitElement {
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
    if (desk?.session === undefined) return nothing;
    const { session, openCoverages } = desk;
    return html`<nav class="desk-tabs" aria-label=${words.openCoverages}><ul>${openCoverages.map((one) => this.#tab(desk, one))}</ul></nav>
<div class="visitor"><bdi class="who">${session.name}</bdi><button type="button" @click=${() => desk.signOut()}>${words.signOut}</button></div>`;
  }

  #tab(desk: DeskModel, { channelId, reader, newPosts }: OpenCoverage): TemplateResult {
    const words = appWordsIn(this.language);
    const channel = reader.timeline?.channel;
    const name = channel?.headline ?? channelId;
    const isShown = desk.shownCoverage?.channelId === channelId;
    return html`<li><a href=${pathOf({ at: 'coverage', channelId })} aria-current=${isShown ? 'page' : nothing}><bdi lang=${channel?.language ?? nothing}>${name}</bdi>${newPosts > 0 ? html`<span class="desk-count" aria-label=${words.newPosts(newPosts)}>${newPosts}</span>` : nothing}</a><button type="button" aria-label=${words.close(name)} @click=${() => desk.closeCoverage(channelId)}>×</button></li>`;
  }
}
