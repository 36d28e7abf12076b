import type { Request, Response } from 'express';
import { isOwnOrigin, type Origins, originIn } from './origins.ts';

/**
 * How a session travels: in a cookie that no script can read and that no other site can have sent along, and only where the request is
 * plainly one of a page of this server. A page of another origin may connect, if it is allowed to, but never with its reader's session.
 */
export interface SessionCookie {
  /** What came with the request; undefined where nothing did, or where it does not count. */
  read(request: Request): string | undefined;
  /** What came with a request to sign out, which has been found to come from no page elsewhere. */
  readForSignOut(request: Request): string | undefined;
  set(request: Request, response: Response, value: string, maxAgeSeconds: number): void;
  clear(request: Request, response: Response): void;
  /** Whether a page of this server sent it, as every browser says of a form and of what a script writes. */
  isOwnPage(request: Request): boolean;
  /** Whether a page sent it that may sign its readers in here: an own one, or one of an origin that is listed by name. */
  maySignIn(request: Request): boolean;
}

export interface CookieOptions {
  /** Where readers reach the server. */
  publicUrl: string;
  origins: Origins;
}

/** Whether a cookie of the request may be a session, one that does not count too. */
export function mayHoldSession({ headers }: Pick<Request, 'headers'>): boolean {
  return headers.cookie?.includes('pressbox') === true;
}

/** Forms of any site can be sent with these, and no page needs to be asked. */
const typesOfForms = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];

export function createSessionCookie({ publicUrl, origins }: CookieOptions): SessionCookie {
  const own = new URL(publicUrl);
  // Behind a proxy that speaks TLS and is not trusted, the address that readers use is what tells.
  const isSecure = (request: Request) => own.protocol === 'https:' || request.secure;
  // With this prefix browsers take it over TLS alone, from this very host, so that no neighbour can plant one.
  const nameFor = (request: Request) => (isSecure(request) ? '__Host-pressbox' : 'pressbox');
  // Lax: a reader who follows a link to a members' page is signed in there.
  const attributes = (request: Request) => `Path=/; HttpOnly; SameSite=Lax${isSecure(request) ? '; Secure' : ''}`;

  const isOwn = (request: Request, origin: string) =>
    origin === own.origin || isOwnOrigin({ ...originIn(request), origin, ...(isSecure(request) && { secure: true }) });

  const isOwnPage = (request: Request) => {
    const { origin } = request.headers;
    return origin === undefined ? request.headers['sec-fetch-site'] === 'same-origin' : isOwn(request, origin);
  };

  const isTrusted = (request: Request) => {
    const { method, headers } = request;
    if (method !== 'GET' && method !== 'HEAD') return isOwnPage(request) && !typesOfForms.includes(typeOf(request));
    if (headers.origin !== undefined) return isOwn(request, headers.origin);
    const from = headers['sec-fetch-site'];
    // Followed from elsewhere, a link leads to a page; what another page fetches or embeds is for nobody.
    return from === undefined || from === 'same-origin' || from === 'none' || isFollowedLink(headers);
  };

  const sentSession = (request: Request) => {
    const { cookie } = request.headers;
    // Most readers have cookies of others alone.
    return cookie !== undefined && mayHoldSession(request) ? cookieIn(cookie, nameFor(request)) : undefined;
  };

  return {
    read(request) {
      const session = sentSession(request);
      return session !== undefined && isTrusted(request) ? session : undefined;
    },
    readForSignOut: sentSession,
    set(request, response, value, maxAgeSeconds) {
      response.set('Set-Cookie', `${nameFor(request)}=${value}; Max-Age=${maxAgeSeconds}; ${attributes(request)}`);
    },
    clear(request, response) {
      response.set('Set-Cookie', `${nameFor(request)}=; Max-Age=0; ${attributes(request)}`);
    },
    isOwnPage,
    maySignIn(request) {
      const { origin } = request.headers;
      return isOwnPage(request) || (origin !== undefined && origins !== '*' && origins.includes(origin));
    },
  };
}

/** Not a page that another one shows in a frame, which is navigated to as well. */
function isFollowedLink(headers: Request['headers']): boolean {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': into = 'document' } = headers;
  return mode === 'navigate' && into === 'document';
}

function typeOf(request: Request): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** The first of this name: browsers send that of the longest path and of the earliest day first. */
function cookieIn(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    if (at < 0 || pair.slice(0, at).trim() !== name) continue;
    const value = pair.slice(at + 1).trim();
    if (value !== '') return value;
  }
  return undefined;
}
