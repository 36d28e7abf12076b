import { type Announcement, type Engine, JournalUnavailable, type Replay, type StoredChange } from '../journal/engine.ts';
import { ReadGuard, readAgain } from '../journal/read-guard.ts';
import type { Position } from '../protocol/cursor.ts';
import { type FollowInput, type FollowResult, follow, startFollowing } from '../protocol/gap-algorithm.ts';
import type { Channel, Transport } from '../protocol/model.ts';
import { limits } from '../protocol/wire-limits.ts';
import { Delivery } from './delivery.ts';
import { EncodedBatches } from './encoded-batches.ts';
import { EncodedChange } from './encoded-events.ts';
import { FairScheduler } from './fair-scheduler.ts';
import { SharedAnswers, type SharedAnswersBudget } from './shared-answers.ts';
import { streamLimits } from './stream-limits.ts';
import type { EndReason, StreamReader } from './stream-reader.ts';
import { Tail } from './tail.ts';
export interface StreamContext {
  engine: Engine;
  random: () => number;
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** Told how many events were handed to the readers of a transport: one to a thousand readers counts a thousand. */
  delivered: (events: number, transport: Transport) => void;
  /** Real time where it is not given. */
  startTimer?: StartTimer;
  /** In which it hands out what it has, together with the other feeds of the process. */
  scheduler?: FairScheduler;
  /** What they keep of answers together. */
  answersBudget?: SharedAnswersBudget;
}

import { type StartTimer, startTimer } from './timer.ts';

/**
 * One channel in one process, however many readers: follows the channel's announcements without a gap, keeps the newest stretch as the
 * tail, and hands each change to the readers whose connections have nothing pending. A reader is a position, not a queue: who is busy
 * keeps an offset, and is brought up to date from the tail in one write when the connection is free again.
 */
