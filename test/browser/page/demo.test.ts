import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContextOptions } from 'playwright-core';
import { expect, it, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { audienceAt } from '../../../demo/audience.ts';
import { playDemo, promisedMs } from '../../../demo/play.ts';
import { demoChannel } from '../../../demo/story.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { run } from '../../support/servers/command.ts';
import { startTestServer } from '../../support/servers/server.ts';
import { startBrowser, type TestBrowser, withinTime } from '../browser.ts';

const screens: BrowserContextOptions[] = [{ viewport: { width: 1280, height: 900 } }, { viewport: { width: 390, height: 844 } }];

/** Counts the posts and correction notes that were added since the first call and are visible on the first screen. */
const arrived = `(() => {
  const isSeen = (element) => {
    const { top, bottom, height } = element.getBoundingClientRect();
    return height > 0 && top >= 36 && bottom <= innerHeight;
  };
  const nameOf = (element) => element.dataset.post ?? element.textContent;
  const of = (selector) => [...document.querySelectorAll('#posts > ' + selector)];
  const [posts, corrections] = [of('.post'), of('.post .change-correction')];
  window.there ??= new Set([...posts, ...corrections].map(nameOf));
  const isNew = (element) => !window.there.has(nameOf(element));
  return {
    scrolled: scrollY,
    posts: posts.filter((post) => isNew(post) && isSeen(post.querySelector(':scope > .line'))).length,
    corrections: corrections.filter((note) => isNew(note) && isSeen(note)).length,
  };
})()`;

/** Opens the page on desktop and phone at the same time. Resolves once both have shown a new post and a correction. */
async function seeArrive(browser: TestBrowser, address: string): Promise<void> {
  await Promise.all(
    screens.map(async (options) => {
      const { page, complaints } = await browser.page(options);
      await page.goto(address);
      // The two counts need not be reached together: a new post may leave the screen before a correction appears.
      const seen = { posts: 0, corrections: 0 };
      await withinTime(promisedMs, async () => {
        const { scrolled, posts, corrections } =
          await page.evaluate<Record<'scrolled' | 'posts' | 'corrections', number>>(arrived);
        expect(scrolled).toBe(0);
        seen.posts = Math.max(seen.posts, posts);
        seen.corrections = Math.max(seen.corrections, corrections);
        expect(seen).toEqual({ posts: expect.toSatisfy(isSome), corrections: expect.toSatisfy(isSome) });
      });
      const pictures = await page.evaluate<number>(
        `[...document.images].filter((image) => image.complete && image.naturalWidth > 0).length`,
      );
      expect(pictures).toBeGreaterThan(0);
      expect(complaints).toEqual([]);
      await page.close();
    }),
  );
}

const isSome = (count: number) => count > 0;

describeWith(needs.chromium, 'the first screen of the demo, on desktop and phone', (chromium) => {
  it('shows a new post and a correction within 20 seconds, at the start and later under another host name, and lets a guest write', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-demo-'));
    await using browser = await startBrowser(chromium);
    const serving = run(['serve', '--demo', '--port', '0'], { PRESSBOX_DATA_DIR: dataDir, PRESSBOX_LOG_LEVEL: 'silent' });
    try {
      await vi.waitFor(() => expect(serving.err).toContain('The demo begins.'));
      const [, address = ''] = /Readers: +(\S+)/.exec(serving.out) ?? [];
      await seeArrive(browser, address);
      await seeArrive(browser, address.replace('127.0.0.1', 'localhost'));
      const [, link = ''] = /Authors: +(\S+)/.exec(serving.out) ?? [];
      const { page } = await browser.page();
      await page.goto(link);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('link', { name: demoChannel.headline }).click();
      await page
        .getByRole('button', { name: /^Publish/ })
        .first()
        .waitFor();
    } finally {
      serving.interrupt();
      await serving.code;
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it('shows a new post and a correction within 20 seconds, after the story has ended', async () => {
    await using browser = await startBrowser(chromium);
    await using server = await startTestServer();
    const client = new AuthorClient({ url: server.url, token: await server.token({ editor: [demoChannel.id] }) });
    await playDemo({ client, speed: 500, publicUrl: server.url });
    const stop = new AbortController();
    const playing = playDemo({ client, signal: stop.signal, audience: () => audienceAt(server.url) });
    await seeArrive(browser, `${server.url}/live/${demoChannel.id}`);
    stop.abort();
    await playing;
  });
});
