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
const maxIdleGapMs = 5_000;

class PollLink implements Link {
  readonly #http: Http;
  readonly #callbacks: LinkCallbacks;
  readonly #prefetched: PrefetchedResponse;
  readonly #channelId: string;
  /** Posts of an answer that begins anew, as any may. */
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

  /** Hands an answer on, and waits for what comes after it. */
  #deliver(response: SubscribeResponse | undefined, callback: SubscribeCallback): void {
    const { signal } = this.#abort;
    callback(response);
    if (response?.ok === true && !response.more && !signal.aborted) void this.#poll(response, signal);
  }

  /** Asks until there is something, which is kept for whoever asks, or until there is no answer. */
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
