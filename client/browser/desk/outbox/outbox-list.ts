import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Channel } from '../../../../src/protocol/model.ts';
import type { Problem } from '../../../../src/protocol/problems.ts';
import { coverageName } from '../app/coverage-names.ts';
import { DeskElement } from '../app/desk-element.ts';
import { pathOf } from '../app/places.ts';
import type { Drafts, SetAside } from '../drafts/drafts.ts';
import { titleOf } from '../drafts/write-title.ts';
import { composerWordsIn } from '../i18n/composer/index.ts';
import { type OutboxWords, outboxWordsIn } from '../i18n/outbox/index.ts';
import { timelineWordsIn } from '../i18n/timeline/index.ts';
import type { DeskSession } from '../session/session.ts';
import {
  channelOf,
  type Delivery,
  hasText,
  hindranceOf,
  type Outbox,
  type OutboxEntry,
  postOf,
  undecidedStates,
  type Write,
} from './outbox-model.ts';
import { type SpokenStatus, spokenText } from './spoken-status.ts';

/**
 * `<desk-outbox>`: the entries that readers do not have yet, a line for each, with its state in plain words and buttons for what can
 * still be done. Below them, for a moment, those that readers have. A conflict is solved elsewhere: the event `desk-resolve` has the
 * entry. The event `desk-show-post` asks for a post.
 */
