import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../support/needs.ts';
import { drawn, startBrowser } from './browser.ts';
import { eventually, newsroom, post, topOf } from './newsroom.ts';

const long = 'Some words that fill a few lines of the page. '.repeat(14);

describeWith(needs.chromium, 'the place of someone who reads', (chromium) => {
  const room = newsroom(() => startBrowser(chromium));

  /** This part of a post stands so many pixels below the top of the window. */
  async function scrollTo(page: Page, id: string | undefined, part: string, top: number): Promise<void> {
    const found = await post(page, id).locator(part).boundingBox();
    await page.evaluate(`window.scrollBy({ top: ${(found?.y ?? 0) - top}, behavior: 'instant' })`);
    await drawn(page);
  }

  it('stays where the post at the top of the window is corrected, of which they see the words', async () => {
    const posts = Array.from({ length: 8 }, (_, at) => ({ headline: `Post ${at}`, body: long }));
    const { id, ids } = await room.coverage(posts);
    const { page, complaints } = await room.open(id);
    await scrollTo(page, ids[4], '.body', -60);
    // The next one down, which they see too.
    const before = await topOf(page, ids[3]);
    expect(before).toBeLessThan(600);
    const changes = { body: long.replace('Some', 'Same') };
    await room.author.correct(id, ids[4] ?? '', 1, { note: 'It was wrong, and this is a note of some length.', changes });
    await post(page, ids[4]).getByText('this is a note of some length').first().waitFor();
    await drawn(page);
    await eventually(async () => expect(Math.abs((await topOf(page, ids[3])) - before)).toBeLessThan(2));
    expect(complaints).toEqual([]);
  });

  it('stays below the posts, where they have read past them and one of them grows', async () => {
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
});
