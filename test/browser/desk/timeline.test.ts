import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { few } from '../newsroom.ts';
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

  it("counts a colleague's correction of the author's own post as a correction, and names the colleague", async () => {
    const { id } = await site.coverage(Array.from({ length: 6 }, (_, at) => `Post ${at + 1}. ${few}`));
    const { page } = await site.openDesk(id, { sub: 'tom', name: 'Tom Kilburn' });
    await page.locator('desk-composer .rich-text').click();
    await page.keyboard.insertText('The tower is 171 metres high.');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('button', { name: /^Send now/ }).click();
    await page.locator('.desk-outbox [data-state="out"]').waitFor();
    const { posts } = await site.author.listPosts(id, { limit: 1 });
    const [own] = posts;
    await page.locator('#posts > .post').last().scrollIntoViewIfNeeded();
    await site.author.correct(id, own?.id as string, 1, { note: 'It was 117.', changes: { body: 'It is 117 metres high.' } });
    const counter = page.locator('.new-posts');
    await counter.getByText(/1 correction by /).waitFor();
    const by = (await site.author.getPost(id, own?.id as string)).history.at(-1) as { by?: string };
    expect((await counter.textContent())?.trim()).toBe(`↑ 1 correction by ${by.by}`);
    await page.locator('.desk-timeline > [role=status]', { hasText: `by ${by.by}` }).waitFor();
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
