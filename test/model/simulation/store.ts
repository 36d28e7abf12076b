import type { Bounds, Replay, StoredChange, StoredSnapshot } from '../../../src/journal/engine.ts';
import { nextCheck, shortCheck } from '../../../src/journal/hash-chain.ts';
import { formatCursor, type Position } from '../../../src/protocol/cursor.ts';
import { type Access, type AuthorPost, type Channel, isWithdrawn, readerView } from '../../../src/protocol/model.ts';
import { newChannel, timeOf } from './contents.ts';
import { distance, type Entry, holds, type Kept, lastOf, latestAt, newestFirst, positionOf, stands } from './histories.ts';
import type { Random, Scheduler } from './scheduler.ts';

/**
 * A model of the store that keeps one channel's journal: what is in its memory, what of that is on its disk, and what a replica has. It
 * answers only after a sync, as a server does that writes its file before it sends answers.
 */

/** What an author asks for, the same each time it is sent. */
interface WriteFacts {
  request: string;
  /** The revision it was decided on, of the post (0: there must be none) or of the channel. */
  decidedOn: number;
  /** Makes the digest differ from every other write's. */
  salt: string;
}

export interface PostWrite extends WriteFacts {
  type: 'post.published' | 'post.revised' | 'post.retracted' | 'post.taken-down';
  post: Omit<AuthorPost, 'seq'>;
  /** Its text goes with this entry, from all that is kept. */
  erases: boolean;
  /** Another entry, which stands or falls with the first: the channel's headline. */
  headline?: string;
}

export interface AccessWrite extends WriteFacts {
  type: 'channel.changed';
  access: Access;
}

export type Write = PostWrite | AccessWrite;

/** What a write is dated, and until when the date of the last entry binds; and the clock by which both were told. */
export interface Dating {
  at: number;
  bindsUntil: number;
  clock: number;
}

export type Appended =
  | { status: 'appended'; entries: Entry[] }
  | { status: 'duplicate'; entry: Entry }
  | { status: 'conflict' }
  | { status: 'earlier'; lastAt: number }
  | { status: 'deleted' };

export type Deleted = { status: 'deleted' | 'was-deleted'; entry: Entry } | { status: 'missing' };

export interface StoreChances {
  /** Longest time to the next sync, and until a replica has an entry; milliseconds. */
  syncMs: number;
  replicaMs: number;
}

export class Store {
  /** The newest entry on the disk, and the newest that the replica has: deletions too. */
  synced: Entry | undefined;
  replica: Entry | undefined;
  isUp = true;
  isStalled = false;
  /** Keys of the channel were deleted by hand: it is refused until it is repaired, and can be deleted. */
  isDamaged = false;
  /** When each node last said that it is there. */
  readonly beats = new Map<string, number>();
  /** Posts of which text was erased, null for all of the channel, in order: read by nodes that may have missed it. */
  erasures: { id: number; postId: string | null }[] = [];
  /** Every entry that ever was, by its cursor. */
  readonly entries = new Map<string, Entry>();
  /** Told of every entry that is lost by a fault, oldest last. */
  onLost: (entry: Entry, fault: string) => void = () => {};

  #top: Entry | undefined;
  #absentAt = Number.NEGATIVE_INFINITY;
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #chances: StoreChances;
  #stalled: (() => void)[] = [];
  #unsent: (() => void)[] = [];
  #syncing = false;
  #erasures = 0;
  /** What the primary has on its disk that the last failover left behind. */
  #former: Entry | undefined;

  constructor(random: Random, scheduler: Scheduler, chances: StoreChances) {
    this.#random = random;
    this.#scheduler = scheduler;
    this.#chances = chances;
  }

  /** The newest entry in memory, be it a deletion. */
  get top(): Entry | undefined {
    return this.#top;
  }

  set top(entry: Entry | undefined) {
    this.#absentAt = this.absentAt;
    this.#top = entry;
  }

  /** The newest entry of the channel; undefined where there is none, or was one. */
  get head(): Entry | undefined {
    return this.#top?.deletes ? undefined : this.#top;
  }

  /** When there was no channel last. */
  get absentAt(): number {
    return this.head === undefined ? this.#scheduler.now : this.#absentAt;
  }

  // ---- Asking

