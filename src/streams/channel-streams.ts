import { type ChannelRead, JournalUnavailable } from '../journal/engine.ts';
import { ReadGuard } from '../journal/read-guard.ts';
import type { Access, Channel } from '../protocol/model.ts';
import { ChannelStream, type StreamContext } from './channel-stream.ts';
import { FairScheduler } from './fair-scheduler.ts';
import { SharedAnswersBudget } from './shared-answers.ts';
import { streamLimits } from './stream-limits.ts';
import { startTimer } from './timer.ts';

/**
 * The channel streams of this process. The first caller opens a stream, which is closed some time after its last user releases
 * it. Also guards reads that need no stream: a read during which something was erased is repeated.
 */
export interface StreamLease {
  stream: ChannelStream;
  /** Releases the stream. */
  release(): void;
}

interface Entry {
  opening: ReturnType<typeof ChannelStream.open>;
  stream?: ChannelStream;
  /** Posts with text that was erased while the stream was still opening. */
  erased: (string | null)[];
  leases: number;
  endIdle?: () => void;
}

export class ChannelStreams {
  readonly #context: StreamContext;
  readonly #open = new Map<string, Entry>();
  readonly #undo: (() => void)[];
  /** The store is unreachable, so streams may be stale: answer nothing from them. */
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

  /** The open streams. */
  *[Symbol.iterator](): Generator<ChannelStream> {
    for (const { stream } of this.#open.values()) if (stream !== undefined) yield stream;
  }

  /** The channel at the head of its stream. Undefined if no stream is open or opening. */
  async currentChannel(channelId: string): Promise<Channel | undefined> {
    const stream = await this.#open.get(channelId)?.opening.catch(() => undefined);
    return stream instanceof ChannelStream && !stream.closed ? stream.channel : undefined;
  }

  /** The channel in the journal. Opens no stream. Throws `JournalUnavailable`. */
  async channel(channelId: string, seesDesk = true): Promise<ChannelRead> {
    if (this.#isUnreachable) throw unreachable();
    return await this.#context.engine.channel(channelId, seesDesk);
  }

  /** Acquires a stream that is already open; otherwise undefined. */
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
      // A stream that ended while it was idle does not show the current state.
      if (stream instanceof ChannelStream) return await this.#reopenAfterGone(channelId);
      return stream;
    } catch (error) {
      this.#forget(channelId, entry);
      release();
      entry.endIdle?.();
      throw error;
    }
  }

  /** Returns the function that releases the stream. */
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

  /** The result of `read`, which is repeated if something was erased while it ran. */
  guarded<T>(read: () => Promise<T>): Promise<T> {
    return this.#guard.read(read);
  }

  close(): void {
    for (const undo of this.#undo) undo();
    for (const [channelId, entry] of this.#open) this.#close(channelId, entry);
  }

  /** Opens the channel again if the journal has it: it may have been created again in a store that lost its data. */
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
