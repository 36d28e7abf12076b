import { hash } from 'node:crypto';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { JournalUnavailable } from '../journal/engine.ts';
import { missing, type Problem, type ProblemCode, type ProblemDetails, problem, Refusal } from '../protocol/problems.ts';
import { type Compressed, compressorOf, digestOf, lengthOf, type ResponseBody } from './answer-body.ts';
import { AllClientsGone } from './builds.ts';
import { responseLimits } from './http-limits.ts';
import { countCompressed } from './rates.ts';
import { logRefusal } from './security-log.ts';

/** HTTP responses: JSON with its caching rules, and problems. */

/** The part of a logger that is used here. */
export interface ErrorLog {
  error(facts: object, message: string): void;
}

export interface ResponseOptions {
  /** Default 200. */
  status?: number;
  /**
   * - `public`: any cache may store it, and must revalidate it each time. Compressed for anonymous clients that accept gzip.
   * - `private`: for this requester only. No cache may store it.
   * - `none`: no cache may store it, and by default it has no entity tag. Used for responses such as a held poll.
   * - `immutable`: any cache may store it for ever. Only for files of the server whose URL has a hash of the content.
   */
  cache: 'public' | 'private' | 'none' | 'immutable';
  /**
   * A strong entity tag with its quotes. A compressed response has `-gzip` appended to it. Default: a digest of the content,
   * except for `none`, which has no tag.
   */
  etag?: string;
  /** Default `application/json; charset=utf-8`. */
  type?: string;
}

/**
 * Answers with JSON. A string or bytes are sent unchanged. A GET or HEAD whose If-None-Match names the entity tag gets 304
 * without a body. A cache must revalidate every response that it stores, except `immutable` ones, so it never shows erased text.
 */
export function sendJson(response: Response, body: string | Buffer | object, answer: ResponseOptions): void {
  sendBody(response, typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body), answer);
}

/** Answers like `sendJson`, with content that is sent unchanged. */
export function sendBody(response: Response, content: ResponseBody, answer: ResponseOptions): void {
  const { status = 200, cache, type = 'application/json; charset=utf-8' } = answer;
  const plainTag = answer.etag ?? (cache === 'none' ? undefined : etagOf(content));
  const mayCompress = cache === 'public' && status === 200 && !response.hasHeader('Content-Encoding');
  const known = mayCompress ? compressorOf(response) : undefined;
  const compressor = known !== undefined && lengthOf(content) >= responseLimits.compressLeastBytes ? known : undefined;
  response.setHeader('Cache-Control', cacheControl[cache]);
  if (cache === 'private') vary(response, credentialHeaders);
  if (cache === 'public') vary(response, 'Accept-Encoding');
  // A compressed response has other bytes, so it needs another strong tag (RFC 9110, 8.8.3.3).
  const etag = compressor === undefined ? plainTag : plainTag?.replace(/"$/, '-gzip"');
  if (etag !== undefined) response.setHeader('ETag', etag);
  if (
    etag !== undefined &&
    status === 200 &&
    isReadRequest(response.req) &&
    matchesEtag(response.req.headers['if-none-match'], etag)
  ) {
    response.status(304).end();
    return;
  }
  response.status(status);
  if (compressor === undefined) return send(response, type, content);
  const { compress, repeat } = compressor;
  const compressed = compress(content);
  const compressible = { type, content, plainTag, repeat };
  if (!(compressed instanceof Promise)) return sendCompressed(response, compressed, compressible);
  countCompressed(response, lengthOf(content));
  compressed.then(
    (done) => sendCompressed(response, done, compressible),
    // It is not known whether something was erased meanwhile.
    () => sendCompressed(response, { status: 'erased' }, compressible),
  );
}

interface CompressibleAnswer {
  type: string;
  content: ResponseBody;
  plainTag: string | undefined;
  repeat(): void;
}

function sendCompressed(response: Response, compressed: Compressed, answer: CompressibleAnswer): void {
  const { type, content, plainTag } = answer;
  if (response.closed || response.headersSent) return;
  switch (compressed.status) {
    case 'compressed':
      response.setHeader('Content-Encoding', 'gzip');
      return send(response, type, compressed.bytes);
    case 'busy':
      if (plainTag !== undefined) response.setHeader('ETag', plainTag);
      return send(response, type, content);
    case 'erased':
      return answer.repeat();
  }
}

/** The request headers that identify the requester, for `Vary`. */
export const credentialHeaders = 'Authorization, Cookie';

const cacheControl = {
  public: 'no-cache',
  private: 'private, no-store',
  none: 'no-store',
  immutable: 'public, max-age=31536000, immutable',
} as const;

/** A strong entity tag of the bytes, with its quotes. */
export function etagOf(content: ResponseBody): string {
  return `"${digestOf(content)}"`;
}

/** Adds request headers to `Vary`. */
export function vary(response: Response, names: string): void {
  const before = response.getHeader('Vary');
  if (before === undefined) return void response.setHeader('Vary', names);
  const known = String(before).split(', ');
  const more = names.split(', ').filter((name) => !known.includes(name));
  if (more.length > 0) response.setHeader('Vary', [...known, ...more].join(', '));
}

/**
 * The entity tag of a post in JSON. It begins with the revision, because If-Match sends it back. The rest identifies the view,
 * the renderer and the content: after a store was restored to an older state, the same revision number can have another text.
 */
export function postEtag(revision: number, seen: string, view: 'author' | 'reader', renderer: { version: string }): string {
  const content = hash('sha256', seen, 'base64url').slice(0, 16);
  return `"${revision}-${view === 'author' ? 'a' : 'r'}${renderer.version}-${content}"`;
}

/**
 * Whether If-None-Match names the tag. Supports lists, `*` and weak tags. A weak tag matches a strong one with the same value
 * (RFC 9110, 13.1.2).
 */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const tags: string[] = ifNoneMatch.match(/"[\x21\x23-\x7e\x80-\xff]*"/g) ?? [];
  return tags.includes(etag.replace(/^W\//, ''));
}

/** Answers with a problem document (RFC 9457), and sets the headers that belong to it. */
export function sendProblem(response: Response, sent: Problem): void {
  setProblemHeaders(response, sent);
  response.setHeader('Cache-Control', 'no-store');
  response.status(sent.status);
  send(response, 'application/problem+json', JSON.stringify(sent));
}

/** Sets the headers of a problem, whatever the format of its body, and records its code for the metrics. */
export function setProblemHeaders(response: Response, sent: Problem): void {
  const { code, retryAfter } = sent;
  response.locals.problem = code;
  logRefusal(response, sent);
  response.removeHeader('ETag');
  if (retryAfter !== undefined) response.setHeader('Retry-After', String(Math.ceil(retryAfter)));
  const authenticate = challenges[code];
  if (authenticate !== undefined) response.setHeader('WWW-Authenticate', authenticate);
}

/** RFC 6750: without a token in the request, the challenge names no error. */
export const challenge = 'Bearer realm="pressbox"';

const challenges: Partial<Record<ProblemCode, string>> = {
  'token-missing': challenge,
  'token-invalid': `${challenge}, error="invalid_token"`,
  'link-used': `${challenge}, error="invalid_token"`,
};

/** The code of the problem that was sent, for the metrics. */
export function sentProblemCode(response: Response): ProblemCode | undefined {
  return response.locals.problem as ProblemCode | undefined;
}

/** Answers 404 if no route matched. */
export function notFound(details: ProblemDetails = missing.path): RequestHandler {
  return (_request, response) => sendProblem(response, problem('not-found', details));
}

/** Answers 405. Mount it with `all` after the routes of the path. `methods` as in an Allow header. */
export function methodNotAllowed(...methods: string[]): RequestHandler {
  return (_request, response) => {
    response.setHeader('Allow', methods.join(', '));
    throw new Refusal('method-not-allowed', { detail: `It supports ${methods.join(', ')}.` });
  };
}

/** Answers errors of routes. An unexpected error is logged once, and the response reveals nothing of it. */
export function handleErrors(log: ErrorLog): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    // Nobody is left to answer, although the connection may only be half closed.
    if (error instanceof AllClientsGone) return void response.destroy();
    const known = problemFor(error);
    if (known === undefined) log.error({ err: error, method: request.method, path: request.path }, 'request failed');
    if (response.headersSent) {
      // A partial response must not look complete. In HTTP/1.0 a closed connection means that the response is complete, so this
      // resets the connection.
      response.socket?.resetAndDestroy();
      return;
    }
    sendProblem(response, known ?? problem('internal-error'));
  };
}

