import { expect, it } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { eventually, few } from '../newsroom.ts';
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

  it('names who corrected a post, also if another colleague refiled it before the name was known', async () => {
    const { id, ids } = await site.coverage(['The tower is 171 metres high.', ...Array.from({ length: 5 }, () => few)]);
    const [postId] = ids as [string];
    const { page } = await site.openDesk(id);
    await page.locator(post(postId)).scrollIntoViewIfNeeded();
    await page.locator('#posts > .post').first().scrollIntoViewIfNeeded();
    const { promise: refiled, resolve: sendNames } = Promise.withResolvers<void>();
    await page.route(`**/v1/channels/${id}/posts/${postId}`, async (route) => {
      await refiled;
      await route.continue();
    });
    const jane = new AuthorClient({ url: site.server.url, token: await site.server.token({ editor: ['*'] }, { sub: 'jane' }) });
    await jane.correct(id, postId, 1, { note: 'It was 117.', changes: { body: 'It is 117 metres high.' } });
    await site.author.revise(id, postId, 2, { kind: 'refile', changes: { body: 'It is 117 metres tall.' } });
    await page.locator(post(postId), { hasText: '117 metres tall' }).waitFor();
    sendNames();
    await page.locator('.desk-timeline > [role=status]', { hasText: 'It was 117. by jane' }).waitFor();
    expect((await page.locator('.new-posts').textContent())?.trim()).toMatch(/1 correction by jane$/);
  });

  it('leaves no draft behind when a pin is undone', async () => {
    const { id, ids } = await site.coverage(['The harbour burns.']);
    const { page } = await site.openDesk(id);
    await page.locator(post(ids[0] as string)).waitFor();
    await page.context().setOffline(true);
    await page
      .locator(post(ids[0] as string))
      .getByRole('button', { name: /^Pin/ })
      .click();
    const waiting = page.locator('.desk-outbox [data-entry]');
    await waiting.getByRole('button', { name: /^Undo/ }).waitFor();
    expect(await waiting.getByRole('button').allTextContents()).toEqual(['Undo']);
    await waiting.getByRole('button', { name: /^Undo/ }).click();
    await waiting.waitFor({ state: 'detached' });
    expect(await page.locator('.desk-drafts, .desk-listed').count()).toBe(0);
  });

  it('opens a change again after its author left while its form was being loaded', async () => {
    const { id, ids } = await site.coverage(['The harbour burns.']);
    const { page } = await site.openDesk(id, {}, { serviceWorkers: 'block' });
    const text = page.locator(post(ids[0] as string)).getByRole('textbox', { name: 'Text', exact: true });
    await page
      .locator(post(ids[0] as string))
      .getByRole('button', { name: 'Edit or correct' })
      .click();
    await text.fill('The mole burns.');
    const html = await (await page.request.get(`${site.server.url}/desk/`)).text();
    const needed = new Set([...html.matchAll(/[\w/-]*\/assets\/desk[\w.-]*\.js/g)].map(([path]) => path));
    const { promise: left, resolve: load } = Promise.withResolvers<void>();
    await page.route('**/assets/desk*.js', async (route) => {
      if (!needed.has(new URL(route.request().url()).pathname)) await left;
      await route.continue();
    });
    await page.reload();
    await page.locator(post(ids[0] as string)).waitFor();
    await page.locator('.bar > .home').click();
    await page.locator(post(ids[0] as string)).waitFor({ state: 'detached' });
    load();
    await page.evaluate("customElements.whenDefined('desk-correct').then(() => {})");
    await page.goBack();
    await eventually(async () => expect(await text.textContent()).toBe('The mole burns.'));
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
