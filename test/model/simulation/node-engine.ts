import {
  type Announcement,
  type Bounds,
  type ChannelRead,
  type Engine,
  JournalUnavailable,
  type PostsQuery,
} from '../../../src/journal/engine.ts';
import { AnnouncementTracker, type TrackerMark } from '../../../src/journal/redis/announcement-tracker.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import { formatCursor, type Position } from '../../../src/protocol/cursor.ts';
import { channelId } from './contents.ts';
import { type Entry, holds, positionOf } from './histories.ts';
import { Link } from './link.ts';
import type { Setting } from './setting.ts';
import type { Appended, Deleted, Store, Write } from './store.ts';

/**
 * The engine of a simulated node, modelled on the Redis engine: commands over one connection, announcements over another, a
 * comparison of heads every two seconds, erasure messages, and a lease. It implements the part of the port that channel streams
 * use.
 */
export type Message =
  | { type: 'heard'; from: string; heard: Announcement }
  | { type: 'erased'; from: string; postId: string | null; ask: number }
  | { type: 'acknowledged'; from: string; to: string; ask: number };

/** The intervals and timeouts of the Redis engine. */
const headsMs = 2_000;
const damaged = 'damaged';
const checksMs = 1_000;
const compareMs = 1_000;
const suspicionMs = 250;
const leaseMs = 5_000;
const countsMs = 15_000;
/** A command without an answer times out after this. */
const answerMs = 2_000;
const patienceMs = 3_000;
const pollMs = 100;
/** How many read positions are remembered. */
const knownMost = 20;

interface Call {
  fail(outcome: 'unchanged' | 'unknown'): void;
}

/** Counts reads of the journal, to check that they end. */
export interface Asked {
  reads: number;
}

type Used = Pick<Engine, 'subscribe' | 'onErased' | 'onReachability' | 'channel' | 'catchUp' | 'snapshot' | 'posts' | 'close'>;

export class NodeEngine implements Used {
  readonly id: string;
  readonly asked: Asked = { reads: 0 };
  isClosed = false;
  /** Whether the command connection and the listening connection are up. */
  talks = true;
  hears = true;
  isReachable = true;
  /** The entries this node has read the journal up to, newest last. */
  readonly known: Entry[] = [];
  readonly subscriber: Link<Message>;
  readonly #setting: Setting;
  readonly #calls = new Set<Call>();
  readonly #listeners = new Set<(heard: Announcement) => void>();
  readonly #erased = new Set<(channelId: string, postId: string | null) => void>();
  readonly #reach = new Set<(reach: { reachable: boolean; since: string }) => void>();
  /** Set while there are listeners. */
  #announced: AnnouncementTracker | undefined;
  readonly #asks = new Map<number, Set<string>>();
  #erasuresTo = 0;
  /** While the process is blocked: timers that became due, and messages that came in. */
  #held: { due: (() => void)[]; came: (() => void)[] } | undefined;
  #nextAsk = 1;
  #cuts = 0;
  #comparing = false;
  #round = 0;
  #heardAt: number;
  #comparedAt: number;

