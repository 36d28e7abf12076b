import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { type Channel, type Event as ChannelEvent, type ReaderPost, readerView } from '../../../../src/protocol/model.ts';
import type { LiveReader } from '../../../lib/live-reader.ts';
import { held, type Timeline } from '../../../lib/timeline/timeline-model.ts';
import { postBeingRead } from '../../scroll-anchor.ts';
import { wordsOf } from '../../view/wording/time.ts';
import { windowViewport } from '../../viewport.ts';
import { RoomElement } from '../app/room-element.ts';
import type { NamedChange } from '../changes/conflict-state.ts';
import type { DeskCorrect } from '../changes/correct.ts';
import { pressedPlace } from '../changes/pressed-place.ts';
import type { DeskRetractedText } from '../changes/retracted-text.ts';
import type { DeskWithdraw } from '../changes/withdraw.ts';
import type { Draft } from '../drafts/drafts.ts';
import { titleOfPost } from '../drafts/write-title.ts';
import type { TextPlace } from '../editor/place-in-text.ts';
import { composerWordsIn } from '../i18n/composer/index.ts';
import { type TimelineWords, timelineWordsIn } from '../i18n/timeline/index.ts';
import { isPublishedHere, type OutboxEntry, postOf } from '../outbox/outbox-model.ts';
import { principalOf } from '../session/session.ts';
import { OwnPosts } from './own-posts.ts';
import { actionsOn, type PostAction } from './post-rights.ts';
import { noticedChange, TimelinePosts } from './timeline-posts.ts';

interface EditOptions {
  erases?: boolean;
  draftKey?: string;
  /** The pressed place in the text. */
  place?: TextPlace | undefined;
}

/** `<desk-timeline>`: a coverage as readers see it, with the buttons of its authors. */
export class DeskTimeline extends RoomElement {
  static override properties = {
    channelId: { attribute: false },
    reader: { attribute: false },
    channel: { attribute: false },
    loading: { state: true },
    failed: { state: true },
    isElsewhere: { state: true },
  };
  declare channelId: string;
  /** Follows the coverage. `reader.timeline` is undefined until the first answer. */
  declare reader: LiveReader;
  declare channel: Channel | undefined;
  /** The direction in which posts are being loaded. */
  declare loading: 'newer' | 'older' | undefined;
  declare failed: boolean;
  /** The draft that was to be opened is open in another tab. */
  declare private isElsewhere: boolean;

  #posts: TimelinePosts | undefined;
  #own: OwnPosts | undefined;
  /** The open edit, and the post as it was last received. */
  #edited: { element: DeskCorrect; post: ReaderPost } | undefined;
  #opening: Promise<void> = Promise.resolve();
  /** The post to go to once there is a timeline. */
  #wanted: string | undefined;

