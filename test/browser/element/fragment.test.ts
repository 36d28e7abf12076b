import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { strictPolicy } from '../../support/servers/host-page.ts';
import { startBrowser } from '../browser.ts';
import { faultsOf } from '../newsroom.ts';
import { areLive, siteAround } from '../site-around.ts';

describeWith(needs.chromium, 'the fragment of an element', (chromium) => {
  const site = siteAround(() => startBrowser(chromium));
  const { room, script } = site;
  const policy = () => `${strictPolicy(room.server.url)}; style-src ${room.server.origin}`;
  const fragment = async (channelId: string, query = '') =>
    await (await fetch(`${room.server.url}/embed/${channelId}/fragment${query}`)).text();
  const around = (body: string) => `<main><h1>The paper</h1>${body}<p id="end">Below.</p></main>`;
  /** The page with this body, in a window of this width. */
  const open = async (body: string, width = 1280, options: { javaScriptEnabled?: boolean } = {}) => {
    const watched = await room.browser.page({ viewport: { width, height: 844 }, ...options });
    await watched.page.goto(site.page(around(body), { policy: policy() }));
    return watched;
  };
  /** The same, while this file is not answered before `release`. */
  const openSlowly = async (body: string, file: string, width: number) => {
    const watched = await room.browser.page({ viewport: { width, height: 844 } });
    const held = Promise.withResolvers<void>();
    await watched.page.route(file, async (route) => {
      await held.promise;
      await route.continue();
    });
    // The event `load` waits for scripts.
    await watched.page.goto(site.page(around(body), { policy: policy() }), { waitUntil: 'commit' });
    await watched.page.getByRole('article').first().waitFor();
    return { ...watched, release: () => held.resolve() };
  };
  /** The places of all parts that can move when the element takes over. */
  const places = (page: Page) =>
    page.evaluate(`(() => {
      const root = document.querySelector('pressbox-live').shadowRoot;
      const all = [document.getElementById('end'), ...root.querySelectorAll('.head, .badge, .times, .title, section, .post, .post *')];
      return all.filter((one) => one.checkVisibility()).map((one) => {
        const { x, y, width, height } = one.getBoundingClientRect();
        return [one.localName, one.getAttribute('part'), Math.round(x), Math.round(y), Math.round(width), Math.round(height)].join(' ');
      });
    })()`) as Promise<string[]>;
  const many = () =>
    Array.from({ length: 12 }, (_, at) => ({ headline: `Number ${at}`, body: 'Some words of a post. '.repeat(9) }));

  for (const [language, width] of [
    ['en', 1280],
    ['en', 390],
    ['de', 390],
    ['ar', 390],
  ] as const) {
    it(`shows the posts without a script, and the element changes nothing of it (${language}, ${width} pixels)`, async () => {
      const { id } = await room.coverage([], { headline: 'Fire at the harbour', standfirst: 'What is known.', language });
      await room.publish(id, ...many(), {
        kind: 'breaking',
        keyEvent: true,
        headline: 'The roof has come down',
        body: '> Nobody was inside.\n\n| Ships | Crews |\n| --- | --- |\n| 3 | 41 |',
      });
      const html = await fragment(id, '?limit=10');
      const { page: without } = await open(html, width, { javaScriptEnabled: false });
      await without.getByRole('heading', { name: 'The roof has come down' }).first().waitFor();
      // Nothing says that it is live, but as of when it is current.
      expect(await without.locator('.badge.live').count()).toBe(0);
      expect(await without.locator('.times time').getAttribute('datetime')).toMatch(/^20\d\d-.*Z$/);
      expect(await without.getByRole('button').count()).toBe(0);
      const { page, complaints, release } = await openSlowly(html + script(), '**/embed.js', width);
      const before = await places(page);
      release();
      await areLive(page);
      expect(await places(page)).toEqual(before);
      expect(complaints).toEqual([]);
      for (const body of [html, html + script()]) {
        const { page } = await open(body, width);
        if (body !== html) await areLive(page);
        expect(await faultsOf(page)).toEqual([]);
      }
    });
  }

  it('does not move anything while the element takes over, even if its language loads slowly', async () => {
    const { id } = await room.coverage([], { headline: 'Brand im Hafen', language: 'de' });
    await room.publish(id, ...many());
    const { page, complaints, release } = await openSlowly(`<p>Above.</p>${await fragment(id)}${script()}`, '**/words-de*', 390);
    // The element is there, and shows the fragment until it knows the words.
    await expect.poll(() => page.evaluate('document.querySelector("pressbox-live:defined") !== null')).toBe(true);
    expect(await page.locator('.skeleton:visible').count()).toBe(0);
    release();
    await areLive(page);
    const shifts = await page.evaluate(`new Promise((resolve) => {
      const moved = [];
      new PerformanceObserver((list) => moved.push(...list.getEntries().map(({ value }) => value))).observe({ type: 'layout-shift', buffered: true });
      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(moved), 0)));
    })`);
    expect(shifts).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('is continued from its cursor: what was corrected, withdrawn and published since appears, and is counted', async () => {
    const { id } = await room.coverage();
    const [wrong, rumour] = await room.publish(id, { body: 'There are 14 injured.' }, { body: 'The mayor resigned.' }, ...many());
    const html = await fragment(id);
    await room.author.correct(id, wrong ?? '', 1, {
      note: 'There are 40.',
      changes: { body: 'There are 40 injured.' },
    });
    await room.author.retract(id, rumour ?? '', { note: 'It was a rumour.' });
    await room.publish(id, { body: 'The fire is out.' });
    const { page, complaints } = await open(html + script());
    await areLive(page);
    await page.getByText('There are 40 injured.').waitFor();
    await page.getByText('It was a rumour.').waitFor();
    await page.getByText('The fire is out.').waitFor();
    expect(await page.getByText('14 injured').count()).toBe(0);
    await page.getByRole('button', { name: '1 correction, 1 withdrawn' }).waitFor();
    // Nothing of the earlier texts is left in the page.
    expect(await page.evaluate('document.querySelector("pressbox-live").shadowRoot.innerHTML')).not.toContain('14 injured');
    expect(complaints).toEqual([]);
  });

  it('says that it is not live if the server cannot be reached, and as of when it is current', async () => {
    const { id } = await room.coverage(['Before.']);
    const watched = await room.browser.page();
    await watched.page.route(`${room.server.url}/v1/**`, (route) => route.abort());
    await watched.page.routeWebSocket(/.*/, (socket) => socket.close());
    await watched.page.goto(site.page(`${await fragment(id)}${script()}`, { policy: policy() }));
    await watched.page.getByText(/^Reconnecting, as of /).waitFor();
    await watched.page.getByText('Before.').waitFor();
    expect(await watched.page.locator('.badge.live').count()).toBe(0);
  });

  it('is not used for another channel', async () => {
    const [{ id: one }, { id: other }] = [await room.coverage(['Of the one.']), await room.coverage(['Of the other.'])];
    const html = (await fragment(one)).replace(`channel="${one}"`, `channel="${other}"`);
    const { page } = await open(html + script());
    await areLive(page);
    await page.getByText('Of the other.').waitFor();
    expect(await page.getByText('Of the one.').count()).toBe(0);
  });
});
