import { isWithdrawn } from '../../../../src/protocol/model.ts';
import type { Language } from '../../i18n/languages.ts';
import { type Occurrence, occurrencesIn } from './passage-search.ts';
import type { RecentPost } from './recent-posts.ts';
import type { Passage } from './removed-passages.ts';

/** A change after which other posts may be wrong. */
export interface SearchedChange {
  postId: string;
  passages: readonly Passage[];
  language: Language | undefined;
}

/** A post that may say what was removed from another one. */
export interface Restatement {
  post: RecentPost;
  /** Its author named the changed post as one that it restates. */
  isDerived: boolean;
  occurrences: readonly Occurrence[];
}

/** Posts that one step of the search looks at. The page stays responsive in between. */
const stepPosts = 50;

/** Searches posts for what one change removed. What was found in a post is remembered until the post changes. */
export class PostSearch {
  readonly change: SearchedChange;
  readonly #found = new WeakMap<RecentPost, readonly Occurrence[]>();

  constructor(change: SearchedChange) {
    this.change = change;
  }

  /**
   * First the posts that restate the changed one by their own account, then those that surely say what was removed, then the others.
   * Newest first among equals. `pause`: called between steps.
   */
  async run(posts: readonly RecentPost[], pause: () => Promise<void>): Promise<Restatement[]> {
    const { postId } = this.change;
    const found: Restatement[] = [];
    let steps = 0;
    for (const post of posts) {
      if (post.id === postId || isWithdrawn(post)) continue;
      if (!this.#found.has(post) && ++steps % stepPosts === 0) await pause();
      const occurrences = this.#occurrencesIn(post);
      const isDerived = post.derivedFrom.includes(postId);
      if (isDerived || occurrences.length > 0) found.push({ post, isDerived, occurrences });
    }
    return found.sort((one, other) => rank(other) - rank(one) || other.post.seq - one.post.seq);
  }

  #occurrencesIn(post: RecentPost): readonly Occurrence[] {
    const { passages, language } = this.change;
    const occurrences = this.#found.get(post) ?? occurrencesIn(post.text, passages, language);
    this.#found.set(post, occurrences);
    return occurrences;
  }
}

function rank({ isDerived, occurrences }: Restatement): number {
  const isSure = occurrences.some((occurrence) => occurrence.isSure);
  return (isDerived ? 4 : 0) + (isSure ? 2 : 0) + (occurrences.length > 0 ? 1 : 0);
}
