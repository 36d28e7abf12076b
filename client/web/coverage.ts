import { type Event, isWithdrawn } from '../../src/protocol/model.ts';
import type { Timeline } from '../timeline.ts';
import { isAtTop, isIn, keepPlace, theWindow, type View } from './place.ts';
import { PostList } from './post-list.ts';
import type { News } from './strings/words.ts';
import { mostBeyond, mostPosts } from './view/paging.ts';
import type { PostSetting } from './view/post.ts';

export interface CoverageOptions {
  posts: HTMLElement;
  view?: View;
  /** What there is beyond the channel's own setting. */
  setting?: () => Partial<PostSetting>;
  /** New posts wait for the reader even at the top. */
  holds?: () => boolean;
  /** Is given each post that is rendered, before it is compared with the one that stands. */
  dress?: (post: HTMLElement) => void;
  /** The id of the post that a permanent link led to. */
  marked?: string | null;
  /** What changes beside the posts, each time they do: what is read stays in its place over both. */
  beside?: () => void;
}

/**
 * The posts that are read. A change goes into the post that it changes, and moves nothing that is read; new posts come in where the start
 * of the list is in view, else they wait until they are asked for.
 */
export class Coverage {
  readonly #posts: HTMLElement;
  readonly #view: View;
  readonly #holds: () => boolean;
  readonly #beside: () => void;
  readonly #list: PostList;
  #timeline: Timeline;
  /** Posts that were corrected or withdrawn above what is in view. */
  readonly #corrected = new Map<string, 'corrections' | 'withdrawals'>();
  #revealNext = false;

  /** Takes over the posts of the timeline that stand there already, all or none. */
  constructor(
    timeline: Timeline,
    { posts, view = theWindow, setting, holds = () => false, dress, marked, beside = () => {} }: CoverageOptions,
  ) {
    this.#posts = posts;
    this.#view = view;
    this.#holds = holds;
    this.#beside = beside;
    this.#timeline = timeline;
    this.#list = new PostList(posts, timeline, { setting, dress, marked });
  }

  /** What waits for the reader above what is in view. */
  get news(): News {
    const kinds = [...this.#corrected.values()];
    return {
      posts: this.#list.heldBack(this.#timeline.posts).length,
      corrections: kinds.filter((kind) => kind === 'corrections').length,
      withdrawals: kinds.filter((kind) => kind === 'withdrawals').length,
    };
  }

  /** The ids of posts that wait and have a higher `seq`. */
  heldBackAbove(seq: number): string[] {
    return this.#list
      .heldBack(this.#timeline.posts)
      .filter((post) => post.seq > seq)
      .map(({ id }) => id);
  }

  /** Before the timeline is shown that holds the change. */
  hear(event: Event): void {
    if (event.type === 'channel.changed') return;
    const { post } = event;
    const last = post.history.at(-1)?.kind;
    if (!isWithdrawn(post) && last !== 'correction' && last !== 'clarification') return;
    const element = this.#elementOf(post.id);
    if (element === null || element.getBoundingClientRect().bottom > this.#view.top()) return;
    this.#corrected.set(post.id, isWithdrawn(post) ? 'withdrawals' : 'corrections');
  }

  /** `paged`: the reader asked for posts, so that those that came are not new; newer ones are shown, and what is read stays in its place. */
  show(timeline: Timeline, paged?: 'newer' | 'older'): void {
    const newest = this.#timeline.newestSeq;
    const whole = this.#revealNext;
    this.#timeline = timeline;
    this.#revealNext = false;
    if (whole || paged === 'newer' || this.#isOpen) this.#list.reveal(timeline.posts);
    this.#render(whole || paged !== undefined ? Number.POSITIVE_INFINITY : newest, paged === 'newer');
  }

  /** What comes next is another history: shown whole. */
  revealNext(): void {
    this.#revealNext = true;
    this.#corrected.clear();
  }

  /** New posts wait no more. What is read stays where it is. */
  reveal(): void {
    this.#list.reveal(this.#timeline.posts);
    this.#render(this.#timeline.newestSeq);
  }

  /** Takes the reader to what is new: the newest post, or the topmost that was corrected. */
  revealHeldBack(): void {
    const { posts } = this.news;
    const corrected = this.#timeline.posts.find(({ id }) => this.#corrected.has(id));
    this.#corrected.clear();
    this.reveal();
    const target =
      posts > 0 ? this.#posts.querySelector<HTMLElement>(':scope > .post') : corrected && this.#elementOf(corrected.id);
    target?.scrollIntoView({ block: 'start', behavior: 'instant' });
    target?.focus({ preventScroll: true });
  }

  /** Returns whether there is another count to show. */
  onScroll(): boolean {
    const before = this.#corrected.size;
    for (const id of this.#corrected.keys()) {
      const element = this.#elementOf(id);
      if (element === null || isIn(this.#view, element)) this.#corrected.delete(id);
    }
    if (this.#isOpen && this.#list.heldBack(this.#timeline.posts).length > 0) {
      this.reveal();
      return true;
    }
    return before !== this.#corrected.size;
  }

  /**
   * What is to be held of more than `mostPosts`: the lowest go where they are far below what is in view and nobody is in them. Whoever
   * reads there keeps them, and the highest go: all that wait, and what is far above.
   */
  get excess(): { floor: number; ceiling: number | null } | undefined {
    const { posts, floor, ceiling } = this.#timeline;
    if (posts.length <= mostPosts + mostBeyond) return undefined;
    const height = this.#view.bottom() - this.#view.top();
    let kept = posts.length;
    while (kept > mostPosts && this.#isFarBelow(posts[kept - 1]?.id ?? '', this.#view.bottom() + height)) kept -= 1;
    if (kept <= mostPosts) return { floor: posts[kept - 1]?.seq ?? floor, ceiling };
    const shown = posts.slice(this.#list.waiting(posts), kept);
    return { floor: shown.at(-1)?.seq ?? floor, ceiling: shown.at(-mostPosts)?.seq ?? shown[0]?.seq ?? ceiling };
  }

  #isFarBelow(postId: string, far: number): boolean {
    const element = this.#elementOf(postId);
    if (element === null || element.getBoundingClientRect().top < far) return false;
    const { activeElement } = element.getRootNode() as Document | ShadowRoot;
    const { anchorNode = null, focusNode = null } = getSelection() ?? {};
    return ![activeElement, anchorNode, focusNode].some((node) => element.contains(node));
  }

  /** Again, with another setting. */
  refresh(): void {
    this.#render(Number.POSITIVE_INFINITY);
  }

  /** Nothing of the channel stays. */
  clear(): void {
    this.#posts.replaceChildren();
    this.#corrected.clear();
  }

  /** New posts come in by themselves. */
  get #isOpen(): boolean {
    return isAtTop(this.#posts, this.#view) && !this.#holds();
  }

  /** Posts with a `seq` above `newest` are marked as fresh. `always`: keeps the place at the top too. */
  #render(newest: number, always = false): void {
    const { channel, posts, ceiling } = this.#timeline;
    const change = () => {
      const seqs = new Map(posts.map(({ id, seq }) => [id, seq]));
      for (const element of this.#list.show(posts, channel, ceiling)) {
        if ((seqs.get(element.dataset.post ?? '') ?? 0) > newest) element.classList.add('fresh');
      }
      this.#beside();
    };
    keepPlace(this.#posts, change, this.#view, always);
  }

  #elementOf(postId: string): HTMLElement | null {
    return this.#posts.querySelector(`:scope > .post[data-post="${CSS.escape(postId)}"]`);
  }
}
