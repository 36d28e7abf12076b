import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { signToken } from '../../../src/access/tokens.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { openStream } from '../../support/readers/stream-reader.ts';
import { within } from '../../support/runner/settled-within.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** A browser session: created from a token, kept in a cookie, and valid only for pages of this server. */

const elsewhere = 'https://news.example';
let now = Date.now();
const clock = { now: () => now };
let server: TestServer;
let secured: TestServer;
let members: string;

beforeAll(async () => {
  server = await startTestServer({ PRESSBOX_ORIGINS: elsewhere }, clock);
  secured = await startTestServer({ PRESSBOX_PUBLIC_URL: 'https://live.example', PRESSBOX_TRUST_PROXY: 'loopback' }, clock);
  const body = { headline: 'For members', access: 'members', state: 'live' };
  const made = await call(`${server.url}/v1/channels`, { method: 'POST', token: await server.token(), body });
  members = (made.body as { channel: { id: string } }).channel.id;
});
afterAll(() => Promise.all([server, secured].map((one) => one[Symbol.asyncDispose]())));

/** What deletes the session from a browser. */
const deletion = () => [
  `${server.cookieName}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`,
  `${server.ownerCookieName}=; Max-Age=0; Path=/; SameSite=Lax`,
];

/** The cookie that a browser would send. */
async function signIn(grants: object = { reader: ['*'] }, on = server, headers: Record<string, string> = {}) {
  const token = await on.token(grants, { sub: 'ruth', name: 'Ruth Calder' });
  const answer = await call(`${on.url}/v1/session`, { method: 'POST', token, headers });
  const [cookie = ''] = answer.headers.getSetCookie();
  return { token, answer, setCookie: cookie, cookie: cookie.split(';')[0] as string };
}
const snapshotOf = (channelId: string) => `${server.url}/v1/channels/${channelId}/snapshot`;
const read = async (cookie: string, headers: Record<string, string> = {}) =>
  (await call(snapshotOf(members), { headers: { cookie, ...headers } })).status;

