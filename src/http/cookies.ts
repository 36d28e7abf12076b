import type { Request, Response } from 'express';
import { ownerCookieName, sessionCookieName } from '../protocol/cookie-names.ts';
import { isOwnOrigin, type Origins, originIn } from './origins.ts';

/**
 * Transports a session in a cookie that scripts cannot read and other sites cannot use. The cookie counts only in requests that
 * clearly come from a page of this server. A page of another origin may connect, if it is allowed to, but never with the session
 * of its reader.
 *
 * Beside it, a cookie that scripts of this server can read has the owner key of the session. It admits nobody.
 */
export interface SessionCookie {
  /** The session of the request. Undefined if there is none, or if it does not count. */
  read(request: Request): string | undefined;
  /** The session of a request to sign out. The caller must know that the request does not come from a foreign page. */
  readForSignOut(request: Request): string | undefined;
  /** `ownerKey`: of a new session. A renewed session has the same owner, whose cookie lasts until the session ends. */
  set(request: Request, response: Response, value: string, maxAgeSeconds: number, ownerKey?: string): void;
  clear(request: Request, response: Response): void;
  /** Whether a page of this server sent the request, by the headers that browsers send with forms and scripts. */
  isOwnPage(request: Request): boolean;
  /**
   * Whether the request comes from a page that may sign its readers in here: a page of this server, or of an origin that is
   * listed by name.
   */
  maySignIn(request: Request): boolean;
}

export interface CookieOptions {
  /** The address that readers use. The cookie has its path in its name, and counts for the whole host. */
  publicUrl: string;
  origins: Origins;
}

/** Whether a cookie of the request may be a session. Also true if the session would not count. */
export function mayHoldSession({ headers }: Pick<Request, 'headers'>): boolean {
  return headers.cookie?.includes('pressbox') === true;
}

/** Any site can submit forms with these content types, without a preflight request. */
const typesOfForms = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];

export function createSessionCookie({ publicUrl, origins }: CookieOptions): SessionCookie {
  const own = new URL(publicUrl);
  // Behind a proxy with TLS that is not trusted, the public URL shows whether readers use TLS.
  const isSecure = (request: Request) => own.protocol === 'https:' || request.secure;
  // Other servers on this host, below other paths, have their own sessions.
  const path = own.pathname.replace(/\/+$/, '');
  const [session, owner] = [sessionCookieName(path), ownerCookieName(path)];
  // With this prefix browsers accept the cookie only over TLS and from this host, so that a neighbouring host cannot set it.
  const nameFor = (request: Request, name = session) => (isSecure(request) ? `__Host-${name}` : name);
  // Lax, so that a reader who follows a link to a private page is signed in there.
  const attributes = (request: Request) => `SameSite=Lax${isSecure(request) ? '; Secure' : ''}`;
  const sessionIn = (request: Request, value: string, seconds: number) =>
    `${nameFor(request)}=${value}; Max-Age=${seconds}; Path=/; HttpOnly; ${attributes(request)}`;
  // Scripts may read it, so that a page knows without a network whose data on the device it may show.
  const ownerIn = (request: Request, ownerKey: string, seconds: number) =>
    `${nameFor(request, owner)}=${ownerKey}; Max-Age=${seconds}; Path=/; ${attributes(request)}`;

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
    // A link from another site may lead to a page, but requests and embeds of other sites do not count.
    return from === undefined || from === 'same-origin' || from === 'none' || isFollowedLink(headers);
  };

  const sentSession = (request: Request) => {
    const { cookie } = request.headers;
    // Most cookie headers contain no session, and are not parsed.
    return cookie !== undefined && mayHoldSession(request) ? cookieIn(cookie, nameFor(request)) : undefined;
  };

  return {
    read(request) {
      const session = sentSession(request);
      return session !== undefined && isTrusted(request) ? session : undefined;
    },
    readForSignOut: sentSession,
    set(request, response, value, maxAgeSeconds, ownerKey) {
      const ofOwner = ownerKey === undefined ? [] : [ownerIn(request, ownerKey, maxAgeSeconds)];
      response.set('Set-Cookie', [sessionIn(request, value, maxAgeSeconds), ...ofOwner]);
    },
    clear(request, response) {
      response.set('Set-Cookie', [sessionIn(request, '', 0), ownerIn(request, '', 0)]);
    },
    isOwnPage,
    maySignIn(request) {
      const { origin } = request.headers;
      return isOwnPage(request) || (origin !== undefined && origins !== '*' && origins.includes(origin));
    },
  };
}

/** Whether the request follows a link. Excludes pages in a frame, which browsers also request with `navigate`. */
function isFollowedLink(headers: Request['headers']): boolean {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': into = 'document' } = headers;
  return mode === 'navigate' && into === 'document';
}

function typeOf(request: Request): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** The first cookie of this name: browsers send the one with the longest path, then the oldest, first. */
function cookieIn(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    if (at < 0 || pair.slice(0, at).trim() !== name) continue;
    const value = pair.slice(at + 1).trim();
    if (value !== '') return value;
  }
  return undefined;
}
