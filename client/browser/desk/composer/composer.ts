import { nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { Channel } from '../../../../src/protocol/model.ts';
import { mayAuthor } from '../../../../src/protocol/rights.ts';
import { newPostId } from '../../../lib/ids.ts';
import { clockIn } from '../app/coverage-time.ts';
import { RoomElement } from '../app/room-element.ts';
import { type Draft, keyOf, type SetAside } from '../drafts/drafts.ts';
import { firstWords, titleOf } from '../drafts/write-title.ts';
import { type BodyEditor, createEditor } from '../editor/editor.ts';
import { composerWordsIn } from '../i18n/composer/index.ts';
import { hindranceOf, type Write } from '../outbox/outbox-model.ts';
import { tellIfSlow } from '../outbox/slow-storage.ts';
import { type SpokenStatus, spokenText } from '../outbox/spoken-status.ts';
import { principalOf } from '../session/session.ts';
import { composerView } from './composer-view.ts';
import { ComposerMemory } from './device-memory.ts';
import type { PostForm } from './form.ts';
import { fitHeadline } from './head-fields.ts';
import { draftOf, emptyDraft, hasContent, type Lack, type PostDraft, toNewPost } from './post-draft.ts';
import type { DeskPostSearch, FoundPost } from './post-search.ts';
import { lacksOfDraft } from './render-draft.ts';
import { followScreen } from './screen-space.ts';

/**
 * `<desk-composer>`: the form for new posts, always open. On a phone it is a line at the bottom until it is touched. Its text becomes
 * a draft on this device, and publishing hands the post to the outbox.
 */
export class DeskComposer extends RoomElement {
  static override properties = {
    channelId: { attribute: false },
    channel: { attribute: false },
    folded: { type: Boolean, reflect: true },
    previewing: { state: true },
    lacks: { state: true },
    notice: { state: true },
    isStoring: { state: true },
    announcement: { state: true },
    restoredAt: { state: true },
    aside: { state: true },
    moreOpen: { state: true },
    linking: { state: true },
  };
  declare channelId: string;
  declare channel: Channel | undefined;
  /** One line on a phone. Has no effect on a wide page. */
  declare folded: boolean;
  declare previewing: boolean;
  declare moreOpen: boolean;
  /** Whether the field for the address of a link is shown. */
  declare private linking: boolean;
  /** The lacks that are shown. Undefined until the author tries to publish. */
  declare private lacks: Lack[] | undefined;
  declare private notice: 'not-stored' | 'open-elsewhere' | undefined;
  /** A post was published, and the device takes long to store it. */
  declare private isStoring: boolean;
  /** The text that screen readers announce. */
  declare private announcement: SpokenStatus | undefined;
  /** The time at which the reopened draft was written, in milliseconds since 1970. */
  declare private restoredAt: number | undefined;
  /** The text that made way for this one. */
  declare private aside: SetAside | undefined;
  /** The headlines of the posts that this one may restate, by id. */
  readonly titles = new Map<string, string>();
  #memory: ComposerMemory | undefined;
  #draft: PostDraft = emptyDraft(newPostId());
  #editor: BodyEditor | undefined;
  readonly #id = nextId();

  constructor() {
    super();
    this.folded = true;
    this.previewing = false;
    this.moreOpen = false;
    this.linking = false;
    this.isStoring = false;
  }

  protected override enter(): (() => void)[] {
    if (!this.#mayWrite) return [];
    this.#draft = this.#fresh();
    void this.#reopen();
    return [
      this.drafts.onOpen((draft, ifFree) => this.#open(draft, ifFree)),
      this.drafts.subscribe(() => this.requestUpdate()),
      this.outbox.subscribe(() => this.announcement && this.requestUpdate()),
      this.keys.subscribe(() => this.requestUpdate()),
      this.keys.register(
        { keys: 'n', label: () => this.#words.keyWrite, run: () => this.#writeFromKey() },
        { keys: 'Mod+Enter', label: () => this.#words.keyPublish, run: () => this.#publishHere() },
        { keys: 'Escape', label: () => this.#words.fold, run: () => this.#fold() },
      ),
      followScreen(this),
      () => this.#leave(),
    ];
  }

  get draft(): PostDraft {
    return this.#draft;
  }

  get memory(): ComposerMemory {
    this.#memory ??= new ComposerMemory(this.session.ownerKey);
    return this.#memory;
  }

  get #words() {
    return composerWordsIn(this.language);
  }

  get #key(): string {
    return keyOf(this.#write);
  }

  get #write(): Write & { type: 'publish' } {
    return { type: 'publish', channelId: this.channelId, post: toNewPost(this.#draft) };
  }

  get #mayWrite(): boolean {
    return mayAuthor(principalOf(this.session), this.channelId);
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.#mayWrite) return nothing;
    const { channel, session, drafts, language } = this;
    return composerView(this.form, {
      composer: this,
      editor: this.#editor,
      isLinking: this.linking,
      drafts,
      channel,
      byline: session.name,
      memory: this.memory,
      lacks: this.lacks ?? [],
      notice: this.notice,
      isStoring: this.isStoring,
      announcement: spokenText(this.announcement, this.outbox.entries),
      restoredAt: this.restoredAt === undefined ? undefined : clockIn(channel, new Date(this.restoredAt).toISOString(), language),
      aside: this.aside,
      foldedText: firstWords(this.#draft.headline || this.#draft.body),
      language,
    });
  }

  get form(): PostForm {
    const draft = () => this.#draft;
    return {
      get draft() {
        return draft();
      },
      language: this.language,
      channelId: this.channelId,
      outbox: this.outbox,
      credits: this.memory.credits,
      redraw: () => this.requestUpdate(),
      words: this.#words,
      spelling: this.channel?.language,
      lacks: this.lacks ?? [],
      id: (name) => `${this.#id}-${name}`,
      change: (fields) => this.change(fields),
      goTo: (path) => this.goTo(path),
    };
  }

  protected override updated(changed: PropertyValues): void {
    if (this.#editor === undefined) this.#makeEditor();
    if (this.previewing && changed.has('previewing'))
      this.querySelector('.composer-preview')?.scrollIntoView({ block: 'nearest' });
    fitHeadline(this);
  }

  /** Opens the composer and puts the cursor into its text. */
  write(): void {
    this.folded = false;
    void this.updateComplete.then(() => this.#editor?.focus());
  }

  fold(): void {
    this.folded = true;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>('.composer-unfold')?.focus());
  }

  change(fields: Partial<PostDraft>): void {
    const hadContent = hasContent(this.#draft);
    this.#draft = { ...this.#draft, ...fields };
    if (this.lacks !== undefined) this.lacks = this.#lacksNow;
    this.notice = undefined;
    this.requestUpdate();
    if (hasContent(this.#draft)) {
      if (!hadContent) void this.drafts.claim(this.#key);
      this.drafts.save(this.#write);
    } else if (hadContent) void this.drafts.discard(this.#key);
  }

  /** Moves the draft to the list, unless it is empty, and begins another. */
  putAside(): void {
    if (hasContent(this.#draft)) {
      this.drafts.save(this.#write);
      void this.drafts.putAside(this.#key);
    }
    this.#setDraft(this.#fresh());
    this.write();
  }

  setLinking(isLinking: boolean): void {
    this.linking = isLinking;
    if (isLinking) void this.updateComplete.then(() => this.querySelector<HTMLElement>('.composer-link input')?.focus());
  }

  search(): void {
    // Its room may still be loading.
    void customElements
      .whenDefined('desk-post-search')
      .then(() => this.querySelector<DeskPostSearch>('desk-post-search')?.open());
  }

  link({ id, title }: FoundPost): void {
    this.#editor?.insert(`[${title.replace(/[\\[\]]/g, '\\$&')}](post:${id})`);
    this.#editor?.focus();
  }

  restate({ id, title }: FoundPost, restates: boolean): void {
    this.titles.set(id, title);
    const others = this.#draft.derivedFrom.filter((other) => other !== id);
    this.change({ derivedFrom: restates ? [...others, id] : others });
  }

  async publish(): Promise<void> {
    if (!hasContent(this.#draft)) return this.write();
    this.lacks = this.#lacksNow;
    const [first] = this.lacks;
    if (first !== undefined) return this.goTo(first.path);
    const [draft, write, key] = [this.#draft, this.#write, this.#key];
    const urgent = draft.kind === 'breaking';
    const seconds = urgent ? 0 : this.memory.undoSeconds;
    this.memory.remember(write.post.authors ?? [], write.post.media);
    this.drafts.save(write);
    this.#setDraft(this.#fresh());
    // On a phone, the post and its state are below the composer.
    if (this.#canFold) this.fold();
    else this.write();
    try {
      const store = async () => {
        await this.drafts.handOver(key);
        return await this.outbox.add(write, { holdMs: seconds * 1_000, urgent });
      };
      const { id: entryId } = await tellIfSlow(store(), (isSlow) => this.#tellStoring(isSlow));
      const isHindered = hindranceOf(this.outbox.delivery, navigator.onLine) !== undefined;
      const { savedHere, sentAtOnce, heldFor } = this.#words;
      this.announcement = isHindered
        ? { entryId, text: savedHere, states: ['held', 'saved'] }
        : seconds === 0
          ? { entryId, text: sentAtOnce, states: ['saved', 'sending'] }
          : { entryId, text: heldFor(String(seconds)), states: ['held'] };
    } catch (error) {
      console.warn('The post could not be stored.', error);
      this.drafts.save(write, { place: 'list' });
      if (!hasContent(this.#draft)) this.#take(draft);
      this.folded = false;
      this.notice = 'not-stored';
    }
  }

  #tellStoring(isSlow: boolean): void {
    this.isStoring = isSlow;
    if (isSlow) this.folded = false;
  }

  /** Puts the cursor into the field that a lack is about. */
  goTo(path: string): void {
    if (path === 'body') return this.write();
    this.folded = false;
    if (path !== 'headline') this.moreOpen = true;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(`[data-path="${CSS.escape(path)}"]`)?.focus());
  }

  get #lacksNow(): Lack[] {
    return lacksOfDraft(this.#draft, this.channelId, location.origin);
  }

  #fresh(): PostDraft {
    return emptyDraft(newPostId(), this.memory.lastAuthors);
  }

  async #reopen(): Promise<void> {
    const draft = await this.drafts.reopen(this.channelId, 'publish');
    if (draft === undefined) return;
    // The author has begun another post meanwhile.
    if (hasContent(this.#draft)) return void (await this.drafts.putAside(draft.key));
    this.#show(draft);
    this.restoredAt = draft.changedAt;
  }

  /** With `ifFree`, the draft stays in the list if another one is being written. */
  #open(draft: Draft, ifFree: boolean): boolean {
    if (draft.write.type !== 'publish' || draft.write.channelId !== this.channelId) return false;
    if (ifFree && hasContent(this.#draft) && draft.key !== this.#key) {
      void this.drafts.putAside(draft.key);
      return true;
    }
    void this.drafts.claim(draft.key).then((isClaimed) => {
      if (!isClaimed) {
        this.notice = 'open-elsewhere';
        return;
      }
      const isAnother = draft.key !== this.#key;
      const aside = isAnother && hasContent(this.#draft) ? { key: this.#key, title: titleOf({ write: this.#write }) } : undefined;
      if (isAnother) this.putAside();
      this.#show(draft);
      this.aside = aside;
      this.write();
    });
    return true;
  }

  #show({ write }: Draft): void {
    if (write.type === 'publish') this.#take(draftOf(write.post));
  }

  /** Continues a draft that is already stored. */
  #take(draft: PostDraft): void {
    this.#setDraft(draft);
    void this.drafts.claim(this.#key);
    this.drafts.save(this.#write);
  }

  #setDraft(draft: PostDraft): void {
    this.#draft = draft;
    this.lacks = undefined;
    this.notice = undefined;
    this.restoredAt = undefined;
    this.aside = undefined;
    const isPlain = draft.media.length + draft.sources.length + draft.derivedFrom.length === 0 && draft.verification === null;
    this.moreOpen = !isPlain;
    this.#editor?.setBody(draft.body);
    this.requestUpdate();
  }

  /** Adds a card for a pasted address. The author types its title. */
  #addCard(url: string): boolean {
    const at = this.#draft.media.length;
    this.change({ media: [...this.#draft.media, { type: 'link', url, title: '' }] });
    this.goTo(`media[${at}].title`);
    return true;
  }

  #makeEditor(): void {
    const parent = this.querySelector<HTMLElement>('.composer-editor');
    if (parent === null) return;
    this.#editor = createEditor(parent, {
      body: this.#draft.body,
      // `parent` has the language, because it may become known only later.
      language: undefined,
      label: this.#words.body,
      placeholder: this.#words.bodyPlaceholder,
      onChange: (body) => this.change({ body }),
      onSubmit: () => void this.publish(),
      onSelect: () => this.requestUpdate(),
      onLink: () => this.setLinking(true),
      onAddress: (url) => this.#addCard(url),
    });
    this.requestUpdate();
  }

  #leave(): void {
    this.#editor?.destroy();
    this.#editor = undefined;
    void this.drafts.flush();
    this.drafts.release(this.#key);
  }

  #writeFromKey(): boolean {
    this.write();
    return true;
  }

  /** `Mod+Enter` publishes what is being written, and does nothing elsewhere. */
  #publishHere(): boolean {
    if (!this.#isWriting) return false;
    void this.publish();
    return true;
  }

  /** Folds the composer, or leaves it where it is always open, so that letters are keys of the desk again. */
  #fold(): boolean {
    if (this.folded || !this.#isWriting) return this.#leaveOpen();
    if (!this.#canFold) return this.#leaveOpen();
    this.fold();
    return true;
  }

  /** Only on a phone. */
  get #canFold(): boolean {
    return (this.querySelector('.composer-fold')?.getClientRects().length ?? 0) > 0;
  }

  #leaveOpen(): boolean {
    const { activeElement } = document;
    if (!this.#isWriting || !(activeElement instanceof HTMLElement)) return false;
    activeElement.blur();
    return true;
  }

  /** Whether the cursor is in the composer and not in its dialog. */
  get #isWriting(): boolean {
    return this.contains(document.activeElement) && this.querySelector('dialog[open]') === null;
  }
}

let lastId = 0;

function nextId(): string {
  lastId += 1;
  return `composer-${lastId}`;
}
