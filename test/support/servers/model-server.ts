import { createHash } from 'node:crypto';
import type { Page } from '../../../client/lib/timeline/timeline-pages.ts';
import { formatCursor } from '../../../src/protocol/cursor.ts';
import type {
  CatchUp,
  Change,
  ChangeKind,
  Channel,
  Counts,
  Event,
  EventType,
  KeyEvent,
  PostKind,
  ReaderPost,
  Snapshot,
} from '../../../src/protocol/model.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { aChannel, aPost, emptied } from '../samples/samples.ts';

/**
 * A minimal in-memory model of a channel: writes, events and every answer to a reader as of any offset, so that a test can imitate a lagging
 * node. It has no side effects. The text of each revision contains the revision's number, so that a test recognises old text.
 */
interface State {
  channel: Channel;
  /** By id, in order of publication. */
  posts: ReadonlyMap<string, ReaderPost>;
  /** Entries of the list of corrections. */
  corrections: number;
}

export interface PostWrite {
  kind: PostKind;
  keyEvent: boolean;
}

const at = (offset: number) => new Date(Date.UTC(2026, 10, 24) + offset * 1_000).toISOString();

export class ModelServer {
  readonly channelId = 'moon';
  #epoch = 0;
  /** State and event by offset. Index 0 is the empty state. */
  #states: State[] = [];
  #events: (Event | undefined)[] = [undefined];
  #posts = 0;

  constructor() {
    this.#begin(0);
  }

  get head(): number {
    return this.#states.length - 1;
  }

  get state(): State {
    return this.#states[this.head] as State;
  }

  /** Replaces the history with another one of this length. */
  reset(length: number): void {
    this.#epoch += 1;
    this.#begin(length);
  }

