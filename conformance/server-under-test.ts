import http from 'node:http';
import https from 'node:https';
import { text as textOf } from 'node:stream/consumers';
import { createParser } from 'eventsource-parser';
import { io, type Socket } from 'socket.io-client';
import type { CatchUp, Event } from '../src/protocol/model.ts';
import type { Problem } from '../src/protocol/problems.ts';
import { RuleBroken } from './assertions.ts';
import type { Exchange, SentHeaders } from './exchange.ts';

/** The server under test, seen from outside: over HTTP, Socket.IO and Server-Sent Events. */
export interface ServerOptions {
  url: string;
  token: string;
  /** Aborts every wait. */
  signal: AbortSignal;
}

export interface TestRequest {
  method?: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'DELETE' | 'OPTIONS';
  headers?: Record<string, string>;
  /** Sent in addition to headers of the same names. */
  second?: Record<string, string>;
  /** Sent as JSON. A string is sent as it is. */
  body?: unknown;
  /** Default: the token of `ServerOptions`. Null: no token. */
  token?: string | null;
}

export interface TestResponse {
  status: number;
  headers: Headers;
  text: string;
  /** Parsed JSON. Undefined if the body is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: the answer of an unknown server is what is tested
  body: any;
}

/** How long to wait for something that the server must send. */
const timeoutMs = 10_000;
/** How often a request is retried when the server asks to wait. */
const maxRetries = 20;

export class ServerUnderTest {
  readonly url: string;
  readonly #options: ServerOptions;

  constructor(options: ServerOptions) {
    this.url = options.url.replace(/\/+$/, '');
    this.#options = options;
  }

  /** Sends a request. Waits and retries when the server asks for it, because the cases do not test rate limits. */
  async request(
    exchange: Exchange,
    path: string,
    { method = 'GET', headers = {}, second, body, token }: TestRequest = {},
  ): Promise<TestResponse> {
    const given = token === undefined ? this.#options.token : token;
    const sent: Record<string, string> = {
      ...(given !== null && { authorization: `Bearer ${given}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    };
    const { signal } = this.#options;
    const options = {
      method,
      signal,
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    };
    const both = second && withSecond({ host: new URL(this.url).host, ...sent }, second);
    for (let waits = 0; ; waits += 1) {
      exchange.recordRequest(method, path, both ?? sent, body);
      const answer = both
        ? await sendBoth(this.url + path, { ...options, headers: both })
        : await fetch(this.url + path, { ...options, headers: sent, redirect: 'manual' });
      const text = await answer.text();
      const read = parsed(text);
      exchange.recordResponse(answer.status, answer.headers, read ?? (text === '' ? undefined : text));
      if (answer.status !== 429 || waits === maxRetries)
        return { status: answer.status, headers: answer.headers, text, body: read };
      const seconds = Number(answer.headers.get('retry-after') ?? 1);
      await pause(Math.min(seconds, 10) * 1_000 || 1_000, signal);
    }
  }

  async socket(exchange: Exchange, options: { token?: string; origin?: string } = {}): Promise<ReaderSocket> {
    const socket = await this.dial(exchange, options);
    if (socket instanceof ReaderSocket) return socket;
    throw new RuleBroken(`The socket is refused: ${JSON.stringify(socket)}`);
  }

  /** The connection, or the problem with which the server refused it. */
  async dial(exchange: Exchange, { token, origin }: { token?: string; origin?: string } = {}): Promise<ReaderSocket | Problem> {
    // Socket.IO treats a path in the address as a namespace, but here it is the path of the server.
    const { origin: server, pathname } = new URL(this.url);
    const socket = io(server, {
      path: `${pathname.replace(/\/$/, '')}/socket.io`,
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      ...(token !== undefined && { auth: { token } }),
      ...(origin !== undefined && { extraHeaders: { origin } }),
    });
    const reader = new ReaderSocket(socket, exchange);
    return await within(
      'the connection of a socket',
      new Promise((resolve) => {
        socket.once('connect', () => resolve(reader));
        socket.once('connect_error', (error: Error & { data?: Problem }) => {
          socket.close();
          exchange.recordSocketMessage('client', { event: 'connect_error', data: error.data ?? null });
          resolve((error.data ?? { title: error.message }) as Problem);
        });
      }),
    );
  }

  async stream(
    exchange: Exchange,
    path: string,
    { headers = {}, token }: Pick<TestRequest, 'headers' | 'token'> = {},
  ): Promise<Stream> {
    const stop = new AbortController();
    const sent = {
      accept: 'text/event-stream',
      ...(token !== null && { authorization: `Bearer ${token ?? this.#options.token}` }),
      ...headers,
    };
    exchange.recordRequest('GET', path, sent, undefined);
    const answer = await within(
      'the stream',
      fetch(this.url + path, { headers: sent, signal: AbortSignal.any([stop.signal, this.#options.signal]) }),
    );
    exchange.recordResponse(answer.status, answer.headers, undefined);
    return new Stream(answer, exchange, stop);
  }
}

function withSecond(headers: Record<string, string>, second: Record<string, string>): SentHeaders {
  const pairs = Object.entries(second).map(([name, value]) => [name, [headers[name] ?? value, value]]);
  return { ...headers, ...Object.fromEntries(pairs) };
}

/** Sends each value in its own header. `fetch` cannot: it joins values of the same name, and sets Host itself. */
function sendBoth(
  url: string,
  { headers, body = '', ...options }: { method: string; headers: SentHeaders; signal: AbortSignal; body?: string },
): Promise<Response> {
  const { request } = url.startsWith('https:') ? https : http;
  const all: SentHeaders = { ...headers, 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(all).flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]));
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...options, headers: lines, agent: false }, (answer) => {
      const joined = Object.entries(answer.headersDistinct).map(([name, values = []]): [string, string] => [
        name,
        values.join(', '),
      ]);
      textOf(answer).then((text) => resolve(new Response(text, { status: answer.statusCode ?? 500, headers: joined })), reject);
    });
    sent.on('error', reject).end(body);
  });
}

/** Messages from the server, stored until someone waits for them. */
class Inbox<T> {
  readonly all: T[] = [];
  #look: (() => void) | undefined;

