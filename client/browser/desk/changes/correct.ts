import { nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { AuthorPost, Channel, ReaderPost, RevisionKind } from '../../../../src/protocol/model.ts';
import { mayErase } from '../../../../src/protocol/rights.ts';
import { ProblemError } from '../../../lib/http.ts';
import { languageOf } from '../../i18n/languages.ts';
import { RoomElement } from '../app/room-element.ts';
import { ComposerMemory } from '../composer/device-memory.ts';
import type { PostForm } from '../composer/form.ts';
import { fitHeadline } from '../composer/head-fields.ts';
import type { Lack } from '../composer/post-draft.ts';
import { followScreen } from '../composer/screen-space.ts';
import type { Draft, SetAside } from '../drafts/drafts.ts';
import { titleOf } from '../drafts/write-title.ts';
import { type BodyEditor, createEditor } from '../editor/editor.ts';
import type { TextPlace } from '../editor/place-in-text.ts';
import { changesWordsIn } from '../i18n/changes/index.ts';
import { composerWordsIn } from '../i18n/composer/index.ts';
import { holds } from '../outbox/lookup.ts';
import type { OutboxEntry } from '../outbox/outbox-model.ts';
import { tellIfSlow } from '../outbox/slow-storage.ts';
import { principalOf } from '../session/session.ts';
import { basePostOf } from './base-post.ts';
import {
  beginChange,
  type ChangeLack,
  type ChangeState,
  changeLacksOf,
  fieldLacksOf,
  isChanged,
  restoredChange,
  withSuggestion,
  withTheirs,
  writeOf,
} from './change-state.ts';
import { type CorrectForm, correctView } from './correct-view.ts';
import { goToField, goToNote, isNoteInView, isTypedInto, pathOfLack, showNote } from './form-focus.ts';
import { fieldsOf } from './three-way.ts';

/**
 * `<desk-correct>`: a published post that is being edited, in place of the post. The author says in plain words what kind of change it
 * is, and sees it as readers will. What is typed is a draft on this device; publishing hands it to the outbox. Ends with the event
 * `desk-close`, which may have a sentence in `said`.
 */
export class DeskCorrect extends RoomElement implements CorrectForm {
  static override properties = {
    channel: { attribute: false },
    postId: { attribute: false },
    current: { attribute: false },
    erases: { attribute: false },
    draftKey: { attribute: false },
    failed: { state: true },
    change: { state: true },
    lacks: { state: true },
    changeLacks: { state: true },
    opened: { state: true },
    notice: { state: true },
    theirs: { state: true },
    linking: { state: true },
    asking: { state: true },
  };
  declare channel: Channel;
  declare postId: string;
  /** The post as readers have it now. */
  declare current: ReaderPost | undefined;
  /** Begins with the choice to erase the earlier versions. */
  declare erases: boolean;
  /** The draft to go on with, which is claimed. Undefined: the one of the post, or another if that one is open elsewhere. */
  declare draftKey: string | undefined;
  declare failed: boolean;
  /** Undefined until the text of the post is loaded. */
  declare change: ChangeState | undefined;
  /** The fields that the post lacks. Empty until the author tries to publish. */
  declare lacks: readonly Lack[];
  declare changeLacks: readonly ChangeLack[];
  declare opened: CorrectForm['opened'];
  declare notice: CorrectForm['notice'];
  declare linking: boolean;
  declare asking: boolean;
  /** The change of another post that made way for this one. */
  aside: SetAside | undefined;
  /** The place in the text that was pressed when the form was opened. */
  place: TextPlace | undefined;
  /** The post with the change that somebody else made meanwhile, once it is loaded. */
  declare theirs: AuthorPost | undefined;
  #basedOn: string | undefined;
  editor: BodyEditor | undefined;
  /** The newest revision by somebody else whose text was asked for. */
  #asked = 0;
  /** The note that its author has had before their eyes. */
  #seenNote: string | undefined;
  #isPublishing = false;

  constructor() {
    super();
    this.erases = false;
    this.failed = false;
    this.lacks = [];
    this.changeLacks = [];
    this.linking = false;
    this.asking = false;
  }

  protected override enter(): (() => void)[] {
    const words = () => changesWordsIn(this.language);
    if (this.change === undefined) void this.load();
    return [
      this.keys.register(
        { keys: 'Mod+Enter', label: () => words().publish, run: () => this.#ifWriting(() => this.publish()) },
        { keys: 'Escape', label: () => words().close, run: () => this.#ifWriting(() => this.close()) },
      ),
      followScreen(this),
      () => this.#leave(),
    ];
  }

  protected override render(): TemplateResult | typeof nothing {
    return this.channel === undefined ? nothing : correctView(this);
  }

  protected override updated(changed: PropertyValues): void {
    if (this.change !== undefined && this.editor === undefined) this.#makeEditor(this.change);
    fitHeadline(this);
    if (changed.has('current')) this.requestUpdate();
    if (this.meanwhile === 'changed') void this.#readTheirs();
    // The note appears with its kind, and may be suggested. Its author sees it before it is published.
    const before = changed.get('change') as ChangeState | undefined;
    if (before !== undefined && before.kind !== this.change?.kind) {
      showNote(this);
      if (isNoteInView(this)) this.#seenNote = this.change?.note;
    }
    const question = this.querySelector<HTMLDialogElement>('.desk-kind-question');
    if (question && !question.open) question.showModal();
  }

  // ---- What the view shows

  get form(): PostForm {
    const draft = () => (this.change as ChangeState).draft;
    return {
      get draft() {
        return draft();
      },
      language: this.language,
      channelId: this.channel.id,
      outbox: this.outbox,
      credits: this.memory.credits,
      redraw: () => {
        if (this.change) this.change = { ...this.change };
      },
      words: composerWordsIn(this.language),
      spelling: this.channel.language,
      lacks: this.lacks,
      id: (name) => `correct-${this.postId}-${name}`,
      goTo: (path) => void this.updateComplete.then(() => goToField(this, path)),
      change: (fields) => this.change && this.set({ draft: { ...this.change.draft, ...fields } }),
    };
  }

  get memory(): ComposerMemory {
    return new ComposerMemory(this.session.ownerKey);
  }

  get mayErase(): boolean {
    return mayErase(principalOf(this.session), this.channel.id);
  }

  get follows(): boolean {
    return this.#basedOn !== undefined;
  }

  get meanwhile(): CorrectForm['meanwhile'] {
    const { current, change } = this;
    if (current === undefined || change === undefined) return undefined;
    if (current.status !== 'published') return 'withdrawn';
    return !this.follows && current.revision > change.base.revision ? 'changed' : undefined;
  }

  /** The entry in conflict that this change replaces. */
  get replaced(): OutboxEntry | undefined {
    const replaces = this.draftKey === undefined ? undefined : this.drafts.get(this.draftKey)?.replaces;
    return this.outbox.entries.find(({ id }) => id === replaces);
  }

  /** What is being written. Undefined if nothing is. */
  get written(): SetAside | undefined {
    const { change, draftKey: key } = this;
    if (change === undefined || key === undefined || !isChanged(change)) return undefined;
    return { key, title: titleOf({ write: writeOf(change), base: change.base }) };
  }

  focusBody(): void {
    this.editor?.focus();
  }

  setLinking(isLinking: boolean): void {
    this.linking = isLinking;
    if (isLinking) void this.updateComplete.then(() => this.querySelector<HTMLElement>('.composer-link input')?.focus());
  }

  // ---- Changing

  set(fields: Partial<ChangeState>): void {
    if (this.change === undefined) return;
    const next = { ...this.change, ...fields };
    const change = 'note' in fields ? next : withSuggestion(next, languageOf(this.channel.language));
    this.change = change;
    if (this.lacks.length > 0) this.lacks = this.#lacksNow;
    if (this.changeLacks.length > 0) this.changeLacks = changeLacksOf(change);
    if (this.notice === 'took-over') this.notice = undefined;
    if (isChanged(change)) this.#save(change);
  }

  #save(change: ChangeState): void {
    this.drafts.save(writeOf(change), { key: this.#key, base: change.base, basedOn: this.#basedOn });
  }

  callWrong(): void {
    this.asking = false;
    this.set({ kind: 'correction' });
    void this.updateComplete.then(() => goToNote(this));
  }

  /** Adds what a colleague has changed meanwhile. What both changed is decided when the change is published. */
  async takeOver(): Promise<void> {
    const theirs = await this.#read().catch(() => undefined);
    const { change } = this;
    if (theirs === undefined || change === undefined) return;
    const merged = withTheirs(change, theirs);
    if (merged === undefined) {
      this.notice = 'both-changed';
      return;
    }
    this.#basedOn = undefined;
    this.set(merged);
    this.editor?.setBody(merged.draft.body);
    this.notice = 'took-over';
  }

  // ---- Loading

  async load(): Promise<void> {
    this.failed = false;
    const { outbox, postId, drafts } = this;
    let post: AuthorPost | undefined;
    try {
      post = await this.#read();
    } catch (error) {
      // A post that is still in the outbox is not on the server yet.
      if (!(error instanceof ProblemError) || error.problem.code !== 'not-found') console.warn('The post was not loaded.', error);
    }
    if (!(await this.#claim())) return;
    const found = basePostOf(post, postId, outbox.entries);
    const draft = drafts.get(this.#key);
    const write = draft?.write.type === 'revise' && draft.place !== 'outbox' ? draft.write : undefined;
    // A change that was put aside goes on from where it began, so that changes in between are noticed.
    const base = write && draft?.base?.revision === write.expected ? draft.base : found?.post;
    if (base === undefined || base.status !== 'published') {
      this.failed = true;
      return;
    }
    this.#basedOn = base === found?.post ? found.basedOn : this.#stillBasedOn(draft, post);
    this.change = write === undefined ? beginChange(base) : restoredChange(write, base);
    if (write !== undefined) this.opened = draft?.carriedOver ? 'carried-over' : 'restored';
    if (this.erases) this.set({ eraseEarlier: true, kind: 'correction' });
  }

  /** Undefined once the server has the revision from which the draft began. */
  #stillBasedOn(draft: Draft | undefined, post: AuthorPost | undefined): string | undefined {
    const { base, basedOn } = draft ?? {};
    const isThere = base !== undefined && post?.revision === base.revision && holds(post, fieldsOf(base));
    return isThere ? undefined : basedOn;
  }

  /** Returns false if the form was closed meanwhile. */
  async #claim(): Promise<boolean> {
    const key = this.draftKey ?? (await this.drafts.claimAny(`revise:${this.postId}`));
    this.draftKey = key;
    if (!this.isConnected) this.drafts.release(key);
    return this.isConnected;
  }

  /** Loads the post as somebody else has changed it, so that the form names them and shows their words. */
  async #readTheirs(): Promise<void> {
    const revision = this.current?.revision ?? 0;
    if (revision <= this.#asked) return;
    this.#asked = revision;
    this.theirs = await this.#read().catch(() => undefined);
  }

  async #read(): Promise<AuthorPost | undefined> {
    const post = await this.client.getPost(this.channel.id, this.postId, { deadlineMs: readMs });
    return 'body' in post ? (post as AuthorPost) : undefined;
  }

  #makeEditor({ draft }: ChangeState): void {
    const parent = this.querySelector<HTMLElement>('.composer-editor');
    if (parent === null) return;
    this.editor = createEditor(parent, {
      body: draft.body,
      language: this.channel.language,
      label: composerWordsIn(this.language).body,
      placeholder: '',
      onChange: (body) => this.form.change({ body }),
      onSubmit: () => void this.publish(),
      onSelect: () => this.requestUpdate(),
      onLink: () => this.setLinking(true),
    });
    // Somebody who has gone on writing elsewhere meanwhile goes on there.
    if (!isTypedInto(document.activeElement)) this.editor.focus(this.place ?? 'end');
    this.requestUpdate();
  }

  #leave(): void {
    this.editor?.destroy();
    this.editor = undefined;
    void this.drafts.flush();
    if (this.draftKey !== undefined) this.drafts.release(this.draftKey);
  }

  // ---- Publishing

  async publish(): Promise<void> {
    const { change, drafts } = this;
    if (change === undefined || this.#isPublishing) return;
    this.lacks = this.#lacksNow;
    this.changeLacks = changeLacksOf(change);
    if (this.#mustAsk(change)) {
      this.changeLacks = [];
      this.asking = true;
      return;
    }
    if (this.lacks.length + this.changeLacks.length > 0) return this.#goToLack();
    const { base } = change;
    const write = writeOf(change);
    this.#isPublishing = true;
    try {
      this.#save(change);
      const store = async () => {
        await drafts.handOver(this.#key);
        await this.outbox.add(write, {
          holdMs: this.memory.undoSeconds * 1_000,
          base,
          ...(this.#basedOn !== undefined && { basedOn: this.#basedOn }),
        });
      };
      await tellIfSlow(store(), (isSlow) => {
        this.notice = isSlow ? 'storing' : undefined;
      });
      // The change that lost stays until the text that its author made of it is in the outbox too.
      const lost = this.replaced;
      if (lost !== undefined && (await this.outbox.discard(lost.id).catch(() => undefined))) await drafts.forget(lost.write);
      this.#end(changesWordsIn(this.language).handedOver);
    } catch (error) {
      console.warn('The change could not be stored.', error);
      this.#save(change);
      this.notice = 'not-stored';
    } finally {
      this.#isPublishing = false;
    }
  }

  async answer(kind: RevisionKind): Promise<void> {
    if (!this.asking) return;
    this.asking = false;
    this.set({ kind });
    // The note stood beside the answer.
    this.#seenNote = this.change?.note;
    await this.updateComplete;
    await this.publish();
  }

  stopAsking(): void {
    if (this.asking) this.focusBody();
    this.asking = false;
  }

  /** Only the kind is missing, or readers would get a suggested note that its author has not seen. */
  #mustAsk({ note, suggested, kind }: ChangeState): boolean {
    if (this.lacks.length > 0 || this.changeLacks.some((lack) => lack !== 'kind')) return false;
    const isSuggested = kind !== 'refile' && suggested.certain && note === suggested.note;
    return kind === undefined || (isSuggested && note !== this.#seenNote && !isNoteInView(this));
  }

  /** Keeps what was written as a draft, also a draft that is not loaded yet. */
  async close(): Promise<void> {
    const { change, drafts } = this;
    const key = this.draftKey ?? `revise:${this.postId}`;
    const isWritten = change !== undefined && isChanged(change);
    // The copy of a change that is in the outbox stays until the server has it.
    if (!isWritten && drafts.get(key)?.place === 'outbox') return this.#end();
    if (change !== undefined && !isWritten) return this.discard();
    if (change !== undefined) this.#save(change);
    await drafts.putAside(key);
    this.#end(isWritten ? changesWordsIn(this.language).keptAsDraft : undefined);
  }

  async discard(): Promise<void> {
    await this.drafts.discard(this.#key);
    this.#end();
  }

  #end(said = ''): void {
    this.dispatchEvent(new CustomEvent('desk-close', { detail: { said }, bubbles: true }));
  }

  get #lacksNow(): Lack[] {
    return this.change ? fieldLacksOf(this.change, location.origin) : [];
  }

  async #goToLack(): Promise<void> {
    await this.updateComplete;
    goToField(this, pathOfLack(this.lacks, this.changeLacks));
  }

  /** Known once the post is loaded. */
  get #key(): string {
    return this.draftKey as string;
  }

  #ifWriting(run: () => Promise<void>): boolean {
    if (!this.contains(document.activeElement)) return false;
    void run();
    return true;
  }
}

/** How long to wait for the text of the post, in milliseconds. */
const readMs = 8_000;
