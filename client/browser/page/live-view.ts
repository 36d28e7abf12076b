import { postAnchor } from '../../../src/protocol/addresses.ts';
import type { Event, ReaderPost } from '../../../src/protocol/model.ts';
import type { Timeline } from '../../lib/timeline/timeline-model.ts';
import { updateDocument } from '../connection-status.ts';
import { morphInside, parse } from '../morph.ts';
import { PostsView } from '../posts-view.ts';
import type { TimeDisplay } from '../time-display.ts';
import { newsText } from '../view/counts.ts';
import { directionOf } from '../view/direction.ts';
import { html } from '../view/html.ts';
import { type Region, regions, titleOf } from '../view/page.ts';
import { renderNewer, renderOlder } from '../view/paging.ts';
import { wordsOf } from '../view/time.ts';
import { otherLanguage, partNames, spoken, spokenParts } from '../view/wording.ts';

/** The document, made to show a timeline. */
export class LiveView {
  readonly button = find('new-posts');
  readonly newer = find('newer');
  readonly older = find('older');
  readonly posts = find('posts');
  readonly since = find('since');
  readonly #postsView: PostsView;
  readonly #times: TimeDisplay;
  /** The markup of each region as it stands in the document. */
  readonly #regions = new Map<Region, string>();
  #timeline: Timeline;
  /** That the page is in. */
  #language: string;
  #unseen = 0;
  #paging: 'newer' | 'older' | undefined;
  readonly #marked: string | null;
  readonly #markedRevision: number | undefined;

