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

/** The parts that only a restartable reader needs: it resumes from a storage, from saved data or from a cursor. */
export interface RestartSupport {
  persistence(...given: ConstructorParameters<typeof Persistence>): Persistence;
  backlog(...given: ConstructorParameters<typeof Backlog>): Backlog;
  restore(saved: Timeline | SavedTimeline, channelId: string): Timeline | undefined;
  save(timeline: Timeline): SavedTimeline;
}

/**
 * A reader of one channel. Keeps a `Timeline` current through lost connections, server restarts and a change of history, and
 * emits every change that it applies. `follower.ts` decides what to apply and when to request it.
 *
 * Without `restartSupport` it starts from scratch or from a given `Timeline`. That is enough for a page, which then loads less
 * code.
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
  /** While something may be missing: the time as of which the timeline is known to be current. */
  #behindSince: string | undefined;
  #ended: { reason: EndedReason; problem: Problem | undefined } | undefined;
  #asOf: string | null = null;
  #isOpen = false;
  /** While an event is emitted and others of the same answer follow: the cursor of that event. */
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

  /** Undefined until the first answer. With `restartSupport`, also undefined once the channel may no longer be read. */
  get timeline(): Timeline | undefined {
    return this.#timeline;
  }

  get state(): ReaderState {
    return this.#state;
  }

  /** The time as of which the timeline is known to be current. RFC 3339. */
  get trueAt(): string {
    // A device that slept for hours notices the lost connection only when it wakes.
    return this.#behindSince ?? this.#asOf ?? this.#connection.lastHeardAt;
  }

  /** Everything up to this cursor was emitted. */
  get cursor(): string | undefined {
    return this.#backlog?.cursor ?? this.#emittingCursor ?? this.#timeline?.cursor ?? this.#options.cursor;
  }

  on<K extends keyof ReaderEvents>(name: K, listener: (...args: ReaderEvents[K]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  /** Connects. Add listeners first. */
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

  /** The state from which a later reader can resume. Undefined until there is a cursor. */
  save(): SavedReader | undefined {
    const { cursor } = this;
    if (cursor === undefined) return undefined;
    const timeline = cursor === this.#timeline?.cursor ? this.#restartSupport?.save(this.#timeline) : undefined;
    return timeline ? { cursor, asOf: this.trueAt, timeline } : { cursor };
  }

  /**
   * Call this when the app returns to the foreground or the device wakes. Checks or makes the connection now instead of waiting
   * for the next attempt. In a browser page this happens automatically.
   */
  wake(): void {
    this.#wake(false);
  }

  /**
   * Loads the next older page. Returns false if there is nothing older. Throws if the server refuses, cannot be reached, or the
   * answer is not from Pressbox.
   */
  async loadOlder(limit?: number): Promise<boolean> {
    await this.#pages.older(limit);
    return this.#timeline !== undefined && !reachedEnd(this.#timeline);
  }

  /** Loads the next newer page, after `moveTo`. Returns false if the window reaches the newest post. */
  async loadNewer(limit?: number): Promise<boolean> {
    await this.#pages.newer(limit);
    return this.#timeline?.ceiling !== null;
  }

  /** Replaces the window by the posts below this `seq`, or by the newest posts if null. */
  async moveTo(before: number | null, limit?: number): Promise<void> {
    await this.#pages.moveTo(before, limit);
  }

  /** Replaces the window by this post and those below it. Returns false if the channel has no such post. */
  async moveToPost(postId: string, limit?: number): Promise<boolean> {
    const seq = await this.#pages.seqOf(postId);
    if (seq !== undefined) await this.#pages.moveTo(seq + 1, limit);
    return seq !== undefined;
  }

  /**
   * Reduces the window to the posts with a `seq` from `floor` to `ceiling`; null keeps the current upper end. The dropped posts
   * are loaded again when paging.
   */
  narrow(floor: number, ceiling: number | null): void {
    const timeline = this.#timeline && narrow(this.#timeline, floor, ceiling);
    if (timeline !== undefined && timeline !== this.#timeline) this.#setTimeline(timeline);
  }

  // ---- Events

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
      // The backlog belongs to the old history, so it is void.
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

  // ---- Emitting

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
