import type { Event, ReaderPost } from '../../../src/protocol/model.ts';
import { reachedEnd, type Timeline } from '../../lib/timeline/timeline-model.ts';
import type { Arrival } from '../arrivals.ts';
import { type ConnectionState, MissedSummary } from '../page/missed-summary.ts';
import { type DirectedNews, PostsView } from '../posts-view.ts';
import type { BetweenSlots } from '../view/page/between-slots.ts';
import { summaryAbove } from '../view/page/overview.ts';
import type { PostSetting } from '../view/post/post.ts';
import type { Viewport } from '../viewport.ts';
import { numberPosts } from './aria-feed.ts';
import { setPartNames } from './style-parts.ts';

export interface ElementViewOptions {
  /** Elements for the posts and for the missed summary. */
  posts: HTMLElement;
  since: HTMLElement;
  /** Contains the indicator of unseen news and the missed summary. */
  notices: HTMLElement;
  /** `news` or `shown` changed. */
  newsChanged: () => void;
  view: Viewport;
  setting: () => PostSetting;
  /** Receives rendered content before it is compared with the document. */
  decorate: (content: ParentNode) => void;
  /** Shows the newest summary. */
  summary: HTMLElement;
  /** Whether new posts wait or come in now. */
  arrival: () => Arrival;
  slots: BetweenSlots;
  /** The number of posts from one slot between posts to the next. */
  every: () => number | null;
  announce: (sentence: string) => void;
  /** Reduces the window to the posts with a `seq` from `floor` to `ceiling`. */
  narrow: (floor: number, ceiling: number | null) => void;
}

/** Shows a channel in an element: its posts and the missed summary. */
export class ElementView {
  readonly #options: ElementViewOptions;
  readonly #postsView: PostsView;
  readonly #missedSummary: MissedSummary;
  #timeline: Timeline;
  #language = '';

  constructor(timeline: Timeline, options: ElementViewOptions) {
    const { posts, since, notices, newsChanged, view, setting, decorate, summary, arrival, slots, every, announce } = options;
    this.#options = options;
    this.#timeline = timeline;
    posts.replaceChildren();
    const renderAround = () => {
      numberPosts(posts, this.#isComplete ? posts.childElementCount : undefined);
      placeSlots(posts, this.#timeline.posts, slots, every());
      newsChanged();
    };
    const listSetting = (shown: Timeline) => ({ ...setting(), actions: true, summaryId: summaryAbove(shown)?.id });
    const decoratePost = (post: HTMLElement) => {
      decorate(post);
      setPartNames(post);
    };
    this.#postsView = new PostsView(
      { ...timeline, posts: [] },
      { posts, notices, newsChanged, view, setting: listSetting, summary, arrival, decorate: decoratePost, renderAround },
    );
    this.#postsView.revealNext();
    this.#missedSummary = new MissedSummary({
      element: since,
      timeline: () => this.#timeline,
      posts,
      announce,
      decorate,
      setting,
    });
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  /** The timeline as the reader sees it, without what waits. */
  get shown(): Timeline {
    return this.#postsView.shown;
  }

  /** The language of the interface. */
  get language(): string {
    return this.#language;
  }

  /** Counts of the unseen posts and changes. */
  get news(): DirectedNews {
    return this.#postsView.news;
  }

  /** Call before showing the timeline that includes the event. */
  onEvent(event: Event): void {
    this.#missedSummary.onEvent(event);
    this.#postsView.onEvent(event);
  }

  onState(state: ConnectionState): void {
    this.#missedSummary.onState(state);
  }

  /** `paged`: the direction that the reader requested. */
  show(timeline: Timeline, paged: 'newer' | 'older' | undefined): void {
    this.#timeline = timeline;
    this.#language = this.#options.setting().language;
    this.#postsView.show(timeline, paged);
    this.#missedSummary.render();
    if (paged === undefined) this.trimPosts();
  }

  /** Limits the number of posts in an element that is open all day, like on a page. */
  trimPosts(): void {
    const { excess } = this.#postsView;
    if (excess !== undefined) this.#options.narrow(excess.floor, excess.ceiling);
  }

  /** Call when the next timeline belongs to another history. */
  reset(): void {
    this.#missedSummary.forget();
    this.#options.slots.clear();
    this.#postsView.revealNext();
  }

  /** Goes to what the reader has not seen. Returns the id of the post if it must be loaded first. */
  goToUnseen(): string | undefined {
    return this.#postsView.goToUnseen();
  }

  /** Shows the waiting posts without moving the reader. */
  reveal(): void {
    this.#postsView.reveal();
  }

  onScroll(): void {
    this.#postsView.onScroll();
  }

  /** Call when updates were paused or resumed. */
  onPause(): void {
    this.#postsView.onPause();
  }

  checkSeen(): void {
    this.#postsView.checkSeen();
  }

  /** Call when the element was removed from the page. It may be inserted again. */
  close(): void {
    this.#missedSummary.close();
  }

  /** Removes the channel from the element. `forGood`: it may no longer be shown. */
  clear(forGood: boolean): void {
    if (forGood) this.#missedSummary.forgetChannel();
    else this.#missedSummary.close();
    this.#postsView.clear();
  }

  /** Whether every post of the channel is loaded. */
  get #isComplete(): boolean {
    return this.#timeline.ceiling === null && reachedEnd(this.#timeline);
  }
}

/**
 * Puts the slots between posts where they belong. A slot is inside the element of its post, because a feed may contain only
 * articles, and so that it leaves the list and returns with the post.
 */
function placeSlots(list: HTMLElement, posts: readonly ReaderPost[], slots: BetweenSlots, every: number | null): void {
  const elements = new Map([...list.querySelectorAll<HTMLElement>(':scope > .post')].map((post) => [post.dataset.post, post]));
  slots.number(
    posts.filter(({ id }) => elements.has(id)),
    every,
  );
  for (const [id = '', post] of elements) {
    const name = slots.nameUnder(id);
    const present = post.querySelector<HTMLSlotElement>(':scope > slot');
    if (present?.name === name) continue;
    present?.remove();
    if (name === undefined) continue;
    const slot = document.createElement('slot');
    slot.name = name;
    post.append(slot);
  }
}
