import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { TestBrowser } from '../../browser.ts';
import { eventually, isLive } from '../../newsroom.ts';
import { chooseUndoSeconds, deskSite, storedName } from '../desk-site.ts';
import { choosePhotos, smallPhoto } from './photos.ts';

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

/** What every browser must do with pictures of the device. Returns what further tests need. */
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

  return { site, open, mediaOf };
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
