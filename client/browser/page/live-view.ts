import { channelPath, postAnchor } from '../../../src/protocol/addresses.ts';
import type { Event, ReaderPost } from '../../../src/protocol/model.ts';
import type { Timeline } from '../../lib/timeline/timeline-model.ts';
import { updateDocument } from '../connection-status.ts';
import { morphInside, parse } from '../morph.ts';
import { PostsView } from '../posts-view.ts';
import { arrivalFor } from '../reader-activity.ts';
import type { TimeDisplay } from '../time-display.ts';
import type { PageData } from '../view/data.ts';
import { directionOf } from '../view/direction.ts';
import { html } from '../view/html.ts';
import { newsCount, renderNews } from '../view/page/news.ts';
import { summaryAbove } from '../view/page/overview.ts';
import { type Region, regions, renderRegion, titleOf } from '../view/page/page.ts';
import { renderNewer, renderOlder } from '../view/page/paging.ts';
import { wordsOf } from '../view/wording/time.ts';
import { otherLanguage, pageWordsOf, partNames, spoken, spokenParts } from '../view/wording/wording.ts';
import { windowViewport } from '../viewport.ts';
import { basePath } from './base-path.ts';

/** Renders a timeline into the document. */
export class LiveView {
  readonly button = find('new-posts');
  readonly newer = find('newer');
  readonly older = find('older');
  readonly pause = find('pause');
  readonly posts = find('posts');
  readonly since = find('since');
  readonly #postsView: PostsView;
  readonly #times: TimeDisplay;
  /** The current markup of each region. */
  readonly #regions = new Map<Region, string>();
  #timeline: Timeline;
  /** The language of the page. */
  #language: string;
  #paging: 'newer' | 'older' | undefined;
  readonly #marked: string | null;
  readonly #markedRevision: number | undefined;

