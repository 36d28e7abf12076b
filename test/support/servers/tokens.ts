import { randomBytes } from 'node:crypto';
import express, { type Express, type RequestHandler } from 'express';
import { onTestFinished } from 'vitest';
import { createIdentity } from '../../../src/access/identity.ts';
import { createSessions } from '../../../src/access/sessions.ts';
import { createSignInLinks } from '../../../src/access/sign-in-links.ts';
import { createTokens } from '../../../src/access/tokens.ts';
import { handleErrors, notFound } from '../../../src/http/answers.ts';
import { createSessionCookie } from '../../../src/http/cookies.ts';
import { authenticate } from '../../../src/http/request-identity.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { startSite } from './site.ts';

/** The secret that signs tokens, and the time at which the server checks them. */
export const secret = new Uint8Array(randomBytes(32));
const secrets = [secret] as const;
export const now = Date.parse('2026-11-25T12:00:00Z');

/** A server with these routes, behind the authentication and before the error handlers of the real one. Closed after the test. */
export async function serve(routes: (app: Express) => void, before: RequestHandler[] = []) {
  const lines: string[] = [];
  const log = createLog('info', { write: (line) => void lines.push(line) });
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  for (const handler of before) app.use(handler);
  const tokens = createTokens({ secrets, now: () => now });
  const sessions = createSessions({ tokens, secrets, storedKey: async () => secret, now: () => now });
  const store = {
    isRevoked: () => false,
    spend: async () => 'spent' as const,
    isSessionEnded: () => false,
    endSession: async () => {},
  };
  const identity = createIdentity({
    tokens,
    sessions,
    links: createSignInLinks({ secrets, store, now: () => now }),
    store,
    now: () => now,
  });
  app.use(authenticate(identity, createSessionCookie({ publicUrl: 'http://127.0.0.1', origins: [] })));
  app.use(express.raw({ type: () => true, limit: 1000 }));
  routes(app);
  app.use(notFound());
  app.use(handleErrors(log));
  const site = await startSite(app);
  onTestFinished(() => site[Symbol.asyncDispose]());
  return { url: site.url, lines };
}
