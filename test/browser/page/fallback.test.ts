import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { type Obstacles, startObstacles } from '../../support/servers/blocking-proxy.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';
import { startBrowser, type TestBrowser, withinTime } from '../browser.ts';
import { noon } from '../newsroom.ts';

describeWith(needs.chromium, 'a page behind a proxy that blocks unknown protocols', (chromium) => {
  let browser: TestBrowser;
  let server: TestServer;
  let author: AuthorClient;
  let channels = 0;
  const opened: AsyncDisposable[] = [];
  let client: string;

  beforeAll(async () => {
    browser = await startBrowser(chromium);
    // Built together with the pages.
    client = await readFile(join(import.meta.dirname, '../../../dist/client/bundle.js'), 'utf8');
    server = await startTestServer();
    author = new AuthorClient({ url: server.url, token: await server.token() });
  });
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** Time from opening the page until it is live, milliseconds. */
  const promisedMs = 5_000;

  async function open(blocked: Partial<Pick<Obstacles, 'webSockets' | 'streams'>>, prepare = async (_page: Page) => {}) {
    const proxy = Object.assign(await startObstacles(server.url), blocked);
    opened.push(proxy);
    channels += 1;
    const { channel } = await author.createChannel({ id: `behind-${channels}`, headline: 'To the Moon', state: 'live' });
    await author.publish(channel.id, { headline: 'There from the start' });
    const { page, complaints } = await browser.page();
    await prepare(page);
    await page.goto(`${proxy.url}/live/${channel.id}`);
    return { page, complaints, proxy, channelId: channel.id };
  }
  const liveBy = (page: Page, transport: string) => page.locator(`#connection[data-state=live][data-transport=${transport}]`);
  const isLive = (page: Page, transport: string) => liveBy(page, transport).waitFor();
  const isLiveInTime = (page: Page, transport: string) =>
    withinTime(promisedMs, async () => expect(await liveBy(page, transport).count()).toBe(1));
  async function shows(page: Page, channelId: string, headline: string): Promise<void> {
    await author.publish(channelId, { headline });
    await page.locator('#posts > .post').getByText(headline).waitFor();
  }

  it.each(['refused', 'swallowed'] as const)(
    'is live within 5 s over Server-Sent Events if WebSockets are %s',
    async (webSockets) => {
      const { page, channelId, complaints } = await open({ webSockets });
      await isLiveInTime(page, 'stream');
      await shows(page, channelId, 'Pushed as an event');
      expect(complaints).toEqual([]);
    },
  );

  it('is live within 5 s by polling if streams are buffered too', async () => {
    const { page, channelId, complaints } = await open({ webSockets: 'swallowed', streams: 'held' });
    await isLiveInTime(page, 'poll');
    await shows(page, channelId, 'Polled for');
    expect(complaints).toEqual([]);
  });

  it('returns to the WebSocket when the network changes to one that allows it, and misses nothing', async () => {
    const { page, proxy, channelId, complaints } = await open({ webSockets: 'refused' });
    await isLive(page, 'stream');
    await page.context().setOffline(true);
    proxy.cut();
    await author.publish(channelId, { headline: 'Missed in the lift' });
    await page.locator('#connection', { hasText: 'Offline' }).waitFor();
    proxy.webSockets = 'free';
    await page.context().setOffline(false);
    await isLive(page, 'socket');
    await page.locator('#posts > .post').getByText('Missed in the lift').waitFor();
    await shows(page, channelId, 'Pushed over the WebSocket');
    expect(complaints).toEqual([]);
  });

  it('returns to the WebSocket by itself within half a minute', async () => {
    const { page, proxy, channelId } = await open({ webSockets: 'refused' }, (page) => page.clock.install());
    await isLive(page, 'stream');
    proxy.webSockets = 'free';
    // Advances the clock, but not so far that the stream counts as silent.
    await page.clock.fastForward(15_000);
    await shows(page, channelId, 'Pushed as an event');
    await page.clock.fastForward(15_000);
    await isLive(page, 'socket');
    await shows(page, channelId, 'Pushed over the WebSocket');
  });

  it('notices a silent stream that nothing has closed', async () => {
    const { page, proxy, channelId } = await open({ webSockets: 'refused' }, (page) => page.clock.install());
    await isLive(page, 'stream');
    proxy.freeze();
    await author.publish(channelId, { headline: 'Into the silence' });
    await page.clock.fastForward(26_000);
    await page.locator('#posts > .post').getByText('Into the silence').waitFor();
  });

  it('notices a dead connection at once when the page becomes visible', async () => {
    const { page, proxy, channelId } = await open({}, (page) => page.clock.install());
    await isLive(page, 'socket');
    proxy.freeze();
    await author.publish(channelId, { headline: 'While it was in a pocket' });
    await page.clock.fastForward(15_000);
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    // A connection counts as dead if a ping is not answered for this long.
    await page.clock.fastForward(3_000);
    await page.locator('#posts > .post').getByText('While it was in a pocket').waitFor();
    await isLive(page, 'socket');
  });

  it('shows what was missed after the device slept, even if the page was visible and the connection broke only on waking', async () => {
    const { page, proxy, channelId } = await open({}, (page) => page.clock.install({ time: noon() }));
    await isLive(page, 'socket');
    proxy.freeze();
    await author.publish(channelId, { headline: 'While it slept' });
    await page.clock.fastForward(7_200_000);
    const line = page.locator('#since', { hasText: '1 new post' });
    await line.waitFor();
    expect(await line.textContent()).toMatch(/^While you were offline, since 12:0\d UTC/);
  });

  it('resumes from the browser’s storage, and works when the storage is full', async () => {
    const { page, channelId, complaints } = await open({});
    await page.route('**/client.js', (route) => route.fulfill({ contentType: 'text/javascript', body: client }));
    const read = (storage: string) => `(async () => {
      const { ReaderClient } = await import('/client.js');
      const reader = new ReaderClient({ url: location.origin + document.body.dataset.base, channelId: '${channelId}', storage: ${storage} });
      const headlines = [];
      reader.on('event', (event) => headlines.push(event.post.headline));
      await new Promise((resolve) => {
        reader.on('state', ({ status }) => status === 'live' && resolve());
        reader.open();
      });
      const shown = reader.timeline.posts.map(({ headline }) => headline);
      reader.close();
      return { headlines, shown, kept: Object.keys(localStorage).filter((key) => key.startsWith('pressbox:')).length };
    })()`;
    const first = ['There from the start'];
    expect(await page.evaluate(read('localStorage'))).toEqual({ headlines: [], shown: first, kept: 1 });
    await author.publish(channelId, { headline: 'Meanwhile' });
    await page.reload();
    const both = ['Meanwhile', ...first];
    expect(await page.evaluate(read('localStorage'))).toEqual({ headlines: ['Meanwhile'], shown: both, kept: 1 });

    await page.evaluate(`(() => {
      for (let size = 2 ** 20; size >= 1; ) {
        try { localStorage.setItem('other ' + size, (localStorage.getItem('other ' + size) ?? '') + 'x'.repeat(size)); } catch { size /= 2; }
      }
    })()`);
    await author.publish(channelId, { headline: 'No room' });
    expect(await page.evaluate(read('localStorage'))).toEqual({ headlines: ['No room'], shown: ['No room', ...both], kept: 0 });
    expect(complaints).toEqual([]);
  });
});
