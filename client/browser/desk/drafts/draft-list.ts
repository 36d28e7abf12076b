import { html, nothing, type TemplateResult } from 'lit';
import type { Channel } from '../../../../src/protocol/model.ts';
import type { Language } from '../../i18n/languages.ts';
import { coverageName } from '../app/coverage-names.ts';
import { datedIn } from '../app/coverage-time.ts';
import { DeskElement } from '../app/desk-element.ts';
import { pathOf } from '../app/places.ts';
import { composerWordsIn } from '../i18n/composer/index.ts';
import { channelOf, postOf } from '../outbox/outbox-model.ts';
import type { Draft, Drafts, SetAside } from './drafts.ts';
import { titleOf } from './write-title.ts';

/**
 * `<desk-drafts>`: the drafts of this author on this device, but for those that are open on this page. Opening one asks the composer that it
 * belongs to, or leads to its coverage, where it is opened.
 */
export class DeskDrafts extends DeskElement {
  static override properties = {
    drafts: { attribute: false },
    channelId: { attribute: false },
    channel: { attribute: false },
    discarding: { state: true },
  };
  declare drafts: Drafts;
  declare channelId: string;
  /** The coverage that is shown. Undefined until it is loaded. */
  declare channel: Channel | undefined;
  /** The draft that was asked to be discarded. */
  declare private discarding: string | undefined;

  protected override enter(): (() => void)[] {
    return [this.drafts.subscribe(() => this.requestUpdate())];
  }

  protected override render(): TemplateResult | typeof nothing {
    const words = composerWordsIn(this.language);
    const listed = this.drafts.list.filter(({ key }) => !this.drafts.isOpen(key));
    if (listed.length === 0) return nothing;
    return html`<details class="desk-drafts"><summary>${words.drafts(String(listed.length))}</summary>
<ul>${listed.map((draft) => this.#item(draft))}</ul></details>`;
  }

  #item(draft: Draft): TemplateResult {
    const words = composerWordsIn(this.language);
    const channelId = channelOf(draft.write);
    const title = titleOf(draft) || words.withoutText;
    const at = new Date(draft.changedAt).toISOString();
    const isHere = channelId === this.channelId;
    const label = html`<bdi>${title}</bdi> <small>${datedIn(this.channel, at, this.language)}${isHere ? nothing : html` ${words.inCoverage(coverageName(channelId))}`}</small>`;
    // Forms of coverages open no drafts.
    const canOpen = postOf(draft.write) !== undefined;
    const opener = !canOpen
      ? html`<span>${label}</span>`
      : isHere
        ? html`<button type="button" class="composer-open" aria-label=${words.openDraft(title)} @click=${() => this.drafts.open(draft.key)}>${label}</button>`
        : html`<a class="composer-open" href=${pathOf({ at: 'coverage', channelId })} @click=${() => this.drafts.bringForward(draft.key)}>${label}</a>`;
    const isAsking = this.discarding === draft.key;
    return html`<li>${opener}${
      isAsking
        ? html`<button type="button" class="desk-quiet desk-danger" @click=${() => this.#discard(draft.key)}>${words.discardSure}</button>
<button type="button" class="desk-quiet" @click=${() => (this.discarding = undefined)}>${words.keep}</button>`
        : html`<button type="button" class="desk-remove" aria-label=${words.discardDraft(title)} title=${words.discardDraft(title)} @click=${() => (this.discarding = draft.key)}>×</button>`
    }</li>`;
  }

  /** A later change of the same post has the same key, and is asked about anew. */
  #discard(key: string): void {
    this.discarding = undefined;
    void this.drafts.discard(key);
  }
}

/** Says where a text is that made way for another one, and leads back to it. Nothing once it is open again or discarded. */
export function setAsideNotice(aside: SetAside | undefined, drafts: Drafts, language: Language): TemplateResult | typeof nothing {
  const draft = aside && drafts.get(aside.key);
  if (aside === undefined || draft === undefined || draft.place === 'outbox' || drafts.isOpen(aside.key)) return nothing;
  const words = composerWordsIn(language);
  return html`<p class="desk-notice" role="status">${words.setAside(aside.title || words.withoutText)} <button type="button" class="desk-quiet" @click=${() => drafts.open(aside.key)}>${words.backToIt}</button></p>`;
}
