import { silenceMs } from '../../src/protocol/client-limits.ts';
import {
  type FollowInput,
  type FollowPosition,
  type FollowResult,
  type FollowState,
  follow,
  startFollowing,
} from '../../src/protocol/gap-algorithm.ts';
import type { CatchUp, Event } from '../../src/protocol/model.ts';
import type { Problem } from '../../src/protocol/problems.ts';
import { backoffMs, requestBackoff } from './backoff.ts';
import type { Connection } from './connection.ts';
import { CursorHistory } from './cursor-history.ts';
import { isTransient } from './http.ts';
import type { EndedReason } from './reader-types.ts';
import type { SubscribeRequest, SubscribeResponse } from './transports/link.ts';

/**
 * Follows one channel over a connection. Delivers each event once and in order. Requests missing events until they are answered,
 * with a pause after each failure. Uses the same gap algorithm as the server, `src/protocol/gap-algorithm.ts`, with the cursor as
 * the check of a position.
 */
export interface FollowerCallbacks {
  /** The next event. */
  event(event: Event): void;
  /** Everything after the current position, or a snapshot that replaces everything. */
  catchUp(catchUp: CatchUp): void;
  /** `isCatchingUp` may have changed. */
  changed(): void;
  /** Following has ended and will not resume by itself. */
  ended(reason: EndedReason, problem: Problem | undefined): void;
}

/** Timeout of a subscribe. A server that catches up many readers at once may need a while. Milliseconds. */
const subscribeTimeoutMs = 30_000;
/** Timeout of the liveness check after a wake-up, when the connection may be dead. */
const livenessTimeoutMs = 3_000;
/** A connection that received something this recently needs no liveness check. */
const recentlyHeardMs = 2_000;

export class Follower {
  readonly #channelId: string;
  readonly #limit: number | undefined;
  readonly #random: () => number;
  readonly #connection: Connection;
  readonly #callbacks: FollowerCallbacks;
  readonly cursorHistory = new CursorHistory();
  #state: FollowState = startFollowing();
  /** Waiting for a link with a fresh token. */
  #isRenewingToken = false;
  /** The liveness check after a wake-up. `quietly`: `isCatchingUp` stays false until it is answered. */
  #livenessCheck: 'quietly' | 'openly' | undefined;
  /** Failed subscribes in a row. */
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** The server asked to wait before the next subscribe. */
  #askedToWait = false;
  #closed = false;

  /** `limit`: number of posts in the first snapshot. */
  constructor(
    channelId: string,
    limit: number | undefined,
    random: () => number,
    connection: Connection,
    callbacks: FollowerCallbacks,
  ) {
    this.#channelId = channelId;
    this.#limit = limit;
    this.#random = random;
    this.#connection = connection;
    this.#callbacks = callbacks;
  }

  /** Call before the connection is opened. */
  startFrom(place: FollowPosition | undefined): void {
    this.#state = startFollowing(place);
    if (place !== undefined) this.cursorHistory.add(place);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
  }

