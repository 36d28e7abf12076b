import { ReactiveElement } from 'lit';
import { channelPath, onServer } from '../../../src/protocol/addresses.ts';
import { pageMost } from '../../../src/protocol/client-limits.ts';
import type { Event, ReaderPost } from '../../../src/protocol/model.ts';
import type { Timeline } from '../../lib/timeline/timeline.ts';
import { Announcer } from '../announcer.ts';
import { words as en, element as enElement } from '../i18n/en.ts';
import { elementWordsIn, isLoaded, loadWords, wordsIn } from '../i18n/index.ts';
import type { ElementWords, Words } from '../i18n/words.ts';
import { keepPlace, type View } from '../scroll-anchor.ts';
import { choiceOf, Times } from '../time-display.ts';
import { newsText } from '../view/counts.ts';
import { directionOf } from '../view/direction.ts';
import type { PostSetting } from '../view/post.ts';
import type { ChoiceSetting, TimeChoice } from '../view/time-choice.ts';
import { moveByKey } from './aria-feed.ts';
import type { Scene } from './element-chrome.ts';
import { Stage } from './element-shell.ts';
import { Showing } from './element-view.ts';
import { Following, type StateTold, type Subject } from './followed-channel.ts';
import { Browsing, postOf } from './navigation.ts';
import { expectReader, WayBack } from './scroll-restore.ts';
import { putOnSheet } from './style-sheets.ts';

/** Where this script came from: `https://live.example.org/embed.js`, or the same under its hashed name below `assets/`. */
const home = new URL('.', import.meta.url).href.replace(/(?:\/assets)?\/$/, '');

/** `<pressbox-live>`: a channel on anyone's page. docs/guides/embedding.md says what it takes, tells and lets be styled. */
export class PressboxLive extends ReactiveElement {
  static override properties = {
    channel: { type: String },
    src: { type: String },
    theme: { type: String },
    limit: { type: Number },
    hold: { type: Boolean },
    times: { type: String },
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
  /** `coverage`, `own` or `ago`: how times are told to a reader who has not chosen. */
  declare times: string | null;
  declare wording: string | null;

  #stage: Stage | undefined;
  #following: Following | undefined;
  #showing: Showing | undefined;
  #wayBack: WayBack | undefined;
  #told: Times | undefined;
  /** In which things are said; undefined until its words are there. */
  #language: string | undefined;
  #announcer: Announcer | undefined;
  readonly #browsing = new Browsing({
    client: () => this.#following?.client,
    find: (id) => this.shadowRoot?.getElementById(id) ?? null,
    changed: () => {
      this.requestUpdate();
      if (this.#browsing.paging === undefined) this.#showing?.letGo();
    },
  });
  #listening = new AbortController();
  /** What of the page around is scrolled, where that is not the window. */
  #scrolled: Element | undefined;

  protected override createRenderRoot(): ShadowRoot {
    return putOnSheet(this.shadowRoot ?? this.attachShadow({ mode: 'open' }));
  }

  adoptedCallback(): void {
    if (this.shadowRoot) putOnSheet(this.shadowRoot);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    expectReader();
    this.#listening = new AbortController();
    const options = { passive: true, capture: true, signal: this.#listening.signal };
    this.#scrolled = undefined;
    const window = this.#window;
    window.addEventListener('scroll', ({ target }) => this.#onScroll(target), options);
    // Also as of which day it is true may have to be said.
    for (const change of ['offline', 'visibilitychange']) window.addEventListener(change, () => this.requestUpdate(), options);
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
      this.#end();
      this.#following?.close();
    });
  }

  protected override willUpdate(): void {
    this.#speak();
  }

  protected override update(changed: Map<PropertyKey, unknown>): void {
    super.update(changed);
    const { theme } = this;
    this.#stage ??= this.#setUp(this.renderRoot as ShadowRoot);
    this.#stage.draw(this.#scene, ['light', 'dark', 'auto'].includes(theme ?? '') ? theme : null);
  }

  #setUp(root: ShadowRoot): Stage {
    const stage = new Stage(root, this.#view, (content) => this.#told?.dress(content));
    for (const way of ['newer', 'newest', 'older'] as const) stage.find(way).addEventListener('click', this.#browsing[way]);
    for (const id of ['scroller', 'over']) stage.find(id).addEventListener('click', this.#onClick);
    stage.find('new-posts').addEventListener('click', this.#reveal);
    const posts = stage.find('posts');
    posts.addEventListener('keydown', (event) => moveByKey(posts, event));
    this.#announcer = new Announcer(() => this.#setting, stage.find('announcement'));
    return stage;
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    if (this.isConnected) this.#follow();
    // What waited comes in where it need not wait any more.
    if (changed.get('hold') === true && !this.hold) this.#onScroll();
    if (changed.has('times')) this.#told?.prefer(this.#preset);
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
      this.#following = new Following(subject, {
        event: (...told) => this.#onEvent(...told),
        reset: () => this.#showing?.reset(),
        timeline: (timeline) => this.#show(timeline),
        state: (state) => this.#onState(state),
        changed: () => this.requestUpdate(),
        ended: (why) => {
          // Nor is a post read out that has just come.
          if (this.#showing) this.#announcer?.sayInstead(this.#words[why]);
          this.#clear(true);
        },
      });
    }
    this.#following?.open();
  }

  #clear(forGood: boolean): void {
    this.#showing?.clear(forGood);
    this.#end();
  }

