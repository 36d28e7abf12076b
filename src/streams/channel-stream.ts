import { type Announcement, type Engine, JournalUnavailable, type Replay, type StoredChange } from '../journal/engine.ts';
import { ReadGuard, readAgain } from '../journal/read-guard.ts';
import { isSamePosition, type Position } from '../protocol/cursor.ts';
import { type FollowInput, type FollowResult, follow, startFollowing } from '../protocol/gap-algorithm.ts';
import type { Channel, Counts, Transport } from '../protocol/model.ts';
import { limits } from '../protocol/wire-limits.ts';
import { Delivery } from './delivery.ts';
import { EncodedBatches } from './encoded-batches.ts';
import { EncodedChange } from './encoded-events.ts';
import { FairScheduler } from './fair-scheduler.ts';
import { SharedAnswers, type SharedAnswersBudget } from './shared-answers.ts';
import { streamLimits } from './stream-limits.ts';
import type { EndReason, StreamReader } from './stream-reader.ts';
import { Tail } from './tail.ts';
import { type StartTimer, startTimer } from './timer.ts';
import { type OnWritten, WriteReports } from './write-reports.ts';

interface Head {
  channel: Channel;
  position: Position;
  counts: Counts | undefined;
}

export interface StreamContext {
  engine: Engine;
  random: () => number;
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** Counts events delivered to readers: one event to a thousand readers counts a thousand. */
  delivered: (events: number, transport: Transport) => void;
  /** Called after events were written to readers, except what a reader missed before it joined. */
  onWritten?: OnWritten;
  /** Defaults to real time. */
  startTimer?: StartTimer;
  /** Shared by all streams of the process, so that no stream delays the others. */
  scheduler?: FairScheduler;
  /** Bounds the answers that all streams of the process cache. */
  answersBudget?: SharedAnswersBudget;
}

/**
 * One channel in one process, for any number of readers. The stream follows the channel's announcements without a gap, keeps the
 * newest part of the journal as the tail, and delivers each change to every reader whose connection is free. A reader is an
 * offset, not a queue: a busy reader keeps its offset, and receives what it missed in one write once its connection is free.
 *
 *           announcement fits
 *             ┌─────────┐
 *             │         ▼            gap, loss, or a check that may belong to another history
 *   open ──► following ───────────────────────────────────────────► reading the journal
 *             ▲    ▲                                                  │    │        │
 *             │    │          the journal continues the tail          │    │        │ failed
 *             │    └──────────────────────────────────────────────────┘    │        ▼
 *             │    another history, or too far behind: restart at          │   waiting, then read again
 *             └──── the head and end all readers (`history`, `slow`) ◄─────┘
 *
 *   any state ──► closed: the channel is gone, damaged or lost, or the process shuts down.
 *
 * In any state, delivery pauses while the store is unreachable.
 *
 * The transitions are decided by the gap algorithm (`protocol/gap-algorithm.ts`), which clients use too.
 */