  /** Whether something may be missing. */
  get isCatchingUp(): boolean {
    const { read, waiting, place } = this.#state;
    return (read !== 0 && this.#livenessCheck !== 'quietly') || waiting || place === undefined || this.#isRenewingToken;
  }

  /** What to request now. */
  get request(): SubscribeRequest {
    return this.#requestAfter(this.#state.place?.check);
  }

  // ---- Connection events

  onUp(): void {
    this.#isRenewingToken = false;
    this.#livenessCheck = undefined;
    this.#catchUpAgain();
  }

  onDown(): void {
    this.#livenessCheck = undefined;
    this.#giveUpRead();
  }

  /**
   * The device woke up, and `Connection.wake` was called. If nothing was received recently, sends a subscribe to check that the
   * connection is alive. `isLive`: the reader's state is `live`. `network`: the network may have changed.
   */
  onWake(network: boolean, isLive: boolean): void {
    const { up, silentMs } = this.#connection;
    if (!up || silentMs < recentlyHeardMs || this.#isRenewingToken) return;
    // A check is already under way, or the server asked to wait.
    if (this.#livenessCheck !== undefined || (this.#askedToWait && !network)) return;
    this.#livenessCheck = isLive && silentMs < silenceMs ? 'quietly' : 'openly';
    this.#catchUpAgain();
  }

  onMissed(): void {
    this.#dispatch({ type: 'maybe-missed' });
  }

  onEvent(event: Event): void {
    const { place, read } = this.#state;
    if (event.channelId !== this.#channelId || place === undefined) return;
    // The answer to the pending subscribe covers the gap, or the subscription will deliver this event again.
    if (read !== 0 && event.from > place.offset + 1) return;

    const step = { from: event.from, offset: event.offset, check: event.cursor };
    const followed = this.#advance({ type: 'step', step });
    if (followed.verdict === 'deliver') this.#callbacks.event(event);
    this.#perform(followed);
  }

  onUnsubscribed({ channelId, reason }: { channelId: string; reason: string }): void {
    if (channelId !== this.#channelId) return;
    switch (reason) {
      case 'slow':
      case 'history':
        return this.#dispatch({ type: 'maybe-missed' });
      case 'expired':
      case 'revoked':
        // A connection keeps the token that it was made with.
        return this.#connection.canRenewToken ? this.#renew() : this.#callbacks.ended(reason, undefined);
      case 'forbidden':
      case 'gone':
        return this.#callbacks.ended(reason, undefined);
      default:
        // A reason from a later server version. The subscription has ended in any case.
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => this.#dispatch({ type: 'maybe-missed' }), this.#pauseMs(0));
    }
  }

  // ---- Gap algorithm

  #dispatch(heard: FollowInput): void {
    this.#perform(this.#advance(heard));
  }

  #advance(heard: FollowInput): FollowResult {
    const followed = follow(this.#state, heard);
    const { place } = followed.state;
    if (place !== undefined && place !== this.#state.place) this.cursorHistory.add(place);
    this.#state = followed.state;
    return followed;
  }

  #perform(followed: FollowResult): void {
    if (followed.read !== undefined) this.#subscribe(followed.read.number, followed.read.after?.check);
    this.#callbacks.changed();
  }

  #catchUpAgain(): void {
    this.#giveUpRead();
    this.#dispatch({ type: this.#state.waiting ? 'retry' : 'maybe-missed' });
  }

  /** Requests on a lost link will not be answered. */
  #giveUpRead(): void {
    clearTimeout(this.#retry);
    this.#askedToWait = false;
    if (this.#state.read !== 0) this.#advance({ type: 'failed', read: this.#state.read });
  }

  // ---- Requests

  #subscribe(read: number, after: string | undefined): void {
    const checking = this.#livenessCheck !== undefined;
    this.#connection.subscribe(
      this.#requestAfter(after),
      (response) => {
        if (read !== this.#state.read || this.#closed) return;
        this.#livenessCheck = undefined;
        if (response?.ok === true) this.#onCatchUp(read, response);
        else if (response === undefined && checking) this.#connection.reconnect();
        else this.#onRefusal(read, response?.problem);
      },
      checking ? livenessTimeoutMs : subscribeTimeoutMs,
    );
  }

  #requestAfter(after: string | undefined): SubscribeRequest {
    const limit = this.#limit;
    return { channelId: this.#channelId, ...(after !== undefined && { after }), ...(limit !== undefined && { limit }) };
  }

  #onCatchUp(read: number, answer: SubscribeResponse & { ok: true }): void {
    const { ok: _ok, ...catchUp } = answer;
    const { to } = catchUp.covers;
    const reset = catchUp.mode === 'snapshot';
    // `more` without progress: pause, so that the requests do not loop.
    if (catchUp.more && !reset && to <= (this.#state.place?.offset ?? -1)) return this.#pauseAfter(read, 0);

    this.#failures = 0;
    this.#connection.confirmToken();
    const place = { offset: to, check: catchUp.cursor };
    if (reset) this.cursorHistory.clear();
    const followed = this.#advance({ type: 'answer', answer: { read, to: place, reset, more: catchUp.more } });
    if (followed.verdict === 'take') this.#callbacks.catchUp(catchUp);
    this.#perform(followed);
  }

  #onRefusal(read: number, problem: Problem | undefined): void {
    if (problem === undefined || isTransient(problem)) return this.#pauseAfter(read, (problem?.retryAfter ?? 0) * 1_000);
    if (problem.code === 'invalid-cursor') return this.#startAnew();
    const lacksToken = problem.code === 'token-invalid' || problem.code === 'token-missing';
    if (lacksToken && this.#connection.canRenewToken) return this.#renew();
    this.#callbacks.ended(problem.code === 'channel-deleted' ? 'gone' : 'refused', problem);
  }

  /** The server did not issue this cursor. Start again without it. */
  #startAnew(): void {
    this.#state = { ...startFollowing(), reads: this.#state.reads };
    this.cursorHistory.clear();
    this.#dispatch({ type: 'maybe-missed' });
  }

  #renew(): void {
    this.#isRenewingToken = true;
    this.#connection.reconnectWithFreshToken();
    this.#callbacks.changed();
  }

  #pauseAfter(read: number, atLeastMs: number): void {
    this.#dispatch({ type: 'failed', read });
    if (!this.#connection.up) return;
    clearTimeout(this.#retry);
    this.#askedToWait = atLeastMs > 0;
    this.#retry = setTimeout(() => {
      this.#askedToWait = false;
      this.#dispatch({ type: 'retry' });
    }, this.#pauseMs(atLeastMs));
  }

  #pauseMs(atLeastMs: number): number {
    this.#failures += 1;
    return backoffMs(this.#failures - 1, this.#random(), requestBackoff, atLeastMs);
  }
}
