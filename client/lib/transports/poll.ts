import type { CatchUp } from '../../../src/protocol/model.ts';
import { type Http, problemFrom, sleep } from '../http.ts';
import { queryString } from '../platform.ts';
import {
  type DialOptions,
  dialTimeoutMs,
  type Link,
  type LinkCallbacks,
  parseSubscribeResponse,
  type SubscribeCallback,
  type SubscribeRequest,
  type SubscribeResponse,
} from './link.ts';
import { PrefetchedResponse } from './prefetched-response.ts';

/**
 * Long polling: the server holds each request until there is something. Works wherever a page loads, even if nothing can be
 * pushed.
 */
export function dialPoll(options: DialOptions): Link {
  return new PollLink(options);
}

/** How long the server may hold a request, seconds. Below the 30 s after which many proxies time out. */
const waitSeconds = 20;
/** How much longer the answer may take before the request counts as lost, milliseconds. */
const graceMs = 8_000;
/** Pause before each request, milliseconds. Bounds the request rate of a busy channel. */
const busyGapMs = 250;
/** Upper bound of the pause if the server answers at once although there is nothing new. */
const maxIdleGapMs = 5_000;

class PollLink implements Link {
  readonly #http: Http;
  readonly #callbacks: LinkCallbacks;
  readonly #prefetched: PrefetchedResponse;
  readonly #channelId: string;
  /** Number of posts in a snapshot. It is sent with each request, because any answer may be a snapshot. */
  readonly #posts: number | undefined;
  #abort = new AbortController();

  constructor({ http, callbacks, request }: DialOptions) {
    this.#http = http;
    this.#callbacks = callbacks;
    this.#channelId = request.channelId;
    this.#posts = request.limit;
    this.#prefetched = new PrefetchedResponse(request.after, callbacks);
    this.subscribe(request, (response) => this.#prefetched.first(response), dialTimeoutMs);
  }

  subscribe({ after }: SubscribeRequest, callback: SubscribeCallback, withinMs: number): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const prefetched = this.#prefetched.take(after);
    if (prefetched !== undefined) return this.#deliver(prefetched, callback);
    void this.#get({ after }, withinMs).then((response) => {
      if (!signal.aborted) this.#deliver(response, callback);
    });
  }

  close(): void {
    this.#prefetched.close();
    this.#abort.abort();
  }

  /** Passes on an answer. If the answer is complete, polls for what comes after it. */
  #deliver(response: SubscribeResponse | undefined, callback: SubscribeCallback): void {
    const { signal } = this.#abort;
    callback(response);
    if (response?.ok === true && !response.more && !signal.aborted) void this.#poll(response, signal);
  }

  /**
   * Polls until there is something new, and keeps that answer for the next subscribe. Reports a lost link if a request fails
   * without a problem document.
   */
  async #poll({ cursor, covers }: CatchUp, signal: AbortSignal): Promise<void> {
    for (let gapMs = busyGapMs; ; ) {
      await sleep(gapMs, signal).catch(() => {});
      if (signal.aborted) return;
      const began = Date.now();
      const response = await this.#get({ after: cursor, wait: waitSeconds }, waitSeconds * 1_000 + graceMs);
      if (signal.aborted) return;
      if (response === undefined) return this.#callbacks.lost(false);
      const nothing = response.ok && response.mode === 'replay' && !response.more && response.covers.to <= covers.to;
      if (!nothing) return this.#prefetched.keep(cursor, response);
      gapMs = Date.now() - began < maxIdleGapMs ? Math.min(maxIdleGapMs, gapMs * 2) : busyGapMs;
    }
  }

  async #get(query: Record<string, string | number | undefined>, timeoutMs: number): Promise<SubscribeResponse | undefined> {
    const { signal } = this.#abort;
    const path = `/v1/channels/${encodeURIComponent(this.#channelId)}/events${queryString({ ...query, posts: this.#posts })}`;
    try {
      const { body } = await this.#http.request({ method: 'GET', path, noStore: true, timeoutMs }, signal);
      const response = parseSubscribeResponse(body);
      if (response !== undefined && !signal.aborted) this.#callbacks.activity();
      return response;
    } catch (error) {
      const problem = problemFrom(error);
      return problem && { ok: false, problem };
    }
  }
}
