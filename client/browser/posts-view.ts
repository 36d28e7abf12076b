import { type Event, isWithdrawn, type ReaderPost } from '../../src/protocol/model.ts';
import type { Timeline } from '../lib/timeline/timeline-model.ts';
import { type Arrival, withoutWaiting } from './arrivals.ts';
import type { News } from './i18n/words.ts';
import { PostList } from './post-list.ts';
import { readerActiveFor, readerScrolled } from './reader-activity.ts';
import { isAtTop, preserveScroll } from './scroll-anchor.ts';
import { type Unseen, UnseenNews } from './unseen-news.ts';
import { summaryAbove } from './view/page/overview.ts';
import type { ListSetting } from './view/page/page.ts';
import { mostBeyond, mostPosts } from './view/page/paging.ts';
import { type Viewport, windowViewport } from './viewport.ts';

/** Counts of the unseen posts and changes. `isAbove`: the first of them is above the visible part of the list. */
export interface DirectedNews extends News {
  isAbove: boolean;
}

/** Height that the indicator of unseen news covers at the bottom of the window, with its distance from the edge. CSS pixels. */
const indicatorHeight = 64;
/** A post or a note counts as seen once its first line is in view, also if the text is twice as large as usual. CSS pixels. */
const lineHeight = 48;

export interface PostsViewOptions {
  posts: HTMLElement;
  /** Contains the indicator of unseen news and the summary of missed posts, which cover posts. */
  notices: HTMLElement;
  /** `news` changed. */
  newsChanged: () => void;
  view?: Viewport;
  /** Settings beyond the channel's own, for the timeline as the reader sees it. */
  setting?: (shown: Timeline) => ListSetting;
  /** Shows the newest summary, which the list leaves out. */
  summary?: HTMLElement;
  /** Whether new posts wait or come in now. */
  arrival: () => Arrival;
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
 * The visible posts. A change updates its post without moving what is being read. New posts come in or wait as `arrivals.ts` says.
 */
export class PostsView {
  /** What the reader has not seen. */
  unseen: UnseenNews;
  readonly #posts: HTMLElement;
  readonly #viewport: Viewport;
  readonly #summary: HTMLElement | undefined;
  readonly #arrival: () => Arrival;
  readonly #renderAround: () => void;
  readonly #list: PostList;
  readonly #notices: HTMLElement;
  readonly #newsChanged: () => void;
  /** Notices what comes into view without scrolling, for example when something above is unfolded. */
  readonly #observer: IntersectionObserver;
  readonly #resizes: ResizeObserver;
  #timeline: Timeline;
  #shown: Timeline;
  /** Lets the waiting posts come in once the reader is idle. */
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #news: DirectedNews = { posts: 0, corrections: 0, withdrawals: 0, isAbove: false };
  #lastPaged: 'newer' | 'older' | undefined;
  #revealNext = false;

  /** Takes over the posts of the timeline that are already rendered, all or none. */
  constructor(
    timeline: Timeline,
    {
      posts,
      notices,
      newsChanged,
      view = windowViewport,
      setting,
      summary,
      arrival,
      decorate,
      marked,
      renderAround = () => {},
    }: PostsViewOptions,
  ) {
    this.#posts = posts;
    this.#notices = notices;
    this.#newsChanged = newsChanged;
    this.#viewport = view;
    this.#summary = summary;
    this.#arrival = arrival;
    this.#renderAround = renderAround;
    this.#timeline = timeline;
    this.#shown = timeline;
    this.unseen = new UnseenNews(timeline.newestSeq);
    this.#list = new PostList(posts, timeline, { setting: setting && (() => setting(this.#shown)), decorate, marked });
    this.#observer = new IntersectionObserver(this.checkSeen);
    this.#resizes = new ResizeObserver(this.checkSeen);
    this.#resizes.observe(notices);
  }

  /** The timeline as the reader sees it: key events and a summary that wait with their posts are left out. */
  get shown(): Timeline {
    return this.#shown;
  }