  /** `marked`: the id of the post that a permanent link led to. */
  constructor(timeline: Timeline, { marked, embeds }: Pick<PageData, 'marked' | 'embeds'>, times: TimeDisplay) {
    this.#times = times;
    this.#timeline = timeline;
    this.#language = timeline.channel.language;
    this.#marked = marked;
    this.#markedRevision = marked === null ? undefined : this.post(marked)?.revision;
    const strip = document.getElementById('strip');
    this.#postsView = new PostsView(timeline, {
      posts: this.posts,
      notices: find('notices'),
      newsChanged: () => this.#showCounts(),
      marked,
      arrival: () =>
        arrivalFor({
          posts: this.posts,
          overview: ['key-events', 'summary', 'pinned'].flatMap((id) => document.getElementById(id) ?? []),
          viewport: windowViewport,
          isPaused: this.#isPaused,
        }),
      setting: (shown) => ({ basePath, actions: true, embeds, summaryId: summaryAbove({ ...shown, marked })?.id }),
      summary: find('summary'),
      decorate: (post) => {
        times.decorate(post);
        if (strip && post.dataset.post === marked) post.prepend(strip.cloneNode(true));
      },
      renderAround: () => this.#renderRest(),
    });
    for (const name of regionNames) this.#regions.set(name, renderRegion(name, { ...timeline, marked }, basePath).text);
  }

  /** The channel as shown: in the time zone that the reader chose. */
  get channel(): Timeline['channel'] {
    return this.#timeline.channel;
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  /** The post with this id, if it is on the page. */
  post(id: string): ReaderPost | undefined {
    return this.#timeline.posts.find((post) => post.id === id);
  }

  /** Scrolls to the post that the page was opened for. `isBack`: the scroll position was restored, so keep it. */
  openAtMarked(isBack: boolean): void {
    const element = this.#marked === null ? null : document.getElementById(postAnchor(this.#marked));
    // Once the post has the focus, the browser no longer jumps to it by itself.
    element?.focus({ preventScroll: true });
    if (!isBack && location.hash === '') element?.scrollIntoView({ block: 'start', behavior: 'instant' });
  }

  /** Call before showing the timeline that includes the event. */
  onEvent(event: Event): void {
    this.#postsView.onEvent(event);
  }

  show(timeline: Timeline): void {
    this.#timeline = { ...timeline, channel: this.#times.inChosenZone(timeline.channel) };
    this.#postsView.show(this.#timeline, this.#paging);
    this.#checkPreview();
  }

  /** The window to keep if the page holds too many posts. */
  get excess(): PostsView['excess'] {
    return this.#paging === undefined ? this.#postsView.excess : undefined;
  }

  /** Shows the next timeline completely, because it belongs to another history. */
  revealNext(): void {
    this.#postsView.revealNext();
  }

  /** Shows the posts that `load` loads without moving the reader. Returns them. */
  async load(direction: 'newer' | 'older', load: () => Promise<unknown>): Promise<ReaderPost[]> {
    const before = new Set(this.#timeline.posts.map(({ id }) => id));
    this.#paging = direction;
    try {
      await load();
    } finally {
      this.#paging = undefined;
    }
    return this.#timeline.posts.filter(({ id }) => !before.has(id));
  }

  /** Like `load`, then moves the focus to the nearest new post: below the reader, who is not moved, or above. Returns their number. */
  async page(direction: 'newer' | 'older', load: () => Promise<unknown>): Promise<number> {
    const came = await this.load(direction, load);
    const nearest = direction === 'newer' ? came.at(-1) : came[0];
    const element = nearest && document.getElementById(postAnchor(nearest.id));
    if (direction === 'newer') element?.scrollIntoView({ block: 'nearest', behavior: 'instant' });
    element?.focus({ preventScroll: true });
    return came.length;
  }

  /** Goes to what the reader has not seen. `load` loads the post with that id. */
  async goToUnseen(load: (postId: string) => Promise<unknown>): Promise<void> {
    const id = this.#postsView.goToUnseen();
    if (id === undefined) return;
    await this.load('newer', () => load(id));
    this.#postsView.goToUnseen();
  }

  /** Shows the waiting posts without moving the reader. */
  reveal(): void {
    this.#postsView.reveal();
  }

  onScroll(): void {
    this.#postsView.onScroll();
  }

  /** Pauses or resumes updates: while they are paused, new posts wait until the reader asks for them. */
  togglePause(): void {
    this.pause.toggleAttribute('data-paused');
    this.#namePause();
    this.#postsView.onPause();
  }

  get #isPaused(): boolean {
    return this.pause.hasAttribute('data-paused');
  }

  #namePause(): void {
    const { pauseUpdates, resumeUpdates } = pageWordsOf(this.channel);
    find('pause-name').textContent = this.#isPaused ? resumeUpdates : pauseUpdates;
  }

  onVisible(): void {
    this.#postsView.checkSeen();
  }

  /** The channel may no longer be read: removes all of it from the page. `text` says why. Later updates are not shown. */
  clear(text: string): void {
    forgetPreview();
    document.title = text;
    const instead = html`<div class="head" role="alert"><h1${spoken(this.channel)}>${text}</h1></div>`;
    document.querySelector('main')?.replaceChildren(parse(instead.text));
  }

  /** Lets the column beside the posts scroll with them from where it is, while something in it is unfolded. */
  onToggle(): void {
    const side = document.querySelector<HTMLElement>('.side');
    if (side === null) return;
    const hidden = windowViewport.top() - (side.parentElement?.getBoundingClientRect().top ?? 0);
    if (side.querySelector('[open]') === null) side.style.marginTop = '';
    else side.style.marginTop ||= `${Math.max(0, hidden)}px`;
  }

  /** Renders everything but the posts. */
  #renderRest(): void {
    if (this.channel.language !== this.#language) this.#nameParts();
    for (const name of regionNames) this.#renderRegion(name);
    this.#renderPaging();
    this.#showCounts();
  }

  /** Removes the quote of the post from the head once the post has changed. The head quotes it for link previews. */
  #checkPreview(): void {
    if (this.#marked !== null && this.post(this.#marked)?.revision !== this.#markedRevision) forgetPreview();
  }

  /** Updates the texts around the regions when the language changes. */
  #nameParts(): void {
    const { channel } = this;
    this.#language = channel.language;
    for (const [id, name] of Object.entries(partNames)) document.getElementById(id)?.setAttribute('aria-label', name(channel));
    find('posts-name').textContent = wordsOf(channel).posts;
    this.#namePause();
    const other = otherLanguage(channel);
    for (const element of spokenParts.flatMap((id) => document.getElementById(id) ?? [])) {
      element.lang = other ?? channel.language;
      element.dir = directionOf(element.lang);
    }
  }

  #renderRegion(name: Region): void {
    const element = document.getElementById(name);
    const markup = renderRegion(name, { ...this.#postsView.shown, marked: this.#marked }, basePath).text;
    if (element === null || this.#regions.get(name) === markup) return;
    morphInside(element, markup, this.#times.decorate);
    this.#regions.set(name, markup);
  }

  #renderPaging(): void {
    const address = basePath + channelPath(this.channel.id);
    morphInside(this.newer, renderNewer(this.#timeline, this.channel, address).text);
    morphInside(this.older, renderOlder(this.#timeline, this.channel, address).text);
  }

  #showCounts(): void {
    if (!this.posts.isConnected) return;
    const { channel } = this;
    const { news } = this.#postsView;
    const count = newsCount(news);
    this.button.hidden = count === 0;
    morphInside(this.button, renderNews(news, channel).text);
    const name = titleOf(channel, this.#marked === null ? undefined : this.post(this.#marked));
    updateDocument(channel, name, count);
  }
}

function forgetPreview(): void {
  for (const tag of document.head.querySelectorAll('meta[property], meta[name=description], link[rel=alternate]')) tag.remove();
}

const regionNames = Object.keys(regions) as Region[];

/** The element always exists on the page. */
function find(id: string): HTMLElement {
  return document.getElementById(id) as HTMLElement;
}
