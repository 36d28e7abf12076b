import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { TestBrowser } from '../../browser.ts';
import { eventually, faultsOf, isLive } from '../../newsroom.ts';
import { chooseUndoSeconds, deskSite, storedName } from '../desk-site.ts';
import { choosePhotos, giveFile, smallPhoto } from './photos.ts';

export const composer = (page: Page) => page.locator('desk-composer');
export const text = (page: Page) => page.getByRole('textbox', { name: 'Text', exact: true });
export const row = (page: Page) => composer(page).locator('.composer-row[data-media="image"]');
export const description = (page: Page) => row(page).getByLabel('What the picture shows');
export const publish = (page: Page) => composer(page).locator('.composer-publish');
export const entries = (page: Page) => page.locator('.desk-outbox li');
const thumbnail = (page: Page) => row(page).locator('.desk-device-picture img');

/** Resolves once the browser has drawn the picture. */
export async function isDrawn(page: Page): Promise<void> {
  await eventually(async () => {
    expect(await thumbnail(page).evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth)).toBe(320);
  });
}

/** What every browser must do with pictures of the device. */
export function pictures(start: () => Promise<TestBrowser>) {
  const site = deskSite(start);

  async function open(options: BrowserContextOptions = {}) {
    const { id } = await site.coverage([], { headline: 'Harbour fire' });
    const watched = await site.openDesk(id, {}, options);
    await isLive(watched.page);
    await composer(watched.page).locator('.desk-add-pictures').waitFor();
    await chooseUndoSeconds(watched.page, 0);
    return { id, ...watched };
  }
  const mediaOf = async (id: string) => (await site.author.listPosts(id)).posts.map(({ media }) => media);

  it('are uploaded once and shown in every tab, also by another tab if the one that uploads is closed', async () => {
    const { id, page, complaints } = await open();
    const uploads: Page[] = [];
    const watchUploads = (tab: Page) =>
      tab.on('request', (request) => {
        if (request.method() === 'POST' && request.url().endsWith(`/${id}/media`)) uploads.push(tab);
      });
    watchUploads(page);
    // The tab that was first sends for both.
    const other = await page.context().newPage();
    watchUploads(other);
    await other.goto(`${site.server.url}/desk/${id}`);
    await isLive(other);
    await composer(other).locator('.desk-add-pictures').waitFor();
    await choosePhotos(other, await smallPhoto(90));
    await description(other).fill('The lighthouse');
    await row(other).getByText('Uploaded', { exact: true }).waitFor();
    expect(uploads).toEqual([page]);
    await publish(other).press('Enter');
    for (const tab of [page, other]) await tab.locator('#posts img[alt="The lighthouse"]').waitFor();

    // Never answered, and the tab is closed meanwhile.
    await page.route(`**/${id}/media`, () => {});
    await choosePhotos(other, await smallPhoto(91));
    await description(other).fill('The beach');
    await eventually(async () => expect(uploads).toEqual([page, page]));
    await publish(other).press('Enter');
    await entries(other).getByText('Waits for its picture').waitFor();
    await page.close();
    await other.locator('#posts img[alt="The beach"]').waitFor();
    expect(uploads).toEqual([page, page, other]);
    expect(await mediaOf(id)).toMatchObject([[{ alt: 'The beach' }], [{ alt: 'The lighthouse' }]]);
    await eventually(async () => expect(await storedPictures(other)).toBe(0));
    expect(complaints).toEqual([]);
  });

  it('are shown, uploaded while their author writes, and published with their description and credit', async () => {
    const { id, page, complaints } = await open();
    await text(page).fill('Smoke over the harbour.');
    await choosePhotos(page, await smallPhoto(10));
    await isDrawn(page);
    await row(page).getByText('Uploaded', { exact: true }).waitFor();
    await publish(page).press('Enter');
    await page.getByRole('alert').getByText('What the picture shows').waitFor();
    await description(page).fill('Smoke above two cranes');
    await row(page).getByLabel('Credit').fill('Ada Moon');
    expect(await faultsOf(page)).toEqual([]);
    await composer(page).getByRole('button', { name: 'Preview', exact: true }).press('Enter');
    expect(await composer(page).locator('.composer-preview img').getAttribute('src')).toMatch(/^blob:/);
    await publish(page).press('Enter');
    await page.locator('#posts img[alt="Smoke above two cranes"]').waitFor();
    const reader = await site.open(id);
    await reader.page.locator('#posts img[alt="Smoke above two cranes"]').waitFor();
    expect(await mediaOf(id)).toMatchObject([[{ type: 'image', alt: 'Smoke above two cranes', credit: 'Ada Moon', width: 320 }]]);
    // Its bytes are no longer needed on the device, and its credit is remembered.
    await eventually(async () => expect(await storedPictures(page)).toBe(0));
    await choosePhotos(page, await smallPhoto(11));
    expect(await row(page).getByLabel('Credit').inputValue()).toBe('Ada Moon');
    expect(complaints).toEqual([]);
  });

  it('are pasted and dropped, and one that is only decorative needs no description', async () => {
    const { id, page } = await open();
    await giveFile(page, 'desk-composer [data-path="body"]', 'paste', await smallPhoto(20));
    await isDrawn(page);
    await row(page).getByLabel('Only decorative').check();
    expect(await description(page).count()).toBe(0);
    await giveFile(page, 'desk-composer .composer-form', 'drop', await smallPhoto(21));
    await expect.poll(() => row(page).count()).toBe(2);
    await row(page).nth(1).getByLabel('What the picture shows').fill('A crane');
    await publish(page).press('Enter');
    await eventually(async () => expect(await mediaOf(id)).toMatchObject([[{ alt: '' }, { alt: 'A crane' }]]));
  });

  it('stay with their draft when the page is reloaded without a network, and go out once it is back', async () => {
    const { id, page } = await open();
    await page.evaluate('navigator.serviceWorker.ready');
    await page.context().setOffline(true);
    await text(page).fill('Seen from the mole.');
    await choosePhotos(page, await smallPhoto(30));
    await description(page).fill('The mole');
    await row(page).getByText('Saved on this device, will be uploaded').waitFor();
    await eventually(async () => expect(await storedDrafts(page)).toContain('"alt":"The mole"'));
    await page.reload();
    await isDrawn(page);
    expect(await description(page).inputValue()).toBe('The mole');
    await publish(page).press('Enter');
    await entries(page).getByText('Waits for its picture').waitFor();
    await text(page).fill('A later post.');
    await publish(page).press('Enter');
    await expect.poll(() => entries(page).count()).toBe(2);
    await page.context().setOffline(false);
    await eventually(async () => {
      const media = await mediaOf(id);
      expect(media.toSorted((a, b) => a.length - b.length)).toMatchObject([[], [{ alt: 'The mole' }]]);
    });
  });

  it('keep only their own post waiting, and say why they were refused', async () => {
    const { id, page } = await open();
    await text(page).fill('With a damaged picture.');
    const { name, mimeType, buffer } = await smallPhoto(40);
    await choosePhotos(page, { name, mimeType, buffer: buffer.subarray(0, 200) });
    await description(page).fill('Nothing');
    await row(page).getByText('The file is damaged').waitFor();
    await publish(page).press('Enter');
    await entries(page).getByText('Its picture was not accepted').waitFor();
    await text(page).fill('A later post.');
    await publish(page).press('Enter');
    await page.locator('#posts').getByText('A later post.').waitFor();
    expect(await mediaOf(id)).toEqual([[]]);
    await entries(page).getByRole('button', { name: /^Edit/ }).press('Enter');
    await row(page).getByRole('button', { name: 'Try again' }).waitFor();
    await row(page)
      .getByRole('button', { name: /^Remove/ })
      .click();
    await publish(page).press('Enter');
    await page.locator('#posts').getByText('With a damaged picture.').waitFor();
    await eventually(async () => expect(await storedPictures(page)).toBe(0));
  });

  it('are added to a published post while it is edited', async () => {
    const { id, page } = await open();
    await site.publish(id, 'The fire is out.');
    const form = page.locator('desk-correct');
    await page.getByRole('button', { name: /^Edit or correct/ }).press('Enter');
    await form.locator('input[type="file"][multiple]').setInputFiles([await smallPhoto(80)]);
    const picture = form.locator('.composer-row[data-media="image"]');
    await picture.getByLabel('What the picture shows').fill('Wet ashes');
    await picture.getByText('Uploaded', { exact: true }).waitFor();
    expect(await form.locator('.desk-change-preview img').getAttribute('src')).toMatch(/^blob:/);
    await form.getByLabel('There is more now').check({ force: true });
    await form.locator('.composer-publish').press('Enter');
    await eventually(async () => expect(await mediaOf(id)).toMatchObject([[{ alt: 'Wet ashes', width: 320 }]]));
  });

  it('are seen by nobody else who signs in on the device, and are there again for their author', async () => {
    const { id, page } = await open();
    await choosePhotos(page, await smallPhoto(50));
    await row(page).getByText('Uploaded', { exact: true }).waitFor();
    await description(page).fill('The pier');
    await eventually(async () => expect(await storedDrafts(page)).toContain('"alt":"The pier"'));
    await signOut(page);
    await site.signIn({ page, complaints: [] }, { sub: 'ben', name: 'Ben' });
    await page.goto(`${site.server.url}/desk/${id}`);
    await composer(page).locator('.desk-add-pictures').waitFor();
    expect(await row(page).count()).toBe(0);
    await choosePhotos(page, await smallPhoto(51));
    await row(page).getByText('Uploaded', { exact: true }).waitFor();
    expect(await row(page).count()).toBe(1);
    await signOut(page);
    await site.signIn({ page, complaints: [] });
    await page.goto(`${site.server.url}/desk/${id}`);
    await isDrawn(page);
    expect(await description(page).inputValue()).toBe('The pier');
  });

  it('are refused with a sentence when their room is full, which is told before, and the text stays', async () => {
    const { page } = await open();
    await text(page).fill('The text stays.');
    await choosePhotos(page, await smallPhoto(60));
    await row(page).getByText('Uploaded', { exact: true }).waitFor();
    await claimBytes(page, 170);
    await page.reload();
    await composer(page).getByText('The room for pictures on this device is nearly full').waitFor();
    await claimBytes(page, 200);
    await page.reload();
    await composer(page).getByText('The room for pictures on this device is nearly full').waitFor();
    await choosePhotos(page, await smallPhoto(61));
    await composer(page).getByText('There is no room for this picture').waitFor();
    expect(await row(page).count()).toBe(1);
    expect(await text(page).textContent()).toBe('The text stays.');
  });
}

