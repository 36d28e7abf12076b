import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser, type TestBrowser, type WatchedPage } from '../browser.ts';
import { announced, eventually, isLive, newsroom } from '../newsroom.ts';

describeWith(needs.chromium, 'the page of a permanent link in a browser', (chromium) => {
  const room = newsroom(() => startBrowser(chromium));
  let channelId: string;
  let ids: string[];

  /** A channel with that many posts, and the page of the nth one. */
  async function open(count: number, nth: number, options: Parameters<TestBrowser['page']>[0] = {}): Promise<WatchedPage> {
    const body = 'Some words to fill a few lines. '.repeat(12);
    const posts = Array.from({ length: count }, (_, at) => ({ headline: `Headline ${at + 1}`, body }));
    ({ id: channelId, ids } = await room.coverage(posts));
    return await room.open(`${channelId}/${ids[nth - 1]}`, options);
  }

  const post = (page: Page, nth: number) => page.locator(`#post-${ids[nth - 1]}`);
  const shown = async (page: Page) =>
    (await page.locator('#posts > .post > .headline').allTextContents()).map((headline) => Number(headline.split(' ')[1]));
  const topOf = (page: Page, nth: number) =>
    post(page, nth).evaluate((element) => Math.round(element.getBoundingClientRect().top));
  const range = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, at) => from - at);

  it.each([
    ['with its script', true],
    ['without a script', false],
  ])('opens at its post, below the bar and above the others, %s', async (_, javaScriptEnabled) => {
    const { page, complaints } = await open(30, 15, { javaScriptEnabled });
    expect(await shown(page)).toEqual(range(23, 4));
    expect(await page.locator('[aria-current=true]').getAttribute('id')).toBe(`post-${ids[14]}`);
    await eventually(async () => {
      const top = await topOf(page, 15);
      expect(top).toBeGreaterThan(30);
      expect(top).toBeLessThan(400);
    });
    expect(await page.locator(':focus').getAttribute('id')).toBe(`post-${ids[14]}`);
    expect(await page.title()).toBe('Headline 15 · Harbour fire');
    expect(complaints).toEqual([]);
  });

  it('keeps the strip above its post, in view, when the post is corrected and withdrawn', async () => {
    const { page, complaints } = await open(30, 15);
    const strip = post(page, 15).locator('.strip', { hasText: 'From our live coverage: Harbour fire · Go to newest' });
    await eventually(async () => {
      expect((await strip.boundingBox())?.y).toBeGreaterThan(30);
      expect((await post(page, 15).locator('.headline').boundingBox())?.y).toBeLessThan(500);
    });
    await room.author.correct(channelId, ids[14] as string, 1, { note: 'It is five.', changes: { headline: 'Headline 5' } });
    await post(page, 15).getByText('It is five.').waitFor();
    expect(await strip.count()).toBe(1);
    await room.author.retract(channelId, ids[14] as string, { note: 'It is not.' });
    await post(page, 15).getByText('It is not.').waitFor();
    expect(await page.locator('.strip').count()).toBe(1);
    await strip.getByRole('link', { name: 'Go to newest' }).click();
    await page.waitForURL(`${room.server.url}/live/${channelId}`);
    expect(complaints).toEqual([]);
  });

  it('applies changes to the shown posts, and only counts newer ones until they are loaded', async () => {
    const { page, complaints } = await open(30, 8);
    await room.author.correct(channelId, ids[8] as string, 1, { note: 'It is five.', changes: { headline: 'Headline 90' } });
    await post(page, 9).getByText('It is five.').waitFor();
    await room.author.publish(channelId, { headline: 'Headline 31' });
    // The correction is above the post at which the page opened.
    await page.getByRole('button', { name: '1 new post, 1 correction' }).waitFor();
    expect(await page.title()).toBe('(2) Headline 8 · Harbour fire');
    expect(await shown(page)).not.toContain(31);

    // The reader stays in place and sees that there are newer posts.
    const before = await topOf(page, 15);
    await page.getByRole('link', { name: 'Newer posts' }).click();
    await page.locator('#newer a').first().waitFor({ state: 'detached' });
    expect(await shown(page)).toEqual([...range(31, 10), 90, ...range(8, 1)]);
    expect(await topOf(page, 15)).toBeGreaterThanOrEqual(before);
    expect(await page.locator(':focus').getAttribute('id')).toBe(`post-${ids[16]}`);
    expect(await topOf(page, 17)).toBeGreaterThan(30);
    expect(await page.title()).toMatch(/^\(\d\) Headline 8 · Harbour fire$/);
    await announced(page, '15 newer posts.');

    // Now the window reaches the newest post and holds new ones back from a reader below.
    await room.author.publish(channelId, { headline: 'Headline 32' });
    await page.getByRole('button', { name: '2 new posts' }).click();
    expect((await shown(page))[0]).toBe(32);
    expect(complaints).toEqual([]);
  });

  it('pages to older posts and moves the keyboard focus along', async () => {
    const { page, complaints } = await open(30, 25);
    await page.getByRole('link', { name: 'Older posts' }).press('Enter');
    await post(page, 1).or(post(page, 2)).first().waitFor({ state: 'attached' });
    expect(await shown(page)).toEqual(range(30, 1));
    expect(await page.locator(':focus').getAttribute('id')).toBe(`post-${ids[12]}`);
    expect(complaints).toEqual([]);
  });

  it('removes its post everywhere, including the title, when it is taken down', async () => {
    const { page, complaints } = await open(3, 2);
    await room.author.takedown(channelId, ids[1] as string);
    await page.locator('.withdrawn[aria-current=true]').waitFor();
    expect(await page.title()).toBe('Harbour fire');
    // The head has the data for link previews.
    await eventually(async () => expect(await page.content()).not.toContain('Headline 2'));
    expect(complaints).toEqual([]);
  });

  it('copies the link of any post, with a confirmation', async () => {
    const { page, complaints } = await open(3, 2);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const button = post(page, 3).getByRole('button', { name: /^Copy link, post of \d\d:\d\d UTC$/ });
    const sizes = async () =>
      [await post(page, 3).boundingBox(), await button.boundingBox()].map((box) => [box?.width, box?.height]);
    const before = await sizes();
    // From here on the test controls the clock, so that short-lived messages stay until they are checked.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 10_000);
    await button.click();
    await eventually(async () => expect(await button.textContent()).toBe('Link copied'));
    expect(await sizes()).toEqual(before);
    await page.clock.runFor(1_000);
    expect(await page.locator('#announcement').textContent()).toBe('Link copied');
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(`${room.server.url}/live/${channelId}/${ids[2]}`);
    // The confirmation disappears by itself, even if the post changes in the meantime.
    await page.clock.runFor(2_000);
    expect(await button.textContent()).toBe('Copy link');
    await button.click();
    await eventually(async () => expect(await button.textContent()).toBe('Link copied'));
    await room.author.correct(channelId, ids[2] as string, 1, { note: 'It is four.', changes: { headline: 'Headline 4' } });
    await post(page, 3).getByText('It is four.').waitFor();
    await page.clock.runFor(3_000);
    expect(await button.textContent()).toBe('Copy link');
    // This browser has no share sheet.
    expect(await page.getByRole('button', { name: /^Share/ }).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('copies a link even without a clipboard API, and shares it on devices that can', async () => {
    const { page } = await open(1, 1);
    await page.context().grantPermissions(['clipboard-read']);
    await page.addInitScript(`
      Object.defineProperty(navigator, 'clipboard', { value: undefined });
      navigator.share = async (data) => { window.shared = data; };`);
    await page.reload();
    await isLive(page);
    await page.evaluate(`document.addEventListener('copy', () => { window.copied = String(document.activeElement.value); })`);
    await page.getByRole('button', { name: /^Copy link/ }).click();
    const address = `${room.server.url}/live/${channelId}/${ids[0]}`;
    await eventually(async () => expect(await page.evaluate('window.copied')).toBe(address));
    await eventually(async () => expect(await page.locator('#announcement').textContent()).toBe('Link copied'));
    expect(await page.locator(':focus').getAttribute('data-action')).toBe('copy');
    await page.getByRole('button', { name: /^Share/ }).click();
    expect(await page.evaluate('shared')).toEqual({ url: address, title: 'Headline 1' });
  });

  it('scrolls to a linked post without leaving the page each time the link is clicked, and back works', async () => {
    const { page, complaints } = await open(12, 12);
    const { post: linking } = await room.author.publish(channelId, { body: `As [told before](post:${ids[1]}).` });
    // The page has scrolled to its post, so the new one waits.
    await page.locator('#new-posts').click();
    await page.locator(`#post-${linking.id}`).waitFor();
    await page.evaluate('window.samePage = true');
    for (const _time of ['first', 'second']) {
      await page.evaluate('scrollTo(0, 0)');
      await page.getByRole('link', { name: 'told before' }).click();
      await eventually(async () => expect(await topOf(page, 2)).toBeLessThan(700));
      await page.waitForURL(`**/*#post-${ids[1]}`);
    }
    expect(await page.evaluate('window.samePage')).toBe(true);
    await page.goBack();
    expect(new URL(page.url()).hash).toBe('');
    expect(complaints).toEqual([]);
  });

  it('has targets of at least 24 pixels, 44 on touch screens, and no buttons without a script', async () => {
    const sizes = async (page: Page) =>
      await page
        .locator('#posts > .post')
        .first()
        .locator('.when, .action:visible, .versions a')
        .evaluateAll((targets) =>
          (targets as unknown as { getBoundingClientRect(): { height: number; width: number } }[]).map((target) => {
            const { height, width } = target.getBoundingClientRect();
            return Math.min(height, width);
          }),
        );
    const { page } = await open(1, 1);
    await room.author.correct(channelId, ids[0] as string, 1, {
      note: 'It was the other.',
      changes: { headline: 'Headline one' },
    });
    await post(page, 1).locator('.versions').waitFor();
    const all = await sizes(page);
    expect(all).toHaveLength(3);
    expect(Math.min(...all)).toBeGreaterThanOrEqual(24);
    const phone = await room.browser.page({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await phone.page.goto(page.url());
    await isLive(phone.page);
    const [, ...pressed] = await sizes(phone.page);
    expect(Math.min(...pressed)).toBeGreaterThanOrEqual(44);
    expect((await phone.page.locator('html').boundingBox())?.width).toBe(390);
    const plain = await room.browser.page({ javaScriptEnabled: false });
    await plain.page.goto(page.url());
    expect(await sizes(plain.page)).toHaveLength(2);
  });

  it('links to the earlier versions once its post is changed, and they mark the difference not by colour alone', async () => {
    const { page, complaints } = await open(3, 2);
    const link = post(page, 2).getByRole('link', { name: 'Earlier versions' });
    expect(await link.count()).toBe(0);
    await room.author.correct(channelId, ids[1] as string, 1, {
      note: 'It was the other.',
      changes: { headline: 'Headline two' },
    });
    await link.click();
    const version = page.locator('.version').first();
    await version.waitFor();
    expect(await version.locator('.headline').textContent()).toMatch(/^Headline +removed: 2 \(end\) +added: two \(end\) *$/);
    const lines = await page.evaluate(
      `['del', 'ins'].map((tag) => getComputedStyle(document.querySelector('.version ' + tag)).textDecorationLine)`,
    );
    expect(lines).toEqual(['line-through', 'underline']);
    expect(complaints).toEqual([]);
  });

  it('is printed without buttons', async () => {
    const { page } = await open(30, 15);
    await page.emulateMedia({ media: 'print' });
    const names = ['.bar', '#newer', '#older', '.actions', '.post .headline', 'h1'];
    const seen = await Promise.all(names.map((name) => page.locator(name).first().isVisible()));
    expect(seen).toEqual([false, false, false, false, true, true]);
    // In landscape the paper is as wide as a two-column window, of which only one column is printed.
    await page.setViewportSize({ width: 1046, height: 720 });
    const widths = await page.evaluate(`['.head', '.coverage'].map((part) => document.querySelector(part).clientWidth)`);
    expect(new Set(widths as number[]).size).toBe(1);
  });

  it('keeps the reading position on reload', async () => {
    const { page } = await open(30, 15);
    await post(page, 6).scrollIntoViewIfNeeded();
    const before = await topOf(page, 6);
    await page.reload();
    await isLive(page);
    await eventually(async () => expect(Math.abs((await topOf(page, 6)) - before)).toBeLessThanOrEqual(2));
  });
});
