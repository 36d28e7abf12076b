import type { CatchUp } from '../../../src/protocol/model.ts';
import { type Http, pause, wordOf } from '../http.ts';
import { queryOf } from '../platform.ts';
import { KeptAnswer } from './kept-answer.ts';
import {
  type Answered,
  answerOf,
  type DialOptions,
  dialMs,
  type Link,
  type SubscribeAnswer,
  type SubscribeRequest,
  type Told,
} from './link.ts';

/**
 * Polling, the way that is left where nothing can be pushed: each request is held by the server until there is something. It goes
 * through whatever lets a page load.
 */
export function dialPoll(options: DialOptions): Link {
  return new PollLink(options);
}

/** How long the server may hold a request, seconds: less than the half minute after which many proxies give up. */
const waitSeconds = 20;
/** What a held request may take beyond that to be answered, until it counts as lost, milliseconds. */
const graceMs = 8_000;
/** Before each request, milliseconds: a bound for busy coverage. */
const busyGapMs = 250;
/** Up to which it grows for whoever answers at once though there is nothing. */
const mostIdleGapMs = 5_000;

class PollLink implements Link {
  readonly #http: Http;
  readonly #told: Told;
  readonly #kept: KeptAnswer;
  readonly #channelId: string;
  /** Posts of an answer that begins anew, as any may. */
  readonly #posts: number | undefined;
  #asking = new AbortController();

  constructor({ http, told, request }: DialOptions) {
    this.#http = http;
    this.#told = told;
    this.#channelId = request.channelId;
    this.#posts = request.limit;
    this.#kept = new KeptAnswer(request.after, told);
    this.subscribe(request, (said) => this.#kept.first(said), dialMs);
  }

  subscribe({ after }: SubscribeRequest, answered: Answered, withinMs: number): void {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const kept = this.#kept.take(after);
    if (kept !== undefined) return this.#hand(kept, answered);
    void this.#get({ after }, withinMs).then((said) => {
      if (!signal.aborted) this.#hand(said, answered);
    });
  }

  close(): void {
    this.#kept.close();
    this.#asking.abort();
  }

  /** Hands an answer on, and waits for what comes after it. */
  #hand(said: SubscribeAnswer | undefined, answered: Answered): void {
    const { signal } = this.#asking;
    answered(said);
    if (said?.ok === true && !said.more && !signal.aborted) void this.#wait(said, signal);
  }

  /** Asks until there is something, which is kept for whoever asks, or until there is no answer. */
  async #wait({ cursor, covers }: CatchUp, signal: AbortSignal): Promise<void> {
    for (let gapMs = busyGapMs; ; ) {
      await pause(gapMs, signal).catch(() => {});
      if (signal.aborted) return;
      const began = Date.now();
      const said = await this.#get({ after: cursor, wait: waitSeconds }, waitSeconds * 1_000 + graceMs);
      if (signal.aborted) return;
      if (said === undefined) return this.#told.lost(false);
      const nothing = said.ok && said.mode === 'replay' && !said.more && said.covers.to <= covers.to;
      if (!nothing) return this.#kept.keep(cursor, said);
      gapMs = Date.now() - began < mostIdleGapMs ? Math.min(mostIdleGapMs, gapMs * 2) : busyGapMs;
    }
  }

  async #get(query: Record<string, string | number | undefined>, timeoutMs: number): Promise<SubscribeAnswer | undefined> {
    const { signal } = this.#asking;
    const path = `/v1/channels/${encodeURIComponent(this.#channelId)}/events${queryOf({ ...query, posts: this.#posts })}`;
    try {
      const { body } = await this.#http.ask({ method: 'GET', path, fresh: true, timeoutMs }, signal);
      const said = answerOf(body);
      if (said !== undefined && !signal.aborted) this.#told.heard();
      return said;
    } catch (error) {
      const problem = wordOf(error);
      return problem && { ok: false, problem };
    }
  }
}
