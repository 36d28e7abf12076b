import { postAnchor } from '../../../src/protocol/addresses.ts';
import type { LiveReader } from '../../lib/live-reader.ts';

export interface NavigationOptions {
  client: () => LiveReader | undefined;
  /** The element with this id. */
  find: (id: string) => HTMLElement | null;
  /** There is something else to show. */
  changed: () => void;
}

/**
 * Where in a long coverage a reader is, and how they get elsewhere: page by page, to a post that a link names, however far back it is, and
 * to the newest posts again.
 */
export class Navigation {
  readonly #options: NavigationOptions;
  #paging: 'newer' | 'older' | undefined;
  failed = false;

  constructor(options: NavigationOptions) {
    this.#options = options;
  }

  /** What the reader is asking for; what comes then is not new. */
  get paging(): 'newer' | 'older' | undefined {
    return this.#paging;
  }

  readonly older = (): void => void this.#page('older', (client) => client.loadOlder());

  readonly newer = (): void => void this.#page('newer', (client) => client.loadNewer());

  /** The reader is taken to the newest post. */
  readonly newest = async (): Promise<void> => {
    if (await this.#page('newer', (client) => client.moveTo(null)))
      focusPost(this.#options.find('posts')?.querySelector<HTMLElement>(':scope > .post'));
  };

  /** Takes the reader to this post, which is asked for where it is not there. */
  async goTo(postId: string): Promise<void> {
    const find = () => this.#options.find(postAnchor(postId));
    if (find() !== null || (await this.#page('newer', (client) => client.moveToPost(postId)))) focusPost(find());
  }

  /** Shows what is asked for, and leaves the reader where they are. Throws where it could not be had. */
  async load(way: 'newer' | 'older', ask: (client: LiveReader) => Promise<unknown>): Promise<void> {
    const client = this.#options.client();
    if (client === undefined || this.#paging !== undefined) throw new Error('Nothing more can be asked for now.');
    this.#paging = way;
    this.failed = false;
    this.#options.changed();
    try {
      await ask(client);
    } finally {
      this.#paging = undefined;
      this.#options.changed();
    }
  }

  /** Whether it was done. */
  async #page(way: 'newer' | 'older', ask: (client: LiveReader) => Promise<unknown>): Promise<boolean> {
    const client = this.#options.client();
    if (client === undefined || this.#paging !== undefined) return false;
    try {
      await this.load(way, ask);
      return true;
    } catch {
      // What was asked of a coverage that is followed no more is missed by nobody.
      this.failed = client === this.#options.client();
      this.#options.changed();
      return false;
    }
  }
}

function focusPost(post: HTMLElement | null | undefined): void {
  post?.scrollIntoView({ block: 'start', behavior: 'instant' });
  post?.focus({ preventScroll: true });
}

/** The post of this channel that a link leads to from elsewhere, on whatever server. */
export function linkedPostId(link: HTMLAnchorElement, channelId: string): string | undefined {
  const [, at, id] = /^.*\/live\/([^/]+)\/([0-9a-f-]{36})$/.exec(link.pathname) ?? [];
  const stands = link.closest<HTMLElement>('.posts > .post')?.dataset.post;
  return at === channelId && id !== stands ? id : undefined;
}
