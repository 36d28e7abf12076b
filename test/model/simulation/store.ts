import type { Bounds, Replay, StoredChange, StoredSnapshot } from '../../../src/journal/engine.ts';
import { nextCheck, shortCheck } from '../../../src/journal/hash-chain.ts';
import { countsAfter, tagsOf } from '../../../src/journal/post-tags.ts';
import { formatCursor, type Position } from '../../../src/protocol/cursor.ts';
import { type Access, type AuthorPost, type Channel, type Counts, isWithdrawn, readerView } from '../../../src/protocol/model.ts';
import { newChannel, timeOf } from './contents.ts';
import { distance, type Entry, holds, type Kept, lastOf, latestAt, newestFirst, positionOf, stands } from './histories.ts';
import type { Random, Scheduler } from './scheduler.ts';

/**
 * A model of the store with one channel's journal: what is in memory, on disk, and on a replica. Like a server that syncs its
 * file before it sends answers, it answers only after a sync.
 */

/** A write of an author, the same each time it is sent. */
interface WriteFacts {
  request: string;
  /** The revision of the post (0: must not exist) or channel that the write was based on. */
  decidedOn: number;
  /** Makes the digest unique. */
  salt: string;
}

export interface PostWrite extends WriteFacts {
  type: 'post.published' | 'post.revised' | 'post.retracted' | 'post.taken-down';
  post: Omit<AuthorPost, 'seq'>;
  /** Whether this entry erases the text of the post. */
  erases: boolean;
  /** A second entry, appended together with the first, that changes the channel's headline. */
  headline?: string;
}

export interface AccessWrite extends WriteFacts {
  type: 'channel.changed';
  access: Access;
}

export type Write = PostWrite | AccessWrite;

/** The date of a write, the latest date of the last entry that it must not precede, and the clock that both came from. */
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
  /** The longest delay of a sync, and of replication, in milliseconds. */
  syncMs: number;
  replicaMs: number;
}

export class Store {
  /** The newest entry on disk, and the newest on the replica. Either may be a deletion. */
  synced: Entry | undefined;
  replica: Entry | undefined;
  isUp = true;
  isStalled = false;
  /** Keys of the channel were deleted by hand. It is refused until it is repaired, but can be deleted. */
  isDamaged = false;
  /** The last heartbeat of each node. */
  readonly beats = new Map<string, number>();
  /** Erased posts in order, null for the whole channel. Nodes that may have missed an erasure read this list. */
  erasures: { id: number; postId: string | null }[] = [];
  /** Every entry that ever existed, by cursor. */
  readonly entries = new Map<string, Entry>();
  /** Called for every entry that a fault loses, oldest last. */
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
  /** The newest entry on the disk of the primary that the last failover replaced. */
  #former: Entry | undefined;

  constructor(random: Random, scheduler: Scheduler, chances: StoreChances) {
    this.#random = random;
    this.#scheduler = scheduler;
    this.#chances = chances;
  }

  /** The newest entry in memory, possibly a deletion. */
  get top(): Entry | undefined {
    return this.#top;
  }

  set top(entry: Entry | undefined) {
    this.#absentAt = this.absentAt;
    this.#top = entry;
  }

  /** The newest entry of the channel; undefined if it does not exist or was deleted. */
  get head(): Entry | undefined {
    return this.#top?.deletes ? undefined : this.#top;
  }

  /** The last time when there was no channel. */
  get absentAt(): number {
    return this.head === undefined ? this.#scheduler.now : this.#absentAt;
  }

  // ---- Asking

  /** Runs an operation, at once or when the store no longer stalls. Its answer is sent after the next sync. */
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

  /** Without `dating`, the time of the simulation is the date. */
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

  /** Deletes the channel. Its id stays taken. */
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

  /** Creates the channel if it does not exist. */
  create(request: string): Appended {
    if (this.top !== undefined) return { status: 'conflict' };
    const entry = this.begin(0, newChannel(1), new Map(), request);
    return { status: 'appended', entries: [entry] };
  }

  /** Begins a new history. */
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
    const isPost = made.type !== 'channel.changed';
    const isListed = isPost && made.type !== 'post.published';
    const counts = countsAfter(
      before.counts ?? countPosts(before.posts),
      isListed,
      tagged(isPost && before.posts.get(made.post.id)?.post),
      tagged(isPost && made.post),
    );
    const facts = { offset, check, at: timeOf(at), counts };
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
      counts,
      deletes,
      synced: false,
    };
    // A request that is repeated at the same offset after a crash lost it makes the same entry.
    const standing = this.entries.get(entry.cursor) ?? entry;
    this.entries.set(entry.cursor, standing);
    this.top = standing;
    return standing;
  }

  #replicateLater(entry: Entry | undefined): void {
    this.#scheduler.later(this.#random.between(0, this.#chances.replicaMs), () => {
      // Replication is in order, and only of what the primary still has.
      if (this.isUp && entry && holds(this.top, entry) && !holds(this.replica, entry)) this.replica = entry;
    });
  }

  // ---- Reading

  position(): Position | undefined {
    return this.head && positionOf(this.head);
  }

  /** The catch-up of the port. */
  catchUp(after: Position, { limit }: Bounds): Replay | { status: 'foreign' } | undefined {
    const { head } = this;
    if (head === undefined) return undefined;
    if (!stands(head, after)) return { status: 'foreign' };
    const changes: StoredChange[] = [];
    for (let entry: Entry | undefined = head; entry !== undefined && entry.offset > after.offset; entry = entry.before)
      if (latestAt(head, entry) === entry.offset) changes.push(entry.change);
    changes.reverse();
    const last = changes.pop();
    const known = changes.map(({ counts: _unknown, ...change }): StoredChange => change);
    const all = last === undefined ? known : [...known, last];
    if (all.length <= limit) return { status: 'replay', to: positionOf(head), changes: all, counts: head.counts, more: false };
    const some = all.slice(0, limit);
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
      counts: head.counts,
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

  /** Crashes the store. Unsynced entries are lost. */
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

  /** The replica takes over. Returns how many entries it lacked. */
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

  /** The primary that the last failover replaced returns with its old state, so lost entries come back. */
  failBack(): number {
    const lost = this.#former === undefined ? 0 : distance(this.top, this.#former);
    if (this.#former !== undefined) this.#startFrom(this.#former, 'former primary');
    this.#former = undefined;
    return lost;
  }

  /** Restores an older dump. All connections end, and the dump knows none of the nodes. */
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

  /** Silently loses everything. */
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

  /** Repairs the channel. If its journal was lost, a new history begins with the posts, above every offset that was given out. */
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

function tagged(post: Omit<AuthorPost, 'seq'> | false | undefined): (tag: string) => boolean {
  const tags = post ? tagsOf(post) : [];
  return (tag) => tags.includes(tag);
}

/** The counts of a history that begins with these posts. Its list of corrections is empty. */
function countPosts(posts: ReadonlyMap<string, Kept>): Counts {
  const published = [...posts.values()].filter(({ post }) => !isWithdrawn(post));
  return { posts: published.length, keyEvents: published.filter(({ post }) => post.keyEvent).length, corrections: 0 };
}

/** A withdrawn post accepts no writes. */
function isDecidedOn(head: Entry, write: Write): boolean {
  if (write.type === 'channel.changed') return head.channel.revision === write.decidedOn;
  const kept = head.posts.get(write.post.id);
  return (kept?.post.revision ?? 0) === write.decidedOn && !(kept && isWithdrawn(kept.post));
}
