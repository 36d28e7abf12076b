import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { properties } from '../../../src/web/brand/properties.ts';
import { type ReadBrand, readBrand } from '../../../src/web/brand/read-brand.ts';
import { root } from '../../support/runner/imports.ts';
import { blocksOf, quotedIn, tablesOf } from '../../support/samples/markdown-blocks.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { openShell, type Shell, type Started } from '../../support/servers/shell.ts';

const page = await readFile(join(root, 'docs/guides/branding.md'), 'utf8');
const [write = '', serve = ''] = blocksOf(page, '1. The name and the colours');

describe('docs/guides/branding.md', () => {
  let folder: string;
  let shell: Shell;
  let port: number;
  let server: Started | undefined;
  const textOf = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { accept: 'text/html', 'accept-language': 'en' } });
    return await answer.text();
  };
  const start = async () => {
    // The test of the demo plays the demo. Without npx this test takes half as long.
    const command = serve
      .replace('--demo ', '')
      .replace('--port 4400', `--port ${port}`)
      .replace('npx pressbox', `"${process.execPath}" "${join(root, 'bin/pressbox.mjs')}"`);
    const started = shell.start(command);
    server = started;
    await vi.waitFor(() => expect(started.out).toContain(`serves http://127.0.0.1:${port}`));
  };
  const stop = async () => {
    server?.kill('SIGINT');
    await server?.ended;
  };
  const read = (sources: readonly string[] = []): Promise<ReadBrand> =>
    readBrand(join(folder, 'brand'), { pageStyles: '', sources });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pressbox-branding-'));
    shell = openShell(folder, { ...process.env, PRESSBOX_LOG_LEVEL: 'warn', XDG_STATE_HOME: join(folder, 'state') });
    port = await freePort();
    await shell.run(write);
  });
  afterAll(async () => {
    await stop();
    await shell[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('starts with a name and colours, and adds the logo, the header and the footer', async () => {
    await start();
    const first = await textOf('/');
    expect(first).toContain('<a class="home" href="https://www.harbourpost.example/">');
    expect(first).toContain('<bdi class="name">The Harbour Post</bdi>');
    expect(first).toContain('<a href="https://www.harbourpost.example/imprint">Imprint</a>');
    const [sheet = ''] = /\/brand\/pages[^"]+/.exec(first) ?? [];
    expect(await textOf(sheet)).toContain('--pressbox-bar:#0b3d4f;');
    await stop();

    for (const heading of ['2. The logo', '3. Header and footer']) {
      for (const block of blocksOf(page, heading)) await shell.run(block);
    }
    await start();
    const second = await textOf('/sign-in');
    expect(second).toMatch(/<img class="logo" src="\/brand\/logo\.[\w-]+\.svg" alt="" width="32" height="32">/);
    expect(second).toMatch(/<link rel="icon" href="\/brand\/favicon/);
    expect(second).toContain('<a href="https://www.harbourpost.example/sea">Sea</a>');
    expect(second).toContain('<a href="mailto:desk@harbourpost.example">Write to us</a>');
    await stop();
  });

  it('shows fonts, sign-in links and scripts that a brand may have', async () => {
    const [css = ''] = blocksOf(page, '4. Fonts');
    const earlier = await readFile(join(folder, 'brand/brand.css'), 'utf8');
    await mkdir(join(folder, 'brand/fonts'), { recursive: true });
    await writeFile(join(folder, 'brand/fonts/harbour-serif.woff2'), 'font');
    await writeFile(join(folder, 'brand/brand.css'), `${css}${earlier}`);
    expect(await read()).toMatchObject({ status: 'read' });

    const [signIn = ''] = blocksOf(page, '5. Signing in');
    await writeFile(join(folder, 'brand/brand.json'), signIn);
    expect(await read()).toMatchObject({ status: 'read', brand: { signInUrl: expect.stringContaining('{page}') } });

    const [measured = '', serveMeasured = ''] = blocksOf(page, '7. Audience measurement');
    await writeFile(join(folder, 'brand/brand.json'), measured);
    const [, source = ''] = /PRESSBOX_PAGE_SOURCES=(\S+)/.exec(serveMeasured) ?? [];
    expect(await read([source])).toMatchObject({ status: 'read', brand: { scripts: [{ data: { site: 'live' } }] } });
    expect(await read()).toMatchObject({ status: 'mistakes' });
  });

  it('sets documented properties on the element', () => {
    const [css = ''] = blocksOf(page, '6. The element and the frame');
    const names = css.match(/--pressbox-[\w-]+/g) ?? [];
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => !(name in properties))).toEqual([]);
  });

  it('lists every field of brand.json, every file and every element that is accepted', async () => {
    const fields = tablesOf(page, 'brand.json')[0]?.flatMap(([names]) => quotedIn(names));
    await writeFile(join(folder, 'brand/brand.json'), '{"name": "Post"}');
    const plain = await read();
    if (plain.status === 'mistakes') throw new Error(JSON.stringify(plain.mistakes));
    const own = ['name', 'language', 'url', 'logoShowsName', 'signInUrl', 'subscribeUrl', 'legalLinks', 'scripts'];
    expect(fields).toEqual(own);
    for (const name of own) {
      await writeFile(join(folder, 'brand/brand.json'), JSON.stringify({ name: 'Post', [name]: null }));
      const found = await read();
      // Known, though null is no value of it.
      expect(JSON.stringify(found), name).not.toContain('not a known field');
    }
    await writeFile(join(folder, 'brand/brand.json'), '{"name": "Post"}');
    await writeFile(join(folder, 'brand/header.html'), '<script></script>');
    const refused = await read();
    const sentence = refused.status === 'mistakes' ? (refused.mistakes[0]?.message ?? '') : '';
    const accepted = /Accepted are ([^.]+)\./.exec(sentence)?.[1]?.split(', ');
    const told = quotedIn(/These files may contain ([^.]+)\./.exec(page)?.[1]);
    expect(told).toEqual([...(accepted ?? []), 'lang', 'dir']);
  });
});
