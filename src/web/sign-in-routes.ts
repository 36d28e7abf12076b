import type { IncomingMessage } from 'node:http';
import { parse as parseQuery } from 'node:querystring';
import express, { type Request, type Response, Router } from 'express';
import type { Identity } from '../access/identity.ts';
import { signOut } from '../api/session-routes.ts';
import { sendJson } from '../http/answers.ts';
import { isBelow } from '../http/base-path.ts';
import type { SessionCookie } from '../http/cookies.ts';
import { pageHeaders } from '../http/headers.ts';
import { principalOf, resumeSession } from '../http/request-identity.ts';
import { logSecurityEvent } from '../http/security-log.ts';
import { liveLimits } from '../live/live-limits.ts';
import { ownerKeyOf } from '../protocol/owner-key.ts';
import { Refusal } from '../protocol/problems.ts';
import { parse, signInFormSchema, signOutFormSchema } from '../protocol/schemas.ts';
import { limits } from '../protocol/wire-limits.ts';
import type { Brand } from './brand/brand.ts';
import { sendErrorPage, wantsPage } from './page-errors.ts';
import { loadAssets } from './pages/assets.ts';
import type { Visitor } from './pages/document.ts';
import { languageFor } from './pages/language.ts';
import { signInPage } from './pages/sign-in.ts';

/** Signing in and out by forms, which work without a script. */
export interface SignInContext {
  identity: Identity;
  cookie: SessionCookie;
  publicUrl: string;
  basePath: string;
  brand: Brand | undefined;
}

const formType = 'application/x-www-form-urlencoded';

export function signInRoutes({ identity, cookie, publicUrl, basePath, brand }: SignInContext): Router {
  const router = Router({ caseSensitive: true });
  const assets = loadAssets({ basePath, brand });
  const headers = pageHeaders();
  const readForm = express.raw({ type: isPlainForm, limit: liveLimits.signInBytes });

  router.get('/sign-in', headers, resumeSession(identity, cookie), (req, res) => {
    const to = localPath(req.query.to, basePath);
    sendJson(res, signInPage({ to, visitor: visitorOf(res, to), language: languageFor(req, res), publicUrl, assets }), {
      cache: 'none',
      type: 'text/html; charset=utf-8',
    });
  });

  router.post('/sign-in', headers, readForm, async (req, res) => {
    // Prevents login CSRF.
    if (!cookie.maySignIn(req)) throw new Refusal('forbidden', { detail: 'Sign in on a page of this site.' });
    const form = parse(signInFormSchema, formOf(req));
    const to = localPath(form.to, basePath);
    try {
      const token = form.token?.trim();
      if (!token) throw new Refusal('invalid-body', { detail: 'Paste the token that you were given.' });
      const { who, value, maxAgeSeconds } = await identity.signIn(token);
      cookie.set(req, res, value, maxAgeSeconds, ownerKeyOf(who));
      logSecurityEvent(res, 'sign-in', { by: who.sub, jti: who.jti });
      leadTo(res, to);
    } catch (error) {
      if (!(error instanceof Refusal) || !wantsPage(req)) throw error;
      sendErrorPage(
        res,
        signInPage({ to, fault: error.problem, language: languageFor(req, res), publicUrl, assets }),
        error.problem,
      );
    }
  });

  router.post('/sign-out', headers, readForm, async (req, res) => {
    if (!cookie.isOwnPage(req)) throw new Refusal('forbidden', { detail: 'Sign out on a page of this site.' });
    const to = localPath(parse(signOutFormSchema, formOf(req)).to, basePath);
    await signOut(req, res, { identity, cookie });
    leadTo(res, to);
  });

  return router;
}

/** The signed-in reader, for the bar of a page. */
export function visitorOf(res: Response, page: string): Visitor | undefined {
  const who = principalOf(res);
  return who && { name: who.name, page };
}

/**
 * Whether the form is not compressed. Browsers never compress forms, and decompressing a stranger's form may take a thousand
 * times its size in memory.
 */
function isPlainForm(req: IncomingMessage): boolean {
  return req.headers['content-encoding'] === undefined && (req as Request).is(formType) === formType;
}

function formOf(req: Request): object {
  const body: unknown = req.body;
  if (!Buffer.isBuffer(body)) throw new Refusal('wrong-type', { detail: `Send ${formType}, not compressed.` });
  // Parses at most a thousand fields.
  return parseQuery(body.toString('utf8'));
}

function leadTo(res: Response, path: string): void {
  res.set('Cache-Control', 'no-store').redirect(303, path);
}

/**
 * A path of this server with its base path, or that of the list of channels for anything that a browser could read as a URL of another
 * site.
 */
function localPath(text: unknown, basePath: string): string {
  const list = `${basePath}/`;
  if (typeof text !== 'string' || text.length > limits.urlCharacters || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text))
    return list;
  const base = 'http://pressbox.invalid';
  const url = URL.parse(text, base);
  return url === null || url.origin !== base || url.pathname.startsWith('//') || !isBelow(basePath, url.pathname)
    ? list
    : `${url.pathname}${url.search}${url.hash}`;
}
