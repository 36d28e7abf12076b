import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { blocksOf } from '../../support/samples/markdown-blocks.ts';
import { strictPolicy } from '../../support/servers/host-page.ts';
import { startBrowser } from '../browser.ts';
import { eventually, faultsOf, post } from '../newsroom.ts';
import { areLive, siteAround, tag } from '../site-around.ts';

describeWith(needs.chromium, 'slots between the posts of an element', (chromium) => {
  const site = siteAround(() => startBrowser(chromium));
  const { room, script, open } = site;
  const numbered = (posts: number) => Array.from({ length: posts }, (_, at) => `Number ${at}.`);
  /** Content of the page for the first slots. */
  const contents = (slots: number) =>
    Array.from(
      { length: slots },
      (_, at) => `<aside slot="between-${at + 1}" aria-label="Advertisement ${at + 1}">Offer ${at + 1}</aside>`,
    ).join('');
  const element = (channelId: string, attributes: string, content: string) =>
    tag(channelId, attributes).replace('</', `${content}</`);
  /** The name of each slot with the id of its post. */
  const slots = (page: Page) =>
    page.evaluate<Record<string, string>>(`Object.fromEntries([...document.querySelector('pressbox-live').shadowRoot
      .querySelectorAll('.posts slot')].map((slot) => [slot.name, slot.closest('.post').dataset.post]))`);
  const shown = (page: Page) => page.locator('.posts > .post').evaluateAll((all) => all.map((one) => one.dataset.post));
  /** The shifts that the browser has counted for the page. */
  const shifts = (page: Page) =>
    page.evaluate<number[]>(`new Promise((resolve) => {
      const moved = [];
      new PerformanceObserver((list) => moved.push(...list.getEntries().map(({ value }) => value))).observe({ type: 'layout-shift', buffered: true });
      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(moved), 0)));
    })`);
  const reserved = (height: number, more = '') => {
    const path = `/between-${height}.css`;
    const rules = `pressbox-live { --pressbox-between-height: ${height}px; display: block; min-height: 100vh } aside { height: ${height}px } ${more}`;
    site.host.put(path, rules);
    const policy = `${strictPolicy(room.server.url)}; style-src ${site.host.url} ${room.server.origin}`;
    return { head: `<link rel="stylesheet" href="${path}">`, policy };
  };

  it('stay under their posts when posts arrive and are corrected, withdrawn or loaded again after a reconnect', async () => {
    const { id, ids } = await room.coverage(numbered(12));
    const { page, complaints } = await open(`${element(id, 'every="5"', contents(3))}${script()}`);
    await areLive(page);
    const places = { 'between-1': ids[7], 'between-2': ids[2] };
    expect(await slots(page)).toEqual(places);
    expect(
      await post(page, ids[7])
        .locator('slot')
        .evaluate((slot) => slot === slot.parentElement?.lastElementChild),
    ).toBe(true);
    expect(await page.getByText('Offer 1').isVisible()).toBe(true);
    // There are no posts for a third slot.
    expect(await page.getByText('Offer 3').isVisible()).toBe(false);

    await room.author.correct(id, ids[7] ?? '', 1, { note: 'It was another.', changes: { body: 'Another.' } });
    await room.author.retract(id, ids[2] ?? '', { note: 'It was a rumour.' });
    const [arrived] = await room.publish(id, ...numbered(6));
    await post(page, ids[2]).getByText('It was a rumour.').waitFor();
    await post(page, arrived).waitFor();
    await eventually(async () => expect((await shown(page)).length).toBe(18));
    expect(await slots(page)).toEqual(places);
    expect(await page.getByText('Offer 2').isVisible()).toBe(true);

    await page.context().setOffline(true);
    await room.server.restart();
    const [missed] = await room.publish(id, 'Came meanwhile.');
    await page.context().setOffline(false);
    await post(page, missed).waitFor();
    expect(await slots(page)).toEqual(places);
    expect(complaints).toEqual([]);
  });

  it('go on with the next number in older posts, up to ten, and leave and return with their posts', async () => {
    const { id, ids } = await room.coverage([{ body: 'The first.', keyEvent: true, headline: 'The beginning' }, ...numbered(24)]);
    const { page, complaints } = await open(`${element(id, 'every="2" limit="5"', contents(10))}${script()}`);
    await areLive(page);
    const under = (...nths: number[]) => Object.fromEntries(nths.map((nth, at) => [`between-${at + 1}`, ids.at(-nth)]));
    expect(await slots(page)).toEqual(under(2, 4));
    const older = page.getByRole('button', { name: 'Older posts' });
    await older.click();
    await eventually(async () => expect((await shown(page)).length).toBeGreaterThan(5));
    while (await older.isVisible()) {
      const before = (await shown(page)).length;
      await older.click();
      await eventually(async () => expect((await shown(page)).length).toBeGreaterThan(before));
    }
    const all = under(2, 4, 6, 8, 10, 12, 14, 16, 18, 20);
    expect(await slots(page)).toEqual(all);

    // The posts of a far place replace those that were shown, without their slots.
    await page.reload();
    await areLive(page);
    await page.getByRole('link', { name: 'The beginning' }).click();
    await post(page, ids[0]).waitFor();
    await eventually(async () => expect(await shown(page)).not.toContain(ids.at(-2)));
    expect(await slots(page)).toEqual({});
    await page.getByRole('button', { name: 'Newest posts' }).click();
    await post(page, ids.at(-1)).waitFor();
    await eventually(async () => expect(await slots(page)).toMatchObject(under(2, 4)));
    expect(complaints).toEqual([]);
  });

  it('contain what the embedding guide puts into them', async () => {
    const { id, ids } = await room.coverage(numbered(11));
    const blocks = blocksOf(readFileSync(join(root, 'docs/guides/embedding.md'), 'utf8'), 'The element');
    const guide = blocks.find((block) => block.includes('every=')) ?? '';
    const { page } = await open(`${guide.replace('moon-landing', id)}${script()}`);
    await areLive(page);
    expect(await slots(page)).toEqual({ 'between-1': ids[6], 'between-2': ids[1] });
    for (const name of ['Advertisement 1', 'Advertisement 2'])
      expect(await page.getByRole('complementary', { name }).isVisible()).toBe(true);
  });

  it('follow the attribute when the page changes it', async () => {
    const { id, ids } = await room.coverage(numbered(6));
    const { page } = await open(`${element(id, '', contents(3))}${script()}`);
    await areLive(page);
    const set = (value: string) =>
      page.locator('pressbox-live').evaluate((one, every) => one.setAttribute('every', every), value);
    expect(await slots(page)).toEqual({});
    await set('2');
    await eventually(async () =>
      expect(await slots(page)).toEqual({ 'between-1': ids[4], 'between-2': ids[2], 'between-3': ids[0] }),
    );
    await set('3');
    await eventually(async () => expect(await slots(page)).toEqual({ 'between-1': ids[3], 'between-2': ids[0] }));
    await set('none');
    await eventually(async () => expect(await slots(page)).toEqual({}));
  });

  it('reserve their height, so that nothing moves when their content arrives', async () => {
    const { id, ids } = await room.coverage(numbered(6));
    const { page, complaints } = await open(`${element(id, 'every="2"', '')}<p>After.</p>${script()}`, reserved(120));
    await areLive(page);
    const below = async () => (await post(page, ids[3]).boundingBox())?.y;
    const before = await below();
    await page.evaluate(`(() => {
      const offer = Object.assign(document.createElement('aside'), { slot: 'between-1', textContent: 'Offer 1' });
      document.querySelector('pressbox-live').append(offer);
    })()`);
    await page.getByText('Offer 1').waitFor();
    expect(await below()).toBe(before);
    expect(
      await post(page, ids[4])
        .locator('slot')
        .evaluate((slot) => slot.getBoundingClientRect().height),
    ).toBeGreaterThanOrEqual(120);
    expect(await shifts(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('take no room without content and without a reserved height', async () => {
    const { id, ids } = await room.coverage(numbered(4));
    const { page } = await open(`${tag(id)}${script()}`);
    await areLive(page);
    const tops = () => Promise.all(ids.map(async (one) => (await post(page, one).boundingBox())?.y));
    const before = await tops();
    await page.locator('pressbox-live').evaluate((one) => one.setAttribute('every', '1'));
    await eventually(async () => expect(Object.keys(await slots(page))).toHaveLength(4));
    expect(await tops()).toEqual(before);
  });

  it.each([1280, 390])('are in a fragment too, and nothing moves when the element takes it over (%d pixels)', async (width) => {
    const { id, ids } = await room.coverage(numbered(7), { language: 'de' });
    const html = await (await fetch(`${room.server.url}/embed/${id}/fragment?every=3`)).text();
    const body = html.replace('</pressbox-live>', `${contents(3)}</pressbox-live>`);
    const places = { 'between-1': ids[4], 'between-2': ids[1] };

    const without = await room.browser.page({ viewport: { width, height: 844 }, javaScriptEnabled: false });
    await without.page.goto(site.page(body, reserved(100)));
    await without.page.getByText('Offer 2').waitFor();
    expect(await without.page.getByText('Offer 3').isVisible()).toBe(false);

    const { page, complaints } = await room.browser.page({ viewport: { width, height: 844 } });
    // A post that arrives after the fragment moves no slot, even if the words of the language come later.
    const [late] = await room.publish(id, 'Came later.');
    const held = Promise.withResolvers<void>();
    await page.route('**/embed.js', async (route) => {
      await held.promise;
      await route.continue();
    });
    await page.goto(site.page(`${body}${script()}`, reserved(100)), { waitUntil: 'commit' });
    await page.getByText('Offer 2').waitFor();
    expect(await slots(page)).toEqual(places);
    held.resolve();
    await areLive(page);
    await post(page, late).waitFor();
    expect(await slots(page)).toEqual(places);
    expect(complaints).toEqual([]);
  });

  it('move nothing when the element takes over a fragment that is current', async () => {
    const { id, ids } = await room.coverage(numbered(7), { language: 'de' });
    const html = await (await fetch(`${room.server.url}/embed/${id}/fragment?every=3`)).text();
    const { page, complaints } = await room.browser.page({ viewport: { width: 390, height: 844 } });
    await page.goto(site.page(`${html.replace('</pressbox-live>', `${contents(2)}</pressbox-live>`)}${script()}`, reserved(100)));
    await areLive(page);
    expect(await slots(page)).toEqual({ 'between-1': ids[4], 'between-2': ids[1] });
    expect(await shifts(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  for (const [language, direction] of [
    ['en', 'ltr'],
    ['ar', 'rtl'],
  ] as const) {
    it(`are no articles of the feed, and run ${direction} with it`, async () => {
      const { id, ids } = await room.coverage(numbered(6), { language });
      const { page } = await open(
        `<main><h1>The paper</h1>${element(id, 'every="2"', contents(3))}</main>${script()}`,
        reserved(60),
      );
      await areLive(page);
      await page.getByText('Offer 3').waitFor();
      expect(await page.getByRole('feed').getByRole('article').count()).toBe(6);
      expect(await post(page, ids[0]).getAttribute('aria-posinset')).toBe('6');
      expect(await post(page, ids[0]).getAttribute('aria-setsize')).toBe('6');
      // An article is named by its heading, and the content of the page keeps its own name.
      expect(await page.getByRole('complementary', { name: /Advertisement/ }).count()).toBe(3);
      expect(await page.evaluate(`getComputedStyle(document.querySelector('aside')).direction`)).toBe(direction);
      expect(await faultsOf(page)).toEqual([]);
    });
  }
});
