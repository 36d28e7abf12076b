import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { createChannel } from '../../support/authors/writers.ts';
import { shakeHands } from '../../support/readers/socket-reader.ts';
import { openStream } from '../../support/readers/stream-reader.ts';
import { brandLike } from '../../support/samples/brand-folder.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

const basePath = '/news/live';
const html = { accept: 'text/html' };

describe('a server below a base path', () => {
  let server: TestServer;
  let origin: string;
  let author: AuthorClient;
  let post: string;

  beforeAll(async () => {
    const env = { PRESSBOX_SECURITY_CONTACT: 'security@example.org' };
    server = await startTestServer(env, { front: { name: 'none', basePath } });
    origin = new URL(server.url).origin;
    author = new AuthorClient({ url: server.url, token: await server.token({ editor: ['*'], admin: true }) });
    await author.createChannel({ id: 'fire', headline: 'Harbour fire', state: 'live' });
    await author.createChannel({ id: 'club', headline: 'For members', state: 'live', access: 'members' });
    const { post: first } = await author.publish('fire', { headline: 'Smoke', body: 'Smoke over *pier five*.', keyEvent: true });
    post = first.id;
    await author.correct('fire', post, 1, { note: 'Pier six.', changes: { body: 'Smoke over *pier six*.' } });
    const gone = (await author.publish('fire', { body: 'A rumour.', kind: 'summary' })).post;
    await author.retract('fire', gone.id, { note: 'Nobody said so.' });
  });
  afterAll(async () => await server[Symbol.asyncDispose]());

  it('has the path in its public URL', () => {
    expect(server.url).toBe(origin + basePath);
    expect(server.server.publicUrl).toBe(server.url);
  });

  it('links only below the path: every page and every file that pages lead to is there', async () => {
    const waiting = [
      `${basePath}/`,
      `${basePath}/desk/`,
      `${basePath}/embed/fire`,
      `${basePath}/live/club`,
      `${basePath}/sign-in`,
    ];
    const visited = new Set<string>();
    const failures: unknown[] = [];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (visited.has(path)) continue;
      visited.add(path);
      const answer = await fetch(origin + path, { headers: html });
      const text = await answer.text();
      // The page of a withdrawn post is 410, and the corrections as a page are complete.
      if (![200, 410].includes(answer.status)) failures.push([path, answer.status]);
      if (!/text\/html/.test(answer.headers.get('content-type') ?? '')) continue;
      for (const [, link = ''] of text.matchAll(/\s(?:href|src|action)="([^"]+)"/g)) {
        const url = new URL(link.replaceAll('&amp;', '&'), origin + path);
        if (url.origin !== origin || url.protocol === 'data:') continue;
        if (url.pathname !== basePath && !url.pathname.startsWith(`${basePath}/`)) failures.push([path, link]);
        else if (!/\/sign-out$/.test(url.pathname)) waiting.push(url.pathname + url.search);
      }
    }
    expect(failures).toEqual([]);
    const expected = ['/', '/docs', '/openapi.json', '/live/fire', `/live/fire/${post}`, `/live/fire/${post}/versions`];
    expected.push('/live/fire/corrections', '/v1/channels/fire/feed.atom', '/desk/manifest.webmanifest', '/embed.js');
    expect([...visited].map((path) => path.slice(basePath.length))).toEqual(expect.arrayContaining(expected));
  });

  it('tells scripts the path, and has it in the manifest of the desk', async () => {
    const page = (await call(`${server.url}/live/fire`, { headers: html })).text;
    expect(page).toContain(`<body data-base="${basePath}">`);
    const { body } = await call(`${server.url}/desk/manifest.webmanifest`);
    const start = `${basePath}/desk/`;
    expect(body).toMatchObject({ id: start, start_url: start, scope: start });
  });

  it('has the path in feeds, canonical links, API documents, locations and previews', async () => {
    const page = (await call(`${server.url}/live/fire/${post}`, { headers: html })).text;
    expect(page).toContain(`<link rel="canonical" href="${server.url}/live/fire/${post}">`);
    expect(page).toContain(`<meta property="og:url" content="${server.url}/live/fire/${post}">`);
    const feed = (await call(`${server.url}/v1/channels/fire/feed.atom`)).text;
    expect(feed).toContain(`rel="self" type="application/atom+xml" href="${server.url}/v1/channels/fire/feed.atom"`);
    const open = (await call(`${server.url}/openapi.json`)).body;
    expect(open).toMatchObject({ servers: [{ url: server.url }] });
    const oembed = await call(`${server.url}/oembed?url=${encodeURIComponent(`${server.url}/live/fire`)}`);
    expect(oembed.body).toMatchObject({ html: expect.stringContaining(`src="${server.url}/embed/fire"`) });
    const elsewhere = await call(`${server.url}/oembed?url=${encodeURIComponent(`${origin}/live/fire`)}`);
    expect(elsewhere.status).toBe(404);
    const blog = (await call(`${server.url}/v1/channels/fire/liveblog.jsonld`)).body;
    expect(blog).toMatchObject({ publisher: { name: new URL(origin).host, url: server.url } });
    const token = await server.token({ editor: ['*'] });
    const made = await call(`${server.url}/v1/channels/fire/posts`, { method: 'POST', token, body: { body: 'More.' } });
    expect(made.headers.get('location')).toMatch(`${basePath}/v1/channels/fire/posts/`);
  });

  it('answers 404 outside the path, also to what begins like it, and to sockets', async () => {
    for (const path of ['/', '/live/fire', '/v1/channels', '/news', '/news/liveblog', '/news/LIVE/', '/docs', '/%6eews/live/']) {
      expect([path, (await call(origin + path)).status]).toEqual([path, 404]);
    }
    expect((await shakeHands(origin)).status).toBe(404);
    const { status, reader } = await shakeHands(server.url, { join: false });
    reader?.destroy();
    expect(status).toBe(101);
  });

  it('answers probes, metrics and security.txt at the root of its port, too', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect([path, (await call(origin + path)).status]).toEqual([path, 200]);
      expect([path, (await call(server.url + path)).status]).toEqual([path, 200]);
    }
    const { text } = await call(`${origin}/.well-known/security.txt`);
    expect(text).toContain(`Canonical: ${origin}/.well-known/security.txt`);
  });

  it('leads to pages below the path after signing in, with a cookie of its own', async () => {
    const token = await server.token({ reader: ['club'] });
    const signIn = async (to: string) =>
      await fetch(`${server.url}/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin },
        body: new URLSearchParams({ token, to }),
        redirect: 'manual',
      });
    const answer = await signIn(`${basePath}/live/club?a=1`);
    expect(answer.headers.get('location')).toBe(`${basePath}/live/club?a=1`);
    const [session, owner] = answer.headers.getSetCookie();
    expect(session).toMatch(/^pressbox\.news\.live=\S+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(owner).toMatch(/^pressbox-owner\.news\.live=[\w-]{22}; Max-Age=\d+; Path=\/; SameSite=Lax$/);
    expect((await signIn('/admin')).headers.get('location')).toBe(`${basePath}/`);
    const desk = await fetch(`${server.url}/desk?a=1`, { redirect: 'manual' });
    expect(desk.headers.get('location')).toBe(`${basePath}/desk/?a=1`);
    const corrections = await fetch(`${server.url}/live/fire?filter=corrections`, { redirect: 'manual' });
    expect(corrections.headers.get('location')).toBe(`${basePath}/live/fire/corrections`);
    const [cookie = ''] = (session ?? '').split(';');
    const { body } = await call(`${server.url}/v1/session`, { headers: { cookie, 'sec-fetch-site': 'same-origin' } });
    expect(body).toMatchObject({ session: { name: 'Ada Byron' } });
    const other = cookie.replace('pressbox.news.live', 'pressbox');
    const { body: none } = await call(`${server.url}/v1/session`, {
      headers: { cookie: other, 'sec-fetch-site': 'same-origin' },
    });
    expect(none).toEqual({ session: null });
  });
});

it('a write is recognised when it is repeated after the server was given a base path', async () => {
  const env: Record<string, string> = {};
  await using server = await startTestServer(env, { front: { name: 'none', basePath: '' } });
  const token = await server.token({ editor: ['*'], admin: true });
  const write = (url: string) =>
    call(`${url}/v1/channels`, {
      method: 'POST',
      token,
      body: { id: 'fire', headline: 'Fire' },
      headers: { 'idempotency-key': 'once' },
    });
  expect((await write(server.url)).status).toBe(201);
  env.PRESSBOX_BASE_PATH = '/live';
  await server.restart();
  const repeated = await write(server.url);
  expect([repeated.status, repeated.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
});

it('a paper without a home page of its own has the list of coverage as its address, below the base path', async () => {
  const brand = await brandLike('signal-north', { 'brand.json': JSON.stringify({ name: 'The Signal' }) });
  await using server = await startTestServer({ PRESSBOX_BRAND_DIR: brand }, { front: { name: 'none', basePath } });
  const author = new AuthorClient({ url: server.url, token: await server.token({ editor: ['*'], admin: true }) });
  await author.createChannel({ id: 'fire', headline: 'Harbour fire', state: 'live' });
  const publisher = { name: 'The Signal', url: `${server.url}/` };
  expect((await call(`${server.url}/v1/channels/fire/liveblog.jsonld`)).body).toMatchObject({ publisher });
  expect((await call(`${server.url}/v1/channels/fire/feed.json`)).body).toMatchObject({ authors: [publisher] });
});

it('an EventSource below a base path reconnects after a temporary problem', async () => {
  await using server = await startTestServer({ PRESSBOX_CONNECTIONS_PER_ADDRESS: '1' }, { front: { name: 'none', basePath } });
  const { id } = await createChannel(server, await server.token());
  using _open = await openStream(server.url, id);
  using refused = await openStream(server.url, id);
  await refused.ended;
  expect([refused.status, refused.blocks]).toEqual([200, [{ retry: expect.stringMatching(/^\d+$/) }]]);
});
