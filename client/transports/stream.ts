import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { answerBytes, eventBytes } from '../../src/protocol/limits.ts';
import { eventTypes } from '../../src/protocol/model.ts';
import { type Http, isObject, parsed, wordOf } from '../http.ts';
import { queryOf } from '../portable.ts';
import { KeptAnswer } from './kept-answer.ts';
import {
  type Answered,
  answerOf,
  type DialOptions,
  dialMs,
  isEvent,
  type Link,
  type SubscribeAnswer,
  type SubscribeRequest,
  silenceMs,
  type Told,
} from './link.ts';

/**
 * Server-Sent Events, read with `fetch` so that a token goes in a header. Every subscribe is a stream of its own, which the server begins
 * with the catch-up. It stands once that came through: a proxy may hold back what is pushed, or all of it.
 */
export function dialStream(options: DialOptions): Link {
  return new StreamLink(options);
}

/** Characters of one message, whose text may be a CatchUp with a summary and a pinned post on top. Past it the stream is given up. */
const mostCharacters = 2 * answerBytes + 2 * eventBytes;

class StreamLink implements Link {
  readonly #http: Http;
  readonly #told: Told;
  readonly #kept: KeptAnswer;
  /** The stream that is read; another one takes its place with the next subscribe. */
  #reading = new AbortController();
  #silence: ReturnType<typeof setTimeout> | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  /** Who waits for the next catch-up. */
  #answered: Answered | undefined;
  /** From where the stream's next catch-up goes on, while there is one to come that nobody waits for. */
  #next: { after: string | undefined } | undefined;
  #after: string | undefined;
  /** The server has ended the subscription, and with it the stream. */
  #unsubscribed = false;

  constructor({ http, told, request }: DialOptions) {
    this.#http = http;
    this.#told = told;
    this.#kept = new KeptAnswer(request.after, told);
    if (!canStream()) void Promise.resolve().then(() => this.#kept.fail({ kind: 'impossible' }));
    else this.#open(request, (said) => this.#kept.first(said), dialMs);
  }

  subscribe(request: SubscribeRequest, answered: Answered, withinMs: number): void {
    const kept = this.#kept.take(request.after);
    if (kept !== undefined) return answered(kept);
    if (this.#next === undefined || this.#next.after !== request.after) return this.#open(request, answered, withinMs);
    this.#await(answered, withinMs);
  }

  close(): void {
    this.#kept.close();
    this.#stop();
  }

  #open({ channelId, after, limit }: SubscribeRequest, answered: Answered, withinMs: number): void {
    this.#stop();
    this.#reading = new AbortController();
    this.#unsubscribed = false;
    this.#after = after;
    this.#await(answered, withinMs);
    const path = `/v1/channels/${encodeURIComponent(channelId)}/stream${queryOf({ after, posts: limit })}`;
    void this.#read(path, this.#reading.signal);
  }

  #await(answered: Answered, withinMs: number): void {
    clearTimeout(this.#deadline);
    this.#next = undefined;
    this.#answered = answered;
    this.#deadline = setTimeout(() => {
      this.#stop();
      answered(undefined);
    }, withinMs);
  }

  #stop(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#deadline);
    this.#answered = undefined;
    this.#next = undefined;
    this.#reading.abort();
  }

  /** Reads to the end, which is the server's, the network's or ours. */
  async #read(path: string, signal: AbortSignal): Promise<void> {
    const response = await this.#begun(path, signal);
    if (response === undefined) return;
    const reader = response.body?.getReader();
    if (reader === undefined) return this.#kept.fail({ kind: 'impossible' });
    signal.addEventListener('abort', () => reader.cancel().catch(() => {}), { once: true });
    const decoder = new TextDecoder();
    const parser = createParser({
      maxBufferSize: mostCharacters,
      onEvent: (message) => {
        if (!signal.aborted) this.#hear(message);
      },
      // The standard has what else it complains of passed over.
      onError: ({ type }) => type === 'max-buffer-size-exceeded' && this.#lose(false),
    });
    while (!signal.aborted) {
      this.#listen();
      const { value } = await reader.read().catch(() => ({ value: undefined }));
      if (signal.aborted) return;
      if (value === undefined) return this.#ended();
      this.#told.heard();
      parser.feed(decoder.decode(value, { stream: true }));
    }
  }

  async #begun(path: string, signal: AbortSignal): Promise<Response | undefined> {
    try {
      return await this.#http.stream(path, signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      const problem = wordOf(error);
      if (problem === undefined) this.#lose(false);
      else this.#answer({ ok: false, problem });
      return undefined;
    }
  }

  #listen(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lose(true), silenceMs);
  }

  #hear({ event, data }: EventSourceMessage): void {
    const said: unknown = parsed(data);
    switch (event) {
      case 'ping':
        return;
      // Streams are ended one by one within the time, so that each can come back at once.
      case 'drain':
        return this.#told.drain(0);
      case 'catchup':
        return this.#caughtUp(answerOf(said));
      case 'store':
        return isObject(said) ? this.#hearOfStore(said as Parameters<Told['store']>[0]) : this.#lose(false);
      case 'unsubscribed':
        if (!isObject(said)) return this.#lose(false);
        this.#unsubscribed = true;
        return this.#told.unsubscribed(said as Parameters<Told['unsubscribed']>[0]);
    }
    // Of any type: a later one is skipped by the reader, who keeps its cursor. What is none is a message of a later version.
    if (isEvent(said)) return this.#told.event(said);
    // Half an event that is known leaves a gap.
    if (event !== undefined && (eventTypes as readonly string[]).includes(event)) this.#lose(false);
  }

  /** While the store is out of reach a stream begins with that, and the catch-up comes later: the way is open all the same. */
  #hearOfStore(store: { reachable: boolean; since: string }): void {
    if (!this.#kept.stands) {
      clearTimeout(this.#deadline);
      this.#answered = undefined;
      this.#next = { after: this.#after };
      this.#kept.stand();
    }
    this.#told.store(store);
  }

  /** One that nobody asked for may hold what is missing: it is asked for. */
  #caughtUp(said: SubscribeAnswer | undefined): void {
    if (said?.ok !== true) return this.#lose(false);
    if (this.#answered === undefined) return this.#told.missed();
    this.#next = said.more ? { after: said.cursor } : undefined;
    this.#answer(said);
  }

  #answer(said: Parameters<Answered>[0]): void {
    const answered = this.#answered;
    clearTimeout(this.#deadline);
    this.#answered = undefined;
    answered?.(said);
  }

  /** The stream is over, and it was not we who ended it. */
  #ended(): void {
    clearTimeout(this.#silence);
    if (!this.#unsubscribed) this.#lose(false);
  }

  #lose(silent: boolean): void {
    this.#stop();
    if (!this.#kept.stands) return this.#kept.fail({ kind: 'unanswered' });
    this.#told.lost(silent);
  }
}

/** React Native has `fetch` without streams, and answers when the response has ended, which a stream never does. */
function canStream(): boolean {
  const { Response } = globalThis;
  return typeof TextDecoder === 'function' && Response !== undefined && 'body' in Response.prototype;
}
