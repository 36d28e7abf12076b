import type { Request, RequestHandler } from 'express';
import { vary } from './answers.ts';
import { responseLimits } from './http-limits.ts';

/**
 * Which web pages may talk to this server. Complete origins are compared. A comparison of prefixes would admit
 * `https://example.org.evil.example`.
 */

/** Origins in addition to the server's own, in the form of `isOrigin`. `*` admits every page. */
export type Origins = '*' | readonly string[];

export interface RequestOrigin {
  /** The Origin header. */
  origin: string | undefined;
  /** The Host header. */
  host: string | undefined;
  /** Whether the connection used TLS, if that is known. */
  secure?: boolean | undefined;
}

/** The origin in the headers of a request or a handshake. */
export function originIn(request: Request): RequestOrigin {
  const { origin, host } = request.headers;
  // If TLS ends at a proxy that is not trusted, this server does not know that the client used TLS.
  return { origin, host, secure: request.secure || undefined };
}

/**
 * Whether a page of this origin may connect. A request without an origin does not come from a page in a browser, and may connect.
 * The origin `null` (a file, a sandboxed frame) may connect only if every page may. The spelling must be that of browsers: lower
 * case, no path, no default port.
 */
export function mayConnect({ origin, host, secure }: RequestOrigin, allowed: Origins): boolean {
  if (origin === undefined || allowed === '*' || allowed.includes(origin)) return true;
  // Libraries for apps send the address that they connect to as the origin. It begins with `ws`, unlike the origins of browsers.
  return isOwn(origin.replace(/^ws/, 'http'), host, secure);
}

/** Whether the origin is that of this server. */
export function isOwnOrigin({ origin, host, secure }: RequestOrigin): boolean {
  return origin !== undefined && isOwn(origin, host, secure);
}

/** Whether the text is a web origin in the spelling of browsers. */
export function isOrigin(text: string): boolean {
  // A URL may contain characters that are not allowed in host names, such as the * of a pattern.
  return /^https?:\/\/[a-z0-9.:[\]_-]+$/.test(text) && URL.parse(text)?.origin === text;
}

/** The last origin that was found to be this server. Nearly every request comes from its pages, and then no URL is parsed. */
let lastOwn: RequestOrigin | undefined;

function isOwn(origin: string, host: string | undefined, secure: boolean | undefined): boolean {
  if (origin === lastOwn?.origin && host === lastOwn.host && secure === lastOwn.secure) return true;
  if (!isOrigin(origin) || !isHost(origin, host, secure)) return false;
  lastOwn = { origin, host, secure };
  return true;
}

/** Whether host and port of the origin are those of the Host header. Behind a proxy with TLS the scheme may differ. */
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
 * Lets pages of allowed origins read responses to GET, and answers their preflight requests. Other pages get the same response
 * without these headers, and their browser does not let them read it. Credentials are never allowed, because the session cookie
 * does not count in requests from other origins.
 */
export function cors(allowed: Origins): RequestHandler {
  return (request, response, next) => {
    const requestOrigin = originIn(request);
    const { origin } = requestOrigin;
    if (allowed !== '*') vary(response, 'Origin');
    const admitted = origin !== undefined && mayConnect(requestOrigin, allowed);
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