  /** The posts and changes since the page was opened that the reader has not seen. */
  get news(): DirectedNews {
    return this.#news;
  }

  /** Call before showing the timeline that includes the event. */
  onEvent(event: Event): void {
    if (event.type === 'channel.changed') return;
    const { post } = event;
    this.unseen.onEvent(
      post,
      this.#timeline.posts.find(({ id }) => id === post.id),
    );
    if (post.id === this.#shown.summary?.id) {
      const isSummary = post.kind === 'summary' && !isWithdrawn(post);
      this.#shown = { ...this.#shown, summary: isSummary ? post : null };
    }
  }

  /** `paged`: the reader requested these posts. Newer ones are shown without moving the reader. */
  show(timeline: Timeline, paged?: 'newer' | 'older'): void {
    const newest = this.#timeline.newestSeq;
    const whole = this.#revealNext;
    this.#timeline = timeline;
    this.#lastPaged = paged;
    this.#revealNext = false;
    if (whole) this.unseen = new UnseenNews(timeline.newestSeq);
    if (whole || paged === 'newer' || this.#showsNew) this.#list.reveal(timeline.posts, whole);
    this.#render(whole || paged !== undefined ? Number.POSITIVE_INFINITY : newest, paged === 'newer');
  }

  /** Shows the next timeline completely, because it belongs to another history. */
  revealNext(): void {
    this.#revealNext = true;
  }

  /** Shows the waiting posts without moving the reader. */
  reveal(): void {
    this.#list.reveal(this.#timeline.posts);
    this.#render(this.#timeline.newestSeq);
  }

  /**
   * Scrolls to the first of what the reader has not seen: the newest post, else the topmost change. Returns the id of the post if
   * it must be loaded first.
   */
  goToUnseen(): string | undefined {
    const [item] = this.unseen.items;
    if (item === undefined) return undefined;
    const { id } = item;
    if (this.#timeline.posts.every((post) => post.id !== id)) return id;
    this.reveal();
    const post = this.#elementOf(id) as HTMLElement;
    // The note of a correction is in the whole summary.
    if (item.counts !== 'posts') post.querySelector(':scope > details')?.setAttribute('open', '');
    post.scrollIntoView({ block: 'start', behavior: 'instant' });
    post.focus({ preventScroll: true });
    // Nobody sees the position that the page has before it is drawn.
    if (!this.#placeOf(item, post).isInView) markOf(item, post).scrollIntoView({ block: 'center', behavior: 'instant' });
    // At the end of a page it may be impossible to scroll it clear of the indicator.
    this.unseen.markSeen(id);
    this.checkSeen();
    return undefined;
  }

  onScroll(): void {
    readerScrolled();
    if (!this.#admit()) this.checkSeen();
  }

  /** Call when updates were paused or resumed. */
  onPause(): void {
    if (!this.#admit()) this.#waitForIdle();
  }

  /** Lets the waiting posts come in if they need not wait any more. Returns whether they did. */
  #admit(): boolean {
    this.#setAnchoring();
    const admits = this.#waiting.length > 0 && this.#showsNew;
    if (admits) this.reveal();
    return admits;
  }

  get #waiting(): ReaderPost[] {
    return this.#list.heldBack(this.#timeline.posts);
  }

  /** Marks what stands in view as seen: the first line of a new post, or the note of a change. */
  readonly checkSeen = (): void => {
    let isAbove = false;
    for (const item of this.unseen.items.reverse()) {
      const post = this.#elementOf(item.id);
      if (post === undefined || Number(post.dataset.revision ?? item.revision) < item.revision) {
        // The post waits above, or was dropped above or below.
        isAbove = item.seq >= this.#timeline.floor;
        continue;
      }
      const place = this.#placeOf(item, post);
      if (place.isInView) this.unseen.markSeen(item.id);
      else isAbove = place.isAbove;
    }
    const news = { ...this.unseen.counts, isAbove };
    if (JSON.stringify(news) === JSON.stringify(this.#news)) return;
    this.#news = news;
    this.#newsChanged();
  };

  /** The post in the list, or the summary above it. */
  #elementOf(id: string): HTMLElement | undefined {
    return this.#list.elementOf(id) ?? (id === summaryAbove(this.#shown)?.id ? this.#summary : undefined);
  }

  /** Whether the reader can see the item now, clear of what covers the window, and whether it is above what they see. */
  #placeOf(item: Unseen, post: HTMLElement): { isInView: boolean; isAbove: boolean } {
    const { top, bottom, height } = markOf(item, post).getBoundingClientRect();
    const isAbove = top < this.#viewport.top() + Number.parseFloat(getComputedStyle(post).scrollMarginTop);
    const end = this.#viewport.bottom() - Math.max(indicatorHeight, this.#notices.offsetHeight + 20);
    return { isAbove, isInView: height > 0 && !isAbove && Math.min(bottom, top + lineHeight) <= end && !document.hidden };
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
    if (element !== undefined && element === this.#summary) return true;
    if (!element || !isFar(element.getBoundingClientRect())) return false;
    const root = element.getRootNode() as Document | ShadowRoot;
    return ![root.activeElement, ...endsOfSelection(root)].some((node) => element.contains(node));
  }

  /** Removes everything of the channel. */
  clear(): void {
    clearTimeout(this.#idleTimer);
    this.#posts.replaceChildren();
    this.#observer.disconnect();
    this.#resizes.disconnect();
  }

  /** Whether new posts are inserted without asking. */
  get #showsNew(): boolean {
    return this.#arrival() === 'come in';
  }

  /** Looks again once the reader is idle. */
  #waitForIdle(): void {
    clearTimeout(this.#idleTimer);
    const left = readerActiveFor();
    if (left > 0 && this.#waiting.length > 0) this.#idleTimer = setTimeout(() => this.#admit() || this.#waitForIdle(), left);
  }

  /** Marks posts with a `seq` above `newest` as fresh. `always`: keeps the scroll position even at the top. */
  #render(newest: number, always = false): void {
    const { channel, posts, ceiling } = this.#timeline;
    this.#shown = withoutWaiting(this.#timeline, this.#waiting, this.#shown.summary);
    const change = () => {
      const seqs = new Map(posts.map(({ id, seq }) => [id, seq]));
      for (const element of this.#list.show(posts, channel, ceiling)) {
        if ((seqs.get(element.dataset.post ?? '') ?? 0) > newest) element.classList.add('fresh');
      }
      this.#renderAround();
    };
    this.#setAnchoring();
    preserveScroll(this.#posts, change, this.#viewport, always);
    this.#waitForIdle();
    this.#observer.disconnect();
    for (const item of this.unseen.items) {
      const post = this.#elementOf(item.id);
      if (post) this.#observer.observe(markOf(item, post));
    }
    // A post that other changes push out of view before the next frame was never visible.
    if (document.hidden) this.checkSeen();
    else requestAnimationFrame(this.checkSeen);
  }

  /** Tells the style sheet whether new posts are inserted without asking. */
  #setAnchoring(): void {
    this.#posts.toggleAttribute('data-open', isAtTop(this.#posts, this.#viewport) && this.#showsNew);
  }
}

/** The part of the post that the reader must see: its first line, or the note of the change. The summary is in short at first. */
function markOf({ counts }: Unseen, post: HTMLElement): Element {
  if (post.localName === 'section') return post;
  const notes = post.querySelectorAll('.change-correction, .change-clarification, .withdrawal');
  return (counts !== 'posts' && notes[notes.length - 1]) || (post.querySelector(':scope > .line') ?? post);
}

/** The ends of the selection. Inside a shadow tree `getComposedRanges` is needed. */
function endsOfSelection(root: Document | ShadowRoot): (Node | null)[] {
  const selection = getSelection();
  const [range] = selection?.getComposedRanges?.({ shadowRoots: root instanceof ShadowRoot ? [root] : [] }) ?? [];
  if (range !== undefined) return [range.startContainer, range.endContainer];
  return [selection?.anchorNode ?? null, selection?.focusNode ?? null];
}
