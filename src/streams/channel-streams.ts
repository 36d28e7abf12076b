import { type ChannelRead, JournalUnavailable } from '../journal/engine.ts';
import { ReadGuard } from '../journal/read-guard.ts';
import type { Access, Channel } from '../protocol/model.ts';
import { Feed, type FeedContext } from './channel-stream.ts';
import { Turns } from './fair-scheduler.ts';
import { SharedOfAll } from './shared-answers.ts';
import { fanoutLimits } from './stream-limits.ts';
import { inRealTime } from './timer.ts';

/**
 * The feeds of this process: the first who asks opens one, and a while after the last has left it is closed.
 * Also the guard of reads that need no feed: what was read while something was erased is read again before it is given out.
 */
export interface Held {
  feed: Feed;
  /** Says that it is no longer needed. */
  release(): void;
}

interface Entry {
  opening: ReturnType<typeof Feed.open>;
  feed?: Feed;
  /** Posts of which text was erased while there was no feed yet to be told. */
  erased: (string | null)[];
  holders: number;
  endIdle?: () => void;
}

export class Feeds {
  readonly #context: FeedContext;
  readonly #open = new Map<string, Entry>();
  readonly #undo: (() => void)[];
  /** What feeds hold may be old: nothing is answered from it. */
  #unreachable = false;
  readonly #guard = new ReadGuard(fanoutLimits.catchUpTries);

  constructor(context: FeedContext) {
    this.#context = { turns: new Turns(), sharedOfAll: new SharedOfAll(), ...context };
    const undoErased = context.engine.onErased((channelId, postId) => {
      this.#guard.invalidate();
      const entry = this.#open.get(channelId);
      if (entry?.feed !== undefined) entry.feed.erased(postId);
      else entry?.erased.push(postId);
    });
    const undoReach = context.engine.onReach(({ reachable }) => {
      this.#unreachable = !reachable;
      for (const feed of this) feed.silence(!reachable);
    });
    this.#undo = [undoErased, undoReach];
  }

  /** Feeds open now, with their readers and tails. */
  *[Symbol.iterator](): Generator<Feed> {
    for (const { feed } of this.#open.values()) if (feed !== undefined) yield feed;
  }

  /** The channel at the head of its feed; undefined where none is open, nor about to be. */
  async standing(channelId: string): Promise<Channel | undefined> {
    const feed = await this.#open.get(channelId)?.opening.catch(() => undefined);
    return feed instanceof Feed && !feed.closed ? feed.channel : undefined;
  }

  /** The channel as the journal has it; opens no feed. Throws `JournalUnavailable`. */
  async channel(channelId: string, seesDesk = true): Promise<ChannelRead> {
    if (this.#unreachable) throw outOfReach();
    return await this.#context.engine.channel(channelId, seesDesk);
  }

  /** Holds a feed that is open; undefined where none is. */
  holdOpen(channelId: string): Held | undefined {
    const entry = this.#open.get(channelId);
    if (this.#unreachable || entry?.feed === undefined || entry.feed.closed) return undefined;
    return { feed: entry.feed, release: this.#holding(channelId, entry) };
  }

  /** Undefined: no such channel. Throws `JournalUnavailable`. */
  async hold(channelId: string): Promise<Held | { deleted: Access } | undefined> {
    if (this.#unreachable) throw outOfReach();
    const entry = this.#open.get(channelId) ?? this.#begin(channelId);
    const release = this.#holding(channelId, entry);
    try {
      const feed = await entry.opening;
      if (feed instanceof Feed && !feed.closed) return { feed, release };
      this.#forget(channelId, entry);
      release();
      entry.endIdle?.();
      // A feed that went while it was idle says nothing of what stands now.
      if (feed instanceof Feed) return await this.#afterGone(channelId);
      return feed;
    } catch (error) {
      this.#forget(channelId, entry);
      release();
      entry.endIdle?.();
      throw error;
    }
  }

  /** Returns the end of it. */
  #holding(channelId: string, entry: Entry): () => void {
    entry.holders += 1;
    entry.endIdle?.();
    let released = false;
    return () => {
      if (released) return;
      released = true;
      entry.holders -= 1;
      const { later = inRealTime } = this.#context;
      if (entry.holders === 0) entry.endIdle = later(fanoutLimits.feedIdleMs, () => this.#close(channelId, entry));
    };
  }

  /** What `read` answers, if nothing was erased meanwhile; else read again. */
  guarded<T>(read: () => Promise<T>): Promise<T> {
    return this.#guard.read(read);
  }

  close(): void {
    for (const undo of this.#undo) undo();
    for (const [channelId, entry] of this.#open) this.#close(channelId, entry);
  }

  /** Of a store that lost what it had, the channel may have been made anew. */
  async #afterGone(channelId: string): Promise<Held | { deleted: Access } | undefined> {
    const read = await this.#context.engine.channel(channelId);
    if (read.status === 'found') return await this.hold(channelId);
    return read.status === 'deleted' ? { deleted: read.access } : undefined;
  }

  #begin(channelId: string) {
    const opening = Feed.open(channelId, this.#context);
    const entry: Entry = { opening, erased: [], holders: 0 };
    opening.then(
      (feed) => {
        if (!(feed instanceof Feed)) return;
        if (this.#open.get(channelId) !== entry) return feed.close();
        entry.feed = feed;
        for (const postId of entry.erased.splice(0)) feed.erased(postId);
        if (this.#unreachable) feed.silence(true);
      },
      () => {},
    );
    this.#open.set(channelId, entry);
    return entry;
  }

  #close(channelId: string, entry: { feed?: Feed; endIdle?: () => void }): void {
    entry.endIdle?.();
    this.#forget(channelId, entry);
    entry.feed?.close();
  }

  #forget(channelId: string, entry: object): void {
    if (this.#open.get(channelId) === entry) this.#open.delete(channelId);
  }
}

function outOfReach(): JournalUnavailable {
  return new JournalUnavailable('The journal could not be compared with for a while.', 'unchanged');
}
