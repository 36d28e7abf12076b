import type { Event } from '../../../src/protocol/model.ts';
import { reachedEnd, type Timeline } from '../../lib/timeline/timeline-model.ts';
import type { News } from '../i18n/words.ts';
import { type ConnectionState, MissedSummary } from '../page/missed-summary.ts';
import { PostsView } from '../posts-view.ts';
import type { Viewport } from '../scroll-anchor.ts';
import type { PostSetting } from '../view/post.ts';
import { numberPosts } from './aria-feed.ts';
import { setPartNames } from './style-parts.ts';

export interface ElementViewOptions {
  /** Where the posts stand, and what their reader missed. */
  posts: HTMLElement;
  since: HTMLElement;
  view: Viewport;
  setting: () => PostSetting;
  /** Is given what is rendered, before it is compared with what stands. */
  decorate: (content: ParentNode) => void;
  /** New posts wait for the reader even at the top. */
  holdsNew: () => boolean;
  announce: (sentence: string) => void;
  /** Holds no more than the posts with a `seq` from one to the other. */
  narrow: (floor: number, ceiling: number | null) => void;
}

/** What is shown of a coverage: its posts, and to someone who comes back what they missed. */
export class ElementView {
  readonly #options: ElementViewOptions;
  readonly #postsView: PostsView;
  readonly #missedSummary: MissedSummary;
  #timeline: Timeline;
  #language = '';

  constructor(timeline: Timeline, options: ElementViewOptions) {
    const { posts, since, view, setting, decorate, holdsNew, announce } = options;
    this.#options = options;
    this.#timeline = timeline;
    posts.replaceChildren();
    const renderAround = () => numberPosts(posts, this.#isComplete ? posts.childElementCount : undefined);
    const decoratePost = (post: HTMLElement) => {
      decorate(post);
      setPartNames(post);
    };
    this.#postsView = new PostsView(
      { ...timeline, posts: [] },
      { posts, view, setting, holdsNew, decorate: decoratePost, renderAround },
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

  /** That it is told in. */
  get language(): string {
    return this.#language;
  }

  /** What waits above what is in view, in the window and above it. */
  get news(): News {
    const { news, above } = this.#postsView;
    return { ...news, posts: news.posts + above };
  }

  /** Before the timeline is shown that holds the change. */
  onEvent(event: Event): void {
    this.#missedSummary.onEvent(event);
    this.#postsView.onEvent(event);
  }

  onState(state: ConnectionState): void {
    this.#missedSummary.onState(state);
  }

  /** `paged`: what the reader asked for. */
  show(timeline: Timeline, paged: 'newer' | 'older' | undefined): void {
    this.#timeline = timeline;
    this.#language = this.#options.setting().language;
    this.#postsView.show(timeline, paged);
    this.#missedSummary.render();
    if (paged === undefined) this.trimPosts();
  }

  /** An element that is open all day holds so many posts, as a page does. */
  trimPosts(): void {
    const { excess } = this.#postsView;
    if (excess !== undefined) this.#options.narrow(excess.floor, excess.ceiling);
  }

  /** What comes next is another history. */
  reset(): void {
    this.#missedSummary.forget();
    this.#postsView.revealNext();
  }

  /** Takes the reader to what is new. False where it has no room in the window. */
  revealHeldBack(): boolean {
    if (this.#postsView.above > 0) return false;
    this.#postsView.revealHeldBack();
    return true;
  }

  /** New posts wait no more. What is read stays where it is. */
  reveal(): void {
    this.#postsView.reveal();
  }

  /** Returns whether there is another count to show. */
  onScroll(): boolean {
    return this.#postsView.onScroll();
  }

  /** The element goes, and may come back. */
  close(): void {
    this.#missedSummary.close();
  }

  /** Nothing of the channel stays; `forGood`: it may not be shown any more. */
  clear(forGood: boolean): void {
    if (forGood) this.#missedSummary.forgetChannel();
    else this.#missedSummary.close();
    this.#postsView.clear();
  }

  /** Every post of the channel is there. */
  get #isComplete(): boolean {
    return this.#timeline.ceiling === null && reachedEnd(this.#timeline);
  }
}
