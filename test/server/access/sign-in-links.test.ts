import { decodeJwt, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { openReader, shakeHands } from '../../support/readers/socket-reader.ts';
import { startStoppableIssuer } from '../../support/servers/issuer.ts';
import { call, secretOf, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { linkCodeFor, signInBy } from '../../support/servers/sign-in-links.ts';

/** Signing in by link: a code that opens one session, and is accepted nowhere else. */

const minuteMs = 60_000;
const start = Date.now();
let now = start;
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({}, { now: () => now });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  now = start;
});

const codeAt = (changed: Parameters<typeof linkCodeFor>[1] = {}) => linkCodeFor(server, { now, ...changed });
const sessionOf = async (cookie: string) =>
  ((await call(`${server.url}/v1/session`, { headers: { cookie } })).body as { session: Record<string, unknown> | null }).session;

describe('a sign-in link', () => {
  it('opens a session for its person, with its rights, for its time', async () => {
    const { status, body, cookie, headers } = await signInBy(await codeAt({ sessionSeconds: 3_600 }), server);
    const rights = { reader: [], author: [], editor: ['moon-*'], admin: false };
    const expiresAt = new Date(Math.floor(now / 1_000) * 1_000 + 3_600_000).toISOString();
    expect([status, body]).toEqual([
      200,
      { session: { sub: 'ruth', name: 'Ruth Calder', ownerKey: expect.any(String), rights, expiresAt } },
    ]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(await sessionOf(cookie)).toEqual((body as { session: object }).session);
    const token = await server.token({}, { sub: 'ruth' });
    const own = (await call(`${server.url}/v1/session`, { token })).body as { session: { ownerKey: string } };
    expect(await sessionOf(cookie)).toMatchObject({ ownerKey: own.session.ownerKey });
  });

  it(`opens a session for ${limits.sessionHours} hours at most`, async () => {
    const { headers } = await signInBy(await codeAt({ sessionSeconds: 7 * 86_400 }), server);
    expect(headers.get('set-cookie')).toContain(`Max-Age=${limits.sessionHours * 3_600};`);
  });

  it('works once, also after a restart, and says what helps', async () => {
    const code = await codeAt();
    expect((await signInBy(code, server)).status).toBe(200);
    for (const restarts of [false, true]) {
      if (restarts) await server.restart();
      const { status, body, headers, cookie } = await signInBy(code, server);
      expect([status, body, cookie]).toMatchObject([
        401,
        { code: 'link-used', title: expect.stringContaining('Ask for a new link') },
        '',
      ]);
      expect(headers.get('www-authenticate')).toContain('Bearer');
    }
  });

  it('opens one session however often it is used at the same moment', async () => {
    const code = await codeAt();
    const answers = await Promise.all(Array.from({ length: 20 }, () => signInBy(code, server)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => (body as { code?: string }).code === 'link-used')).toHaveLength(19);
  });

  it('cannot be used once it has expired, while the session that it opened goes on', async () => {
    const [used, unused] = [await codeAt(), await codeAt()];
    const { cookie } = await signInBy(used, server);
    now += 15 * minuteMs;
    for (const code of [used, unused]) {
      expect((await signInBy(code, server)).body).toMatchObject({
        code: 'token-invalid',
        detail: 'The sign-in link has expired. Ask for a new link.',
      });
    }
    expect(await sessionOf(cookie)).toMatchObject({ sub: 'ruth' });
  });

  it('is useless once its id was revoked, and a session that it opened ends', async () => {
    const [used, unused] = [await codeAt({ jti: 'used' }), await codeAt({ jti: 'unused' })];
    const { cookie } = await signInBy(used, server);
    const reader = await openReader(server.url, { headers: { Cookie: cookie, Origin: server.origin } });
    onTestFinished(() => reader.destroy());
    for (const jti of ['used', 'unused']) {
      const token = await server.token({ admin: true });
      expect((await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token, body: { jti } })).status).toBe(200);
    }
    expect((await signInBy(unused, server)).body).toMatchObject({
      code: 'token-invalid',
      detail: expect.stringContaining('revoked'),
    });
    expect(await sessionOf(cookie)).toBeNull();
    await expect.poll(() => reader.isOpen, { timeout: 5_000 }).toBe(false);
  });

  it('is recorded in the journal of the server as used, and by whom', async () => {
    await signInBy(await codeAt({ jti: 'told', sub: 'told' }), server);
    const { body } = await call(`${server.url}/v1/journal?limit=100`, { token: await server.token({ admin: true }) });
    expect((body as { entries: object[] }).entries).toContainEqual(
      expect.objectContaining({ type: 'token.revoked', subject: 'link:told', by: 'told', stands: true }),
    );
  });

  it('stays usable if its rights are too many for a session', async () => {
    const author = Array.from({ length: 200 }, (_, index) => `channel-with-a-long-name-${index}`);
    const [jti, code] = ['large', await codeAt({ jti: 'large', grants: { author } })];
    expect((await signInBy(code, server)).body).toMatchObject({ code: 'too-large' });
    expect((await signInBy(await codeAt({ jti }), server)).status).toBe(200);
  });

  it('may be used only by a page of this server, which prevents login CSRF', async () => {
    const code = await codeAt();
    expect((await signInBy(code, server, { origin: 'https://elsewhere.example' })).body).toMatchObject({ code: 'forbidden' });
    expect((await signInBy(code, server, { origin: server.origin })).status).toBe(200);
  });

  it('does not work on a server that accepts only tokens of an issuer', async () => {
    await using issuer = await startStoppableIssuer();
    await using other = await startTestServer({ PRESSBOX_JWKS_URL: issuer.jwksUrl, PRESSBOX_JWT_SECRET: '' });
    expect((await signInBy(await codeAt(), other)).body).toMatchObject({
      code: 'token-invalid',
      detail: expect.stringContaining('only tokens of another issuer'),
    });
  });
});

