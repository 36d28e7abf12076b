import type { CatchUp, Event } from '../../src/protocol/model.ts';
import type { Problem } from '../../src/protocol/problems.ts';
import { backoffMs, requestBackoff } from './backoff.ts';
import { type Http, isRetryable, NotPressbox, ProblemError, retryAfterMs, sleep } from './http.ts';
import { parseSubscribeResponse } from './transports/link.ts';

/**
 * Delivers the missed events to a reader who has a cursor but no timeline. The timeline starts with a snapshot. The events
 * between the cursor and that snapshot are requested here and delivered first, then the events that arrived in the meantime. Each
 * event is delivered once and in order.
 */
export interface BacklogCallbacks {
  event(event: Event): void;
  /**
   * The cursor is not part of the channel's history, so the missed events are unknown. `problem` is set if the server refused the
   * cursor.
   */
  reset(problem: Problem | undefined): void;
  done(): void;
}

/** The server refused: it does not know the cursor, or has another reason. */
interface RefusedRequest {
  mode: 'refused';
  problem: Problem;
}

export class Backlog {
  /** Everything up to this cursor was delivered. */
  cursor: string;
  readonly #path: string;
  readonly #http: Http;
  readonly #random: () => number;
  readonly #callbacks: BacklogCallbacks;
  readonly #stop = new AbortController();
  /** Live events that wait, only the latest of each post and of the channel. */
  readonly #queued = new Map<string, Event>();
  #hasBegun = false;
  #isAbandoned = false;

  constructor(channelId: string, cursor: string, http: Http, random: () => number, callbacks: BacklogCallbacks) {
    this.cursor = cursor;
    this.#path = `/v1/channels/${encodeURIComponent(channelId)}/events`;
    this.#http = http;
    this.#random = random;
    this.#callbacks = callbacks;
  }

  /** Starts once the snapshot for this offset arrived. */
  begin(through: number): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    void this.#run(through).catch(() => this.#finish());
  }

  queue(event: Event): void {
    const key = 'post' in event ? event.post.id : event.type;
    this.#queued.delete(key);
    this.#queued.set(key, event);
  }

  /** Stops delivering. `cursor` keeps its value. */
  abandon(): void {
    this.#stop.abort();
    this.#queued.clear();
    this.#isAbandoned = true;
  }

  async #run(through: number): Promise<void> {
    let reached = 0;
    /** Consecutive answers without progress. */
    let attempt = 0;
    for (let more = true; more; ) {
      const answer = await this.#request();
      if (this.#stop.signal.aborted) return;
      if (answer.mode !== 'replay') {
        this.#callbacks.reset(answer.mode === 'refused' ? answer.problem : undefined);
        break;
      }
      const { to } = answer.covers;
      reached = Math.max(reached, answer.covers.after);
      // The connection delivers the events after the snapshot.
      for (const event of answer.events) if (event.offset > reached && event.offset <= through) this.#emit(event);
      if (this.#stop.signal.aborted) return;
      this.cursor = answer.cursor;
      more = to < through;
      // A node that lags behind answers `more` without progress. Pause, so that the requests do not loop.
      if (to > reached) attempt = 0;
      else if (more) await sleep(backoffMs(attempt++, this.#random(), requestBackoff), this.#stop.signal);
      reached = Math.max(reached, to);
    }
    this.#finish();
  }

  #finish(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    for (const event of this.#queued.values()) this.#emit(event);
    if (!this.#isAbandoned) this.#callbacks.done();
  }

  /** Does nothing if a listener of an earlier event closed the reader. */
  #emit(event: Event): void {
    if (this.#isAbandoned) return;
    this.cursor = event.cursor;
    this.#callbacks.event(event);
  }

  async #request(): Promise<CatchUp | RefusedRequest> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const { body } = await this.#http.get(`${this.#path}?after=${encodeURIComponent(this.cursor)}`, this.#stop.signal);
        const response = parseSubscribeResponse(body);
        if (response?.ok !== true) throw new NotPressbox('status 200');
        return response;
      } catch (error) {
        const passes = isRetryable(error);
        if (!passes && error instanceof ProblemError) return { mode: 'refused', problem: error.problem };
        // The snapshot came from a Pressbox server at this address. Now something else answered, perhaps a proxy, so try again.
        await sleep(backoffMs(attempt, this.#random(), requestBackoff, passes ? retryAfterMs(error) : 0), this.#stop.signal);
      }
    }
  }
}
