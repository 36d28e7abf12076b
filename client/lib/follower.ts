import { silenceMs } from '../../src/protocol/client-limits.ts';
import {
  type Followed,
  type FollowState,
  follow,
  type Heard,
  type Place,
  startFollowing,
} from '../../src/protocol/gap-algorithm.ts';
import type { CatchUp, Event } from '../../src/protocol/model.ts';
import type { Problem } from '../../src/protocol/problems.ts';
import { asking, pauseMs } from './backoff.ts';
import type { Connection } from './connection.ts';
import { Trail } from './cursor-history.ts';
import { passes } from './http.ts';
import type { EndedReason } from './reader-types.ts';
import type { SubscribeAnswer, SubscribeRequest } from './transports/link.ts';

/**
 * Follows one channel over a connection: hands on each event once and in order, and asks for what is missing until it is answered, with a
 * pause after each attempt that fails. The gap algorithm is the server's own, `src/protocol/gap-algorithm.ts`, with the cursor as the check of a
 * place.
 */
export interface Told {
  /** The next one. */
  event(event: Event): void;
  /** Everything after the place so far; or, as a snapshot, instead of everything so far. */
  catchUp(catchUp: CatchUp): void;
  /** `isAsking` may be another. */
  changed(): void;
  /** It will not go on by itself. */
  ended(reason: EndedReason, problem: Problem | undefined): void;
}

/** A subscribe is not answered: a server that catches up many readers at once may need a while. Milliseconds. */
const answerMs = 30_000;
/** The same after a wake-up, when the connection may be dead. */
const checkMs = 3_000;
/** Nobody needs to ask whether a connection is alive over which something came just now. */
const freshMs = 2_000;

export class Follower {
  readonly #channelId: string;
  readonly #limit: number | undefined;
  readonly #random: () => number;
  readonly #connection: Connection;
  readonly #told: Told;
  readonly trail = new Trail();
  #following: FollowState = startFollowing();
  /** Not subscribed, until there is a link with a fresh token. */
  #renewing = false;
  /** After a wake-up a read asks whether the connection is alive. `quietly`: until it is answered nobody is told that something is asked. */
  #checking: 'quietly' | 'openly' | undefined;
  /** Subscribes that failed in a row. */
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** By the server, before the next subscribe. */
  #askedToWait = false;
  #closed = false;

  /** `limit`: posts to begin with. */
  constructor(channelId: string, limit: number | undefined, random: () => number, connection: Connection, told: Told) {
    this.#channelId = channelId;
    this.#limit = limit;
    this.#random = random;
    this.#connection = connection;
    this.#told = told;
  }

  /** Before the connection is opened. */
  startFrom(place: Place | undefined): void {
    this.#following = startFollowing(place);
    if (place !== undefined) this.trail.come(place);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
  }

  /** Something may be missing, and nothing says yet that it is not. */
  get isAsking(): boolean {
    const { read, waiting, place } = this.#following;
    return (read !== 0 && this.#checking !== 'quietly') || waiting || place === undefined || this.#renewing;
  }

  /** What there is to ask for now. */
  get request(): SubscribeRequest {
    return this.#requestAfter(this.#following.place?.check);
  }

  // ---- What happens on the connection

  onUp(): void {
    this.#renewing = false;
    this.#checking = undefined;
    this.#askAgain();
  }

  onDown(): void {
    this.#checking = undefined;
    this.#giveUpRead();
  }

  /** The device is awake, and the connection was woken. `isLive`: the reader believes that it is. `network`: it may be another one. */
  onWake(network: boolean, isLive: boolean): void {
    const { up, silentMs } = this.#connection;
    if (!up || silentMs < freshMs || this.#renewing) return;
    // It is being asked already, or the server asked to be left alone for a while.
    if (this.#checking !== undefined || (this.#askedToWait && !network)) return;
    this.#checking = isLive && silentMs < silenceMs ? 'quietly' : 'openly';
    this.#askAgain();
  }

  onMissed(): void {
    this.#hear({ type: 'maybe-missed' });
  }

  onEvent(event: Event): void {
    const { place, read } = this.#following;
    if (event.channelId !== this.#channelId || place === undefined) return;
    // The subscribe under way answers what is between, or the subscription that it makes brings the event again.
    if (read !== 0 && event.from > place.offset + 1) return;

    const step = { from: event.from, offset: event.offset, check: event.cursor };
    const followed = this.#advance({ type: 'step', step });
    if (followed.verdict === 'deliver') this.#told.event(event);
    this.#act(followed);
  }

  onUnsubscribed({ channelId, reason }: { channelId: string; reason: string }): void {
    if (channelId !== this.#channelId) return;
    switch (reason) {
      case 'slow':
      case 'history':
        return this.#hear({ type: 'maybe-missed' });
      case 'expired':
      case 'revoked':
        // A connection keeps the token that it was made with.
        return this.#connection.renewable ? this.#renew() : this.#told.ended(reason, undefined);
      case 'forbidden':
      case 'gone':
        return this.#told.ended(reason, undefined);
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
    const { place } = followed.state;
    if (place !== undefined && place !== this.#following.place) this.trail.come(place);
    this.#following = followed.state;
    return followed;
  }

  #act(followed: Followed): void {
    if (followed.read !== undefined) this.#subscribe(followed.read.number, followed.read.after?.check);
    this.#told.changed();
  }

  #askAgain(): void {
    this.#giveUpRead();
    this.#hear({ type: this.#following.waiting ? 'retry' : 'maybe-missed' });
  }

  /** What was asked on a link that is gone will not be answered. */
  #giveUpRead(): void {
    clearTimeout(this.#retry);
    this.#askedToWait = false;
    if (this.#following.read !== 0) this.#advance({ type: 'failed', read: this.#following.read });
  }

  // ---- Asking

  #subscribe(read: number, after: string | undefined): void {
    const checking = this.#checking !== undefined;
    this.#connection.subscribe(
      this.#requestAfter(after),
      (said) => {
        if (read !== this.#following.read || this.#closed) return;
        this.#checking = undefined;
        if (said?.ok === true) this.#onCatchUp(read, said);
        else if (said === undefined && checking) this.#connection.redo();
        else this.#onRefusal(read, said?.problem);
      },
      checking ? checkMs : answerMs,
    );
  }

  #requestAfter(after: string | undefined): SubscribeRequest {
    const limit = this.#limit;
    return { channelId: this.#channelId, ...(after !== undefined && { after }), ...(limit !== undefined && { limit }) };
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
    if (reset) this.trail.forget();
    const followed = this.#advance({ type: 'answer', answer: { read, to: place, reset, more: catchUp.more } });
    if (followed.verdict === 'take') this.#told.catchUp(catchUp);
    this.#act(followed);
  }

  #onRefusal(read: number, problem: Problem | undefined): void {
    if (problem === undefined || passes(problem)) return this.#pauseAfter(read, (problem?.retryAfter ?? 0) * 1_000);
    if (problem.code === 'invalid-cursor') return this.#startAnew();
    const lacksToken = problem.code === 'token-invalid' || problem.code === 'token-missing';
    if (lacksToken && this.#connection.renewable) return this.#renew();
    this.#told.ended(problem.code === 'channel-deleted' ? 'gone' : 'refused', problem);
  }

  /** The cursor is none that this server gives out: what it stood for is unknown here. */
  #startAnew(): void {
    this.#following = { ...startFollowing(), reads: this.#following.reads };
    this.trail.forget();
    this.#hear({ type: 'maybe-missed' });
  }

  #renew(): void {
    this.#renewing = true;
    this.#connection.renew();
    this.#told.changed();
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
}
