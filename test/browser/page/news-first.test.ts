import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { loadPage } from '../../support/readers/page-load.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { publishNewspaperCoverage } from '../../support/samples/newspaper-coverage.ts';
import { drawn, startBrowser } from '../browser.ts';
import { eventually, isLive, newsroom, post } from '../newsroom.ts';

/** By the width of the window: how far down the first post may begin. CSS pixels. */
const lowestStart = [
  [390, 1_000],
  [820, 900],
  [1280, 700],
] as const;

const topOf = (page: Page, selector: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => element.getBoundingClientRect().top + (element.ownerDocument.scrollingElement?.scrollTop ?? 0));

describeWith(needs.chromium, 'the page of a long coverage', (chromium) => {
  const room = newsroom(() => startBrowser(chromium));

  const picture = { url: 'https://pictures.example.org/quay.jpg', alt: 'A quay', caption: 'The quay', width: 1600, height: 1067 };

  it.each([
    ['in English', { language: 'en-GB' }, 0],
    ['in German', { language: 'de' }, 0],
    ['in Arabic', { language: 'ar' }, 0],
    // Two of its key events have a second line.
    ['with a picture in its head', { picture }, 40],
  ] as const)('begins with its posts soon, at every width, %s', async (_, channel, more) => {
    const { channelId } = await publishNewspaperCoverage(room.author, { channel });
    for (const [width, most] of lowestStart) {
      const { page } = await room.open(channelId, { viewport: { width, height: 844 } });
      expect(await topOf(page, '#posts > .post'), `at ${width} pixels`).toBeLessThanOrEqual(most + more);
    }
  });

  it.each(['', '/permanent-link', '/corrections'])(
    'does not jump on a telephone when its script starts: /live/{c}%s',
    async (path) => {
      const { channelId, posts } = await publishNewspaperCoverage(room.author);
      const { page } = await room.browser.page({ viewport: { width: 412, height: 823 } });
      await page.addInitScript(`window.jumps = [];
      new PerformanceObserver((list) => { for (const { value } of list.getEntries()) jumps.push(value); })
        .observe({ type: 'layout-shift', buffered: true });`);
      // The page is painted before its script arrives, as on a slow network.
      await page.route('**/assets/*.js', async (route) => {
        await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
        await route.continue();
      });
      await page.goto(`${room.server.url}/live/${channelId}${path.replace('permanent-link', posts['summary-morning'] ?? '')}`);
      if (path !== '/corrections') await isLive(page);
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
      const jumps = await page.evaluate<number[]>('jumps');
      // The word in the bar that says whether the page is live may change its width.
      expect(jumps.reduce((sum, value) => sum + value, 0)).toBeLessThan(0.001);
    },
  );

  it('shows three key events, three items of the summary and two lines of the pinned post, and all of each on request', async () => {
    const { channelId } = await publishNewspaperCoverage(room.author);
    const { page } = await room.open(channelId, { javaScriptEnabled: false });
    const events = page.locator('#key-events li:visible');
    expect(await events.count()).toBe(3);
    await page.getByText('All 17').click();
    expect(await events.count()).toBe(17);

    const items = page.locator('#summary .body li:visible');
    expect(await items.count()).toBe(3);
    await page.getByText('Show all').click();
    expect(await items.count()).toBe(6);
    expect(await page.locator('#summary').getByText('We continue with the repair').isVisible()).toBe(true);

    const pinned = page.locator('#pinned');
    expect(await pinned.locator('.body').isVisible()).toBe(false);
    const shown = await pinned.locator('.opening').evaluate(({ clientHeight, scrollHeight }) => clientHeight / scrollHeight);
    expect(shown).toBeLessThanOrEqual(1);
    expect((await pinned.boundingBox())?.height).toBeLessThan(160);
    await pinned.locator('summary').click();
    expect(await pinned.locator('.body').isVisible()).toBe(true);
    expect(await pinned.locator('.opening').isVisible()).toBe(false);
  });

  it('cuts no word of its key events and of its summary on a phone with a picture, and shows the rest on request', async () => {
    const { channelId } = await publishNewspaperCoverage(room.author, { channel: { picture } });
    const { page } = await room.open(channelId, { viewport: { width: 390, height: 844 } });
    for (const text of ['.key-headline', '.brief li']) {
      for (const line of await page.locator(`:is(#key-events, #summary) ${text}:visible`).all()) {
        const [inside, style] = await line.evaluate((element) => {
          const { overflow, whiteSpace } = element.ownerDocument.defaultView?.getComputedStyle(element) ?? {};
          return [element.scrollWidth - element.clientWidth, [overflow, whiteSpace]];
        });
        expect([Math.max(0, inside), style]).toEqual([0, ['visible', 'normal']]);
      }
    }
    const rest = page.locator('#summary .rest').first();
    expect(await rest.isVisible()).toBe(false);
    await page.getByText('Show all').click();
    await page.locator('#summary article').getByText('7 centimetres below the record of 1976').waitFor();
  });

  it('begins with the next post if the newest is a summary, which it has above the posts and in full at its permanent link', async () => {
    const { channelId, posts } = await publishNewspaperCoverage(room.author);
    const id = posts['summary-morning'];
    const { page, complaints } = await room.open(channelId);
    const summary = post(page, id);
    const ofList = page.locator('#posts > .post');
    expect(await summary.locator('.change-correction').count()).toBe(1);
    expect(await summary.evaluate((element) => element.closest('section')?.id)).toBe('summary');
    await page.goto(`${room.server.url}/live/${channelId}/${id}`);
    await isLive(page);
    expect(await page.locator(`#posts > #post-${id} .body li`).count()).toBe(6);
    expect(await page.locator('#summary').textContent()).toBe('');

    // A newer summary takes its place, and the earlier one returns to its own.
    await page.goto(`${room.server.url}/live/${channelId}`);
    await isLive(page);
    const next = await ofList.first().getAttribute('id');
    const text = { headline: 'At ten', kind: 'summary', body: 'Trains run again.' } as const;
    const { post: newer } = await room.author.publish(channelId, text);
    await page.locator(`#posts > #post-${id}`).waitFor({ state: 'attached' });
    expect(await page.locator('#summary .brief').textContent()).toContain('Trains run again.');
    expect(await ofList.first().getAttribute('id')).toBe(next);
    await page.evaluate(`location.hash = 'post-${newer.id}'`);
    await page.locator('#summary .body', { hasText: 'Trains run again.' }).last().waitFor();
    expect(complaints).toEqual([]);
  });

  it('leads to the summary above the posts from the button that counts it, on the page and in the element', async () => {
    const { channelId } = await publishNewspaperCoverage(room.author);
    for (const path of ['live', 'embed']) {
      const { page, complaints } = await room.browser.page({ viewport: { width: 600, height: 700 } });
      await page.goto(`${room.server.url}/${path}/${channelId}`);
      await page.locator(':is(#connection, .status)[data-state="live"]').waitFor();
      await page
        .locator(':is(#posts, .posts) > .post')
        .nth(8)
        .evaluate((element) => element.scrollIntoView());
      await room.author.publish(channelId, { kind: 'summary', body: `Seen from the ${path} page.` });
      await page.getByRole('button', { name: '1 new post' }).click();
      const brief = page.locator('#summary .brief', { hasText: `Seen from the ${path} page.` });
      await brief.waitFor();
      await eventually(async () => expect((await brief.boundingBox())?.y).toBeLessThan(400));
      await page.locator('#new-posts').waitFor({ state: 'hidden' });
      expect(complaints).toEqual([]);
    }
  });

  it('prints the summary in full and the pinned post once', async () => {
    const { channelId, posts } = await publishNewspaperCoverage(room.author);
    const { page } = await room.open(channelId);
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('#summary .body li:visible').count()).toBe(6);
    expect(await page.locator('#pinned').isVisible()).toBe(false);
    expect(await post(page, posts.peak).locator('.body').isVisible()).toBe(true);
    // A pinned post that is not among the posts of the page.
    const { id, ids } = await room.coverage(['Pinned.', ...Array.from({ length: 20 }, () => 'Later.')]);
    await room.author.pin(id, ids[0] ?? '');
    await page.goto(`${room.server.url}/live/${id}`);
    expect(await page.locator('#pinned .body').isVisible()).toBe(true);
  });

  it('has one column if nothing is beside the posts, and scrolls an unfolded column with them', async () => {
    const { id } = await room.coverage(['The first post.']);
    const { page } = await room.open(id, { viewport: { width: 1280, height: 800 } });
    expect((await page.locator('#posts').boundingBox())?.x).toBe((await page.locator('.head').boundingBox())?.x);

    const { channelId } = await publishNewspaperCoverage(room.author);
    await page.goto(`${room.server.url}/live/${channelId}`);
    await isLive(page);
    await page.evaluate("scrollTo({ top: 2_000, behavior: 'instant' })");
    await drawn(page);
    const events = page.locator('#key-events');
    const stays = (await events.boundingBox())?.y ?? 0;
    expect(stays).toBeGreaterThan(0);
    await page.getByText('All 17').click();
    await eventually(async () => expect(Math.abs(((await events.boundingBox())?.y ?? 0) - stays)).toBeLessThan(8));
    await page.evaluate('scrollBy(0, 300)');
    await eventually(async () => expect((await events.boundingBox())?.y).toBeLessThan(stays - 290));
    expect(await page.locator('.side').evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)).toBeLessThan(2);
  });

  it('takes at most 70 kB without pictures, and describes twenty posts for search engines', async () => {
    const { channelId } = await publishNewspaperCoverage(room.author);
    const { page } = await room.browser.page({ viewport: { width: 390, height: 844 } });
    const { bytes } = await loadPage(page, `${room.server.url}/live/${channelId}`);
    expect(Object.keys(bytes)).toEqual(expect.arrayContaining(['Document', 'Script', 'Stylesheet']));
    const all = Object.values(bytes).reduce((sum, one) => sum + one, 0);
    expect(all, JSON.stringify(bytes)).toBeLessThanOrEqual(70_000);
    const data = JSON.parse((await page.locator('#pressbox-live-blog').textContent()) ?? '');
    expect(data.liveBlogUpdate).toHaveLength(20);
  });
});
