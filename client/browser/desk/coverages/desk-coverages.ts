import { html, nothing, type TemplateResult } from 'lit';
import { type ChannelState, channelStates, type ListedChannel } from '../../../../src/protocol/model.ts';
import { mayEditSome, namedToEdit } from '../../../../src/protocol/rights.ts';
import { directionOf } from '../../view/direction.ts';
import { agoText } from '../../view/wording/time-choice.ts';
import { AuthorElement } from '../app/author-element.ts';
import { rememberCoverageName } from '../app/coverage-names.ts';
import { datedIn } from '../app/coverage-time.ts';
import type { KeyRegistry } from '../app/keys.ts';
import { pathOf } from '../app/places.ts';
import { type CoverageWords, coverageWordsIn } from '../i18n/coverages.ts';
import { principalOf } from '../session/session.ts';
import type { CoverageDialog } from './coverage-dialog.ts';
import { freeIds, isFound, loadMore, loadSections, type Sections } from './writable-coverages.ts';

/** How often the list is loaded again while it is in view, milliseconds. */
const reloadMs = 10_000;
/** A shorter list needs no search. */
const searchFrom = 8;

/** `<desk-coverages>`: the coverages in which the author may write, live ones first. */
export class DeskCoverages extends AuthorElement {
  static override properties = {
    keys: { attribute: false },
    sections: { state: true },
    failed: { state: true },
    search: { state: true },
    loadingMore: { state: true },
  };
  declare keys: KeyRegistry;
  /** Undefined until the first answer. */
  declare sections: Sections | undefined;
  declare failed: boolean;
  declare search: string;
  declare loadingMore: ChannelState | undefined;

