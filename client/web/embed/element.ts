import { html, LitElement, nothing, unsafeCSS } from 'lit';
import type { Channel, Event } from '../../../src/protocol/model.ts';
import { LiveReader } from '../../live-reader.ts';
import type { ReaderState } from '../../reader.ts';
import { reachedEnd, type Timeline } from '../../timeline.ts';
import { Announcer } from '../announcer.ts';
import { Coverage } from '../coverage.ts';
import { morphInside } from '../morph.ts';
import type { View } from '../place.ts';
import { type ElementWords, elementWordsIn } from '../strings/element.ts';
import { en } from '../strings/en.ts';
import { wordsIn } from '../strings/index.ts';
import { newsText, type Words } from '../strings/words.ts';
import type { PostSetting } from '../view/post.ts';
import { directionOf } from '../view/time.ts';
import { admissionTo, channelOn } from './admission.ts';
import {
  keyEventList,
  notesMarkup,
  pinnedMarkup,
  type Scene,
  statusLine,
  type Trouble,
  title,
  troubleLine,
  waysDown,
  waysUp,
} from './around.ts';
import { Browsing, postOf } from './browsing.ts';
import sheet from './embed.css';
import { moveByKey, numberPosts } from './feed.ts';
import { namePartsOf } from './parts.ts';

/** Where this script came from: `https://live.example.org/embed.js`, or the same under its hashed name below `assets/`. */
const home = new URL('.', import.meta.url).href.replace(/(?:\/assets)?\/$/, '');

/** Grey lines before the first answer; as many as fill the height that is kept free. */
const skeletonLines = 12;

/** Pages that were told that their origin is not admitted, by server: once is enough, however many elements there are. */
const toldOf = new Set<string>();

/** `<pressbox-live>`: a channel on anyone's page. docs/embedding.md says what it takes, tells and lets be styled. */
export class PressboxLive extends LitElement {
  static override styles = unsafeCSS(sheet);
  static override properties = {
    channel: { type: String },
    src: { type: String },
    theme: { type: String },
    limit: { type: Number },
    hold: { type: Boolean },
    wording: { type: String, attribute: 'lang' },
  };
  /** The channel's id. */
  declare channel: string | null;
  /** The server's address; where the script came from, if it is not given. */
  declare src: string | null;
  /** `light`, `dark`, `auto` as the reader's device is; without it, as the page around is. */
  declare theme: string | null;
  /** Posts to begin with, 1 to 100. */
  declare limit: number | null;
  /** New posts wait behind the button even at the top. */
  declare hold: boolean;
  declare wording: string | null;

