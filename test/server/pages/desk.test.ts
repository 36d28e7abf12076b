import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleBrand } from '../../support/samples/brand-folder.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';

interface Manifest {
  name: string;
  icons: { src: string; type: string }[];
}

describe('the desk', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const ask = (path: string, headers: Record<string, string> = {}) =>
    fetch(server.addressOf(path), { headers: { accept: 'text/html', ...headers }, redirect: 'manual' });
  const textOf = async (path: string, headers?: Record<string, string>) => await (await ask(path, headers)).text();

  it('is one page for every path of it, with a session or without', async () => {
    const page = await textOf('/desk/');
    expect(page).toContain('<desk-app></desk-app>');
    const login = await fetch(`${server.url}/v1/session`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await server.token()}` },
    });
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    for (const path of ['/desk/', '/desk/harbour-fire', '/desk/sign-in'])
      expect([path, await textOf(path), await textOf(path, { cookie })]).toEqual([path, page, page]);
  });

  it('is at /desk/, to which /desk leads with its query', async () => {
    const answer = await ask('/desk?a=b');
    expect([answer.status, answer.headers.get('location')]).toEqual([308, server.pathTo('/desk/?a=b')]);
  });

  it('is a page that caches may keep and must revalidate, in the language that the browser prefers', async () => {
    const answer = await ask('/desk/', { 'accept-language': 'de' });
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    expect(answer.headers.get('vary')).toMatch(/Accept-Language/);
    expect(answer.headers.get('vary')).not.toMatch(/Cookie/);
    expect(await answer.text()).toMatch(/<html lang="de" dir="ltr">[\s\S]*<title>Redaktion · Pressbox<\/title>/);
    const etag = answer.headers.get('etag') ?? '';
    expect((await ask('/desk/', { 'accept-language': 'de', 'if-none-match': etag })).status).toBe(304);
    expect((await ask('/desk/', { 'accept-language': 'en', 'if-none-match': etag })).status).toBe(200);
    expect(await textOf('/desk/x', { 'accept-language': 'ar' })).toContain('<html lang="ar" dir="rtl">');
  });

  it('has a strict policy, no inline script or style, and is not for search engines', async () => {
    const answer = await ask('/desk/');
    expect(answer.headers.get('content-security-policy')).toContain(
      "require-trusted-types-for 'script';trusted-types pressbox lit-html ProseMirrorClipboard",
    );
    const page = await answer.text();
    expect(page).not.toMatch(new RegExp(`<style|\\sstyle=|\\son\\w+=|<script(?![^>]* src="${server.basePath}/assets/)`));
    expect(page).toContain('<meta name="robots" content="noindex">');
  });

  it('has a service worker for all of it, which is asked for anew each time', async () => {
    const answer = await ask('/desk/service-worker.js', { accept: '*/*' });
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    const [, script = ''] = /<script type="module" src="([^"]+)"/.exec(await textOf('/desk/')) ?? [];
    // One build is for servers at any path, so it has the names of files below the base path.
    expect(await answer.text()).toContain(script.slice(server.basePath.length));
  });

  it('can be installed, with its own icon', async () => {
    const answer = await ask('/desk/manifest.webmanifest', { accept: '*/*', 'accept-language': 'fr' });
    expect(answer.headers.get('content-type')).toBe('application/manifest+json; charset=utf-8');
    const manifest = (await answer.json()) as Manifest;
    const desk = server.pathTo('/desk/');
    expect(manifest).toMatchObject({ name: 'Rédaction · Pressbox', start_url: desk, scope: desk, lang: 'fr' });
    const icon = await ask(manifest.icons[0]?.src ?? '');
    expect([icon.status, icon.headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
  });

  it('answers a path below a channel like any other that is not there', async () => {
    expect((await ask('/desk/a/b')).status).toBe(404);
  });
});

describe('the desk of a paper', () => {
  it('has its name, its colours and its icon, but none of its scripts, header or footer', async () => {
    await using server = await startTestServer({ PRESSBOX_BRAND_DIR: exampleBrand('morning-packet') });
    const page = await (await fetch(`${server.url}/desk/`, { headers: { accept: 'text/html' } })).text();
    expect(page).toContain('<title>Desk · The Morning Packet</title>');
    expect(page).toContain(`<header class="bar"><a class="home" href="${server.pathTo('/desk/')}"><img class="logo"`);
    expect(page).toMatch(new RegExp(`<link rel="stylesheet" href="${server.basePath}/brand/pages\\.[\\w-]{12}\\.css">`));
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toMatch(/paper-header|paper-footer/);
    const manifest = (await (await fetch(`${server.url}/desk/manifest.webmanifest`)).json()) as Manifest;
    expect(manifest.name).toBe('Desk · The Morning Packet');
    expect(manifest.icons[0]).toMatchObject({
      src: expect.stringMatching(`^${server.basePath}/brand/favicon\\.`),
      type: 'image/svg+xml',
    });
  });
});