  constructor(id: string, setting: Setting) {
    this.id = id;
    this.#setting = setting;
    this.#erasuresTo = setting.store.erasures.at(-1)?.id ?? 0;
    this.#heardAt = setting.scheduler.now;
    this.#comparedAt = setting.scheduler.now;
    this.#beat(false);
    this.subscriber = new Link(setting.random, setting.scheduler, setting.busChances, (message) =>
      this.comes(() => this.#hear(message)),
    );
    this.later(setting.random.between(0, checksMs), () => this.#check());
  }

  // ---- Asking

  #ask<T>(operation: () => T): Promise<T> {
    const { store, scheduler, random, chances } = this.#setting;
    return new Promise<T>((resolve, reject) => {
      const cuts = this.#cuts;
      const call: Call = {
        fail: (outcome) => {
          if (this.#calls.delete(call)) reject(new JournalUnavailable('The store did not answer.', outcome));
        },
      };
      this.#calls.add(call);
      if (!this.talks || !store.isUp) {
        this.later(random.between(0, 5), () => call.fail('unchanged'));
        return;
      }
      const endPatience = this.later(answerMs, () => call.fail('unknown'));
      const answer = (said: T) => {
        if (random.chance(chances.lostAnswer)) return this.cutTalk();
        const take = () => {
          if (cuts !== this.#cuts || !this.#calls.delete(call)) return;
          endPatience();
          resolve(said);
        };
        scheduler.later(this.#setting.delay(), () => this.comes(take));
      };
      scheduler.later(this.#setting.delay(), () => {
        // A command sent before the connection ended may still arrive.
        if (!store.isUp || (cuts !== this.#cuts && random.chance(0.4))) return;
        if (random.chance(chances.resend)) store.execute(operation, () => undefined);
        store.execute(operation, answer);
      });
    });
  }

  /** Ends the command connection. The outcome of commands under way is unknown. */
  cutTalk(): void {
    this.#cuts += 1;
    for (const call of [...this.#calls]) call.fail('unknown');
  }

  /** A command on the channel, refused while the channel is damaged. */
  async #askChannel<T>(operation: () => T): Promise<T> {
    const said = await this.#ask(() => (this.#setting.store.isDamaged ? damaged : operation()));
    if (said === damaged) throw new JournalUnavailable('The channel is damaged.', 'unchanged', { isDamaged: true });
    return said;
  }

  async #read<T>(operation: () => T): Promise<T> {
    this.asked.reads += 1;
    return await this.#askChannel(operation);
  }

  // ---- The process

  /** Blocks the process, as when it gets no CPU time or was stopped. */
  standStill(): void {
    this.#held ??= { due: [], came: [] };
  }

  /** Unblocks the process: due timers run first, then messages in their order. */
  goOn(): void {
    const { due = [], came = [] } = this.#held ?? {};
    this.#held = undefined;
    for (const run of [...due, ...came]) this.#setting.scheduler.later(0, () => this.comes(run));
  }

  /** Runs an incoming message, once the process is not blocked. */
  comes(run: () => void): void {
    if (this.isClosed) return;
    if (this.#held === undefined) run();
    else this.#held.came.push(run);
  }

  /** Resolves once the process begins with a request. */
  heeded(): Promise<void> {
    return new Promise((resolve) => this.comes(resolve));
  }

  /** Returns a function that cancels the timer. */
  later(ms: number, run: () => void): () => void {
    let isOff = false;
    const runs = () => {
      if (!isOff && !this.isClosed) run();
    };
    const callOff = this.#setting.scheduler.later(ms, () => (this.#held === undefined ? runs() : this.#held.due.push(runs)));
    return () => {
      isOff = true;
      callOff();
    };
  }

  // ---- The port

  async subscribe(_channelId: string, listener: (heard: Announcement) => void): Promise<() => void> {
    const own = (heard: Announcement) => listener(heard);
    if (!this.hears) throw new JournalUnavailable('The bus is out of reach.', 'unchanged');
    this.#listeners.add(own);
    this.#announced ??= new AnnouncementTracker();
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) this.#announced = undefined;
    };
  }

  onErased(listener: (channelId: string, postId: string | null) => void): () => void {
    this.#erased.add(listener);
    return () => void this.#erased.delete(listener);
  }

  onReachability(listener: (reach: { reachable: boolean; since: string }) => void): () => void {
    this.#reach.add(listener);
    return () => void this.#reach.delete(listener);
  }

  async channel(_channelId: string): Promise<ChannelRead> {
    const { store } = this.#setting;
    const read = await this.#read(() => {
      const { head, top } = store;
      if (top?.deletes) return { status: 'deleted', access: top.channel.access } as const;
      if (head === undefined) return { status: 'missing' } as const;
      return {
        status: 'found',
        channel: { ...head.channel, latestPostAt: null },
        position: positionOf(head),
        counts: head.counts,
      } as const;
    });
    if (read.status === 'found') this.#knows(read.position);
    return read;
  }

  async catchUp(_channelId: string, after: Position, bounds: Bounds) {
    this.#setting.trace?.(`${this.id} reads after ${after.offset} ${after.check.slice(-6)}`);
    const read = await this.#read(() => this.#setting.store.catchUp(after, bounds));
    if (read !== undefined && read.status !== 'foreign') this.#knows(read.to, !read.more);
    return read;
  }

  async snapshot(_channelId: string, bounds: Bounds) {
    const read = await this.#read(() => this.#setting.store.snapshot(bounds));
    if (read !== undefined) this.#knows(read.position);
    return read;
  }

  async posts(_channelId: string, { before, limit }: PostsQuery) {
    const read = await this.#askChannel(() => this.#setting.store.posts(before, limit));
    if (read !== undefined) this.#knows(read.position);
    return read;
  }

  #knows(position: Position, isHead = true): void {
    this.#announced?.read(position.offset, isHead);
    const entry = this.#setting.store.entries.get(formatCursor(position));
    if (entry !== undefined && this.known.push(entry) > knownMost) this.known.shift();
  }

  /** Resolves once the entry is on disk and on the required replicas. Then announces it. */
  async append(write: Write): Promise<Appended> {
    const { chances } = this.#setting;
    await this.heeded();
    const appended = await this.#dateAndAppend(write);
    if (appended.status !== 'appended' && appended.status !== 'duplicate') return appended;
    const last = appended.status === 'appended' ? appended.entries.at(-1) : appended.entry;
    if (chances.minReplicas > 0) await this.#replicated(last as Entry);
    if (appended.status !== 'appended') return appended;
    if (write.type !== 'channel.changed' && write.erases) this.#tellErased(write.post.id);
    for (const entry of appended.entries) this.#announce(entry);
    return appended;
  }

  /** Dates the write again if the last entry is dated later, as the newsroom does. */
  async #dateAndAppend(write: Write): Promise<Appended> {
    const { store, scheduler, clockOf } = this.#setting;
    if (clockOf === undefined) return await this.#askChannel(() => store.append(write));
    let at = Number.NEGATIVE_INFINITY;
    for (let tries = 0; tries < newsroomLimits.decisionTries; tries += 1) {
      const clock = clockOf(this.id, scheduler.now);
      at = Math.max(at, clock);
      const dating = { at, clock, bindsUntil: clock + newsroomLimits.lastDateBindsMs };
      const appended = await this.#askChannel(() => store.append(write, dating));
      if (appended.status !== 'earlier') return appended;
      at = appended.lastAt;
    }
    throw new JournalUnavailable('Other writes kept changing what this write depends on.', 'unchanged');
  }

