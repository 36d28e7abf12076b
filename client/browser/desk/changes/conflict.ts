import { nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { AuthorPost } from '../../../../src/protocol/model.ts';
import { newPostId } from '../../../lib/ids.ts';
import { AuthorElement } from '../app/author-element.ts';
import { ComposerMemory } from '../composer/device-memory.ts';
import type { Drafts } from '../drafts/drafts.ts';
import { channelOf, type OutboxEntry, postOf, type Write } from '../outbox/outbox-model.ts';
import {
  type Choices,
  choicesToEdit,
  decisionOf,
  keepMine,
  type PostConflict,
  postConflict,
  type Standing,
} from './conflict-state.ts';
import { type ConflictDialog, conflictView } from './conflict-view.ts';
import { type PassageChoice, type PostField, proposedChoices, type Side } from './three-way.ts';

/**
 * `<desk-conflict>`: the dialog in which an author decides about a write that met another one. Whatever is decided, the text of the author is in the outbox again or in a draft before the entry is removed.
 */
export class DeskConflict extends AuthorElement implements ConflictDialog {
  static override properties = {
    drafts: { attribute: false },
    entry: { state: true },
    standing: { state: true },
    failed: { state: true },
    choices: { state: true },
  };
  declare drafts: Drafts;
  /** Undefined: the dialog is closed. */
  declare entry: OutboxEntry | undefined;
  declare standing: Standing | undefined;
  declare failed: ConflictDialog['failed'];
  declare choices: Choices;
  #conflict: PostConflict | undefined;
  #isDeciding = false;

  protected override render(): TemplateResult | typeof nothing {
    return this.entry === undefined ? nothing : conflictView(this, this.entry);
  }

  protected override updated(changed: PropertyValues): void {
    const dialog = this.querySelector('dialog');
    if (changed.has('entry') && dialog && !dialog.open) dialog.showModal();
  }

  /** Undefined unless the write revises a published post. */
  get conflict(): PostConflict | undefined {
    return this.#conflict;
  }

  get isWithdrawn(): boolean {
    return this.standing?.post !== undefined && this.standing.post.status !== 'published';
  }

  async open(entry: OutboxEntry): Promise<void> {
    this.entry = entry;
    await this.load(entry);
  }

  async load(entry: OutboxEntry): Promise<void> {
    this.standing = undefined;
    this.failed = undefined;
    this.#conflict = undefined;
    this.choices = { fields: {}, passages: [] };
    let standing: Standing;
    try {
      standing = await this.#standing(entry.write);
    } catch (error) {
      console.warn('The current version was not loaded.', error);
      if (this.entry === entry) this.failed = 'not-loaded';
      return;
    }
    // The author decides about another entry by now.
    if (this.entry !== entry) return;
    this.standing = standing;
    const { post } = standing;
    const { write } = entry;
    if (write.type !== 'revise' || post?.status !== 'published') return;
    this.#conflict = postConflict({ ...entry, write }, post);
    this.choices = { fields: {}, passages: proposedChoices(this.#conflict.passages) };
  }

  async #standing(write: Write): Promise<Standing> {
    const channelId = channelOf(write);
    const postId = postOf(write);
    const options = { deadlineMs: readMs };
    const [channel, post] = await Promise.all([
      this.client.getChannel(channelId, options),
      postId === undefined ? undefined : this.client.getPost(channelId, postId, options),
    ]);
    // Without its text: the session has ended, and a reader's view was answered.
    if (post !== undefined && !('body' in post)) throw new Error('The text of the post was not answered.');
    return { channel, post: post as AuthorPost | undefined };
  }

  chooseField(field: PostField, side: Side): void {
    this.choices = { ...this.choices, fields: { ...this.choices.fields, [field]: side } };
  }

  choosePassage(at: number, choice: PassageChoice): void {
    const passages = [...this.choices.passages];
    passages[at] = choice;
    this.choices = { ...this.choices, passages };
  }

  /** The outcome of the choices until now. */
  get decision(): ConflictDialog['decision'] {
    return this.#conflict && decisionOf(this.#conflict, this.choices);
  }

  async publishDecided(): Promise<void> {
    const { decision, entry } = this;
    if (entry && decision?.status === 'decided') await this.#replace(entry, decision.write);
    if (decision?.status === 'nothing-left') await this.keepDraft();
  }

  /** The result becomes a draft, based on their version. The entry with my text stays until that draft is published. */
  async editResult(): Promise<void> {
    const { entry, standing } = this;
    const conflict = this.#conflict;
    if (entry === undefined || standing?.post === undefined || conflict === undefined) return;
    const decision = decisionOf(conflict, choicesToEdit(conflict, this.choices));
    const { write } = conflict;
    const result =
      decision.status === 'decided'
        ? decision.write
        : { ...write, expected: standing.post.revision, revision: { ...write.revision, changes: {} } };
    await this.#once(async () => {
      const key = this.drafts.giveBack(result, { base: standing.post, place: 'composer', replaces: entry.id });
      await this.drafts.flush();
      this.close();
      this.drafts.open(key);
    });
  }

  /** Sends my version, based on the current one. */
  async keepMine(): Promise<void> {
    const { entry, standing } = this;
    if (entry === undefined || standing === undefined) return;
    const { write } = entry;
    switch (write.type) {
      case 'revise': {
        const kept = this.#conflict && keepMine(this.#conflict);
        return kept?.status === 'decided' ? this.#replace(entry, kept.write) : this.keepDraft();
      }
      case 'retract':
      case 'takedown':
        return standing.post ? this.#replace(entry, { ...write, expected: standing.post.revision }) : this.#remove(entry);
      case 'update-channel':
        return this.#replace(entry, { ...write, expected: standing.channel.revision });
      case 'publish':
      case 'create-channel':
        return this.keepDraft();
    }
  }

  /** Leaves the other version as it is. My text becomes a draft. */
  async keepDraft(): Promise<void> {
    const { entry } = this;
    if (entry === undefined) return;
    await this.#once(async () => {
      const { write, base, basedOn } = entry;
      // Another post has the id of this one.
      const kept: Write = write.type === 'publish' ? { ...write, post: { ...write.post, id: newPostId() } } : write;
      if (write.type !== 'retract' && write.type !== 'takedown') this.drafts.giveBack(kept, { base, basedOn, place: 'list' });
      await this.drafts.flush();
      await this.#remove(entry);
    });
  }

  close(): void {
    this.querySelector('dialog')?.close();
    this.entry = undefined;
    this.standing = undefined;
  }

  /** The new entry is stored before the old one is removed. */
  async #replace(entry: OutboxEntry, write: Write): Promise<void> {
    const base = this.standing?.post;
    const holdMs = new ComposerMemory(this.session.ownerKey).undoSeconds * 1_000;
    await this.#once(async () => {
      try {
        await this.outbox.add(write, { holdMs, ...(base && { base }) });
      } catch (error) {
        console.warn('The decision could not be stored.', error);
        this.failed = 'not-stored';
        return;
      }
      await this.#remove(entry);
    });
  }

  /** A second press of a button does not decide again. */
  async #once(decide: () => Promise<void>): Promise<void> {
    if (this.#isDeciding) return;
    this.#isDeciding = true;
    try {
      await decide();
    } finally {
      this.#isDeciding = false;
    }
  }

  /** The author may have closed the dialog meanwhile, and opened it for another entry. */
  async #remove(entry: OutboxEntry): Promise<void> {
    await this.outbox.discard(entry.id);
    await this.drafts.forget(entry.write);
    if (this.entry === entry) this.close();
  }
}

/** How long to wait for the current version, in milliseconds. */
const readMs = 8_000;
