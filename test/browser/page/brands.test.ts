import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { brandLike, exampleBrand } from '../../support/samples/brand-folder.ts';
import { startTestServer } from '../../support/servers/server.ts';
import { startBrowser } from '../browser.ts';
import { openGallery } from '../gallery.ts';
import { everyRule, faultsOf } from '../newsroom.ts';

/** One scene of every kind of page. */
const shown = [
  'the list of channels',
  'the coverage of a newspaper',
  'the corrections',
  'a permanent link',
  'an earlier version beside what it became',
  'a withdrawn post',
  'coverage in Arabic',
  'members’ coverage, to a stranger',
  'a token that was refused',
  'a page that is not there',
  'the frame',
  'the frame in Arabic',
];
/** Every rule is tested on the widest page in light mode first. */
const looks = [
  { width: 390, schemes: ['light', 'dark'] },
  { width: 820, schemes: ['dark'] },
  { width: 1280, schemes: ['dark'] },
] as const;
const ofTheLook = ['color-contrast', 'target-size', 'scrollable-region-focusable'];

/** If set, the test saves its pictures in this folder. */
const pictures = process.env.PRESSBOX_TEST_PICTURES;

const isTooWide = (page: Page) =>
  page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');

describeWith(needs.chromium, 'the example brands', (chromium) => {
  it.each(['morning-packet', 'signal-north', 'al-marsa'])(
    '%s: every page passes axe-core at three widths, in light and dark mode, and fits its window',
    async (brand) => {
      await using browser = await startBrowser(chromium);
      await using server = await startTestServer({ PRESSBOX_BRAND_DIR: exampleBrand(brand) });
      const { page, complaints } = await browser.page();
      const found: Record<string, unknown[]> = {};
      const scenes = (await openGallery(server)).filter(({ name }) => shown.includes(name));
      expect(scenes.map(({ name }) => name).sort()).toEqual([...shown].sort());
      for (const { name, path, reach, leave } of scenes) {
        await page.emulateMedia({ colorScheme: 'light' });
        await page.setViewportSize({ width: 1280, height: 900 });
        await page.goto(server.url + path);
        // A brand with its own sign-in folds the field for a token away.
        await page.evaluate(`document.querySelector('.with-token')?.setAttribute('open', '')`);
        await reach?.(page);
        const all = await faultsOf(page, everyRule);
        for (const { width, schemes } of looks) {
          await page.setViewportSize({ width, height: 900 });
          if (await isTooWide(page)) all.push(`wider than ${width} pixels`);
          for (const colorScheme of schemes) {
            await page.emulateMedia({ colorScheme });
            const faults = await faultsOf(page, { runOnly: ofTheLook });
            if (faults.length > 0) all.push(`at ${width} pixels, ${colorScheme}`, ...faults);
            if (pictures === undefined) continue;
            await mkdir(pictures, { recursive: true });
            const file = `${brand} ${name} ${width} ${colorScheme}.png`.replace(/[^\w.-]+/g, '-');
            await page.screenshot({ path: join(pictures, file) });
          }
        }
        await leave?.(page);
        if (all.length > 0) found[name] = all;
      }
      expect(found).toEqual({});
      // The page that is not there and the refused token are answered with an error, which browsers report.
      expect(complaints.filter((complaint) => !/status of 4\d\d/.test(complaint))).toEqual([]);
    },
  );
});