  #client: LiveReader | undefined;
  /** What the client was made for. */
  #subject = '';
  #timeline: Timeline | undefined;
  #coverage: Coverage | undefined;
  #announcer: Announcer | undefined;
  #state: ReaderState | undefined;
  #trouble: Trouble | undefined;
  /** A coverage whose posts are for members. */
  #about: Channel | undefined;
  #trueAt: string | undefined;
  readonly #browsing = new Browsing({
    client: () => this.#client,
    find: (id) => this.#find(id),
    changed: () => this.requestUpdate(),
  });
  /** The markup of what is put in where it changed, by the id of its place. */
  readonly #put = new Map<string, string>();
  #listening = new AbortController();

  override connectedCallback(): void {
    super.connectedCallback();
    this.#listening = new AbortController();
    const options = { passive: true, capture: true, signal: this.#listening.signal };
    window.addEventListener('scroll', () => this.#onScroll(), options);
    window.addEventListener('offline', () => this.requestUpdate(), options);
    window.addEventListener('hashchange', () => this.#goToFragment(), options);
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#listening.abort();
    // An element that is only moved is back in the page before this is run.
    queueMicrotask(() => {
      if (!this.isConnected) this.#close();
    });
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    const subject = JSON.stringify([this.#server, this.channel, this.limit]);
    if (this.isConnected && (subject !== this.#subject || (this.#client === undefined && this.#trouble === undefined))) {
      this.#open(subject);
    }
    // What waited comes in where it need not wait any more.
    if (changed.get('hold') === true && !this.hold) this.#onScroll();
    if (changed.has('wording')) this.#coverage?.refresh();
    const { pinned } = this.#timeline ?? {};
    this.#find('pinned')?.toggleAttribute('hidden', !pinned);
    this.#putIn('pinned', pinnedMarkup(this.#scene), namePartsOf);
    this.#putIn('notes', notesMarkup(this.#scene));
  }

  // ---- What is followed

  get #server(): string {
    try {
      return new URL(this.src || home, document.baseURI).href.replace(/[?#].*$/s, '').replace(/\/+$/, '');
    } catch {
      return home;
    }
  }

  #open(subject: string): void {
    const same = subject === this.#subject;
    this.#close();
    this.#subject = subject;
    const held = same ? this.#timeline : undefined;
    if (!same) this.#forget();
    const { channel, limit } = this;
    if (!channel) {
      this.#end('noChannel');
      return;
    }
    const client = new LiveReader({
      url: this.#server,
      channelId: channel,
      ...(held !== undefined && { timeline: held }),
      ...(limit !== null && limit >= 1 && limit <= 100 && { limit: Math.floor(limit) }),
    });
    this.#client = client;
    this.#announcer ??= new Announcer(() => this.#words, this.#find('announcement'));
    client.on('reset', () => this.#coverage?.revealNext());
    client.on('event', (event) => this.#onEvent(event));
    client.on('timeline', (timeline) => this.#show(timeline));
    client.on('state', (state) => this.#onState(client, state));
    client.open();
    this.requestUpdate();
  }

  #close(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.close();
  }

  #forget(): void {
    this.#coverage?.clear();
    this.#coverage = undefined;
    this.#timeline = undefined;
    this.#state = undefined;
    this.#trouble = undefined;
    this.#about = undefined;
    this.#trueAt = undefined;
    this.#browsing.failed = false;
    this.requestUpdate();
  }

  #onEvent(event: Event): void {
    this.#coverage?.hear(event);
    if (this.#timeline) this.#browsing.hear(event, this.#timeline);
    this.#announcer?.tell(event);
    if (event.type !== 'channel.changed') this.#tell('post', { type: event.type, post: event.post });
  }

  #show(timeline: Timeline): void {
    const posts = this.#find('posts');
    this.#timeline = timeline;
    if (posts === null) return;
    const isFirst = this.#coverage === undefined;
    this.#coverage ??= this.#cover(posts, timeline);
    this.#browsing.show(timeline);
    this.#coverage.show(timeline, this.#browsing.paging);
    this.requestUpdate();
    if (isFirst) void this.updateComplete.then(() => this.#goToFragment());
  }

  #cover(posts: HTMLElement, timeline: Timeline): Coverage {
    posts.replaceChildren();
    const coverage = new Coverage(
      { ...timeline, posts: [] },
      {
        posts,
        view: this.#view,
        setting: () => this.#setting,
        holds: () => this.hold,
        dress: namePartsOf,
        beside: () => numberPosts(posts, this.#isWhole ? posts.childElementCount : undefined),
      },
    );
    coverage.revealNext();
    return coverage;
  }

  /** A permanent link leads to `#post-<id>` of the page that carries the channel; a browser does not look into a shadow tree for it. */
  #goToFragment(): void {
    const { hash } = location;
    if (hash.startsWith('#post-')) void this.#browsing.goTo(hash.slice('#post-'.length));
  }

  #onState(client: LiveReader, state: ReaderState): void {
    if (client !== this.#client) return;
    this.#state = state;
    if (state.status === 'live') this.#trueAt = state.asOf ?? new Date().toISOString();
    if (state.status === 'offline') {
      this.#trueAt ??= undefined;
      if (this.#timeline === undefined) void this.#askWhy(client);
      else this.#trueAt = state.since;
    }
    if (state.status === 'ended' && state.reason !== 'closed') this.#end(troubleOf(state));
    this.#tell('state', state);
    this.requestUpdate();
  }

  /** No answer ever came: is it the network, or does the server not admit this page? */
  async #askWhy(client: LiveReader): Promise<void> {
    const server = this.#server;
    const admission = await admissionTo(server, client.channelId);
    if (client !== this.#client || this.#timeline !== undefined || admission !== 'not-admitted') return;
    this.#close();
    this.#end('notAdmitted');
    this.#tell('state', { status: 'ended', reason: 'origin', problem: undefined });
    if (toldOf.has(server)) return;
    toldOf.add(server);
    console.error(
      `<pressbox-live>: ${server} does not admit pages of ${location.origin}. Whoever runs it names them in PRESSBOX_ORIGINS.`,
    );
  }

  /** Members' posts may not stay either once the server says that they may not be read. */
  #end(trouble: Trouble | undefined): void {
    if (trouble === undefined) return;
    this.#coverage?.clear();
    this.#coverage = undefined;
    this.#timeline = undefined;
    this.#trouble = trouble;
    if (trouble === 'forMembers' && this.#client) void this.#introduce(this.#client);
    this.requestUpdate();
  }

  /** What a coverage for members is about is no secret. */
  async #introduce(client: LiveReader): Promise<void> {
    const about = await channelOn(this.#server, client.channelId);
    if (client !== this.#client || this.#trouble !== 'forMembers') return;
    this.#about = about;
    this.requestUpdate();
  }

  #tell(name: 'post' | 'state', detail: object): void {
    this.dispatchEvent(new CustomEvent(`pressbox-${name}`, { detail, bubbles: true, composed: true }));
  }

  // ---- How it is said

  /** The language of the words around the posts: that of `lang`, else the channel's, else the page's. */
  get #language(): string {
    const page = this.closest('[lang]')?.getAttribute('lang') || document.documentElement.lang || 'en';
    return this.wording || this.#channel?.language || page;
  }

  get #channel(): Channel | undefined {
    return this.#timeline?.channel ?? this.#about;
  }

  get #words(): Words & ElementWords {
    const words = wordsIn(this.#language) ?? en;
    return { ...words, ...elementWordsIn(words.language) };
  }

  get #setting(): PostSetting {
    const timezone = this.#channel?.timezone ?? 'UTC';
    return { timezone, language: this.#language, words: this.#words, server: this.#server };
  }

  get #scene(): Scene {
    return {
      words: this.#words,
      setting: this.#setting,
      server: this.#server,
      timeline: this.#timeline,
      channel: this.#channel,
      state: this.#state,
      trueAt: this.#trueAt,
      trouble: this.#trouble,
    };
  }

  /** Every post of the channel is there. */
  get #isWhole(): boolean {
    return this.#timeline !== undefined && this.#timeline.ceiling === null && reachedEnd(this.#timeline);
  }

  get #view(): View {
    const scroller = () => (this.hasAttribute('scroll') ? this.#find('scroller') : null);
    return {
      edge: () => scroller()?.getBoundingClientRect().top ?? 0,
      top: () => Math.max(0, scroller()?.getBoundingClientRect().top ?? 0),
      bottom: () => Math.min(window.innerHeight, scroller()?.getBoundingClientRect().bottom ?? window.innerHeight),
      scrollBy: (top) => (scroller() ?? window).scrollBy({ top, behavior: 'instant' }),
    };
  }

  #find(id: string): HTMLElement | null {
    return this.renderRoot instanceof ShadowRoot ? this.renderRoot.getElementById(id) : null;
  }

  protected override render() {
    const scene = this.#scene;
    const { words } = scene;
    const channel = this.#timeline?.channel;
    // What stands in for the posts is apart from where they come: it makes room for them, and nothing is moved.
    const isWaiting = channel === undefined && this.#trouble === undefined;
    // A feed has articles, or is none.
    const isFeed = (this.#timeline?.posts.length ?? 0) > 0;
    const theme = ['light', 'dark', 'auto'].includes(this.theme ?? '') ? this.theme : nothing;
    const { paging, failed, newer, newest, older } = this.#browsing;
    const ways = { asking: paging !== undefined, failed, newer, newest, older };
    return html`<div class="frame" part="frame" lang=${words.language} dir=${directionOf(this.#language)} data-theme=${theme}>
      <header class="head" part="header" ?hidden=${this.#trouble !== undefined && scene.channel === undefined}>${statusLine(scene)}${title(scene)}<div id="notes"></div></header>
      ${
        isWaiting
          ? html`<div class="skeleton" part="skeleton" aria-hidden="true">${Array.from({ length: skeletonLines }, () => html`<i></i>`)}</div>`
          : nothing
      }
      <div class="scroller" id="scroller" part="scroller" ?hidden=${isWaiting} @click=${this.#onClick}>
        ${keyEventList(scene)}
        <div class="pinned" part="pinned" id="pinned" role="group" aria-label=${words.pinned} hidden></div>
        ${troubleLine(scene)}
        ${waysUp(scene, ways)} ${this.#renderNews(words)}
        <div
          class="posts"
          part="posts"
          id="posts"
          role=${isFeed ? 'feed' : nothing}
          aria-label=${isFeed ? words.posts : nothing}
          aria-busy=${this.#state?.status === 'catching-up' || ways.asking}
          lang=${channel?.language ?? nothing}
          dir=${channel === undefined ? nothing : directionOf(channel.language)}
          @keydown=${this.#onKey}
        ></div>
        ${waysDown(scene, ways)}
      </div>
      <p class="visually-hidden" id="announcement" aria-live="polite"></p>
    </div>`;
  }

  /** "3 new posts, 1 correction". */
  #renderNews(words: Words) {
    const { above } = this.#browsing;
    const said = this.#coverage ? newsText({ ...this.#coverage.news, ...(above > 0 && { posts: above }) }, words) : '';
    return html`<button class="new-posts" part="button new" type="button" ?hidden=${said === ''} @click=${this.#reveal}>${said}</button>`;
  }

  #putIn(id: string, markup: string, dress?: (post: HTMLElement) => void): void {
    const place = this.#find(id);
    if (place === null || markup === (this.#put.get(id) ?? '')) return;
    this.#put.set(id, markup);
    morphInside(place, markup);
    if (dress) for (const post of place.querySelectorAll<HTMLElement>('.post')) dress(post);
  }

  // ---- What the reader does

  readonly #reveal = (): void => {
    if (this.#browsing.above > 0) void this.#browsing.newest();
    else this.#coverage?.revealHeldBack();
    this.requestUpdate();
  };

  /** A link to another post of the coverage leads there, within the element. */
  readonly #onClick = (click: MouseEvent): void => {
    const link = click.target instanceof Element ? click.target.closest('a') : null;
    const id = link && postOf(link, this.channel ?? '');
    if (!id || click.ctrlKey || click.metaKey || click.shiftKey || click.button !== 0) return;
    click.preventDefault();
    void this.#browsing.goTo(id);
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const posts = this.#find('posts');
    if (posts !== null) moveByKey(posts, event);
  };

  #onScroll(): void {
    if (this.#coverage?.onScroll()) this.requestUpdate();
  }
}

function troubleOf({ reason, problem }: Extract<ReaderState, { status: 'ended' }>): Trouble | undefined {
  if (reason === 'gone' || problem?.code === 'channel-deleted') return 'deleted';
  if (reason === 'forbidden' || problem?.code === 'token-missing' || problem?.code === 'forbidden') return 'forMembers';
  if (problem?.code === 'not-found') return 'notFound';
  return reason === 'refused' ? 'refused' : undefined;
}