  #begin(length: number): void {
    this.#states = [{ channel: this.#channel(1), posts: new Map(), corrections: 0 }];
    this.#events = [undefined];
    this.#append('channel.changed', { channel: this.#channel(1) });
    while (this.head < length) this.publish({ kind: 'update', keyEvent: false });
  }

  // ---- Writes. A write that does not fit the state does nothing.

  publish({ kind, keyEvent }: PostWrite): void {
    this.#posts += 1;
    const seq = this.head + 1;
    const post = aPost({
      id: `00000000-0000-7000-8000-${String(this.#posts).padStart(12, '0')}`,
      channelId: this.channelId,
      seq,
      kind,
      keyEvent,
      ...this.#texts(this.#posts, 1),
      publishedAt: at(seq),
    });
    this.#append('post.published', { post });
  }

  revise(which: number, kind: Exclude<ChangeKind, 'retraction' | 'takedown'>, changes: Partial<PostWrite>): void {
    const post = this.#pick(which);
    if (post?.status !== 'published') return;
    const revision = post.revision + 1;
    const updatedAt = at(this.head + 1);
    const texts = this.#texts(Number(post.id.slice(-12)), revision);
    this.#append('post.revised', {
      post: { ...post, ...changes, ...texts, revision, updatedAt, history: this.#history(post, revision, kind) },
    });
  }

  withdraw(which: number, status: 'retracted' | 'taken-down'): void {
    const post = this.#pick(which);
    if (post === undefined || post.status === 'taken-down' || post.status === status) return;
    const revision = post.revision + 1;
    const kind = status === 'retracted' ? 'retraction' : 'takedown';
    const tombstone: ReaderPost = {
      ...emptied(post),
      status,
      revision,
      updatedAt: at(this.head + 1),
      history: this.#history(post, revision, kind),
    };
    const pinned = this.state.channel.pinnedPostId === post.id;
    this.#append(status === 'retracted' ? 'post.retracted' : 'post.taken-down', { post: tombstone });
    if (pinned) this.#changeChannel({ pinnedPostId: null });
  }

  pin(which: number): void {
    const post = this.#pick(which);
    if (post?.status === 'published') this.#changeChannel({ pinnedPostId: post.id });
  }

  unpin(): void {
    this.#changeChannel({ pinnedPostId: null });
  }

  retitle(): void {
    this.#changeChannel({ headline: `Headline ${this.head}` });
  }

  // ---- Answers to readers as of an offset

  cursor(offset: number): string {
    const digest = createHash('sha1').update(`${this.#epoch} ${offset}`).digest('hex');
    return formatCursor({ epoch: String(this.#epoch).padStart(12, '0'), offset, check: digest.slice(0, 16) });
  }

  counts(asOf = this.head): Counts {
    const { posts, corrections } = this.#states[asOf] as State;
    const published = [...posts.values()].filter(({ status }) => status === 'published');
    return { posts: published.length, keyEvents: published.filter(({ keyEvent }) => keyEvent).length, corrections };
  }

  event(offset: number): Event {
    return this.#events[offset] as Event;
  }

  snapshot(limit: number, asOf = this.head): Snapshot {
    const { channel, posts } = this.#states[asOf] as State;
    const newest = [...posts.values()].toReversed();
    const published = newest.filter(({ status }) => status === 'published');
    const keyEvents: KeyEvent[] = published
      .filter(({ keyEvent }) => keyEvent)
      .slice(0, limits.snapshotKeyEvents)
      .map(({ id, seq, headline, publishedAt }) => ({ id, seq, headline: headline ?? '', publishedAt }));
    return {
      channel,
      cursor: this.cursor(asOf),
      counts: this.counts(asOf),
      posts: newest.slice(0, limit),
      pinned: published.find(({ id }) => id === channel.pinnedPostId) ?? null,
      summary: published.find(({ kind }) => kind === 'summary') ?? null,
      keyEvents,
      more: newest.length > limit,
    };
  }

  /** Without a cursor, or with one of another history, the answer is a snapshot. */
  catchUp(
    cursor: string | undefined,
    offset: number,
    { limit, posts }: { limit: number; posts: number },
    asOf = this.head,
  ): CatchUp {
    if (cursor === undefined || cursor !== this.cursor(offset) || offset > this.head) {
      const facts = { covers: { after: 0, to: asOf }, cursor: this.cursor(asOf), counts: this.counts(asOf), more: false };
      return { mode: 'snapshot', reset: cursor !== undefined, ...facts, snapshot: this.snapshot(posts, asOf) };
    }
    const end = Math.max(offset, asOf);
    const latest = new Map<string, number>();
    for (let each = offset + 1; each <= end; each += 1) {
      const event = this.event(each);
      const key = 'post' in event ? event.post.id : 'channel';
      latest.delete(key);
      latest.set(key, each);
    }
    const offsets = [...latest.values()];
    const more = offsets.length > limit;
    const taken = offsets.slice(0, limit);
    const to = more ? (taken.at(-1) as number) : end;
    const events = taken.map((each, index) => {
      const { counts, ...event } = this.event(each);
      const from = (taken[index - 1] ?? offset) + 1;
      // A server knows the counts at the end of a complete replay only.
      return { ...event, from, ...(!more && each === to && { counts }) };
    });
    const facts = { covers: { after: offset, to }, cursor: this.cursor(to), more, ...(!more && { counts: this.counts(to) }) };
    return { mode: 'replay', reset: false, ...facts, events };
  }

  page(query: { before?: number; after?: number; kind?: PostKind; keyEvent?: true; limit: number }, asOf = this.head): Page {
    const { before = Number.POSITIVE_INFINITY, after, kind, keyEvent, limit } = query;
    const found = [...(this.#states[asOf] as State).posts.values()].filter((post) => {
      if (post.seq >= before || post.seq <= (after ?? 0)) return false;
      return (kind === undefined || post.kind === kind) && (keyEvent === undefined || post.keyEvent);
    });
    const posts = after === undefined ? found.toReversed().slice(0, limit) : found.slice(0, limit).toReversed();
    return { posts, cursor: this.cursor(asOf), more: found.length > limit };
  }

  post(id: string, asOf = this.head): ReaderPost | undefined {
    return (this.#states[asOf] as State).posts.get(id);
  }

  // ---- State

  #pick(which: number): ReaderPost | undefined {
    const posts = [...this.state.posts.values()].toReversed();
    return posts[which % Math.max(1, posts.length)];
  }

  #changeChannel(changes: Partial<Channel>): void {
    const { channel } = this.state;
    this.#append('channel.changed', { channel: { ...channel, ...changes, revision: channel.revision + 1 } });
  }

  #append(type: EventType, held: { post: ReaderPost } | { channel: Channel }): void {
    const offset = this.#events.length;
    const { channel, posts, corrections } = this.state;
    if ('channel' in held) this.#states.push({ channel: held.channel, posts, corrections });
    else {
      const change = held.post.history.find(({ revision }) => revision === held.post.revision);
      const isListed = change !== undefined && change.kind !== 'refile';
      const next = new Map(posts).set(held.post.id, held.post);
      this.#states.push({ channel, posts: next, corrections: corrections + Number(isListed) });
    }
    const counts = this.counts(offset);
    const facts = { channelId: this.channelId, from: offset, offset, cursor: this.cursor(offset), type, at: at(offset), counts };
    this.#events.push({ ...facts, ...held } as Event);
  }

  #texts(number: number, revision: number): { headline: string; html: string } {
    return { headline: `Post ${number} revision ${revision}`, html: `<p>Post ${number} revision ${revision}</p>` };
  }

  #history(post: ReaderPost, revision: number, kind: ChangeKind): Change[] {
    return [...post.history, { revision, kind, note: `Note ${revision}`, at: at(this.head + 1) }];
  }

  #channel(revision: number): Channel {
    const times = { createdAt: at(0), startedAt: at(0) };
    return aChannel({ id: this.channelId, headline: `Headline of ${this.#epoch}`, ...times, revision });
  }
}
