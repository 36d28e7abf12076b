import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Frame, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startHostSite, strictPolicy } from '../../support/servers/host-page.ts';
import { drawn, startBrowser } from '../browser.ts';
import { eventually, few, post, topOf } from '../newsroom.ts';
import { areLive, siteAround, tag } from '../site-around.ts';

const { resolve } = createRequire(import.meta.url);
const docs = readFileSync(join(import.meta.dirname, '../../../docs/guides/embedding.md'), 'utf8');

/** The nth code block of this kind in the embedding guide. */
function snippet(kind: string, nth: number): string {
  const blocks = [...docs.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].filter(([, of]) => of === kind);
  return blocks[nth]?.[2] ?? '';
}

describeWith(needs.chromium, 'the element on a host page', (chromium) => {
  const site = siteAround(() => startBrowser(chromium));
  const { room, script, open } = site;

  it('can be used twice on a page, beside a Socket.IO client of the page, whose global is unchanged', async () => {
    const [{ id: one }, { id: two }] = [await room.coverage(), await room.coverage()];
    await room.publish(one, { body: 'Of the one.' });
    await room.publish(two, { body: 'Of the other.' });
    site.host.put(
      '/socket.io.js',
      readFileSync(join(dirname(resolve('socket.io/package.json')), 'client-dist/socket.io.js'), 'utf8'),
    );
    const policy = strictPolicy(room.server.url).replace('script-src ', `script-src ${site.host.url} `);
    const { page, complaints } = await open(`<script src="/socket.io.js"></script>${tag(one)}${tag(two)}${script()}`, { policy });
    await page.getByText('Of the one.').waitFor();
    await page.getByText('Of the other.').waitFor();
    expect(await page.evaluate('typeof io.Manager')).toBe('function');
    const conversation = `new Promise((resolve) => {
      const socket = io('${room.server.origin}', { path: '${room.server.pathTo('/socket.io')}', transports: ['websocket'] });
      socket.emit('subscribe', { channelId: '${one}' }, ({ ok, snapshot }) => resolve([ok, snapshot.posts.length]));
    })`;
    expect(await page.evaluate(conversation)).toEqual([true, 1]);
    await room.publish(two, { body: 'New in the other.' });
    await page.locator('pressbox-live').nth(1).getByText('New in the other.').waitFor();
    expect(await page.locator('pressbox-live').first().getByText('New in the other.').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('causes no layout shift while loading if the page reserves its space', async () => {
    const { id: channelId } = await room.coverage([], { standfirst: 'What it is about.' });
    const media = [{ type: 'image' as const, url: 'https://example.org/a.jpg', alt: 'A ferry', width: 1200, height: 800 }];
    await room.publish(
      channelId,
      ...Array.from({ length: 6 }, (_, at) => ({ body: `Number ${at}.`, headline: 'A headline', media })),
    );
    site.host.put('/site.host.css', 'pressbox-live:not(:defined) { display: block; min-height: 100vh }');
    const policy = `${strictPolicy(room.server.url)}; style-src ${site.host.url}`;
    const head = '<link rel="stylesheet" href="/site.host.css">';
    const { page, complaints } = await open(`<p>Before.</p>${tag(channelId)}<p>After.</p>${script()}`, { policy, head });
    await areLive(page);
    await eventually(async () =>
      expect(
        await page
          .locator('.posts img')
          .first()
          .evaluate((image) => (image as unknown as { complete: boolean }).complete),
      ).toBe(true),
    );
    const shifts = await page.evaluate(`new Promise((resolve) => {
      const moved = [];
      new PerformanceObserver((list) => {
        for (const { value, sources } of list.getEntries())
          moved.push([value, sources.map(({ node }) => node?.className ?? node?.nodeName).join()]);
      }).observe({ type: 'layout-shift', buffered: true });
      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(moved), 0)));
    })`);
    expect(shifts).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('has a readable width if the page sizes it by its content, and never exceeds the space', async () => {
    const { id } = await room.coverage(['Some words that fill a few lines of the page. '.repeat(8)]);
    const layouts = {
      centred: 'display: flex; justify-content: center',
      stacked: 'display: flex; flex-direction: column; align-items: center',
      gridded: 'display: grid; justify-items: center',
      floated: 'float: left',
    };
    const style = Object.entries(layouts).map(([name, rules]) => `.${name} { ${rules} }`);
    site.host.put('/layouts.css', `body { margin: 0 } ${style.join(' ')}`);
    const policy = `${strictPolicy(room.server.url)}; style-src ${site.host.url}`;
    const { page } = await room.browser.page();
    for (const [window, least] of [
      [1_280, 672],
      [390, 390],
    ] as const) {
      await page.setViewportSize({ width: window, height: 700 });
      for (const name of Object.keys(layouts)) {
        const head = '<link rel="stylesheet" href="/layouts.css">';
        await page.goto(site.page(`<div class="${name}">${tag(id)}</div>${script()}`, { head, policy }));
        await areLive(page);
        const { width = 0 } = (await page.locator('pressbox-live').boundingBox()) ?? {};
        expect(width, `${name} in ${window}`).toBeGreaterThanOrEqual(least);
        expect(await page.evaluate('document.documentElement.scrollWidth'), `${name} in ${window}`).toBe(window);
      }
    }
  });

  it('keeps the reading position when an element of the host page scrolls instead of the window', async () => {
    const long = 'Some words that fill a few lines of the page. '.repeat(8);
    const { id, ids } = await room.coverage(Array.from({ length: 12 }, () => long));
    const [reading, above = ''] = [ids[4], ids[9]];
    // Turns off the browser’s own scroll anchoring, so that only the element keeps the position.
    site.host.put('/scrolled.css', 'main { height: 500px; overflow: auto; overflow-anchor: none }');
    const policy = `${strictPolicy(room.server.url)}; style-src ${site.host.url}`;
    const head = '<link rel="stylesheet" href="/scrolled.css">';
    const { page } = await open(`<main><h1>The page around.</h1>${tag(id)}</main>${script()}`, { head, policy });
    await areLive(page);
    await post(page, reading).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    await drawn(page);
    const before = await topOf(page, reading);
    await room.author.correct(id, above, 1, { note: 'It is longer.', changes: { body: long.repeat(3) } });
    await room.publish(id, long);
    await page.getByRole('button', { name: '1 new post, 1 correction' }).waitFor();
    expect(Math.abs((await topOf(page, reading)) - before)).toBeLessThanOrEqual(1);
  });

  it('looks and works the same when moved to the document of another window, and back', async () => {
    const { id, ids } = await room.coverage(Array.from({ length: 6 }, (_, at) => `Number ${at}. ${few}`));
    const { page, complaints } = await open(`<iframe width="600" height="500"></iframe>${tag(id)}${script()}`);
    await areLive(page);
    const looks = (frame: Page | Frame) =>
      frame.evaluate(`(() => {
        const { paddingTop, fontFamily } = getComputedStyle(document.querySelector('pressbox-live').shadowRoot.querySelector('.post'));
        return [paddingTop, fontFamily];
      })()`);
    const before = await looks(page);
    await page.evaluate(`document.querySelector('iframe').contentDocument.body.append(document.querySelector('pressbox-live'))`);
    const frame = page.frames()[1] as Frame;
    await frame.locator('.status[data-state="live"]').waitFor();
    expect(await looks(frame)).toEqual(before);
    await frame.locator(`#post-${ids[0]}`).scrollIntoViewIfNeeded();
    expect(await frame.evaluate('scrollY')).toBeGreaterThan(0);
    await room.publish(id, 'Came while it was there.');
    await frame.getByRole('button', { name: '1 new post' }).waitFor();
    await frame.getByRole('button', { name: '1 new post' }).click();
    await frame.getByText('Came while it was there.').waitFor();
    await page.evaluate(`document.body.append(document.querySelector('iframe').contentDocument.querySelector('pressbox-live'))`);
    await areLive(page);
    expect(await looks(page)).toEqual(before);
    expect(complaints).toEqual([]);
  });

  it('reports once that the page is not admitted, and names the setting', async () => {
    const { id: channelId } = await room.coverage();
    await using stranger = await startHostSite();
    const url = stranger.put('/page', `${tag(channelId)}${tag(channelId)}${script()}`, { policy: strictPolicy(room.server.url) });
    const { page, complaints } = await room.browser.page();
    await page.goto(url);
    await page.getByText('PRESSBOX_ORIGINS').nth(1).waitFor();
    // The console message arrives asynchronously.
    await eventually(async () =>
      expect(complaints.filter((line) => line.includes('PRESSBOX_ORIGINS'))).toEqual([
        `<pressbox-live>: ${room.server.url} does not admit pages of ${stranger.url}. Its operator can add that origin to PRESSBOX_ORIGINS.`,
      ]),
    );
  });

  it('is live in a frame, and reports its height to the host page', async () => {
    const { id: channelId } = await room.coverage();
    await room.publish(channelId, ...Array.from({ length: 4 }, () => ({ body: 'Some words. '.repeat(60) })));
    const frame = snippet('html', 3).replace('moon-landing', channelId).replace('https://live.example.org', room.server.url);
    site.host.put('/fit.js', snippet('js', 1));
    // The host page allows neither scripts of the server nor connections to it.
    const policy = `default-src 'none'; script-src ${site.host.url}; frame-src ${room.server.origin}`;
    const { page, complaints } = await open(`<script src="/fit.js"></script>${frame}`, { policy });
    const inside = page.frameLocator('iframe');
    await inside.locator('.posts > .post').nth(3).waitFor();
    const heights = async () => {
      const [outer, inner] = await Promise.all([
        page.locator('iframe').boundingBox(),
        inside.locator('pressbox-live').boundingBox(),
      ]);
      return [Math.ceil(outer?.height ?? 0), Math.ceil(inner?.height ?? 1)];
    };
    await eventually(async () => {
      const [outer = 0, inner = 1] = await heights();
      expect(outer).toBeGreaterThan(700);
      // The frame has a border of two pixels on each side.
      expect(Math.abs(outer - inner)).toBeLessThanOrEqual(4);
    });
    // The host page is scrolled down. The frame detects this by which part of it is visible.
    await page.evaluate('scrollTo(0, 500)');
    await inside.locator('pressbox-live[hold]').waitFor();
    const [id] = await room.publish(channelId, { body: 'One that waits.' });
    await inside.getByRole('button', { name: '1 new post' }).waitFor();
    expect(await inside.locator(`#post-${id}`).count()).toBe(0);
    await page.evaluate('scrollTo(0, 0)');
    await inside.locator(`#post-${id}`).waitFor();
    expect(complaints).toEqual([]);
  });

  it('has one background in the frame, also below the posts, in the theme of the device or of the address', async () => {
    const { id: channelId } = await room.coverage();
    const { page } = await room.browser.page();
    const groundOf = (selector: string) =>
      page.evaluate<string>(
        `getComputedStyle((document.querySelector('pressbox-live').shadowRoot.querySelector('${selector}') ?? document.documentElement)).backgroundColor`,
      );
    const [white, black] = ['rgb(255, 255, 255)', 'rgb(21, 22, 26)'];
    for (const [colorScheme, query, ground] of [
      ['dark', '', black],
      ['dark', '?theme=light', white],
      ['light', '?theme=dark', black],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto(`${room.server.url}/embed/${channelId}${query}`);
      await areLive(page);
      expect([query, await groundOf('html'), await groundOf('.frame')]).toEqual([query, ground, ground]);
    }
  });

  it('works as the embedding guide says, and needs no further permissions', async () => {
    const { id: channelId } = await room.coverage();
    const own = (text: string) =>
      text.replaceAll('https://live.example.org', room.server.url).replaceAll('moon-landing', channelId);
    site.host.put('/listen.js', snippet('js', 0));
    site.host.put('/site.host.css', snippet('css', 0));
    // In a policy an address with a path would be that of one file.
    const ofGuide = snippet('', 0)
      .trim()
      .replaceAll('https://live.example.org', room.server.origin)
      .replace('wss://live.example.org', room.server.origin.replace(/^http/, 'ws'));
    const policy = `${ofGuide.replace('script-src', `script-src ${site.host.url}`)}; style-src ${site.host.url}`;
    const body = `<script src="/listen.js"></script>${own(snippet('html', 0))}`;
    const { page, complaints } = await open(body, { policy, head: '<link rel="stylesheet" href="/site.host.css">' });
    const logged = page.waitForEvent('console', (message) => message.text().startsWith('post.published'));
    await areLive(page);
    await room.publish(channelId, { headline: 'The first', body: 'Here it is.' });
    expect((await logged).text()).toBe('post.published The first');
    await page.getByText('Here it is.').waitFor();
    expect(complaints).toEqual([]);
  });
});