export const openDatabase = (name: string) =>
  `new Promise((resolve, reject) => { const opening = indexedDB.open(${storedName(name)}); opening.onsuccess = () => resolve(opening.result); opening.onerror = reject; })`;
export const all = (name: string, store: string) =>
  `${openDatabase(name)}.then((database) => new Promise((resolve) => {
    const asking = database.transaction('${store}').objectStore('${store}').getAll();
    asking.onsuccess = () => { database.close(); resolve(asking.result); };
  }))`;

export async function storedPictures(page: Page): Promise<number> {
  return await page.evaluate<number>(`${all('outbox', 'pictureFiles')}.then(({ length }) => length)`);
}

/** From here on the device remembers nobody, whose drafts it would show until the server says who is signed in. */
async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Sign in' }).waitFor();
}

async function storedDrafts(page: Page): Promise<string> {
  return await page.evaluate<string>(`${all('drafts', 'drafts')}.then((drafts) => JSON.stringify(drafts))`);
}

/** As if the only picture on the device had this size. */
async function claimBytes(page: Page, megabytes: number): Promise<void> {
  await page.evaluate(`${all('outbox', 'pictures')}.then(([picture]) => ${openDatabase('outbox')}.then((database) => new Promise((resolve) => {
    const change = database.transaction('pictures', 'readwrite');
    change.objectStore('pictures').put({ ...picture, bytes: ${megabytes} * 1024 * 1024 });
    change.oncomplete = () => { database.close(); resolve(); };
  })))`);
}