  /** `marked`: the id of the post that a permanent link led to. */
  constructor(timeline: Timeline, marked: string | null, times: TimeDisplay) {
    this.#times = times;
    this.#timeline = timeline;
    this.#language = timeline.channel.language;
    this.#marked = marked;
    this.#markedRevision = marked === null ? undefined : this.post(marked)?.revision;
    this.#postsView = new PostsView(timeline, {
      posts: this.posts,
      marked,
      setting: () => ({ actions: true }),
      decorate: times.decorate,
      renderAround: () => this.#renderRest(),
    });
    for (const name of regionNames) this.#regions.set(name, regions[name](timeline).text);
  }

  /** As it is shown: in the zone that the reader has times told in. */
  get channel(): Timeline['channel'] {
    return this.#timeline.channel;
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  /** The post with this id, where it is on the page. */
  post(id: string): ReaderPost | undefined {
    return this.#timeline.posts.find((post) => post.id === id);
  }

  /** Takes the reader to the post that the page was opened for; `isBack`: who has come back to it, and is where they were, stays there. */
  openAtMarked(isBack: boolean): void {
    const element = this.#marked === null ? null : document.getElementById(postAnchor(this.#marked));
    // Once it has the focus, the browser does not open at it by itself any more.
    element?.focus({ preventScroll: true });
    if (!isBack && location.hash === '') element?.scrollIntoView({ block: 'start', behavior: 'instant' });
  }

  /** Before the timeline is shown that holds the change. */
  onEvent(event: Event): void {
    this.#postsView.onEvent(event);
    this.#renderPaging();
    this.#showCounts();
  }

  show(timeline: Timeline): void {
    const newest = this.#timeline.newestSeq;
    this.#timeline = { ...timeline, channel: this.#times.inChosenZone(timeline.channel) };
    if (document.hidden) this.#unseen += timeline.posts.filter(({ seq }) => seq > newest).length;
    this.#postsView.show(this.#timeline, this.#paging);
    this.#checkPreview();
  }

  /** What is to be held of more posts than a page is to hold. */
  get excess(): PostsView['excess'] {
    return this.#paging === undefined ? this.#postsView.excess : undefined;
  }

  /** What comes next is another history: shown whole. */
  revealNext(): void {
    this.#postsView.revealNext();
  }

  /** Shows the posts that `load` pages in, and leaves the reader where they are. Returns them. */
  async load(way: 'newer' | 'older', load: () => Promise<unknown>): Promise<ReaderPost[]> {
    const before = new Set(this.#timeline.posts.map(({ id }) => id));
    this.#paging = way;
    try {
      await load();
    } finally {
      this.#paging = undefined;
    }
    return this.#timeline.posts.filter(({ id }) => !before.has(id));
  }

  /** Likewise, and takes the reader to the nearest of them; where there were some above, what was in view stays in view. Returns how many there are. */
  async page(way: 'newer' | 'older', load: () => Promise<unknown>): Promise<number> {
    const came = await this.load(way, load);
    const nearest = way === 'newer' ? came.at(-1) : came[0];
    const element = nearest && document.getElementById(postAnchor(nearest.id));
    element?.scrollIntoView({ block: 'nearest', behavior: 'instant' });
    element?.focus({ preventScroll: true });
    return came.length;
  }

  /** The reader asked for what waits above: it is shown, and they are taken to it. */
  revealHeldBack(): void {
    this.#postsView.revealHeldBack();
  }

  /** Shows what waits above, and leaves the reader where they are. */
  reveal(): void {
    this.#postsView.reveal();
  }

  onScroll(): void {
    if (this.#postsView.onScroll()) this.#showCounts();
  }

  onVisible(): void {
    if (document.hidden) return;
    this.#unseen = 0;
    this.#showCounts();
  }

  /** It may not be read any more: nothing of it stays on the page, and what is shown later is not on it. `said`: why. */
  clear(text: string): void {
    forgetPreview();
    document.title = text;
    const instead = html`<div class="head" role="alert"><h1${spoken(this.channel)}>${text}</h1></div>`;
    document.querySelector('main')?.replaceChildren(parse(instead.text));
  }

  /** Everything but the posts. */
  #renderRest(): void {
    if (this.channel.language !== this.#language) this.#nameParts();
    for (const name of regionNames) this.#renderRegion(name);
    this.#renderPaging();
    this.#showCounts();
  }

  /** What the head says of the post to those who show a link quotes it as it was: once it changed, that goes. */
  #checkPreview(): void {
    if (this.#marked !== null && this.post(this.#marked)?.revision !== this.#markedRevision) forgetPreview();
  }

  /** What is around the regions says the same for as long as the language does. */
  #nameParts(): void {
    const { channel } = this;
    this.#language = channel.language;
    for (const [id, name] of Object.entries(partNames)) document.getElementById(id)?.setAttribute('aria-label', name(channel));
    find('posts-name').textContent = wordsOf(channel).posts;
    const toPosts = document.getElementById('to-posts');
    if (toPosts !== null) toPosts.textContent = wordsOf(channel).newestPosts;
    const other = otherLanguage(channel);
    for (const element of spokenParts.flatMap((id) => document.getElementById(id) ?? [])) {
      element.lang = other ?? channel.language;
      element.dir = directionOf(element.lang);
    }
  }

  #renderRegion(name: Region): void {
    const element = document.getElementById(name);
    const markup = regions[name](this.#timeline).text;
    if (element === null || this.#regions.get(name) === markup) return;
    morphInside(element, markup, this.#times.decorate);
    this.#regions.set(name, markup);
  }

  #renderPaging(): void {
    morphInside(this.newer, renderNewer(this.#timeline, this.channel, this.#postsView.above).text);
    morphInside(this.older, renderOlder(this.#timeline, this.channel).text);
  }

  #showCounts(): void {
    if (!this.posts.isConnected) return;
    const { channel } = this;
    const { news } = this.#postsView;
    const text = newsText(news, channel);
    this.button.hidden = text === '';
    this.button.textContent = text;
    const name = titleOf(channel, this.#marked === null ? undefined : this.post(this.#marked));
    updateDocument(channel, name, Math.max(news.posts, this.#unseen, this.#postsView.above));
  }
}

function forgetPreview(): void {
  for (const told of document.head.querySelectorAll('meta[property], meta[name=description], link[rel=alternate]')) told.remove();
}

const regionNames = Object.keys(regions) as Region[];

/** Of the page, which has it always. */
function find(id: string): HTMLElement {
  return document.getElementById(id) as HTMLElement;
}
