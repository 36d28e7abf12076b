import type { CatchUp, Event } from '../../src/protocol/model.ts';
import type { Problem } from '../../src/protocol/problems.ts';
import { backoffMs, requestBackoff } from './backoff.ts';
import { type Http, isRetryable, NotPressbox, ProblemError, retryAfterMs, sleep } from './http.ts';
import { parseSubscribeResponse } from './transports/link.ts';

/**
 * For a reader who comes back with a cursor but holds nothing. The timeline begins with a snapshot, as of some offset; what changed
 * between the cursor and that offset is asked for here and told first, then what came meanwhile. So each event is told once and in order.
 */
export interface BacklogCallbacks {
  event(event: Event): void;
  /** The cursor is not of the channel's history: nothing can be said about what was missed. `problem`: the server refused it. */
  reset(problem: Problem | undefined): void;
  done(): void;
}

/** The server does not know such a cursor, or refuses otherwise. */
interface RefusedRequest {
  mode: 'refused';
  problem: Problem;
}

export class Backlog {
  /** Everything up to here was told. */
  cursor: string;
  readonly #path: string;
  readonly #http: Http;
  readonly #random: () => number;
  readonly #callbacks: BacklogCallbacks;
  readonly #stop = new AbortController();
  /** Events of the live timeline that wait, the latest of each post and of the channel. */
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

  /** The snapshot was answered for this offset. */
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

  /** Tells nothing more, and stays where it is. */
  abandon(): void {
    this.#stop.abort();
    this.#queued.clear();
    this.#isAbandoned = true;
  }

  async #run(through: number): Promise<void> {
    let reached = 0;
    /** Answers in a row that came no nearer. */
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
      // What lies beyond the snapshot comes by itself.
      for (const event of answer.events) if (event.offset > reached && event.offset <= through) this.#emit(event);
      if (this.#stop.signal.aborted) return;
      this.cursor = answer.cursor;
      more = to < through;
      // More to come, and not a step nearer to it, as from a node that is behind: asked again at once, it would go on for ever.
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

  /** Unless a listener of one before it had the reader closed. */
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
        // The server is there, as it gave the snapshot: what answered in its place will not always do so.
        await sleep(backoffMs(attempt, this.#random(), requestBackoff, passes ? retryAfterMs(error) : 0), this.#stop.signal);
      }
    }
  }
}
