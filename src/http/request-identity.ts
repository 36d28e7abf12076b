import type { Request, RequestHandler, Response } from 'express';
import { type Credentials, credentialsIn, type Identity, isUnverified, principalIn } from '../access/identity.ts';
import { ownerKeyOf } from '../protocol/owner-key.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';
import type { SessionCookie } from './cookies.ts';

/** The identity of a requester: the token of a request or the session of its browser, checked once before any route. */

/** RFC 6750: the scheme in any case, one space or more, then a token. */
const bearer = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/**
 * Stores the credentials for `credentialsOf` and `principalOf`. An invalid token is refused even if none is needed: a client with
 * a token wants to be recognised, and must not be answered as anonymous. If the request has a token, its session is ignored.
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
 * Stores the principal of the session. An invalid session is not the fault of the reader, because the browser sends it
 * automatically: its cookie is deleted, and the request counts as anonymous. A session that cannot be checked at the moment is
 * kept. With an idle limit, the response renews the session.
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

/**
 * Refuses a request that names another owner than its credentials have. A page that sends what was written before somebody else
 * signed in can thus never send it in the name of the other: the cookie is checked together with the request that it came with.
 */
export function checkNamedOwner(): RequestHandler {
  return (request, response, next) => {
    const named = request.get(ownerHeader);
    if (named !== undefined && named !== ownerKeyOf(requirePrincipal(response))) throw new Refusal('owner-mismatch');
    next();
  };
}

const ownerHeader = 'Pressbox-Owner-Key';

/**
 * The credentials of a session, for a request whose response cannot delete the cookie, such as an upgrade. Undefined without a
 * session.
 */
export function signedIn(request: Request, identity: Identity, cookie: SessionCookie): Promise<Credentials> | undefined {
  const session = cookie.read(request);
  if (session === undefined) return undefined;
  return identity.resume(session).then(credentialsIn);
}

/** The credentials of the request. Undefined if it is anonymous. */
export function credentialsOf(response: Response): Credentials {
  return response.locals.credentials as Credentials;
}

/** The principal of the request. Undefined if it is anonymous, or if its session cannot be checked at the moment. */
export function principalOf(response: Response): Principal | undefined {
  return principalIn(credentialsOf(response));
}

/** The principal of the request. An anonymous request is refused with `token-missing`. */
export function requirePrincipal(response: Response): Principal {
  const credentials = credentialsOf(response);
  if (isUnverified(credentials)) throw credentials.refusal;
  if (!credentials) throw new Refusal('token-missing');
  return credentials;
}

/** Whether the response renews or deletes the session cookie. */
export function setsCookie(response: Response): boolean {
  return response.locals.setsCookie === true;
}

/**
 * Whether the response depends on the session of a browser, or sets or deletes it. A cache that stored it would sign others in or
 * out.
 */
export function isForOneBrowser(response: Response): boolean {
  return response.locals.isForOneBrowser === true;
}

/** The token of a request. Undefined if none was sent. */
export function tokenOf(request: Request): string | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) return undefined;
  const token = bearer.exec(authorization)?.[1];
  if (token === undefined) {
    throw new Refusal('token-invalid', { detail: 'The Authorization header must be "Bearer" and a token.' });
  }
  return token;
}