describeWith(needs.chromium, 'a brand in a browser', (chromium) => {
  const coverageOn = async (server: { url: string; token(): Promise<string> }) => {
    const client = new AuthorClient({ url: server.url, token: await server.token() });
    const { channel } = await client.createChannel({ headline: 'Harbour fire', state: 'live' });
    await client.publish(channel.id, { headline: 'The fire is out', body: 'Crews stand down.' });
    return channel.id;
  };

  it('loads its fonts on pages and in the frame, where the theme of the address selects the colours', async () => {
    const css = `@font-face { font-family: "Harbour"; src: url("fonts/harbour.ttf"); }
:root { --pressbox-font: "Harbour", serif; --pressbox-ink: #112233; --pressbox-background: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --pressbox-ink: #ddeeff; --pressbox-background: #000000; } }`;
    const folder = await brandLike('signal-north', { 'brand.css': css });
    const fonts = dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json'));
    await mkdir(join(folder, 'fonts'));
    await writeFile(join(folder, 'fonts/harbour.ttf'), await readFile(join(fonts, 'ttf/DejaVuSans-Bold.ttf')));
    await using server = await startTestServer({ PRESSBOX_BRAND_DIR: folder });
    await using browser = await startBrowser(chromium);
    const id = await coverageOn(server);
    const { page, complaints } = await browser.page({ colorScheme: 'dark' });
    const loaded = () => page.evaluate<string[]>(`document.fonts.ready.then((fonts) => [...fonts].map((font) => font.status))`);

    await page.goto(`${server.url}/live/${id}`);
    expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(221, 238, 255)');
    await expect.poll(loaded).toEqual(['loaded']);
    for (const [theme, ink] of [
      ['light', 'rgb(17, 34, 51)'],
      ['dark', 'rgb(221, 238, 255)'],
    ] as const) {
      await page.goto(`${server.url}/embed/${id}?theme=${theme}`);
      await page.locator('.posts .headline').waitFor();
      const headline = `document.querySelector('pressbox-live').shadowRoot.querySelector('.posts .headline')`;
      expect(await page.evaluate(`getComputedStyle(${headline}).color`)).toBe(ink);
      await expect.poll(loaded).toEqual(['loaded']);
    }
    expect(complaints).toEqual([]);
  });

  it('is black on white in print', async () => {
    await using server = await startTestServer({ PRESSBOX_BRAND_DIR: exampleBrand('signal-north') });
    await using browser = await startBrowser(chromium);
    const { page } = await browser.page();
    await page.goto(`${server.url}/live/${await coverageOn(server)}`);
    await page.emulateMedia({ media: 'print' });
    const look = '(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.body))';
    expect(await page.evaluate(look)).toEqual(['rgb(0, 0, 0)', 'rgb(255, 255, 255)']);
  });

  it('runs the scripts of the named origins, which may add scripts and connect there, and nowhere else', async () => {
    const stats = 'https://stats.example.org';
    const folder = await brandLike('signal-north', {
      'brand.json': JSON.stringify({ name: 'Post', scripts: [{ src: `${stats}/measure.js`, data: { site: 'harbour' } }] }),
    });
    await using server = await startTestServer({ PRESSBOX_BRAND_DIR: folder, PRESSBOX_PAGE_SOURCES: stats });
    await using browser = await startBrowser(chromium);
    const { page, complaints } = await browser.page();
    const requested: string[] = [];
    const first = `const more = document.createElement('script');
more.src = '${stats}/more.js?site=' + document.currentScript.dataset.site;
document.head.append(more);`;
    const more = `fetch('${stats}/seen').then(() => fetch('https://elsewhere.example.org/')).catch(() => { document.documentElement.dataset.seen = 'refused'; });`;
    await page.route(/^https:/, (route) => {
      requested.push(route.request().url());
      const headers = { 'access-control-allow-origin': '*' };
      const body = /measure/.test(route.request().url()) ? first : more;
      return route.fulfill({ contentType: 'text/javascript', headers, body });
    });
    await page.goto(`${server.url}/live/${await coverageOn(server)}`);
    await page.locator('html[data-seen="refused"]').waitFor();
    expect(requested).toEqual([`${stats}/measure.js`, `${stats}/more.js?site=harbour`, `${stats}/seen`]);
    expect(complaints.join()).toMatch(/elsewhere\.example\.org.*Content Security Policy/);
  });
});
