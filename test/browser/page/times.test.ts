import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';
import { startBrowser, type TestBrowser } from '../browser.ts';
import { eventually } from '../newsroom.ts';

describeWith(needs.chromium, 'times in a browser', (chromium) => {
  let browser: TestBrowser;
  let server: TestServer;
  let author: AuthorClient;
  /** The server’s clock, which is also the reader’s. */
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

  async function publishAt(channelId: string, time: string, body: string): Promise<string> {
    now = Date.parse(time);
    return (await author.publish(channelId, { body, headline: body, keyEvent: true })).post.id;
  }

  /** Hides and shows the page, as a browser does when the tab is switched. */
  const look = (page: Page, away: boolean) =>
    page.evaluate(
      `Object.defineProperty(document, 'hidden', { configurable: true, value: ${away} }); document.dispatchEvent(new Event('visibilitychange'))`,
    );

  const timesOf = (page: Page) => page.locator('#posts .when time').allTextContents();
  const daysOf = (page: Page) => page.locator('#posts .day').allTextContents();

  it('are in the channel’s zone, or by choice in the reader’s zone or relative, and stay so on the next page', async () => {
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

    // The choice is made with the keyboard alone.
    const list = page.getByLabel('Times');
    expect(await list.locator('option').allTextContents()).toEqual(['Coverage time (GMT)', 'Your time (GMT-4)', 'How long ago']);
    await list.focus();
    await page.keyboard.press('ArrowDown');
    await eventually(async () => expect(await timesOf(page)).toEqual(['21:30 GMT-4', '20:30 GMT-4', '19:40 GMT-4']));
    expect(await daysOf(page)).toEqual(['Saturday, 24 October 2026']);
    expect(await page.locator('#key-events time').first().textContent()).toBe('21:30 GMT-4');
    expect(await page.locator('#times select:focus').count()).toBe(1);
    await publishAt(channel.id, '2026-10-25T04:10:00Z', 'The fourth');
    await page.locator('#new-posts').click();
    await page.locator('#times select').focus();
    await eventually(async () => expect((await timesOf(page))[0]).toBe('00:10 GMT-4'));
    expect(await daysOf(page)).toEqual(['Sunday, 25 October 2026', 'Saturday, 24 October 2026']);

    // From here on the page’s clock is fixed, and its timers run.
    await page.clock.setFixedTime(now + 30_000);
    await page.keyboard.press('ArrowDown');
    await eventually(async () => expect(await timesOf(page)).toEqual(['now', '2 hr ago', '3 hr ago', '4 hr ago']));
    expect(await page.locator('#posts .when time').first().getAttribute('title')).toBe(
      'Sunday, 25 October 2026 at 04:10 Greenwich Mean Time',
    );
    // Advances by one tick only, so that the page does not count its connection as lost.
    await page.clock.setFixedTime(now + 155_000);
    await page.clock.runFor(15_000);
    await eventually(async () => expect((await timesOf(page))[0]).toBe('2 min ago'));
    const id = await publishAt(channel.id, '2026-10-25T04:12:00Z', 'The fifth');
    await page.locator('#new-posts').click();
    await page.locator('#times select').focus();
    await eventually(async () => expect((await timesOf(page)).slice(0, 2)).toEqual(['now', '2 min ago']));
    await author.correct(channel.id, id, 1, { note: 'A slip.', changes: { headline: 'The last' } });
    await page.locator('#posts .change-correction').getByText('Correction, now').waitFor();

    // A hidden page is not updated, and is current when shown again.
    await look(page, true);
    await page.clock.setFixedTime(now + 215_000);
    await page.clock.runFor(15_000);
    expect((await timesOf(page)).slice(0, 2)).toEqual(['now', '2 min ago']);
    await look(page, false);
    expect((await timesOf(page)).slice(0, 2)).toEqual(['3 min ago', '5 min ago']);

    await page.reload();
    await eventually(async () => expect((await timesOf(page))[1]).toBe('5 min ago'));
    expect(await page.getByLabel('Times').inputValue()).toBe('ago');
    await page.getByLabel('Times').selectOption('coverage');
    expect(await timesOf(page)).toEqual(['04:12 GMT', '04:10 GMT', '01:30 GMT', '01:30 BST', '00:40 BST']);
    expect(complaints).toEqual([]);
  });

  it('follow the choice on the list of channels too, which updates without a reload and keeps position and focus', async () => {
    const make = async (headline: string, fields: object = {}) =>
      (await author.createChannel({ headline, state: 'live', language: 'en-GB', ...fields })).channel.id;
    const older = await make('Older', { state: 'scheduled', timezone: 'Europe/Berlin' });
    const over = await make('Over');
    await publishAt(over, '2026-10-25T05:00:00Z', 'x');
    const { page, complaints } = await browser.page({
      timezoneId: 'America/New_York',
      locale: 'en-GB',
      viewport: { width: 1000, height: 500 },
    });
    await page.clock.install({ time: now });
    await page.goto(server.url);
    // From here on the test controls the clock, so that no request interrupts a write.
    await page.clock.pauseAt(now + 10_000);
    const asked: number[] = [];
    let asking = 0;
    page.on('request', (request) => {
      if (request.url() === `${server.url}/`) asking += 1;
    });
    page.on('response', (answer) => void (answer.url() === `${server.url}/` && asked.push(answer.status())));
    const headlines = () => page.locator('.channels h3').allTextContents();
    const when = (id: string) => page.locator(`[data-channel="${id}"] .latest`).textContent();
    const announced = (sentence: string) =>
      eventually(async () => expect(await page.locator('#announcement').textContent()).toBe(sentence));
    // The page polls every 20 s, ±25%. Advances second by second, because a request times out after ten.
    const nextAnswer = async () => {
      const before = asking;
      for (let seconds = 0; seconds < 25 && asking === before; seconds += 1) await page.clock.runFor(1_000);
      await eventually(async () => expect(asked).toHaveLength(before + 1));
    };
    expect((await headlines()).slice(0, 3)).toEqual(['Over', 'The night that clocks go back', 'Older']);
    expect(await page.locator('#connection-text').textContent()).toBe('Up to date');
    await page.getByRole('link', { name: 'Older' }).focus();

    // A channel further down has become live. It comes after the one that has posts.
    await publishAt(over, '2026-10-25T05:01:00Z', 'y');
    await author.updateChannel(older, '*', { state: 'live' });
    await author.updateChannel(over, '*', { state: 'ended' });
    now += 1_000;
    const fresh = await make('Fresh');
    await nextAnswer();
    await eventually(async () => expect(await headlines()).toEqual(['The night that clocks go back', 'Fresh', 'Older', 'Over']));
    await page.clock.runFor(1_000);
    await announced('Now live: Fresh. Now live: Older. No longer live: Over.');
    expect(await page.locator(`[data-channel="${older}"] a:focus`).count()).toBe(1);
    expect(await when(over)).toBe('Ended 25 Oct 2026, 05:01 UTC');

    // Nothing has changed, so the answer has no body.
    await nextAnswer();
    expect(asked.at(-1)).toBe(304);

    // A hidden page does not poll until it is shown.
    await look(page, true);
    const answered = asked.length;
    await page.clock.runFor(60_000);
    expect(asked).toHaveLength(answered);
    await look(page, false);
    await eventually(async () => expect(asked.length).toBe(answered + 1));

    await page.getByLabel('Times').selectOption('own');
    expect(await when(over)).toBe('Ended 25 Oct 2026, 01:01 GMT-4');
    await page.getByLabel('Times').selectOption('ago');
    await publishAt(fresh, '2026-10-25T05:02:00Z', 'z');
    // The reader has scrolled down: additions above do not move the page.
    await page.evaluate('scrollTo(0, document.body.scrollHeight)');
    expect(await page.evaluate<number>('scrollY')).toBeGreaterThan(150);
    const top = async () => Math.round((await page.locator(`[data-channel="${over}"]`).boundingBox())?.y ?? Number.NaN);
    const before = await top();
    await publishAt(await make('<b>Fresher</b>', { standfirst: 'It takes its room.' }), '2026-10-25T05:03:00Z', 'z');
    await nextAnswer();
    await eventually(async () => expect((await headlines())[0]).toBe('<b>Fresher</b>'));
    expect(Math.abs((await top()) - before)).toBeLessThanOrEqual(1);
    // Its age is relative whatever the choice, and goes on without a request.
    expect(await when(fresh)).toMatch(/^Latest post (?:now|\d min ago)$/);
    await page.getByLabel('Times').selectOption('coverage');
    const age = await when(fresh);
    expect(age).toMatch(/^Latest post (?:now|\d min ago)$/);
    await page.context().setOffline(true);
    // The clock of the page may be behind the time of the post.
    for (let steps = 0; steps < 10 && (await when(fresh)) === age; steps += 1) await page.clock.runFor(20_000);
    expect(await when(fresh)).not.toBe(age);
    await page.context().setOffline(false);
    await eventually(async () => expect(await page.locator('#connection-text').textContent()).toBe('Up to date'));
    await page.getByLabel('Times').selectOption('ago');

    // A disconnected page says so and recovers by itself.
    await page.context().setOffline(true);
    await page.clock.runFor(40_000);
    await eventually(async () => expect(await page.locator('#connection-text').textContent()).toMatch(/^Offline, as of /));
    // The page was opened at 05:00 UTC and requested again more than a minute later.
    expect(await page.locator('#connection-text').textContent()).toMatch(/01:0[1-9]/);
    await page.context().setOffline(false);
    await eventually(async () => expect(await page.locator('#connection-text').textContent()).toBe('Up to date'));
    expect(complaints).toEqual([]);
  });
});
