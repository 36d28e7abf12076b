import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { drawn, startBrowser } from '../browser.ts';
import { eventually, few, isLive, newsroom, post, topOf } from '../newsroom.ts';

const long = 'Some words that fill a few lines of the page. '.repeat(14);

describeWith(needs.chromium, 'the reading position', (chromium) => {
  const room = newsroom(() => startBrowser(chromium));

  /** Scrolls this part of a post to so many pixels below the top of the window. */
  async function scrollTo(page: Page, id: string | undefined, part: string, top: number): Promise<void> {
    const found = await post(page, id).locator(part).boundingBox();
    await page.evaluate(`window.scrollBy({ top: ${(found?.y ?? 0) - top}, behavior: 'instant' })`);
    await drawn(page);
  }

  it('does not move when the post at the top of the window is corrected while its text is in view', async () => {
    const posts = Array.from({ length: 8 }, (_, at) => ({ headline: `Post ${at}`, body: long }));
    const { id, ids } = await room.coverage(posts);
    const { page, complaints } = await room.open(id);
    await scrollTo(page, ids[4], '.body', -60);
    // The post below, which is in view too.
    const before = await topOf(page, ids[3]);
    expect(before).toBeLessThan(600);
    const changes = { body: long.replace('Some', 'Same') };
    await room.author.correct(id, ids[4] ?? '', 1, { note: 'It was wrong, and this is a note of some length.', changes });
    await post(page, ids[4]).getByText('this is a note of some length').first().waitFor();
    await drawn(page);
    await eventually(async () => expect(Math.abs((await topOf(page, ids[3])) - before)).toBeLessThan(2));
    expect(complaints).toEqual([]);
  });

  it.each(['A headline', null])('is the beginning of a post in view while the post is updated: headline %j', async (headline) => {
    const { id, ids } = await room.coverage(Array.from({ length: 8 }, () => ({ headline, body: few })));
    const { page, complaints } = await room.open(id, { viewport: { width: 240, height: 640 } });
    // From now on only its first line and its text change. On a narrow window the update makes the line wrap.
    const refile = { kind: 'refile', changes: { body: 'A short text.' } } as const;
    const { revision } = (await room.author.revise(id, ids[3] ?? '', 1, refile)).post;
    const reading = post(page, ids[3]);
    await reading.and(page.locator(`[data-revision="${revision}"]`)).waitFor();
    // Of the post above nothing but the space at its end is in view.
    await reading.evaluate((element) => element.scrollIntoView());
    await drawn(page);
    const places = (): Promise<number[]> => Promise.all([topOf(page, ids[4]), topOf(page, ids[3])]);
    const before = await places();
    await room.author.revise(id, ids[3] ?? '', revision, { kind: 'update', changes: { body: few } });
    await reading.locator('.updated').waitFor();
    await drawn(page);
    const moved = (await places()).map((top, at) => Math.abs(top - (before[at] ?? 0)));
    expect(Math.max(...moved), `moved by ${moved}`).toBeLessThan(2);
    expect(complaints).toEqual([]);
  });

  it('does not move for a reader below the posts when one of them grows', async () => {
    const { id, ids } = await room.coverage([long, long, long]);
    const { page, complaints } = await room.open(id, { viewport: { width: 1000, height: 200 } });
    await page.evaluate(`{
      const after = document.createElement('p');
      after.id = 'after';
      after.textContent = 'After.';
      after.style.marginBottom = '900px';
      document.body.append(after);
    }`);
    const after = page.locator('#after');
    await after.evaluate((element) => element.scrollIntoView({ block: 'center' }));
    await drawn(page);
    const topOfAfter = async () => (await after.boundingBox())?.y ?? 0;
    const before = await topOfAfter();
    await room.author.correct(id, ids[0] ?? '', 1, { note: 'More of it.', changes: { body: `${long}\n\n${long} More.` } });
    await post(page, ids[0]).getByText('More of it.').first().waitFor();
    await drawn(page);
    await eventually(async () => expect(Math.abs((await topOfAfter()) - before)).toBeLessThan(2));
    expect(complaints).toEqual([]);
  });

  it('is the newest post after going back if the reader was at the top, even if a newer post was added', async () => {
    const { id, ids } = await room.coverage(Array.from({ length: 6 }, () => long));
    const { page, complaints } = await room.open(id);
    const before = await topOf(page, ids[5]);
    await page.goto(`${room.server.url}/`);
    const [added] = await room.publish(id, long);
    await page.goBack();
    await isLive(page);
    await drawn(page);
    expect(Math.abs((await topOf(page, added)) - before)).toBeLessThanOrEqual(2);
    expect(complaints).toEqual([]);
  });

  it('is the start of a page of older posts after a reload there', async () => {
    const far = { headline: 'The first ship is in', body: long, keyEvent: true };
    const { id, ids } = await room.coverage([long, far, ...Array.from({ length: 44 }, (_, at) => `Number ${at}. ${long}`)]);
    const { page, complaints } = await room.open(id);
    await page.locator('#key-events a').click();
    await post(page, ids[1]).waitFor();
    await page.locator('#newer a').first().waitFor({ state: 'attached' });
    const first = page.locator('#posts > .post').first();
    const [, at = ''] = ((await first.getAttribute('id')) ?? '').split('post-');
    // Wait until the link has scrolled to its post. Otherwise the page would scroll there later.
    const height = await page.evaluate<number>('innerHeight');
    await eventually(async () => {
      const top = await topOf(page, ids[1]);
      expect([top >= 0, top < height]).toEqual([true, true]);
    });
    let before = 0;
    await eventually(async () => {
      await page.evaluate('scrollTo({ top: 0, behavior: "instant" })');
      await drawn(page);
      before = await topOf(page, at);
      expect(before).toBeGreaterThan(0);
    });
    await page.reload();
    await isLive(page);
    await post(page, at).waitFor();
    await eventually(async () => expect(Math.abs((await topOf(page, at)) - before)).toBeLessThanOrEqual(2));
    expect(complaints).toEqual([]);
  });

  it('remains stored when the page is left before the post could be loaded', async () => {
    const { id, ids } = await room.coverage(Array.from({ length: 24 }, (_, at) => `Number ${at}. ${long}`));
    const { page, complaints } = await room.open(id);
    await page.getByRole('link', { name: 'Older posts' }).click();
    await post(page, ids[1]).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    await drawn(page);
    const before = await topOf(page, ids[1]);
    await page.goto(`${room.server.url}/`);
    const asked = Promise.withResolvers<void>();
    let isAnswered = false;
    await page.route(/\/posts\?/, (route) => (isAnswered ? route.continue() : asked.resolve()));
    await page.goBack();
    await asked.promise;
    isAnswered = true;
    await page.reload();
    await isLive(page);
    await post(page, ids[1]).waitFor();
    await eventually(async () => expect(Math.abs((await topOf(page, ids[1])) - before)).toBeLessThanOrEqual(2));
    expect(complaints).toEqual([]);
  });
});