describe('a code', () => {
  it('is not accepted as a token, over HTTP, by a form or by a socket, and is not spent by that', async () => {
    const code = await codeAt();
    const detail = expect.stringContaining('not a token');
    expect((await call(`${server.url}/v1/session`, { token: code })).body).toMatchObject({ code: 'token-invalid', detail });
    expect((await call(`${server.url}/v1/channels`, { token: code })).body).toMatchObject({ code: 'token-invalid', detail });
    expect((await call(`${server.url}/v1/session`, { method: 'DELETE', token: code })).status).toBe(401);
    const form = await fetch(`${server.url}/sign-in`, {
      method: 'POST',
      headers: { origin: server.origin, accept: 'application/json' },
      body: new URLSearchParams({ token: code, to: '/' }),
      redirect: 'manual',
    });
    expect([form.status, await form.json()]).toMatchObject([401, { code: 'token-invalid', detail }]);
    const { reader } = await shakeHands(server.url, { join: false });
    onTestFinished(() => reader?.destroy());
    reader?.send(`40${JSON.stringify({ token: code })}`);
    await expect.poll(() => reader?.packets.find((packet) => /^4[04]/.test(packet)) ?? '').toMatch(/^44\{.*"token-invalid"/);
    for (const cookie of [`${server.cookieName}=${code}`, `__Host-${server.cookieName}=${code}`])
      expect(await sessionOf(cookie)).toBeNull();
    expect((await signInBy(code, server)).status).toBe(200);
  });

  it('must be signed for this purpose with the secret of the server', async () => {
    const code = await codeAt();
    const claims = decodeJwt(code);
    const sign = (typ: string, key: Uint8Array, changed = {}) =>
      new SignJWT({ ...claims, ...changed }).setProtectedHeader({ alg: 'HS256', typ }).sign(key);
    const secret = new Uint8Array(Buffer.from(secretOf(server)));
    const { cookie } = await signInBy(await codeAt(), server);
    const forged = [
      // The secret itself, as for a token, another secret, another audience, and a code without a signature.
      await sign('pressbox-link+jwt', secret),
      await sign('pressbox-link+jwt', new Uint8Array(32)),
      await sign('pressbox-link+jwt', secret, { aud: 'pressbox' }),
      `${code.slice(0, code.lastIndexOf('.'))}.`,
      code.slice(0, -10),
      cookie.slice(`${server.cookieName}=`.length),
    ];
    for (const each of forged) {
      const { status, cookie: got, text } = await signInBy(each, server);
      expect([status, got]).toEqual([401, '']);
      expect(text).not.toContain(each.slice(0, 20));
    }
    expect((await signInBy(code, server)).status).toBe(200);
  });

  it(`that can be used for more than ${limits.signInLinkHours} hours is refused`, async () => {
    const usableSeconds = limits.signInLinkHours * 3_600;
    expect((await signInBy(await codeAt({ usableSeconds: usableSeconds + 1 }), server)).body).toMatchObject({
      code: 'token-invalid',
    });
    expect((await signInBy(await codeAt({ usableSeconds }), server)).status).toBe(200);
  });

  it('is followed by a token that opens a session as before', async () => {
    const token = await server.token({}, { sub: 'ada' });
    expect((await signInBy(token, server)).body).toMatchObject({ session: { sub: 'ada' } });
  });
});
