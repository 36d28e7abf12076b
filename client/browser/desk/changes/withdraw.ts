import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { noteCharacters } from '../../../../src/protocol/client-limits.ts';
import { isWithin } from '../../../../src/protocol/field-rules.ts';
import type { Channel, ReaderPost } from '../../../../src/protocol/model.ts';
import { directionOf } from '../../view/direction.ts';
import { DeskElement } from '../app/desk-element.ts';
import { ComposerMemory } from '../composer/device-memory.ts';
import { titleOfPost } from '../drafts/write-title.ts';
import { type ChangesWords, changesWordsIn } from '../i18n/changes/index.ts';
import type { Outbox, OutboxEntry, Write } from '../outbox/outbox-model.ts';
import type { DeskSession } from '../session/session.ts';
import { type ErasureOutcome, erasureOutcome } from './erasure-outcome.ts';

/**
 * `<desk-withdraw>`: the dialog in which a post is retracted or taken down.
 *
 *     retract   ── note ──▶ outbox
 *     takedown  ── what it erases and what it cannot reach, reason ──▶ sure? ──▶ outbox ──▶ erased, or what is still pending
 *
 * Instead of a takedown, an editor may correct one name and erase the earlier versions: the event `desk-erase-name`.
 */
export class DeskWithdraw extends DeskElement {
  static override properties = {
    session: { attribute: false },
    outbox: { attribute: false },
    channel: { attribute: false },
    post: { attribute: false },
    action: { attribute: false },
    note: { state: true },
    step: { state: true },
    lack: { state: true },
    entryId: { state: true },
  };
  declare session: DeskSession;
  declare outbox: Outbox;
  declare channel: Channel | undefined;
  /** Undefined: the dialog is closed. */
  declare post: ReaderPost | undefined;
  declare action: 'retract' | 'takedown';
  declare note: string;
  declare step: 'note' | 'sure' | 'sent';
  declare lack: 'note-missing' | 'note-too-long' | 'not-stored' | undefined;
  /** The takedown in the outbox. */
  declare entryId: string | undefined;
  /** The outcome of that takedown, as far as it is known. */
  #known: ErasureOutcome = { is: 'on-its-way' };
  #isSending = false;

  protected override enter(): (() => void)[] {
    return [this.outbox.subscribe(() => this.requestUpdate())];
  }

  /** `note`: what was written before, if the withdrawal was undone. */
  open(post: ReaderPost, action: 'retract' | 'takedown', note = ''): void {
    Object.assign(this, { post, action, note, step: 'note', lack: undefined, entryId: undefined });
  }

  close(): void {
    this.querySelector('dialog')?.close();
    this.post = undefined;
  }

  protected override willUpdate(): void {
    super.willUpdate();
    const entry = this.outbox.entries.find(({ id }) => id === this.entryId);
    this.#known = erasureOutcome(this.entryId === undefined ? { is: 'on-its-way' } : this.#known, entry);
  }

  protected override updated(changed: PropertyValues): void {
    const dialog = this.querySelector('dialog');
    if (changed.has('post') && dialog && !dialog.open) {
      dialog.showModal();
      dialog.querySelector('textarea')?.focus();
    }
    if (changed.has('step') && changed.get('step') !== undefined) this.querySelector<HTMLElement>('.desk-step')?.focus();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { post, language, action, lack } = this;
    if (post === undefined) return nothing;
    const words = changesWordsIn(language);
    const lacks = { 'note-missing': words.retractNoteMissing, 'note-too-long': words.noteTooLong, 'not-stored': words.notStored };
    return html`<dialog class="desk-dialog desk-withdraw" lang=${language} dir=${directionOf(language)} aria-labelledby="withdraw-name" @close=${() => this.close()}>
<div class="desk-change-head"><h2 id="withdraw-name">${words[action]}</h2><button type="button" class="desk-remove" aria-label=${words.close} title=${words.close} @click=${() => this.close()}>×</button></div>
<p class="desk-withdraw-title" dir="auto">${titleOfPost(post)}</p>
${lack === undefined ? nothing : html`<p class="desk-notice desk-warning" role="alert">${lacks[lack]}</p>`}
${action === 'retract' ? this.#retraction(words) : this.#takedown(words)}
</dialog>`;
  }

