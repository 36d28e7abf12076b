import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { startLossyFront } from '../../support/servers/lossy-front.ts';
import { linkCodeFor } from '../../support/servers/sign-in-links.ts';
import { bodyText, deskPost, openAt, writeBody } from '../desk/changes/changes-suite.ts';
import { chooseUndoSeconds, type DeskSite } from '../desk/desk-site.ts';
import { choosePhotos, smallPhoto } from '../desk/pictures/photos.ts';
import { eventually, isLive, post } from '../newsroom.ts';

/** Each room of the desk does what it is for. */
export function deskSmoke(site: DeskSite): void {
  it('signs an author in by a link, and opens their only coverage', async () => {
    const { id } = await site.coverage([], { headline: 'The moon landing' });
    const { page, complaints } = await site.browser.page({ locale: 'en-GB' });
    await page.goto(`${site.server.url}/desk/sign-in#${await linkCodeFor(site.server, { grants: { author: [id] } })}`);
    await page.getByRole('heading', { name: 'Sign in as Ruth Calder' }).waitFor();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'The moon landing' }).waitFor();
    await page.getByRole('banner').getByText('Ruth Calder').waitFor();
    expect(page.url()).toBe(`${site.server.url}/desk/${id}`);
    expect(complaints).toEqual([]);
  });

  it('delivers a first post to an open page when its author sends it, and says so', async () => {
    const { id } = await site.coverage();
    const reader = await site.open(id);
    const { page, complaints } = await site.openDesk(id);
    await chooseUndoSeconds(page, 30);
    await text(page).click();
    await page.keyboard.type('The fire is under control.');
    await publish(page).click();
    await page.getByText(/^Goes out in \d+ s/).waitFor();
    await page.getByRole('button', { name: 'Send now' }).click();
    await page.getByText('Readers have it', { exact: true }).waitFor();
    await reader.page.locator('#posts').getByText('The fire is under control.').waitFor();
    await page.locator('#posts').getByText('The fire is under control.').waitFor();
    expect(await text(page).textContent()).toBe('');
    expect(await bodiesOf(id)).toEqual(['The fire is under control.']);
    expect(complaints).toEqual([]);
  });

  it('corrects a post on an open page, with the note that it suggests', async () => {
    const { id, ids } = await site.coverage(['40 people were injured.']);
    const reader = await site.open(id);
    const { page, complaints } = await openAt(site, id, ids[0]);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    await writeBody(page, '14 people were injured.');
    await page.getByLabel('We were wrong').check();
    await page.getByRole('button', { name: 'Publish the change' }).click();
    const shown = post(reader.page, ids[0]);
    await shown.locator('.change-correction').getByText('An earlier version said 40 people were injured. It was 14.').waitFor();
    await shown.getByText('14 people were injured.', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('keeps both texts when a colleague changes the post first, and publishes the one that the author chooses', async () => {
    const { id, ids } = await site.coverage(['40 people were injured.']);
    const [postId = ''] = ids;
    const { page } = await openAt(site, id, postId);
    await deskPost(page, postId).getByRole('button', { name: 'Edit or correct' }).click();
    await writeBody(page, '14 people were injured.');
    await page.getByLabel('Typing slip').check();
    await site.author.revise(id, postId, 1, { kind: 'update', changes: { body: '41 people were injured.' } });
    await page.getByText('This post has changed since you began.').waitFor();
    expect(await bodyText(page)).toBe('14 people were injured.');
    await page.getByRole('button', { name: 'Publish the change' }).click();
    await page.getByRole('button', { name: /^Compare/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('del', { hasText: '41' }).waitFor();
    await dialog.locator('ins', { hasText: '14' }).waitFor();
    expect((await site.author.getPost(id, postId)).body).toBe('41 people were injured.');
    await dialog.getByLabel('Yours').first().check();
    await dialog.getByRole('button', { name: 'Publish this version' }).click();
    await eventually(async () => {
      const { revision, body } = await site.author.getPost(id, postId);
      expect([revision, body]).toEqual([3, '14 people were injured.']);
    });
  });

  it('keeps a post that is written without a network, and sends it once, even if a request and an answer are lost', async () => {
    const { id } = await site.coverage();
    // Each request has its own connection: what is lost on one that was used before is repeated by Chromium itself.
    await using front = await startLossyFront(site.server.url, ({ headers }) => {
      headers.connection = 'close';
      return false;
    });
    const watched = await site.browser.page({ locale: 'en-GB' });
    const { page, complaints } = watched;
    await site.signIn(watched);
    await page.goto(`${front.url}/desk/${id}`);
    await isLive(page);
    await chooseUndoSeconds(page, 0);
    await page.context().setOffline(true);
    await text(page).fill('Written in a tunnel.');
    await publish(page).click();
    await page.locator('.desk-outbox li[data-state="saved"]').getByText('Written in a tunnel.').waitFor();
    await page.getByText('1 not out yet · no network').waitFor();
    front.network.losses = ['request', 'answer'];
    await page.context().setOffline(false);
    await page.getByText('Readers have it', { exact: true }).waitFor();
    expect(front.network.losses).toEqual([]);
    expect(await bodiesOf(id)).toEqual(['Written in a tunnel.']);
    expect(complaints).toEqual([]);
  });

  it('uploads a picture from the device, and readers see it', async () => {
    const { id } = await site.coverage();
    const reader = await site.open(id);
    const { page, complaints } = await site.openDesk(id);
    await chooseUndoSeconds(page, 0);
    await page.locator('desk-composer .desk-add-pictures').waitFor();
    await choosePhotos(page, await smallPhoto());
    const row = page.locator('desk-composer .composer-row[data-media="image"]');
    await row.getByLabel('What the picture shows').fill('Smoke above two cranes');
    await row.getByText('Uploaded', { exact: true }).waitFor();
    await publish(page).click();
    const picture = reader.page.locator('#posts img[alt="Smoke above two cranes"]');
    await picture.waitFor();
    const isDrawn = () => picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth > 0);
    await eventually(async () => expect(await isDrawn()).toBe(true));
    expect(complaints).toEqual([]);
  });

  it('opens a coverage, which its list then names', async () => {
    const { page, complaints } = await site.openDesk();
    await page.getByRole('button', { name: 'New coverage' }).click();
    await page.getByRole('dialog').getByLabel('Headline').fill('Élections à Zürich');
    await page.getByRole('dialog').getByRole('button', { name: 'Open coverage' }).click();
    await page.waitForURL('**/desk/elections-a-zurich');
    await page.getByRole('heading', { level: 1, name: 'Élections à Zürich' }).waitFor();
    await page.goto(`${site.server.url}/desk/`);
    await page.locator('.desk-coverage').getByRole('link', { name: 'Élections à Zürich' }).waitFor();
    expect((await site.author.getChannel('elections-a-zurich')).state).toBe('live');
    expect(complaints).toEqual([]);
  });

  it('names another post that has the figure that was corrected', async () => {
    const { id, ids } = await site.coverage([
      'The order applies to 4,700 people.',
      { headline: 'So far', body: 'About 4,700 people left their homes.' },
      'The road is closed.',
    ]);
    const { page, complaints } = await openAt(site, id, ids[0]);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    await writeBody(page, 'The order applies to 4,100 people.');
    await page.getByLabel('We were wrong').check();
    await page.getByRole('button', { name: 'Publish the change' }).click();
    const found = page.locator('.desk-restatements [data-restatement]');
    await found.locator('mark', { hasText: '4,700' }).waitFor();
    expect(await found.evaluateAll((all) => all.map((one) => one.getAttribute('data-restatement')))).toEqual([ids[1]]);
    expect(complaints).toEqual([]);
  });

  const text = (page: Page) => page.locator('desk-composer').getByRole('textbox', { name: 'Text', exact: true });
  const publish = (page: Page) => page.locator('desk-composer .composer-publish');
  const bodiesOf = async (id: string) => (await site.author.listPosts(id)).posts.map(({ body }) => body);
}