  /** What there is with a timeline ends with it. */
  #end(): void {
    this.#showing = undefined;
    this.#wayBack?.close();
    this.#wayBack = undefined;
    this.#told?.close();
    this.#told = undefined;
  }

  #onEvent(event: Event, before: ReaderPost | undefined): void {
    this.#showing?.hear(event);
    this.#announcer?.tell(event, before);
    if (event.type !== 'channel.changed') this.#tell('post', { type: event.type, post: event.post });
  }

  #onState(state: StateTold): void {
    this.#showing?.onState(state);
    this.#tell('state', state);
  }

  /** Where its language has yet to come, so has the timeline. */
  #show(timeline: Timeline): void {
    const stage = this.#stage;
    if (stage === undefined || !this.#speak()) return;
    const posts = stage.find('posts');
    const isFirst = this.#showing === undefined;
    const setting = { language: this.#language ?? 'en', timezone: timeline.channel.timezone };
    this.#told ??= this.#tellTimes(posts, setting);
    this.#told.show(setting);
    this.#showing ??= new Showing(timeline, {
      posts,
      since: stage.find('since'),
      view: this.#view,
      setting: () => this.#setting,
      dress: (content) => this.#told?.dress(content),
      holds: () => this.hold,
      say: (sentence) => this.#announcer?.sayInstead(sentence),
      narrow: (floor, ceiling) => this.#following?.client?.narrow(floor, ceiling),
    });
    this.#showing.show(timeline, this.#browsing.paging);
    this.requestUpdate();
    if (!isFirst) return;
    if (this.#following?.state) this.#showing.onState(this.#following.state);
    this.#told.start();
    const wayBack = this.#openWayBack(this.#showing, posts);
    void this.updateComplete.then(() => {
      if (!this.#goToFragment()) void wayBack.comeBack();
    });
  }

  #openWayBack(showing: Showing, posts: HTMLElement): WayBack {
    const browsing = this.#browsing;
    this.#wayBack = new WayBack({
      address: onServer(channelPath(showing.timeline.channelId), this.#server),
      posts,
      root: this.renderRoot as ShadowRoot,
      view: this.#view,
      scroller: this.#scroller,
      timeline: () => showing.timeline,
      load: (way) => browsing.load(way, (client) => (way === 'older' ? client.loadOlder(pageMost) : client.loadNewer(pageMost))),
      moveTo: (seq) => browsing.load('newer', (client) => client.moveTo(seq + 1)),
    });
    return this.#wayBack;
  }

  #tellTimes(posts: HTMLElement, setting: ChoiceSetting): Times {
    return new Times({
      setting,
      root: this.renderRoot as ShadowRoot,
      preset: this.#preset,
      renderInZone: () => this.#showing && this.#show(this.#showing.timeline),
      within: (change) => keepPlace(posts, change, this.#view),
    });
  }

  get #preset(): TimeChoice {
    return choiceOf(this.times) ?? 'coverage';
  }

  /**
   * A permanent link leads to `#post-<id>` of the page that carries the channel; a browser does not look into a shadow tree for it. Returns
   * whether the address is such a one.
   */
  #goToFragment(): boolean {
    const [, id] = /^#post-(.*)/.exec(this.#window.location.hash) ?? [];
    if (id !== undefined) void this.#browsing.goTo(id);
    return id !== undefined;
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
    const { timezone = 'UTC', language = 'en' } = this.#following?.channel ?? {};
    const runs = directionOf(language);
    const setting = { timezone, runs, language: this.#language ?? 'en', words: this.#words, server: this.#server };
    return this.#told?.inZone(setting) ?? setting;
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
      news: this.#showing ? newsText(this.#showing.news, this.#setting) : '',
      asking: this.#browsing.paging !== undefined,
      failed: this.#browsing.failed,
    };
  }

  /** That in which it stands: the page may have moved it to another one than its script runs in. */
  get #window(): Window & typeof globalThis {
    return this.ownerDocument.defaultView ?? window;
  }

  readonly #scroller = (): Element | undefined => (this.hasAttribute('scroll') ? this.#stage?.find('scroller') : this.#scrolled);

  get #view(): View {
    const scroller = this.#scroller;
    return {
      edge: () => scroller()?.getBoundingClientRect().top ?? 0,
      top: () => Math.max(0, scroller()?.getBoundingClientRect().top ?? 0),
      bottom: () => Math.min(scroller()?.getBoundingClientRect().bottom ?? Number.POSITIVE_INFINITY, this.#lowestSeen),
      scrollBy: (top) => (scroller() ?? this.#window).scrollBy({ top, behavior: 'instant' }),
    };
  }

  /** A frame may be as high as what is in it, and the page around be scrolled: where its start is in view, what is far below is not. */
  get #lowestSeen(): number {
    const { innerHeight, scrollY } = this.#window;
    const isStartInView = window !== window.parent && !this.hold && scrollY === 0;
    return Math.min(innerHeight, isStartInView ? 2 * screen.height : Number.POSITIVE_INFINITY);
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

  #onScroll(scrolled?: EventTarget | null): void {
    if (scrolled instanceof this.#window.Element && scrolled.contains(this)) this.#scrolled = scrolled;
    if (this.#showing?.onScroll()) this.requestUpdate();
  }
}
