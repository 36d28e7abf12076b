import { type CatchUp, type Event, isWithdrawn, type ReaderPost } from '../../src/protocol/model.ts';
import type { Problem } from '../../src/protocol/problems.ts';
import type { Backlog } from './backlog.ts';
import { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import { Follower } from './follower.ts';
import { Http } from './http.ts';
import { listen } from './page-lifecycle.ts';
import { Pages } from './page-requests.ts';
import type { Keeper } from './persistence.ts';
import type { EndedReason, ReaderClientOptions, ReaderEvents, ReaderState, SavedReader } from './reader-types.ts';
import type { SavedTimeline } from './timeline/saved-timeline.ts';
import { applyCatchUp, applyEvent, held, newsIn, reachedEnd, type Timeline } from './timeline/timeline.ts';
import { narrow } from './timeline/timeline-pages.ts';

/** What only a reader needs that goes on after a restart: from a storage, from what was saved, or from a cursor. */
export interface Memory {
  keeper(...given: ConstructorParameters<typeof Keeper>): Keeper;
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
  readonly #told = new Emitter<ReaderEvents>();
  readonly #pages: Pages;
  readonly #http: Http;
  protected readonly keeper: Keeper | undefined;
  readonly #memory: Memory | undefined;
  #backlog: Backlog | undefined;
  #timeline: Timeline | undefined;
  #state: ReaderState = { status: 'catching-up', transport: null, asOf: null };
  #isOffline = false;
  /** As of when what is held is true, from the moment in which something may be missing until nothing is. */
  #behindSince: string | undefined;
  #ended: { reason: EndedReason; problem: Problem | undefined } | undefined;
  #asOf: string | null = null;
  #opened = false;
  /** Of the event that is told, while others of the same answer are still to be. */
  #telling: string | undefined;
  #stopListening: () => void = () => {};

  constructor(options: ReaderClientOptions, memory?: Memory) {
    const { channelId, storage } = options;
    this.channelId = channelId;
    this.#memory = memory;
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#http = new Http(options);
    this.keeper = storage && memory?.keeper(storage, options.url, channelId, () => this.save());
    this.#pages = new Pages(channelId, this.#http, this.#random, {
      read: () => this.#timeline,
      write: (next) => this.#show(next),
      find: (cursor) => this.#follower.trail.find(cursor),
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
        this.#tellState();
      },
    });
    this.#follower = new Follower(channelId, options.limit, this.#random, this.#connection, {
      event: (event) => this.#apply(event),
      catchUp: (catchUp) => this.#take(catchUp),
      changed: () => this.#tellState(),
      ended: (reason, problem) => this.#end(reason, problem),
    });
    this.#startFrom(options);
  }

  #startFrom({ timeline, cursor, asOf }: Pick<ReaderClientOptions, 'timeline' | 'cursor' | 'asOf'>): void {
    this.#behindSince = asOf;
    this.#timeline = timeline && (this.#memory ? this.#memory.restore(timeline, this.channelId) : (timeline as Timeline));
    this.#follower.startFrom(this.#timeline && { offset: this.#timeline.offset, check: this.#timeline.cursor });
    if (this.#timeline === undefined && cursor !== undefined) {
      this.#backlog = this.#memory?.backlog(this.channelId, cursor, this.#http, this.#random, {
        event: (event) => this.#told.emit('event', event, undefined),
        reset: (problem) => {
          const wrong = problem?.code === 'invalid-cursor' && this.#options.strictCursor === true;
          if (wrong) this.#end('refused', problem);
          else this.#told.emit('reset');
        },
        done: () => {
          this.#backlog = undefined;
          this.#tellState();
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
    return this.#behindSince ?? this.#asOf ?? this.#connection.heardAt;
  }

  /** Everything up to here was told. */
  get cursor(): string | undefined {
    return this.#backlog?.cursor ?? this.#telling ?? this.#timeline?.cursor ?? this.#options.cursor;
  }

  on<K extends keyof ReaderEvents>(name: K, listener: (...told: ReaderEvents[K]) => void): () => void {
    return this.#told.on(name, listener);
  }

  /** Connects. Listen first, then open. */
  open(): this {
    if (this.#ended !== undefined || this.#opened) return this;
    this.#opened = true;
    this.#stopListening = listen({
      wake: (network) => this.#wake(network),
      hide: () => this.keeper?.flush(),
      leave: () => this.#connection.rest(),
    });
    void this.#open();
    return this;
  }

  async #open(): Promise<void> {
    const { timeline, cursor } = this.#options;
    if (this.keeper !== undefined && timeline === undefined && cursor === undefined) {
      const saved = await this.keeper.load();
      if (this.#ended !== undefined) return;
      if (saved !== undefined) this.#startFrom(saved);
      if (this.#timeline !== undefined) this.#show(this.#timeline);
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
    const timeline = cursor === this.#timeline?.cursor ? this.#memory?.save(this.#timeline) : undefined;
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
    if (timeline !== undefined && timeline !== this.#timeline) this.#show(timeline);
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
    this.#tellState();
  }

  #wake(network: boolean): void {
    if (this.#ended !== undefined) return;
    this.#connection.wake(network);
    this.#follower.onWake(network, this.#state.status === 'live');
  }

  #apply(event: Event): void {
    if (this.#timeline === undefined) return;
    const before = 'post' in event ? held(this.#timeline, event.post.id) : undefined;
    this.#timeline = applyEvent(this.#timeline, event);
    this.#tellEvents([{ event, before }]);
    this.#show(this.#timeline);
  }

  #take(catchUp: CatchUp): void {
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
        this.keeper?.changed(true);
        this.#told.emit('reset');
      }
    }
    this.#tellEvents(news);
    if (this.#timeline !== undefined && this.#timeline !== earlier) this.#show(this.#timeline);
  }

  // ---- Telling

  #tellEvents(news: readonly { event: Event; before: ReaderPost | undefined }[]): void {
    const isWithdrawal = news.some(({ event }) => 'post' in event && isWithdrawn(event.post));
    if (isWithdrawal) this.keeper?.changed(true);
    for (const [at, { event, before }] of news.entries()) {
      if (this.#ended !== undefined) return;
      if (this.#backlog !== undefined) this.#backlog.queue(event);
      else {
        this.#telling = at + 1 < news.length ? event.cursor : undefined;
        this.#told.emit('event', event, before);
      }
    }
  }

  #show(timeline: Timeline): void {
    if (this.#ended !== undefined) return;
    this.#timeline = timeline;
    this.#told.emit('timeline', timeline);
    this.keeper?.changed(false);
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
    if (reason === 'closed' || reason === 'expired') this.keeper?.close();
    else {
      this.keeper?.forget();
      if (this.#memory) this.#timeline = undefined;
    }
    this.#tellState();
  }

  #tellState(): void {
    const state = this.#currentState();
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#told.emit('state', state);
  }

  #currentState(): ReaderState {
    if (this.#ended !== undefined) return { status: 'ended', ...this.#ended };
    const { transport } = this.#connection;
    const asOf = this.#asOf;
    if (!this.#follower.isAsking && transport !== undefined && this.#backlog === undefined) {
      this.#behindSince = undefined;
      return { status: 'live', transport, asOf };
    }
    this.#behindSince = this.trueAt;
    if (this.#isOffline) return { status: 'offline', since: this.#behindSince };
    return { status: 'catching-up', transport: transport ?? null, asOf };
  }
}
