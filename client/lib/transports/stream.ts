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
 * Server-Sent Events, read with `fetch` so that a token goes in a header. Every subscribe is a stream of its own, which the server begins
 * with the catch-up. It stands once that came through: a proxy may hold back what is pushed, or all of it.
 */
export function dialStream(options: DialOptions): Link {
  return new StreamLink(options);
}

/** Characters of one message, whose text may be a CatchUp with a summary and a pinned post on top. Past it the stream is given up. */
const maxCharacters = 2 * answerBytes + 2 * eventBytes;

class StreamLink implements Link {
  readonly #http: Http;
  readonly #callbacks: LinkCallbacks;
  readonly #prefetched: PrefetchedResponse;
  /** The stream that is read; another one takes its place with the next subscribe. */
  #abort = new AbortController();
  /** Runs from the last bytes. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Who waits for the next catch-up, how long without more bytes, and until when. */
  #callback: SubscribeCallback | undefined;
  #withinMs = 0;
  #deadline = 0;
  /** From where the stream's next catch-up goes on, while there is one to come that nobody waits for. */
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

  /** Reads to the end, which is the server's, the network's or ours. */
  async #read(path: string, signal: AbortSignal): Promise<void> {
    const parser = createParser({
      maxBufferSize: maxCharacters,
      onEvent: (message) => {
        if (!signal.aborted) this.#onMessage(message);
      },
      // The standard has what else it complains of passed over.
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
    // It is over, and it was not we who ended it.
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
      // Streams are ended one by one within the time, so that each can come back at once.
      case 'drain':
        return this.#callbacks.drain(0);
      case 'catchup':
        return this.#onCatchUp(parseSubscribeResponse(response));
      case 'store':
        return isObject(response) ? this.#onStore(response as Parameters<LinkCallbacks['store']>[0]) : this.#fail(false);
      case 'unsubscribed':
        if (!isObject(response)) return this.#fail(false);
        // And with the subscription the server ends the stream.
        this.#stop();
        return this.#callbacks.unsubscribed(response as Parameters<LinkCallbacks['unsubscribed']>[0]);
    }
    // Of any type: a later one is skipped by the reader, who keeps its cursor. What is none is a message of a later version.
    if (isEvent(response)) return this.#callbacks.event(response);
    // Half an event that is known leaves a gap.
    if (isEventType(event)) this.#fail(false);
  }

  /** While the store is out of reach a stream begins with that, and the catch-up comes later: the way is open all the same. */
  #onStore(store: { reachable: boolean; since: string }): void {
    if (!this.#prefetched.isUp) {
      this.#callback = undefined;
      this.#next = { after: this.#requestedAfter };
      this.#prefetched.markUp();
    }
    this.#callbacks.store(store);
  }

  /** One that nobody asked for may hold what is missing: it is asked for. */
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
