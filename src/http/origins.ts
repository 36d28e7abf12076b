import type { Request, RequestHandler } from 'express';
import { vary } from './answers.ts';
import { responseLimits } from './http-limits.ts';

/**
 * Which web pages may talk to this server. Exact comparison of whole origins, never of prefixes or endings: those have let in
 * `https://example.org.evil.example` too often.
 */

/** Further origins beside the server's own, each as `isOrigin` has it; `*` lets every page in. */
export type Origins = '*' | readonly string[];

export interface RequestOrigin {
  /** The Origin header. */
  origin: string | undefined;
  /** The Host header. */
  host: string | undefined;
  /** Whether the connection came by TLS, where that is known. */
  secure?: boolean | undefined;
}

/** What a request or a handshake says of these. */
export function originIn(request: Request): RequestOrigin {
  const { origin, host } = request.headers;
  // Where TLS ends at a proxy that is not trusted, it is not known.
  return { origin, host, secure: request.secure || undefined };
}

/**
 * Whether a page of this origin may connect. No origin: it is no browser, and may. `null` (a file, a sandboxed frame) may only where
 * every page may. The spelling must be the one browsers send: lower case, no path, no default port.
 */
export function mayConnect({ origin, host, secure }: RequestOrigin, allowed: Origins): boolean {
  if (origin === undefined || allowed === '*' || allowed.includes(origin)) return true;
  // Libraries for apps name the address that they connect to as it stands, which begins with `ws`. No browser does.
  return isOwn(origin.replace(/^ws/, 'http'), host, secure);
}

/** Whether a page of this server asks, by its origin. */
export function isOwnOrigin({ origin, host, secure }: RequestOrigin): boolean {
  return origin !== undefined && isOwn(origin, host, secure);
}

/** Whether the text is a web origin, spelled as browsers do. */
export function isOrigin(text: string): boolean {
  // A URL may hold characters that no host name has, such as the * of a pattern.
  return /^https?:\/\/[a-z0-9.:[\]_-]+$/.test(text) && URL.parse(text)?.origin === text;
}

/** What was last found to be this server's own: nearly everyone comes from its pages, and for them no URL is parsed. */
let lastOwn: RequestOrigin | undefined;

function isOwn(origin: string, host: string | undefined, secure: boolean | undefined): boolean {
  if (origin === lastOwn?.origin && host === lastOwn.host && secure === lastOwn.secure) return true;
  if (!isOrigin(origin) || !isHost(origin, host, secure)) return false;
  lastOwn = { origin, host, secure };
  return true;
}

/** The origin's host and port are those of the Host header. Behind a proxy that speaks TLS the scheme may differ from ours. */
function isHost(origin: string, host: string | undefined, secure: boolean | undefined): boolean {
  if (host === undefined || !/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(host)) return false;
  const page = new URL(origin);
  const server = URL.parse(`${secure === true ? 'https:' : page.protocol}//${host}`);
  return server !== null && server.hostname === page.hostname && portOf(server) === portOf(page);
}

function portOf(url: URL): string {
  if (url.port !== '') return url.port;
  return url.protocol === 'https:' ? '443' : '80';
}

const exposed = 'ETag, Link, Location, Retry-After, Idempotency-Replayed';
const takenMethods = 'GET, HEAD';
const takenHeaders = 'Authorization, If-None-Match, Last-Event-ID, Cache-Control';

/**
 * Lets pages of allowed origins read the answers of reader GETs, and answers their preflights. Others get the same answer without
 * the headers, so their browser keeps it from them. No cookie plays a part, so none is ever allowed.
 */
export function cors(allowed: Origins): RequestHandler {
  return (request, response, next) => {
    const asked = originIn(request);
    const { origin } = asked;
    if (allowed !== '*') vary(response, 'Origin');
    const admitted = origin !== undefined && mayConnect(asked, allowed);
    if (admitted) {
      response.setHeader('Access-Control-Allow-Origin', allowed === '*' ? '*' : origin);
      response.setHeader('Access-Control-Expose-Headers', exposed);
    }
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
      next();
      return;
    }
    if (admitted) {
      response.setHeader('Access-Control-Allow-Methods', takenMethods);
      response.setHeader('Access-Control-Allow-Headers', takenHeaders);
      response.setHeader('Access-Control-Max-Age', responseLimits.preflightSeconds);
    }
    response.status(204).end();
  };
}
