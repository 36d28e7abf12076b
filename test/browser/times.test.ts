import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { AuthorClient } from '../../client/author-client.ts';
import { describeWith, needs } from '../support/needs.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startBrowser, type TestBrowser } from './browser.ts';

describeWith(needs.chromium, 'times in a browser', (chromium) => {
  let browser: TestBrowser;
  let server: TestServer;
  let author: AuthorClient;
  /** Of the server, which is the reader's, too. */
  let now = Date.parse('2026-10-24T23:30:00Z');

  beforeAll(async () => {
    browser = await startBrowser(chromium);
    server = await startTestServer({}, { now: () => now });
    author = new AuthorClient({ url: server.url, token: await server.token({ editor: ['*'] }, { ttlSeconds: 43_200 }) });
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 30 });

  async function publishAt(channelId: string, time: string, body: string): Promise<string> {
    now = Date.parse(time);
    return (await author.publish(channelId, { body, headline: body, keyEvent: true })).post.id;
  }

  const timesOf = (page: Page) => page.locator('#posts .when time').allTextContents();
  const daysOf = (page: Page) => page.locator('#posts .day').allTextContents();

  it('are in the zone of the coverage, and by one list in the reader’s own, or as how long ago; and so on the next page', async () => {
    const { channel } = await author.createChannel({
      headline: 'The night that clocks go back',
      state: 'live',
      language: 'en-GB',
      timezone: 'Europe/London',
    });
    await publishAt(channel.id, '2026-10-24T23:40:00Z', 'The first');
    await publishAt(channel.id, '2026-10-25T00:30:00Z', 'The second');
    await publishAt(channel.id, '2026-10-25T01:30:00Z', 'The third');
    const { page, complaints } = await browser.page({ timezoneId: 'America/New_York', locale: 'en-GB' });
    await page.clock.install({ time: now + 30_000 });
    await page.goto(`${server.url}/live/${channel.id}`);
    expect(await timesOf(page)).toEqual(['01:30 GMT', '01:30 BST', '00:40 BST']);
    expect(await daysOf(page)).toEqual(['Sunday, 25 October 2026']);

    // By keyboard alone.
    const list = page.getByLabel('Times');
    expect(await list.locator('option').allTextContents()).toEqual(['Coverage time (GMT)', 'Your time (GMT-4)', 'How long ago']);
    await list.focus();
    await page.keyboard.press('ArrowDown');
    await eventually(async () => expect(await timesOf(page)).toEqual(['21:30 GMT-4', '20:30 GMT-4', '19:40 GMT-4']));
    expect(await daysOf(page)).toEqual(['Saturday, 24 October 2026']);
    expect(await page.locator('#key-events time').first().textContent()).toBe('21:30 GMT-4');
    expect(await page.locator('#times select:focus').count()).toBe(1);
    await publishAt(channel.id, '2026-10-25T04:10:00Z', 'The fourth');
    await eventually(async () => expect((await timesOf(page))[0]).toBe('00:10 GMT-4'));
    expect(await daysOf(page)).toEqual(['Sunday, 25 October 2026', 'Saturday, 24 October 2026']);

    await page.clock.setSystemTime(now + 30_000);
    await page.keyboard.press('ArrowDown');
    await eventually(async () => expect(await timesOf(page)).toEqual(['now', '2 hr ago', '3 hr ago', '4 hr ago']));
    expect(await page.locator('#posts .when time').first().getAttribute('title')).toBe(
      'Sunday, 25 October 2026 at 04:10 Greenwich Mean Time',
    );
    await page.clock.runFor(120_000);
    await eventually(async () => expect((await timesOf(page))[0]).toBe('2 min ago'));
    const id = await publishAt(channel.id, '2026-10-25T04:12:00Z', 'The fifth');
    await eventually(async () => expect((await timesOf(page)).slice(0, 2)).toEqual(['now', '2 min ago']));
    await author.correct(channel.id, id, 1, { note: 'A slip.', changes: { headline: 'The last' } });
    await page.locator('#posts .change-correction').getByText('Correction, now').waitFor();

    await page.reload();
    await eventually(async () => expect((await timesOf(page))[1]).toBe('2 min ago'));
    expect(await page.getByLabel('Times').inputValue()).toBe('ago');
    await page.getByLabel('Times').selectOption('coverage');
    expect(await timesOf(page)).toEqual(['04:12 GMT', '04:10 GMT', '01:30 GMT', '01:30 BST', '00:40 BST']);
    expect(complaints).toEqual([]);
  });
});
