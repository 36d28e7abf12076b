import { createHmac } from 'node:crypto';
import { decodeJwt, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { signToken } from '../../../src/access/tokens.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { openStream } from '../../support/readers/stream-reader.ts';
import { startStoppableIssuer } from '../../support/servers/issuer.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Sessions with an idle limit of 30 minutes, on two servers that share only a secret. */
const env = { PRESSBOX_JWT_SECRET: 'a secret of the tests, long enough', PRESSBOX_SESSION_IDLE_MINUTES: '30' };
const minuteMs = 60_000;
let now = Math.ceil(Date.now() / 1_000) * 1_000;
const clock = { now: () => now, elapsed: () => performance.now() };
let server: TestServer;
let other: TestServer;
let tokens = 0;

beforeAll(async () => {
  [server, other] = await Promise.all([startTestServer(env, clock), startTestServer(env, clock)]);
  for (const one of [server, other]) await makeChannels(one);
});
afterAll(() => Promise.all([server, other].map((one) => one[Symbol.asyncDispose]())));

async function makeChannels(on: TestServer): Promise<void> {
  const token = await on.token();
  for (const [id, access] of Object.entries({ open: 'public', closed: 'members' })) {
    await call(`${on.url}/v1/channels`, { method: 'POST', token, body: { id, headline: id, access, state: 'live' } });
  }
}

/** The cookie of a new session whose token is valid for a day. */
async function signIn(on = server): Promise<string> {
  tokens += 1;
  const token = await signToken(on.server.secret as Uint8Array, {
    ...{ sub: 'ruth', grants: { reader: ['*'] }, ttlSeconds: 86_400, now, jti: `idle-${tokens}` },
  });
  return cookieOf(await call(`${on.url}/v1/session`, { method: 'POST', token }));
}

const cookieOf = ({ headers }: { headers: Headers }) => headers.getSetCookie()[0]?.split(';')[0] ?? '';
const ask = (path: string, cookie: string, on = server) => call(on.url + path, { headers: { cookie } });
const isSignedIn = async (cookie: string, on = server) =>
  ((await ask('/v1/session', cookie, on)).body as { session: object | null }).session !== null;
const after = (minutes: number) => {
  now += minutes * minuteMs;
};

it('a server with an idle limit refuses a session that was idle for the limit, on every server, and deletes its cookie', async () => {
  const cookie = await signIn();
  after(29.9);
  expect([await isSignedIn(cookie), await isSignedIn(cookie, other)]).toEqual([true, true]);
  after(0.1);
  for (const one of [server, other]) {
    const { body, headers } = await ask('/v1/session', cookie, one);
    expect([body, headers.getSetCookie()]).toEqual([
      { session: null },
      [
        `${one.cookieName}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`,
        `${one.ownerCookieName}=; Max-Age=0; Path=/; SameSite=Lax`,
      ],
    ]);
    expect((await ask('/v1/channels/closed/snapshot', cookie, one)).body).toMatchObject({ code: 'token-missing' });
  }
  const reader = await openReader(server.url, { headers: { Cookie: cookie, Origin: server.origin } });
  onTestFinished(() => reader.destroy());
  expect(await reader.subscribe('closed')).toMatchObject({ ok: false, problem: { code: 'token-missing' } });
  const stream = await openStream(server.url, 'closed', { headers: { Cookie: cookie } });
  onTestFinished(() => stream.destroy());
  expect(stream.status).toBe(401);
});

it('a server with an idle limit renews the cookie of a used session once in a tenth of the limit, on every server and after a restart', async () => {
  let cookie = await signIn();
  const paths = ['/v1/session', '/v1/channels/closed/snapshot', '/v1/channels/open/events', '/', '/live/closed'];
  for (const [index, path] of [...paths, ...paths].entries()) {
    const on = index % 2 === 0 ? server : other;
    after(2.9);
    expect([path, (await ask(path, cookie, on)).headers.getSetCookie()]).toEqual([path, []]);
    after(20);
    const answer = await ask(path, cookie, on);
    expect([path, answer.status, answer.headers.getSetCookie()]).toEqual([
      path,
      200,
      [expect.stringMatching(new RegExp(`^${server.cookieName}=[\\w.-]+; Max-Age=\\d+; Path=/; HttpOnly; SameSite=Lax$`))],
    ]);
    // A cached response would sign others in.
    expect(answer.headers.get('cache-control')).toMatch(/no-store/);
    cookie = cookieOf(answer);
  }
  await server.restart();
  expect(await isSignedIn(cookie)).toBe(true);
});

it('a server with an idle limit never extends the end of a session by renewing its cookie', async () => {
  const first = await signIn();
  let cookie = first;
  for (let minutes = 0; minutes < 700; minutes += 25) {
    after(25);
    const answer = await ask('/v1/session', cookie);
    expect(answer.headers.getSetCookie()[0]).toContain(`Max-Age=${(720 - minutes - 25) * 60};`);
    cookie = cookieOf(answer);
  }
  const [begun, renewed] = [first, cookie].map((one) => decodeJwt(one.slice(`${server.cookieName}=`.length)));
  expect({ ...renewed, used: begun?.used }).toEqual(begun);
  after(20);
  expect(await isSignedIn(cookie)).toBe(false);
});

it('a server with an idle limit ends all cookies of a session when its reader signs out with one, and renews none of them', async () => {
  const first = await signIn();
  after(5);
  const renewed = cookieOf(await ask('/v1/session', first));
  expect(renewed).not.toBe(first);
  await call(`${server.url}/v1/session`, { method: 'DELETE', headers: { cookie: first } });
  after(5);
  for (const cookie of [first, renewed]) {
    expect((await ask('/v1/session', cookie)).headers.getSetCookie()).toEqual(
      Array(2).fill(expect.stringContaining('Max-Age=0')),
    );
  }
});

it('a server with an idle limit does not keep a copied cookie alive when another copy is used', async () => {
  const copy = await signIn();
  after(20);
  const renewed = cookieOf(await ask('/v1/session', copy));
  after(15);
  expect([await isSignedIn(copy), await isSignedIn(renewed)]).toEqual([false, true]);
});

it('a server with an idle limit keeps sockets and streams open past the limit', async () => {
  const cookie = await signIn();
  const reader = await openReader(server.url, { headers: { Cookie: cookie, Origin: server.origin } });
  const stream = await openStream(server.url, 'closed', { headers: { Cookie: cookie } });
  onTestFinished(() => {
    reader.destroy();
    stream.destroy();
  });
  expect(await reader.subscribe('closed')).toMatchObject({ ok: true });
  after(45);
  const path = `${server.url}/v1/channels/closed/posts`;
  await call(path, { method: 'POST', token: await server.token(), body: { body: 'Still here.' } });
  await vi.waitFor(() => expect([reader.heard('event').length, stream.heard('post.published').length]).toEqual([1, 1]));
  expect(await reader.subscribe('closed')).toMatchObject({ ok: true });
});

it('a server with an idle limit renews the cookie in the response headers of a stream, and in a poll that is answered at once', async () => {
  const cookie = await signIn();
  after(10);
  const stream = await openStream(server.url, 'closed', { headers: { Cookie: cookie } });
  onTestFinished(() => stream.destroy());
  const isCookie = new RegExp(`^${server.cookieName}=`);
  expect(stream.headers['set-cookie']).toMatch(isCookie);
  const { cursor } = (await ask('/v1/channels/closed/snapshot', cookie)).body as { cursor: string };
  // The server does not hold this poll: a held response could restore the cookie after its reader signed out or signed in as
  // somebody else.
  const answer = await ask(`/v1/channels/closed/events?after=${encodeURIComponent(cursor)}&wait=30`, cookie);
  expect([answer.body, cookieOf(answer)]).toEqual([
    expect.objectContaining({ mode: 'replay', events: [] }),
    expect.stringMatching(isCookie),
  ]);
});

it('a server with an idle limit accepts a session that an older version created without an idle time until it expires', async () => {
  const secret = server.server.secret as Uint8Array;
  const { used: _used, sid: _sid, ...claims } = decodeJwt((await signIn()).slice(`${server.cookieName}=`.length));
  const key = createHmac('sha256', secret).update('pressbox session').digest();
  const value = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'pressbox-session+jwt' }).sign(key);
  for (const [minutes, isGood] of [
    [11 * 60, true],
    [60, false],
  ] as const) {
    after(minutes);
    expect(await isSignedIn(`${server.cookieName}=${value}`)).toBe(isGood);
  }
});