/** The response does not contain the reason, which is only for the operator. */
const writesRefused = 'The store is reachable, but refuses to write. The reason is in the log of the server.';

const channelDamaged =
  'The stored data of this channel contradicts itself. The channel is not served until an operator has repaired it.';

/**
 * The problem for an error. Undefined for an unexpected error. `random` spreads the retries of the readers of a damaged or lost channel.
 */
export function problemFor(error: unknown, random: () => number = Math.random): Problem | undefined {
  if (error instanceof Refusal) return error.problem;
  if (error instanceof JournalUnavailable) {
    const { outcome, refusesToWrite, isDamaged, isLost } = error;
    const detail = refusesToWrite ? { detail: writesRefused } : isDamaged ? { detail: channelDamaged } : {};
    const retryAfter =
      isDamaged || isLost
        ? Math.round(responseLimits.damagedRetrySeconds * (0.5 + random()))
        : responseLimits.journalRetrySeconds;
    return problem(isLost ? 'channel-lost' : 'journal-unavailable', { ...detail, outcome, retryAfter });
  }
  if (error instanceof URIError) return problem('not-found', missing.path);
  return problemForStatus(error);
}

/**
 * Errors of Express, its body parsers and its file sender have a `status`. The problem does not contain their messages, which may
 * quote the body.
 */
function problemForStatus(error: unknown): Problem | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error) || typeof error.status !== 'number') return undefined;
  const { status } = error;
  if (status < 400 || status > 499) return undefined;
  const { code, detail } = byStatus[status] ?? { code: 'invalid-body' as const, detail: 'The body cannot be read.' };
  return problem(code, detail === undefined ? {} : { detail });
}

const byStatus: Record<number, { code: ProblemCode; detail?: string }> = {
  404: { code: 'not-found', ...missing.path },
  405: { code: 'method-not-allowed' },
  413: { code: 'too-large' },
  415: { code: 'wrong-type', detail: 'Send UTF-8, plain or compressed with gzip, deflate, br or zstd.' },
};

function send(response: Response, type: string, content: ResponseBody): void {
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', lengthOf(content));
  // Node sends text in one chunk with the head, and pieces in one system call with the head.
  if (typeof content === 'string' || Buffer.isBuffer(content)) return void response.end(content);
  for (const piece of content) response.write(piece);
  response.end();
}

export function isReadRequest(request: Request): boolean {
  return request.method === 'GET' || request.method === 'HEAD';
}
