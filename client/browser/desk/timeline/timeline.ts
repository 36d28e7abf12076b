import { html, LitElement, type TemplateResult } from 'lit';
import type { Channel, Event, ReaderPost } from '../../../../src/protocol/model.ts';
import type { AuthorClient } from '../../../lib/author-client.ts';
import type { LiveReader } from '../../../lib/live-reader.ts';
import type { Language } from '../../i18n/languages.ts';
import { postBeingRead, windowViewport } from '../../scroll-anchor.ts';
import type { KeyRegistry } from '../app/keys.ts';
import { type DeskSession, principalOf } from '../app/session.ts';
import { timelineWordsIn } from '../i18n/timeline.ts';
import { type Outbox, type OutboxEntry, postOf } from '../outbox/outbox-model.ts';
import { OwnPosts } from './own-posts.ts';
import { actionsOn, type PostAction } from './post-rights.ts';
import { TimelinePosts } from './timeline-posts.ts';

/** `<desk-timeline>`: a coverage as readers see it, with the hand of its authors on it. */
export class DeskTimeline extends LitElement {
  static override properties = {
    session: { attribute: false },
    outbox: { attribute: false },
    client: { attribute: false },
    keys: { attribute: false },
    language: { attribute: false },
    channelId: { attribute: false },
    reader: { attribute: false },
    channel: { attribute: false },
    loading: { state: true },
    failed: { state: true },
  };
  declare session: DeskSession;
  declare outbox: Outbox | undefined;
  declare client: AuthorClient;
  declare keys: KeyRegistry;
  declare language: Language;
  declare channelId: string;
  declare reader: LiveReader;
  declare channel: Channel | undefined;
  /** The direction in which posts are being loaded. */
  declare loading: 'newer' | 'older' | undefined;
  declare failed: boolean;

  #posts: TimelinePosts | undefined;
  #own: OwnPosts | undefined;
  #undo: (() => void)[] = [];

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.#open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const undo of this.#undo.splice(0)) undo();
    this.#posts?.close();
    this.#posts = undefined;
  }

  protected override firstUpdated(): void {
    this.#open();
  }

  protected override render(): TemplateResult {
    const words = timelineWordsIn(this.language);
    return html`<section class="desk-timeline" aria-label=${words.timeline}>
<div class="pinned"></div>
<div class="notices"><button type="button" class="new-posts" hidden @click=${this.#goToUnseen}></button></div>
<nav class="pages newer" aria-label=${words.timeline} @click=${this.#onPage}></nav>
<p class="desk-failed" role="alert" ?hidden=${!this.failed}>${words.notLoaded}</p>
<p class="empty" ?hidden=${this.channel !== undefined}>${words.loading}</p>
<div id="posts" @click=${this.#onClick}></div>
<nav class="pages older" aria-label=${words.timeline} @click=${this.#onPage}></nav>
<p class="visually-hidden" role="status"></p>
</section>`;
  }

  #open(): void {
    const { reader, channelId, client, session, outbox } = this;
    this.#own = new OwnPosts({ client, channelId, session, changed: () => this.#posts?.syncTools() });
    const listeners = new AbortController();
    addEventListener('scroll', () => this.#posts?.onScroll(), { passive: true, signal: listeners.signal });
    this.#undo.push(
      () => listeners.abort(),
      reader.on('event', (event, before) => this.#posts?.onEvent(event, before, this.#isOwnChange(event))),
      reader.on('reset', () => this.#posts?.revealNext()),
      reader.on('timeline', () => this.#show()),
      outbox?.subscribe(() => this.#posts?.syncTools()) ?? (() => {}),
      this.#registerKeys(),
    );
    if (reader.timeline !== undefined) this.#show();
  }

  #show(): void {
    const { timeline } = this.reader;
    if (timeline === undefined) return;
    this.channel = timeline.channel;
    this.#posts ??= new TimelinePosts(timeline, {
      posts: this.#find('#posts'),
      pinned: this.#find('.pinned'),
      newer: this.#find('.newer'),
      older: this.#find('.older'),
      notices: this.#find('.notices'),
      news: this.#find('.new-posts'),
      announcement: this.#find('[role=status]'),
      language: this.language,
      actionsOn: (post) => this.#actionsOn(post),
      edited: () => undefined,
    });
    this.#posts.show(timeline, this.loading);
    void this.#own?.learn(timeline.posts);
    const { excess } = this.#posts;
    if (excess !== undefined && this.loading === undefined) this.reader.narrow(excess.floor, excess.ceiling);
  }

  #find(selector: string): HTMLElement {
    return this.querySelector(selector) as HTMLElement;
  }

  #actionsOn(post: ReaderPost): PostAction[] {
    const { session, channel } = this;
    if (channel === undefined || this.outbox === undefined) return [];
    const isOwn = this.#own?.has(post.id) === true || this.#isPublishedHere(post.id);
    return actionsOn(principalOf(session), { post, channel, isOwn });
  }

  #isPublishedHere(postId: string): boolean {
    return this.outbox?.entries.some(({ write }) => write.type === 'publish' && write.post.id === postId) === true;
  }

  /** Whether this desk made the change. The author need not be told of it. */
  #isOwnChange(event: Event): boolean {
    if (event.type === 'channel.changed') return false;
    const { id, revision } = event.post;
    const isThis = ({ write, state }: OutboxEntry) =>
      postOf(write) === id && ('revision' in state ? state.revision === revision : state.at === 'sending');
    return this.outbox?.entries.some(isThis) === true;
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

  #act(action: PostAction, postId: string): void {
    const { channelId, outbox } = this;
    switch (action) {
      case 'pin':
      case 'unpin': {
        const patch = { pinnedPostId: action === 'pin' ? postId : null };
        void outbox?.add({ type: 'update-channel', channelId, expected: '*', patch }, { holdMs: 0 });
        return;
      }
      case 'edit':
      case 'retract':
      case 'takedown':
        return;
    }
  }

  // ---- Paging

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
