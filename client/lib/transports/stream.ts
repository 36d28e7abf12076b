import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { answerBytes, eventBytes, silenceMs } from '../../../src/protocol/client-limits.ts';
import { isEventType } from '../../../src/protocol/model.ts';
import { type Http, isObject, parsed, wordOf } from '../http.ts';
import { canStream, longestAnswerMs, queryOf, readText } from '../platform.ts';
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
  /** Runs from the last bytes. */
  #silence: ReturnType<typeof setTimeout> | undefined;
  /** Who waits for the next catch-up, how long without more bytes, and until when. */
  #answered: Answered | undefined;
  #withinMs = 0;
  #lastAt = 0;
  /** From where the stream's next catch-up goes on, while there is one to come that nobody waits for. */
  #next: { after: string | undefined } | undefined;
  #after: string | undefined;

  constructor({ http, told, request }: DialOptions) {
    this.#http = http;
    this.#told = told;
    this.#kept = new KeptAnswer(request.after, told);
    if (!canStream()) queueMicrotask(() => this.#kept.fail({ kind: 'impossible' }));
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
    this.#after = after;
    this.#await(answered, withinMs);
    const path = `/v1/channels/${encodeURIComponent(channelId)}/stream${queryOf({ after, posts: limit })}`;
    void this.#read(path, this.#reading.signal);
  }

  #await(answered: Answered, withinMs: number): void {
    this.#next = undefined;
    this.#answered = answered;
    this.#withinMs = withinMs;
    this.#lastAt = Date.now() + longestAnswerMs;
    this.#listen();
  }

  #stop(): void {
    clearTimeout(this.#silence);
    this.#answered = undefined;
    this.#next = undefined;
    this.#reading.abort();
  }

  /** Reads to the end, which is the server's, the network's or ours. */
  async #read(path: string, signal: AbortSignal): Promise<void> {
    const parser = createParser({
      maxBufferSize: mostCharacters,
      onEvent: (message) => {
        if (!signal.aborted) this.#hear(message);
      },
      // The standard has what else it complains of passed over.
      onError: ({ type }) => type === 'max-buffer-size-exceeded' && this.#lose(false),
    });
    try {
      await readText(await this.#http.stream(path, signal), (text) => {
        if (signal.aborted) return;
        this.#told.heard();
        parser.feed(text);
        if (!signal.aborted && !(this.#answered && Date.now() > this.#lastAt)) this.#listen();
      });
    } catch (error) {
      const problem = wordOf(error);
      if (problem !== undefined && !signal.aborted) return this.#answer({ ok: false, problem });
    }
    // It is over, and it was not we who ended it.
    if (!signal.aborted) this.#lose(false);
  }

  #listen(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(
      () => {
        const answered = this.#answered;
        if (!answered) return this.#lose(true);
        this.#stop();
        answered(undefined);
      },
      this.#answered ? this.#withinMs : silenceMs,
    );
  }

  #hear({ event, data }: EventSourceMessage): void {
    const said: unknown = parsed(data);
    switch (event) {
      // Streams are ended one by one within the time, so that each can come back at once.
      case 'drain':
        return this.#told.drain(0);
      case 'catchup':
        return this.#caughtUp(answerOf(said));
      case 'store':
        return isObject(said) ? this.#hearOfStore(said as Parameters<Told['store']>[0]) : this.#lose(false);
      case 'unsubscribed':
        if (!isObject(said)) return this.#lose(false);
        // And with the subscription the server ends the stream.
        this.#stop();
        return this.#told.unsubscribed(said as Parameters<Told['unsubscribed']>[0]);
    }
    // Of any type: a later one is skipped by the reader, who keeps its cursor. What is none is a message of a later version.
    if (isEvent(said)) return this.#told.event(said);
    // Half an event that is known leaves a gap.
    if (isEventType(event)) this.#lose(false);
  }

  /** While the store is out of reach a stream begins with that, and the catch-up comes later: the way is open all the same. */
  #hearOfStore(store: { reachable: boolean; since: string }): void {
    if (!this.#kept.stands) {
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
    clearTimeout(this.#silence);
    this.#answered = undefined;
    answered?.(said);
  }

  #lose(silent: boolean): void {
    this.#stop();
    if (!this.#kept.stands) return this.#kept.fail({ kind: 'unanswered' });
    this.#told.lost(silent);
  }
}
