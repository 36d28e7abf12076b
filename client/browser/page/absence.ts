import { type Event, isWithdrawn, type ReaderPost } from '../../../src/protocol/model.ts';
import { toldAs } from '../../lib/read-post.ts';
import type { Cause, Line, Named } from '../view/missed-summary.ts';

/**
 * What someone missed. An absence is a minute or more in which the page was not looked at (another tab or app, another page, the browser
 * closed) or could not hear of anything (offline). Less is a glance elsewhere, and what came meanwhile stands where it stands. Pure: time
 * and what there was to see come in as arguments.
 */
export const absentMs = 60_000;

/** Where a reader was when they left. */
export interface Left {
  /** Milliseconds since 1970. */
  at: number;
  /** Posts with a higher `seq` are new. */
  newest: number;
  /** Posts that were in view, and the revision that was. */
  seen: ReadonlyMap<string, number>;
}

export class Absence {
  #left: (Left & { cause: Cause }) | undefined;
  #missed = new Missed();
  #told: { cause: Cause; since: number; missed: Missed } | undefined;

  /** What is to be told now. */
  get line(): Line | undefined {
    const told = this.#told;
    return told && !told.missed.isNothing ? { cause: told.cause, since: told.since, ...told.missed } : undefined;
  }

  /** Whoever is away already is away since then; that they looked elsewhere counts for more than the connection. */
  leave(cause: Cause, left: Left): void {
    this.#left ??= { ...left, cause };
    if (cause === 'left') this.#left.cause = cause;
  }

  /** Every event, in order. */
  hear(event: Event): void {
    if (event.type === 'channel.changed') return;
    const { post } = event;
    if (this.#left !== undefined) this.#missed.hear(post, this.#left);
    this.#told?.missed.follow(post);
  }

  /** The page is looked at, and knows all there is. Returns whether the line is another one: what was not read of it before stays in it. */
  comeBack(now: number): boolean {
    const left = this.#left;
    const missed = this.#missed;
    this.#left = undefined;
    this.#missed = new Missed();
    if (left === undefined || now - left.at < absentMs || missed.isNothing) return false;
    if (this.line === undefined) this.#told = { cause: left.cause, since: left.at, missed };
    else this.#told?.missed.add(missed);
    return true;
  }

  /** The page was opened anew, by someone who had left it so, and may not have looked at it yet. `events`: what changed since. */
  returnFrom(left: Left, events: readonly Event[], now: number): boolean {
    const isAway = this.#left !== undefined;
    this.#left = { ...left, cause: 'left' };
    for (const event of events) this.hear(event);
    return !isAway && this.comeBack(now);
  }

  /** Posts that are in view. One that is new tells that there are new ones. Returns whether the line is another one. */
  read(ids: Iterable<string>): boolean {
    return this.#told?.missed.read(ids) === true;
  }

  close(): void {
    this.#told = undefined;
    this.#missed = new Missed();
  }
}

/** Of a post no more is kept than its name, and of a withdrawn one not that. */
class Missed {
  readonly posts = new Map<string, number>();
  readonly changed = new Map<string, Named>();

  get isNothing(): boolean {
    return this.posts.size === 0 && this.changed.size === 0;
  }

  hear(post: ReaderPost, { newest, seen }: Left): void {
    const { id, seq } = post;
    const read = seen.get(id);
    if (seq > newest) this.posts.set(id, seq);
    else if (read !== undefined && toldAs(post, read)) this.changed.set(id, nameOf(post));
    this.follow(post);
  }

  /** A later state of a post that is told of. */
  follow(post: ReaderPost): void {
    if (isWithdrawn(post)) this.posts.delete(post.id);
    if (this.changed.has(post.id)) this.changed.set(post.id, nameOf(post));
  }

  add({ posts, changed }: Missed): void {
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

function nameOf(post: ReaderPost): Named {
  const { id, publishedAt } = post;
  return { id, headline: isWithdrawn(post) ? null : post.headline, publishedAt, withdrawn: isWithdrawn(post) };
}
