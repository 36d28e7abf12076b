import { isDeepStrictEqual } from 'node:util';
import type { Timeline } from '../../../client/lib/timeline/timeline-model.ts';
import type { Page } from '../../../client/lib/timeline/timeline-pages.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import { formatCursor } from '../../../src/protocol/cursor.ts';
import type { CatchUp, Event, ReaderPost } from '../../../src/protocol/model.ts';
import type { Problem } from '../../../src/protocol/problems.ts';
import { mayRead } from '../../../src/protocol/rights.ts';
import { streamLimits } from '../../../src/streams/stream-limits.ts';
import { channelId } from './contents.ts';
import { type Entry, entryAt, holds, newestFirst } from './histories.ts';
import { ServerSocket, type SimNode, type Told } from './node.ts';
import type { SimReader } from './reader.ts';
import { mayHave } from './rights.ts';
import type { Setting } from './setting.ts';

/**
 * Observes everything that is handed out and shown, knows every entry that ever existed, and reports violations. The names of the
 * invariants are those of docs/explanation/invariants.md.
 */
export class Violation extends Error {}

/** The state of one reader. */
export interface Held {
  entry: Entry;
  revisions: Map<string, number>;
  /**
   * Posts, or the channel, with a change that was left out as superseded, while the reader has not received the later change yet.
   */
  owed: Set<string>;
}

export class Witness {
  /** The first violation. */
  violation: Violation | undefined;
  /** Posts whose erasure was acknowledged, with the erasing entry. */
  readonly erased = new Map<string, Entry>();
  /** The deletion, if its erasure was acknowledged. */
  deletion: Entry | undefined;
  /** Acknowledged entries, by cursor. */
  readonly acknowledged = new Map<string, Entry>();
  /** Lost entries, with the fault that lost them. */
  readonly lost = new Map<string, string>();
  #isDeletionLost = false;
  resets = 0;
  applied = 0;
  readonly #setting: Setting;
  readonly #held = new Map<SimReader, Held>();

  constructor(setting: Setting) {
    this.#setting = setting;
    setting.store.onLost = (entry, fault) => this.#loses(entry, fault);
  }

  fails(invariant: string, detail: string): void {
    this.violation ??= new Violation(`${invariant}: ${detail}`);
    this.#setting.trace?.(`VIOLATION ${this.violation.message}`);
  }

  // ---- Writes

  acknowledges(entry: Entry): void {
    const { chances, store } = this.#setting;
    this.acknowledged.set(entry.cursor, entry);
    if (!this.#known(entry.cursor)?.synced) this.fails('synced before acknowledgement', entry.cursor);
    // A fault may happen between the answer of the store and the answer of the node.
    if (chances.minReplicas > 0 && holds(store.top, entry) && !holds(store.replica, entry))
      this.fails('replicated before acknowledgement', entry.cursor);
    const fault = this.lost.get(entry.cursor);
    if (fault !== undefined && !holds(store.top, entry)) this.#isLost(entry.cursor, fault);
  }

  erases(postId: string | null, entry: Entry): void {
    if (postId === null) this.deletion = entry;
    else this.erased.set(postId, entry);
  }

  #loses(entry: Entry, fault: string): void {
    const { change, cursor } = entry;
    if (change.type === 'post.taken-down' && this.erased.get(change.post.id)?.cursor === cursor)
      this.erased.delete(change.post.id);
    if (this.deletion === entry) this.deletion = undefined;
    if (entry.deletes) this.#isDeletionLost = true;
    if (this.lost.get(cursor) === 'journal lost') return;
    this.lost.set(cursor, fault);
    // If the entry is made again, the next answer promises it again.
    if (this.acknowledged.delete(cursor)) this.#isLost(cursor, fault);
  }

  #isLost(cursor: string, fault: string): void {
    if (fault === 'crash') this.fails('no acknowledged write is lost', `${cursor} in a crash`);
    if (fault === 'failover' && this.#setting.chances.minReplicas > 0)
      this.fails('no acknowledged write is lost', `${cursor} in a failover with replicas`);
  }

  // ---- What nodes hand out

  handed(reader: SimReader, node: SimNode, told: Told): void {
    if (told.type === 'event') {
      const { event } = told;
      this.#holdNothingErased(node, [event]);
      this.#isFor(reader, node, event.cursor, this.#followedBy(node));
    }
    if (told.type === 'unsubscribed' && told.reason === 'gone') this.#isGone(reader, node, reader.askedAt);
    if (told.type !== 'answer') return;
    const { said } = told;
    if (!said.ok) return this.refuses(reader, node, said.problem, reader.askedAt);
    if (said.mode === 'replay') this.#holdNothingErased(node, said.events);
    else this.#hasNothingErased(node, said.snapshot.posts);
    this.#isFor(reader, node, said.cursor, this.#followedBy(node));
  }

