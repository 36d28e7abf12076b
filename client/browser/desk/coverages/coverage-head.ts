import { html, nothing, type TemplateResult } from 'lit';
import { channelPath } from '../../../../src/protocol/addresses.ts';
import type { Channel, ChannelState } from '../../../../src/protocol/model.ts';
import { mayEdit } from '../../../../src/protocol/rights.ts';
import { directionOf } from '../../view/direction.ts';
import { wordsOf } from '../../view/wording/time.ts';
import { AuthorElement } from '../app/author-element.ts';
import { basePath } from '../app/base-path.ts';
import type { Headline } from '../app/open-coverages.ts';
import type { Drafts } from '../drafts/drafts.ts';
import { coverageFormWordsIn } from '../i18n/coverage-form.ts';
import { type CoverageWords, coverageWordsIn } from '../i18n/coverages.ts';
import { principalOf } from '../session/session.ts';
import type { CoverageDialog } from './coverage-dialog.ts';
import type { EndCoverage } from './end-coverage.ts';

/** `<desk-coverage-head>`: the headline and the state of the coverage, and for editors the buttons that change them. */
export class CoverageHead extends AuthorElement {
  static override properties = {
    channelId: { attribute: false },
    channel: { attribute: false },
    headline: { attribute: false },
    drafts: { attribute: false },
    failed: { state: true },
  };
  declare channelId: string;
  declare channel: Channel | undefined;
  declare drafts: Drafts;
  /** Shown until the coverage is loaded. */
  declare headline: Headline | undefined;
  /** The outbox could not store the change. */
  declare failed: boolean;

  protected override render(): TemplateResult | typeof nothing {
    const { channel, headline: known, language, failed } = this;
    if (channel === undefined) return known ? html`<header class="desk-head">${this.#name(known)}</header>` : nothing;
    const words = coverageWordsIn(language);
    const { state, access, headline } = channel;
    return html`<header class="desk-head"><p class="state"><span class="badge ${state}">${wordsOf({ language })[state]}</span>${access === 'public' ? nothing : html` <span class="dated">${words.accesses[access]}</span>`}</p>
${this.#name({ text: headline, language: channel.language })}
<p class="desk-head-actions"><a class="as-readers" href=${basePath + channelPath(this.channelId)} target="_blank">${words.asReaders}</a>${this.#buttons(channel, words)}</p>
${failed ? html`<p class="fault" role="alert">${coverageFormWordsIn(language).answers['not-stored']}</p>` : nothing}</header>
<desk-coverage-dialog .session=${this.session} .outbox=${this.outbox} .client=${this.client} .language=${language}></desk-coverage-dialog>
<desk-end-coverage .outbox=${this.outbox} .drafts=${this.drafts} .client=${this.client} .language=${language} .channel=${channel}></desk-end-coverage>`;
  }

  #name({ text, language }: Headline): TemplateResult {
    return html`<h1 lang=${language} dir=${directionOf(language)}>${text}</h1>`;
  }

  /** No buttons for authors who may not press them. */
  #buttons(channel: Channel, words: CoverageWords): TemplateResult | typeof nothing {
    if (!mayEdit(principalOf(this.session), channel.id)) return nothing;
    const steps: Record<ChannelState, TemplateResult> = {
      scheduled: html`<button type="button" class="desk-button" @click=${() => this.#goLive(channel)}>${words.goLive}</button>`,
      live: html`<button type="button" class="desk-button plain" @click=${() => this.querySelector<EndCoverage>('desk-end-coverage')?.open()}>${words.end}</button>`,
      ended: html`<button type="button" class="desk-button plain" @click=${() => this.#goLive(channel)}>${words.reopen}</button>`,
    };
    return html`<span class="desk-head-buttons"><button type="button" class="desk-button plain" @click=${() => this.querySelector<CoverageDialog>('desk-coverage-dialog')?.openChange(channel)}>${words.change}</button>${steps[channel.state]}</span>`;
  }

  /** `expected: '*'`: other changes of the coverage in the meantime do not matter. */
  async #goLive({ id }: Channel): Promise<void> {
    this.failed = false;
    try {
      await this.outbox.add({ type: 'update-channel', channelId: id, expected: '*', patch: { state: 'live' } }, { holdMs: 0 });
    } catch {
      this.failed = true;
    }
  }
}