export class DeskOutbox extends DeskElement {
  static override properties = {
    session: { attribute: false },
    outbox: { attribute: false },
    drafts: { attribute: false },
    channelId: { attribute: false },
    channel: { attribute: false },
    announcement: { state: true },
    discarding: { state: true },
    tooLate: { state: true },
    listed: { state: true },
  };
  declare session: DeskSession;
  declare outbox: Outbox;
  declare drafts: Drafts;
  /** The id of the coverage that is shown, if one is. */
  declare channelId: string | undefined;
  /** The coverage that is shown, once it is loaded. */
  declare channel: Channel | undefined;
  /** For screen readers. Only what the author must know is announced, not every state. */
  declare private announcement: SpokenStatus | undefined;
  /** The entry that was asked to be discarded. */
  declare private discarding: string | undefined;
  declare private tooLate: boolean;
  /** The text that left the outbox for the list of drafts. */
  declare private listed: SetAside | undefined;
  /** The state of each entry when it was last drawn. */
  readonly #states = new Map<string, string>();
  /** The revision of the shown coverage when each entry was refused. */
  readonly #refusedAt = new Map<string, number>();
  /** When readers were seen to have an entry, in milliseconds since 1970. */
  readonly #outSince = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.tooLate = false;
  }

  protected override enter(): (() => void)[] {
    const update = () => this.requestUpdate();
    return [this.outbox.subscribe(update), this.drafts.subscribe(update), () => clearTimeout(this.#timer)];
  }

  /** The reason why nothing is being sent. */
  get #hindrance() {
    return hindranceOf(this.outbox.delivery, navigator.onLine);
  }

  get #words(): OutboxWords {
    return outboxWordsIn(this.language);
  }

  protected override willUpdate(): void {
    super.willUpdate();
    for (const entry of this.outbox.entries) this.#notice(entry);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { outbox } = this;
    const words = this.#words;
    const shown = outbox.entries.filter((entry) => this.#isShown(entry));
    this.#drawAgain(shown);
    const [unsent, out] = [
      shown.filter(({ state }) => state.at !== 'out'),
      shown.filter(({ state }) => state.at === 'out').slice(-mostOut),
    ];
    const isWaiting = unsent.some(({ state }) => state.at === 'held' || state.at === 'saved' || state.at === 'sending');
    const why = this.#hindrance;
    // Entries of a newer version of the desk are not among those that are shown.
    const isHindered = (isWaiting || why === 'outdated') && why !== undefined;
    const lines = [
      ...(isHindered ? [html`<p class="desk-notice desk-warning">${words.delivery[why]}${this.#kept(why)}</p>`] : []),
      ...this.#listedNotice(),
      ...(this.tooLate ? [html`<p class="desk-notice" role="alert">${words.tooLate}</p>`] : []),
    ];
    return html`<section class="desk-outbox" aria-label=${words.unsent} ?hidden=${shown.length + outbox.others.length + lines.length === 0 && (outbox.protection === 'full' || outbox.protection === 'not-persistent')}>
${unsent.length > 0 ? html`<h2 class="desk-outbox-name">${words.unsent}</h2>` : nothing}${lines}
<ol>${repeat([...unsent, ...out], keyOf, (entry) => this.#entry(entry))}</ol>
${outbox.others.map(({ name, count }) => html`<p class="desk-hint">${words.othersUnsent(name, String(count))}</p>`)}
${this.#protection(!isHindered && unsent.some(({ state }) => ['saved', 'sending', ...undecidedStates].includes(state.at)))}
</section><p class="visually-hidden" role="status">${spokenText(this.announcement, shown)}</p>`;
  }

  /** The sentence about entries that cannot be sent now. Without storage, a separate warning says it. */
  #kept(why: Exclude<Delivery, 'ready'>): string {
    const { protection } = this.outbox;
    const isStored = protection === 'full' || protection === 'not-persistent';
    return isStored && why !== 'storage-failed' && why !== 'outdated' ? ` ${this.#words.protection[protection]}` : '';
  }

  /** The warning about missing protection. That the browser may delete entries matters only while some stay on the device. */
  #protection(staysHere: boolean): TemplateResult | typeof nothing {
    const { protection } = this.outbox;
    switch (protection) {
      case 'full':
        return nothing;
      case 'not-persistent':
        return staysHere ? html`<p class="desk-hint">${this.#words.protection[protection]}</p>` : nothing;
      case 'no-storage':
      case 'insecure':
        return html`<p class="desk-notice desk-warning">${this.#words.protection[protection]}</p>`;
    }
  }

  /** Entries that readers have are shown for another moment, and while the author is at one of them. */
  #isShown({ id, state }: OutboxEntry): boolean {
    if (state.at !== 'out' || Date.now() < (this.#outSince.get(id) ?? 0) + outShownMs) return true;
    return this.querySelector(`[data-entry="${CSS.escape(id)}"]:is(:hover, :focus-within)`) !== null;
  }

  #notice(entry: OutboxEntry): void {
    const { id, state } = entry;
    const before = this.#states.get(id);
    if (before === state.at) return;
    this.#states.set(id, state.at);
    const words = this.#words;
    const title = this.#title(entry);
    if (state.at === 'out' && before !== undefined) {
      this.#outSince.set(id, Date.now());
      this.#announce(entry, words.saidOut(title));
    }
    if (state.at === 'refused' && before !== undefined && isHere(entry, this.channel))
      this.#refusedAt.set(id, this.channel?.revision ?? 0);
    if (state.at === 'refused') this.#announce(entry, words.saidRefused(title, helpFor(state.problem, words)));
    if (state.at === 'conflict') this.#announce(entry, words.saidConflict(title));
    if (state.at === 'asking') this.#announce(entry, words.saidAsking(title));
  }

  #announce({ id, state }: OutboxEntry, text: string): void {
    this.announcement = { entryId: id, text, states: [state.at] };
  }

  /** Counts the seconds down, and removes what readers have. */
  #drawAgain(shown: readonly OutboxEntry[]): void {
    clearTimeout(this.#timer);
    const counts = shown.some(({ state }) => state.at === 'held' || state.at === 'out');
    if (counts) this.#timer = setTimeout(() => this.requestUpdate(), tickMs);
  }

  #title(entry: OutboxEntry): string {
    const { type } = entry.write;
    const title = titleOf(entry) || this.#words.withoutText;
    if (type === 'publish') return title;
    return `${this.#nameOf(entry.write)}: ${title}`;
  }

  /** What the write does. Pinning is a change of the coverage for the server alone. */
  #nameOf(write: Write & { type: Exclude<Write['type'], 'publish'> }): string {
    const isPin = write.type === 'update-channel' && 'pinnedPostId' in write.patch;
    if (!isPin) return this.#words.what[write.type];
    const { pin, unpin } = timelineWordsIn(this.language);
    return write.patch.pinnedPostId === null ? unpin : pin;
  }

  #entry(entry: OutboxEntry): TemplateResult {
    const { write, state } = entry;
    const channelId = channelOf(write);
    const elsewhere = channelId !== this.channelId && write.type !== 'create-channel';
    return html`<li data-state=${state.at} data-entry=${entry.id}><p class="desk-entry-title"><bdi>${this.#title(entry)}</bdi>${
      elsewhere ? html` <a href=${pathOf({ at: 'coverage', channelId })}>${coverageName(channelId)}</a>` : nothing
    }</p>
${this.#stateLine(entry)}
<div class="desk-entry-buttons">${this.#buttons(entry)}</div></li>`;
  }

  #stateLine(entry: OutboxEntry): TemplateResult {
    const words = this.#words;
    const { state } = entry;
    const line = (text: string) => html`<p class="desk-entry-state">${text}</p>`;
    switch (state.at) {
      case 'held': {
        if (this.#hindrance !== undefined) return line(words.saved);
        const seconds = Math.max(0, Math.ceil((state.until - Date.now()) / 1_000));
        // Said once, when it was published.
        return html`<p class="desk-entry-state" aria-hidden="true">${words.held(String(seconds))}</p>`;
      }
      case 'saved':
        return this.#waits(entry) ? line(words.waits) : (this.#pictureLine(entry) ?? line(words.saved));
      case 'sending':
        return line(words.sending);
      case 'on-disk':
        return line(words.onDisk);
      case 'out':
        return html`<p class="desk-entry-state"><span>${words.out}</span>${this.#way(entry)}</p>`;
      case 'refused':
        if (this.#isLiveAgain(entry)) return line(words.liveAgain);
        return html`${line(words.refused)}${this.#refusal(state.problem)}`;
      case 'conflict':
        return html`${line(words.conflict)}<desk-other-change .session=${this.session} .language=${this.language} .entry=${entry} .channel=${isHere(entry, this.channel) ? this.channel : undefined}></desk-other-change>`;
      case 'asking':
        return line(words.asking[state.reason]);
    }
  }

  /** The coverage had ended when the post was refused, and has been opened again. The desk may learn of the end after the refusal. */
  #isLiveAgain(entry: OutboxEntry): boolean {
    const { channel } = this;
    const hadEnded = entry.state.at === 'refused' && entry.state.problem.code === 'channel-ended';
    if (!hadEnded || channel === undefined || !isHere(entry, channel)) return false;
    return channel.state !== 'ended' && channel.revision > (this.#refusedAt.get(entry.id) ?? 0);
  }

  /** What the pictures of the entry wait for. Undefined if all of them are uploaded. */
  #pictureLine({ pictures = [] }: OutboxEntry): TemplateResult | undefined {
    const words = this.#words;
    const all = this.outbox.pictures.all;
    const uploads = pictures.map((id) => all.find((one) => one.id === id)?.upload.at);
    if (uploads.every((at) => at === 'uploaded')) return undefined;
    if (uploads.includes(undefined)) return html`<p class="desk-lack">${words.pictureGone}</p>`;
    if (uploads.includes('refused')) return html`<p class="desk-lack">${words.pictureRefused}</p>`;
    const share = pictures.map((id) => this.outbox.pictures.progressOf(id)).find((one) => one !== undefined);
    return html`<p class="desk-entry-state">${words.waitsForPicture}${
      share === undefined ? nothing : html` <progress max="1" .value=${share} aria-label=${words.waitsForPicture}></progress>`
    }</p>`;
  }

  /** Leads to the post, which may be far from what the author sees of the timeline. */
  #way(entry: OutboxEntry): TemplateResult | typeof nothing {
    const [channelId, postId] = [channelOf(entry.write), postOf(entry.write)];
    if (postId === undefined) return nothing;
    const { showPost, buttonOf } = this.#words;
    const show = (event: MouseEvent) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.dispatchEvent(new CustomEvent('desk-show-post', { detail: { channelId, postId }, bubbles: true }));
    };
    return html` <a class="desk-entry-way" href=${pathOf({ at: 'coverage', channelId })} aria-label=${buttonOf(showPost, this.#title(entry))} @click=${show}>${showPost}</a>`;
  }

  /** Whether another entry must be solved first. */
  #waits({ waitsFor }: OutboxEntry): boolean {
    const first = this.outbox.entries.find(({ id }) => id === waitsFor);
    return first !== undefined && undecidedStates.includes(first.state.at);
  }

  #refusal(problem: Problem): TemplateResult {
    return html`<p class="desk-lack">${helpFor(problem, this.#words)}</p>${(problem.errors ?? []).map(
      ({ path, message }) => html`<p class="desk-hint" lang="en" dir="ltr"><code>${path}</code> ${message}</p>`,
    )}`;
  }

  #buttons(entry: OutboxEntry): TemplateResult | typeof nothing {
    const words = this.#words;
    const { id, state, frozen } = entry;
    const edit = () => (hasText(entry.write) ? this.#button(entry, words.edit, () => this.#takeBack(entry, 'edit')) : nothing);
    switch (state.at) {
      case 'held':
        return html`${this.#button(entry, words.undo, () => this.#takeBack(entry, 'undo'))}${edit()}${
          this.#hindrance === undefined ? this.#button(entry, words.sendNow, () => this.outbox.publishNow(id)) : nothing
        }`;
      case 'saved':
        if (frozen) return nothing;
        return html`${this.#button(entry, words.undo, () => this.#takeBack(entry, 'undo'))}${edit()}`;
      case 'refused':
        return html`${this.#isLiveAgain(entry) ? this.#button(entry, words.publish, () => this.outbox.sendAgain(id)) : nothing}${edit()}${this.#leave(entry)}`;
      case 'conflict':
        return html`${this.#button(entry, words.compare, () => this.#resolve(entry))}${this.#leave(entry)}`;
      case 'asking':
        return html`${this.#button(entry, words.publish, () => this.outbox.publishNow(id))}${this.#leave(entry)}`;
      case 'sending':
      case 'on-disk':
      case 'out':
        return nothing;
    }
  }

  /** The two ways out that publish nothing. */
  #leave(entry: OutboxEntry): TemplateResult {
    const words = this.#words;
    if (this.discarding !== entry.id) {
      return html`${hasText(entry.write) ? this.#button(entry, words.keepAsDraft, () => this.#takeBack(entry, 'draft')) : nothing}${this.#button(
        entry,
        words.discard,
        () => {
          this.discarding = entry.id;
        },
      )}`;
    }
    return html`${this.#button(entry, words.discardSure, () => this.#discard(entry))}${this.#button(entry, words.keep, () => {
      this.discarding = undefined;
    })}`;
  }

  #button(entry: OutboxEntry, label: string, press: () => unknown): TemplateResult {
    return html`<button type="button" class="desk-quiet" aria-label=${this.#words.buttonOf(label, this.#title(entry))} @click=${press}>${label}</button>`;
  }

  /** Out of the outbox, as a draft: opened, or left in the list of drafts. */
  async #takeBack(entry: OutboxEntry, how: 'undo' | 'edit' | 'draft'): Promise<void> {
    const write = await this.#take(entry);
    if (write === undefined || !hasText(write)) return;
    const { drafts } = this;
    const key = drafts.giveBack(write, {
      base: entry.base,
      basedOn: entry.basedOn,
      place: how === 'draft' ? 'list' : 'composer',
    });
    const isOpened = how !== 'draft' && drafts.open(key, { ifFree: how === 'undo' });
    if (isOpened && drafts.get(key)?.place !== 'list') return;
    this.listed = { key, title: this.#title(entry) };
    await this.updateComplete;
    // The pressed button is gone. Letters that are typed now must not be taken for keys of the desk.
    this.querySelector<HTMLElement>('.desk-listed')?.focus();
  }

  /** Says where a text went that was taken back and not opened. */
  #listedNotice(): TemplateResult[] {
    const { listed, drafts } = this;
    const draft = listed && drafts.get(listed.key);
    if (listed === undefined || draft === undefined || draft.place === 'outbox' || drafts.isOpen(listed.key)) return [];
    const words = this.#words;
    const { close } = composerWordsIn(this.language);
    const channelId = channelOf(draft.write);
    // Forms of coverages open no drafts.
    const isPost = postOf(draft.write) !== undefined;
    const way =
      channelId === this.channelId
        ? html`<button type="button" class="desk-quiet" @click=${() => drafts.open(listed.key)}>${words.openIt}</button>`
        : html`<a class="desk-quiet" href=${pathOf({ at: 'coverage', channelId })} @click=${() => drafts.bringForward(listed.key)}>${words.openIt}</a>`;
    return [
      html`<p class="desk-notice desk-listed" role="status" tabindex="-1">${words.inDrafts(listed.title)} ${isPost ? way : nothing} <button type="button" class="desk-remove" aria-label=${close} title=${close} @click=${() => (this.listed = undefined)}>×</button></p>`,
    ];
  }

  async #discard(entry: OutboxEntry): Promise<void> {
    const write = await this.#take(entry);
    if (write !== undefined) await this.drafts.forget(write);
  }

  async #take({ id, state }: OutboxEntry): Promise<Write | undefined> {
    const isUnsent = state.at === 'held' || state.at === 'saved';
    const write = await (isUnsent ? this.outbox.undo(id) : this.outbox.discard(id));
    this.tooLate = write === undefined;
    return write;
  }

  #resolve(entry: OutboxEntry): void {
    this.dispatchEvent(new CustomEvent('desk-resolve', { detail: { entry }, bubbles: true }));
  }
}

function isHere({ write }: OutboxEntry, channel: Channel | undefined): boolean {
  return channel !== undefined && channelOf(write) === channel.id;
}
const keyOf = ({ id }: OutboxEntry) => id;

function helpFor(problem: Problem, { helps }: OutboxWords): string {
  return helps[problem.code] ?? problem.detail ?? problem.title;
}

/** How often seconds are counted, in milliseconds. */
const tickMs = 250;
/** How long an entry is shown after readers had it, in milliseconds. */
const outShownMs = 12_000;
/** Entries that readers have and that are shown at once, the latest ones. */
const mostOut = 2;