  protected override enter(): (() => void)[] {
    this.search = '';
    void this.#load();
    const timer = setInterval(() => document.visibilityState === 'visible' && this.#load(), reloadMs);
    const listeners = new AbortController();
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && this.#load(), {
      signal: listeners.signal,
    });
    const words = () => coverageWordsIn(this.language);
    const undoKeys = this.keys.register({
      keys: '/',
      label: () => words().searchKey,
      run: () => {
        const field = this.querySelector<HTMLInputElement>('#coverage-search');
        field?.focus();
        return field !== null;
      },
    });
    return [() => clearInterval(timer), () => listeners.abort(), undoKeys];
  }

  protected override render(): TemplateResult {
    const words = coverageWordsIn(this.language);
    const { sections, failed } = this;
    return html`<div class="desk-list">
<header class="desk-list-head"><h1>${words.coverages}</h1>${this.#newButton(words)}</header>
${failed ? html`<p class="notice" role="status">${words.notLoaded}</p>` : nothing}
${sections === undefined ? nothing : this.#list(sections, words)}
</div>
<desk-coverage-dialog .session=${this.session} .outbox=${this.outbox} .client=${this.client} .language=${this.language}></desk-coverage-dialog>`;
  }

  #newButton(words: CoverageWords): TemplateResult | typeof nothing {
    const who = principalOf(this.session);
    const ids = namedToEdit(who);
    const free = ids && this.sections && freeIds(ids, { sections: this.sections, deleted: this.#deleted });
    if (!mayEditSome(who) || (ids !== undefined && (free === undefined || free.length === 0))) return nothing;
    return html`<button type="button" class="desk-button" @click=${() => this.#dialog?.openNew(free)}>${words.newCoverage}</button>`;
  }

  #list(sections: Sections, words: CoverageWords): TemplateResult {
    const count = channelStates.reduce((sum, state) => sum + sections[state].coverages.length, 0);
    const hasMore = channelStates.some((state) => sections[state].next !== null);
    if (count === 0 && !hasMore) return html`<p class="notice">${words.none}</p>`;
    const shown = this.#found(sections);
    const order: readonly ChannelState[] = ['live', 'scheduled', 'ended'];
    const found = order.some((state) => shown[state].length > 0);
    return html`${count >= searchFrom || hasMore ? this.#searchField(words) : nothing}
${found ? nothing : html`<p class="notice" role="status">${words.nothingFound}</p>`}
${order.map((state) => this.#section(state, shown[state], sections[state].next !== null, words))}`;
  }

  #found(sections: Sections): Record<ChannelState, readonly ListedChannel[]> {
    const of = (state: ChannelState) => sections[state].coverages.filter((one) => isFound(one, this.search));
    return { live: of('live'), scheduled: of('scheduled'), ended: of('ended') };
  }

  #searchField(words: CoverageWords): TemplateResult {
    return html`<div class="desk-field desk-search"><label for="coverage-search">${words.search}</label><input id="coverage-search" type="search" dir="auto" autocomplete="off" .value=${this.search} @input=${(
      event: InputEvent,
    ) => {
      this.search = (event.target as HTMLInputElement).value;
    }}></div>`;
  }

  #section(
    state: ChannelState,
    coverages: readonly ListedChannel[],
    hasMore: boolean,
    words: CoverageWords,
  ): TemplateResult | typeof nothing {
    if (coverages.length === 0 && !hasMore) return nothing;
    const more = html`<p><button type="button" class="desk-button plain" ?disabled=${this.loadingMore === state} @click=${() => this.#more(state)}>${words.more[state]}</button></p>`;
    return html`<section class="desk-section" aria-labelledby=${`desk-${state}`}><h2 class=${state} id=${`desk-${state}`}>${words.sections[state]}</h2>
<ul>${coverages.map((one) => this.#coverage(one, words))}</ul>${hasMore ? more : nothing}</section>`;
  }

  #coverage(channel: ListedChannel, words: CoverageWords): TemplateResult {
    const { id, headline, language, section, access } = channel;
    const facts = [section, access === 'public' ? null : words.accesses[access], this.#when(channel, words)];
    return html`<li class="desk-coverage"><a href=${pathOf({ at: 'coverage', channelId: id })} lang=${language} dir=${directionOf(language)}>${headline}</a>
<p class="desk-facts">${facts.filter((fact) => fact !== null).map((fact) => html`<bdi>${fact}</bdi>`)}</p></li>`;
  }

  #when({ state, latestPostAt, startsAt, endedAt }: ListedChannel, words: CoverageWords): string {
    if (state === 'scheduled') return startsAt === null ? words.notDated : words.begins(this.#timeText(startsAt));
    if (state === 'ended' && endedAt !== null) return words.endedAt(this.#timeText(endedAt));
    return latestPostAt === null ? words.noPost : words.lastPost(this.#timeText(latestPostAt));
  }

  /** "4 min ago", or the date in the zone of the device. */
  #timeText(at: string): string {
    const isPast = Date.parse(at) <= Date.now();
    return (isPast ? agoText(at, Date.now(), this) : null) ?? datedIn(undefined, at, this.language);
  }

  async #load(): Promise<void> {
    // An earlier answer may be late, as on a bad network.
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      const loaded = await loadSections(this.client, principalOf(this.session));
      // Further pages that are shown already stay.
      if (this.sections === undefined || !this.#hasLoadedMore) this.sections = loaded.sections;
      for (const state of channelStates)
        for (const { id, headline } of loaded.sections[state].coverages) rememberCoverageName(id, headline);
      this.#deleted = loaded.deleted;
      this.failed = false;
    } catch {
      this.failed = true;
    }
    this.#isLoading = false;
    // The ages have changed, even if nothing else has.
    this.requestUpdate();
  }

  #isLoading = false;
  #deleted: readonly string[] = [];
  #hasLoadedMore = false;

  async #more(state: ChannelState): Promise<void> {
    const { sections } = this;
    if (sections === undefined || this.loadingMore !== undefined) return;
    this.loadingMore = state;
    try {
      const section = await loadMore(this.client, principalOf(this.session), state, sections[state]);
      this.#hasLoadedMore = true;
      this.sections = { ...sections, [state]: section };
      this.failed = false;
    } catch {
      this.failed = true;
    }
    this.loadingMore = undefined;
  }

  get #dialog(): CoverageDialog | null {
    return this.querySelector('desk-coverage-dialog');
  }
}
