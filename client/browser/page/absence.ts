import { type Event, isWithdrawn, type ReaderPost } from '../../../src/protocol/model.ts';
import { noticeFor } from '../../lib/read-post.ts';
import type { Cause, Line, Named } from '../view/page/missed-summary.ts';

/**
 * Tracks what a reader missed. An absence is at least a minute in which the page was hidden or closed, or offline. After a
 * shorter one nothing is reported. Pure: time and posts in view are arguments.
 */
export const minAbsenceMs = 60_000;

/** The state of the page when the reader left. */
export interface LastVisit {
  /** Milliseconds since 1970. */
  at: number;
  /** Posts with a higher `seq` are new. */
  newest: number;
  /** Posts that were on the page, with their revisions. */
  seen: ReadonlyMap<string, number>;
}

export class Absence {
  #lastVisit: (LastVisit & { cause: Cause }) | undefined;
  #missed = new MissedPosts();
  #reported: { cause: Cause; since: number; missed: MissedPosts } | undefined;

  /** The summary to show now. */
  get line(): Line | undefined {
    const reported = this.#reported;
    return reported && !reported.missed.isEmpty
      ? { cause: reported.cause, since: reported.since, ...reported.missed }
      : undefined;
  }

  /** An absence that has begun keeps its start. Leaving the page takes precedence over going offline as the cause. */
  leave(cause: Cause, lastVisit: LastVisit): void {
    this.#lastVisit ??= { ...lastVisit, cause };
    if (cause === 'left') this.#lastVisit.cause = cause;
  }

  /** Call with every event, in order. */
  onEvent(event: Event): void {
    if (event.type === 'channel.changed') return;
    const { post } = event;
    if (this.#lastVisit !== undefined) this.#missed.onEvent(post, this.#lastVisit);
    this.#reported?.missed.update(post);
  }

  /** The page is visible and up to date. Returns whether the summary changed. Unread items of an earlier summary are kept. */
  onReturn(now: number): boolean {
    const lastVisit = this.#lastVisit;
    const missed = this.#missed;
    this.#lastVisit = undefined;
    this.#missed = new MissedPosts();
    if (lastVisit === undefined || now - lastVisit.at < minAbsenceMs || missed.isEmpty) return false;
    if (this.line === undefined) this.#reported = { cause: lastVisit.cause, since: lastVisit.at, missed };
    else this.#reported?.missed.add(missed);
    return true;
  }

  /** The page was opened again after an earlier visit, possibly hidden. `events`: what changed since. */
  onReopen(lastVisit: LastVisit, events: readonly Event[], now: number): boolean {
    const isAway = this.#lastVisit !== undefined;
    this.#lastVisit = { ...lastVisit, cause: 'left' };
    for (const event of events) this.onEvent(event);
    return !isAway && this.onReturn(now);
  }

  /** Marks posts in view as read. Seeing one new post marks all new posts as read. Returns whether the summary changed. */
  read(ids: Iterable<string>): boolean {
    return this.#reported?.missed.read(ids) === true;
  }

  close(): void {
    this.#reported = undefined;
    this.#missed = new MissedPosts();
  }
}

/** The posts that the reader missed. Of each post only its name is kept, and of a withdrawn post not even that. */
class MissedPosts {
  readonly posts = new Map<string, number>();
  readonly changed = new Map<string, Named>();

  get isEmpty(): boolean {
    return this.posts.size === 0 && this.changed.size === 0;
  }

  onEvent(post: ReaderPost, { newest, seen }: LastVisit): void {
    const { id, seq } = post;
    const read = seen.get(id);
    if (seq > newest) this.posts.set(id, seq);
    else if (read !== undefined && noticeFor(post, read)) this.changed.set(id, namedPostOf(post));
    this.update(post);
  }

  /** A later state of a reported post. */
  update(post: ReaderPost): void {
    if (isWithdrawn(post)) this.posts.delete(post.id);
    if (this.changed.has(post.id)) this.changed.set(post.id, namedPostOf(post));
  }

  add({ posts, changed }: MissedPosts): void {
    for (const [id, seq] of posts) this.posts.set(id, seq);
    for (const [id, named] of changed) this.changed.set(id, named);
  }

  read(ids: Iterable<string>): boolean {
    let isOther = false;
    for (const id of ids) {
      isOther = this.changed.delete(id) || this.posts.has(id) || isOther;
      if (this.posts.has(id)) this.posts.clear();
    }
    return isOther;
  }
}

function namedPostOf(post: ReaderPost): Named {
  const { id, publishedAt } = post;
  return { id, headline: isWithdrawn(post) ? null : post.headline, publishedAt, withdrawn: isWithdrawn(post) };
}
