import { ReactiveElement } from 'lit';
import { channelPath } from '../../../src/protocol/addresses.ts';
import { pageMost } from '../../../src/protocol/client-limits.ts';
import { sitesNamed } from '../../../src/protocol/embeds/provider-names.ts';
import type { Event, ReaderPost } from '../../../src/protocol/model.ts';
import { reachedEnd, type Timeline } from '../../lib/timeline/timeline-model.ts';
import { Announcer } from '../announcer.ts';
import { isLoaded, loadWords } from '../i18n/index.ts';
import type { ElementWords, Words } from '../i18n/words.ts';
import { enableMedia, opensElsewhere } from '../media-press.ts';
import { morphInside } from '../morph.ts';
import { enableSharing } from '../page/share.ts';
import { arrivalFor, trackReaderActivity } from '../reader-activity.ts';
import { preserveScroll } from '../scroll-anchor.ts';
import { parseTimeChoice, TimeDisplay } from '../time-display.ts';
import { directionOf } from '../view/direction.ts';
import { html } from '../view/html.ts';
import { BetweenSlots } from '../view/page/between-slots.ts';
import { type ConnectionTone, type ElementChrome, elementWordsOf } from '../view/page/element-chrome.ts';
import type { PostSetting } from '../view/post/post.ts';
import { clockBeside } from '../view/wording/time.ts';
import type { ChoiceSetting, TimeChoice } from '../view/wording/time-choice.ts';
import type { Viewport } from '../viewport.ts';
import { moveByKey } from './aria-feed.ts';
import type { CorrectionsList } from './corrections-list.ts';
import { ElementShell } from './element-shell.ts';
import { ElementView } from './element-view.ts';
import { type ElementState, FollowedChannel, type FollowedChannelCallbacks, type FollowTarget } from './followed-channel.ts';
import { linkedPostId, Navigation } from './navigation.ts';
import { ScrollRestorer, trackReaderInput } from './scroll-restore.ts';
import { adoptStyleSheet } from './style-sheets.ts';

/** The server that this script was loaded from: it is `/embed.js` or a hashed name below `/assets/`. */
const home = new URL('.', import.meta.url).href.replace(/(?:\/assets)?\/$/, '');

/** `<pressbox-live>`: a channel on any page. docs/guides/embedding.md describes its attributes, events and parts. */
export class PressboxLive extends ReactiveElement {
  static override properties = {
    channel: { type: String },
    src: { type: String },
    theme: { type: String },
    limit: { type: Number },
    hold: { type: Boolean },
    times: { type: String },
    view: { type: String },
    embeds: { type: String },
    every: { type: Number },
    wording: { type: String, attribute: 'lang' },
  };
  /** The channel's id. */
  declare channel: string | null;
  /** The server's address. Default: where the script came from. */
  declare src: string | null;
  /** `light`, `dark` or `auto` (the device's setting). Default: like the surrounding page. */
  declare theme: string | null;
  /** Number of posts to begin with, 1 to 100. */
  declare limit: number | null;
  /** New posts wait behind the button, whatever the reader does. */
  declare hold: boolean;
  /** `coverage`, `own` or `ago`: how to show times to a reader who has not chosen. */
  declare times: string | null;
  /** `corrections`: only the corrections of the channel, not its posts. */
  declare view: string | null;
  /** Providers and Mastodon hosts whose posts readers may open in a frame. Default: all but Mastodon. */
  declare embeds: string | null;
  /** Number of posts from one slot between posts to the next. Default: no slots. */
  declare every: number | null;
  declare wording: string | null;