describe('the cookie', () => {
  it('is hidden from scripts, and is sent from another site only when a link is followed', async () => {
    const { answer, setCookie } = await signIn();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(setCookie).toMatch(new RegExp(`^${server.cookieName}=[\\w.-]+; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax$`));
  });

  it('comes with another one that tells the scripts of this server whose session it is, and admits nobody', async () => {
    const { answer, cookie } = await signIn();
    const [, owner = ''] = answer.headers.getSetCookie();
    const { ownerKey } = (answer.body as { session: { ownerKey: string } }).session;
    expect(owner).toBe(`${server.ownerCookieName}=${ownerKey}; Max-Age=3600; Path=/; SameSite=Lax`);
    const [theirs, nobodys] = [ownerKey, 'nobody'].map((key) => `${server.ownerCookieName}=${key}`);
    expect([await read(theirs as string), await read(`${cookie}; ${nobodys}`)]).toEqual([401, 200]);
    const overTls = (await signIn(undefined, secured, { 'x-forwarded-proto': 'https' })).answer.headers.getSetCookie();
    expect(overTls[1]).toBe(`__Host-${server.ownerCookieName}=${ownerKey}; Max-Age=3600; Path=/; SameSite=Lax; Secure`);
  });

  it('is bound to the host and to TLS if readers reach the server over TLS', async () => {
    const bound = new RegExp(`^__Host-${server.cookieName}=[\\w.-]+; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax; Secure$`);
    expect((await signIn({}, secured)).setCookie).toMatch(bound);
    const proxied = await startTestServer({ PRESSBOX_TRUST_PROXY: 'loopback' }, clock);
    onTestFinished(() => proxied[Symbol.asyncDispose]());
    expect((await signIn({}, proxied, { 'x-forwarded-proto': 'https' })).setCookie).toMatch(bound);
    // A cookie planted from the network without TLS is ignored.
    const { cookie } = await signIn({}, secured);
    const told = async (sent: string) => (await call(`${secured.url}/v1/session`, { headers: { cookie: sent } })).body;
    expect(await told(cookie)).toMatchObject({ session: { name: 'Ruth Calder' } });
    expect(await told(cookie.replace('__Host-', ''))).toEqual({ session: null });
  });

  it('is not the token, and neither is accepted in place of the other', async () => {
    const { token, cookie } = await signIn();
    const value = cookie.slice(`${server.cookieName}=`.length);
    expect(value).not.toContain(token.split('.')[2]);
    expect((await call(snapshotOf(members), { token: value })).body).toMatchObject({ code: 'token-invalid' });
    expect(await read(`${server.cookieName}=${token}`)).toBe(401);
    expect(await read(cookie)).toBe(200);
  });

  it('is valid on every node with the same secret, and after a restart', async () => {
    const { cookie } = await signIn();
    await server.restart();
    expect(await read(cookie)).toBe(200);
  });

  it('expires with its token, and after 12 hours at the latest', async () => {
    const long = await signToken(server.server.secret as Uint8Array, {
      ...{ sub: 'ada', grants: { reader: ['*'] }, ttlSeconds: 7 * 86_400, now, jti: 'long' },
    });
    const answer = await call(`${server.url}/v1/session`, { method: 'POST', token: long });
    const [cookie = ''] = answer.headers.getSetCookie();
    expect(cookie).toContain(`Max-Age=${limits.sessionHours * 3_600};`);
    const [{ cookie: short }, start] = [await signIn(), now];
    onTestFinished(() => {
      now = start;
    });
    now = start + 3_600_000;
    expect([await read(short), await read(cookie.split(';')[0] as string)]).toEqual([401, 200]);
    now = start + 12 * 3_600_000;
    expect(await read(cookie.split(';')[0] as string)).toBe(401);
  });

  it('is not created if it is too large for a browser to keep', async () => {
    const author = Array.from({ length: 200 }, (_, index) => `channel-with-a-long-name-${index}`);
    const { answer, setCookie } = await signIn({ author });
    expect(answer).toMatchObject({
      status: 413,
      body: { code: 'too-large', detail: expect.stringContaining('at most 4000 fit') },
    });
    expect(setCookie).toBe('');
  });
});

