import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { drawn, startBrowser } from '../browser.ts';
import { coverageToLeave, read } from '../coming-back.ts';
import { announced, eventually, faultsOf, hide, isLive, listenTo, newsroom, noon, post, textOf, topOf } from '../newsroom.ts';

const long = 'Some words that fill a few lines of the page. '.repeat(12);
const minuteMs = 60_000;

describeWith(needs.chromium, 'a reader who returns to the page', (chromium) => {
  const room = newsroom(() => startBrowser(chromium, { keepsPages: true }));
  const line = (page: Page) => page.locator('#since');

  /** Connected to the server. */
  async function readers(): Promise<number> {
    const metrics = await (await fetch(`${room.server.url}/metrics`)).text();
    return [...metrics.matchAll(/^pressbox_readers\S* (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** The page of a channel that the reader visited, now without a connection. */
  async function offlinePage(id: string, options: Parameters<typeof room.browser.page>[0] = {}): Promise<Page> {
    const { page } = await room.browser.page(options);
    await page.clock.install({ time: noon() });
    await page.goto(`${room.server.url}/live/${id}`);
    await isLive(page);
    await page.context().setOffline(true);
    await room.server.restart();
    await page.getByText(/^(Offline|Reconnecting), as of \d\d:\d\d UTC$/).waitFor();
    return page;
  }

  it('sees after a minute in another tab what is new and which posts of the page were corrected or withdrawn, read or not', async () => {
    const { author } = room;
    const { id, ids, wrong, rumour, setRight } = await coverageToLeave(room, long);
    const { page, complaints } = await room.browser.page({ viewport: { width: 1000, height: 700 } });
    await page.clock.install({ time: noon() });
    await page.goto(`${room.server.url}/live/${id}`);
    await isLive(page);
    await listenTo(page);
    const [below, reading] = [ids[0], ids[5]];
    // Two posts are read and scrolled past. The reader does not reach the first post of the coverage.
    await read(page, wrong, rumour, reading);
    await eventually(async () => expect(Math.abs((await topOf(page, wrong)) - 350)).toBeGreaterThan(600));
    await hide(page, true);
    await author.correct(id, below ?? '', 1, { note: 'It was so.', changes: { headline: 'Further down' } });
    await setRight();
    const added = await room.publish(id, `New one. ${long}${long}`, `New two. ${long}${long}`);
    // This is the last event, so the others have arrived.
    await page.getByRole('button', { name: '2 new posts' }).waitFor();
    expect(await line(page).isVisible()).toBe(false);
    await page.clock.fastForward(minuteMs);
    await hide(page, false);
    await line(page).waitFor();
    expect(await textOf(line(page).locator('ul'))).toMatch(
      /^2 new posts ?2 corrections: “Further down”, “The bridge is shut” ?1 withdrawn: post of \w+ \d+, \d{4}, \d\d:\d\d UTC$/,
    );
    expect(await textOf(line(page).locator('.since-when'))).toMatch(/^Since you left, \d\d:\d\d UTC$/);
    await page.clock.fastForward(1_000);
    await announced(page, ' UTC. 2 new posts. 2 corrections: “Further down”, “The bridge is shut”. 1 withdrawn');

    // Until the summary has been visible for a while, posts in view do not count as read.
    expect(await line(page).isVisible()).toBe(true);
    await page.clock.fastForward(5_000);
    await line(page).getByRole('link', { name: '2 new posts' }).click();
    await post(page, added[1]).waitFor();
    await line(page).getByRole('link', { name: '2 new posts' }).waitFor({ state: 'detached' });
    expect(await textOf(line(page).locator('ul'))).toMatch(/^2 corrections: .*1 withdrawn: /);
    await read(page, wrong, rumour, below);
    await line(page).waitFor({ state: 'hidden' });
    expect(complaints).toEqual([]);
  });

  it('sees no summary after a short look at another tab', async () => {
    const { id } = await room.coverage(['One.']);
    const { page } = await room.open(id);
    await hide(page, true);
    const [added] = await room.publish(id, 'Two.');
    await post(page, added).waitFor();
    // Meanwhile the tab’s title shows the count.
    expect(await page.title()).toBe('(1) Harbour fire');
    await hide(page, false);
    await drawn(page);
    expect(await page.title()).toBe('Harbour fire');
    expect(await line(page).isVisible()).toBe(false);
  });

  it('sees no summary after a short visit to another page, and causes no request', async () => {
    const { id } = await room.coverage(['One.']);
    const { page, complaints } = await room.open(id);
    await drawn(page);
    await page.goto(`${room.server.url}/`);
    const [added] = await room.publish(id, 'Two.');
    let asked = 0;
    await page.route(/\/events\?limit=1000/, (route) => {
      asked += 1;
      return route.continue();
    });
    await page.goto(`${room.server.url}/live/${id}`);
    await isLive(page);
    await post(page, added).waitFor();
    await drawn(page);
    expect([asked, await line(page).isVisible()]).toEqual([0, false]);
    expect(complaints).toEqual([]);
  });

  it('sees the summary days later on a newly opened page, from stored data without any text', async () => {
    const { author } = room;
    const { id, ids } = await room.coverage([{ headline: 'Thirteen zqships', body: 'A zqword.' }]);
    const { page, complaints } = await room.open(id);
    await drawn(page);
    await page.goto(`${room.server.url}/`);
    const kept = await page.evaluate<string>(`JSON.stringify(localStorage)`);
    expect(kept).toContain(ids[0]);
    expect(kept).not.toContain('zq');
    await author.correct(id, ids[0] ?? '', 1, { note: 'Three.', changes: { headline: 'Three ships' } });
    await room.publish(id, ...Array.from({ length: 22 }, (_, at) => `Number ${at}. ${long}`));
    await page.clock.install({ time: Date.now() + 25 * 3_600_000 });
    await page.goto(`${room.server.url}/live/${id}`);
    await line(page).waitFor();
    expect(await textOf(line(page).locator('ul'))).toMatch(/^22 new posts ?1 correction: “Three ships”$/);
    expect(await textOf(line(page).locator('.since-when'))).toMatch(/^Since you left, \w+ \d+, \d{4}, \d\d:\d\d UTC$/);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await faultsOf(page)).toEqual([]);
    }
    // The post is not on this page, so the link leads to its own page. Once closed, the summary does not return.
    expect(await line(page).getByRole('link', { name: 'Three ships' }).getAttribute('href')).toBe(
      room.server.pathTo(`/live/${id}/${ids[0]}`),
    );
    await line(page).getByRole('button', { name: 'Close' }).press('Enter');
    await line(page).waitFor({ state: 'hidden' });
    expect(await page.locator(':focus').getAttribute('class')).toContain('post');
    expect(complaints).toEqual([]);
  });

  it('sees no corrections in a later summary that arrived while they were reading', async () => {
    const { author } = room;
    const { id, ids } = await room.coverage([{ headline: 'The bridge is open' }]);
    const [read = ''] = ids;
    const { page, complaints } = await room.browser.page();
    const start = noon();
    await page.clock.install({ time: start });
    const comeBack = async (day: number) => {
      await page.clock.setSystemTime(start + day * 25 * 60 * minuteMs);
      const answer = page.waitForResponse(/\/events\?limit=1000/);
      await page.goto(`${room.server.url}/live/${id}`);
      await isLive(page);
      await (await answer).finished();
      await drawn(page);
    };
    await page.goto(`${room.server.url}/live/${id}`);
    await isLive(page);
    for (const day of [1, 2]) {
      const headline = `The bridge is shut, day ${day}`;
      await author.correct(id, read, 2 * day - 1, { note: 'It is shut.', changes: { headline } });
      await post(page, read).getByText(headline).waitFor();
      await drawn(page);
      await page.goto(`${room.server.url}/`);
      await author.revise(id, read, 2 * day, { kind: 'refile', changes: { body: `A slip, day ${day}.` } });
      await comeBack(day);
      expect([day, await line(page).isVisible()]).toEqual([day, false]);
    }
    await page.goto(`${room.server.url}/`);
    await author.correct(id, read, 5, { note: 'It is open.', changes: { headline: 'The bridge is open again' } });
    await comeBack(3);
    await line(page).getByText('1 correction').waitFor();
    expect(complaints).toEqual([]);
  });

  it('sees days later what arrived while the page was open in a hidden tab', async () => {
    const { author } = room;
    const { id, ids } = await room.coverage([{ headline: 'The bridge is open' }]);
    const { page, complaints } = await room.open(id);
    await drawn(page);
    await hide(page, true);
    await author.correct(id, ids[0] ?? '', 1, { note: 'It is shut.', changes: { headline: 'The bridge is shut' } });
    const [added] = await room.publish(id, 'Two.');
    await post(page, ids[0]).getByText('The bridge is shut').waitFor();
    await post(page, added).waitFor({ state: 'attached' });
    await page.goto(`${room.server.url}/`);
    await page.clock.install({ time: Date.now() + 25 * 3_600_000 });
    await page.goto(`${room.server.url}/live/${id}`);
    await line(page).waitFor();
    expect(await textOf(line(page).locator('ul'))).toMatch(/^1 new post ?1 correction: “The bridge is shut”$/);
    expect(complaints).toEqual([]);
  });

  it('sees the summary days later in a background tab once the tab is visible', async () => {
    const { author } = room;
    const { id, ids } = await room.coverage([{ headline: 'The bridge is open' }]);
    const { page, complaints } = await room.open(id);
    await drawn(page);
    await page.goto(`${room.server.url}/`);
    await author.correct(id, ids[0] ?? '', 1, { note: 'It is shut.', changes: { headline: 'The bridge is shut' } });
    await page.clock.install({ time: Date.now() + 25 * 3_600_000 });
    await page.addInitScript(`Object.defineProperty(document, 'hidden', { configurable: true, value: true })`);
    const isOpen = Promise.withResolvers<void>();
    await page.route(/\/events\?limit=1000/, async (route) => {
      const response = await route.fetch();
      await isOpen.promise;
      await route.fulfill({ response });
    });
    const answer = page.waitForResponse(/\/events\?limit=1000/);
    await page.goto(`${room.server.url}/live/${id}`);
    await isLive(page);
    isOpen.resolve();
    await (await answer).finished();
    const [added] = await room.publish(id, 'New.');
    await post(page, added).waitFor();
    expect(await line(page).isVisible()).toBe(false);
    await hide(page, false);
    await line(page).waitFor();
    expect(await textOf(line(page).locator('ul'))).toBe('1 new post1 correction: “The bridge is shut”');
    await author.takedown(id, added ?? '');
    await line(page).getByText('1 new post').waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });

  it.each(['/live/', '/embed/'])(
    'sees no outdated state of a post that changed again or was taken down during the request: %s',
    async (path) => {
      const { author } = room;
      const texts = ['Thirteen zqships', 'The bridge is open'];
      const { id, ids } = await room.coverage(texts.map((headline) => ({ headline })));
      const [taken = '', changed = ''] = ids;
      const url = room.server.url + path + id;
      const isShown = (page: Page) => page.locator(':is(#connection, .status)[data-state="live"]').waitFor();
      const { page } = await room.browser.page();
      await page.goto(url);
      await isShown(page);
      await drawn(page);
      await page.goto(`${room.server.url}/`);
      await author.correct(id, taken, 1, { note: 'Twelve.', changes: { headline: 'Twelve zqships' } });
      await author.correct(id, changed, 1, { note: 'Half of it.', changes: { headline: 'The bridge is half open' } });
      const asked = Promise.withResolvers<void>();
      const told = Promise.withResolvers<void>();
      await page.route(/\/events\?limit=1000/, async (route) => {
        const response = await route.fetch();
        asked.resolve();
        await told.promise;
        await route.fulfill({ response });
      });
      await page.clock.install({ time: Date.now() + 25 * 3_600_000 });
      await page.goto(url);
      await isShown(page);
      await asked.promise;
      await author.takedown(id, taken);
      await author.correct(id, changed, 2, { note: 'Not at all.', changes: { headline: 'The bridge is shut' } });
      await post(page, changed).getByText('The bridge is shut').waitFor();
      told.resolve();
      const names = page.locator('.since ul');
      await names.waitFor();
      expect(await textOf(names)).toMatch(
        /^1 correction: “The bridge is shut” ?1 withdrawn: post of \w+ \d+, \d{4}, \d\d:\d\d UTC$/,
      );
    },
  );

  it('does not hear the headline of a post that was taken down before it was announced', async () => {
    const { author } = room;
    const { id, ids } = await room.coverage([{ headline: 'Thirteen zqships' }]);
    const [taken = ''] = ids;
    const { page } = await room.browser.page();
    await page.clock.install({ time: noon() });
    await page.goto(`${room.server.url}/live/${id}`);
    await isLive(page);
    await drawn(page);
    await hide(page, true);
    await author.correct(id, taken, 1, { note: 'Twelve.', changes: { headline: 'Twelve zqships' } });
    await post(page, taken).getByText('Twelve zqships').waitFor();
    await page.clock.pauseAt((await page.evaluate<number>('Date.now()')) + minuteMs);
    await hide(page, false);
    await line(page).getByText('Twelve zqships').waitFor();
    await author.takedown(id, taken);
    await post(page, taken).and(page.locator('.withdrawn')).waitFor();
    await page.clock.runFor(5_000);
    expect(await page.locator('#announcement').textContent()).toBe('A post was removed.');
  });

  it('finds the page live with the missed correction after going back to it from the back/forward cache', async () => {
    const { author } = room;
    const { id, ids } = await room.coverage([{ headline: 'The bridge is open', body: 'It is open.' }]);
    const { page, complaints } = await room.open(id);
    await page.evaluate('window.samePage = true');
    expect(await readers()).toBeGreaterThan(0);
    await page.goto(`${room.server.url}/`);
    // The pages of earlier tests are closed.
    await eventually(async () => expect(await readers()).toBe(0));
    await author.correct(id, ids[0] ?? '', 1, {
      note: 'It is shut.',
      changes: { headline: 'The bridge is shut', body: 'It is shut, all of it.' },
    });
    await room.publish(id, 'Trains run again.');
    // The page comes from the cache, so no `load` event follows.
    await page.evaluate('setTimeout(() => history.back(), 0)');
    await page.waitForURL(`${room.server.url}/live/${id}`, { waitUntil: 'commit' });
    await post(page, ids[0]).getByText('It is shut, all of it.').waitFor();
    await page.getByText('Trains run again.').waitFor();
    await isLive(page);
    expect(await page.evaluate('window.samePage')).toBe(true);
    expect(await page.content()).not.toContain('The bridge is open');
    expect(complaints).toEqual([]);
  });

  it('sees the date of the page when opening it days later without a connection', async () => {
    const { id } = await room.coverage();
    const page = await offlinePage(id);
    await hide(page, true);
    await page.clock.fastForward(24 * 60 * minuteMs);
    await hide(page, false);
    await page.getByText(/^(Offline|Reconnecting), as of \w+ \d+, \d{4}, \d\d:\d\d UTC$/).waitFor();
    expect(await faultsOf(page)).toEqual([]);
  });

  it('sees the summary after a minute offline', async () => {
    const { author } = room;
    const before = Array.from({ length: limits.pageDefault }, () => 'Before.');
    const { id, ids } = await room.coverage([...before, { headline: 'The bridge is open', body: 'It is open.' }]);
    const page = await offlinePage(id, { viewport: { width: 390, height: 844 } });
    await author.correct(id, ids.at(-1) ?? '', 1, { note: 'It is shut.', changes: { headline: 'The bridge is shut' } });
    await page.clock.fastForward(minuteMs);
    await page.context().setOffline(false);
    await line(page).waitFor();
    expect(await textOf(line(page))).toMatch(
      /^While you were offline, since \d\d:\d\d UTC ?1 correction: “The bridge is shut” ?×$/,
    );
    expect(await faultsOf(page)).toEqual([]);

    // At the end of the page, where nothing can be scrolled further, the buttons are not covered.
    await page.getByRole('link', { name: 'Older posts' }).focus();
    await drawn(page);
    const [older, summary] = await page.evaluate<number[]>(`[
      document.activeElement.getBoundingClientRect().bottom, document.querySelector('#since').getBoundingClientRect().top]`);
    expect(older).toBeLessThanOrEqual(summary ?? 0);
  });
});
