import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser, startFirefox, type TestBrowser } from '../browser.ts';
import { eventually, isLive } from '../newsroom.ts';
import { deskSite } from './desk-site.ts';

describeWith(needs.chromium, 'a first post from the desk in Chromium', (chromium) => examine(() => startBrowser(chromium)));
describeWith.nightly(needs.firefox, 'a first post from the desk in Firefox', (firefox) => examine(() => startFirefox(firefox)));

function examine(start: () => Promise<TestBrowser>): void {
  const site = deskSite(start);

  it('reaches a reader, and the desk says so once its own connection has received it', async () => {
    const { id } = await site.coverage([], { headline: 'Harbour fire' });
    const reader = await site.open(id);
    const { page, complaints } = await site.openDesk();
    await page.getByRole('link', { name: 'Harbour fire' }).click();
    await page.getByRole('textbox', { name: 'Text' }).click();
    await page.keyboard.type('The fire is under control.');
    await page.getByRole('button', { name: /^Publish/ }).click();
    await page.getByText(/Goes out in \d s/).waitFor();
    expect(await page.getByRole('textbox', { name: 'Text' }).textContent()).toBe('');
    await reader.page.getByText('The fire is under control.').first().waitFor();
    await page.getByText('Readers have it', { exact: true }).waitFor();
    await page.locator('desk-timeline').getByText('The fire is under control.').waitFor();
    expect(await page.getByRole('heading', { name: 'On the way to readers' }).count()).toBe(0);
    const { posts } = await site.author.listPosts(id);
    expect(posts.map(({ body, publishedBy }) => [body, publishedBy])).toEqual([['The fire is under control.', 'ada']]);
    expect(complaints).toEqual([]);
    await isLive(reader.page);
  });

  it('is found again by its link in the list, after colleagues have written above it', async () => {
    const { id } = await site.coverage(Array.from({ length: 12 }, (_, at) => `Post ${at + 1}.\n\nA second paragraph.`));
    const { page } = await site.openDesk(id);
    await page.getByRole('textbox', { name: 'Text' }).fill('The fire is out.');
    await page.getByText('Post 2.', { exact: true }).scrollIntoViewIfNeeded();
    await page.getByRole('textbox', { name: 'Text' }).press('Control+Enter');
    await page.getByRole('button', { name: 'Send now' }).click();
    const line = page.locator('.desk-outbox [data-state="out"]');
    await line.waitFor();
    await line.hover();
    await site.publish(id, ...Array.from({ length: 8 }, (_, at) => `A colleague writes ${at + 1}.`));
    await line.getByRole('link', { name: 'Show it: The fire is out.' }).click();
    await eventually(async () =>
      expect(await page.evaluate('document.activeElement.closest(".post")?.textContent')).toContain('The fire is out.'),
    );
    const place = await page.locator('#posts').getByText('The fire is out.').boundingBox();
    expect(place?.y).toBeGreaterThan(50);
    expect(place?.y).toBeLessThan(800);
  });
}