  /** A page is judged by what was read, not by what the node followed. */
  handedPage(reader: SimReader, node: SimNode, { posts, cursor }: Page): void {
    this.#hasNothingErased(node, posts);
    this.#isFor(reader, node, cursor, undefined);
  }

  refuses(reader: SimReader, node: SimNode, { code }: Problem, askedAt: number): void {
    if (code === 'channel-deleted' || code === 'not-found') this.#isGone(reader, node, askedAt);
  }

  /**
   * A lost deletion may be announced late, after the channel exists again. This is a known limit, see
   * docs/explanation/invariants.md.
   */
  #isGone({ id }: SimReader, node: SimNode, askedAt: number): void {
    if (this.#setting.store.absentAt < askedAt && !this.#isDeletionLost)
      this.fails(
        'no existing channel is reported as gone',
        `${id} asked ${node.id} at ${askedAt.toFixed(1)}, and there was a channel since`,
      );
  }

  #holdNothingErased(node: SimNode, events: readonly Event[]): void {
    if (events.length > 0) this.#hasNothingErased(node, postsIn(events));
  }

  #hasNothingErased(node: SimNode, posts: readonly ReaderPost[]): void {
    if (this.deletion !== undefined) this.fails('erased text is never delivered', `of a deleted channel by ${node.id}`);
    if (this.erased.size === 0) return;
    for (const { id, html, revision } of posts)
      if (html !== '' && this.erased.has(id))
        this.fails('erased text is never delivered', `${id} at revision ${revision} by ${node.id}`);
  }

  #isFor({ id, who }: SimReader, node: SimNode, cursor: string, followed: Entry | undefined): void {
    this.#isSynced(cursor);
    const entry = this.#known(cursor);
    if (entry !== undefined && !mayHave(who, node, entry, followed))
      this.fails('only permitted readers receive posts', `${id} was handed ${cursor} by ${node.id}`);
  }

  /** The entry a node has followed the journal to, by its own account. */
  #followedBy(node: SimNode): Entry | undefined {
    for (const stream of node.streams) if (!stream.closed) return this.#known(formatCursor(stream.head));
    return undefined;
  }

  #isSynced(cursor: string): void {
    const entry = this.#known(cursor);
    if (entry === undefined) this.fails('a cursor belongs to one history', `${cursor} is of none`);
    else if (!entry.synced) this.fails('synced before delivery', cursor);
  }

  // ---- What readers apply

  applies(reader: SimReader, event: Event): void {
    this.applied += 1;
    const held = this.#held.get(reader);
    const entry = this.#known(event.cursor);
    if (held === undefined || entry === undefined)
      return this.fails('a cursor belongs to one history', `${event.cursor} is of none`);
    this.#setting.trace?.(`${reader.id} applies ${event.from}-${event.offset} ${event.cursor.slice(-6)} ${event.type}`);
    const mine = held.entry.offset;
    if (entry.offset !== event.offset || event.from > mine + 1 || event.offset < mine + 1)
      this.fails('offsets rise without gaps', `${reader.id} at ${mine} applied ${event.from}-${event.offset}`);
    this.#owes(held, entry, [event]);
    this.#moves(reader, held, entry);
    this.#isEntry(reader, event, entry);
  }

  takes(reader: SimReader, catchUp: CatchUp): void {
    const entry = this.#known(catchUp.cursor);
    const held = this.#held.get(reader);
    if (entry === undefined) return this.fails('a cursor belongs to one history', `${catchUp.cursor} is of none`);
    const { mode, covers, reset } = catchUp;
    this.#setting.trace?.(
      `${reader.id} takes a ${reset ? 'reset' : mode} ${covers.after}-${covers.to} ${catchUp.cursor.slice(-6)}${catchUp.more ? ' and more' : ''}`,
    );
    if (entry.offset !== covers.to) this.fails('a cursor belongs to one history', `${catchUp.cursor} covers to ${covers.to}`);
    if (catchUp.counts === undefined ? !catchUp.more : !isDeepStrictEqual(catchUp.counts, entry.counts))
      this.fails('counts match their position', `${reader.id} was given other counts, or none, at ${catchUp.cursor}`);
    if (catchUp.mode === 'snapshot') {
      if (held !== undefined && !reset) this.fails('a change of history is a reset', `${reader.id} was given a snapshot without`);
      if (reset) this.resets += 1;
      this.#held.set(reader, { entry, revisions: new Map(), owed: new Set() });
      const posts = newestFirst(entry).slice(0, catchUp.snapshot.posts.length);
      if (
        !sameTexts(
          catchUp.snapshot.posts,
          posts.map(({ reader: post }) => post),
        )
      )
        this.fails('snapshots match their cursor', `${reader.id} at ${catchUp.cursor}`);
      return;
    }
    if (held === undefined)
      return this.fails('a change of history is a reset', `${reader.id} was given a replay and held nothing`);
    this.#owes(held, entry, catchUp.events);
    if (covers.to > held.entry.offset) this.#moves(reader, held, entry);
    else if (entryAt(held.entry, covers.to)?.cursor !== entry.cursor)
      this.fails('a cursor belongs to one history', `${reader.id} took ${catchUp.cursor} at ${held.entry.cursor}`);
    const subjects = catchUp.events.map((event) => ('post' in event ? event.post.id : channelId));
    if (new Set(subjects).size < subjects.length)
      this.fails('answers hold each post once, in its latest state', `${reader.id} was given a post twice in one answer`);
    let last = covers.after;
    for (const event of catchUp.events) {
      if (event.from !== last + 1 || event.offset < event.from || event.offset > covers.to)
        this.fails('offsets rise without gaps', `${reader.id} was given ${event.from}-${event.offset} after ${last}`);
      last = event.offset;
      const made = this.#known(event.cursor);
      if (made === undefined || entryAt(entry, event.offset)?.cursor !== event.cursor)
        this.fails('a cursor belongs to one history', `${event.cursor} is not before ${catchUp.cursor}`);
      else this.#isEntry(reader, event, made);
    }
  }

  /** Notes the changes between the reader's old and new position that the reader did not receive. */
  #owes({ entry: from, owed }: Held, to: Entry, events: readonly Event[]): void {
    for (let entry: Entry | undefined = to; entry !== undefined && entry.offset > from.offset; entry = entry.before)
      owed.add('post' in entry.change ? entry.change.post.id : channelId);
    for (const event of events) owed.delete('post' in event ? event.post.id : channelId);
  }

  #moves(reader: SimReader, held: Held, to: Entry): void {
    const { entry } = held;
    if (entryAt(to, entry.offset)?.cursor !== entry.cursor)
      this.fails('a change of history is a reset', `${reader.id} went from ${entry.cursor} to ${to.cursor} without one`);
    held.entry = to;
  }

  #isEntry(reader: SimReader, event: Event, { change }: Entry): void {
    if (event.counts !== undefined && !isDeepStrictEqual(event.counts, change.counts))
      this.fails('counts match their position', `${reader.id} was given other counts at ${event.cursor}`);
    const same =
      event.type === change.type &&
      ('post' in event && 'post' in change ? sameTexts([event.post], [change.post]) : !('post' in event));
    if (!same) this.fails('events match their journal entries', `${reader.id} was given another ${event.cursor}`);
  }

  forgets(reader: SimReader): void {
    this.#held.delete(reader);
  }

  /** The state of a reader, to be restored when the reader returns to an earlier state. */
  knownOf(reader: SimReader): Held | undefined {
    const held = this.#held.get(reader);
    return held && { entry: held.entry, revisions: new Map(held.revisions), owed: new Set(held.owed) };
  }

  restores(reader: SimReader, known: Held): void {
    this.#held.set(reader, known);
  }

  pages(reader: SimReader, cursor: string): void {
    const entry = this.#known(cursor);
    const held = this.#held.get(reader);
    if (entry === undefined) return this.fails('a cursor belongs to one history', `${cursor} is of none`);
    if (held !== undefined && !holds(held.entry, entry))
      this.fails('pages match the history of their reader', `${reader.id} at ${held.entry.cursor} takes one of ${cursor}`);
  }

  /**
   * A catch-up leaves out a change that a later one superseded. The store can lose the later change before the reader receives
   * it, while the reader's cursor is still valid. This is a known limit, see docs/explanation/invariants.md.
   */
  #isOwedByLost(reader: SimReader, { id }: { id: string }): boolean {
    return this.lost.size > 0 && this.#held.get(reader)?.owed.has(id) === true;
  }

  shows(reader: SimReader, timeline: Timeline): void {
    const held = this.#held.get(reader);
    if (held === undefined) return;
    if (timeline.cursor !== held.entry.cursor)
      this.fails('offsets rise without gaps', `${reader.id} holds ${timeline.cursor}, and took ${held.entry.cursor}`);
    for (const { id, revision } of timeline.posts) {
      const seen = held.revisions.get(id) ?? 0;
      if (revision < seen) this.fails('revisions never go back', `${reader.id} shows ${id} at ${revision} after ${seen}`);
      if (revision > seen) held.revisions.set(id, revision);
    }
  }

  // ---- After every step

  looks(): void {
    for (const node of this.#setting.nodes) {
      if (!node.isUp) continue;
      for (const stream of node.streams) {
        const { tail } = stream;
        if (tail.head - tail.start > streamLimits.tailOffsets || tail.size > tail.head - tail.start)
          this.fails('tails stay within their bounds', `${node.id} holds ${tail.start}-${tail.head}`);
        for (const reader of stream.readers) {
          ServerSocket.asked = undefined;
          void reader.ready;
          const socket = ServerSocket.asked as ServerSocket | undefined;
          if (socket !== undefined && reader.offset > socket.handedTo)
            this.fails(
              'positions never exceed what was sent',
              `${node.id} thinks ${reader.offset}, and handed ${socket.handedTo}`,
            );
        }
      }
    }
  }

  // ---- After healing

  convergence(readers: readonly SimReader[]): void {
    const { head, top } = this.#setting.store;
    if (top?.deletes) return this.#knowOfDeletion(readers);
    if (head === undefined) return this.fails('convergence', 'there is no channel');
    for (const reader of readers) {
      if (!mayRead(reader.who, head.channel)) {
        if (reader.ended === undefined) this.fails('convergence', `${reader.id} was not told that it may not read any more`);
        continue;
      }
      const { timeline } = reader;
      if (timeline?.cursor !== head.cursor) {
        this.fails('convergence', `${reader.id} holds ${timeline?.cursor}, the store ${head.cursor}`);
        continue;
      }
      const posts = newestFirst(head).filter(({ post }) => post.seq >= timeline.floor);
      const shown = timeline.posts.filter((post) => !this.#isOwedByLost(reader, post));
      const left = new Set(timeline.posts.filter((post) => !shown.includes(post)).map(({ id }) => id));
      const known = posts.filter(({ reader: post }) => !left.has(post.id) && !this.#isOwedByLost(reader, post));
      if (!isDeepStrictEqual(timeline.counts, head.counts))
        this.fails('counts match their position', `${reader.id} shows ${JSON.stringify(timeline.counts)} at ${head.cursor}`);
      const isChannel = timeline.channel.revision === head.channel.revision || this.#isOwedByLost(reader, timeline.channel);
      const same =
        sameTexts(
          shown,
          known.map(({ reader: post }) => post),
        ) && isChannel;
      if (!same) {
        this.fails(
          'convergence',
          `${reader.id} shows ${listed(timeline.posts)}, the store ${listed(posts.map(({ reader: post }) => post))}`,
        );
      }
    }
    for (const entry of this.acknowledged.values())
      if (!holds(head, entry) && !this.lost.has(entry.cursor)) this.fails('no acknowledged write is lost', entry.cursor);
    const requests = new Map<string, number>();
    for (let entry: Entry | undefined = head; entry !== undefined; entry = entry.before) {
      const at = requests.get(entry.request);
      if (at !== undefined && at !== entry.offset + 1)
        this.fails('each write happens once', `${entry.request} at ${entry.offset} and ${at}`);
      requests.set(entry.request, entry.offset);
      const { before, datedAt, clock } = entry;
      const isBound = before !== undefined && before.datedAt <= clock + newsroomLimits.lastDateBindsMs;
      if (isBound && datedAt < before.datedAt)
        this.fails('dates never go back', `${entry.offset} is dated ${before.datedAt - datedAt} ms before the one before it`);
    }
  }

  #knowOfDeletion(readers: readonly SimReader[]): void {
    for (const { id, ended } of readers)
      if (ended !== 'gone' && ended !== 'channel-deleted')
        this.fails('convergence', `${id} was not told that the channel is gone`);
    for (const node of this.#setting.nodes)
      for (const { closed, tail } of node.streams)
        if (node.isUp && (!closed || tail.size > 0)) this.fails('convergence', `${node.id} follows a channel that is gone`);
  }

  #known(cursor: string): Entry | undefined {
    return this.#setting.store.entries.get(cursor);
  }
}

function postsIn(events: readonly Event[]): ReaderPost[] {
  return events.flatMap((event) => ('post' in event ? [event.post] : []));
}

function sameTexts(a: readonly ReaderPost[], b: readonly ReaderPost[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ id, revision, status, html, seq }, at) => {
      const other = b[at] as ReaderPost;
      return (
        id === other.id && revision === other.revision && status === other.status && html === other.html && seq === other.seq
      );
    })
  );
}

function listed(posts: readonly ReaderPost[]): string {
  return posts.map(({ id, revision, html }) => `${id.slice(-3)}@${revision}(${html.slice(5)})`).join(' ');
}
