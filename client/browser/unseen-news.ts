import { isWithdrawn, type ReaderPost } from '../../src/protocol/model.ts';
import { noticeFor } from '../lib/read-post.ts';
import type { News } from './i18n/words.ts';

/** A post or a change that the reader has not seen. `revision`: the revision of the post that shows it. */
export interface Unseen {
  id: string;
  seq: number;
  revision: number;
  counts: keyof News;
}

/**
 * The posts and changes since the page was opened that the reader has not seen. Pure: the caller says what is in view.
 *
 *     new post ────────────────▶ unseen ── first line in view ──▶ seen
 *                                  └── withdrawn ──▶ not counted
 *     correction, clarification
 *     or withdrawal of a post
 *     on the page ─────────────▶ unseen ── note in view ──▶ seen
 *
 * A change of an unseen new post is not counted besides the post. Refiles and updates are never counted.
 */
export class UnseenNews {
  readonly #newestAtOpen: number;
  /** Ids of the posts that were new, seen or not. */
  readonly #arrived = new Set<string>();
  readonly #unseen = new Map<string, Unseen>();

  /** Posts with a `seq` above `newestAtOpen` are new. */
  constructor(newestAtOpen: number) {
    this.#newestAtOpen = newestAtOpen;
  }

  /** `before`: the post as it was on the page before the event. Undefined if it was not on the page. */
  onEvent(post: ReaderPost, before: ReaderPost | undefined): void {
    const { id, seq, revision } = post;
    const isNew = seq > this.#newestAtOpen && !this.#arrived.has(id);
    if (isNew) this.#arrived.add(id);
    if (isNew || this.#unseen.get(id)?.counts === 'posts') {
      if (isWithdrawn(post)) this.#unseen.delete(id);
      else this.#unseen.set(id, { id, seq, revision, counts: 'posts' });
      return;
    }
    const counts = before && !isWithdrawn(before) && noticeFor(post, before.revision);
    if (counts) this.#unseen.set(id, { id, seq, revision, counts });
  }

  markSeen(id: string): void {
    this.#unseen.delete(id);
  }

  /** In the order in which the reader is led to them: new posts, then changed ones, each from the top of the list. */
  get items(): Unseen[] {
    const rank = ({ counts }: Unseen) => Number(counts === 'posts');
    return [...this.#unseen.values()].sort((one, other) => rank(other) - rank(one) || other.seq - one.seq);
  }

  get counts(): News {
    const news = { posts: 0, corrections: 0, withdrawals: 0 };
    for (const { counts } of this.#unseen.values()) news[counts] += 1;
    return news;
  }
}
