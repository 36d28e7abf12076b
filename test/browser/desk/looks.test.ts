import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { faultsOf } from '../newsroom.ts';
import { deskSite } from './desk-site.ts';

/** Rules whose result differs on a phone or in dark mode. */
const ofTheLook = ['color-contrast', 'target-size', 'scrollable-region-focusable'];
const isTooWide = (page: Page) =>
  page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');
/** The font size that an author has set in the browser. */
const letters = (page: Page, size: string) => page.evaluate(`document.documentElement.style.fontSize = '${size}'`);

describeWith(needs.chromium, 'the desk in every state', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));

  const states: Record<string, { path: string; reach: (page: Page) => Promise<unknown> }> = {
    'the list': { path: '', reach: (page) => page.getByRole('heading', { name: 'Coming up' }).waitFor() },
    'a coverage': { path: 'looks-fire', reach: (page) => page.getByText('The ferries are held.').waitFor() },
    'the form of a new coverage with mistakes': {
      path: '',
      async reach(page) {
        await page.getByRole('button', { name: 'New coverage' }).click();
        await page.getByRole('button', { name: 'Open coverage' }).click();
        await page.getByText('This is needed.').waitFor();
      },
    },
    'the form of a coverage with a note': {
      path: 'looks-fire',
      async reach(page) {
        await page.getByRole('button', { name: 'Change' }).click();
        await page.getByRole('dialog').getByLabel('Headline').fill('Fire at the harbour is out');
        await page.getByRole('dialog').getByLabel('We were wrong').check();
      },
    },
    'the end of a coverage': {
      path: 'looks-fire',
      async reach(page) {
        await page.getByRole('button', { name: 'End' }).click();
        await page.getByText('1 post is still unverified').waitFor();
      },
    },
    'its keys': { path: '', reach: (page) => page.keyboard.press('?') },
    // Its draft is shown wherever the coverage is opened later.
    'a figure that is called a typing slip': {
      path: 'looks-fire',
      async reach(page) {
        await page.getByRole('button', { name: 'Edit or correct' }).first().click();
        // Not the composer, whose toolbar is there before.
        await page.locator('desk-correct [data-path="body"]').focus();
        await page.keyboard.type(' 40');
        await page.getByLabel('Typing slip').check();
        await page.getByText('This changes a figure').waitFor();
        await page.locator('desk-correct [data-path="body"]').focus();
      },
    },
    'the question for the kind of a change': {
      path: 'looks-fire',
      async reach(page) {
        await page.locator('desk-correct [data-path="body"]').waitFor();
        await page.getByRole('button', { name: 'Publish the change' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'We were wrong' }).waitFor();
      },
    },
  };

  async function examine(page: Page, name: string): Promise<unknown[]> {
    const { path, reach } = states[name]!;
    await page.goto(`${site.server.url}/desk/${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' });
    await page.setViewportSize({ width: 1280, height: 900 });
    await reach(page);
    const all = await faultsOf(page);
    for (const width of [640, 390, 320]) {
      await page.setViewportSize({ width, height: 800 });
      if (await isTooWide(page)) all.push(`wider than a window of ${width} pixels`);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await letters(page, '200%');
    if (await isTooWide(page)) all.push('wider than a phone with letters twice as large');
    await letters(page, '');
    await page.emulateMedia({ colorScheme: 'dark' });
    all.push(...(await faultsOf(page, { runOnly: ofTheLook })));
    for (const [colorScheme, width] of [['light', 390] as const, ['dark', 1280] as const]) {
      await page.emulateMedia({ colorScheme, forcedColors: 'active' });
      await page.setViewportSize({ width, height: 900 });
      const faults = await faultsOf(page, { runOnly: ['color-contrast'] });
      all.push(...faults.map((fault) => [`forced colours, ${colorScheme}`, fault]));
    }
    return all;
  }

  it('passes axe-core on desktop in light mode, on a phone in dark mode and with forced colours, and fits its window', async () => {
    await site.coverage(
      [
        { headline: 'What we know', kind: 'summary', body: 'Two warehouses burn.' },
        { headline: 'A bang', verification: 'unverified', body: 'Two people heard it.' },
        'The ferries are held.',
      ],
      { id: 'looks-fire', headline: 'Fire at the harbour', section: 'Local', access: 'members' },
    );
    await site.coverage([], { headline: 'The vote', state: 'scheduled' });
    const { page, complaints } = await site.openDesk();
    const found: Record<string, unknown[]> = {};
    for (const name of Object.keys(states)) {
      const all = await examine(page, name);
      if (all.length > 0) found[name] = all;
    }
    expect(found).toEqual({});
    expect(complaints).toEqual([]);
  });

  it('reads from right to left in Arabic, and fits a phone', async () => {
    const { id } = await site.coverage(['Ein Beitrag.'], { headline: 'Feuer im Hafen', language: 'de' });
    const arabic: BrowserContextOptions = { locale: 'ar', viewport: { width: 390, height: 844 } };
    const { page } = await site.openDesk('', {}, arabic);
    await page.getByRole('heading', { name: 'التغطيات' }).waitFor();
    expect(await page.evaluate('getComputedStyle(document.body).direction')).toBe('rtl');
    expect(await faultsOf(page)).toEqual([]);
    await page.goto(`${site.server.url}/desk/${id}`);
    const heading = page.getByRole('heading', { level: 1, name: 'Feuer im Hafen' });
    await heading.waitFor();
    expect(await heading.evaluate((element) => [element.lang, element.dir])).toEqual(['de', 'ltr']);
    expect(await isTooWide(page)).toBe(false);
    expect(await faultsOf(page)).toEqual([]);
  });
});
