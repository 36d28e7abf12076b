import { html, LitElement, nothing, unsafeCSS } from 'lit';
import type { Event } from '../../../src/protocol/model.ts';
import type { Timeline } from '../../timeline.ts';
import { Announcer } from '../announcer.ts';
import { morphInside } from '../morph.ts';
import { keepPlace, type View } from '../place.ts';
import { en, enElement } from '../strings/en.ts';
import { elementWordsIn, isLoaded, loadWords, wordsIn } from '../strings/index.ts';
import { type ElementWords, newsText, type Words } from '../strings/words.ts';
import type { PostSetting } from '../view/post.ts';
import { directionOf } from '../view/time.ts';
import { pageWordsOf } from '../view/wording.ts';
import {
  keyEventList,
  notesMarkup,
  pinnedMarkup,
  type Scene,
  statusLine,
  title,
  troubleLine,
  waysDown,
  waysUp,
} from './around.ts';
import { Browsing, postOf } from './browsing.ts';
import sheet from './embed.css';
import { moveByKey } from './feed.ts';
import { Following, type StateTold, type Subject } from './following.ts';
import { namePartsOf } from './parts.ts';
import { Showing } from './showing.ts';

/** Where this script came from: `https://live.example.org/embed.js`, or the same under its hashed name below `assets/`. */
const home = new URL('.', import.meta.url).href.replace(/(?:\/assets)?\/$/, '');

