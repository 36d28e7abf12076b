import { type ChannelRead, JournalUnavailable } from '../journal/engine.ts';
import { ReadGuard } from '../journal/read-guard.ts';
import type { Access, Channel } from '../protocol/model.ts';
import { ChannelStream, type StreamContext } from './channel-stream.ts';
import { FairScheduler } from './fair-scheduler.ts';
import { SharedAnswersBudget } from './shared-answers.ts';
import { streamLimits } from './stream-limits.ts';
import { startTimer } from './timer.ts';

/**
 * The feeds of this process: the first who asks opens one, and a while after the last has left it is closed.
 * Also the guard of reads that need no feed: what was read while something was erased is read again before it is given out.
 */
export interface StreamLease {
  stream: ChannelStream;
  /** Says that it is no longer needed. */
  release(): void;
}

interface Entry {
  opening: ReturnType<typeof ChannelStream.open>;
  stream?: ChannelStream;
  /** Posts of which text was erased while there was no feed yet to be told. */
  erased: (string | null)[];
  leases: number;
  endIdle?: () => void;
}

export class ChannelStreams {
  readonly #context: StreamContext;
  readonly #open = new Map<string, Entry>();
  readonly #undo: (() => void)[];
  /** What feeds hold may be old: nothing is answered from it. */
  #isUnreachable = false;
  readonly #guard = new ReadGuard(streamLimits.catchUpTries);

  constructor(context: StreamContext) {
    this.#context = { scheduler: new FairScheduler(), answersBudget: new SharedAnswersBudget(), ...context };
    const undoErased = context.engine.onErased((channelId, postId) => {
      this.#guard.invalidate();
      const entry = this.#open.get(channelId);
      if (entry?.stream !== undefined) entry.stream.onErasure(postId);
      else entry?.erased.push(postId);
    });
    const undoReach = context.engine.onReachability(({ reachable }) => {
      this.#isUnreachable = !reachable;
      for (const stream of this) stream.setPaused(!reachable);
    });
    this.#undo = [undoErased, undoReach];
  }

  /** Feeds open now, with their readers and tails. */
  *[Symbol.iterator](): Generator<ChannelStream> {
    for (const { stream } of this.#open.values()) if (stream !== undefined) yield stream;
  }

  /** The channel at the head of its feed; undefined where none is open, nor about to be. */
  async currentChannel(channelId: string): Promise<Channel | undefined> {
    const stream = await this.#open.get(channelId)?.opening.catch(() => undefined);
    return stream instanceof ChannelStream && !stream.closed ? stream.channel : undefined;
  }

  /** The channel as the journal has it; opens no feed. Throws `JournalUnavailable`. */
  async channel(channelId: string, seesDesk = true): Promise<ChannelRead> {
    if (this.#isUnreachable) throw unreachable();
    return await this.#context.engine.channel(channelId, seesDesk);
  }

  /** Holds a feed that is open; undefined where none is. */
  acquireOpen(channelId: string): StreamLease | undefined {
    const entry = this.#open.get(channelId);
    if (this.#isUnreachable || entry?.stream === undefined || entry.stream.closed) return undefined;
    return { stream: entry.stream, release: this.#lease(channelId, entry) };
  }

  /** Undefined: no such channel. Throws `JournalUnavailable`. */
  async acquire(channelId: string): Promise<StreamLease | { deleted: Access } | undefined> {
    if (this.#isUnreachable) throw unreachable();
    const entry = this.#open.get(channelId) ?? this.#openStream(channelId);
    const release = this.#lease(channelId, entry);
    try {
      const stream = await entry.opening;
      if (stream instanceof ChannelStream && !stream.closed) return { stream, release };
      this.#forget(channelId, entry);
      release();
      entry.endIdle?.();
      // A feed that went while it was idle says nothing of what stands now.
      if (stream instanceof ChannelStream) return await this.#reopenAfterGone(channelId);
      return stream;
    } catch (error) {
      this.#forget(channelId, entry);
      release();
      entry.endIdle?.();
      throw error;
    }
  }

  /** Returns the end of it. */
  #lease(channelId: string, entry: Entry): () => void {
    entry.leases += 1;
    entry.endIdle?.();
    let released = false;
    return () => {
      if (released) return;
      released = true;
      entry.leases -= 1;
      const { startTimer: start = startTimer } = this.#context;
      if (entry.leases === 0) entry.endIdle = start(streamLimits.feedIdleMs, () => this.#close(channelId, entry));
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
  async #reopenAfterGone(channelId: string): Promise<StreamLease | { deleted: Access } | undefined> {
    const read = await this.#context.engine.channel(channelId);
    if (read.status === 'found') return await this.acquire(channelId);
    return read.status === 'deleted' ? { deleted: read.access } : undefined;
  }

  #openStream(channelId: string) {
    const opening = ChannelStream.open(channelId, this.#context);
    const entry: Entry = { opening, erased: [], leases: 0 };
    opening.then(
      (stream) => {
        if (!(stream instanceof ChannelStream)) return;
        if (this.#open.get(channelId) !== entry) return stream.close();
        entry.stream = stream;
        for (const postId of entry.erased.splice(0)) stream.onErasure(postId);
        if (this.#isUnreachable) stream.setPaused(true);
      },
      () => {},
    );
    this.#open.set(channelId, entry);
    return entry;
  }

  #close(channelId: string, entry: { stream?: ChannelStream; endIdle?: () => void }): void {
    entry.endIdle?.();
    this.#forget(channelId, entry);
    entry.stream?.close();
  }

  #forget(channelId: string, entry: object): void {
    if (this.#open.get(channelId) === entry) this.#open.delete(channelId);
  }
}

function unreachable(): JournalUnavailable {
  return new JournalUnavailable('The last comparison with the journal is too old.', 'unchanged');
}
