import { pageMost } from '../../../../src/protocol/client-limits.ts';
import type { ReaderPost } from '../../../../src/protocol/model.ts';
import type { AuthorClient } from '../../../lib/author-client.ts';
import { isOwnPost } from './post-rights.ts';

export interface OwnPostsOptions {
  client: AuthorClient;
  channelId: string;
  session: { ownerKey: string; sub: string };
  /** Called after each answer. */
  changed: () => void;
}

/**
 * The posts that the author published. Readers are not told, so the desk asks for the author's view: a page at a time, and only for posts
 * that it has not asked about. Without an answer a post counts as a colleague's, and the next change asks again.
 */
export class OwnPosts {
  readonly #options: OwnPostsOptions;
  readonly #known = new Map<string, boolean>();
  #asking = false;
  /** Posts that came while the desk was asking. */
  #waiting: readonly Pick<ReaderPost, 'id' | 'seq'>[] | undefined;

  constructor(options: OwnPostsOptions) {
    this.#options = options;
  }

  has(postId: string): boolean {
    return this.#known.get(postId) === true;
  }

  /** `posts`: newest first. */
  async learn(posts: readonly Pick<ReaderPost, 'id' | 'seq'>[]): Promise<void> {
    this.#waiting = posts;
    if (this.#asking) return;
    this.#asking = true;
    try {
      for (let next = this.#takeWaiting(); next !== undefined; next = this.#takeWaiting()) await this.#ask(next);
    } catch {
      // Asked again with the next change.
    } finally {
      this.#asking = false;
    }
  }

  #takeWaiting(): readonly Pick<ReaderPost, 'id' | 'seq'>[] | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  async #ask(posts: readonly Pick<ReaderPost, 'id' | 'seq'>[]): Promise<void> {
    const { client, channelId, session, changed } = this.#options;
    for (;;) {
      const first = posts.find(({ id }) => !this.#known.has(id));
      if (first === undefined) return;
      const page = await client.listPosts(channelId, { before: first.seq + 1, limit: pageMost });
      for (const post of page.posts) this.#known.set(post.id, isOwnPost(post, session));
      // A post that the page does not have is not asked about again.
      if (!this.#known.has(first.id)) this.#known.set(first.id, false);
      changed();
    }
  }
}
