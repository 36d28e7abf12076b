import { type Request, type Response, Router } from 'express';
import { type Identity, isUnverified, type SignedIn } from '../access/identity.ts';
import { isLinkCode } from '../access/sign-in-links.ts';
import { sendJson } from '../http/answers.ts';
import type { SessionCookie } from '../http/cookies.ts';
import { credentialsOf, tokenOf } from '../http/request-identity.ts';
import { logSecurityEvent } from '../http/security-log.ts';
import { ownerKeyOf } from '../protocol/owner-key.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Principal } from '../protocol/rights.ts';

/** Exchanges a token for a session cookie, so that page scripts need not keep the token. */
export interface SessionContext {
  identity: Identity;
  cookie: SessionCookie;
}

export interface SessionParts extends SessionContext {
  /** How long a session may be unused. Undefined: no limit. */
  idleSeconds: number | undefined;
}

export function sessionRoutes({ identity, cookie, idleSeconds }: SessionParts): Router {
  const router = Router({ caseSensitive: true });

  router.get('/session', (_req, res) => {
    const who = credentialsOf(res);
    // Otherwise the response would claim that nobody is signed in.
    if (isUnverified(who)) throw who.refusal;
    sendJson(res, { session: who === undefined ? null : described(who, who.session && idleSeconds) }, { cache: 'none' });
  });

  router.post('/session', async (req, res) => {
    refuseElsewhere(req, cookie);
    const token = tokenOf(req);
    if (token === undefined) throw new Refusal('token-missing');
    startSession(req, res, await identity.signIn(token), { cookie, idleSeconds });
  });

  router.delete('/session', async (req, res) => {
    refuseElsewhere(req, cookie);
    await signOut(req, res, { identity, cookie });
    res.set('Cache-Control', 'no-store').status(204).end();
  });

  return router;
}

/**
 * `POST /v1/session` with the code of a sign-in link. Mount it before `authenticate`: a code is no token, and is valid for this
 * request alone. Any other request goes on to the next route.
 */
export function linkRoutes({ identity, cookie, idleSeconds }: SessionParts): Router {
  const router = Router({ caseSensitive: true });
  router.post('/session', async (req, res, next) => {
    const code = tokenOf(req);
    if (code === undefined || !isLinkCode(code)) return next();
    refuseElsewhere(req, cookie);
    startSession(req, res, await identity.signInByLink(code), { cookie, idleSeconds });
  });
  return router;
}

/** Prevents login CSRF: pages of other origins must not sign anyone in or out. Clients other than browsers may. */
function refuseElsewhere(req: Request, cookie: SessionCookie): void {
  if (req.headers.origin === undefined || cookie.isOwnPage(req)) return;
  throw new Refusal('forbidden', { detail: 'Only a page of this server may start or end a session this way.' });
}

function startSession(
  req: Request,
  res: Response,
  signedIn: SignedIn,
  { cookie, idleSeconds }: Omit<SessionParts, 'identity'>,
): void {
  const { who, value, maxAgeSeconds, expiresAt } = signedIn;
  cookie.set(req, res, value, maxAgeSeconds, ownerKeyOf(who));
  logSecurityEvent(res, 'sign-in', { by: who.sub, jti: who.jti });
  sendJson(res, { session: described({ ...who, expiresAt }, idleSeconds) }, { cache: 'none' });
}

/** Ends the session of the request, then deletes its cookie. If ending the session fails, this throws and the cookie stays. */
export async function signOut(req: Request, res: Response, { identity, cookie }: SessionContext): Promise<void> {
  const session = cookie.readForSignOut(req);
  const who = session === undefined ? undefined : await identity.signOut(session);
  if (who !== undefined) logSecurityEvent(res, 'sign-out', { by: who.sub, jti: who.jti });
  cookie.clear(req, res);
}

/** The latest time that RFC 3339 can express. Tokens can expire later. */
const latestMs = Date.parse('9999-12-31T23:59:59.999Z');

function described(who: Principal, idleSeconds: number | undefined) {
  const { sub, name, grants, expiresAt } = who;
  const ends = new Date(Math.min(expiresAt, latestMs)).toISOString();
  const ownerKey = ownerKeyOf(who);
  return { sub, name, ownerKey, rights: grants, expiresAt: ends, ...(idleSeconds !== undefined && { idleSeconds }) };
}
