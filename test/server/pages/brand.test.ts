import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { type ConfigError, readConfig } from '../../../src/config.ts';
import { startServer } from '../../../src/server.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { brandLimits } from '../../../src/web/brand/brand-limits.ts';
import { root } from '../../support/runner/imports.ts';
import { brandLike, exampleBrand } from '../../support/samples/brand-folder.ts';
import { schemaOrgFaults } from '../../support/samples/schema-org.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';

const page = { accept: 'text/html', 'accept-language': 'en' };

async function publishOn(server: TestServer): Promise<{ channelId: string; members: string; postId: string; withdrawn: string }> {
  const client = new AuthorClient({ url: server.url, token: await server.token() });
  const { channel } = await client.createChannel({ headline: 'Harbour fire', state: 'live' });
  const { post } = await client.publish(channel.id, { headline: 'The fire is out', body: 'Crews stand down.' });
  const { post: withdrawn } = await client.publish(channel.id, { body: 'A rumour.' });
  await client.retract(channel.id, withdrawn.id, { note: 'It was another pier.' });
  const { channel: members } = await client.createChannel({ headline: 'Behind closed doors', access: 'members' });
  return { channelId: channel.id, members: members.id, postId: post.id, withdrawn: withdrawn.id };
}

describe('a server with a brand', () => {
  let server: TestServer;
  let made: Awaited<ReturnType<typeof publishOn>>;
  beforeAll(async () => {
    server = await startTestServer({ PRESSBOX_BRAND_DIR: exampleBrand('morning-packet') });
    made = await publishOn(server);
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const textOf = async (path: string) => await (await fetch(server.addressOf(path), { headers: page })).text();
  const firstUrl = (html: string, pattern: RegExp) => pattern.exec(html)?.[1] ?? '';

  it('shows the paper on every page: its logo, header, footer, legal links and icon, and "Pressbox" on none', async () => {
    const { channelId, members, postId, withdrawn } = made;
    const live = `/live/${channelId}`;
    const paths = [
      '/',
      live,
      `${live}?before=2`,
      `${live}/${postId}`,
      `${live}/${postId}/versions`,
      `${live}/${withdrawn}`,
      `${live}/corrections`,
    ];
    for (const path of [...paths, `/live/${members}`, '/sign-in', '/live/nothing', '/docs']) {
      const html = await textOf(path);
      expect(html, path).toMatch(
        new RegExp(
          `<header class="bar"><a class="home" href="https://www\\.morningpacket\\.example/"><img class="logo" src="${server.basePath}/brand/logo\\.[\\w-]{12}\\.svg" alt="The Morning Packet" width="\\d+" height="\\d+"></a>`,
        ),
      );
      expect(html, path).toContain('<nav aria-label="Sections">');
      expect(html, path).toContain('Write to the corrections desk');
      expect(html, path).toContain('<a href="https://www.morningpacket.example/imprint">Imprint</a>');
      expect(html, path).toMatch(
        new RegExp(`<link rel="icon" href="${server.basePath}/brand/favicon\\.[\\w-]{12}\\.svg" type="image/svg\\+xml">`),
      );
      expect(html, path).toMatch(new RegExp(`<link rel="stylesheet" href="${server.basePath}/brand/pages\\.[\\w-]{12}\\.css">`));
      if (path !== '/docs') expect(html.replace('content="Pressbox"', ''), path).not.toContain('Pressbox');
    }
  });

  it('names the paper in the title of the list of coverage', async () => {
    expect(await textOf('/')).toContain('<title>Live coverage · The Morning Packet</title>');
  });

  it('serves each file for ever under its own policy, and to pages of other origins', async () => {
    const html = await textOf('/');
    const sheet = firstUrl(html, /href="([\w/-]*\/brand\/pages[^"]+)"/);
    const logo = firstUrl(html, /src="([\w/-]*\/brand\/logo[^"]+)"/);
    for (const [path, type] of [
      [sheet, 'text/css; charset=utf-8'],
      [logo, 'image/svg+xml'],
    ] as const) {
      for (const encoding of ['gzip', 'identity']) {
        const answer = await fetch(server.addressOf(path), { headers: { 'accept-encoding': encoding } });
        expect(answer.status).toBe(200);
        expect(answer.headers.get('content-encoding')).toBe(encoding === 'gzip' ? 'gzip' : null);
        expect(answer.headers.get('content-type')).toBe(type);
        expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
        expect(answer.headers.get('access-control-allow-origin')).toBe('*');
        expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none';.*sandbox/);
      }
    }
    expect(await (await fetch(server.addressOf(sheet))).text()).toMatch(/\.paper-footer[\s\S]*--pressbox-ink:#14130f/);
  });

  it('sends its own version of a file to a page of another server, which no cache keeps', async () => {
    const answer = await fetch(`${server.url}/brand/logo.AAAAAAAAAAAA.svg`);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-cache']);
    for (const path of ['/brand/brand.json', '/brand/nothing.AAAAAAAAAAAA.svg', '/brand/../brand.css', '/brand/%2e%2e/x.svg']) {
      expect((await fetch(server.addressOf(path))).status, path).toBe(404);
    }
  });

  it('names the paper in previews, in the data for search engines, in feeds and in oEmbed', async () => {
    const { channelId } = made;
    const html = await textOf(`/live/${channelId}`);
    expect(html).toContain('<meta property="og:site_name" content="The Morning Packet">');
    const logo = { '@type': 'ImageObject', url: expect.stringMatching(`^${server.url}/brand/logo\\.`), width: { value: 268 } };
    const publisher = { name: 'The Morning Packet', url: 'https://www.morningpacket.example/' };
    const onPage = JSON.parse(firstUrl(html, /<script type="application\/ld\+json"[^>]*>([^<]*)/));
    const feed = async (name: string) => await (await fetch(`${server.url}/v1/channels/${channelId}/${name}`)).text();
    const inFeed = JSON.parse(await feed('liveblog.jsonld'));
    for (const blog of [onPage, inFeed]) {
      expect(blog).toMatchObject({
        publisher: { ...publisher, logo },
        author: publisher,
        liveBlogUpdate: [{ publisher }, { publisher }],
      });
      expect(schemaOrgFaults(blog)).toEqual([]);
    }
    const atom = await feed('feed.atom');
    expect(atom).toContain('<author><name>The Morning Packet</name><uri>https://www.morningpacket.example/</uri></author>');
    expect(atom).toMatch(/<icon>http:[^<]*\/brand\/favicon\.[\w-]+\.svg<\/icon>\n<logo>http:[^<]*\/brand\/logo\./);
    expect(JSON.parse(await feed('feed.json'))).toMatchObject({
      favicon: expect.stringContaining('/brand/favicon.'),
      authors: [{ name: 'The Morning Packet', url: 'https://www.morningpacket.example/' }],
    });
    const oembed = await fetch(`${server.url}/oembed?url=${server.url}/live/${channelId}`);
    expect(await oembed.json()).toMatchObject({
      provider_name: 'The Morning Packet',
      provider_url: 'https://www.morningpacket.example/',
    });
  });

  it("leads to the paper's own sign-in and subscription first, and back to the page, and folds the token away", async () => {
    for (const path of [`/live/${made.members}`, `/sign-in?to=${server.pathTo(`/live/${made.members}`)}`]) {
      const html = await textOf(path);
      const back = encodeURIComponent(`${server.url}/live/${made.members}`);
      expect(html).toContain(`<li><a href="https://www.morningpacket.example/login?return=${back}">Sign in</a></li>`);
      expect(html).toContain('<li><a href="https://www.morningpacket.example/subscribe">Subscribe</a></li>');
      expect(html).toMatch(/<details class="with-token"><summary>Sign in with an access token<\/summary>\s*<form/);
    }
    const refused = await fetch(`${server.url}/sign-in`, {
      method: 'POST',
      headers: { ...page, origin: server.origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'token=nonsense&to=/',
    });
    expect(await refused.text()).toContain('<details class="with-token" open>');
  });

  it('brands the frame with the colours of both schemes, and without scripts of others', async () => {
    const html = await textOf(`/embed/${made.channelId}`);
    const sheet = firstUrl(html, /href="([\w/-]*\/brand\/frame[^"]+)"/);
    expect(await (await fetch(server.addressOf(sheet))).text()).toContain('--pressbox-ink:light-dark(#14130f,#ece8df);');
    expect(html).toContain(`<link rel="icon" href="${server.pathTo('/brand/favicon')}`);
  });
});

describe('scripts for audience measurement', () => {
  const brand = JSON.stringify({
    name: 'Post',
    scripts: [{ src: 'https://stats.example.org/measure.js', data: { site: 'harbour "post"' } }],
  });

  it('are loaded on pages of coverage, and on none where a token is typed', async () => {
    const folder = await brandLike('signal-north', { 'brand.json': brand });
    await using server = await startTestServer({
      PRESSBOX_BRAND_DIR: folder,
      PRESSBOX_PAGE_SOURCES: 'https://stats.example.org',
    });
    const { channelId, members, postId } = await publishOn(server);
    const tag = '<script async src="https://stats.example.org/measure.js" data-site="harbour &quot;post&quot;"></script>';
    for (const path of ['/', `/live/${channelId}`, `/live/${channelId}/${postId}`]) {
      const answer = await fetch(server.addressOf(path), { headers: page });
      expect(await answer.text(), path).toContain(tag);
      expect(answer.headers.get('content-security-policy')).toContain("script-src 'self' https://stats.example.org;");
    }
    for (const path of ['/sign-in', `/live/${members}`, '/live/nothing', `/embed/${channelId}`, '/docs']) {
      expect(await (await fetch(server.addressOf(path), { headers: page })).text(), path).not.toContain('stats.example.org');
    }
    const signIn = await fetch(`${server.url}/sign-in`, { headers: page });
    expect(signIn.headers.get('content-security-policy')).not.toContain('stats.example.org');
  });
});

describe('colours that are hard to read', () => {
  it('are logged at the start with the names of both properties', async () => {
    const folder = await brandLike('signal-north', {
      'brand.css': ':root { --pressbox-quiet: #999; --pressbox-background: #fff; }',
    });
    const written: string[] = [];
    const log = createLog('warn', { write: (line) => void written.push(line) });
    await using _server = await startTestServer({ PRESSBOX_BRAND_DIR: folder }, { log });
    const warnings = written.map((line) => JSON.parse(line)).filter(({ msg }) => msg.includes('hard to read'));
    expect(warnings).toContainEqual(
      expect.objectContaining({ foreground: '--pressbox-quiet', background: '--pressbox-background', contrast: 2.8 }),
    );
  });
});

describe('a server without a brand', () => {
  it('says "Pressbox", links to no icon and has no footer', async () => {
    await using server = await startTestServer();
    const html = await (await fetch(server.url, { headers: page })).text();
    expect(html).toContain(`<header class="bar"><a class="home" href="${server.pathTo('/')}">Pressbox</a>`);
    expect(html).toContain('<link rel="icon" href="data:,">');
    expect(html).not.toMatch(/paper-|\/brand\//);
    expect((await fetch(`${server.url}/brand/logo.svg`)).status).toBe(404);
  });
});

describe('a brand with mistakes', () => {
  it('stops the start with brandMistakesMost mistakes, and the number of the others', async () => {
    const { brandMistakesMost } = brandLimits;
    const css = Array.from({ length: brandMistakesMost + 3 }, () => 'body { color: red }\n').join('');
    const config = readConfig({ PRESSBOX_BRAND_DIR: await brandLike('signal-north', { 'brand.css': css }) });
    const { mistakes } = (await startServer(config).catch((error: unknown) => error)) as ConfigError;
    expect(mistakes).toHaveLength(brandMistakesMost + 1);
    expect(mistakes.at(-1)?.message).toBe('has 3 more mistakes.');
  });

  it('stops the start with exit code 1 and a line for each mistake', async () => {
    const folder = await brandLike('signal-north', {
      'brand.css': ':root {\n  --pressbox-inc: #000000;\n}\nbody { color: red }\n',
      'footer.html': '<p onclick="x()">x</p>',
    });
    const env = {
      PATH: process.env.PATH,
      PRESSBOX_BRAND_DIR: folder,
      PRESSBOX_DATA_DIR: join(folder, '.data'),
      PRESSBOX_PORT: String(await freePort()),
      PRESSBOX_LOG_LEVEL: 'silent',
    };
    const run = promisify(execFile)(process.execPath, [join(root, 'src/main.ts')], { env });
    const { code, stderr } = await run.then(
      () => expect.unreachable('the server started'),
      (error: { code: number; stderr: string }) => error,
    );
    expect(code).toBe(1);
    expect(stderr.split('\n')).toEqual([
      'The configuration has mistakes:',
      expect.stringMatching(/^ {2}PRESSBOX_BRAND_DIR: brand\.css, line 2: --pressbox-inc: is no documented property\./),
      expect.stringMatching(/^ {2}PRESSBOX_BRAND_DIR: brand\.css, line 4: "body" is not accepted\./),
      '  PRESSBOX_BRAND_DIR: footer.html, line 1: onclick is not accepted on <p>. Accepted are lang, dir.',
      '',
    ]);
  });
});