  /** Resolves like `append`, then announces the deletion. */
  async deleteChannel(request: string): Promise<Deleted> {
    const { store, chances } = this.#setting;
    await this.heeded();
    const deleted = await this.#ask(() => store.deleteChannel(request));
    if (deleted.status === 'missing') return deleted;
    if (chances.minReplicas > 0) await this.#replicated(deleted.entry);
    if (deleted.status === 'deleted') {
      this.#tellErased(null);
      this.#tell({ type: 'gone' });
    }
    return deleted;
  }

  async create(request: string): Promise<Appended> {
    return await this.#ask(() => this.#setting.store.create(request));
  }

  #replicated(entry: Entry): Promise<void> {
    const { store, scheduler } = this.#setting;
    const until = scheduler.now + 1_000;
    return new Promise((resolve, reject) => {
      const cuts = this.#cuts;
      const look = () => {
        if (cuts === this.#cuts && holds(store.replica, entry)) return resolve();
        if (cuts !== this.#cuts || scheduler.now > until) return reject(new JournalUnavailable('Too few replicas.', 'unknown'));
        this.later(50, look);
      };
      look();
    });
  }

  #announce(entry: Entry): void {
    const { epoch, checkBefore, change } = entry;
    this.#tell({ type: 'entry', epoch, before: checkBefore, change });
  }

