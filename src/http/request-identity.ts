import type { Request, RequestHandler, Response } from 'express';
import { type Credentials, credentialsIn, type Identity, isUnverified, principalIn } from '../access/identity.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';
import type { SessionCookie } from './cookies.ts';

/** Who asks: the token of a request, or the session of the browser that sent it, checked once, before any route. */

/** RFC 6750: the scheme in any case, one space or more, then a token. */
const bearer = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/**
 * Notes who asks, for `askingOf` and `principalOf`. A token that does not hold is refused even where none is needed: who sends one means
 * to be known, and must not be answered as a stranger. With a token, no session counts.
 */
export function authenticate(identity: Identity, cookie: SessionCookie): RequestHandler {
  const resume = resumeSession(identity, cookie);
  return async (request, response, next) => {
    const token = tokenOf(request);
    if (token === undefined) {
      await resume(request, response, next);
    } else {
      response.locals.credentials = await identity.verify(token);
      next();
    }
  };
}

/**
 * Notes who is signed in. A session that does not hold is no mistake of the reader's, whose browser sends it by itself: it is taken away,
 * and the answer is that for a stranger. One that cannot be judged at the moment is kept. With an idle limit, the answer renews it.
 */
export function resumeSession(identity: Identity, cookie: SessionCookie): RequestHandler {
  return async (request, response, next) => {
    const session = cookie.read(request);
    const resumed = session === undefined ? undefined : await identity.resume(session);
    if (resumed === 'stale') cookie.clear(request, response);
    const renewed = session === undefined || resumed === 'stale' ? undefined : await identity.renew(session);
    if (renewed !== undefined) cookie.set(request, response, renewed.value, renewed.maxAgeSeconds);
    const credentials = resumed && credentialsIn(resumed);
    response.locals.credentials = credentials;
    const setsCookie = resumed === 'stale' || renewed !== undefined;
    response.locals.setsCookie = setsCookie;
    response.locals.isForOneBrowser = setsCookie || principalIn(credentials) !== undefined;
    next();
  };
}

/** Who is signed in, in the browser that sent a request which has no answer to take a cookie away with; undefined where it has no session. */
export function signedIn(request: Request, identity: Identity, cookie: SessionCookie): Promise<Credentials> | undefined {
  const session = cookie.read(request);
  if (session === undefined) return undefined;
  return identity.resume(session).then(credentialsIn);
}

/** Who asks, for whatever is not for strangers. */
export function credentialsOf(response: Response): Credentials {
  return response.locals.credentials as Credentials;
}

/** Who is known to ask; undefined for a stranger, and whose session cannot be judged at the moment. */
export function principalOf(response: Response): Principal | undefined {
  return principalIn(credentialsOf(response));
}

/** Who asks; a stranger is refused with `token-missing`. */
export function requirePrincipal(response: Response): Principal {
  const credentials = credentialsOf(response);
  if (isUnverified(credentials)) throw credentials.refusal;
  if (!credentials) throw new Refusal('token-missing');
  return credentials;
}

/** Whether the answer renews the browser's session, or takes it away. */
export function setsCookie(response: Response): boolean {
  return response.locals.setsCookie === true;
}

/** Whether a browser's session says so, or is in the answer, or is taken away with it: a cache that kept that would sign others in or out. */
export function isForOneBrowser(response: Response): boolean {
  return response.locals.isForOneBrowser === true;
}

/** The token of a request; undefined where none was sent. */
export function tokenOf(request: Request): string | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) return undefined;
  const token = bearer.exec(authorization)?.[1];
  if (token === undefined) {
    throw new Refusal('token-invalid', { detail: 'The Authorization header must be "Bearer" and a token.' });
  }
  return token;
}
