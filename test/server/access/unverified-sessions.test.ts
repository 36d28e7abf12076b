import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ReaderClient } from '../../../client/lib/index.ts';
import type { ReaderState } from '../../../client/lib/reader-types.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { openStream } from '../../support/readers/stream-reader.ts';
import { bringBack, type StoppableIssuer, startStoppableIssuer } from '../../support/servers/issuer.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** A server that cannot verify a session: it started while the issuer was unreachable, and has no keys yet. */

let issuer: StoppableIssuer;
let server: TestServer;
/** Signed with the server's secret, which needs no issuer. */
let editor: string;
let token: string;
let cookie: string;
let tokens = 0;
const told = {
  code: 'token-invalid',
  status: 401,
  retryAfter: 5,
  detail: expect.stringContaining('keys of its issuer cannot be loaded'),
};

beforeAll(async () => {
  issuer = await startStoppableIssuer();
  server = await startTestServer({
    PRESSBOX_JWKS_URL: issuer.jwksUrl,
    PRESSBOX_JWT_SECRET: 'a secret of the tests, long enough',
  });
  editor = await server.token();
  for (const [id, access] of Object.entries({ free: 'public', closed: 'members', hidden: 'desk' })) {
    await call(`${server.url}/v1/channels`, { method: 'POST', token: editor, body: { id, headline: id, access, state: 'live' } });
  }
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await bringBack(issuer, server);
  tokens += 1;
  token = await issuer.token({ reader: ['*'], editor: ['*'] }, `of-the-issuer-${tokens}`);
  const { headers } = await call(`${server.url}/v1/session`, { method: 'POST', token });
  cookie = headers.getSetCookie()[0]?.split(';')[0] ?? '';
});
afterEach(() => issuer.start());

async function loseIssuer(): Promise<void> {
  await issuer.stop();
  await server.restart();
}

const get = (path: string, headers: Record<string, string> = {}) => call(server.url + path, { headers: { cookie, ...headers } });
const publish = (channelId: string, body: string) =>
  call(`${server.url}/v1/channels/${channelId}/posts`, { method: 'POST', token: editor, body: { body } });
const isHtml = { accept: 'text/html' };

const forMembers = [
  ...['snapshot', 'events', 'events?wait=1', 'stream', 'posts', 'corrections', 'journal', 'export'].map(
    (name) => `closed/${name}`,
  ),
  ...['feed.atom', 'feed.json', 'liveblog.jsonld', 'ninjs.json', 'corrections.atom'].map((name) => `closed/${name}`),
  ...['hidden', 'hidden/snapshot', 'hidden/stream', 'never-was', 'never-was/snapshot', 'never-was/stream'],
].map((path) => `/v1/channels/${path}`);

describe('an unverified session over HTTP', () => {
  it('gets token-invalid with `retryAfter` for everything that is not public', async () => {
    await loseIssuer();
    for (const path of [...forMembers, '/v1/session']) {
      const { status, headers, body } = await get(path);
      expect([path, status, body]).toEqual([path, 401, expect.objectContaining(told)]);
      expect([headers.get('retry-after'), headers.getSetCookie()]).toEqual(['5', []]);
      expect((await call(server.url + path, { token })).body).toEqual(body);
    }
  });

  it('reads public channels, and the others once the issuer is back', async () => {
    await loseIssuer();
    const free = ['free', 'free/snapshot', 'free/events', 'free/posts', 'free/feed.atom'].map((path) => `/v1/channels/${path}`);
    for (const path of [...free, '/v1/channels', '/', '/live/free']) {
      const { status, headers } = await get(path, path.startsWith('/v1') ? {} : isHtml);
      expect([path, status, headers.getSetCookie()]).toEqual([path, 200, []]);
    }
    expect((await get('/v1/channels/free/posts/01890000-0000-7000-8000-000000000000')).status).toBe(404);
    await bringBack(issuer, server);
    for (const path of ['closed', 'hidden']) expect((await get(`/v1/channels/${path}/snapshot`)).status).toBe(200);
    expect((await get('/v1/session')).body).toMatchObject({ session: { name: 'Ruth Calder' } });
  });

  it('gets a private, uncached list of channels that is marked as incomplete until the issuer is back', async () => {
    const said = 'You cannot be recognised at the moment, so coverage that is not for everyone may be missing here.';
    const listed = async () => {
      const { text, headers } = await get('/', isHtml);
      return [text.includes(said), text.includes('/live/hidden'), headers.get('cache-control')];
    };
    expect(await listed()).toEqual([false, true, 'private, no-store']);
    await loseIssuer();
    expect(await listed()).toEqual([true, false, 'private, no-store']);
    const { text } = await get('/', { ...isHtml, 'accept-language': 'de' });
    expect(text).toContain('Sie können gerade nicht erkannt werden.');
    expect((await call(`${server.url}/`, { headers: isHtml })).text).not.toContain(said);
    // The JSON list has no field that says whether it is incomplete.
    expect(Object.keys((await get('/v1/channels')).body as object)).toEqual(['channels', 'next']);
    await bringBack(issuer, server);
    expect(await listed()).toEqual([false, true, 'private, no-store']);
  });

  it('cannot write', async () => {
    await loseIssuer();
    const headers = { cookie, origin: server.origin, 'idempotency-key': 'once' };
    const write = () =>
      call(`${server.url}/v1/channels/free/posts`, { method: 'POST', headers, body: { headline: 'Written by a session' } });
    expect((await write()).body).toMatchObject(told);
    await bringBack(issuer, server);
    const { status, headers: answered } = await write();
    expect([status, answered.get('idempotency-replayed')]).toEqual([201, null]);
  });

  it('gets an event stream with a retry delay, after which an EventSource reconnects', async () => {
    await loseIssuer();
    const { status, headers, text } = await get('/v1/channels/closed/stream', { accept: 'text/event-stream' });
    expect([status, Number(headers.get('retry-after'))]).toEqual([200, expect.toSatisfy((seconds) => seconds >= 5)]);
    expect(text).toMatch(/^retry: ?\d+\n\n$/);
    await bringBack(issuer, server);
    const stream = await openStream(server.url, 'closed', { headers: { Cookie: cookie } });
    onTestFinished(() => stream.destroy());
    await vi.waitFor(() => expect(stream.heard('catchup')).toHaveLength(1));
  });

  it.each(['/live/closed', '/live/hidden'])('gets the page %s with a retry delay and no sign-in form', async (path) => {
    await loseIssuer();
    const { status, headers, text } = await get(path, isHtml);
    expect([status, headers.get('retry-after'), headers.getSetCookie()]).toEqual([401, '5', []]);
    expect(text).toContain('You cannot be recognised at the moment');
    expect(text).toContain('Try again in 5 seconds.');
    expect(text).not.toContain('<form');
    await bringBack(issuer, server);
    expect((await get(path, isHtml)).status).toBe(200);
  });
});