  add(message: T): void {
    this.all.push(message);
    this.#look?.();
  }

  /** The first matching message at or after index `from`. */
  async first(what: string, fits: (message: T) => boolean, from = 0, ms = timeoutMs): Promise<T> {
    const found = () => this.all.slice(from).find(fits);
    return (
      found() ??
      (await within(
        what,
        new Promise<T>((resolve) => {
          const before = this.#look;
          this.#look = () => {
            before?.();
            const message = found();
            if (message !== undefined) resolve(message);
          };
        }),
        ms,
      ))
    );
  }
}

export type SubscribeAnswer = ({ ok: true } & CatchUp) | { ok: false; problem: Problem };
interface Message {
  event: string;
  data: unknown;
}

export class ReaderSocket implements Disposable {
  readonly #socket: Socket;
  readonly #exchange: Exchange;
  readonly #inbox = new Inbox<Message>();

  constructor(socket: Socket, exchange: Exchange) {
    this.#socket = socket;
    this.#exchange = exchange;
    socket.onAny((event: string, data: unknown) => {
      exchange.recordSocketMessage('client', { event, data });
      this.#inbox.add({ event, data });
    });
  }

  /** Sends a message and waits for its acknowledgement. */
  async emit(event: string, data: unknown): Promise<unknown> {
    this.#exchange.recordSocketMessage('server', { event, data });
    const answer = await within(
      `the acknowledgement of "${event}"`,
      new Promise((resolve) => this.#socket.emit(event, data, resolve)),
    );
    this.#exchange.recordSocketMessage('client', { event, acknowledges: true, data: answer });
    return answer;
  }

  async subscribe(channelId: string, after?: string, limit?: number): Promise<SubscribeAnswer> {
    const wish = { channelId, ...(after !== undefined && { after }), ...(limit !== undefined && { limit }) };
    return (await this.emit('subscribe', wish)) as SubscribeAnswer;
  }

  /** Subscribes until the channel is caught up. Returns the answers in order. */
  async follow(channelId: string, after?: string): Promise<CatchUp[]> {
    const answers: CatchUp[] = [];
    for (let from = after; ; from = answers.at(-1)?.cursor) {
      const answer = await this.subscribe(channelId, from);
      if (!answer.ok) throw new RuleBroken(`A subscribe is refused: ${JSON.stringify(answer.problem)}`);
      answers.push(answer);
      if (!answer.more) return answers;
    }
  }

  /** The events of a channel received so far. */
  events(channelId: string): Event[] {
    return this.#inbox.all
      .filter(({ event }) => event === 'event')
      .map(({ data }) => data as Event)
      .filter((event) => event.channelId === channelId);
  }

  /** Waits for an event that ends at this offset or beyond. */
  async upTo(channelId: string, offset: number): Promise<Event[]> {
    const reached = ({ event, data }: Message) => {
      const { channelId: of, offset: at } = data as Event;
      return event === 'event' && of === channelId && at >= offset;
    };
    await this.#inbox.first(`the event at offset ${offset}`, reached);
    return this.events(channelId);
  }

  async message(event: string): Promise<unknown> {
    return (await this.#inbox.first(`the message "${event}"`, (message) => message.event === event)).data;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

export interface StreamMessage {
  id?: string | undefined;
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: what an unknown server sends is what is tested
  data: any;
}

export class Stream implements Disposable {
  readonly status: number;
  readonly headers: Headers;
  /** Resolves when the server ends the stream. */
  readonly ended: Promise<void>;
  readonly #inbox = new Inbox<StreamMessage>();
  readonly #stop: AbortController;

  constructor(answer: Response, exchange: Exchange, stop: AbortController) {
    this.status = answer.status;
    this.headers = answer.headers;
    this.#stop = stop;
    const parser = createParser({
      onEvent: ({ id, event = 'message', data }) => {
        const message = { id, event, data: parsed(data) };
        exchange.recordStreamMessage(message);
        this.#inbox.add(message);
      },
    });
    this.ended = read(answer, (text) => parser.feed(text));
  }

  get messages(): readonly StreamMessage[] {
    return this.#inbox.all;
  }

  async message(what: string, fits: (message: StreamMessage) => boolean, ms?: number): Promise<StreamMessage> {
    return await this.#inbox.first(what, fits, 0, ms);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}

async function read(answer: Response, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  try {
    for await (const chunk of answer.body ?? []) take(decoder.decode(chunk, { stream: true }));
  } catch {
    // Either side closed the connection.
  }
}

/** `what` is a noun: "the acknowledgement". */
export async function within<T>(what: string, promise: Promise<T>, ms = timeoutMs): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RuleBroken(`${what} does not arrive within ${ms / 1_000} s.`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
