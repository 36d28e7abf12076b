import { type Followed, type FollowState, follow, type Heard, startFollowing } from '../src/protocol/follow.ts';
import type { CatchUp, Event, ReaderPost } from '../src/protocol/model.ts';
import type { Problem } from '../src/protocol/problems.ts';
import { Backlog } from './backlog.ts';
import { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import { Http, passes } from './http.ts';
import { Keeper } from './keeper.ts';
import { Pages } from './pages.ts';
import type { EndedReason, ReaderClientOptions, ReaderEvents, ReaderState, SavedReader } from './reader.ts';
import { asking, pauseMs } from './reconnect.ts';
import { listen } from './surroundings.ts';
import { applyCatchUp, applyEvent, held, newsIn, reachedEnd, type Timeline } from './timeline.ts';
import { restoreTimeline, saveTimeline } from './timeline-saved.ts';
import { type SubscribeAnswer, type SubscribeRequest, silenceMs } from './transports/link.ts';

/**
 * A reader of one channel. Keeps a `Timeline` that is brought up to date by pushed events, over losses of the connection, restarts of the
 * server and its move to another history, and tells what it applied. The gap algorithm is the server's own, `src/protocol/follow.ts`,
 * with the cursor as the check of a place.
 */
/** A subscribe is not answered: a server that catches up many readers at once may need a while. Milliseconds. */
const answerMs = 30_000;
/** The same after a wake-up, when the connection may be dead. */
const checkMs = 3_000;
/** Nobody needs to ask whether a connection is alive over which something came just now. */
const freshMs = 2_000;

export class ReaderClient {
  readonly channelId: string;
  readonly #options: ReaderClientOptions;
  readonly #random: () => number;
  readonly #connection: Connection;
  readonly #told = new Emitter<ReaderEvents>();
  readonly #pages: Pages;
  readonly #http: Http;
  readonly #keeper: Keeper | undefined;
  #backlog: Backlog | undefined;
  #timeline: Timeline | undefined;
  #following: FollowState = startFollowing();
  #state: ReaderState = { status: 'catching-up', transport: null, asOf: null };
  #offlineSince: string | undefined;
  #ended: { reason: EndedReason; problem: Problem | undefined } | undefined;
  #asOf: string | null = null;
  /** Not subscribed, until there is a link with a fresh token. */
  #renewing = false;
  /** After a wake-up a read asks whether the connection is alive. `quietly`: until it is answered the state stays what it was. */
  #checking: 'quietly' | 'openly' | undefined;
  #opened = false;
  #stopListening: () => void = () => {};
  /** Subscribes that failed in a row. */
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** By the server, before the next subscribe. */
  #askedToWait = false;

  constructor(options: ReaderClientOptions) {
    const { channelId, storage } = options;
    this.channelId = channelId;
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#http = new Http(options);
    this.#keeper = storage && new Keeper(storage, options.url, channelId, () => this.save());
    this.#startFrom(options);
    this.#pages = new Pages(channelId, this.#http, this.#random, {
      read: () => this.#timeline,
      write: (next) => this.#show(next),
    });
    this.#connection = new Connection(options, this.#http, () => this.#request(this.#following.place?.check));
    this.#connection.on('up', () => this.#onUp());
    this.#connection.on('down', () => this.#onDown());
    this.#connection.on('refused', (problem) => this.#end('refused', problem));
    this.#connection.on('event', (event) => this.#onEvent(event));
    this.#connection.on('missed', () => this.#hear({ type: 'maybe-missed' }));
    this.#connection.on('unsubscribed', ({ channelId, reason }) => {
      if (channelId === this.channelId) this.#onUnsubscribed(reason);
    });
    this.#connection.on('store', ({ reachable, since }) => {
      this.#asOf = reachable ? null : since;
      this.#tellState();
    });
  }

  #startFrom({ timeline, cursor }: Pick<ReaderClientOptions, 'timeline' | 'cursor'>): void {
    this.#timeline = timeline && restoreTimeline(timeline, this.channelId);
    this.#following = startFollowing(this.#timeline && { offset: this.#timeline.offset, check: this.#timeline.cursor });
    if (this.#timeline === undefined && cursor !== undefined) {
      this.#backlog = new Backlog(this.channelId, cursor, this.#http, this.#random, {
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

  /** Undefined until the first answer. */
  get timeline(): Timeline | undefined {
    return this.#timeline;
  }

  get state(): ReaderState {
    return this.#state;
  }

  /** Everything up to here was told. */
  get cursor(): string | undefined {
    return this.#backlog?.cursor ?? this.#timeline?.cursor ?? this.#options.cursor;
  }

  on<K extends keyof ReaderEvents>(name: K, listener: (...told: ReaderEvents[K]) => void): () => void {
    return this.#told.on(name, listener);
  }

  /** Connects. Listen first, then open. */
  open(): this {
    if (this.#ended !== undefined || this.#opened) return this;
    this.#opened = true;
    this.#stopListening = listen({ wake: (network) => this.#wake(network), hide: () => this.#keeper?.flush() });
    void this.#open();
    return this;
  }

  async #open(): Promise<void> {
    const { timeline, cursor } = this.#options;
    if (this.#keeper !== undefined && timeline === undefined && cursor === undefined) {
      const saved = await this.#keeper.load();
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
    return this.#timeline && !this.#backlog ? { cursor, timeline: saveTimeline(this.#timeline) } : { cursor };
  }

  /**
   * The app is in the foreground again, or the device awake: a connection that may be dead is checked, or made, now instead of when its
   * time has come. A page's own signs of that are heeded without being told.
   */
  wake(): void {
    this.#wake(false);
  }

  /** Pages on towards the first post. False where there is nothing older. Throws where the server refuses or cannot be reached. */
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

  // ---- What happens on the connection

  #onUp(): void {
    this.#offlineSince = undefined;
    this.#asOf = null;
    this.#renewing = false;
    this.#checking = undefined;
    this.#askAgain();
  }

  #wake(network: boolean): void {
    if (this.#ended !== undefined) return;
    this.#connection.wake(network);
    const { up, silentMs } = this.#connection;
    if (!up || silentMs < freshMs || this.#renewing) return;
    // It is being asked already, or the server asked to be left alone for a while.
    if (this.#checking !== undefined || (this.#askedToWait && !network)) return;
    this.#checking = this.#state.status === 'live' && silentMs < silenceMs ? 'quietly' : 'openly';
    this.#askAgain();
  }

  #askAgain(): void {
    this.#giveUpRead();
    this.#hear({ type: this.#following.waiting ? 'retry' : 'maybe-missed' });
  }

  #onDown(): void {
    this.#checking = undefined;
    this.#offlineSince ??= new Date(this.#options.now?.() ?? Date.now()).toISOString();
    this.#giveUpRead();
    this.#tellState();
  }

  /** What was asked on a link that is gone will not be answered. */
  #giveUpRead(): void {
    clearTimeout(this.#retry);
    this.#askedToWait = false;
    if (this.#following.read !== 0)
      this.#following = follow(this.#following, { type: 'failed', read: this.#following.read }).state;
  }

  #onEvent(event: Event): void {
    const { place, read } = this.#following;
    if (event.channelId !== this.channelId || this.#timeline === undefined || place === undefined) return;
    // The subscribe under way answers what is between, or the subscription that it makes brings the event again.
    if (read !== 0 && event.from > place.offset + 1) return;

    const step = { from: event.from, offset: event.offset, check: event.cursor };
    const followed = this.#advance({ type: 'step', step });
    if (followed.verdict === 'deliver') {
      const before = 'post' in event ? held(this.#timeline, event.post.id) : undefined;
      this.#timeline = applyEvent(this.#timeline, event);
      this.#tellEvents([{ event, before }]);
      this.#show(this.#timeline);
    }
    this.#act(followed);
  }

  #onUnsubscribed(reason: string): void {
    switch (reason) {
      case 'slow':
      case 'history':
        return this.#hear({ type: 'maybe-missed' });
      case 'expired':
      case 'revoked':
        // A connection keeps the token that it was made with.
        return this.#connection.renewable ? this.#renew() : this.#end(reason, undefined);
      case 'forbidden':
      case 'gone':
        return this.#end(reason, undefined);
      default:
        // Of a later version. That the subscription has ended is known all the same.
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => this.#hear({ type: 'maybe-missed' }), this.#pauseMs(0));
    }
  }

  // ---- The gap algorithm, and what it says to do

  #hear(heard: Heard): void {
    this.#act(this.#advance(heard));
  }

  #advance(heard: Heard): Followed {
    const followed = follow(this.#following, heard);
    this.#following = followed.state;
    return followed;
  }

  #act(followed: Followed): void {
    if (followed.read !== undefined) this.#subscribe(followed.read.number, followed.read.after?.check);
    this.#tellState();
  }

  #subscribe(read: number, after: string | undefined): void {
    const checking = this.#checking !== undefined;
    this.#connection.subscribe(
      this.#request(after),
      (said) => {
        if (read !== this.#following.read || this.#ended !== undefined) return;
        this.#checking = undefined;
        if (said?.ok === true) this.#onCatchUp(read, said);
        else if (said === undefined && checking) this.#connection.redo();
        else this.#onRefusal(read, said?.problem);
      },
      checking ? checkMs : answerMs,
    );
  }

  #request(after: string | undefined): SubscribeRequest {
    const { limit } = this.#options;
    return { channelId: this.channelId, ...(after !== undefined && { after }), ...(limit !== undefined && { limit }) };
  }

  #onCatchUp(read: number, answer: SubscribeAnswer & { ok: true }): void {
    const { ok: _ok, ...catchUp } = answer;
    const { to } = catchUp.covers;
    const reset = catchUp.mode === 'snapshot';
    // More to come, and not a step nearer to it: asked again at once, it would go on for ever.
    if (catchUp.more && !reset && to <= (this.#following.place?.offset ?? -1)) return this.#pauseAfter(read, 0);

    this.#failures = 0;
    this.#connection.proved();
    const place = { offset: to, check: catchUp.cursor };
    const followed = this.#advance({ type: 'answer', answer: { read, to: place, reset, more: catchUp.more } });
    if (followed.verdict === 'take') this.#take(catchUp);
    this.#act(followed);
  }

  #take(catchUp: CatchUp): void {
    const earlier = this.#timeline;
    const news = newsIn(earlier, catchUp).map((event) => {
      return { event, before: earlier && 'post' in event ? held(earlier, event.post.id) : undefined };
    });
    this.#timeline = applyCatchUp(earlier, catchUp);
    if (catchUp.mode === 'snapshot') {
      // What a history that is no longer ours would still have told, is void with it.
      if (earlier !== undefined) this.#backlog?.abandon();
      this.#backlog?.begin(catchUp.covers.to);
      if (earlier !== undefined) {
        this.#pages.reset();
        this.#keeper?.changed(true);
        this.#told.emit('reset');
      }
    }
    this.#tellEvents(news);
    if (this.#timeline !== undefined && this.#timeline !== earlier) this.#show(this.#timeline);
  }

  #onRefusal(read: number, problem: Problem | undefined): void {
    if (problem === undefined || passes(problem)) return this.#pauseAfter(read, (problem?.retryAfter ?? 0) * 1_000);
    if (problem.code === 'invalid-cursor') return this.#startAnew();
    const lacksToken = problem.code === 'token-invalid' || problem.code === 'token-missing';
    if (lacksToken && this.#connection.renewable) return this.#renew();
    this.#end(problem.code === 'channel-deleted' ? 'gone' : 'refused', problem);
  }

  /** The cursor is none that this server gives out: what it stood for is unknown here. */
  #startAnew(): void {
    this.#following = { ...startFollowing(), reads: this.#following.reads };
    this.#hear({ type: 'maybe-missed' });
  }

  #renew(): void {
    this.#renewing = true;
    this.#connection.renew();
    this.#tellState();
  }

  #pauseAfter(read: number, atLeastMs: number): void {
    this.#hear({ type: 'failed', read });
    if (!this.#connection.up) return;
    clearTimeout(this.#retry);
    this.#askedToWait = atLeastMs > 0;
    this.#retry = setTimeout(() => {
      this.#askedToWait = false;
      this.#hear({ type: 'retry' });
    }, this.#pauseMs(atLeastMs));
  }

  #pauseMs(atLeastMs: number): number {
    this.#failures += 1;
    return pauseMs(this.#failures - 1, this.#random(), asking, atLeastMs);
  }

  // ---- Telling

  #tellEvents(news: readonly { event: Event; before: ReaderPost | undefined }[]): void {
    const isWithdrawal = news.some(({ event }) => 'post' in event && event.post.status !== 'published');
    if (isWithdrawal) this.#keeper?.changed(true);
    for (const { event, before } of news) {
      if (this.#backlog !== undefined) this.#backlog.queue(event);
      else this.#told.emit('event', event, before);
    }
  }

  #show(timeline: Timeline): void {
    this.#timeline = timeline;
    this.#told.emit('timeline', timeline);
    this.#keeper?.changed(false);
    this.#pages.askForNeeds();
  }

  #end(reason: EndedReason, problem: Problem | undefined): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason, problem };
    clearTimeout(this.#retry);
    this.#stopListening();
    this.#connection.close();
    this.#pages.close();
    this.#backlog?.abandon();
    if (reason === 'closed' || reason === 'expired') this.#keeper?.close();
    else this.#keeper?.forget();
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
    if (this.#offlineSince !== undefined) return { status: 'offline', since: this.#offlineSince };
    const { read, waiting, place } = this.#following;
    const asks = (read !== 0 && this.#checking !== 'quietly') || waiting || place === undefined || this.#renewing;
    const { transport } = this.#connection;
    if (asks || transport === undefined || this.#backlog !== undefined) {
      return { status: 'catching-up', transport: transport ?? null, asOf: this.#asOf };
    }
    return { status: 'live', transport, asOf: this.#asOf };
  }
}