export class ChannelStream {
  readonly channelId: string;
  /** The channel at the head. */
  channel: Channel;
  /**
   * The counts at the head. Undefined if they are not known: the last announcement came from a node of an earlier version, which
   * does not count, or a read was cut off. The next announcement or read that has them makes them known.
   */
  counts: Counts | undefined;
  epoch: string;
  tail: Tail;
  /** Guards every read of the channel. An erasure or a new history invalidates reads. */
  readonly guard = new ReadGuard(streamLimits.catchUpTries, () => this.#endState());
  /** The stream has ended: the channel is gone, damaged or lost, or the process shuts down. */
  closed = false;
  gone = false;
  readonly readers = new Set<StreamReader>();
  /**
   * The positions of readers that joined ahead of this stream: their catch-up came from the journal, which the stream had not
   * followed that far yet.
   */
  readonly #aheadReaders = new Map<StreamReader, Position>();
  /**
   * Posts with erased text (null: the whole channel) whose erasing entry this stream has not received yet. A late announcement
   * may still hold the erased text.
   */
  readonly #staleSubjects = new Set<string | null>();
  /** Encoded answers for the current head, dropped with every change. */
  readonly answers: SharedAnswers;
  /** The newest posts, encoded for snapshots. Kept separately so that other answers cannot evict them. */
  readonly snapshots: SharedAnswers;

  readonly #context: StreamContext;
  #following;
  #unsubscribe: () => void = () => {};
  #cancelRetry: () => void = () => {};
  /** Cancels the read that checks whether the announced history is the current one. Undefined while no check is scheduled. */
  #cancelHistoryCheck: (() => void) | undefined;
  /** Consecutive failed reads of the journal. */
  #failures = 0;
  /** Entries announced so far. */
  #entriesAnnounced = 0;
  /** Readers whose connections threw since the last log line. */
  #failedReaders = 0;
  #isPaused = false;
  readonly #batches = new EncodedBatches();
  readonly #delivery: Delivery;
  readonly #writes: WriteReports;

  private constructor({ channel, position, counts }: Head, context: StreamContext) {
    this.channelId = channel.id;
    this.channel = channel;
    this.counts = counts;
    this.epoch = position.epoch;
    this.tail = new Tail(position.offset, position.check);
    this.#following = startFollowing({ offset: position.offset, check: position.check });
    this.#context = context;
    const { delivered, onWritten = () => {}, scheduler = new FairScheduler(), answersBudget } = context;
    this.#writes = new WriteReports(onWritten);
    this.answers = new SharedAnswers(answersBudget);
    this.snapshots = new SharedAnswers(answersBudget);
    const isBehind = (reader: StreamReader) => this.#isBehind(reader);
    const deliver = (reader: StreamReader) => this.#deliver(reader);
    const onFailure = (reader: StreamReader, error: unknown) => this.#dropFailing(reader, error);
    const turnEnded = () => this.#writes.report();
    this.#delivery = new Delivery({ readers: this.readers, isBehind, deliver, onFailure, delivered, turnEnded, scheduler });
  }

  /** Undefined if there is no such channel. If the channel was deleted, its access. Throws `JournalUnavailable`. */
  static async open(
    channelId: string,
    context: StreamContext,
  ): Promise<ChannelStream | { deleted: Channel['access'] } | undefined> {
    // Subscribe before reading, so that an entry in between is not lost. Announcements that arrive meanwhile are kept.
    let early: Announcement[] | undefined = [];
    let stream: ChannelStream | undefined;
    const undo = await context.engine.subscribe(channelId, (heard) =>
      stream === undefined ? early?.push(heard) : stream.onAnnouncement(heard),
    );
    try {
      const read = await context.engine.channel(channelId);
      if (read.status === 'found') {
        const { latestPostAt: _, ...channel } = read.channel;
        stream = new ChannelStream({ ...read, channel }, context);
        stream.#unsubscribe = undo;
        // Read the journal again instead of using the kept announcements: their text may have been erased before this stream
        // could be notified of erasures.
        if (early.some(({ type }) => type === 'gone')) stream.close('gone');
        else if (early.length > 0) stream.checkJournal();
        early = undefined;
        return stream;
      }
      undo();
      return read.status === 'deleted' ? { deleted: read.access } : undefined;
    } catch (error) {
      undo();
      throw error;
    }
  }

  get engine(): Engine {
    return this.#context.engine;
  }

  get head(): Position {
    return { epoch: this.epoch, offset: this.tail.head, check: this.tail.check(this.tail.head) ?? '' };
  }

  /**
   * Stops following and removes all readers. If the channel is gone, they end with `gone`. If it is damaged or lost, they end with
   * `slow`, so that they subscribe again and learn of it. Without a reason, when the stream is idle or the process shuts
   * down, they are not notified and keep their cursor.
   */
  close(reason?: 'gone' | 'unavailable'): void {
    this.#unsubscribe();
    this.#cancelRetry();
    this.#cancelHistoryCheck?.();
    this.closed = true;
    if (reason === 'gone') this.gone = true;
    for (const reader of [...this.readers]) {
      if (reason === undefined) this.leave(reader);
      else this.#end(reader, reason === 'gone' ? 'gone' : 'slow');
    }
    this.#dropAnswers();
    if (reason !== 'gone') return;
    // A caller may hold the stream a little longer. Drop all text now.
    this.tail = new Tail(0, '');
    this.channel = { ...this.channel, headline: '', standfirst: null, section: null, byline: [], url: null, history: [] };
  }

  /**
   * What every read returns once the channel is gone. Throws `JournalUnavailable` if the stream was closed for another reason,
   * because a read then does not show whether the channel still exists. Undefined while the stream is open.
   */
  #endState(): 'gone' | undefined {
    if (this.gone) return 'gone';
    if (this.closed) throw new JournalUnavailable('The channel stream is closed.', 'unchanged');
    return undefined;
  }

