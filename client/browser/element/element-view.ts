import type { Event } from '../../../src/protocol/model.ts';
import { reachedEnd, type Timeline } from '../../lib/timeline/timeline.ts';
import type { News } from '../i18n/words.ts';
import { type ConnectionState, SinceYouLeft } from '../page/missed-summary.ts';
import { Coverage } from '../posts-view.ts';
import type { View } from '../scroll-anchor.ts';
import type { PostSetting } from '../view/post.ts';
import { numberPosts } from './aria-feed.ts';
import { namePartsOf } from './style-parts.ts';

export interface ShowingOptions {
  /** Where the posts stand, and what their reader missed. */
  posts: HTMLElement;
  since: HTMLElement;
  view: View;
  setting: () => PostSetting;
  /** Is given what is rendered, before it is compared with what stands. */
  dress: (content: ParentNode) => void;
  /** New posts wait for the reader even at the top. */
  holds: () => boolean;
  say: (sentence: string) => void;
  /** Holds no more than the posts with a `seq` from one to the other. */
  narrow: (floor: number, ceiling: number | null) => void;
}

/** What is shown of a coverage: its posts, and to someone who comes back what they missed. */
export class Showing {
  readonly #options: ShowingOptions;
  readonly #coverage: Coverage;
  readonly #since: SinceYouLeft;
  #timeline: Timeline;
  #language = '';

  constructor(timeline: Timeline, options: ShowingOptions) {
    const { posts, since, view, setting, dress, holds, say } = options;
    this.#options = options;
    this.#timeline = timeline;
    posts.replaceChildren();
    const beside = () => numberPosts(posts, this.#isWhole ? posts.childElementCount : undefined);
    const dressPost = (post: HTMLElement) => {
      dress(post);
      namePartsOf(post);
    };
    this.#coverage = new Coverage({ ...timeline, posts: [] }, { posts, view, setting, holds, dress: dressPost, beside });
    this.#coverage.revealNext();
    this.#since = new SinceYouLeft({ element: since, timeline: () => this.#timeline, posts, say, dress, setting });
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
    const { news, above } = this.#coverage;
    return { ...news, posts: news.posts + above };
  }

  /** Before the timeline is shown that holds the change. */
  hear(event: Event): void {
    this.#since.hear(event);
    this.#coverage.hear(event);
  }

  onState(state: ConnectionState): void {
    this.#since.onState(state);
  }

  /** `paged`: what the reader asked for. */
  show(timeline: Timeline, paged: 'newer' | 'older' | undefined): void {
    this.#timeline = timeline;
    this.#language = this.#options.setting().language;
    this.#coverage.show(timeline, paged);
    this.#since.render();
    if (paged === undefined) this.letGo();
  }

  /** An element that is open all day holds so many posts, as a page does. */
  letGo(): void {
    const { excess } = this.#coverage;
    if (excess !== undefined) this.#options.narrow(excess.floor, excess.ceiling);
  }

  /** What comes next is another history. */
  reset(): void {
    this.#since.forget();
    this.#coverage.revealNext();
  }

  /** Takes the reader to what is new. False where it has no room in the window. */
  revealHeldBack(): boolean {
    if (this.#coverage.above > 0) return false;
    this.#coverage.revealHeldBack();
    return true;
  }

  /** New posts wait no more. What is read stays where it is. */
  reveal(): void {
    this.#coverage.reveal();
  }

  /** Returns whether there is another count to show. */
  onScroll(): boolean {
    return this.#coverage.onScroll();
  }

  /** The element goes, and may come back. */
  close(): void {
    this.#since.close();
  }

  /** Nothing of the channel stays; `forGood`: it may not be shown any more. */
  clear(forGood: boolean): void {
    if (forGood) this.#since.forgetForGood();
    else this.#since.close();
    this.#coverage.clear();
  }

  /** Every post of the channel is there. */
  get #isWhole(): boolean {
    return this.#timeline.ceiling === null && reachedEnd(this.#timeline);
  }
}
