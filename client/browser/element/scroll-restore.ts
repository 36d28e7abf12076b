import { isAtTop, isInView, postBeingRead, type Viewport } from '../scroll-anchor.ts';
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

export interface ScrollRestorerOptions extends Paging {
  /** Of the coverage. */
  address: string;
  posts: HTMLElement;
  root: ShadowRoot;
  view: Viewport;
  /** Within which the element scrolls; undefined where the page around is scrolled. */
  scroller: () => Element | undefined;
}

/** Those of the elements of the page that show something. */
const all = new Set<ScrollRestorer>();

/** Whether nobody comes back to the page, or they have begun to go elsewhere on it. */
let isElsewhere: (() => boolean) | undefined;

/** To be called as soon as there is an element: what the reader does is heeded from then on. */
export function trackReaderInput(): void {
  isElsewhere ??= isReturnVisit() ? watchReaderInput() : () => true;
}

/**
 * Whoever was reading in an element, and goes back to its page, or loads it again, is where they were reading. The posts come when the
 * browser has scrolled the page already, and more may have come in above; so the element goes by the post. How the browser scrolls is for
 * the page around to say.
 */
export class ScrollRestorer {
  readonly #options: ScrollRestorerOptions;
  /** What its place is kept under. */
  readonly #name: string;
  readonly #listeners = new AbortController();
  /** The one that the reader is being taken to. */
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

  /** Takes the reader to the post that they were reading, which is asked for where it is not there. */
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
    // Without an answer they stay as far down as the browser has taken them.
    if (!go()) await loadPost(post.seq, { ...this.#options, timeline: whilePending }).catch(() => {});
    go();
    afterBrowserScroll(() => {
      go();
      this.#target = undefined;
      // An element that takes up the coverage again later goes nowhere.
      savePosition(undefined, this.#name);
    });
  }

  get #isPending(): boolean {
    return all.has(this) && isElsewhere?.() === false;
  }

  /** What is in view. Undefined at the start of a list that begins with the newest post: what comes in above is to be seen. */
  get #readingPosition(): ReadingPosition | undefined {
    const { posts, timeline } = this.#options;
    if (this.#target !== undefined && this.#isPending) return this.#target;
    const view = this.#viewport;
    if (timeline().ceiling === null && isAtTop(posts, view)) return undefined;
    const element = postBeingRead(posts, view);
    return element && isInView(view, element) ? readingPosition(posts, timeline(), view) : undefined;
  }

  /** Within a scroller, however much of that is in the window. */
  get #viewport(): Viewport {
    const { view, scroller } = this.#options;
    return { ...view, top: view.edge, bottom: () => scroller()?.getBoundingClientRect().bottom ?? view.bottom() };
  }

  /** The window has one place: that of the element whose post begins first in it. */
  get #ownsWindowPosition(): boolean {
    const { scroller } = this.#options;
    if (scroller() !== undefined) return true;
    const candidates = [...all].filter((each) => each.#options.scroller() === undefined && each.#readingPosition !== undefined);
    const start = ({ top = -1 }: Partial<ReadingPosition> = {}) => (top < 0 ? Number.POSITIVE_INFINITY : top);
    return candidates.sort((one, other) => start(one.#readingPosition) - start(other.#readingPosition))[0] === this;
  }
}

/** A coverage that stands on the page several times is one of them by where it stands. */
function storageNameFor({ address, root: { host } }: ScrollRestorerOptions): string {
  const elements = document.querySelectorAll<HasChannel>(host.localName);
  return address + [...elements].filter(({ channel }) => channel === (host as HasChannel).channel).indexOf(host as HasChannel);
}

type HasChannel = Element & { channel: string | null };