describe('a session', () => {
  it('says who is signed in, and contains no token', async () => {
    const { cookie, token } = await signIn({ reader: ['sport-*'], admin: true });
    const { body, text, headers } = await call(`${server.url}/v1/session`, { headers: { cookie } });
    const rights = { reader: ['sport-*'], author: [], editor: [], admin: true };
    const [ownerKey, expiresAt] = [expect.stringMatching(/^[\w-]{22}$/), expect.stringMatching(/Z$/)];
    expect(body).toEqual({ session: { sub: 'ruth', name: 'Ruth Calder', ownerKey, rights, expiresAt } });
    expect(text).not.toContain(token);
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await call(`${server.url}/v1/session`)).body).toEqual({ session: null });
    expect((await call(`${server.url}/v1/session`, { token })).body).toMatchObject({ session: { name: 'Ruth Calder' } });
  });

  it('reads what the token reads, over HTTP, by a stream and by a socket', async () => {
    const { cookie } = await signIn();
    expect(await read(cookie)).toBe(200);
    const stream = await openStream(server.url, members, { headers: { Cookie: cookie } });
    onTestFinished(() => stream.destroy());
    expect(stream.status).toBe(200);
    const reader = await openReader(server.url, { headers: { Cookie: cookie, Origin: server.origin } });
    onTestFinished(() => reader.destroy());
    expect(await reader.subscribe(members)).toMatchObject({ ok: true });
  });

  it('is never cached, and its answers vary from those of anonymous readers', async () => {
    const { cookie } = await signIn({ editor: ['*'] });
    const body = { headline: 'For all', state: 'live' };
    await call(`${server.url}/v1/channels`, { method: 'POST', token: await server.token(), body: { ...body, id: 'for-all' } });
    for (const path of [
      '/v1/channels',
      '/v1/channels/for-all',
      '/v1/channels/for-all/snapshot',
      '/v1/channels/for-all/posts',
      '/',
      '/live/for-all',
    ]) {
      const headers = { cookie, accept: path.startsWith('/v1') ? 'application/json' : 'text/html' };
      const mine = (await call(`${server.url}${path}`, { headers })).headers;
      expect([path, mine.get('cache-control')]).toEqual([path, 'private, no-store']);
      expect(mine.get('vary')).toMatch(/\bCookie\b/);
    }
    for (const path of ['/', '/live/for-all', '/v1/channels', '/v1/channels/for-all/posts']) {
      const theirs = (await call(`${server.url}${path}`, { headers: { accept: path.startsWith('/v1') ? '*/*' : 'text/html' } }))
        .headers;
      expect([path, theirs.get('cache-control'), theirs.get('vary')]).toEqual([
        path,
        'no-cache',
        expect.stringContaining('Cookie'),
      ]);
    }
  });

  it('is ignored if the same request contains a token, valid or not', async () => {
    const { cookie } = await signIn();
    const told = async (token: string) => (await call(`${server.url}/v1/session`, { token, headers: { cookie } })).body;
    expect(await told(await server.token({}, { name: 'Ada Byron' }))).toMatchObject({ session: { name: 'Ada Byron' } });
    expect(await told('nonsense')).toMatchObject({ code: 'token-invalid' });
  });

  it('that has expired still reads public channels, and is deleted', async () => {
    const { cookie, token } = await signIn();
    const jti = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti;
    await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token: await server.token({ admin: true }), body: { jti } });
    for (const stale of [cookie, ...['nonsense', 'x'.repeat(4_500), 'a.b.c'].map((value) => `${server.cookieName}=${value}`)]) {
      const { status, headers } = await call(`${server.url}/v1/channels`, { headers: { cookie: stale } });
      expect(status).toBe(200);
      expect(headers.getSetCookie()).toEqual(deletion());
      // A cached response would sign others out.
      expect([headers.get('cache-control'), headers.get('vary')]).toEqual([
        'private, no-store',
        expect.stringContaining('Cookie'),
      ]);
      const page = await call(`${server.url}/`, { headers: { cookie: stale, accept: 'text/html' } });
      expect([page.headers.getSetCookie().length, page.headers.get('cache-control')]).toEqual([2, 'private, no-store']);
      expect(await read(stale)).toBe(401);
      const reader = await openReader(server.url, { headers: { Cookie: stale, Origin: server.origin } });
      onTestFinished(() => reader.destroy());
      expect(await reader.subscribe(members)).toMatchObject({ ok: false, problem: { code: 'token-missing' } });
    }
  });

  it('loses its open connections within 5 s when its token is revoked', async () => {
    const { cookie, token } = await signIn();
    const reader = await openReader(server.url, { headers: { Cookie: cookie, Origin: server.origin } });
    onTestFinished(() => reader.destroy());
    await reader.subscribe(members);
    const jti = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti;
    await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token: await server.token({ admin: true }), body: { jti } });
    await within(5_000, () => expect(reader.isOpen).toBe(false));
  });

  it('is deleted from the browser at sign-out, even if the request contains none', async () => {
    for (const cookie of ['', (await signIn()).cookie]) {
      const { status, headers } = await call(`${server.url}/v1/session`, { method: 'DELETE', headers: { cookie } });
      expect([status, headers.getSetCookie()]).toEqual([204, deletion()]);
    }
  });

  it('ends at sign-out by form or API, also for copies of the cookie and after a restart', async () => {
    for (const path of ['/v1/session', '/sign-out']) {
      const [own, other] = [await signIn(), await signIn()];
      const isForm = path === '/sign-out';
      const answer = await fetch(server.url + path, {
        method: isForm ? 'POST' : 'DELETE',
        redirect: 'manual',
        headers: { cookie: own.cookie, origin: server.origin },
        ...(isForm && { body: new URLSearchParams({ to: '/' }) }),
      });
      expect([path, answer.status]).toEqual([path, isForm ? 303 : 204]);
      expect([path, await read(own.cookie), await read(other.cookie)]).toEqual([path, 401, 200]);
      await server.restart();
      expect([path, await read(own.cookie), await read(other.cookie)]).toEqual([path, 401, 200]);
      // Signing out does not revoke the token: it can be exchanged again.
      expect((await call(`${server.url}/v1/session`, { method: 'POST', token: own.token })).status).toBe(200);
    }
  });

  it('loses its sockets and streams within 5 s when its reader signs out, and no other session does', async () => {
    const [own, other] = [await signIn(), await signIn()];
    const opened = async ({ cookie }: { cookie: string }) => {
      const socket = await openReader(server.url, { headers: { Cookie: cookie, Origin: server.origin } });
      const stream = await openStream(server.url, members, { headers: { Cookie: cookie } });
      onTestFinished(() => {
        socket.destroy();
        stream.destroy();
      });
      expect(await socket.subscribe(members)).toMatchObject({ ok: true });
      return [socket, stream] as const;
    };
    const [[socket, stream], others] = [await opened(own), await opened(other)];
    await call(`${server.url}/v1/session`, { method: 'DELETE', headers: { cookie: own.cookie } });
    await within(5_000, () => expect([socket.isOpen, stream.isOpen]).toEqual([false, false]));
    for (const one of [socket, stream]) expect(one.heard('unsubscribed')).toEqual([{ channelId: members, reason: 'revoked' }]);
    expect(others.map(({ isOpen }) => isOpen)).toEqual([true, true]);
  });

  it('cannot be ended by a page of another site', async () => {
    const { cookie } = await signIn();
    for (const path of ['/v1/session', '/sign-out']) {
      const headers = { cookie, origin: elsewhere };
      const body = path === '/sign-out' ? { body: new URLSearchParams({ to: '/' }) } : {};
      const { status } = await fetch(server.url + path, { method: path === '/sign-out' ? 'POST' : 'DELETE', headers, ...body });
      expect([path, status, await read(cookie)]).toEqual([path, 403, 200]);
    }
  });
});

