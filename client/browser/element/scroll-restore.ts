import { isAtTop, isIn, postRead, type View } from '../scroll-anchor.ts';
import {
  bring,
  isReturn,
  onLeave,
  type Paging,
  type ReadPost,
  readPost,
  recall,
  remember,
  show,
  watchReader,
  whenSettled,
} from '../scroll-memory.ts';

export interface WayBackOptions extends Paging {
  /** Of the coverage. */
  address: string;
  posts: HTMLElement;
  root: ShadowRoot;
  view: View;
  /** Within which the element scrolls; undefined where the page around is scrolled. */
  scroller: () => Element | undefined;
}

/** Those of the elements of the page that show something. */
const all = new Set<WayBack>();

/** Whether nobody comes back to the page, or they have begun to go elsewhere on it. */
let isElsewhere: (() => boolean) | undefined;

/** To be called as soon as there is an element: what the reader does is heeded from then on. */
export function expectReader(): void {
  isElsewhere ??= isReturn() ? watchReader() : () => true;
}

/**
 * Whoever was reading in an element, and goes back to its page, or loads it again, is where they were reading. The posts come when the
 * browser has scrolled the page already, and more may have come in above; so the element goes by the post. How the browser scrolls is for
 * the page around to say.
 */
export class WayBack {
  readonly #options: WayBackOptions;
  /** What its place is kept under. */
  readonly #name: string;
  readonly #listening = new AbortController();
  /** The one that the reader is being taken to. */
  #sought: ReadPost | undefined;

  constructor(options: WayBackOptions) {
    this.#options = options;
    this.#name = nameFor(options);
    all.add(this);
    onLeave(() => remember(this.#isFirst ? this.#read : undefined, this.#name), this.#listening);
  }

  close(): void {
    all.delete(this);
    this.#listening.abort();
  }

  /** Takes the reader to the post that they were reading, which is asked for where it is not there. */
  async comeBack(): Promise<void> {
    const { root, timeline } = this.#options;
    const post = this.#isWanted ? recall<ReadPost>(this.#name) : undefined;
    if (post === undefined) return;
    this.#sought = post;
    const go = () => this.#isWanted && show(post, root, this.#seen);
    const whileWanted = () => {
      if (this.#isWanted) return timeline();
      throw new Error();
    };
    // Without an answer they stay as far down as the browser has taken them.
    if (!go()) await bring(post.seq, { ...this.#options, timeline: whileWanted }).catch(() => {});
    go();
    whenSettled(() => {
      go();
      this.#sought = undefined;
      // An element that takes up the coverage again later goes nowhere.
      remember(undefined, this.#name);
    });
  }

  get #isWanted(): boolean {
    return all.has(this) && isElsewhere?.() === false;
  }

  /** What is in view. Undefined at the start of a list that begins with the newest post: what comes in above is to be seen. */
  get #read(): ReadPost | undefined {
    const { posts, timeline } = this.#options;
    if (this.#sought !== undefined && this.#isWanted) return this.#sought;
    const view = this.#seen;
    if (timeline().ceiling === null && isAtTop(posts, view)) return undefined;
    const element = postRead(posts, view);
    return element && isIn(view, element) ? readPost(posts, timeline(), view) : undefined;
  }

  /** Within a scroller, however much of that is in the window. */
  get #seen(): View {
    const { view, scroller } = this.#options;
    return { ...view, top: view.edge, bottom: () => scroller()?.getBoundingClientRect().bottom ?? view.bottom() };
  }

  /** The window has one place: that of the element whose post begins first in it. */
  get #isFirst(): boolean {
    const { scroller } = this.#options;
    if (scroller() !== undefined) return true;
    const rivals = [...all].filter((each) => each.#options.scroller() === undefined && each.#read !== undefined);
    const start = ({ top = -1 }: Partial<ReadPost> = {}) => (top < 0 ? Number.POSITIVE_INFINITY : top);
    return rivals.sort((one, other) => start(one.#read) - start(other.#read))[0] === this;
  }
}

/** A coverage that stands on the page several times is one of them by where it stands. */
function nameFor({ address, root: { host } }: WayBackOptions): string {
  const elements = document.querySelectorAll<HasChannel>(host.localName);
  return address + [...elements].filter(({ channel }) => channel === (host as HasChannel).channel).indexOf(host as HasChannel);
}

type HasChannel = Element & { channel: string | null };