  #tell(heard: Announcement): void {
    this.#take(heard);
    this.#send({ type: 'heard', from: this.id, heard });
  }

  #tellErased(postId: string | null): void {
    const { store } = this.#setting;
    this.#announceErased(postId);
    this.#ask(() => store.noteErasure(postId)).catch(() => undefined);
    this.#send({ type: 'erased', from: this.id, postId, ask: 0 });
  }

  /** Whether every live node acknowledged the erasure in time. */
  async erase(postId: string | null): Promise<boolean> {
    const { store, scheduler } = this.#setting;
    await this.heeded();
    const ask = this.#nextAsk++;
    const acknowledged = new Set([this.id]);
    this.#asks.set(ask, acknowledged);
    this.#announceErased(postId);
    this.#send({ type: 'erased', from: this.id, postId, ask });
    const until = scheduler.now + patienceMs;
    while (!this.isClosed && scheduler.now < until) {
      const counted = await this.#ask(() => counting(store.beats, scheduler.now));
      if (counted.every((id) => acknowledged.has(id)) && counted.includes(this.id)) return true;
      await new Promise<void>((resolve) => this.later(pollMs, resolve));
    }
    return false;
  }

  #announceErased(postId: string | null): void {
    for (const listener of [...this.#erased]) listener(channelId, postId);
  }

  async close(): Promise<void> {
    this.crash();
    this.#setting.store.beats.delete(this.id);
  }

  /** Ends the process without a message. */
  crash(): void {
    this.isClosed = true;
    this.subscriber.cut();
    this.#cuts += 1;
    this.#calls.clear();
    this.#listeners.clear();
    this.#erased.clear();
  }

  // ---- The bus

  #send(message: Message): void {
    const { nodes } = this.#setting;
    const asBarrier = message.type === 'erased';
    this.#ask(() => {
      for (const { engine } of nodes) {
        if (engine === this || engine.isClosed || !engine.hears) continue;
        if (message.type !== 'acknowledged' || message.to === engine.id) engine.subscriber.send(message, asBarrier);
      }
    }).catch(() => undefined);
  }

  #hear(message: Message): void {
    if (this.isClosed || !this.hears) return;
    switch (message.type) {
      case 'heard':
        return this.#take(message.heard);
      case 'acknowledged':
        this.#asks.get(message.ask)?.add(message.from);
        return;
      case 'erased':
        this.#announceErased(message.postId);
        if (message.ask > 0) this.#send({ type: 'acknowledged', from: this.id, to: message.from, ask: message.ask });
    }
  }

  #take(heard: Announcement): void {
    if (heard.type === 'entry') this.#announced?.note(heard.change.offset, heard.change.check);
    if (heard.type === 'gone') this.#announced?.forget();
    if (heard.type !== 'entry') this.#setting.trace?.(`${this.id} hears ${heard.type}`);
    else this.#setting.trace?.(`${this.id} hears ${heard.change.offset} ${heard.change.check.slice(-6)}`);
    for (const listener of [...this.#listeners]) listener(heard);
  }

  /** Ends the listening connection, or replaces one that was found silent. */
  dropSubscriber(): void {
    if (!this.hears) return;
    this.hears = false;
    this.subscriber.cut();
    this.later(this.#setting.random.between(50, 500), () => this.#listen());
  }

  async #listen(): Promise<void> {
    const { store, random } = this.#setting;
    const again = () => void this.later(random.between(100, 400), () => this.#listen());
    if (this.hears) return;
    if (!this.talks || !store.isUp || store.isStalled) return again();
    this.hears = true;
    const cuts = this.#cuts;
    try {
      const noted = await this.#ask(() => [...store.erasures]);
      for (const { id, postId } of noted) if (id > this.#erasuresTo) this.#announceErased(postId);
      this.#erasuresTo = noted.at(-1)?.id ?? 0;
    } catch {
      if (cuts !== this.#cuts || !this.talks) this.hears = false;
      if (!this.hears) return again();
      this.hears = false;
      return again();
    }
    this.#take({ type: 'maybe-missed' });
    void this.#compare();
  }

  // ---- Noticing by itself

  #check(): void {
    const { scheduler } = this.#setting;
    if (this.hears && !this.subscriber.isDeaf && this.#setting.store.isUp && !this.#setting.store.isStalled && this.talks)
      this.#heardAt = scheduler.now;
    // The probe did not return in time.
    else if (this.subscriber.isDeaf && scheduler.now - this.#heardAt > 2 * checksMs && this.talks) this.dropSubscriber();
    this.#round += 1;
    if (this.#round % (headsMs / checksMs) === 0) void this.#compare();
    this.#renewLease();
    this.later(checksMs, () => this.#check());
  }

  async #compare(): Promise<void> {
    if (this.#comparing || this.isClosed) return;
    this.#comparing = true;
    const { store, scheduler } = this.#setting;
    const asked = scheduler.now;
    const before = this.#announced?.mark ?? { highest: 0, observations: 0 };
    try {
      const [head] = await Promise.all([this.#ask(() => headOf(store)), this.#ask(() => this.#beat(true))]);
      if (scheduler.now - asked > compareMs) return;
      this.#comparedAt = scheduler.now;
      if (head === damaged) this.#take({ type: 'maybe-missed' });
      else if (head === null && this.#announced?.hasNoAnnouncements === false && this.#announced.isGone(before))
        this.#take({ type: 'gone' });
      else if (!this.#fits(head, before)) this.later(suspicionMs, () => this.#suspect());
    } catch {
      // After a failure the lease is not renewed, which shows it.
    } finally {
      this.#comparing = false;
      this.#renewLease();
    }
  }

  /** The heartbeat, as the Lua script does it. */
  #beat(again: boolean): void {
    const { store, scheduler } = this.#setting;
    const counted = counting(store.beats, scheduler.now);
    const areLost = again ? !counted.includes(this.id) : counted.length === 0 && store.beats.size > 0;
    if (areLost) store.beats.set('others', scheduler.now - countsMs + leaseMs + checksMs);
    store.beats.set(this.id, scheduler.now);
  }

  #fits(head: Position | null, before: TrackerMark): boolean {
    if (this.#announced === undefined) return true;
    return head !== null && this.#announced.fits(head, before);
  }

  /** An unexpected head may belong to an announcement that is still under way, so look again later. */
  async #suspect(): Promise<void> {
    const { store } = this.#setting;
    const before = this.#announced?.mark ?? { highest: 0, observations: 0 };
    const head = await this.#ask(() => headOf(store)).catch(() => undefined);
    if (head === undefined || head === damaged || this.#fits(head, before)) return;
    if (head === null) return void (this.#announced?.isGone(before) && this.#take({ type: 'gone' }));
    if (this.#announced?.found(head, before)) this.#announceErased(null);
    this.#take({ type: 'maybe-missed' });
  }

  #renewLease(): void {
    if (this.isClosed) return;
    const isReachable = this.#setting.scheduler.now - Math.min(this.#heardAt, this.#comparedAt) < leaseMs;
    if (isReachable === this.isReachable) return;
    this.isReachable = isReachable;
    for (const listener of [...this.#reach]) listener({ reachable: isReachable, since: '' });
  }
}

/** The position of the channel's head, or null if there is no channel. */
function headOf(store: Store): Position | null | typeof damaged {
  return store.isDamaged ? damaged : (store.position() ?? null);
}

function counting(beats: Map<string, number>, now: number): string[] {
  return [...beats].filter(([, at]) => now - at < countsMs).map(([id]) => id);
}