describe('a page of another site', () => {
  it('may connect from an allowed origin, but never with the reader’s session', async () => {
    const { cookie } = await signIn();
    const theirs = await openReader(server.url, { headers: { Cookie: cookie, Origin: elsewhere } });
    onTestFinished(() => theirs.destroy());
    expect(await theirs.subscribe(members)).toMatchObject({ ok: false, problem: { code: 'token-missing' } });
  });

  it('reads nothing with the session, and gets no answer that a browser would expose', async () => {
    const { cookie } = await signIn();
    for (const origin of [elsewhere, 'https://evil.example', 'null', server.origin.replace('127.0.0.1', 'localhost')]) {
      expect([origin, await read(cookie, { origin })]).toEqual([origin, 401]);
      const { headers } = await call(`${server.url}/v1/channels`, { headers: { cookie, origin } });
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
    expect(await read(cookie, { origin: server.origin })).toBe(200);
  });

  it('does not count as a page of this server if it has the same host name without TLS', async () => {
    const { cookie } = await signIn({ reader: ['*'] }, secured);
    const told = async (origin: string) =>
      (await call(`${secured.url}/v1/session`, { headers: { cookie, origin } })).body as { session: object | null };
    expect((await told('https://live.example')).session).not.toBeNull();
    for (const origin of ['http://live.example', 'https://live.example:8443', 'https://a.live.example']) {
      expect((await told(origin)).session).toBeNull();
    }
  });

  it('cannot embed anything with the session, but its links open pages with it', async () => {
    const { cookie } = await signIn();
    // `fetch` would overwrite the headers that browsers set.
    const status = (site: string, mode: string, into?: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { cookie, 'sec-fetch-site': site, 'sec-fetch-mode': mode, ...(into && { 'sec-fetch-dest': into }) };
        get(snapshotOf(members), { headers }, (answer) => resolve(answer.resume().statusCode)).once('error', reject);
      });
    for (const site of ['cross-site', 'same-site']) {
      expect(await status(site, 'no-cors')).toBe(401);
      expect(await status(site, 'cors')).toBe(401);
      expect(await status(site, 'navigate')).toBe(200);
    }
    for (const into of ['iframe', 'frame', 'embed', 'object']) expect(await status('same-site', 'navigate', into)).toBe(401);
    expect(await status('same-site', 'navigate', 'document')).toBe(200);
    expect(await status('none', 'navigate')).toBe(200);
    expect(await status('same-origin', 'cors')).toBe(200);
  });

  it('writes nothing with the session, not even by a form', async () => {
    const { cookie } = await signIn({ editor: ['*'] });
    const post = async (headers: Record<string, string>) => {
      const body = JSON.stringify({ headline: 'Written by a session' });
      const sent = { 'content-type': 'application/json', cookie, ...headers };
      return (await fetch(`${server.url}/v1/channels`, { method: 'POST', headers: sent, body })).status;
    };
    expect(await post({ origin: elsewhere })).toBe(401);
    expect(await post({ origin: 'null' })).toBe(401);
    expect(await post({ 'sec-fetch-site': 'same-site' })).toBe(401);
    // Older browsers do not name the origin.
    expect(await post({})).toBe(401);
    expect(await post({ origin: server.origin, 'content-type': 'text/plain' })).toBe(401);
    expect(await post({ origin: server.origin })).toBe(201);
    expect(await post({ 'sec-fetch-site': 'same-origin' })).toBe(201);
  });

  it('cannot sign a reader in or out through the API', async () => {
    const { answer, setCookie } = await signIn({}, server, { origin: elsewhere });
    expect([answer.status, answer.body, setCookie]).toEqual([403, expect.objectContaining({ code: 'forbidden' }), '']);
    const out = await call(`${server.url}/v1/session`, { method: 'DELETE', headers: { origin: elsewhere } });
    expect([out.status, out.headers.getSetCookie()]).toEqual([403, []]);
    expect((await signIn({}, server, { origin: server.origin })).answer.status).toBe(200);
  });
});

