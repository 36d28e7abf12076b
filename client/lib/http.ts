import type { Problem } from '../../src/protocol/problems.ts';
import { abortReason, deadline, readText, throwIfAborted, unlessAborted } from './platform.ts';

/** One request to the server and its answer, or an error that says whether asking again can help. */

/** A token, or where to get a fresh one: asked before each request and connection. */
export type TokenSource = string | (() => string | Promise<string>);
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** From the server's address on, with its query. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
  /** From no cache and into none. */
  noStore?: boolean;
  /** In place of the one for all. */
  timeoutMs?: number;
}

export interface HttpResponse {
  status: number;
  headers: Headers;
  /** Parsed JSON; undefined where the answer had none. */
  body: unknown;
}

/** The server refused: nothing was done, unless `problem.outcome` is `unknown`. */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    const { detail, title, errors } = problem;
    super([detail ?? title, ...(errors ?? []).map((one) => (one.path ? `${one.path}: ` : '') + one.message)].join(' '));
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** No answer that Pressbox gave: the network failed, time ran out, or something between answered. Whether it was done is unknown. */
export class NoAnswer extends Error {
  /** Seconds that whoever answered asked to wait. */
  readonly retryAfter: number | undefined;
  constructor(message: string, options: { cause?: unknown; retryAfter?: number | undefined } = {}) {
    super(message, { cause: options.cause });
    this.name = 'NoAnswer';
    this.retryAfter = options.retryAfter;
  }
}

/** What answered is no Pressbox server: the address is wrong. */
export class NotPressbox extends Error {
  /** `came`: what came in the place of an answer. */
  constructor(came: string) {
    super(`What answers at this address is not Pressbox: ${came}.`);
    this.name = 'NotPressbox';
  }
}

/** Whether the same request can succeed later. */
export function isRetryable(error: unknown): error is ProblemError | NoAnswer {
  if (error instanceof NoAnswer) return true;
  return error instanceof ProblemError && isTransient(error.problem);
}

/**
 * Whether what the problem tells of passes by itself: it says to wait, or its status is of a kind that does. So it stands in the table of
 * problems, which pages do not need for this.
 */
export function isTransient({ status, retryAfter }: { status: number; retryAfter?: number | undefined }): boolean {
  // 408: a request that did not come whole in time, also where it lay in the socket of a server that stood still.
  return typeof retryAfter === 'number' || status === 408 || status === 429 || (status >= 500 && status !== 501);
}

/** Whether no connection came about, so that nothing of the request has reached a server. Known in Node alone: browsers do not say. */
export function wasNeverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { syscall, code, errors, cause } = error as Error & { syscall?: unknown; code?: unknown; errors?: unknown };
  // A name with several addresses fails with an error for each.
  if (Array.isArray(errors)) return errors.length > 0 && errors.every(wasNeverSent);
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT' || wasNeverSent(cause);
}

/**
 * Milliseconds that are left, after one error and the next, until a server is given up that no connection can be made to; the last attempt
 * belongs at their end. Endless where a connection came about.
 */
export function unreachableBudget(maxMs: number): (error: unknown, askedAt?: number) => number {
  let since: number | undefined;
  return (error, askedAt = Date.now()) => {
    since = wasNeverSent(error) ? (since ?? askedAt) : undefined;
    return since === undefined ? Number.POSITIVE_INFINITY : Math.max(0, since + maxMs - Date.now());
  };
}

/** Milliseconds that the server asked to wait before the next request; 0 if it did not say. */
export function retryAfterMs(error: ProblemError | NoAnswer): number {
  const seconds = error instanceof ProblemError ? error.problem.retryAfter : error.retryAfter;
  return Math.max(0, seconds ?? 0) * 1_000;
}

/**
 * What an error of a request tells of the server: its problem, or that whoever answered in its place asked to wait. Undefined where no
 * word came through.
 */
export function problemFrom(error: unknown): Problem | undefined {
  if (error instanceof ProblemError) return error.problem;
  if (!(error instanceof NoAnswer) || error.retryAfter === undefined) return undefined;
  const { message: title, retryAfter } = error;
  return { type: 'urn:pressbox:problem:rate-limited', code: 'rate-limited', status: 429, title, retryAfter };
}

/** Without an answer, or more of it, for so long a request counts as unanswered, milliseconds. */
export const responseTimeoutMs = 30_000;

export interface HttpOptions {
  url: string;
  token?: TokenSource | undefined;
  /** `false`: no cookie is sent. */
  session?: false | undefined;
  fetch?: Fetch | undefined;
  /** Without an answer, or more of it, for so long a request counts as unanswered. */
  timeoutMs?: number | undefined;
}

export class Http {
  readonly #base: string;
  readonly #token: TokenSource | undefined;
  readonly #session: false | undefined;
  readonly #fetch: Fetch;
  readonly #timeoutMs: number;

  constructor({ url, token, session, fetch, timeoutMs = responseTimeoutMs }: HttpOptions) {
    this.#base = url.replace(/\/+$/, '');
    this.#token = token;
    this.#session = session;
    this.#fetch = fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#timeoutMs = timeoutMs;
  }