it('a server with an idle limit keeps a socket open if its session could be verified only after the limit', async () => {
  // The issuer's tokens use the system clock.
  let ahead = 0;
  const fromNow = { now: () => Date.now() + ahead, elapsed: clock.elapsed };
  await using issuer = await startStoppableIssuer();
  await using judged = await startTestServer({ ...env, PRESSBOX_JWKS_URL: issuer.jwksUrl }, fromNow);
  await makeChannels(judged);
  const token = await issuer.token({ reader: ['*'] }, 'of-the-issuer');
  const cookie = cookieOf(await call(`${judged.url}/v1/session`, { method: 'POST', token }));
  await issuer.stop();
  await judged.restart();
  const reader = await openReader(judged.url, { headers: { Cookie: cookie, Origin: judged.origin } });
  onTestFinished(() => reader.destroy());
  expect(await reader.subscribe('closed')).toMatchObject({ ok: false, problem: { code: 'token-invalid' } });
  ahead = 35 * minuteMs;
  await issuer.start();
  await vi.waitFor(async () => expect(await reader.subscribe('closed')).toMatchObject({ ok: true }), 10_000);
});

it('a server with an idle limit tells only a signed-in browser how long its session may be idle', async () => {
  const token = await server.token({ reader: ['*'] });
  const started = await call(`${server.url}/v1/session`, { method: 'POST', token });
  const limited = { session: expect.objectContaining({ idleSeconds: 1_800 }) };
  expect([started.body, (await ask('/v1/session', cookieOf(started))).body]).toEqual([limited, limited]);
  const { body } = await call(`${server.url}/v1/session`, { token });
  expect(body).toEqual({ session: expect.not.objectContaining({ idleSeconds: expect.anything() }) });
});

it('the page of a signed-in reader keeps the session alive, and no other page does', async () => {
  const page = async (cookie: string, on = server) => {
    const headers = { accept: 'text/html', cookie };
    return (await call(`${on.url}/live/open`, { headers })).text;
  };
  expect(await page(await signIn())).toContain(`<script type="module" src="${server.pathTo('/assets/keep-session.')}`);
  expect(await page('')).not.toContain('keep-session');
});

it('without a limit lets sessions be idle and renews no cookie', async () => {
  await using unlimited = await startTestServer({ PRESSBOX_JWT_SECRET: env.PRESSBOX_JWT_SECRET }, clock);
  await makeChannels(unlimited);
  const cookie = await signIn(unlimited);
  after(11 * 60);
  const { body, headers } = await ask('/v1/session', cookie, unlimited);
  expect([body, headers.getSetCookie()]).toEqual([{ session: expect.objectContaining({ sub: 'ruth' }) }, []]);
  expect(body).not.toMatchObject({ session: { idleSeconds: expect.anything() } });
  expect((await ask('/live/open', cookie, unlimited)).text).not.toContain('keep-session');
});