  onAnnouncement(heard: Announcement): void {
    if (this.closed) return;
    if (heard.type === 'gone') return this.close('gone');
    if (heard.type === 'maybe-missed') return this.#dispatch({ type: 'maybe-missed' });
    this.#entriesAnnounced += 1;
    if (heard.epoch !== this.epoch || this.#mayBeErased(heard.change)) return this.#dispatch({ type: 'maybe-missed' });
    const { offset, check } = heard.change;
    const followed = this.#follow({ type: 'step', step: { from: offset, offset, check, before: heard.before } });
    if (followed.verdict === 'deliver') this.#append([heard.change]);
    this.#carryOut(followed);
  }

  /** After an erasure, discards earlier reads and drops the post's text from the tail. Null: the text of the whole channel. */
  onErasure(postId: string | null): void {
    this.guard.invalidate();
    if (postId === null) this.tail.forgetAll();
    else this.tail.forget(postId);
    this.#staleSubjects.add(postId);
    this.#dropAnswers();
  }

  /**
   * Whether the change may contain erased text, because a late announcement may be older than the erasure. The journal has the
   * current state.
   */
  #mayBeErased(change: StoredChange): boolean {
    if (this.#staleSubjects.has(null)) return true;
    switch (change.type) {
      case 'post.published':
      case 'post.revised':
      case 'post.retracted':
        return this.#staleSubjects.has(change.post.id);
      // These hold nothing that the erasure of a post removes.
      case 'post.taken-down':
      case 'channel.changed':
        return false;
    }
  }

  /** Reads whatever is missing. */
  checkJournal(): void {
    this.#dispatch({ type: 'maybe-missed' });
  }

  /**
   * Delivers to a free reader what it has not received, in one write of bounded size, and moves its offset to the last delivered
   * event. A reader that needs changes which an erasure removed from the tail ends with `slow`, subscribes again, and reads the
   * journal.
   */
  pump(reader: StreamReader): void {
    this.#pump(reader);
    this.#writes.report();
  }

  #pump(reader: StreamReader, isNew = false): void {
    if (this.#isPaused || !this.readers.has(reader) || !this.#isBehind(reader)) return;
    try {
      if (!reader.ready) return reader.lag();
      const events = this.#deliver(reader, isNew);
      if (events > 0) this.#context.delivered(events, reader.format.name);
    } catch (error) {
      this.#dropFailing(reader, error);
    }
  }

  /**
   * Pauses delivery while the store is unreachable: held changes may have been erased since, and other nodes no longer wait for
   * this node to confirm erasures. Resuming brings every reader up to date.
   */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) this.#delivery.stop();
    else this.#delivery.begin(0);
  }

  /** Delivers to the reader from a position of this history on. */
  join(reader: StreamReader, position: Position): void {
    reader.offset = position.offset;
    this.readers.add(reader);
    if (position.offset > this.tail.head) this.#aheadReaders.set(reader, position);
    this.#pump(reader, true);
  }

  leave(reader: StreamReader): void {
    this.readers.delete(reader);
    this.#aheadReaders.delete(reader);
  }

  // ---- Following

  #dispatch(heard: FollowInput): void {
    this.#carryOut(this.#follow(heard));
  }

  #follow(heard: FollowInput): FollowResult {
    const followed = follow(this.#following, heard, (offset) => this.tail.check(offset));
    this.#following = followed.state;
    return followed;
  }

  #carryOut({ verdict, read, pause }: FollowResult): void {
    if (verdict === 'doubt') this.#scheduleHistoryCheck();
    if (pause) {
      const most = Math.min(streamLimits.retryMostMs, streamLimits.retryFirstMs * 2 ** this.#failures);
      this.#failures += 1;
      const { startTimer: start = startTimer, random } = this.#context;
      this.#cancelRetry = start(most * (0.5 + random() / 2), () => this.#dispatch({ type: 'retry' }));
    }
    if (read !== undefined) void this.#read(read.number);
  }

  /** Doubtful announcements can be frequent. One read, begun after the last of them, settles all that arrive in this time. */
  #scheduleHistoryCheck(): void {
    if (this.#cancelHistoryCheck !== undefined) return;
    const { startTimer: start = startTimer } = this.#context;
    this.#cancelHistoryCheck = start(streamLimits.doubtMs, () => {
      this.#cancelHistoryCheck = undefined;
      this.checkJournal();
    });
  }

  async #read(number: number): Promise<void> {
    try {
      const read = () => this.guard.reading(() => this.#readAfterHead());
      const taken = await this.guard.use(read, ({ replay, isChanged, heard, ahead }) => {
        if (replay !== undefined) {
          if (replay.status === 'foreign') return 'history';
          if (isChanged) return 'slow';
          this.#applyReplay(number, replay, ahead);
        } else if (heard === this.#entriesAnnounced) this.close('gone');
        // An entry was announced during the read, so the channel was created again.
        else return readAgain;
        return 'taken';
      });
      if (taken === 'history' || taken === 'slow') await this.#restart(number, taken);
    } catch (error) {
      if (this.closed) return;
      if (error instanceof JournalUnavailable && (error.isDamaged || error.isLost)) return this.close('unavailable');
      const { log } = this.#context;
      if (this.#failures === 0) log.warn({ channel: this.channelId, err: error }, 'channel stream cannot read the journal');
      this.#dispatch({ type: 'failed', read: number });
    }
  }

  /** The journal after the head, with the values that the result is compared with when it arrives. */
  async #readAfterHead() {
    const after = this.head;
    const heard = this.#entriesAnnounced;
    const ahead = [...this.#aheadReaders];
    const bounds = { limit: limits.catchUpMost, bytes: limits.answerBytes };
    // A head without a check belongs to no history.
    const replay =
      after.check === '' ? ({ status: 'foreign' } as const) : await this.engine.catchUp(this.channelId, after, bounds);
    const isChanged = replay?.status === 'replay' && isCut(replay) && (await this.#isChanged());
    return { replay, isChanged, heard, ahead };
  }

  #applyReplay(
    number: number,
    { to, more, changes, counts }: Replay,
    ahead: readonly (readonly [StreamReader, Position])[],
  ): void {
    const followed = this.#follow({ type: 'answer', answer: { read: number, to, reset: false, more } });
    // A read that brings nothing new leaves the cached answers valid.
    if (followed.verdict === 'take' && to.offset > this.tail.head)
      this.#append(
        changes.filter(({ offset }) => offset > followed.skip),
        { to, counts },
      );
    this.learnCounts(to, counts);
    // The reader joined before this read began, but the journal ends before the reader's position: it has lost entries.
    for (const [reader, position] of ahead)
      if (!more && position.offset > to.offset && this.#aheadReaders.get(reader) === position) this.#end(reader, 'history');
    // The erasing entries were in the journal before their erasures were announced, so this read has covered them.
    if (!more && this.tail.head >= to.offset) this.#staleSubjects.clear();
    this.#noteRecovery();
    this.#carryOut(followed);
  }

  /** Takes the counts of a read if it ended at the head. */
  learnCounts(position: Position, counts: Counts | undefined): void {
    if (isSamePosition(position, this.head)) this.counts ??= counts;
  }

  /**
   * Whether the channel's state differs from the state at the head of this stream, or the channel is gone. It is then unknown who
   * may read the replay.
   */
  async #isChanged(): Promise<boolean> {
    const read = await this.#context.engine.channel(this.channelId);
    return read.status !== 'found' || read.channel.revision !== this.channel.revision;
  }

  /**
   * Starts over at the head and ends every reader: the journal has another history, or the stream is so far behind that access
   * may have changed on the way.
   */
  async #restart(number: number, reason: 'history' | 'slow' = 'history'): Promise<void> {
    const read = await this.#context.engine.channel(this.channelId);
    if (this.closed) return;
    if (read.status !== 'found') return this.close('gone');
    const { latestPostAt: _, ...channel } = read.channel;
    const followed = this.#follow({ type: 'answer', answer: { read: number, to: read.position, reset: true, more: false } });
    if (followed.verdict === 'take') {
      this.#context.log.warn(
        { channel: this.channelId, offset: read.position.offset },
        reason === 'history'
          ? 'the channel history was replaced: readers reload it'
          : 'channel stream is far behind: readers subscribe again',
      );
      this.guard.invalidate();
      this.#staleSubjects.clear();
      this.epoch = read.position.epoch;
      this.tail = new Tail(read.position.offset, read.position.check);
      this.channel = channel;
      this.counts = read.counts;
      this.#dropAnswers();
      for (const reader of [...this.readers]) this.#end(reader, reason);
    }
    this.#noteRecovery();
    this.#carryOut(followed);
  }

  #noteRecovery(): void {
    if (this.#failures > 0) this.#context.log.info({ channel: this.channelId }, 'channel stream reads the journal again');
    this.#failures = 0;
  }

  /**
   * Appends changes to the tail and schedules their delivery. Changes that arrive in one turn of the event loop reach each reader
   * in one write.
   */
  #append(changes: StoredChange[], end?: { to: Position; counts: Counts | undefined }): void {
    this.#dropAnswers();
    this.counts = end === undefined ? changes.at(-1)?.counts : end.counts;
    // Set the channel before anything is delivered. In one read, posts that some readers may no longer see can come before the
    // change of access.
    const channel = changes.findLast((change) => change.type === 'channel.changed')?.channel;
    if (channel !== undefined) this.#setChannel(channel);
    const { head: before } = this.tail;
    let bytes = 0;
    for (const change of changes) {
      const encoded = new EncodedChange(this.channelId, this.epoch, change);
      this.tail.push(encoded);
      bytes += encoded.bytes;
      if (change.type === 'post.taken-down') this.#staleSubjects.delete(change.post.id);
      this.#checkAheadReaders();
    }
    if (end !== undefined) this.tail.advance(end.to.offset, end.to.check);
    this.#checkAheadReaders();
    // The tail is bounded by bytes and by offsets. Convert the offsets to bytes, and report whichever is more.
    const share = (this.tail.head - before) / streamLimits.tailOffsets;
    if (!this.#isPaused) this.#delivery.begin(Math.max(bytes, share * streamLimits.tailBytes));
  }

  #isBehind(reader: StreamReader): boolean {
    return reader.offset < this.tail.head;
  }

  /** For a free reader that is behind. Returns the number of events. `isNew`: they happened before the reader joined. */
  #deliver(reader: StreamReader, isNew = false): number {
    const { tail } = this;
    if (reader.offset < tail.completeFrom) {
      this.#end(reader, 'slow');
      return 0;
    }
    const batch = this.#batches.after(tail, reader.offset, reader.format);
    const { events, last } = batch;
    if (events === 0) return 0;
    reader.offset = last;
    reader.write(batch.frames);
    if (!isNew) this.#writes.count(batch);
    if (last < tail.head) reader.lag();
    return events;
  }

  /**
   * Checks readers that are ahead once this stream reaches their offset: the journal may have lost what they received, and hold
   * something else there now. If a single read passed over the offset, the check there is unknown. The reader then ends with
   * `slow` and catches up from the journal, because continuing would assume that nothing was lost.
   */
  #checkAheadReaders(): void {
    for (const [reader, { offset, check }] of this.#aheadReaders) {
      if (offset > this.tail.head) continue;
      this.#aheadReaders.delete(reader);
      const known = this.tail.check(offset);
      if (known !== check) this.#end(reader, known === undefined ? 'slow' : 'history');
    }
  }

  #setChannel(channel: Channel): void {
    this.channel = channel;
    for (const reader of [...this.readers]) if (!reader.mayRead(channel)) this.#end(reader, 'forbidden');
  }

  #end(reader: StreamReader, reason: EndReason): void {
    this.#aheadReaders.delete(reader);
    if (!this.readers.delete(reader)) return;
    try {
      reader.end(reason);
    } catch (error) {
      this.#dropFailing(reader, error);
    }
  }

  /**
   * Removes a reader whose connection threw, and closes the connection, so that the client reconnects and catches up. Failures of
   * many readers at once are logged once.
   */
  #dropFailing(reader: StreamReader, error: unknown): void {
    this.leave(reader);
    if (this.#failedReaders === 0) {
      queueMicrotask(() => {
        this.#context.log.warn({ channel: this.channelId, readers: this.#failedReaders, err: error }, 'delivery failed');
        this.#failedReaders = 0;
      });
    }
    this.#failedReaders += 1;
    try {
      reader.terminate();
    } catch {
      // Nothing else can be done for this reader.
    }
  }

  #dropAnswers(): void {
    this.#batches.drop();
    this.answers.drop();
    this.snapshots.drop();
  }
}

/**
 * Whether the channel's state at the end of the replay is unknown: the replay was cut, and a change of the channel may be missing
 * because another one superseded it after the cut.
 */
function isCut({ more, changes }: Replay): boolean {
  return more && !changes.some(({ type }) => type === 'channel.changed');
}
