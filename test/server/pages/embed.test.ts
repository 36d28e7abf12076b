import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { embedHosts } from '../../../src/protocol/embeds/frames.ts';
import { testedBasePath } from '../../support/servers/front.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** The size limit of the element, compressed with gzip: less than one picture of a post. */
const mostBytes = 41_000;
/** The size limit of the words of a language other than English, compressed with gzip. */
const mostWordsBytes = 2_000;

describe('/embed.js', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const get = (headers: Record<string, string> = {}) => fetch(`${server.url}/embed.js`, { headers });

  it('can be loaded as a module by any page, even one that may not read channels', async () => {
    const answer = await get({ origin: 'https://stranger.example.org' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await answer.text()).toContain('pressbox-live');
  });

  it.each(['br', 'gzip', 'identity'])('is revalidated at each use, and sent again only if it changed (%s)', async (encoding) => {
    const first = await get({ 'accept-encoding': encoding });
    expect(first.headers.get('content-encoding')).toBe(encoding === 'identity' ? null : encoding);
    expect(first.headers.get('cache-control')).toBe('no-cache');
    expect(first.headers.get('vary')).toContain('Accept-Encoding');
    const etag = first.headers.get('etag') ?? '';
    const again = await get({ 'accept-encoding': encoding, 'if-none-match': etag });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
    // Entity tags differ by encoding.
    const other = await get({ 'accept-encoding': encoding === 'br' ? 'gzip' : 'br', 'if-none-match': etag });
    expect(other.status).toBe(200);
    expect(await other.text()).toBe(await first.text());
  });

  it(`weighs less than ${mostBytes / 1_000} kB and loads words of less than ${mostWordsBytes / 1_000} kB, which any page may load`, async () => {
    const script = await (await get()).text();
    expect(gzipSync(script, { level: 9 }).length).toBeLessThan(mostBytes);
    const paths = [...script.matchAll(/import\("\.(\/assets\/words-\w+\.[\w-]+\.js)"\)/g)].map(([, path = '']) => path);
    expect(paths).toHaveLength(4);
    for (const path of paths) {
      const words = await fetch(server.addressOf(path), { headers: { origin: 'https://stranger.example.org' } });
      expect([words.status, words.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
      expect(words.headers.get('cache-control')).toContain('immutable');
      expect(gzipSync(await words.text(), { level: 9 }).length).toBeLessThan(mostWordsBytes);
    }
  });

  it('runs no text as code and defines no global', async () => {
    const script = await (await get()).text();
    expect(script).not.toMatch(/\beval\(|new Function\(|globalThis\.lit/);
  });

  it('answers in plain text if its file cannot be read, as when no more files may be open', async () => {
    await using own = await startServerProcess();
    const [, asset] = /"([\w/-]*\/assets\/[^"]+)"/.exec(await (await fetch(`${own.url}/`)).text()) ?? [];
    // The connection is opened before the process may open no more files.
    const connection = connect(Number(new URL(own.url).port), '127.0.0.1');
    let said = '';
    connection.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    connection.write(`GET ${testedBasePath()}/healthz HTTP/1.1\r\nHost: a\r\n\r\n`);
    await vi.waitFor(() => expect(said).toContain('alive'));
    said = '';
    await promisify(execFile)('prlimit', ['--pid', String(own.pid), '--nofile=0:']);
    const headers = 'Host: a\r\nAccept-Encoding: gzip';
    connection.write(`GET ${asset} HTTP/1.1\r\n${headers}\r\n\r\n`);
    connection.write(`GET ${testedBasePath()}/embed.js HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`);
    await once(connection, 'end');
    expect(said.match(/HTTP\/1.1 500 |no-store|"code":"internal-error"|content-encoding|immutable/gi)).toEqual([
      ...['HTTP/1.1 500 ', 'no-store', '"code":"internal-error"'],
      ...['HTTP/1.1 500 ', 'no-store', '"code":"internal-error"'],
    ]);
  });
});

describe('a channel in a frame, and oEmbed', () => {
  const publicOrigin = 'https://live.example.org';
  const publicUrl = publicOrigin + testedBasePath();
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ PRESSBOX_PUBLIC_URL: publicOrigin });
    const author = new AuthorClient({ url: server.url, token: await server.token({ editor: ['*'], admin: true }) });
    await author.createChannel({ id: 'fire', headline: 'Fire & "smoke" <b>', state: 'live', byline: [{ name: 'Ruth Calder' }] });
    await author.createChannel({ id: 'inner', headline: 'For members', access: 'members' });
    await author.createChannel({ id: 'draft', headline: 'For the desk', access: 'desk' });
    await author.createChannel({ id: 'gone', headline: 'Gone' });
    await author.deleteChannel('gone');
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const framesOf = ({ headers }: { headers: Headers }) =>
    headers.get('content-security-policy')?.match(/frame-ancestors ([^;]*)/)?.[1];

  it('lets a reader open posts of other sites in a frame, as do the pages of channels, but not the page to sign in', async () => {
    const policyAt = async (path: string) =>
      (await call(`${server.url}${path}`, { headers: { accept: 'text/html' } })).headers.get('content-security-policy') ?? '';
    const frames = `frame-src ${embedHosts.map((host) => `https://${host}`).join(' ')};`;
    for (const path of ['/live/fire', '/embed/fire']) expect(await policyAt(path)).toContain(frames);
    for (const path of ['/sign-in', '/desk/']) expect(await policyAt(path)).not.toContain('frame-src');
  });

  it('can be framed by any page, unlike other pages', async () => {
    const frame = await call(`${server.url}/embed/fire?theme=dark&lang=de&times=ago`, { headers: { accept: 'text/html' } });
    expect(frame.status).toBe(200);
    expect(framesOf(frame)).toBe('*');
    expect(frame.headers.has('x-frame-options')).toBe(false);
    expect(frame.text).toContain('<title>Fire &amp; &quot;smoke&quot; &lt;b&gt;</title>');
    expect(frame.text).toContain('<h1 dir="auto">Fire &amp; &quot;smoke&quot; &lt;b&gt;</h1>');
    expect(frame.text).toContain('<pressbox-live channel="fire" theme="dark" lang="de" times="ago" limit="20">');
    for (const path of ['/', '/live/fire', '/docs', '/sign-in', '/live/nothing', '/v1/channels/fire'])
      expect(framesOf(await call(`${server.url}${path}`, { headers: { accept: 'text/html' } }))).toMatch(/^'(?:self|none)'$/);
    // A missing channel is reported in the frame.
    const missing = await call(`${server.url}/embed/nothing`, { headers: { accept: 'text/html' } });
    expect([missing.status, framesOf(missing)]).toEqual([404, '*']);
    expect((await call(`${server.url}/embed/draft`)).status).toBe(404);
    expect((await call(`${server.url}/embed/gone`)).status).toBe(410);
    expect((await call(`${server.url}/embed/fire?theme=%22onload=`)).status).toBe(400);
  });

  it('loads its script and styles from any host name, and with a trailing slash', async () => {
    for (const address of [`${server.url}/embed/fire`, `${server.url}/embed/fire/`]) {
      const { text } = await call(address, { headers: { accept: 'text/html' } });
      const loaded = [...text.matchAll(/<(?:script type="module" src|link rel="stylesheet" href)="([^"]+)"/g)].map(
        ([, at]) => at!,
      );
      expect(loaded).toHaveLength(3);
      for (const at of loaded) expect([address, at, (await fetch(new URL(at, address))).status]).toEqual([address, at, 200]);
    }
  });

  it('gives the element with its content to pages of others, in any policy that allows its style sheet', async () => {
    const fragment = await call(`${server.url}/embed/fire/fragment?theme=dark&lang=de&limit=5`, {
      headers: { accept: 'text/html' },
    });
    expect([fragment.status, fragment.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(fragment.headers.get('cache-control')).toBe('no-cache');
    expect(fragment.text).toMatch(
      `<pressbox-live channel="fire" src="${publicUrl}" theme="dark" lang="de" limit="5"><template shadowrootmode="open"><link rel="stylesheet" href="${publicUrl}/assets/`,
    );
    expect(fragment.text).toContain('Fire &amp; &quot;smoke&quot; &lt;b&gt;');
    // The data for the script cannot end its element.
    expect(fragment.text.match(/<\/script>/g)).toHaveLength(1);
    expect(fragment.text).not.toMatch(/<b>|style=|onload/);
    const [, style = ''] = /href="[^"]*(\/assets\/[^"]+)"/.exec(fragment.text) ?? [];
    const sheet = await fetch(server.addressOf(style), { headers: { origin: 'https://stranger.example.org' } });
    expect([sheet.status, sheet.headers.get('cross-origin-resource-policy')]).toEqual([200, 'cross-origin']);
    const etag = fragment.headers.get('etag') ?? '';
    const again = await call(`${server.url}/embed/fire/fragment?theme=dark&lang=de&limit=5`, {
      headers: { accept: 'text/html', 'if-none-match': etag },
    });
    expect(again.status).toBe(304);
  });

  it('refuses fragments of other channels, and with wrong attributes, with a problem document', async () => {
    const answers = [
      'nothing',
      'draft',
      'inner',
      'gone',
      'fire/fragment?limit=0',
      'fire/fragment?theme=mauve',
      'fire/fragment?every=0',
    ].map(async (path) => {
      const address = `${server.url}/embed/${path.includes('/') ? path : `${path}/fragment`}`;
      const { status, body, headers } = await call(address, { headers: { accept: 'text/html' } });
      return [path, status, (body as { code: string }).code, headers.get('content-type')];
    });
    const type = 'application/problem+json';
    expect(await Promise.all(answers)).toEqual([
      ['nothing', 404, 'not-found', type],
      ['draft', 404, 'not-found', type],
      ['inner', 401, 'token-missing', type],
      ['gone', 410, 'channel-deleted', type],
      ['fire/fragment?limit=0', 400, 'invalid-body', type],
      ['fire/fragment?theme=mauve', 400, 'invalid-body', type],
      ['fire/fragment?every=0', 400, 'invalid-body', type],
    ]);
  });

  it('gives the same fragment to the program that runs the server', async () => {
    const { text } = await call(`${server.url}/embed/fire/fragment?lang=fr`, { headers: { accept: 'text/html' } });
    expect(await server.server.embedFragment('fire', { lang: 'fr', theme: undefined })).toBe(text);
    await expect(server.server.embedFragment('inner')).rejects.toThrow(/token/i);
    await expect(server.server.embedFragment('fire', { limit: 1_000 })).rejects.toMatchObject({
      problem: { code: 'invalid-body', errors: [{ path: 'limit' }] },
    });
  });

  const oembed = (url: string, more = '') => call(`${server.url}/oembed?url=${encodeURIComponent(url)}${more}`);

  it('is found by oEmbed from the URL of its page, and fits the requested size', async () => {
    const page = await (await fetch(`${server.url}/live/fire`)).text();
    const [, href = ''] = page.match(/<link rel="alternate" type="application\/json\+oembed"[^>]* href="([^"]*)"/) ?? [];
    expect(href).toBe(`${publicUrl}/oembed?url=${encodeURIComponent(`${publicUrl}/live/fire`)}`);
    const answer = await call(href.replace(publicUrl, server.url));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.body).toEqual({
      version: '1.0',
      type: 'rich',
      title: 'Fire & "smoke" <b>',
      author_name: 'Ruth Calder',
      provider_name: 'Pressbox',
      provider_url: publicUrl,
      html: `<iframe src="${publicUrl}/embed/fire" width="680" height="800" title="Fire &amp; &quot;smoke&quot; &lt;b&gt;" loading="lazy" style="border:0;max-width:100%"></iframe>`,
      width: 680,
      height: 800,
    });
    const small = await oembed(`${publicUrl}/live/fire`, '&maxwidth=320&maxheight=9999&format=json');
    expect(small.body).toMatchObject({ width: 320, height: 800, html: expect.stringContaining(' width="320" height="800"') });
    expect((await oembed(`${publicUrl}/live/fire/01980f0e-5a00-7a10-8c00-5b1d6f0a0001`)).status).toBe(200);
  });

  it('works as the guide to embedding says', async () => {
    const docs = await readFile(join(import.meta.dirname, '../../../docs/guides/embedding.md'), 'utf8');
    const asked = [...docs.matchAll(/^curl -s "(.*)"$/gm)].map(([, address = '']) => {
      const own = address.replace('url=http://127.0.0.1:4000', `url=${publicUrl}`).replace('http://127.0.0.1:4000', server.url);
      return call(own.replace('moon-landing', 'fire'));
    });
    const [fragment, frame] = await Promise.all(asked);
    expect(fragment?.text).toMatch(/^<pressbox-live channel="fire" .*limit="5">/);
    expect(frame?.body).toMatchObject({ type: 'rich', width: 480 });
  });

  it.each([
    ['another server', 'https://elsewhere.example.org/live/fire', 404],
    ['another path', `${publicOrigin}/elsewhere/live/fire`, 404],
    ['another scheme', `${publicUrl.replace('https', 'http')}/live/fire`, 404],
    ['another page', `${publicUrl}/docs`, 404],
    ['no address', 'fire', 404],
    ['no channel', `${publicUrl}/live/nothing`, 404],
    ['what cannot be a channel', `${publicUrl}/live/%2e%2e`, 404],
    ['a desk channel', `${publicUrl}/live/draft`, 404],
    ['a channel for members', `${publicUrl}/live/inner`, 401],
    ['a deleted channel', `${publicUrl}/live/gone`, 410],
  ])('refuses %s', async (_, url, status) => {
    expect((await oembed(url)).status).toBe(status);
  });

  it('refuses XML, and a request without a URL', async () => {
    const xml = await oembed(`${publicUrl}/live/fire`, '&format=xml');
    expect([xml.status, xml.body]).toMatchObject([501, { code: 'format-not-offered' }]);
    expect((await call(`${server.url}/oembed`)).status).toBe(400);
    expect((await oembed(`${publicUrl}/live/fire`, '&maxwidth=wide')).status).toBe(400);
    const members = await (await fetch(`${server.url}/live/inner`)).text();
    expect(members).not.toContain('json+oembed');
  });
});