  /** Asks once. Throws `ProblemError`, `NoAnswer`, `NotPressbox`, or the signal's reason. */
  async request(asked: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    const within = deadline(asked.timeoutMs ?? this.#timeoutMs, signal);
    let sent = false;
    try {
      // The app's token may not come either.
      const headers = await unlessAborted(this.#headers('application/json', signal), within.signal);
      sent = true;
      const response = await this.#send(asked, headers, within.signal);
      let text = '';
      await readText(response, (more) => {
        text += more;
        within.extend();
      });
      return toHttpResponse(response, text);
    } catch (error) {
      throwIfAborted(signal);
      const late = within.signal.aborted;
      throw sent || late ? toRequestError(error, late) : error;
    } finally {
      within.end();
    }
  }

  /** Asks for a stream of events, as `begin` does. */
  async stream(path: string, signal: AbortSignal): Promise<Response> {
    const response = await this.openResponse({ method: 'GET', path, noStore: true }, eventStreamType, signal);
    // What an EventSource is told in the place of a 429, as it would give up at one.
    const retryAfter = parseRetryAfter(response.headers.get('retry-after'));
    if (retryAfter === undefined) return response;
    response.body?.cancel().catch(() => {});
    throw new NoAnswer('The server asked to come back later.', { retryAfter });
  }

  /**
   * Asks for what is read as it comes, and is of this media type. Resolves once it begins; until then it throws as `ask` does. Whoever asks
   * sets the deadlines.
   */
  async openResponse(asked: HttpRequest, type: string, signal: AbortSignal): Promise<Response> {
    const headers = await this.#headers(type, signal);
    try {
      const response = await this.#send(asked, headers, signal);
      if (response.ok && response.headers.get('content-type')?.startsWith(type)) return response;
      toHttpResponse(response, await response.text());
      throw new NotPressbox(`status ${response.status}`);
    } catch (error) {
      throwIfAborted(signal);
      throw toRequestError(error, false);
    }
  }

  async #headers(accept: string, signal: AbortSignal | undefined): Promise<Record<string, string>> {
    throwIfAborted(signal);
    const token = await freshToken(this.#token);
    throwIfAborted(signal);
    return { accept, ...(token && { authorization: `Bearer ${token}` }) };
  }

  #send(
    { method, path, headers, body, noStore }: HttpRequest,
    more: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Response> {
    return this.#fetch(this.#base + path, {
      method,
      headers: { ...more, ...headers },
      ...(body !== undefined && { body }),
      ...(noStore && { cache: 'no-store' as const }),
      ...(this.#session === false && { credentials: 'omit' as const }),
      signal,
    });
  }

  /** Past every cache: what one has kept may be wrong by now, and what is withdrawn later is to lie in none. */
  async get(path: string, signal?: AbortSignal): Promise<HttpResponse> {
    return this.request({ method: 'GET', path, noStore: true }, signal);
  }
}

export async function freshToken(token: TokenSource | undefined): Promise<string | undefined> {
  return typeof token === 'function' ? token() : token;
}

const eventStreamType = 'text/event-stream';

/** Asks for lines of JSON, of which there may be many, as `Http.begin` does. */
export function download(http: Http, path: string, signal: AbortSignal): Promise<Response> {
  return http.openResponse({ method: 'GET', path }, 'application/x-ndjson', signal);
}

function toRequestError(error: unknown, late: boolean): unknown {
  if (error instanceof ProblemError || error instanceof NoAnswer || error instanceof NotPressbox) return error;
  return new NoAnswer(late ? 'The server did not answer in time.' : 'The server could not be reached.', { cause: error });
}

function toHttpResponse(response: Response, text: string): HttpResponse {
  const body = parseJson(text);
  const retryAfter = parseRetryAfter(response.headers.get('retry-after'));
  if (response.ok && (text === '' || body !== undefined)) return { status: response.status, headers: response.headers, body };
  if (isProblem(body)) throw new ProblemError({ ...(retryAfter !== undefined && { retryAfter }), ...body });
  const { status } = response;
  if (!isTransient({ status, retryAfter })) throw new NotPressbox(`status ${status}`);
  throw new NoAnswer(`Something before the server answered, with status ${status}.`, { retryAfter });
}

/** The body of an answer, which has this field: what has it not is no answer of Pressbox, though it may be JSON. */
export function bodyWithField<T>(field: string, { status, body }: HttpResponse): T {
  if (!isObject(body) || !(field in body)) throw new NotPressbox(`status ${status}`);
  return body as T;
}

/** Undefined where it is no JSON. */
export function parseJson(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What else has a code and a title, something before the server says: without a status it does not tell whether asking again helps. */
export function isProblem(value: unknown): value is Problem {
  return isObject(value) && typeof value.code === 'string' && typeof value.title === 'string' && typeof value.status === 'number';
}

/** Also of a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3). */
export function parseRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1_000);
}

/** Waits. Ends early with the signal's reason. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    throwIfAborted(signal);
    const stop = () => {
      clearTimeout(timer);
      if (signal) reject(abortReason(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
