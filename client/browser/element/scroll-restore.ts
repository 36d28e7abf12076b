import { isAtTop, postBeingRead } from '../scroll-anchor.ts';
import {
  afterBrowserScroll,
  isReturnVisit,
  loadPosition,
  loadPost,
  onLeave,
  type Paging,
  type ReadingPosition,
  readingPosition,
  savePosition,
  scrollToPost,
  watchReaderInput,
} from '../scroll-memory.ts';
import { isInView, type Viewport } from '../viewport.ts';

export interface ScrollRestorerOptions extends Paging {
  /** The address of the channel. */
  address: string;
  posts: HTMLElement;
  root: ShadowRoot;
  view: Viewport;
  /** The element that scrolls. Undefined if the surrounding page scrolls. */
  scroller: () => Element | undefined;
}

/** The restorers of all elements on the page that show a timeline. */
const all = new Set<ScrollRestorer>();

/** Whether there is nothing to restore, or the reader has scrolled elsewhere. Undefined until the first element. */
let isElsewhere: (() => boolean) | undefined;

/** Call as soon as there is an element, so that the reader's input is noticed from then on. */
export function trackReaderInput(): void {
  isElsewhere ??= isReturnVisit() ? watchReaderInput() : () => true;
}

/**
 * Restores the reading position in an element on reload and back/forward. The posts arrive after the browser has scrolled the
 * page, and more may have been added above, so the position is stored as a post. `history.scrollRestoration` is left to the host
 * page.
 */
export class ScrollRestorer {
  readonly #options: ScrollRestorerOptions;
  /** The storage key of the position. */
  readonly #name: string;
  readonly #listeners = new AbortController();
  /** The position being restored. */
  #target: ReadingPosition | undefined;

  constructor(options: ScrollRestorerOptions) {
    this.#options = options;
    this.#name = storageNameFor(options);
    all.add(this);
    onLeave(() => savePosition(this.#ownsWindowPosition ? this.#readingPosition : undefined, this.#name), this.#listeners);
  }

  close(): void {
    all.delete(this);
    this.#listeners.abort();
  }

  /** Scrolls to the stored post. Loads it if necessary. */
  async restore(): Promise<void> {
    const { root, timeline } = this.#options;
    const post = this.#isPending ? loadPosition<ReadingPosition>(this.#name) : undefined;
    if (post === undefined) return;
    this.#target = post;
    const go = () => this.#isPending && scrollToPost(post, root, this.#viewport);
    const whilePending = () => {
      if (this.#isPending) return timeline();
      throw new Error();
    };
    // If it cannot be loaded, the reader stays where the browser scrolled to.
    if (!go()) await loadPost(post.seq, { ...this.#options, timeline: whilePending }).catch(() => {});
    go();
    afterBrowserScroll(() => {
      go();
      this.#target = undefined;
      // Restore once: an element that is connected again later must not scroll.
      savePosition(undefined, this.#name);
    });
  }

  get #isPending(): boolean {
    return all.has(this) && isElsewhere?.() === false;
  }

  /** The post being read. Undefined at the top of the newest posts, where new posts should be visible. */
  get #readingPosition(): ReadingPosition | undefined {
    const { posts, timeline } = this.#options;
    if (this.#target !== undefined && this.#isPending) return this.#target;
    const view = this.#viewport;
    if (timeline().ceiling === null && isAtTop(posts, view)) return undefined;
    const element = postBeingRead(posts, view);
    return element && isInView(view, element) ? readingPosition(posts, timeline(), view) : undefined;
  }

  /** The viewport of the scroller, even if only part of it is in the window. */
  get #viewport(): Viewport {
    const { view, scroller } = this.#options;
    return { ...view, top: view.edge, bottom: () => scroller()?.getBoundingClientRect().bottom ?? view.bottom() };
  }

  /**
   * Whether this element stores the position for the window. Among the elements that scroll with the window, it is the one whose
   * post begins first below the window's top. An element that scrolls by itself always stores its own.
   */
  get #ownsWindowPosition(): boolean {
    const { scroller } = this.#options;
    if (scroller() !== undefined) return true;
    const candidates = [...all].filter((each) => each.#options.scroller() === undefined && each.#readingPosition !== undefined);
    const start = ({ top = -1 }: Partial<ReadingPosition> = {}) => (top < 0 ? Number.POSITIVE_INFINITY : top);
    return candidates.sort((one, other) => start(one.#readingPosition) - start(other.#readingPosition))[0] === this;
  }
}

/** Includes the element's index, because a page may show the same channel several times. */
function storageNameFor({ address, root: { host } }: ScrollRestorerOptions): string {
  const elements = document.querySelectorAll<HasChannel>(host.localName);
  return address + [...elements].filter(({ channel }) => channel === (host as HasChannel).channel).indexOf(host as HasChannel);
}

type HasChannel = Element & { channel: string | null };