describe('a socket with an unverified session', () => {
  const connect = async () => {
    const reader = await openReader(server.url, { headers: { Cookie: cookie, Origin: server.origin } });
    onTestFinished(() => reader.destroy());
    return reader;
  };

  it('connects, reads public channels, and the others once the issuer is back', async () => {
    await loseIssuer();
    const reader = await connect();
    expect(await reader.subscribe('free')).toMatchObject({ ok: true });
    for (const channelId of ['closed', 'hidden', 'never-was']) {
      expect(await reader.subscribe(channelId)).toMatchObject({ ok: false, problem: told });
    }
    await bringBack(issuer, server);
    for (const channelId of ['closed', 'hidden']) expect(await reader.subscribe(channelId)).toMatchObject({ ok: true });
    expect(await reader.subscribe('never-was')).toMatchObject({ ok: false, problem: { code: 'not-found' } });
  });

  it('is closed like any other if its token is revoked once the issuer is back', async () => {
    await loseIssuer();
    const reader = await connect();
    await bringBack(issuer, server);
    expect(await reader.subscribe('closed')).toMatchObject({ ok: true });
    const admin = await server.token({ admin: true }, { sub: 'operator' });
    await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token: admin, body: { jti: `of-the-issuer-${tokens}` } });
    await reader.closing;
    expect(reader.heard('unsubscribed')).toEqual([{ channelId: 'closed', reason: 'revoked' }]);
  });

  it('is refused without `retryAfter` once the issuer is back if its token was revoked before', async () => {
    const admin = await server.token({ admin: true }, { sub: 'operator' });
    await loseIssuer();
    const reader = await connect();
    await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token: admin, body: { jti: `of-the-issuer-${tokens}` } });
    expect(await reader.subscribe('closed')).toMatchObject({ problem: told });
    await bringBack(issuer, server);
    expect(await reader.subscribe('closed')).toMatchObject({ ok: false, problem: { code: 'token-missing' } });
  });

  it('is told to retry when its channel is closed to anonymous readers', async () => {
    const channel = { id: 'closing', headline: 'For all, at first', state: 'live' };
    await call(`${server.url}/v1/channels`, { method: 'POST', token: editor, body: channel });
    await loseIssuer();
    const reader = await connect();
    expect(await reader.subscribe('closing')).toMatchObject({ ok: true });
    const headers = { 'if-match': '*' };
    await call(`${server.url}/v1/channels/closing`, { method: 'PATCH', token: editor, headers, body: { access: 'members' } });
    await vi.waitFor(() => expect(reader.heard('unsubscribed')).toEqual([{ channelId: 'closing', reason: 'slow' }]));
    expect(await reader.subscribe('closing')).toMatchObject({ problem: told });
  });
});

describe('a ReaderClient with an unverified session', () => {
  it.each(['stream', 'poll'] as const)(
    'continues over a %s when the issuer is back, with everything published in between',
    async (way) => {
      const states: ReaderState['status'][] = [];
      const fetchSignedIn: typeof fetch = (input, init) => fetch(input, { ...init, headers: { ...init?.headers, cookie } });
      const reader = new ReaderClient({ url: server.url, channelId: 'closed', transports: [way], fetch: fetchSignedIn as never });
      onTestFinished(() => reader.close());
      reader.on('state', ({ status }) => states.push(status));
      reader.open();
      await vi.waitFor(() => expect(reader.state.status).toBe('live'));
      await loseIssuer();
      await publish('closed', `Written while the issuer was gone, for a ${way}.`);
      await vi.waitFor(() => expect(reader.state.status).not.toBe('live'));
      const refused = /pressbox_problems_total\{code="token-invalid"\} [1-9]/;
      await vi.waitFor(async () => expect((await call(`${server.url}/metrics`)).text).toMatch(refused));
      await bringBack(issuer, server);
      await vi.waitFor(() => expect(reader.state.status).toBe('live'));
      expect(reader.timeline?.posts[0]?.html).toContain(`for a ${way}.`);
      expect(states).not.toContain('ended');
    },
  );
});
