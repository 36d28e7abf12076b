import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { mostBeyond, mostPosts } from '../../../client/browser/view/page/paging.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { eventually, newsroom, post, textOf, topOf } from '../newsroom.ts';
import { holdsItsMost, pageDown } from '../paging.ts';

const long = 'Some words that fill a few lines of the page. '.repeat(8);
/** Enough posts that the page drops some of them. */
const beyond = mostPosts + 60;

describeWith(needs.chromium, 'a page that is open for a long time', (chromium) => {
  const room = newsroom(() => startBrowser(chromium));
  const posts = (page: Page) => page.locator('#posts > .post');

  /** Publishes that many posts, by several authors in parallel. */
  async function publishMany(channelId: string, count: number): Promise<void> {
    const ten = Array.from({ length: count / 10 }, (_, at) => at);
    for (const at of ten)
      await Promise.all(Array.from({ length: 10 }, (_, nth) => room.publish(channelId, `New number ${at * 10 + nth}. ${long}`)));
  }

  it('limits the number of posts, and loads older ones again on demand', async () => {
    const { id, ids } = await room.coverage(['The first.', ...Array.from({ length: 9 }, () => long)]);
    const { page, complaints } = await room.open(id);
    await publishMany(id, beyond);
    const [last] = await room.publish(id, 'The last.');
    await post(page, last).waitFor();
    await holdsItsMost(posts(page));
    expect(await post(page, ids[0]).count()).toBe(0);
    // Both the document and the timeline are bounded.
    expect(await page.evaluate<number>('document.querySelectorAll("*").length')).toBeLessThan((mostPosts + mostBeyond) * 30);
    await pageDown(posts(page), page.getByRole('link', { name: 'Older posts' }), post(page, ids[0]));
    expect(await textOf(post(page, ids[0]).locator('.body'))).toBe('The first.');
    // Loading the older posts has dropped the newest ones. A button below loads them again.
    expect(await post(page, last).count()).toBe(0);
    await page.locator('#newer a').first().waitFor({ state: 'attached' });
    expect(complaints).toEqual([]);
  });

  it('keeps position, focus and selection while more posts arrive than it holds, restores them on reload, and shows the new posts on request', async () => {
    const { id, ids } = await room.coverage(Array.from({ length: 12 }, (_, at) => `Number ${at}. ${long}`));
    const { page, complaints } = await room.open(id);
    const reading = ids[2];
    await page.evaluate(`document.documentElement.style.setProperty('overflow-anchor', 'none')`);
    await post(page, reading).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    await post(page, reading).locator('.when').focus();
    const chosen = `(() => { const { anchorNode } = getSelection(); return [anchorNode?.textContent, String(getSelection())]; })()`;
    await page.evaluate(
      `getSelection().setBaseAndExtent(document.querySelector('#post-${reading} .body p').firstChild, 0, document.querySelector('#post-${reading} .body p').firstChild, 9)`,
    );
    const before = await topOf(page, reading);
    await page.evaluate(`(() => {
      window.moved = [];
      new PerformanceObserver((list) => {
        for (const { value, sources } of list.getEntries()) moved.push([value, sources.map(({ node }) => node?.id || node?.className)]);
      }).observe({ type: 'layout-shift' });
    })()`);
    await publishMany(id, 50);
    await page.getByRole('button', { name: '50 new posts' }).waitFor();
    const settled = `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(moved), 0))))`;
    expect([await topOf(page, reading), await page.evaluate(settled)]).toEqual([before, []]);
    expect(await page.evaluate(chosen)).toEqual([`Number 2. ${long}`.trim(), 'Number 2.']);

    await publishMany(id, beyond - 50);
    await page.locator('#newer a').first().waitFor({ state: 'attached' });
    await page.getByRole('button', { name: `${beyond} new posts` }).waitFor();
    expect(await page.title()).toMatch(new RegExp(`^\\(${beyond}\\) `));
    expect(Math.abs((await topOf(page, reading)) - before)).toBeLessThan(0.5);
    expect(await page.locator(':focus').evaluate((element) => element.closest('.post')?.id)).toBe(`post-${reading}`);
    expect(await page.evaluate(chosen)).toEqual([`Number 2. ${long}`.trim(), 'Number 2.']);
    await page.reload();
    await eventually(async () => expect(Math.abs((await topOf(page, reading)) - before)).toBeLessThanOrEqual(2));
    await page.getByRole('link', { name: 'Newest posts' }).click();
    await eventually(async () => expect(await textOf(posts(page).first())).toContain('New number'));
    expect(complaints).toEqual([]);
  });
});