  /** Runs an operation, now or once the store no longer stalls. What it answers goes out after the next sync. */
  execute<T>(operation: () => T, answer: (said: T) => void): void {
    if (this.isStalled) {
      this.#stalled.push(() => this.execute(operation, answer));
      return;
    }
    const said = operation();
    if (this.top === this.synced) return answer(said);
    this.#unsent.push(() => answer(said));
    if (this.#syncing) return;
    this.#syncing = true;
    this.#scheduler.later(this.#random.between(0, this.#chances.syncMs), () => this.#sync());
  }

  #sync(): void {
    this.#syncing = false;
    if (!this.isUp) return;
    for (let entry = this.top; entry !== undefined && !entry.synced; entry = entry.before) entry.synced = true;
    this.synced = this.top;
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const send of unsent) send();
  }

  /** Undated: by the time of the simulation. */
  append(write: Write, dating: Dating = this.#now()): Appended {
    if (this.top?.deletes) return { status: 'deleted' };
    for (let entry = this.head; entry !== undefined; entry = entry.before)
      if (entry.request === write.request) return { status: 'duplicate', entry: lastOf(this.head as Entry, write.request) };
    const { head } = this;
    if (head === undefined || !isDecidedOn(head, write)) return { status: 'conflict' };
    if (head.datedAt > dating.at && head.datedAt <= dating.bindsUntil) return { status: 'earlier', lastAt: head.datedAt };
    const entries =
      write.type === 'channel.changed'
        ? [this.#change(head, write, { access: write.access }, dating)]
        : this.#put(head, write, dating);
    this.#replicateLater(this.top);
    return { status: 'appended', entries };
  }

  #now(): Dating {
    const { now } = this.#scheduler;
    return { at: now, bindsUntil: now, clock: now };
  }

  #put(head: Entry, write: PostWrite, dating: Dating): Entry[] {
    const first = this.#add(head, write, { type: write.type, post: write.post }, dating);
    return write.headline === undefined ? [first] : [first, this.#change(first, write, { headline: write.headline }, dating)];
  }

  #change(before: Entry, write: WriteFacts, changed: Partial<Channel>, dating: Dating): Entry {
    const channel = { ...before.channel, ...changed, revision: before.channel.revision + 1 };
    return this.#add(before, write, { type: 'channel.changed', channel }, dating);
  }

  noteErasure(postId: string | null): void {
    this.erasures.push({ id: ++this.#erasures, postId });
  }

  /** Its id stays used. */
  deleteChannel(request: string): Deleted {
    const { head, top } = this;
    if (top?.deletes) return { status: 'was-deleted', entry: top };
    if (head === undefined) return { status: 'missing' };
    const dating = { ...this.#now(), at: head.datedAt };
    const entry = this.#add(head, { request, salt: request }, { type: 'channel.changed', channel: head.channel }, dating, true);
    this.isDamaged = false;
    this.#replicateLater(entry);
    return { status: 'deleted', entry };
  }

  /** Makes the channel where there is none. */
  create(request: string): Appended {
    if (this.top !== undefined) return { status: 'conflict' };
    const entry = this.begin(0, newChannel(1), new Map(), request);
    return { status: 'appended', entries: [entry] };
  }

  /** Begins a history. */
  begin(offset: number, channel: Channel, posts: ReadonlyMap<string, Kept>, request: string): Entry {
    const root = this.#random.hex(32);
    const write = { request, salt: request };
    const origin = { epoch: root.slice(0, 12), offset, whole: root, before: undefined, posts };
    const entry = this.#add(origin, write, { type: 'channel.changed', channel }, this.#now());
    this.#replicateLater(entry);
    return entry;
  }

  #add(
    before: Pick<Entry, 'epoch' | 'offset' | 'whole' | 'posts'> & Partial<Entry>,
    { request, salt }: Pick<WriteFacts, 'request' | 'salt'>,
    made: Pick<PostWrite, 'type' | 'post'> | { type: 'channel.changed'; channel: Channel },
    { at, clock }: Dating,
    deletes = false,
  ): Entry {
    const { epoch } = before;
    const offset = before.offset + 1;
    const whole = nextCheck(before.whole, offset, `${salt} ${made.type}`);
    const check = shortCheck(whole);
    const facts = { offset, check, at: timeOf(at) };
    const isPost = made.type !== 'channel.changed';
    const post = isPost ? { ...made.post, seq: before.posts.get(made.post.id)?.post.seq ?? offset } : undefined;
    const kept = post && { post, reader: readerView(post), at: offset };
    const entry: Entry = {
      epoch,
      offset,
      whole,
      check,
      cursor: formatCursor({ epoch, offset, check }),
      before: before.cursor === undefined ? undefined : (before as Entry),
      checkBefore: shortCheck(before.whole),
      change:
        made.type === 'channel.changed' ? { ...facts, ...made } : { ...facts, type: made.type, post: (kept as Kept).reader },
      datedAt: at,
      clock,
      request,
      channel: made.type === 'channel.changed' ? made.channel : (before.channel as Channel),
      channelAt: isPost ? (before.channelAt as number) : offset,
      posts: kept ? new Map(before.posts).set(kept.post.id, kept) : before.posts,
      deletes,
      synced: false,
    };
    // The same request carried out again in the same place, after a crash that took it away, makes the same entry.
    const standing = this.entries.get(entry.cursor) ?? entry;
    this.entries.set(entry.cursor, standing);
    this.top = standing;
    return standing;
  }

  #replicateLater(entry: Entry | undefined): void {
    this.#scheduler.later(this.#random.between(0, this.#chances.replicaMs), () => {
      // What comes over one connection comes in order, and only what the primary still has.
      if (this.isUp && entry && holds(this.top, entry) && !holds(this.replica, entry)) this.replica = entry;
    });
  }

  // ---- Reading

  position(): Position | undefined {
    return this.head && positionOf(this.head);
  }

  /** Everything after a place, as the port says it. */
  catchUp(after: Position, { limit }: Bounds): Replay | { status: 'foreign' } | undefined {
    const { head } = this;
    if (head === undefined) return undefined;
    if (!stands(head, after)) return { status: 'foreign' };
    const changes: StoredChange[] = [];
    for (let entry: Entry | undefined = head; entry !== undefined && entry.offset > after.offset; entry = entry.before)
      if (latestAt(head, entry) === entry.offset) changes.push(entry.change);
    changes.reverse();
    if (changes.length <= limit) return { status: 'replay', to: positionOf(head), changes, more: false };
    const some = changes.slice(0, limit);
    const { offset, check } = some.at(-1) as StoredChange;
    return { status: 'replay', to: { epoch: head.epoch, offset, check }, changes: some, more: true };
  }

  snapshot({ limit }: Bounds): StoredSnapshot | undefined {
    const { head } = this;
    if (head === undefined) return undefined;
    const all = newestFirst(head);
    return {
      position: positionOf(head),
      channel: head.channel,
      posts: all.slice(0, limit).map(({ reader }) => reader),
      pinned: null,
      summary: null,
      keyEvents: [],
      more: all.length > limit,
    };
  }

  posts(before: number | undefined, limit: number): { posts: AuthorPost[]; position: Position; more: boolean } | undefined {
    const { head } = this;
    if (head === undefined) return undefined;
    const all = newestFirst(head).filter(({ post }) => before === undefined || post.seq < before);
    return { posts: all.slice(0, limit).map(({ post }) => post), position: positionOf(head), more: all.length > limit };
  }

  // ---- Faults

  /** Ends at once; what was not synced is gone. */
  crash(): void {
    this.isUp = false;
    this.isStalled = false;
    this.#stalled = [];
    this.#unsent = [];
    this.#become(this.synced, 'crash');
  }

  restart(): void {
    this.isUp = true;
    if (!holds(this.top, this.replica)) this.replica = this.top;
    if (this.top !== this.replica) this.#replicateLater(this.top);
  }

  stall(): void {
    this.isStalled = true;
  }

  resume(): void {
    this.isStalled = false;
    const stalled = this.#stalled;
    this.#stalled = [];
    for (const run of stalled) run();
  }

  /** The replica takes over with what it has. Returns how many entries that were in memory it lacked. */
  failOver(): number {
    const lost = distance(this.top, this.replica);
    this.#former = this.synced;
    this.isDamaged = false;
    this.crash();
    this.isUp = true;
    for (let entry = this.replica; entry !== undefined && !entry.synced; entry = entry.before) entry.synced = true;
    this.#become(this.replica, 'failover');
    this.synced = this.top;
    return lost;
  }

  /** The primary that the last failover left behind is in its place again, with what it had: what was lost comes back. */
  failBack(): number {
    const lost = this.#former === undefined ? 0 : distance(this.top, this.#former);
    if (this.#former !== undefined) this.#startFrom(this.#former, 'former primary');
    this.#former = undefined;
    return lost;
  }

  /** An older dump is put back, which ends all connections, and knows none of the nodes. */
  putBack(entries: number): void {
    let older = this.synced;
    for (let each = 0; each < entries && older?.before !== undefined; each += 1) older = older.before;
    this.#startFrom(older, 'older dump');
    for (const id of this.beats.keys()) this.beats.set(id, Number.NEGATIVE_INFINITY);
    this.erasures = [];
  }

  #startFrom(entry: Entry | undefined, fault: string): void {
    this.isDamaged = false;
    this.crash();
    this.isUp = true;
    this.#become(entry, fault);
    this.synced = this.top;
    this.replica = this.top;
  }

  /** All is gone, and nobody says so. */
  wipe(): void {
    this.isDamaged = false;
    this.#sync();
    this.#become(undefined, 'wipe');
    this.synced = undefined;
    this.replica = undefined;
    this.beats.clear();
    this.erasures = [];
    this.#unsentGo();
  }

  /** Undoes the damage. Where the journal was lost, another history begins with the posts, above every offset that was given out. */
  repair(isJournalLost: boolean): void {
    if (!this.isDamaged) return;
    this.isDamaged = false;
    if (isJournalLost) this.#beginAnew();
  }

  #beginAnew(): void {
    const { head } = this;
    if (head === undefined) return;
    this.#sync();
    const channel = { ...head.channel, revision: head.channel.revision + 1 };
    for (let entry: Entry | undefined = head; entry !== undefined; entry = entry.before) this.onLost(entry, 'journal lost');
    this.begin(head.offset, channel, head.posts, `anew ${head.cursor}`);
  }

  #unsentGo(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const send of unsent) send();
  }

  #become(next: Entry | undefined, fault: string): void {
    for (let entry = this.top; entry !== undefined && !holds(next, entry); entry = entry.before) this.onLost(entry, fault);
    this.top = next;
  }
}

/** A post that was withdrawn is written no more. */
function isDecidedOn(head: Entry, write: Write): boolean {
  if (write.type === 'channel.changed') return head.channel.revision === write.decidedOn;
  const kept = head.posts.get(write.post.id);
  return (kept?.post.revision ?? 0) === write.decidedOn && !(kept && isWithdrawn(kept.post));
}
