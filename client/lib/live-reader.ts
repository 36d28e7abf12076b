import { type CatchUp, type Event, isWithdrawn, type ReaderPost } from '../../src/protocol/model.ts';
import type { Problem } from '../../src/protocol/problems.ts';
import type { Backlog } from './backlog.ts';
import { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import { Follower } from './follower.ts';
import { Http } from './http.ts';
import { onPageLifecycle } from './page-lifecycle.ts';
import { PageLoader } from './page-requests.ts';
import type { Persistence } from './persistence.ts';
import type { EndedReason, ReaderClientOptions, ReaderEvents, ReaderState, SavedReader } from './reader-types.ts';
import type { SavedTimeline } from './timeline/saved-timeline.ts';
import { applyCatchUp, applyEvent, newsIn } from './timeline/timeline.ts';
import { held, reachedEnd, type Timeline } from './timeline/timeline-model.ts';
import { narrow } from './timeline/timeline-pages.ts';

/** What only a reader needs that goes on after a restart: from a storage, from what was saved, or from a cursor. */
export interface RestartSupport {
  persistence(...given: ConstructorParameters<typeof Persistence>): Persistence;
  backlog(...given: ConstructorParameters<typeof Backlog>): Backlog;
  restore(saved: Timeline | SavedTimeline, channelId: string): Timeline | undefined;
  save(timeline: Timeline): SavedTimeline;
}

/**
 * A reader of one channel. Keeps a `Timeline` that is brought up to date by pushed events, over losses of the connection, restarts of the
 * server and its move to another history, and tells what it applied. What there is to apply, and when to ask for it, `follower.ts` knows.
 *
 * Without a `memory` it begins anew each time, or with a `Timeline` that it is given: that is enough for a page, which then loads less.
 */
export class LiveReader {
  readonly channelId: string;
  readonly #options: ReaderClientOptions;
  readonly #random: () => number;
  readonly #connection: Connection;
  readonly #follower: Follower;
  readonly #emitter = new Emitter<ReaderEvents>();
  readonly #pages: PageLoader;
  readonly #http: Http;
  protected readonly persistence: Persistence | undefined;
  readonly #restartSupport: RestartSupport | undefined;
  #backlog: Backlog | undefined;
  #timeline: Timeline | undefined;
  #state: ReaderState = { status: 'catching-up', transport: null, asOf: null };
  #isOffline = false;
  /** As of when what is held is true, from the moment in which something may be missing until nothing is. */
  #behindSince: string | undefined;
  #ended: { reason: EndedReason; problem: Problem | undefined } | undefined;
  #asOf: string | null = null;
  #isOpen = false;
  /** Of the event that is told, while others of the same answer are still to be. */
  #emittingCursor: string | undefined;
  #stopListening: () => void = () => {};

  constructor(options: ReaderClientOptions, restartSupport?: RestartSupport) {
    const { channelId, storage } = options;
    this.channelId = channelId;
    this.#restartSupport = restartSupport;
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#http = new Http(options);
    this.persistence = storage && restartSupport?.persistence(storage, options.url, channelId, () => this.save());
    this.#pages = new PageLoader(channelId, this.#http, this.#random, {
      read: () => this.#timeline,
      write: (next) => this.#setTimeline(next),
      locate: (cursor) => this.#follower.cursorHistory.locate(cursor),
    });
    this.#connection = new Connection(options, this.#http, () => this.#follower.request, {
      up: () => this.#onUp(),
      down: () => this.#onDown(),
      refused: (problem) => this.#end('refused', problem),
      event: (event) => {
        if (this.#timeline !== undefined) this.#follower.onEvent(event);
      },
      missed: () => this.#follower.onMissed(),
      unsubscribed: (ended) => this.#follower.onUnsubscribed(ended),
      store: ({ reachable, since }) => {
        this.#asOf = reachable ? null : since;
        this.#updateState();
      },
    });
    this.#follower = new Follower(channelId, options.limit, this.#random, this.#connection, {
      event: (event) => this.#applyEvent(event),
      catchUp: (catchUp) => this.#applyCatchUp(catchUp),
      changed: () => this.#updateState(),
      ended: (reason, problem) => this.#end(reason, problem),
    });
    this.#startFrom(options);
  }

  #startFrom({ timeline, cursor, asOf }: Pick<ReaderClientOptions, 'timeline' | 'cursor' | 'asOf'>): void {
    this.#behindSince = asOf;
    this.#timeline =
      timeline && (this.#restartSupport ? this.#restartSupport.restore(timeline, this.channelId) : (timeline as Timeline));
    this.#follower.startFrom(this.#timeline && { offset: this.#timeline.offset, check: this.#timeline.cursor });
    if (this.#timeline === undefined && cursor !== undefined) {
      this.#backlog = this.#restartSupport?.backlog(this.channelId, cursor, this.#http, this.#random, {
        event: (event) => this.#emitter.emit('event', event, undefined),
        reset: (problem) => {
          const wrong = problem?.code === 'invalid-cursor' && this.#options.strictCursor === true;
          if (wrong) this.#end('refused', problem);
          else this.#emitter.emit('reset');
        },
        done: () => {
          this.#backlog = undefined;
          this.#updateState();
        },
      });
    }
  }

  /** Undefined until the first answer, and with a `memory` from when it may not be read any more. */
  get timeline(): Timeline | undefined {
    return this.#timeline;
  }

  get state(): ReaderState {
    return this.#state;
  }

  /** As of when what is held is known to be true. RFC 3339. */
  get trueAt(): string {
    // A device that slept for hours notices the loss when it wakes.
    return this.#behindSince ?? this.#asOf ?? this.#connection.lastHeardAt;
  }

  /** Everything up to here was told. */
  get cursor(): string | undefined {
    return this.#backlog?.cursor ?? this.#emittingCursor ?? this.#timeline?.cursor ?? this.#options.cursor;
  }

  on<K extends keyof ReaderEvents>(name: K, listener: (...args: ReaderEvents[K]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  /** Connects. Listen first, then open. */
  open(): this {
    if (this.#ended !== undefined || this.#isOpen) return this;
    this.#isOpen = true;
    this.#stopListening = onPageLifecycle({
      wake: (network) => this.#wake(network),
      hide: () => this.persistence?.flush(),
      leave: () => this.#connection.rest(),
    });
    void this.#open();
    return this;
  }

  async #open(): Promise<void> {
    const { timeline, cursor } = this.#options;
    if (this.persistence !== undefined && timeline === undefined && cursor === undefined) {
      const saved = await this.persistence.load();
      if (this.#ended !== undefined) return;
      if (saved !== undefined) this.#startFrom(saved);
      if (this.#timeline !== undefined) this.#setTimeline(this.#timeline);
    }
    this.#connection.open();
  }

  close(): void {
    this.#end('closed', undefined);
  }

  /** What to give back later to go on from here; undefined while there is nothing. */
  save(): SavedReader | undefined {
    const { cursor } = this;
    if (cursor === undefined) return undefined;
    const timeline = cursor === this.#timeline?.cursor ? this.#restartSupport?.save(this.#timeline) : undefined;
    return timeline ? { cursor, asOf: this.trueAt, timeline } : { cursor };
  }

  /**
   * The app is in the foreground again, or the device awake: a connection that may be dead is checked, or made, now instead of when its
   * time has come. A page's own signs of that are heeded without being told.
   */
  wake(): void {
    this.#wake(false);
  }

  /**
   * Pages on towards the first post. False where there is nothing older. Throws where the server refuses or cannot be reached, and where what
   * answers is none.
   */
  async loadOlder(limit?: number): Promise<boolean> {
    await this.#pages.older(limit);
    return this.#timeline !== undefined && !reachedEnd(this.#timeline);
  }

  /** Pages on towards the newest post, after `moveTo`. False where the window reaches it. */
  async loadNewer(limit?: number): Promise<boolean> {
    await this.#pages.newer(limit);
    return this.#timeline?.ceiling !== null;
  }

  /** Shows the posts below this `seq` instead of the window held, or the newest ones. */
  async moveTo(before: number | null, limit?: number): Promise<void> {
    await this.#pages.moveTo(before, limit);
  }

  /** Shows this post and those below it instead of the window held. False where the channel has no such post. */
  async moveToPost(postId: string, limit?: number): Promise<boolean> {
    const seq = await this.#pages.seqOf(postId);
    if (seq !== undefined) await this.#pages.moveTo(seq + 1, limit);
    return seq !== undefined;
  }

  /** Holds no more than the posts with a `seq` from `floor` to `ceiling`, null being as far as it does. The others are paged for again. */
  narrow(floor: number, ceiling: number | null): void {
    const timeline = this.#timeline && narrow(this.#timeline, floor, ceiling);
    if (timeline !== undefined && timeline !== this.#timeline) this.#setTimeline(timeline);
  }

  // ---- What happens

  #onUp(): void {
    this.#isOffline = false;
    this.#behindSince ??= this.#asOf ?? undefined;
    this.#asOf = null;
    this.#follower.onUp();
  }

  #onDown(): void {
    this.#isOffline = true;
    this.#follower.onDown();
    this.#updateState();
  }

  #wake(network: boolean): void {
    if (this.#ended !== undefined) return;
    this.#connection.wake(network);
    this.#follower.onWake(network, this.#state.status === 'live');
  }

  #applyEvent(event: Event): void {
    if (this.#timeline === undefined) return;
    const before = 'post' in event ? held(this.#timeline, event.post.id) : undefined;
    this.#timeline = applyEvent(this.#timeline, event);
    this.#emitEvents([{ event, before }]);
    this.#setTimeline(this.#timeline);
  }

  #applyCatchUp(catchUp: CatchUp): void {
    const earlier = this.#timeline;
    const news = newsIn(earlier, catchUp).map((event) => {
      return { event, before: earlier && 'post' in event ? held(earlier, event.post.id) : undefined };
    });
    this.#timeline = applyCatchUp(earlier, catchUp);
    if (catchUp.mode === 'snapshot') {
      // What a history that is no longer ours would still have told, is void with it.
      if (earlier !== undefined) {
        this.#backlog?.abandon();
        this.#backlog = undefined;
      }
      this.#backlog?.begin(catchUp.covers.to);
      if (earlier !== undefined) {
        this.#pages.reset();
        this.persistence?.changed(true);
        this.#emitter.emit('reset');
      }
    }
    this.#emitEvents(news);
    if (this.#timeline !== undefined && this.#timeline !== earlier) this.#setTimeline(this.#timeline);
  }

  // ---- Telling

  #emitEvents(news: readonly { event: Event; before: ReaderPost | undefined }[]): void {
    const isWithdrawal = news.some(({ event }) => 'post' in event && isWithdrawn(event.post));
    if (isWithdrawal) this.persistence?.changed(true);
    for (const [at, { event, before }] of news.entries()) {
      if (this.#ended !== undefined) return;
      if (this.#backlog !== undefined) this.#backlog.queue(event);
      else {
        this.#emittingCursor = at + 1 < news.length ? event.cursor : undefined;
        this.#emitter.emit('event', event, before);
      }
    }
  }

  #setTimeline(timeline: Timeline): void {
    if (this.#ended !== undefined) return;
    this.#timeline = timeline;
    this.#emitter.emit('timeline', timeline);
    this.persistence?.changed(false);
    this.#pages.moved();
  }

  #end(reason: EndedReason, problem: Problem | undefined): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason, problem };
    this.#follower.close();
    this.#stopListening();
    this.#connection.close();
    this.#pages.close();
    this.#backlog?.abandon();
    if (reason === 'closed' || reason === 'expired') this.persistence?.close();
    else {
      this.persistence?.forget();
      if (this.#restartSupport) this.#timeline = undefined;
    }
    this.#updateState();
  }

  #updateState(): void {
    const state = this.#currentState();
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#emitter.emit('state', state);
  }

  #currentState(): ReaderState {
    if (this.#ended !== undefined) return { status: 'ended', ...this.#ended };
    const { transport } = this.#connection;
    const asOf = this.#asOf;
    if (!this.#follower.isCatchingUp && transport !== undefined && this.#backlog === undefined) {
      this.#behindSince = undefined;
      return { status: 'live', transport, asOf };
    }
    this.#behindSince = this.trueAt;
    if (this.#isOffline) return { status: 'offline', since: this.#behindSince };
    return { status: 'catching-up', transport: transport ?? null, asOf };
  }
}
