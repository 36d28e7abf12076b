import type { Problem } from '../../src/protocol/problems.ts';
import { abortReason, deadline, readText, throwIfAborted, unlessAborted } from './platform.ts';

/** One HTTP request and its answer, or an error that says whether a retry can help. */

/** A token, or a function that returns a fresh one. The function is called before each request and connection. */
export type TokenSource = string | (() => string | Promise<string>);
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path and query, relative to the server's address. */
  path: string;
  headers?: Record<string, string>;
  body?: string | Blob | Uint8Array<ArrayBuffer>;
  /** Bypasses every cache in both directions. */
  noStore?: boolean;
  /** Overrides the client's timeout. */
  timeoutMs?: number;
}

export interface HttpResponse {
  status: number;
  headers: Headers;
  /** The parsed JSON, or undefined if the answer had no body. */
  body: unknown;
}

/** The server refused. Nothing was done unless `problem.outcome` is `unknown`. */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    const { detail, title, errors } = problem;
    super([detail ?? title, ...(errors ?? []).map((one) => (one.path ? `${one.path}: ` : '') + one.message)].join(' '));
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/**
 * There was no answer from Pressbox: the network failed, the time ran out, or an intermediary answered. Whether the request was
 * executed is unknown.
 */
export class NoAnswer extends Error {
  /** Seconds to wait before the next request, if the answer said so. */
  readonly retryAfter: number | undefined;
  constructor(message: string, options: { cause?: unknown; retryAfter?: number | undefined } = {}) {
    super(message, { cause: options.cause });
    this.name = 'NoAnswer';
    this.retryAfter = options.retryAfter;
  }
}

/** The answer is not from a Pressbox server: the address is wrong. */
export class NotPressbox extends Error {
  /** `received` describes what was received instead. */
  constructor(received: string) {
    super(`The server at this address is not Pressbox: ${received}.`);
    this.name = 'NotPressbox';
  }
}

/** Whether the same request may succeed later. */
export function isRetryable(error: unknown): error is ProblemError | NoAnswer {
  if (error instanceof NoAnswer) return true;
  return error instanceof ProblemError && isTransient(error.problem);
}

/**
 * Whether the problem may pass by itself: it has a `retryAfter`, or a status that is temporary. Gives the same result as the
 * table of problems, which would make pages too large.
 */
export function isTransient({ status, retryAfter }: { status: number; retryAfter?: number | undefined }): boolean {
  // 408: the request did not arrive completely in time, for example because the server process was stopped.
  return typeof retryAfter === 'number' || status === 408 || status === 429 || (status >= 500 && status !== 501);
}

/** Whether no connection was made, so that the server has received nothing. Known only in Node; browsers do not report it. */
export function wasNeverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { syscall, code, errors, cause } = error as Error & { syscall?: unknown; code?: unknown; errors?: unknown };
  // A host name with several addresses fails with one error for each.
  if (Array.isArray(errors)) return errors.length > 0 && errors.every(wasNeverSent);
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT' || wasNeverSent(cause);
}

/**
 * Limits how long an unreachable server is retried. The returned function takes each error and returns the milliseconds left
 * until the client gives up. Infinite if a connection was made. Schedule the last attempt at the end of that time.
 */
export function unreachableBudget(maxMs: number): (error: unknown, askedAt?: number) => number {
  let since: number | undefined;
  return (error, askedAt = Date.now()) => {
    since = wasNeverSent(error) ? (since ?? askedAt) : undefined;
    return since === undefined ? Number.POSITIVE_INFINITY : Math.max(0, since + maxMs - Date.now());
  };
}

/** Milliseconds that the server asked to wait; 0 if it did not say. */
export function retryAfterMs(error: ProblemError | NoAnswer): number {
  const seconds = error instanceof ProblemError ? error.problem.retryAfter : error.retryAfter;
  return Math.max(0, seconds ?? 0) * 1_000;
}

/**
 * The problem that an error reports: the server's problem document, or a rate limit if an intermediary asked to wait. Otherwise
 * undefined.
 */
export function problemFrom(error: unknown): Problem | undefined {
  if (error instanceof ProblemError) return error.problem;
  if (!(error instanceof NoAnswer) || error.retryAfter === undefined) return undefined;
  const { message: title, retryAfter } = error;
  return { type: 'urn:pressbox:problem:rate-limited', code: 'rate-limited', status: 429, title, retryAfter };
}

/** A request fails after this long without any bytes of an answer, milliseconds. */
export const responseTimeoutMs = 30_000;

export interface HttpOptions {
  url: string;
  token?: TokenSource | undefined;
  /** `false`: sends no cookie. */
  session?: false | undefined;
  fetch?: Fetch | undefined;
  /** A request fails after this long without any bytes of an answer, milliseconds. */
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

  /** Sends one request. Throws `ProblemError`, `NoAnswer`, `NotPressbox`, or the signal's reason. */
  async request(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    const within = deadline(request.timeoutMs ?? this.#timeoutMs, signal);
    let sent = false;
    try {
      // The app's token function may hang too.
      const headers = await unlessAborted(this.#headers('application/json', signal), within.signal);
      sent = true;
      const response = await this.#send(request, headers, within.signal);
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

  /** Requests an event stream, like `openResponse`. */
  async stream(path: string, signal: AbortSignal): Promise<Response> {
    const response = await this.openResponse({ method: 'GET', path, noStore: true }, eventStreamType, signal);
    // For streams the server sends `Retry-After` instead of a 429, because an EventSource gives up at a 429.
    const retryAfter = parseRetryAfter(response.headers.get('retry-after'));
    if (retryAfter === undefined) return response;
    response.body?.cancel().catch(() => {});
    throw new NoAnswer('The server asked to retry later.', { retryAfter });
  }

  /**
   * Requests a response of this media type to be read as a stream. Resolves once it begins; until then it throws like `request`.
   * The caller sets the timeouts.
   */
  async openResponse(request: HttpRequest, type: string, signal: AbortSignal): Promise<Response> {
    const headers = await this.#headers(type, signal);
    try {
      const response = await this.#send(request, headers, signal);
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

  /** Bypasses every cache: a cached answer may be outdated, and a post that is later withdrawn must not stay in a cache. */
  async get(path: string, signal?: AbortSignal): Promise<HttpResponse> {
    return this.request({ method: 'GET', path, noStore: true }, signal);
  }
}

export async function freshToken(token: TokenSource | undefined): Promise<string | undefined> {
  return typeof token === 'function' ? token() : token;
}

const eventStreamType = 'text/event-stream';

/** Downloads lines of JSON, like `Http.openResponse`. */
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
  throw new NoAnswer(`Something in front of the server answered, with status ${status}.`, { retryAfter });
}

/** The body of an answer that must have this field. JSON without it is not from Pressbox. */
export function bodyWithField<T>(field: string, { status, body }: HttpResponse): T {
  if (!isObject(body) || !(field in body)) throw new NotPressbox(`status ${status}`);
  return body as T;
}

/** Undefined if the text is not JSON. */
export function parseJson(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Requires a `status` too. Intermediaries also send JSON with a code and a title, and only a status says whether a retry helps.
 */
export function isProblem(value: unknown): value is Problem {
  return isObject(value) && typeof value.code === 'string' && typeof value.title === 'string' && typeof value.status === 'number';
}

/** True for arrays too. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** `Retry-After`: seconds or a date (RFC 9110, section 10.2.3). */
export function parseRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1_000);
}

/** Waits. Rejects early with the signal's reason. */
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
