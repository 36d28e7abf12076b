import { type Event, isWithdrawn } from '../../../src/protocol/model.ts';
import { reachedEnd, type Timeline } from '../../timeline.ts';
import { isAtTop, isIn, keepPlace, type View } from '../place.ts';
import { PostList } from '../post-list.ts';
import type { PostSetting } from '../view/post.ts';
import { numberPosts } from './feed.ts';
import { namePartsOf } from './parts.ts';

export interface CoverageOptions {
  posts: HTMLElement;
  view: View;
  setting: () => Partial<PostSetting>;
  /** New posts wait for the reader even at the top. */
  holds: () => boolean;
}

/**
 * The posts of the element. A change goes into the post that it changes, and moves nothing that is read; new posts come in where the start
 * of the list is in view, else they wait until they are asked for.
 */
export class Coverage {
  readonly #posts: HTMLElement;
  readonly #view: View;
  readonly #holds: () => boolean;
  readonly #list: PostList;
  #timeline: Timeline;
  /** Posts that were corrected or withdrawn above what is in view. */
  readonly #corrected = new Set<string>();
  #revealNext = true;

  constructor(timeline: Timeline, { posts, view, setting, holds }: CoverageOptions) {
    this.#posts = posts;
    this.#view = view;
    this.#holds = holds;
    this.#timeline = timeline;
    posts.replaceChildren();
    this.#list = new PostList(posts, { ...timeline, posts: [] }, { setting, dress: namePartsOf });
  }

  get news(): { posts: number; corrections: number } {
    return { posts: this.#list.heldBack(this.#timeline.posts), corrections: this.#corrected.size };
  }

  /** Before the timeline is shown that holds the change. */
  hear(event: Event): void {
    if (event.type === 'channel.changed') return;
    const { post } = event;
    const last = post.history.at(-1)?.kind;
    if (!isWithdrawn(post) && last !== 'correction' && last !== 'clarification') return;
    const element = this.#elementOf(post.id);
    if (element !== null && element.getBoundingClientRect().bottom <= this.#view.top()) this.#corrected.add(post.id);
  }

  show(timeline: Timeline): void {
    const newest = this.#timeline.newestSeq;
    this.#timeline = timeline;
    if (this.#revealNext || (isAtTop(this.#posts, this.#view) && !this.#holds())) this.#list.reveal(timeline.posts);
    const first = this.#revealNext;
    this.#revealNext = false;
    this.#render(first ? Number.POSITIVE_INFINITY : newest);
  }

  /** What comes next is another history: shown whole. */
  revealNext(): void {
    this.#revealNext = true;
    this.#corrected.clear();
  }

  /** Takes the reader to what is new: the newest post, or the topmost that was corrected. */
  revealHeldBack(): void {
    const { posts } = this.news;
    this.#list.reveal(this.#timeline.posts);
    const corrected = this.#timeline.posts.find(({ id }) => this.#corrected.has(id));
    this.#render(this.#timeline.newestSeq);
    const target = posts > 0 ? this.#posts.querySelector<HTMLElement>('.post') : corrected && this.#elementOf(corrected.id);
    this.#corrected.clear();
    target?.scrollIntoView({ block: 'start', behavior: 'instant' });
    target?.focus({ preventScroll: true });
  }

  /** Returns whether there is another count to show. */
  onScroll(): boolean {
    const before = this.#corrected.size;
    for (const id of this.#corrected) {
      const element = this.#elementOf(id);
      if (element === null || isIn(this.#view, element)) this.#corrected.delete(id);
    }
    if (this.news.posts > 0 && isAtTop(this.#posts, this.#view) && !this.#holds()) {
      this.#list.reveal(this.#timeline.posts);
      this.#render(this.#timeline.newestSeq);
      return true;
    }
    return before !== this.#corrected.size;
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

  #render(newest: number): void {
    const { channel, posts } = this.#timeline;
    keepPlace(
      this.#posts,
      () => {
        const seqs = new Map(posts.map(({ id, seq }) => [id, seq]));
        for (const element of this.#list.show(posts, channel)) {
          if ((seqs.get(element.dataset.post ?? '') ?? 0) > newest) element.classList.add('fresh');
        }
        numberPosts(this.#posts, reachedEnd(this.#timeline) ? this.#posts.childElementCount : undefined);
      },
      this.#view,
    );
  }

  #elementOf(postId: string): HTMLElement | null {
    return this.#posts.querySelector(`:scope > .post[data-post="${CSS.escape(postId)}"]`);
  }
}
