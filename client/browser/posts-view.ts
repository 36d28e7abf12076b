import { type Event, isWithdrawn, type ReaderPost } from '../../src/protocol/model.ts';
import { noticeFor } from '../lib/read-post.ts';
import type { Timeline } from '../lib/timeline/timeline-model.ts';
import type { News } from './i18n/words.ts';
import { PostList } from './post-list.ts';
import { isAtTop, isInView, preserveScroll, type Viewport, windowViewport } from './scroll-anchor.ts';
import { mostBeyond, mostPosts } from './view/paging.ts';
import type { PostSetting } from './view/post.ts';

export interface PostsViewOptions {
  posts: HTMLElement;
  view?: Viewport;
  /** What there is beyond the channel's own setting. */
  setting?: () => Partial<PostSetting>;
  /** New posts wait for the reader even at the top. */
  holdsNew?: () => boolean;
  /** Is given each post that is rendered, before it is compared with the one that stands. */
  decorate?: (post: HTMLElement) => void;
  /** The id of the post that a permanent link led to. */
  marked?: string | null;
  /** What changes beside the posts, each time they do: what is read stays in its place over both. */
  renderAround?: () => void;
}

/**
 * The posts that are read. A change goes into the post that it changes, and moves nothing that is read; new posts come in where the start
 * of the list is in view, else they wait until they are asked for.
 */
export class PostsView {
  readonly #posts: HTMLElement;
  readonly #viewport: Viewport;
  readonly #holdsNew: () => boolean;
  readonly #renderAround: () => void;
  readonly #list: PostList;
  #timeline: Timeline;
  /** Posts that were corrected or withdrawn above what is in view. */
  readonly #corrected = new Map<string, 'corrections' | 'withdrawals'>();
  /** The ids of posts that came in above a window that does not reach the newest, where they have no room. */
  readonly #newAbove = new Set<string>();
  /** Posts with a higher `seq` came after the coverage was opened. */
  #newestAtOpen: number;
  #lastPaged: 'newer' | 'older' | undefined;
  #revealNext = false;

