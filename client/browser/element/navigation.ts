import { postAnchor } from '../../../src/protocol/addresses.ts';
import type { LiveReader } from '../../lib/live-reader.ts';

export interface NavigationOptions {
  client: () => LiveReader | undefined;
  /** Returns the element with this id. */
  find: (id: string) => HTMLElement | null;
  /** The view must be updated. */
  changed: () => void;
}

/** Moves a reader through a long channel: page by page, to a linked post however old, and back to the newest posts. */
export class Navigation {
  readonly #options: NavigationOptions;
  #paging: 'newer' | 'older' | undefined;
  failed = false;

  constructor(options: NavigationOptions) {
    this.#options = options;
  }

  /** The direction being loaded. Posts that are added meanwhile do not count as new. */
  get paging(): 'newer' | 'older' | undefined {
    return this.#paging;
  }

  readonly older = (): void => void this.#page('older', (client) => client.loadOlder());

  readonly newer = (): void => void this.#page('newer', (client) => client.loadNewer());

  /** Scrolls to the newest post. */
  readonly newest = async (): Promise<void> => {
    if (await this.#page('newer', (client) => client.moveTo(null)))
      focusPost(this.#options.find('posts')?.querySelector<HTMLElement>(':scope > .post'));
  };

  /** Scrolls to this post. Loads it if necessary. */
  async goTo(postId: string): Promise<void> {
    const find = () => this.#options.find(postAnchor(postId));
    if (find() !== null || (await this.#page('newer', (client) => client.moveToPost(postId)))) focusPost(find());
  }

  /** Loads posts without moving the reader. Rejects if that fails. */
  async load(direction: 'newer' | 'older', ask: (client: LiveReader) => Promise<unknown>): Promise<void> {
    const client = this.#options.client();
    if (client === undefined || this.#paging !== undefined) throw new Error('Posts are already being loaded.');
    this.#paging = direction;
    this.failed = false;
    this.#options.changed();
    try {
      await ask(client);
    } finally {
      this.#paging = undefined;
      this.#options.changed();
    }
  }

  /** Returns whether it succeeded. */
  async #page(direction: 'newer' | 'older', ask: (client: LiveReader) => Promise<unknown>): Promise<boolean> {
    const client = this.#options.client();
    if (client === undefined || this.#paging !== undefined) return false;
    try {
      await this.load(direction, ask);
      return true;
    } catch {
      // Ignore a failure if another channel is followed by now.
      this.failed = client === this.#options.client();
      this.#options.changed();
      return false;
    }
  }
}

function focusPost(post: HTMLElement | null | undefined): void {
  // The summary is folded.
  post?.closest('details')?.setAttribute('open', '');
  post?.scrollIntoView({ block: 'start', behavior: 'instant' });
  post?.focus({ preventScroll: true });
}

/** The id of the post of this channel that a link leads to, on any server. */
export function linkedPostId(link: HTMLAnchorElement, channelId: string): string | undefined {
  const [, at, id] = /^.*\/live\/([^/]+)\/([0-9a-f-]{36})$/.exec(link.pathname) ?? [];
  const stands = link.closest<HTMLElement>('.posts > .post')?.dataset.post;
  return at === channelId && id !== stands ? id : undefined;
}
