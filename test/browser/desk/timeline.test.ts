import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { deskSite } from './desk-site.ts';

describeWith(needs.chromium, 'the timeline of the desk', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));
  const post = (id: string) => `#posts > [data-post="${id}"]`;

  it('shows the posts as readers see them, and changes by colleagues as they are made', async () => {
    const { id, ids } = await site.coverage(['The harbour burns.', { headline: 'Road closed', body: 'Avoid the **quay**.' }]);
    const { page, complaints } = await site.openDesk(id);
    await page.locator(`${post(ids[1] as string)} strong`, { hasText: 'quay' }).waitFor();
    expect(await page.locator('#posts > .post').count()).toBe(2);

    await site.author.correct(id, ids[0] as string, 1, { note: 'It was the mole.', changes: { body: 'The mole burns.' } });
    await page
      .locator(post(ids[0] as string), { hasText: 'The mole burns.' })
      .getByText('It was the mole.')
      .waitFor();
    const [came] = await site.publish(id, 'A third post.');
    await page.locator(post(came as string)).waitFor();
    expect(complaints).toEqual([]);
  });

  it('opens the page of a post beside the desk, and says so', async () => {
    const { id, ids } = await site.coverage([{ headline: 'Road closed', body: 'Avoid the quay.' }]);
    const { page } = await site.openDesk(id);
    const link = page.locator(post(ids[0] as string)).getByRole('link', { name: /Road closed, in a new tab$/ });
    const [beside] = await Promise.all([page.context().waitForEvent('page'), link.click()]);
    await beside.waitForURL(new RegExp(`/live/${id}.*${ids[0]}`));
    expect(page.url()).toBe(`${site.server.url}/desk/${id}`);
  });

  it('moves between posts by J and K', async () => {
    const { id, ids } = await site.coverage(['One.', 'Two.', 'Three.']);
    const { page } = await site.openDesk(id);
    const focused = () => page.evaluate<string>('document.activeElement.dataset.post');
    await page.locator(post(ids[2] as string)).waitFor();
    await page.keyboard.press('j');
    expect(await focused()).toBe(ids[2]);
    await page.keyboard.press('j');
    expect(await focused()).toBe(ids[1]);
    await page.keyboard.press('k');
    expect(await focused()).toBe(ids[2]);
  });

  it('loads older posts when asked', async () => {
    const { id, ids } = await site.coverage(Array.from({ length: 25 }, (_, at) => `Post ${at + 1}.`));
    const { page } = await site.openDesk(id);
    await page.locator(post(ids[24] as string)).waitFor();
    expect(await page.locator(post(ids[0] as string)).count()).toBe(0);
    await page.getByRole('link', { name: 'Older posts' }).click();
    await page.locator(post(ids[0] as string)).waitFor();
  });
});