  #retraction(words: ChangesWords): TemplateResult {
    return html`<p>${words.retractAbout}</p>${this.#noteField(words.retractNote, undefined)}
<div class="desk-buttons"><button type="button" class="desk-button" @click=${() => this.#retract()}>${words.retractDo}</button>${this.#closeButton(words)}</div>`;
  }

  #takedown(words: ChangesWords): TemplateResult {
    switch (this.step) {
      case 'note':
        return html`<p>${words.takedownErases}</p><p>${words.takedownKeeps}</p>
<p>${words.takedownCannotHead}</p><ul class="desk-points">${words.takedownCannot.map((sentence) => html`<li>${sentence}</li>`)}</ul>
${this.#noteField(words.takedownNote, words.takedownNoteHint)}
${this.post?.status === 'published' ? this.#onlyOneName(words) : nothing}
<div class="desk-buttons"><button type="button" class="desk-button" @click=${() => this.#goOn()}>${words.goOn}</button>${this.#closeButton(words)}</div>`;
      case 'sure':
        return html`<p class="desk-step" tabindex="-1"><strong>${words.sure}</strong> ${words.takedownKeeps}</p>
<div class="desk-buttons"><button type="button" class="desk-button desk-erase" @click=${() => this.#takeDown()}>${words.takedownDo}</button>
<button type="button" class="desk-button plain" @click=${() => (this.step = 'note')}>${words.back}</button></div>`;
      case 'sent':
        return html`<div class="desk-step" tabindex="-1" role="status">${this.#outcome(words)}</div><div class="desk-buttons">${this.#closeButton(words)}</div>`;
    }
  }

  #onlyOneName(words: ChangesWords): TemplateResult {
    const instead = () => {
      const { post } = this;
      this.close();
      this.dispatchEvent(new CustomEvent('desk-erase-name', { detail: { postId: post?.id }, bubbles: true }));
    };
    return html`<p class="desk-notice">${words.onlyOneName} <button type="button" class="desk-quiet" @click=${instead}>${words.eraseName}</button></p>`;
  }

  #outcome(words: ChangesWords): TemplateResult {
    const outcome = this.#known;
    switch (outcome.is) {
      case 'on-its-way':
        return html`<p>${words.erasing}</p>`;
      case 'not-done':
        return html`<p>${words.notErased}</p>`;
      case 'erased':
        return html`<p>${words.erased}</p>`;
      case 'pending':
        return html`<p>${words.erasurePending}</p><ul class="desk-points" lang="en" dir="ltr">${outcome.pending.map(({ where, why }) => html`<li>${where}: ${why}</li>`)}</ul>`;
    }
  }

  #noteField(label: string, hint: string | undefined): TemplateResult {
    const { channel, note, lack } = this;
    const input = ({ target }: { target: HTMLTextAreaElement }) => {
      this.note = target.value;
    };
    const isLacking = lack === 'note-missing' || lack === 'note-too-long';
    return html`<div class="composer-field"><label for="withdraw-note">${label}</label>
<textarea id="withdraw-note" rows="3" dir="auto" lang=${channel?.language ?? nothing} spellcheck="true" aria-required=${this.action === 'retract'} aria-invalid=${isLacking}
 aria-describedby=${hint === undefined ? nothing : 'withdraw-hint'} .value=${note} @input=${input} @keydown=${this.#onKey}></textarea>
${hint === undefined ? nothing : html`<small id="withdraw-hint" class="desk-hint">${hint}</small>`}</div>`;
  }

  #closeButton(words: ChangesWords): TemplateResult {
    return html`<button type="button" class="desk-button plain" @click=${() => this.close()}>${words.close}</button>`;
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.isComposing || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    if (this.action === 'retract') void this.#retract();
    else this.#goOn();
  };

  /** Whether the note can be sent. A takedown needs none. */
  #checkNote(): boolean {
    const note = this.note.trim();
    const isMissing = this.action === 'retract' && note === '';
    this.lack = isMissing ? 'note-missing' : isWithin(note, noteCharacters) ? undefined : 'note-too-long';
    if (this.lack !== undefined) this.querySelector('textarea')?.focus();
    return this.lack === undefined;
  }

  #goOn(): void {
    if (this.#checkNote()) this.step = 'sure';
  }

  async #retract(): Promise<void> {
    const { post, channel } = this;
    if (post === undefined || channel === undefined || !this.#checkNote()) return;
    const write: Write = {
      type: 'retract',
      channelId: channel.id,
      postId: post.id,
      expected: post.revision,
      note: this.note.trim(),
    };
    if (await this.#send(write, new ComposerMemory(this.session.ownerKey).undoSeconds)) this.close();
  }

  /** Its two steps take the place of the time for undoing it. */
  async #takeDown(): Promise<void> {
    const { post, channel } = this;
    if (post === undefined || channel === undefined) return;
    const note = this.note.trim() || null;
    const entry = await this.#send({ type: 'takedown', channelId: channel.id, postId: post.id, note }, 0);
    if (entry === undefined) return;
    this.entryId = entry.id;
    this.step = 'sent';
  }

  /** Undefined if it could not be stored, or is being stored already. */
  async #send(write: Write, holdSeconds: number): Promise<OutboxEntry | undefined> {
    if (this.#isSending) return undefined;
    this.#isSending = true;
    try {
      const title = this.post && titleOfPost(this.post);
      return await this.outbox.add(write, {
        holdMs: holdSeconds * 1_000,
        urgent: holdSeconds === 0,
        ...(title && { title }),
      });
    } catch (error) {
      console.warn('The withdrawal could not be stored.', error);
      this.lack = 'not-stored';
      return undefined;
    } finally {
      this.#isSending = false;
    }
  }
}