  /** Takes over the posts of the timeline that stand there already, all or none. */
  constructor(
    timeline: Timeline,
    {
      posts,
      view = windowViewport,
      setting,
      holdsNew = () => false,
      decorate,
      marked,
      renderAround = () => {},
    }: PostsViewOptions,
  ) {
    this.#posts = posts;
    this.#viewport = view;
    this.#holdsNew = holdsNew;
    this.#renderAround = renderAround;
    this.#timeline = timeline;
    this.#newestAtOpen = timeline.newestSeq;
    this.#list = new PostList(posts, timeline, { setting, decorate, marked });
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

  /** How many posts came in that have no room in the window. */
  get above(): number {
    return this.#newAbove.size;
  }

  /** Before the timeline is shown that holds the change. */
  onEvent(event: Event): void {
    if (event.type === 'channel.changed') return;
    const { post } = event;
    const { ceiling } = this.#timeline;
    if (ceiling !== null && post.seq > ceiling) {
      if (isWithdrawn(post)) this.#newAbove.delete(post.id);
      else if (post.seq > this.#newestAtOpen) this.#newAbove.add(post.id);
    }
    const element = this.#elementOf(post.id);
    if (element === null || element.getBoundingClientRect().bottom > this.#viewport.top()) return;
    const as = noticeFor(post, Number(element.dataset.revision));
    if (as) this.#corrected.set(post.id, as);
  }

  /** `paged`: the reader asked for posts, so that those that came are not new; newer ones are shown, and what is read stays in its place. */
  show(timeline: Timeline, paged?: 'newer' | 'older'): void {
    const newest = this.#timeline.newestSeq;
    const whole = this.#revealNext;
    this.#countAbove(timeline);
    this.#timeline = timeline;
    this.#lastPaged = paged;
    this.#revealNext = false;
    if (whole) this.#newestAtOpen = timeline.newestSeq;
    if (whole || paged === 'newer' || this.#showsNew) this.#list.reveal(timeline.posts, whole);
    this.#render(whole || paged !== undefined ? Number.POSITIVE_INFINITY : newest, paged === 'newer');
  }

  /** Those that waited and are let go of wait above from now on. */
  #countAbove({ ceiling, posts }: Timeline): void {
    if (ceiling === null) return this.#newAbove.clear();
    for (const { id, seq } of this.#list.heldBack(this.#timeline.posts)) if (seq > ceiling) this.#newAbove.add(id);
    for (const { id } of posts) this.#newAbove.delete(id);
  }

  /** What comes next is another history: shown whole. */
  revealNext(): void {
    this.#revealNext = true;
    this.#corrected.clear();
    this.#newAbove.clear();
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
    this.#setAnchoring();
    const before = this.#corrected.size;
    for (const id of this.#corrected.keys()) {
      const element = this.#elementOf(id);
      if (element === null || isInView(this.#viewport, element)) this.#corrected.delete(id);
    }
    if (this.#showsNew && this.#list.heldBack(this.#timeline.posts).length > 0) {
      this.reveal();
      return true;
    }
    return before !== this.#corrected.size;
  }

  /**
   * What is to be held of more than `mostPosts`: the lowest go where they are far below what is in view and nobody is in them. Whoever
   * reads there, or has just asked for them, keeps them, and the highest go: all that wait, and what is far above.
   */
  get excess(): { floor: number; ceiling: number | null } | undefined {
    const { posts, floor, ceiling } = this.#timeline;
    if (posts.length <= mostPosts + mostBeyond) return undefined;
    const [top, bottom] = [this.#viewport.top(), this.#viewport.bottom()];
    const far = bottom - top;
    let end = posts.length;
    const isFarBelow = (place: DOMRect) => place.top >= bottom + far;
    while (this.#lastPaged !== 'older' && end > mostPosts && this.#isUnused(posts[end - 1], isFarBelow)) end -= 1;
    const lowest = posts[end - 1]?.seq ?? floor;
    if (end <= mostPosts) return { floor: lowest, ceiling };
    const waiting = this.#list.waiting(posts);
    // Where nobody has looked at any of them yet, the first of those that wait are kept.
    let start = Math.min(waiting, end - (waiting === posts.length ? mostPosts : 1));
    const isFarAbove = (place: DOMRect) => place.bottom <= top - far;
    while (end - start > mostPosts && this.#isUnused(posts[start], isFarAbove)) start += 1;
    return { floor: lowest, ceiling: start === 0 ? ceiling : (posts[start]?.seq ?? ceiling) };
  }

  /** Whether nobody is in a post, nor near it. */
  #isUnused(post: ReaderPost | undefined, isFar: (place: DOMRect) => boolean): boolean {
    const element = post && this.#elementOf(post.id);
    if (!element || !isFar(element.getBoundingClientRect())) return false;
    const root = element.getRootNode() as Document | ShadowRoot;
    return ![root.activeElement, ...endsOfSelection(root)].some((node) => element.contains(node));
  }

  /** Nothing of the channel stays. */
  clear(): void {
    this.#posts.replaceChildren();
    this.#corrected.clear();
  }

  /** New posts come in by themselves. */
  get #showsNew(): boolean {
    return isAtTop(this.#posts, this.#viewport) && !this.#holdsNew();
  }

  /** Posts with a `seq` above `newest` are marked as fresh. `always`: keeps the place at the top too. */
  #render(newest: number, always = false): void {
    const { channel, posts, ceiling } = this.#timeline;
    const change = () => {
      const seqs = new Map(posts.map(({ id, seq }) => [id, seq]));
      for (const element of this.#list.show(posts, channel, ceiling)) {
        if ((seqs.get(element.dataset.post ?? '') ?? 0) > newest) element.classList.add('fresh');
      }
      this.#renderAround();
    };
    this.#setAnchoring();
    preserveScroll(this.#posts, change, this.#viewport, always);
  }

  /** Tells the style sheet whether new posts come in by themselves. */
  #setAnchoring(): void {
    this.#posts.toggleAttribute('data-open', this.#showsNew);
  }

  #elementOf(postId: string): HTMLElement | null {
    return this.#posts.querySelector(`:scope > .post[data-post="${CSS.escape(postId)}"]`);
  }
}

/** Inside an embedded element it takes more to be told what is selected. */
function endsOfSelection(root: Document | ShadowRoot): (Node | null)[] {
  const selection = getSelection();
  const [range] = selection?.getComposedRanges?.({ shadowRoots: root instanceof ShadowRoot ? [root] : [] }) ?? [];
  if (range !== undefined) return [range.startContainer, range.endContainer];
  return [selection?.anchorNode ?? null, selection?.focusNode ?? null];
}