export class ChannelStream {
  readonly channelId: string;
  /** The channel as it stands at the head. */
  channel: Channel;
  epoch: string;
  tail: Tail;
  /** Guards every read of the channel: an erasure or another history makes it invalid. */
  readonly guard = new ReadGuard(streamLimits.catchUpTries, () => this.#endState());
  /** It follows no longer: the channel is gone or damaged, or the process goes. */
  closed = false;
  gone = false;
  readonly readers = new Set<StreamReader>();
  /** Where readers joined of whom the journal was read further than this feed has followed it. */
  readonly #aheadReaders = new Map<StreamReader, Position>();
  /**
   * Posts of which text was erased, or null for all of the channel, and the entry that did it was not read or heard yet: an announcement may
   * still hold that text.
   */
  readonly #staleSubjects = new Set<string | null>();
  /** Encoded answers that hold as of the head and generation; dropped with every change. */
  readonly answers: SharedAnswers;
  /** The newest posts, encoded for snapshots. Kept apart so that other answers cannot crowd them out. */
  readonly snapshots: SharedAnswers;

  readonly #context: StreamContext;
  #following;
  #unsubscribe: () => void = () => {};
  #cancelRetry: () => void = () => {};
  /** What calls off the read that is to settle whether the history heard of is the one held; undefined while there is no doubt. */
  #cancelHistoryCheck: (() => void) | undefined;
  /** Reads of the journal that failed, one after the other. */
  #failures = 0;
  /** Entries that were announced so far. */
  #entriesAnnounced = 0;
  /** Readers whose connections threw just now. */
  #failedReaders = 0;
  #isPaused = false;
  readonly #batches = new EncodedBatches();
  readonly #delivery: Delivery;

  private constructor(channel: Channel, position: Position, context: StreamContext) {
    this.channelId = channel.id;
    this.channel = channel;
    this.epoch = position.epoch;
    this.tail = new Tail(position.offset, position.check);
    this.#following = startFollowing({ offset: position.offset, check: position.check });
    this.#context = context;
    const { delivered, scheduler = new FairScheduler(), answersBudget } = context;
    this.answers = new SharedAnswers(answersBudget);
    this.snapshots = new SharedAnswers(answersBudget);
    const isBehind = (reader: StreamReader) => this.#isBehind(reader);
    const deliver = (reader: StreamReader) => this.#deliver(reader);
    const onFailure = (reader: StreamReader, error: unknown) => this.#dropFailing(reader, error);
    this.#delivery = new Delivery({ readers: this.readers, isBehind, deliver, onFailure, delivered, scheduler });
  }

  /** Undefined if there is no such channel, `deleted` with its access if there was. Throws `JournalUnavailable`. */
  static async open(
    channelId: string,
    context: StreamContext,
  ): Promise<ChannelStream | { deleted: Channel['access'] } | undefined> {
    // Subscribe before reading: an entry between the two would be in neither. What is heard meanwhile waits.
    let early: Announcement[] | undefined = [];
    let stream: ChannelStream | undefined;
    const undo = await context.engine.subscribe(channelId, (heard) =>
      stream === undefined ? early?.push(heard) : stream.onAnnouncement(heard),
    );
    try {
      const read = await context.engine.channel(channelId);
      if (read.status === 'found') {
        const { latestPostAt: _, ...channel } = read.channel;
        stream = new ChannelStream(channel, read.position, context);
        stream.#unsubscribe = undo;
        // Read, not taken from what was heard: that may have been erased again, before there was a feed to be told so.
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
   * Follows no longer. Readers are told where the channel is gone. Where it is damaged they subscribe again, and are told that. Of a process
   * that goes they keep their cursor.
   */
  close(channel?: 'gone' | 'damaged'): void {
    this.#unsubscribe();
    this.#cancelRetry();
    this.#cancelHistoryCheck?.();
    this.closed = true;
    if (channel === 'gone') this.gone = true;
    for (const reader of [...this.readers]) {
      if (channel === undefined) this.leave(reader);
      else this.#end(reader, channel === 'gone' ? 'gone' : 'slow');
    }
    this.#dropAnswers();
    if (channel !== 'gone') return;
    void this.#warnIfLost();
    // Whoever still holds the feed for a while holds no text.
    this.tail = new Tail(0, '');
    this.channel = { ...this.channel, headline: '', standfirst: null, section: null, byline: [], url: null, history: [] };
  }

  /** What was deleted has left its id. Where that is missing too nobody deleted it, and all that its readers were told is that it is gone. */
  async #warnIfLost(): Promise<void> {
    const { engine, log } = this.#context;
    const read = await engine.channel(this.channelId).catch(() => undefined);
    if (read?.status === 'missing')
      log.warn(
        { channel: this.channelId },
        'the journal lost a channel that was not deleted: its readers are told that it is gone',
      );
  }

  /**
   * What is told in place of all that is read. Throws `JournalUnavailable` where the feed follows no longer, as in a process that goes: a
   * read then says nothing of what stands, least of all that the channel is gone.
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

  /** An erasure: what was read before must not go out, nor what the tail holds of the post, or of the channel where it is null. */
  onErasure(postId: string | null): void {
    this.guard.invalidate();
    if (postId === null) this.tail.forgetAll();
    else this.tail.forget(postId);
    this.#staleSubjects.add(postId);
    this.#dropAnswers();
  }

  /** Announced late, it may be older than the erasure. The journal tells what stands. */
  #mayBeErased(change: StoredChange): boolean {
    if (this.#staleSubjects.has(null)) return true;
    switch (change.type) {
      case 'post.published':
      case 'post.revised':
      case 'post.retracted':
        return this.#staleSubjects.has(change.post.id);
      // They hold nothing that the erasure of a post takes away.
      case 'post.taken-down':
      case 'channel.changed':
        return false;
    }
  }

  /** Reads what is missing, if anything. */
  checkJournal(): void {
    this.#dispatch({ type: 'maybe-missed' });
  }

  /**
   * Hands a reader that is ready what it has not had, in one write of a bounded size. It then stands at the last event handed to it. One
   * who lacks what an erasure took out of the tail is told to subscribe again, and gets from the journal what came in its place.
   */
  pump(reader: StreamReader): void {
    if (this.#isPaused || !this.readers.has(reader) || !this.#isBehind(reader)) return;
    try {
      if (!reader.ready) return reader.lag();
      const events = this.#deliver(reader);
      if (events > 0) this.#context.delivered(events, reader.format.name);
    } catch (error) {
      this.#dropFailing(reader, error);
    }
  }

  /**
   * While the store is out of reach nothing is handed on, neither what is held nor what still comes in late: it may have been erased since,
   * and others wait for this process no longer. Afterwards everyone is brought up to date.
   */
  setPaused(isSilent: boolean): void {
    this.#isPaused = isSilent;
    if (isSilent) this.#delivery.stop();
    else this.#delivery.begin(0);
  }

  /** Hands the reader on what comes after a position of this history. */
  join(reader: StreamReader, position: Position): void {
    reader.offset = position.offset;
    this.readers.add(reader);
    if (position.offset > this.tail.head) this.#aheadReaders.set(reader, position);
    this.pump(reader);
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

  /** Doubles may come in floods, so that one read, begun after all that it is to settle was heard, serves all who come in a while. */
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
        // It came late: an entry was heard of meanwhile, so the channel was made anew.
        else return readAgain;
        return 'taken';
      });
      if (taken === 'history' || taken === 'slow') await this.#restart(number, taken);
    } catch (error) {
      if (this.closed) return;
      if (error instanceof JournalUnavailable && error.isDamaged) return this.close('damaged');
      const { log } = this.#context;
      if (this.#failures === 0) log.warn({ channel: this.channelId, err: error }, 'channel stream cannot read the journal');
      this.#dispatch({ type: 'failed', read: number });
    }
  }

  /** What the journal has after the head, and what that is compared with when it comes. */
  async #readAfterHead() {
    const after = this.head;
    const heard = this.#entriesAnnounced;
    const ahead = [...this.#aheadReaders];
    const bounds = { limit: limits.catchUpMost, bytes: limits.answerBytes };
    // Without a check the head is of no history, and so of none that the journal has.
    const replay =
      after.check === '' ? ({ status: 'foreign' } as const) : await this.engine.catchUp(this.channelId, after, bounds);
    const isChanged = replay?.status === 'replay' && isCut(replay) && (await this.#isChanged());
    return { replay, isChanged, heard, ahead };
  }

  #applyReplay(number: number, { to, more, changes }: Replay, ahead: readonly (readonly [StreamReader, Position])[]): void {
    const followed = this.#follow({ type: 'answer', answer: { read: number, to, reset: false, more } });
    // What brings nothing, as where it is only compared, leaves what is shared as it is.
    if (followed.verdict === 'take' && to.offset > this.tail.head)
      this.#append(
        changes.filter(({ offset }) => offset > followed.skip),
        to,
      );
    // Read after they joined, and the journal does not reach where they are.
    for (const [reader, position] of ahead)
      if (!more && position.offset > to.offset && this.#aheadReaders.get(reader) === position) this.#end(reader, 'history');
    // What erased stood in the journal before anyone was told of it, and so before the end of what this read.
    if (!more && this.tail.head >= to.offset) this.#staleSubjects.clear();
    this.#noteRecovery();
    this.#carryOut(followed);
  }

  /** Whether the channel differs from the head of this feed, or is gone. Nothing then says who may read what was read. */
  async #isChanged(): Promise<boolean> {
    const read = await this.#context.engine.channel(this.channelId);
    return read.status !== 'found' || read.channel.revision !== this.channel.revision;
  }

  /**
   * The journal says that what this feed holds is of another history, or that the way to its head is long and access may have changed on it:
   * begin again at the head, and tell every reader.
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

  // ---- Handing on

  /** Puts it on the tail, from which rounds hand it out: what came in one turn of the event loop goes out in one write a reader. */
  #append(changes: StoredChange[], to?: Position): void {
    this.#dropAnswers();
    // First of all: in what one read brought, posts that not everyone may see any more can stand before the change of access.
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
    if (to !== undefined) this.tail.advance(to.offset, to.check);
    this.#checkAheadReaders();
    // As much of the tail as they take, by whichever of its bounds.
    const share = (this.tail.head - before) / streamLimits.tailOffsets;
    if (!this.#isPaused) this.#delivery.begin(Math.max(bytes, share * streamLimits.tailBytes));
  }

  #isBehind(reader: StreamReader): boolean {
    return reader.offset < this.tail.head;
  }

  /** For one who lacks something and is ready. Returns how many events it was. */
  #deliver(reader: StreamReader): number {
    const { tail } = this;
    if (reader.offset < tail.completeFrom) {
      this.#end(reader, 'slow');
      return 0;
    }
    const { frames, events, last } = this.#batches.after(tail, reader.offset, reader.format);
    if (events === 0) return 0;
    reader.offset = last;
    reader.write(frames);
    if (last < tail.head) reader.lag();
    return events;
  }

  /**
   * The journal may have lost what a reader was given before this feed came there: then others stand in its place now. Where one read
   * brought this feed over the reader's offset, what stood there is not known any more. The reader is told `slow`, which costs it one
   * question to the journal; to go on would be to trust that nothing was lost.
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

  /** Its connection threw: it is let go, so that nobody is behind without knowing. What befalls many at once is said once. */
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
      // Nothing is left to be done with it.
    }
  }

  #dropAnswers(): void {
    this.#batches.drop();
    this.answers.drop();
    this.snapshots.drop();
  }
}

/** Of what was cut off the channel may be, with a change that supersedes one before the cut: how it stands there, nobody says. */
function isCut({ more, changes }: Replay): boolean {
  return more && !changes.some(({ type }) => type === 'channel.changed');
}
