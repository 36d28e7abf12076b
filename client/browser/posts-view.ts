import { type Event, isWithdrawn, type ReaderPost } from '../../src/protocol/model.ts';
import { noticeFor } from '../lib/read-post.ts';
import type { Timeline } from '../lib/timeline/timeline-model.ts';
import type { News } from './i18n/words.ts';
import { PostList } from './post-list.ts';
import { isAtTop, isInView, preserveScroll, type Viewport, windowViewport } from './scroll-anchor.ts';
import type { ListSetting } from './view/page.ts';
import { mostBeyond, mostPosts } from './view/paging.ts';

export interface PostsViewOptions {
  posts: HTMLElement;
  view?: Viewport;
  /** Settings beyond the channel's own. */
  setting?: () => ListSetting;
  /** Whether new posts wait even at the top of the list. */
  holdsNew?: () => boolean;
  /** Receives each rendered post before it is compared with the document. */
  decorate?: (post: HTMLElement) => void;
  /** The id of the post that a permanent link led to. */
  marked?: string | null;
  /**
   * Renders the parts around the posts. Called in the same step in which the posts change, so that the scroll position is kept
   * across both changes.
   */
  renderAround?: () => void;
}

/**
 * The visible posts. A change updates its post without moving what is being read. New posts are inserted if the start of the list
 * is in view; otherwise they wait until the reader asks.
 */
export class PostsView {
  readonly #posts: HTMLElement;
  readonly #viewport: Viewport;
  readonly #holdsNew: () => boolean;
  readonly #renderAround: () => void;
  readonly #list: PostList;
  #timeline: Timeline;
  /** Posts above the view that were corrected or withdrawn. */
  readonly #corrected = new Map<string, 'corrections' | 'withdrawals'>();
  /** Ids of new posts above a window that does not reach the newest post. */
  readonly #newAbove = new Set<string>();
  /** Posts with a higher `seq` are new since the page was opened. */
  #newestAtOpen: number;
  #lastPaged: 'newer' | 'older' | undefined;
  #revealNext = false;

  /** Takes over the posts of the timeline that are already rendered, all or none. */
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

  /** Counts of new and corrected posts above what the reader sees. */
  get news(): News {
    const kinds = [...this.#corrected.values()];
    return {
      posts: this.#list.heldBack(this.#timeline.posts).length,
      corrections: kinds.filter((kind) => kind === 'corrections').length,
      withdrawals: kinds.filter((kind) => kind === 'withdrawals').length,
    };
  }

  /** The number of new posts outside the window. */
  get above(): number {
    return this.#newAbove.size;
  }

  /** Call before showing the timeline that includes the event. */
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

  /** `paged`: the reader requested these posts, so they do not count as new. Newer ones are shown without moving the reader. */
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

  /** Held-back posts that fall out of the window count as above it. */
  #countAbove({ ceiling, posts }: Timeline): void {
    if (ceiling === null) return this.#newAbove.clear();
    for (const { id, seq } of this.#list.heldBack(this.#timeline.posts)) if (seq > ceiling) this.#newAbove.add(id);
    for (const { id } of posts) this.#newAbove.delete(id);
  }

  /** Shows the next timeline completely, because it belongs to another history. */
  revealNext(): void {
    this.#revealNext = true;
    this.#corrected.clear();
    this.#newAbove.clear();
  }

  /** Shows the waiting posts without moving the reader. */
  reveal(): void {
    this.#list.reveal(this.#timeline.posts);
    this.#render(this.#timeline.newestSeq);
  }

  /** Scrolls to what is new: the newest post, or the topmost corrected one. */
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

  /** Returns whether the counts changed. */
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
   * The window to keep when there are more than `mostPosts` posts. Drops the oldest posts if they are far below the view, without
   * focus or selection. If the reader is there or has just requested them, drops the newest instead: those held back, and those
   * far above the view.
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
    // If the reader has not seen any of these posts yet, keep the first of the held-back ones.
    let start = Math.min(waiting, end - (waiting === posts.length ? mostPosts : 1));
    const isFarAbove = (place: DOMRect) => place.bottom <= top - far;
    while (end - start > mostPosts && this.#isUnused(posts[start], isFarAbove)) start += 1;
    return { floor: lowest, ceiling: start === 0 ? ceiling : (posts[start]?.seq ?? ceiling) };
  }

  /** Whether a post is far from the view and has neither focus nor selection. */
  #isUnused(post: ReaderPost | undefined, isFar: (place: DOMRect) => boolean): boolean {
    const element = post && this.#elementOf(post.id);
    if (!element || !isFar(element.getBoundingClientRect())) return false;
    const root = element.getRootNode() as Document | ShadowRoot;
    return ![root.activeElement, ...endsOfSelection(root)].some((node) => element.contains(node));
  }

  /** Removes everything of the channel. */
  clear(): void {
    this.#posts.replaceChildren();
    this.#corrected.clear();
  }

  /** Whether new posts are inserted without asking. */
  get #showsNew(): boolean {
    return isAtTop(this.#posts, this.#viewport) && !this.#holdsNew();
  }

  /** Marks posts with a `seq` above `newest` as fresh. `always`: keeps the scroll position even at the top. */
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

  /** Tells the style sheet whether new posts are inserted without asking. */
  #setAnchoring(): void {
    this.#posts.toggleAttribute('data-open', this.#showsNew);
  }

  #elementOf(postId: string): HTMLElement | null {
    return this.#posts.querySelector(`:scope > .post[data-post="${CSS.escape(postId)}"]`);
  }
}

/** The ends of the selection. Inside a shadow tree `getComposedRanges` is needed. */
function endsOfSelection(root: Document | ShadowRoot): (Node | null)[] {
  const selection = getSelection();
  const [range] = selection?.getComposedRanges?.({ shadowRoots: root instanceof ShadowRoot ? [root] : [] }) ?? [];
  if (range !== undefined) return [range.startContainer, range.endContainer];
  return [selection?.anchorNode ?? null, selection?.focusNode ?? null];
}