describe('the sign-in form', () => {
  const send = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}, on = server) =>
    fetch(`${on.url}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: on.origin, accept: 'text/html', ...headers },
      body: new URLSearchParams(fields),
    });

  it('returns a reader to the page signed in, and the sign-out form returns them signed out', async () => {
    const page = server.pathTo(`/live/${members}`);
    const stranger = await call(server.origin + page, { headers: { accept: 'text/html' } });
    expect(stranger.text).toContain('This coverage is for members');
    const answer = await send('/sign-in', { token: ` ${await server.token({ reader: ['*'] }, { name: 'R <b>' })}\n`, to: page });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, page]);
    const [cookie = ''] = answer.headers.getSetCookie();
    const signedIn = await call(server.origin + page, {
      headers: { accept: 'text/html', cookie: cookie.split(';')[0] as string },
    });
    expect(signedIn.text).not.toContain('This coverage is for members');
    expect(signedIn.text).toContain('<bdi class="who">R &lt;b&gt;</bdi><button>Sign out</button>');
    const out = await send('/sign-out', { to: page });
    expect([out.status, out.headers.get('location'), out.headers.getSetCookie()[0]]).toEqual([
      303,
      page,
      expect.stringContaining('Max-Age=0'),
    ]);
  });

  it('says what is wrong with a token without repeating it', async () => {
    for (const [token, status, said] of [
      ['', 400, 'Paste the token that you were given.'],
      ['nonsense"><script>', 401, 'This is not a signed JSON Web Token. It may not have been copied in full.'],
      [await server.token({}, { ttlSeconds: -1 }), 401, 'The token has expired.'],
    ] as const) {
      const answer = await send('/sign-in', { token, to: server.pathTo('/live/x') });
      const page = await answer.text();
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([status, []]);
      expect(page).toContain(`<p class="fault" id="token-fault" role="alert">You are not signed in. ${said}</p>`);
      expect(page).toContain('aria-describedby="token-fault token-hint" aria-invalid="true"');
      expect(page).toContain(`name="to" value="${server.pathTo('/live/x')}"`);
      if (token !== '') expect(page).not.toContain(token);
      // RFC 9110, 15.5.2, requires it with every 401.
      expect(answer.headers.get('www-authenticate')).toBe(
        status === 401 ? 'Bearer realm="pressbox", error="invalid_token"' : null,
      );
    }
  });

  it('answers a program with a problem document', async () => {
    const answer = await send('/sign-in', { token: 'nonsense', to: '/' }, { accept: 'application/json' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([401, 'application/problem+json']);
    expect(await answer.json()).toMatchObject({
      code: 'token-invalid',
      detail: 'This is not a signed JSON Web Token. It may not have been copied in full.',
    });
    expect([answer.headers.getSetCookie(), answer.headers.has('www-authenticate')]).toEqual([[], true]);
  });

  it('leads to a page that says who is signed in if that reader may not read it', async () => {
    const { cookie } = await signIn({ reader: ['elsewhere'] });
    const { text } = await call(`${server.url}/live/${members}`, { headers: { accept: 'text/html', cookie } });
    expect(text).toContain('You are signed in as <bdi>Ruth Calder</bdi>, who may not read it.');
  });

  it.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/.//evil.example',
    '/a\r\nSet-Cookie: a=b',
    '',
    '/live/ü',
    `/${'x'.repeat(3_000)}`,
  ])('does not redirect to %j', async (to) => {
    expect((await send('/sign-in', { token: await server.token(), to })).headers.get('location')).toBe(server.pathTo('/'));
    expect((await send('/sign-out', { to })).headers.get('location')).toBe(server.pathTo('/'));
    const shown = await call(`${server.url}/sign-in?to=${encodeURIComponent(to)}`, { headers: { accept: 'text/html' } });
    expect(shown.text).toContain(`name="to" value="${server.pathTo('/')}"`);
  });

  it('is accepted only from this server’s pages and configured origins, which prevents login CSRF', async () => {
    const fields = { token: await server.token(), to: '/' };
    for (const origin of ['https://evil.example', 'null', server.origin.replace('127.0.0.1', 'localhost')]) {
      const answer = await send('/sign-in', fields, { origin });
      expect([origin, answer.status, answer.headers.getSetCookie()]).toEqual([origin, 403, []]);
      expect((await send('/sign-out', { to: '/' }, { origin })).status).toBe(403);
    }
    expect((await send('/sign-in', fields, { origin: elsewhere })).status).toBe(303);
    expect((await send('/sign-out', { to: '/' }, { origin: elsewhere })).status).toBe(403);
    const open = await startTestServer({ PRESSBOX_ORIGINS: '*' });
    onTestFinished(() => open[Symbol.asyncDispose]());
    expect((await send('/sign-in', { token: await open.token(), to: '/' }, { origin: elsewhere }, open)).status).toBe(403);
  });

  it('is refused with another media type or above its size', async () => {
    const headers = { origin: server.origin, accept: 'text/html', 'content-type': 'application/json' };
    expect((await fetch(`${server.url}/sign-in`, { method: 'POST', headers, body: '{}' })).status).toBe(415);
    const large = await send('/sign-in', { token: 'x'.repeat(30_000), to: '/' });
    expect([large.status, large.headers.get('content-type')]).toEqual([413, 'text/html; charset=utf-8']);
  });
});