  #shell: ElementShell | undefined;
  /** Loaded with the first view of corrections. */
  #corrections: Promise<CorrectionsList | undefined> | undefined;
  #followed: FollowedChannel | undefined;
  #elementView: ElementView | undefined;
  readonly #slots = new BetweenSlots();
  #scrollRestorer: ScrollRestorer | undefined;
  #times: TimeDisplay | undefined;
  /** The language of the interface. Undefined until its words are loaded. */
  #language: string | undefined;
  #announcer: Announcer | undefined;
  readonly #navigation = new Navigation({
    client: () => this.#followed?.client,
    find: (id) => this.shadowRoot?.getElementById(id) ?? null,
    changed: () => {
      this.requestUpdate();
      if (this.#navigation.paging === undefined) this.#elementView?.trimPosts();
    },
  });
  #listeners = new AbortController();
  /** The element that scrolls this one, unless it is the window. */
  #scrolledAncestor: Element | undefined;

  protected override createRenderRoot(): ShadowRoot {
    return adoptStyleSheet(this.shadowRoot ?? this.attachShadow({ mode: 'open' }));
  }

  adoptedCallback(): void {
    if (this.shadowRoot) adoptStyleSheet(this.shadowRoot);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    trackReaderInput();
    this.#listeners = new AbortController();
    const options = { passive: true, capture: true, signal: this.#listeners.signal };
    this.#scrolledAncestor = undefined;
    const window = this.#window;
    window.addEventListener('scroll', ({ target }) => this.#onScroll(target), options);
    // The day of the "as of" time may have changed too.
    for (const change of ['offline', 'visibilitychange']) window.addEventListener(change, this.#onChange, options);
    window.addEventListener('hashchange', () => this.#goToFragment(), options);
    trackReaderActivity(window);
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#listeners.abort();
    // An element that is moved is connected again before this runs.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#elementView?.close();
      this.#closeView();
      this.#followed?.close();
    });
  }

  protected override willUpdate(): void {
    if (this.isConnected) this.#follow();
    this.#applyLanguage();
  }

  protected override update(changed: Map<PropertyKey, unknown>): void {
    super.update(changed);
    // The fragment of the server stays until its language is loaded.
    if (this.#followed?.timeline && this.#language === undefined) return;
    this.#shell ??= this.#setUp(this.renderRoot as ShadowRoot);
    this.#shell.render(this.#chrome);
  }

  #setUp(root: ShadowRoot): ElementShell {
    const shell = new ElementShell(root, this.#viewport, (content) => this.#times?.decorate(content));
    for (const way of ['newer', 'newest', 'older'] as const) shell.find(way).addEventListener('click', this.#navigation[way]);
    for (const id of ['scroller', 'over']) shell.find(id).addEventListener('click', this.#onClick);
    shell.find('new-posts').addEventListener('click', this.#goToUnseen);
    const posts = shell.find('posts');
    posts.addEventListener('keydown', (event) => moveByKey(posts, event));
    const announcer = new Announcer(() => this.#setting, shell.find('announcement'));
    this.#announcer = announcer;
    const words = () => this.#words;
    enableMedia(shell.find('frame'), words);
    enableSharing(shell.find('frame'), words, (sentence) => announcer.announce(sentence));
    return shell;
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    if (changed.has('hold')) this.#elementView?.onPause();
    if (changed.has('times')) this.#times?.setDefault(this.#defaultTimes);
    const { timeline } = this.#followed ?? {};
    const isShown =
      this.#elementView !== undefined &&
      this.#elementView.language === this.#language &&
      !['embeds', 'every'].some((name) => changed.has(name));
    if (this.isConnected && timeline !== undefined && !isShown) this.#show(timeline);
  }

  // ---- Following

  get #server(): string {
    try {
      return new URL(this.src || home, document.baseURI).href.replace(/[?#].*$/s, '').replace(/\/+$/, '');
    } catch {
      return home;
    }
  }

  #follow(): void {
    const target: FollowTarget = { server: this.#server, channel: this.channel, limit: this.#showsPosts ? this.limit : 1 };
    if (JSON.stringify(target) !== JSON.stringify(this.#followed?.target)) {
      this.#clear(false);
      this.#followed?.close();
      this.#navigation.failed = false;
      const fragment = this.renderRoot.querySelector('script')?.textContent;
      const callbacks: FollowedChannelCallbacks = {
        event: (...told) => this.#onEvent(...told),
        reset: () => this.#elementView?.reset(),
        timeline: (timeline) => this.#show(timeline),
        state: (state) => this.#onState(state),
        changed: () => this.requestUpdate(),
        ended: (why) => {
          // Replaces pending announcements, so that no post of the channel is read out.
          if (this.#elementView) this.#announcer?.announceInstead(this.#words[why]);
          this.#clear(true);
        },
      };
      this.#followed = new FollowedChannel(target, callbacks, fragment && JSON.parse(fragment));
      // Posts that arrive before the element has loaded its language move no slot of the fragment.
      this.#slots.clear();
      this.#slots.number(this.#followed.timeline?.posts ?? [], this.every);
    }
    this.#followed?.open();
  }

  #clear(forGood: boolean): void {
    void this.#corrections?.then((list) => list?.clear());
    this.#elementView?.clear(forGood);
    this.#closeView();
  }

  /** Closes everything that depends on the timeline. */
  #closeView(): void {
    this.#elementView = undefined;
    this.#scrollRestorer?.close();
    this.#scrollRestorer = undefined;
    this.#times?.close();
    this.#times = undefined;
  }

  #onEvent(event: Event, before: ReaderPost | undefined): void {
    this.#elementView?.onEvent(event);
    if (this.#showsPosts || event.type !== 'post.published') this.#announcer?.onEvent(event, before);
    if (event.type !== 'channel.changed') this.#dispatch('post', { type: event.type, post: event.post });
  }

  #onState(state: ElementState): void {
    this.#elementView?.onState(state);
    this.#announcer?.onConnection(state.status, () => this.#connection[1]);
    this.#dispatch('state', state);
  }

  /** Shows the timeline. Does nothing until the words of the language are loaded. */
  #show(timeline: Timeline): void {
    const shell = this.#shell;
    if (shell === undefined || !this.#applyLanguage()) return;
    const posts = shell.find('posts');
    const isFirst = this.#elementView === undefined;
    const setting = { language: this.#language ?? 'en', timezone: timeline.channel.timezone };
    this.#times ??= this.#createTimes(posts, setting);
    this.#times.show(setting);
    this.#elementView ??= new ElementView(timeline, {
      posts,
      since: shell.find('since'),
      notices: shell.find('notices'),
      newsChanged: () => this.requestUpdate(),
      view: this.#viewport,
      setting: () => this.#setting,
      decorate: (content) => this.#times?.decorate(content),
      summary: shell.find('summary'),
      arrival: () =>
        arrivalFor({
          posts,
          overview: ['key-events', 'summary', 'pinned'].map((id) => shell.find(id)),
          viewport: this.#viewport,
          isPaused: this.hold,
        }),
      slots: this.#slots,
      every: () => this.every,
      announce: (sentence) => this.#announcer?.announceInstead(sentence),
      narrow: (floor, ceiling) => this.#followed?.client?.narrow(floor, ceiling),
    });
    this.#elementView.show(timeline, this.#navigation.paging);
    if (!this.#showsPosts) this.#showCorrections(timeline, shell.find('scroller'));
    this.requestUpdate();
    if (!isFirst) return;
    if (this.#followed?.state) this.#elementView.onState(this.#followed.state);
    this.#times.start();
    const scrollRestorer = this.#openScrollRestorer(this.#elementView, posts);
    void this.updateComplete.then(() => {
      if (!this.#goToFragment()) void scrollRestorer.restore();
    });
  }

  get #showsPosts(): boolean {
    return this.view !== 'corrections';
  }

  #showCorrections(timeline: Timeline, parent: HTMLElement): void {
    const decorate = (content: ParentNode) => this.#times?.decorate(content);
    const tools = { html, clockBeside, morphInside, decorate, setting: () => this.#setting };
    this.#corrections ??= import('./corrections-list.ts')
      .then((part) => new part.CorrectionsList(this, parent, tools))
      // The next change of the channel tries again.
      .catch(() => (this.#corrections = undefined));
    void this.#corrections.then((list) => list?.show(timeline, this.#server));
  }

  #openScrollRestorer(view: ElementView, posts: HTMLElement): ScrollRestorer {
    const navigation = this.#navigation;
    this.#scrollRestorer = new ScrollRestorer({
      address: this.#server + channelPath(view.timeline.channelId),
      posts,
      root: this.renderRoot as ShadowRoot,
      view: this.#viewport,
      scroller: this.#scroller,
      timeline: () => view.timeline,
      load: (direction) =>
        navigation.load(direction, (client) => (direction === 'older' ? client.loadOlder(pageMost) : client.loadNewer(pageMost))),
      moveTo: (seq) => navigation.load('newer', (client) => client.moveTo(seq + 1)),
    });
    return this.#scrollRestorer;
  }

  #createTimes(posts: HTMLElement, setting: ChoiceSetting): TimeDisplay {
    return new TimeDisplay({
      setting,
      root: this.renderRoot as ShadowRoot,
      preset: this.#defaultTimes,
      renderInZone: () => this.#elementView && this.#show(this.#elementView.timeline),
      preservingScroll: (change) => preserveScroll(posts, change, this.#viewport),
    });
  }

  get #defaultTimes(): TimeChoice {
    return parseTimeChoice(this.times) ?? 'coverage';
  }

  /**
   * Scrolls to the post that the address of the page names (`#post-<id>`), because browsers do not look for it in a shadow tree.
   * Returns whether the address names a post.
   */
  #goToFragment(): boolean {
    const [, id] = /^#post-(.*)/.exec(this.#window.location.hash) ?? [];
    if (id !== undefined) void this.#navigation.goTo(id);
    return id !== undefined;
  }

  #dispatch(name: 'post' | 'state', detail: object): void {
    this.dispatchEvent(new CustomEvent(`pressbox-${name}`, { detail, bubbles: true, composed: true }));
  }

  // ---- Language and settings

  /** The language of the interface: `lang`, else the channel's language, else the page's. */
  get #wantedLanguage(): string {
    const page = this.closest('[lang]')?.getAttribute('lang') || document.documentElement.lang || 'en';
    return this.wording || this.#followed?.channel?.language || page;
  }

  /** Switches to the wanted language once its words are loaded. Returns whether it is in use. */
  #applyLanguage(): boolean {
    const wantedLanguage = this.#wantedLanguage;
    if (isLoaded(wantedLanguage)) this.#language = wantedLanguage;
    else void loadWords(wantedLanguage).then(() => this.requestUpdate());
    return this.#language === wantedLanguage;
  }

  get #words(): Words & ElementWords {
    return elementWordsOf(this.#language ?? 'en');
  }

  get #setting(): PostSetting {
    const { timezone = 'UTC', language = 'en' } = this.#followed?.channel ?? {};
    const runs = directionOf(language);
    const setting = {
      timezone,
      runs,
      language: this.#language ?? 'en',
      words: this.#words,
      server: this.#server,
      embeds: sitesNamed(this.embeds),
    };
    return this.#times?.inChosenZone(setting) ?? setting;
  }

  get #chrome(): ElementChrome {
    const { theme } = this;
    const shown = this.#elementView?.shown;
    const asking = this.#navigation.paging !== undefined;
    return {
      words: this.#words,
      language: this.#language,
      setting: this.#setting,
      server: this.#server,
      theme: ['light', 'dark', 'auto'].includes(theme ?? '') ? theme : null,
      shown,
      hasOlder: shown !== undefined && !reachedEnd(shown),
      channel: shown?.channel ?? this.#followed?.publicChannel,
      connection: this.#connection,
      unavailableReason: this.#language === undefined ? undefined : this.#followed?.unavailableReason,
      news: this.#elementView?.news,
      isBusy: asking || this.#followed?.state?.status === 'catching-up',
      asking,
      failed: this.#navigation.failed,
    };
  }

  /** Whether the element is live, as a tone and a short sentence. */
  get #connection(): [ConnectionTone, string] {
    return (this.#language && this.#followed?.connection(this.#words, this.#setting)) || ['still', ''];
  }

  /** The element's own window. The page may have moved the element to another document. */
  get #window(): Window & typeof globalThis {
    return this.ownerDocument.defaultView ?? window;
  }

  readonly #scroller = (): Element | undefined =>
    this.hasAttribute('scroll') ? this.#shell?.find('scroller') : this.#scrolledAncestor;

  get #viewport(): Viewport {
    const scroller = this.#scroller;
    return {
      edge: () => scroller()?.getBoundingClientRect().top ?? 0,
      top: () => Math.max(0, scroller()?.getBoundingClientRect().top ?? 0),
      bottom: () => Math.min(scroller()?.getBoundingClientRect().bottom ?? Number.POSITIVE_INFINITY, this.#lowestVisible),
      scrollBy: (top) => (scroller() ?? this.#window).scrollBy({ top, behavior: 'instant' }),
    };
  }

  /**
   * The lowest visible line, in CSS pixels. If a frame is as high as its content, only the surrounding page knows this line. While
   * the start of such a frame is in view, the visible part is assumed to be at most two screens high.
   */
  get #lowestVisible(): number {
    const { innerHeight, scrollY } = this.#window;
    const isStartInView = window !== window.parent && !this.hold && scrollY === 0;
    return Math.min(innerHeight, isStartInView ? 2 * screen.height : Number.POSITIVE_INFINITY);
  }

  // ---- Reader actions

  readonly #goToUnseen = (): void => {
    const id = this.#elementView?.goToUnseen();
    if (id !== undefined) void this.#navigation.goTo(id);
  };

  readonly #onChange = (): void => {
    this.#elementView?.checkSeen();
    this.requestUpdate();
  };

  /** Follows a link to another post of the channel within the element. */
  readonly #onClick = (click: MouseEvent): void => {
    const link = click.target instanceof Element ? click.target.closest('a') : null;
    const id = link && linkedPostId(link, this.channel ?? '');
    if (!id || opensElsewhere(click)) return;
    click.preventDefault();
    // The link may lead to a post that is held back.
    if (link?.closest('.since')) this.#elementView?.reveal();
    void this.#navigation.goTo(id);
  };

  #onScroll(scrolled: EventTarget | null): void {
    const isElement = scrolled instanceof this.#window.Element;
    // Another part of the page, such as a carousel, moves no post.
    if (isElement && !scrolled.contains(this)) return;
    if (isElement) this.#scrolledAncestor = scrolled;
    this.#elementView?.onScroll();
  }
}
