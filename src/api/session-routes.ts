import { type Request, type Response, Router } from 'express';
import { type Identity, isUnverified } from '../access/identity.ts';
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

/** `idleSeconds`: how long a session may be unused. Undefined means no limit. */
export function sessionRoutes({ identity, cookie, idleSeconds }: SessionContext & { idleSeconds: number | undefined }): Router {
  const router = Router({ caseSensitive: true });

  router.get('/session', (_req, res) => {
    const who = credentialsOf(res);
    // Otherwise the response would claim that nobody is signed in.
    if (isUnverified(who)) throw who.refusal;
    sendJson(res, { session: who === undefined ? null : described(who, who.session && idleSeconds) }, { cache: 'none' });
  });

  router.post('/session', async (req, res) => {
    refuseElsewhere(req);
    const token = tokenOf(req);
    if (token === undefined) throw new Refusal('token-missing');
    const { who, value, maxAgeSeconds, expiresAt } = await identity.signIn(token);
    cookie.set(req, res, value, maxAgeSeconds);
    logSecurityEvent(res, 'sign-in', { by: who.sub, jti: who.jti });
    sendJson(res, { session: described({ ...who, expiresAt }, idleSeconds) }, { cache: 'none' });
  });

  router.delete('/session', async (req, res) => {
    refuseElsewhere(req);
    await signOut(req, res, { identity, cookie });
    res.set('Cache-Control', 'no-store').status(204).end();
  });

  return router;

  /** Prevents login CSRF: pages of other origins must not sign anyone in or out. Clients other than browsers may. */
  function refuseElsewhere(req: Request): void {
    if (req.headers.origin === undefined || cookie.isOwnPage(req)) return;
    throw new Refusal('forbidden', { detail: 'Only a page of this server may start or end a session this way.' });
  }
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