  protected override enter(): (() => void)[] {
    const { reader, channelId, client, session, outbox, drafts } = this;
    this.#own = new OwnPosts({ client, channelId, session, changed: () => this.#posts?.syncTools() });
    const listeners = new AbortController();
    addEventListener('scroll', () => this.#posts?.onScroll(), { passive: true, signal: listeners.signal });
    for (const name of ['online', 'offline']) addEventListener(name, () => this.requestUpdate(), { signal: listeners.signal });
    return [
      () => listeners.abort(),
      reader.on('event', (event, before) => this.#onEvent(event, before)),
      reader.on('reset', () => this.#posts?.revealNext()),
      reader.on('timeline', () => this.#show()),
      reader.on('state', () => this.requestUpdate()),
      outbox.subscribe(() => this.#posts?.syncTools()),
      drafts.onOpen((draft, ifFree) => this.#openDraft(draft, ifFree)),
      this.#registerKeys(),
      () => this.#leave(),
    ];
  }

  protected override firstUpdated(): void {
    this.#show();
  }

  protected override updated(changed: PropertyValues): void {
    // The element is on the page again.
    if (!changed.has('loading') && this.#posts === undefined) this.#show();
  }

  protected override render(): TemplateResult {
    const words = timelineWordsIn(this.language);
    const { newerPosts, olderPosts } = wordsOf({ language: this.language });
    return html`<section class="desk-timeline" aria-labelledby="desk-timeline-name">
<h2 class="visually-hidden" id="desk-timeline-name">${words.timeline}</h2>
<div class="pinned"></div>
<div class="notices"><button type="button" class="new-posts" hidden @click=${this.#goToUnseen}></button></div>
<nav class="pages newer" aria-label=${newerPosts} @click=${this.#onPage}></nav>
<p class="desk-failed" role="alert" ?hidden=${!this.failed}>${words.notLoaded}</p>
<p class="desk-failed" role="alert" ?hidden=${!this.isElsewhere}>${composerWordsIn(this.language).openElsewhere}</p>
${this.channel === undefined ? html`<p class="empty" role="status">${this.#absence(words)}</p>` : nothing}
<div id="posts" @click=${this.#onClick} @dblclick=${this.#onDoubleClick}></div>
<nav class="pages older" aria-label=${olderPosts} @click=${this.#onPage}></nav>
<p class="visually-hidden" role="status"></p>
<desk-withdraw .session=${this.session} .outbox=${this.outbox} .language=${this.language} .channel=${this.channel} @desk-erase-name=${this.#onEraseName}></desk-withdraw>
<desk-retracted-text .client=${this.client} .language=${this.language} .channel=${this.channel}></desk-retracted-text>
</section>`;
  }

  /** The reason why no posts are shown. */
  #absence({ loading, offline, noCoverage }: TimelineWords): string {
    const { state } = this.reader;
    if (state.status === 'ended' && state.reason !== 'expired') return noCoverage;
    return state.status === 'offline' || !navigator.onLine ? offline : loading;
  }

  #show(): void {
    const { timeline } = this.reader;
    if (timeline === undefined || !this.hasUpdated || !this.isConnected) return;
    const isFirst = this.#posts === undefined;
    this.channel = timeline.channel;
    this.#posts ??= new TimelinePosts(timeline, {
      posts: this.#find('#posts'),
      pinned: this.#find('.pinned'),
      newer: this.#find('.newer'),
      older: this.#find('.older'),
      notices: this.#find('.notices'),
      news: this.#find('.new-posts'),
      announcement: this.#find('.visually-hidden[role=status]'),
      language: this.language,
      actionsOn: (post) => this.#actionsOn(post),
      edited: () => this.#edited,
    });
    this.#followEdited(timeline);
    this.#followRead(timeline);
    this.#posts.show(timeline, this.loading);
    void this.#own?.learn(timeline.posts);
    const { excess } = this.#posts;
    if (excess !== undefined && this.loading === undefined) this.reader.narrow(excess.floor, excess.ceiling);
    if (isFirst) void this.#reopen();
    if (this.#wanted !== undefined) void this.showPost(this.#wanted);
  }

  #find(selector: string): HTMLElement {
    return this.querySelector(selector) as HTMLElement;
  }

  #actionsOn(post: ReaderPost): PostAction[] {
    const { session, channel } = this;
    if (channel === undefined) return [];
    const isOwn = this.#own?.has(post.id) === true || isPublishedHere(this.outbox, post.id);
    return actionsOn(principalOf(session), { post, channel, isOwn });
  }

  #onEvent(event: ChannelEvent, before: ReaderPost | undefined): void {
    const isOwn = this.#isOwnChange(event);
    this.#posts?.onEvent(event, isOwn);
    if (!isOwn) void this.#posts?.announceEvent(event, before, this.#changedBy(event, before));
  }

  /** The account that corrected or withdrew a post. Readers are not told, so the desk asks for the author's view. */
  async #changedBy(event: ChannelEvent, before: ReaderPost | undefined): Promise<string | undefined> {
    const noticed = event.type === 'channel.changed' ? undefined : noticedChange(event.post, before?.revision);
    if (event.type === 'channel.changed' || noticed === undefined) return undefined;
    const post = await this.client.getPost(this.channelId, event.post.id, { deadlineMs: nameMs }).catch(() => undefined);
    const change = post?.history.find(({ revision }) => revision === noticed.revision) as NamedChange | undefined;
    return change?.by === this.session.sub ? this.session.name : change?.by;
  }

  /** Whether this desk made the change, so that it is not announced to its author. */
  #isOwnChange(event: ChannelEvent): boolean {
    if (event.type === 'channel.changed') return false;
    const { id, revision } = event.post;
    const isThis = ({ write, state }: OutboxEntry) =>
      postOf(write) === id && ('revision' in state ? state.revision === revision : state.at === 'sending');
    return this.outbox.entries.some(isThis);
  }

  // ---- What the author does

  #registerKeys(): () => void {
    const words = () => timelineWordsIn(this.language);
    return this.keys.register(
      { keys: 'j', label: () => words().nextPost, run: () => this.#move(1) },
      { keys: 'k', label: () => words().previousPost, run: () => this.#move(-1) },
      { keys: 'e', label: () => words().editPost, run: () => this.#editFocused() },
    );
  }

  #move(step: 1 | -1): boolean {
    const articles = this.#posts?.articles ?? [];
    const focused = articles.findIndex((article) => article.contains(document.activeElement));
    const read = postBeingRead(this.#find('#posts'), windowViewport);
    const next = focused >= 0 ? articles[focused + step] : read;
    if (next === undefined) return false;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: 'nearest', behavior: 'instant' });
    return true;
  }

  #editFocused(): boolean {
    const article = document.activeElement?.closest<HTMLElement>('#posts > .post');
    if (!article?.querySelector('[data-desk-action="edit"]')) return false;
    this.#act('edit', article.dataset.post ?? '');
    return true;
  }

  readonly #onClick = ({ target }: MouseEvent): void => {
    const button = (target as Element).closest<HTMLElement>('[data-desk-action]');
    const postId = button?.closest<HTMLElement>('.post')?.dataset.post;
    if (button && postId) this.#act(button.dataset.deskAction as PostAction, postId);
  };

  /** Opens the text for editing at the pressed word. */
  readonly #onDoubleClick = (press: MouseEvent): void => {
    const target = press.target as Element;
    const article = target.closest<HTMLElement>('.post');
    if (!article || !target.closest('.body') || target.closest('a, button, summary, desk-correct')) return;
    if (article.querySelector('[data-desk-action="edit"]'))
      this.#edit(article.dataset.post ?? '', { place: pressedPlace(article, press) });
  };

  #act(action: PostAction, postId: string): void {
    const { channelId, outbox } = this;
    switch (action) {
      case 'pin':
      case 'unpin': {
        const patch = { pinnedPostId: action === 'pin' ? postId : null };
        const post = this.reader.timeline && held(this.reader.timeline, postId);
        const title = post && titleOfPost(post);
        void outbox.add({ type: 'update-channel', channelId, expected: '*', patch }, { holdMs: 0, ...(title && { title }) });
        return;
      }
      case 'read':
        return void this.#read(postId);
      case 'edit':
        return this.#edit(postId, { place: this.#selectedIn(postId) });
      case 'retract':
      case 'takedown':
        return void this.#withdraw(postId, action);
    }
  }

  async #read(postId: string): Promise<void> {
    // It is loaded after the desk has opened.
    await customElements.whenDefined('desk-retracted-text');
    const post = this.reader.timeline && held(this.reader.timeline, postId);
    if (post) this.querySelector<DeskRetractedText>('desk-retracted-text')?.open(post);
  }

  async #withdraw(postId: string, action: 'retract' | 'takedown', note?: string): Promise<void> {
    // It is loaded after the desk has opened.
    await customElements.whenDefined('desk-withdraw');
    const dialog = this.querySelector<DeskWithdraw>('desk-withdraw');
    await dialog?.updateComplete;
    const post = this.reader.timeline && held(this.reader.timeline, postId);
    if (post) dialog?.open(post, action, note);
  }

  // ---- Editing a post in its place

  #edit(postId: string, how: EditOptions): void {
    const post = this.reader.timeline && held(this.reader.timeline, postId);
    if (post !== undefined) this.#openEdit(post, how);
  }

  #selectedIn(postId: string): TextPlace | undefined {
    const article = this.#posts?.articleOf(postId);
    return article && pressedPlace(article);
  }

  /** One after the other, however fast the keys are pressed. */
  #openEdit(post: ReaderPost, how: EditOptions): void {
    this.#opening = this.#opening.then(() => this.#place(post, how)).catch((error: unknown) => console.warn(error));
  }

  /** Puts the edit into its post, which is shown for it. Another open edit becomes a draft. */
  async #place(post: ReaderPost, { erases = false, draftKey, place }: EditOptions): Promise<void> {
    const open = this.#edited;
    const isThis = open?.post.id === post.id && (draftKey === undefined || open.element.draftKey === draftKey);
    if (isThis && open.element.isConnected) return open.element.focusBody();
    if (draftKey !== undefined && !(await this.drafts.claim(draftKey))) {
      this.isElsewhere = true;
      return;
    }
    this.isElsewhere = false;
    await customElements.whenDefined('desk-correct');
    const aside = this.#edited?.element.written;
    await this.#edited?.element.close();
    // The author went to another place meanwhile. The draft stays in the list.
    if (!this.isConnected) {
      if (draftKey !== undefined) this.drafts.release(draftKey);
      return;
    }
    const { session, outbox, drafts, client, keys, language, channel } = this;
    const element = document.createElement('desk-correct') as DeskCorrect;
    Object.assign(element, {
      session,
      outbox,
      drafts,
      client,
      keys,
      language,
      channel,
      postId: post.id,
      current: post,
      erases,
      draftKey,
      place,
      aside,
    });
    element.addEventListener('desk-close', (event) => this.#onClosed((event as CustomEvent<{ said: string }>).detail.said));
    this.#edited = { element, post };
    // It may be a post that the window does not have.
    this.#show();
    // It may wait among the new posts.
    if (this.#posts?.articleOf(post.id) === undefined) this.#posts?.reveal();
    const article = this.#posts?.articleOf(post.id);
    if (article === undefined) {
      this.#edited = undefined;
      if (draftKey !== undefined) this.drafts.release(draftKey);
      return;
    }
    article.append(element);
    article.scrollIntoView({ block: 'nearest', behavior: 'instant' });
  }

  #onClosed(said: string): void {
    const edited = this.#edited;
    this.#edited = undefined;
    // Storing the draft takes a moment, in which the author may have moved on.
    const at = document.activeElement;
    const isHere = at === document.body || edited?.element.contains(at);
    edited?.element.remove();
    this.#show();
    if (edited && isHere) this.#posts?.articleOf(edited.post.id)?.focus({ preventScroll: true });
    if (said !== '') this.#posts?.announce(said);
  }

  /** The open edit learns what happens to its post. */
  #followEdited(timeline: Timeline): void {
    const edited = this.#edited;
    const post = edited && held(timeline, edited.post.id);
    if (edited === undefined || post === undefined) return;
    this.#edited = { ...edited, post };
    Object.assign(edited.element, { current: post, channel: timeline.channel });
  }

  /** A text that is being read may be taken down. */
  #followRead(timeline: Timeline): void {
    const reading = this.querySelector<DeskRetractedText>('desk-retracted-text');
    if (reading?.shownId !== undefined) reading.follow(held(timeline, reading.shownId));
  }

  /** A change that was being written when the page was closed. */
  async #reopen(): Promise<void> {
    const draft = await this.drafts.reopen(this.channelId, 'revise');
    if (draft !== undefined) this.#openDraft(draft, true);
  }

  #openDraft({ write, base, key }: Draft, ifFree: boolean): boolean {
    if (!('postId' in write) || write.channelId !== this.channelId) return false;
    if (write.type !== 'revise') {
      void this.drafts.discard(key);
      void this.#withdraw(write.postId, write.type, write.note ?? undefined);
      return true;
    }
    if (ifFree && this.#edited !== undefined) {
      void this.drafts.putAside(key);
      return true;
    }
    const post = (this.reader.timeline && held(this.reader.timeline, write.postId)) ?? (base && readerView(base));
    // Without a timeline there is no place for it. The draft is opened once there is one.
    if (post === undefined || this.#posts === undefined) return false;
    this.#openEdit(post, { draftKey: key });
    return true;
  }

  readonly #onEraseName = (event: Event): void => {
    this.#edit((event as CustomEvent<{ postId: string }>).detail.postId, { erases: true });
  };

  /** An open edit stays as a draft, which the next visit opens again. */
  #leave(): void {
    this.#edited?.element.remove();
    this.#edited = undefined;
    this.#posts?.close();
    this.#posts = undefined;
  }

  // ---- Paging

  /** Goes to this post, also if the window does not have it. */
  async showPost(postId: string): Promise<void> {
    const { timeline } = this.reader;
    this.#wanted = timeline === undefined ? postId : undefined;
    if (timeline === undefined) return;
    if (held(timeline, postId) === undefined && !(await this.#load('newer', () => this.reader.moveToPost(postId)))) return;
    this.#posts?.reveal();
    const article = this.#posts?.articleOf(postId);
    article?.scrollIntoView({ block: 'start', behavior: 'instant' });
    article?.focus({ preventScroll: true });
  }

  readonly #goToUnseen = async (): Promise<void> => {
    const id = this.#posts?.goToUnseen();
    if (id === undefined) return;
    if (await this.#load('newer', () => this.reader.moveToPost(id))) this.#posts?.goToUnseen();
  };

  readonly #onPage = (click: MouseEvent): void => {
    const link = (click.target as Element).closest('a');
    if (link === null || click.ctrlKey || click.metaKey || click.shiftKey || click.button !== 0) return;
    click.preventDefault();
    const direction = link.dataset.page as 'newer' | 'older' | undefined;
    void this.#page(direction ?? 'newest');
  };

  async #page(to: 'newer' | 'older' | 'newest'): Promise<void> {
    const before = new Set(this.#posts?.articles.map(({ dataset }) => dataset.post));
    const { reader } = this;
    const ask = { newer: () => reader.loadNewer(), older: () => reader.loadOlder(), newest: () => reader.moveTo(null) }[to];
    if (!(await this.#load(to === 'older' ? 'older' : 'newer', ask))) return;
    const came = this.#posts?.articles.filter(({ dataset }) => !before.has(dataset.post)) ?? [];
    const nearest = to === 'newer' ? came.at(-1) : came[0];
    nearest?.scrollIntoView({ block: 'nearest', behavior: 'instant' });
    nearest?.focus({ preventScroll: true });
  }

  /** Loads posts without moving the author. Returns false if that failed. */
  async #load(direction: 'newer' | 'older', ask: () => Promise<unknown>): Promise<boolean> {
    if (this.loading !== undefined) return false;
    this.loading = direction;
    this.failed = false;
    try {
      await ask();
      return true;
    } catch {
      this.failed = true;
      return false;
    } finally {
      this.loading = undefined;
    }
  }
}

/** How long the name of a colleague is waited for before their change is announced, in milliseconds. */
const nameMs = 3_000;
