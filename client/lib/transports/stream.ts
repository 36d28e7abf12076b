import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { answerBytes, eventBytes, silenceMs } from '../../../src/protocol/client-limits.ts';
import { isEventType } from '../../../src/protocol/model.ts';
import { type Http, isObject, parseJson, problemFrom } from '../http.ts';
import { canStream, maxResponseMs, queryString, readText } from '../platform.ts';
import {
  type DialOptions,
  dialTimeoutMs,
  isEvent,
  type Link,
  type LinkCallbacks,
  parseSubscribeResponse,
  type SubscribeCallback,
  type SubscribeRequest,
  type SubscribeResponse,
} from './link.ts';
import { PrefetchedResponse } from './prefetched-response.ts';

/**
 * Server-Sent Events, read with `fetch` so that the token goes into a header. Each subscribe opens a new stream, which begins
 * with the catch-up. The link is up once the catch-up arrived: a proxy may buffer pushed data or all data.
 */
export function dialStream(options: DialOptions): Link {
  return new StreamLink(options);
}

/** Characters of one message at most: a catch-up with a summary and a pinned post. A longer message ends the stream. */
const maxCharacters = 2 * answerBytes + 2 * eventBytes;

class StreamLink implements Link {
  readonly #http: Http;
  readonly #callbacks: LinkCallbacks;
  readonly #prefetched: PrefetchedResponse;
  /** Aborts the current stream. The next subscribe replaces it. */
  #abort = new AbortController();
  /** Restarted with each byte. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The callback for the next catch-up. */
  #callback: SubscribeCallback | undefined;
  /** The catch-up fails after this long without any bytes, milliseconds. */
  #withinMs = 0;
  /** The time by which the catch-up must be complete. */
  #deadline = 0;
  /** The cursor at which the stream's next catch-up starts. Set while a catch-up is expected that nobody requested yet. */
  #next: { after: string | undefined } | undefined;
  #requestedAfter: string | undefined;

  constructor({ http, callbacks, request }: DialOptions) {
    this.#http = http;
    this.#callbacks = callbacks;
    this.#prefetched = new PrefetchedResponse(request.after, callbacks);
    if (!canStream()) queueMicrotask(() => this.#prefetched.fail({ kind: 'impossible' }));
    else this.#open(request, (response) => this.#prefetched.first(response), dialTimeoutMs);
  }

  subscribe(request: SubscribeRequest, callback: SubscribeCallback, withinMs: number): void {
    const prefetched = this.#prefetched.take(request.after);
    if (prefetched !== undefined) return callback(prefetched);
    if (this.#next === undefined || this.#next.after !== request.after) return this.#open(request, callback, withinMs);
    this.#await(callback, withinMs);
  }

  close(): void {
    this.#prefetched.close();
    this.#stop();
  }

  #open({ channelId, after, limit }: SubscribeRequest, callback: SubscribeCallback, withinMs: number): void {
    this.#stop();
    this.#abort = new AbortController();
    this.#requestedAfter = after;
    this.#await(callback, withinMs);
    const path = `/v1/channels/${encodeURIComponent(channelId)}/stream${queryString({ after, posts: limit })}`;
    void this.#read(path, this.#abort.signal);
  }

  #await(callback: SubscribeCallback, withinMs: number): void {
    this.#next = undefined;
    this.#callback = callback;
    this.#withinMs = withinMs;
    this.#deadline = Date.now() + maxResponseMs;
    this.#startTimer();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#callback = undefined;
    this.#next = undefined;
    this.#abort.abort();
  }

  /** Reads until the server, the network or this client ends the stream. */
  async #read(path: string, signal: AbortSignal): Promise<void> {
    const parser = createParser({
      maxBufferSize: maxCharacters,
      onEvent: (message) => {
        if (!signal.aborted) this.#onMessage(message);
      },
      // The standard says to ignore every other error.
      onError: ({ type }) => type === 'max-buffer-size-exceeded' && this.#fail(false),
    });
    try {
      await readText(await this.#http.stream(path, signal), (text) => {
        if (signal.aborted) return;
        this.#callbacks.activity();
        parser.feed(text);
        if (!signal.aborted && !(this.#callback && Date.now() > this.#deadline)) this.#startTimer();
      });
    } catch (error) {
      const problem = problemFrom(error);
      if (problem !== undefined && !signal.aborted) return this.#deliver({ ok: false, problem });
    }
    // The stream ended, and this client did not end it.
    if (!signal.aborted) this.#fail(false);
  }

  #startTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        const callback = this.#callback;
        if (!callback) return this.#fail(true);
        this.#stop();
        callback(undefined);
      },
      this.#callback ? this.#withinMs : silenceMs,
    );
  }

  #onMessage({ event, data }: EventSourceMessage): void {
    const response: unknown = parseJson(data);
    switch (event) {
      // The server ends its streams one by one within the drain time, so each client may reconnect at once.
      case 'drain':
        return this.#callbacks.drain(0);
      case 'catchup':
        return this.#onCatchUp(parseSubscribeResponse(response));
      case 'store':
        return isObject(response) ? this.#onStore(response as Parameters<LinkCallbacks['store']>[0]) : this.#fail(false);
      case 'unsubscribed':
        if (!isObject(response)) return this.#fail(false);
        // The server ends the stream together with the subscription.
        this.#stop();
        return this.#callbacks.unsubscribed(response as Parameters<LinkCallbacks['unsubscribed']>[0]);
    }
    // Events of later types are skipped by the reader, which keeps the cursor. Anything else is a message of a later version.
    if (isEvent(response)) return this.#callbacks.event(response);
    // A broken event of a known type leaves a gap.
    if (isEventType(event)) this.#fail(false);
  }

  /**
   * While the server's store is unreachable, a stream begins with this message and the catch-up follows later. The transport
   * works.
   */
  #onStore(store: { reachable: boolean; since: string }): void {
    if (!this.#prefetched.isUp) {
      this.#callback = undefined;
      this.#next = { after: this.#requestedAfter };
      this.#prefetched.markUp();
    }
    this.#callbacks.store(store);
  }

  /** A catch-up that was not requested may hold what is missing, so request it. */
  #onCatchUp(response: SubscribeResponse | undefined): void {
    if (response?.ok !== true) return this.#fail(false);
    if (this.#callback === undefined) return this.#callbacks.missed();
    this.#next = response.more ? { after: response.cursor } : undefined;
    this.#deliver(response);
  }

  #deliver(response: Parameters<SubscribeCallback>[0]): void {
    const callback = this.#callback;
    clearTimeout(this.#timer);
    this.#callback = undefined;
    callback?.(response);
  }

  #fail(silent: boolean): void {
    this.#stop();
    if (!this.#prefetched.isUp) return this.#prefetched.fail({ kind: 'unanswered' });
    this.#callbacks.lost(silent);
  }
}
