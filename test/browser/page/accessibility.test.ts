import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startTestServer } from '../../support/servers/server.ts';
import { startBrowser } from '../browser.ts';
import { openGallery } from '../gallery.ts';
import { faultsOf } from '../newsroom.ts';

/** Rules whose result differs on a phone or in dark mode. */
const ofTheLook = ['color-contrast', 'target-size', 'scrollable-region-focusable'];

const isTooWide = (page: Page) =>
  page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');

/** The font size that a reader has set in the browser. */
const letters = (page: Page, size: string) => page.evaluate(`document.documentElement.style.fontSize = '${size}'`);

const desk = { width: 1280, height: 900 };
const phone = { width: 390, height: 844 };
/** Widths of a desktop window at 200 % and 400 % zoom. */
const zoomed = [640, 320];

describeWith(needs.chromium, 'every page in every state', (chromium) => {
  it('passes axe-core on desktop in light mode and on a phone in dark mode, and fits its window even at 400 % zoom, and asks other sites for pictures of posts alone', async () => {
    await using browser = await startBrowser(chromium);
    await using server = await startTestServer();
    const { page } = await browser.page();
    const found: Record<string, unknown[]> = {};
    const elsewhere = new Set<string>();
    page.on('request', (request) => {
      const { origin, hostname } = new URL(request.url());
      if (/^http/.test(origin) && origin !== server.origin) elsewhere.add(`${request.resourceType()} of ${hostname}`);
    });
    for (const { name, path, isLong, reach, leave } of await openGallery(server)) {
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize(desk);
      await page.goto(server.url + path);
      await reach?.(page);
      const all = await faultsOf(page);
      for (const width of zoomed) {
        await page.setViewportSize({ ...desk, width });
        if (await isTooWide(page)) all.push(`wider than a window of ${width} pixels`);
      }
      await page.setViewportSize(phone);
      if (await isTooWide(page)) all.push('wider than a phone');
      await letters(page, '200%');
      if (await isTooWide(page)) all.push('wider than a phone with letters twice as large');
      await letters(page, '');
      await page.emulateMedia({ colorScheme: 'dark' });
      if (!isLong) all.push(...(await faultsOf(page, { runOnly: ofTheLook })));
      await leave?.(page);
      if (all.length > 0) found[name] = all;
    }
    expect(found).toEqual({});
    // The hosts of the pictures that the posts of the gallery name.
    expect([...elsewhere].sort()).toEqual(['image of example.org', 'image of pictures.example.org']);
  });

  it('shows the choice of times whole on a phone with letters twice as large', async () => {
    await using browser = await startBrowser(chromium);
    await using server = await startTestServer();
    const author = new AuthorClient({ url: server.url, token: await server.token() });
    // Spanish has the longest words for it.
    const { channel } = await author.createChannel({ headline: 'Fuego', section: 'Ciudad', state: 'live', language: 'es' });
    const { page } = await browser.page({ viewport: phone });
    for (const path of [`/live/${channel.id}`, `/embed/${channel.id}`]) {
      for (const width of [phone.width, 320]) {
        await page.setViewportSize({ ...phone, width });
        await page.goto(server.url + path);
        await page.locator('#times select').waitFor();
        await letters(page, '200%');
        const [room = 0, needed = 0] = await page.evaluate<number[]>(`(() => {
          const root = document.querySelector('pressbox-live')?.shadowRoot ?? document;
          const select = root.querySelector('#times select');
          const pen = document.createElement('canvas').getContext('2d');
          pen.font = getComputedStyle(select).font;
          return [select.clientWidth, pen.measureText(select.selectedOptions[0].text).width];
        })()`);
        expect(room, `${path} at ${width} pixels`).toBeGreaterThan(needed + 8);
      }
    }
  });

  it('keeps the lines between sections in forced-colors mode', async () => {
    await using browser = await startBrowser(chromium);
    await using server = await startTestServer();
    const author = new AuthorClient({ url: server.url, token: await server.token() });
    const { channel } = await author.createChannel({ headline: 'Harbour fire', state: 'live' });
    await author.publish(channel.id, { body: 'Before.\n\n---\n\nAfter.' });
    const { page } = await browser.page({ forcedColors: 'active' });
    await page.goto(`${server.url}/live/${channel.id}`);
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.body hr')).borderBottomWidth`)).toBe('1px');
  });
});
