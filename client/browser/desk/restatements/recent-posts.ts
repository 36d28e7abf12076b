import { pageMost } from '../../../../src/protocol/client-limits.ts';
import type { Event, ReaderPost } from '../../../../src/protocol/model.ts';
import type { AuthorClient, SeenPost } from '../../../lib/author-client.ts';
import type { LiveReader } from '../../../lib/live-reader.ts';
import { textOf } from '../../view/wording/plain-text.ts';

/** Older posts are not searched. The desk says how many were. */
export const searchedPosts = 2_000;
/** How long a page of posts is waited for, in milliseconds. */
const pageMs = 15_000;

/** A post as the search knows it. A changed post is another object. */
export interface RecentPost
  extends Pick<ReaderPost, 'id' | 'seq' | 'revision' | 'status' | 'headline' | 'derivedFrom' | 'authors'> {
  publishedAt: string;
  /** The headline and the body, as readers see them. */
  text: string;
  /** The account that published it. Undefined if it was published while the desk was open: readers are not told. */
  publishedBy?: string;
  ownerKey?: string;
}

export interface RecentPostsOptions {
  client: Pick<AuthorClient, 'listPosts'>;
  channelId: string;
  reader: Pick<LiveReader, 'on'>;
  /** Default: `searchedPosts`. */
  most?: number;
}

/**
 * The newest posts of a coverage, for searching. They are read when they are first needed, one page at a time, and kept current by the
 * events of the coverage. If those begin anew, so does the reading.
 */
export class RecentPosts {
  readonly #options: Required<RecentPostsOptions>;
  readonly #closing = new AbortController();
  #posts = new Map<string, RecentPost>();
  /** Posts that changed before their page was read. */
  #early = new Map<string, RecentPost>();
  #hasOlder = false;
  #isComplete = false;
  #reading: Promise<void> | undefined;
  #generation = 0;
  readonly #undo: (() => void)[];

  constructor({ most = searchedPosts, ...options }: RecentPostsOptions) {
    this.#options = { ...options, most };
    const { reader } = options;
    this.#undo = [reader.on('event', (event) => this.#received(event)), reader.on('reset', () => this.#forget())];
  }

  /** Newest first. */
  get posts(): RecentPost[] {
    return [...this.#posts.values()].sort((a, b) => b.seq - a.seq);
  }

  /** The coverage has posts that are not searched. */
  get hasOlder(): boolean {
    return this.#hasOlder;
  }

  /** Reads what is missing. `progress`: called after each page. Rejects if the server does not answer. */
  async read(progress: () => void): Promise<void> {
    while (!this.#isComplete) {
      this.#closing.signal.throwIfAborted();
      this.#reading ??= this.#readAll(progress).finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
  }

  /** Takes over a post that was read by itself. */
  add(post: SeenPost): void {
    this.#keep(recentPost(post));
  }

  close(): void {
    for (const undo of this.#undo.splice(0)) undo();
    this.#closing.abort();
    this.#forget();
  }

  async #readAll(progress: () => void): Promise<void> {
    const { client, channelId, most } = this.#options;
    const { signal } = this.#closing;
    const generation = this.#generation;
    let count = 0;
    let before: number | undefined;
    do {
      const query = { limit: Math.min(pageMost, most - count), ...(before !== undefined && { before }) };
      const page = await client.listPosts(channelId, query, { deadlineMs: pageMs, signal });
      if (generation !== this.#generation) return;
      for (const post of page.posts) this.add(post);
      count += page.posts.length;
      before = page.posts.at(-1)?.seq;
      this.#hasOlder = page.more;
      progress();
    } while (this.#hasOlder && before !== undefined && count < most);
    this.#isComplete = true;
    this.#early.clear();
    this.#drop();
  }

  /** A later event does not name the owner, so a known owner stays. */
  #keep(post: RecentPost): void {
    const known = this.#posts.get(post.id) ?? this.#early.get(post.id);
    this.#early.delete(post.id);
    if (known === undefined || known.revision < post.revision) this.#posts.set(post.id, { ...ownerOf(known ?? {}), ...post });
    else if (known.publishedBy === undefined || !this.#posts.has(post.id)) {
      this.#posts.set(post.id, { ...known, ...ownerOf(post) });
    }
  }

  #received(event: Event): void {
    if (event.type === 'channel.changed') return;
    const post = recentPost(event.post);
    if (this.#posts.has(post.id) || event.type === 'post.published') this.#keep(post);
    else if (!this.#isComplete) this.#early.set(post.id, post);
    if (this.#isComplete) this.#drop();
  }

  #drop(): void {
    const { most } = this.#options;
    if (this.#posts.size <= most) return;
    for (const { id } of this.posts.slice(most)) this.#posts.delete(id);
    this.#hasOlder = true;
  }

  #forget(): void {
    this.#generation += 1;
    this.#isComplete = false;
    this.#hasOlder = false;
    this.#posts.clear();
    this.#early.clear();
  }
}

function recentPost(post: SeenPost): RecentPost {
  const { id, seq, revision, status, headline, derivedFrom, authors, publishedAt, html } = post;
  const text = `${headline ?? ''}\n${textOf(html)}`;
  return { id, seq, revision, status, headline, derivedFrom, authors, publishedAt, text, ...ownerOf(post) };
}

function ownerOf({ publishedBy, ownerKey }: Partial<RecentPost>): Partial<RecentPost> {
  return { ...(publishedBy !== undefined && { publishedBy }), ...(ownerKey !== undefined && { ownerKey }) };
}