/** Grey lines before the first answer; as many as fill the height that is kept free. */
const skeletonLines = 12;

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

  #following: Following | undefined;
  #showing: Showing | undefined;
  /** In which things are said; undefined until its words are there. */
  #language: string | undefined;
  #announcer: Announcer | undefined;
  readonly #browsing = new Browsing({
    client: () => this.#following?.client,
    find: (id) => this.#find(id),
    changed: () => {
      this.requestUpdate();
      if (this.#browsing.paging === undefined) this.#showing?.letGo();
    },
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
      if (this.isConnected) return;
      this.#showing?.close();
      this.#showing = undefined;
      this.#following?.close();
    });
  }

  protected override willUpdate(): void {
    this.#speak();
  }

  /** What changes around the posts moves nothing that is read either. */
  protected override update(changed: Map<PropertyKey, unknown>): void {
    const change = () => {
      super.update(changed);
      this.#putAround();
    };
    const posts = this.#find('posts');
    if (posts === null) change();
    else keepPlace(posts, change, this.#view);
  }

  #putAround(): void {
    const { pinned } = this.#showing?.timeline ?? {};
    this.#find('pinned')?.toggleAttribute('hidden', !pinned);
    this.#putIn('pinned', pinnedMarkup(this.#scene), namePartsOf);
    this.#putIn('notes', notesMarkup(this.#scene));
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    if (this.isConnected) this.#follow();
    // What waited comes in where it need not wait any more.
    if (changed.get('hold') === true && !this.hold) this.#onScroll();
    const { timeline } = this.#following ?? {};
    const isShown = this.#showing !== undefined && this.#showing.language === this.#language;
    if (this.isConnected && timeline !== undefined && !isShown) this.#show(timeline);
  }

  // ---- What is followed

  get #server(): string {
    try {
      return new URL(this.src || home, document.baseURI).href.replace(/[?#].*$/s, '').replace(/\/+$/, '');
    } catch {
      return home;
    }
  }

  #follow(): void {
    const subject: Subject = { server: this.#server, channel: this.channel, limit: this.limit };
    if (JSON.stringify(subject) !== JSON.stringify(this.#following?.subject)) {
      this.#clear(false);
      this.#following?.close();
      this.#browsing.failed = false;
      this.#announcer ??= new Announcer(() => this.#words, this.#find('announcement'));
      this.#following = new Following(subject, {
        event: (event) => this.#onEvent(event),
        reset: () => this.#showing?.reset(),
        timeline: (timeline) => this.#show(timeline),
        state: (state) => this.#onState(state),
        changed: () => this.requestUpdate(),
        ended: () => this.#clear(true),
      });
    }
    this.#following?.open();
  }

  #clear(forGood: boolean): void {
    this.#showing?.clear(forGood);
    this.#showing = undefined;
  }

  #onEvent(event: Event): void {
    this.#showing?.hear(event);
    this.#announcer?.tell(event);
    if (event.type !== 'channel.changed') this.#tell('post', { type: event.type, post: event.post });
  }

  #onState(state: StateTold): void {
    this.#showing?.onState(state);
    this.#tell('state', state);
  }

  /** Where its language has yet to come, so has the timeline. */
  #show(timeline: Timeline): void {
    const [posts, since] = [this.#find('posts'), this.#find('since')];
    if (posts === null || since === null || !this.#speak()) return;
    const isFirst = this.#showing === undefined;
    this.#showing ??= new Showing(timeline, {
      posts,
      since,
      view: this.#view,
      setting: () => this.#setting,
      holds: () => this.hold,
      say: (sentence) => this.#announcer?.sayInstead(sentence),
      narrow: (floor, ceiling) => this.#following?.client?.narrow(floor, ceiling),
    });
    this.#showing.show(timeline, this.#browsing.paging);
    this.requestUpdate();
    if (!isFirst) return;
    if (this.#following?.state) this.#showing.onState(this.#following.state);
    void this.updateComplete.then(() => this.#goToFragment());
  }

  /** A permanent link leads to `#post-<id>` of the page that carries the channel; a browser does not look into a shadow tree for it. */
  #goToFragment(): void {
    const { hash } = location;
    if (hash.startsWith('#post-')) void this.#browsing.goTo(hash.slice('#post-'.length));
  }

  #tell(name: 'post' | 'state', detail: object): void {
    this.dispatchEvent(new CustomEvent(`pressbox-${name}`, { detail, bubbles: true, composed: true }));
  }

  // ---- How it is said

  /** The language of the words around the posts: that of `lang`, else the channel's, else the page's. */
  get #wanted(): string {
    const page = this.closest('[lang]')?.getAttribute('lang') || document.documentElement.lang || 'en';
    return this.wording || this.#following?.channel?.language || page;
  }

  /** Goes over to the language that is wanted, once its words are there. Returns whether that is done. */
  #speak(): boolean {
    const wanted = this.#wanted;
    if (isLoaded(wanted)) this.#language = wanted;
    else void loadWords(wanted).then(() => this.requestUpdate());
    return this.#language === wanted;
  }

  get #words(): Words & ElementWords {
    const language = this.#language ?? 'en';
    return { ...(wordsIn(language) ?? en), ...(elementWordsIn(language) ?? enElement) };
  }

  get #setting(): PostSetting {
    const timezone = this.#following?.channel?.timezone ?? 'UTC';
    return { timezone, language: this.#language ?? 'en', words: this.#words, server: this.#server };
  }

  get #scene(): Scene {
    return {
      words: this.#words,
      language: this.#language,
      setting: this.#setting,
      server: this.#server,
      timeline: this.#showing?.timeline,
      channel: this.#showing?.timeline.channel ?? this.#following?.about,
      state: this.#following?.state,
      trueAt: this.#following?.trueAt,
      trouble: this.#language === undefined ? undefined : this.#following?.trouble,
    };
  }

  get #view(): View {
    const scroller = () => (this.hasAttribute('scroll') ? this.#find('scroller') : null);
    return {
      edge: () => scroller()?.getBoundingClientRect().top ?? 0,
      top: () => Math.max(0, scroller()?.getBoundingClientRect().top ?? 0),
      bottom: () => Math.min(scroller()?.getBoundingClientRect().bottom ?? Number.POSITIVE_INFINITY, this.#lowestSeen),
      scrollBy: (top) => (scroller() ?? window).scrollBy({ top, behavior: 'instant' }),
    };
  }

  /** A frame may be as high as what is in it, and the page around be scrolled: where its start is in view, what is far below is not. */
  get #lowestSeen(): number {
    const isStartInView = window !== window.parent && !this.hold && window.scrollY === 0;
    return Math.min(window.innerHeight, isStartInView ? 2 * screen.height : Number.POSITIVE_INFINITY);
  }

  #find(id: string): HTMLElement | null {
    return this.renderRoot instanceof ShadowRoot ? this.renderRoot.getElementById(id) : null;
  }

  protected override render() {
    const scene = this.#scene;
    const { words, timeline, trouble } = scene;
    const channel = timeline?.channel;
    // What stands in for the posts is apart from where they come: it makes room for them, and nothing is moved.
    const isWaiting = channel === undefined && trouble === undefined;
    // A feed has articles, or is none.
    const isFeed = (timeline?.posts.length ?? 0) > 0;
    const theme = ['light', 'dark', 'auto'].includes(this.theme ?? '') ? this.theme : nothing;
    const { paging, failed, newer, newest, older } = this.#browsing;
    const ways = { asking: paging !== undefined, failed, newer, newest, older };
    return html`<div class="frame" part="frame" lang=${words.language} dir=${directionOf(this.#language ?? words.language)} data-theme=${theme}>
      <header class="head" part="header" ?hidden=${trouble !== undefined && scene.channel === undefined}>${statusLine(scene)}${title(scene)}<div id="notes"></div></header>
      ${
        isWaiting
          ? html`<div class="skeleton" part="skeleton" aria-hidden="true">${Array.from({ length: skeletonLines }, () => html`<i></i>`)}</div>`
          : nothing
      }
      <div class="over" @click=${this.#onClick}>
        <aside class="since" part="since" id="since" aria-label=${pageWordsOf(scene.setting).missed} hidden></aside>
      </div>
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
          aria-busy=${scene.state?.status === 'catching-up' || ways.asking}
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
    const said = this.#showing ? newsText(this.#showing.news, words) : '';
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
    if (this.#showing?.revealHeldBack() === false) void this.#browsing.newest();
    this.requestUpdate();
  };

  /** A link to another post of the coverage leads there, within the element. */
  readonly #onClick = (click: MouseEvent): void => {
    const link = click.target instanceof Element ? click.target.closest('a') : null;
    const id = link && postOf(link, this.channel ?? '');
    if (!id || click.ctrlKey || click.metaKey || click.shiftKey || click.button !== 0) return;
    click.preventDefault();
    // It may lead to one that waits to be shown.
    if (link?.closest('.since')) this.#showing?.reveal();
    void this.#browsing.goTo(id);
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const posts = this.#find('posts');
    if (posts !== null) moveByKey(posts, event);
  };

  #onScroll(): void {
    if (this.#showing?.onScroll()) this.requestUpdate();
  }
}
