import type { Locator, Page, Route } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser, startFirefox, type TestBrowser } from '../../browser.ts';
import { eventually, faultsOf, isLive } from '../../newsroom.ts';
import { chooseUndoSeconds, deskSite } from '../desk-site.ts';
import { giveFile, smallPhoto } from './photos.ts';
import { storedPictures } from './pictures-suite.ts';

const video = 'https://www.youtube.com/watch?v=dQw4w9WgXcQ';
const composer = (page: Page) => page.locator('desk-composer');
const cardOf = (form: Locator) => form.locator('.composer-row[data-media="link"]');
const pictureOf = (form: Locator) => cardOf(form).getByRole('group', { name: 'Picture for the link' });
const chooserOf = (form: Locator) => pictureOf(form).locator('input[type="file"]').first();

describeWith(needs.chromium, 'the picture of a link in Chromium', (chromium) => cardPicture(() => startBrowser(chromium)));
describeWith.nightly(needs.firefox, 'the picture of a link in Firefox', (firefox) => cardPicture(() => startFirefox(firefox)));

function cardPicture(start: () => Promise<TestBrowser>): void {
  const site = deskSite(start);

  async function open() {
    const { id } = await site.coverage([], { headline: 'Harbour fire' });
    const watched = await site.openDesk(id);
    const { page } = watched;
    await isLive(page);
    await chooseUndoSeconds(page, 0);
    await composer(page).locator('.composer-more > summary').click();
    await composer(page).getByRole('button', { name: 'Add a link' }).click();
    await composer(page).getByLabel('Title of the page').fill('The press conference');
    await composer(page).getByLabel('Address of the page').fill(video);
    return { id, ...watched };
  }
  const mediaOf = async (id: string) => (await site.author.listPosts(id)).posts.map(({ media }) => media);
  const publish = (page: Page) => composer(page).locator('.composer-publish').press('Enter');

  it('is chosen from the device, cropped and shown on the card, and taken from it later', async () => {
    const { id, page, complaints } = await open();
    const choosing = page.waitForEvent('filechooser');
    await pictureOf(composer(page)).getByRole('button', { name: 'Picture from this device' }).press('Enter');
    await (await choosing).setFiles(await smallPhoto(170));
    const crop = pictureOf(composer(page)).getByRole('button', { name: 'Crop' });
    await eventually(async () => expect(await isFocused(crop)).toBe(true));
    await crop.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Crop the picture' });
    // Cards show the middle of their picture.
    await dialog.getByRole('application').first().waitFor();
    expect(await dialog.getByRole('application').count()).toBe(1);
    await dialog.getByRole('radio', { name: '1:1' }).check({ force: true });
    expect(await faultsOf(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Crop', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await pictureOf(composer(page)).getByText('Uploaded', { exact: true }).waitFor();
    const shown = pictureOf(composer(page)).locator('.desk-device-picture img');
    await eventually(async () => expect(await sizeOf(shown)).toEqual([240, 240]));
    expect(await faultsOf(page)).toEqual([]);
    await composer(page).getByRole('button', { name: 'Preview', exact: true }).press('Enter');
    expect(await composer(page).locator('.composer-preview .card img').getAttribute('src')).toMatch(/^blob:/);
    await publish(page);
    const reader = await site.open(id);
    const drawn = reader.page.locator('#posts .card img');
    await eventually(async () => expect(await sizeOf(drawn)).toEqual([240, 240]));
    const [media] = await mediaOf(id);
    expect(media).toEqual([
      { type: 'link', url: video, title: 'The press conference', image: expect.stringContaining(`/media/${id}/`) },
    ]);
    // Its bytes are no longer needed on the device.
    await eventually(async () => expect(await storedPictures(page)).toBe(0));

    // Keys go to the window in front.
    await page.bringToFront();
    const form = page.locator('desk-correct');
    await page.getByRole('button', { name: /^Edit or correct/ }).press('Enter');
    await form.locator('.composer-more > summary').click();
    await cardOf(form).getByLabel('Address of a picture for the link').fill('');
    await chooserOf(form).setInputFiles(await smallPhoto(171));
    await pictureOf(form).getByText('Uploaded', { exact: true }).waitFor();
    await pictureOf(form).getByRole('button', { name: 'Remove the picture' }).press('Enter');
    const chooser = pictureOf(form).getByRole('button', { name: 'Picture from this device' });
    await eventually(async () => expect(await isFocused(chooser)).toBe(true));
    await form.getByLabel('There is more now').check({ force: true });
    await form.locator('.composer-publish').press('Enter');
    await drawn.waitFor({ state: 'detached' });
    expect(await mediaOf(id)).toEqual([[{ type: 'link', url: video, title: 'The press conference' }]]);
    expect(complaints).toEqual([]);
  });

  it('holds its post until it is uploaded, and may be an address instead', async () => {
    const { id, page } = await open();
    const uploads: Route[] = [];
    await page.route(`**/${id}/media`, (route) => void uploads.push(route));
    const address = cardOf(composer(page)).getByLabel('Address of a picture for the link');
    await address.fill('http://pictures.example.org/mayor.jpg');
    await publish(page);
    await page.getByRole('alert').getByText('Address of a picture for the link must begin with https://').waitFor();
    await address.fill('https://pictures.example.org/mayor.jpg');
    await publish(page);
    await eventually(async () =>
      expect(await mediaOf(id)).toMatchObject([[{ image: 'https://pictures.example.org/mayor.jpg' }]]),
    );

    await composer(page).locator('.composer-more > summary').click();
    await composer(page).getByRole('button', { name: 'Add a link' }).click();
    await composer(page).getByLabel('Title of the page').fill('The mayor');
    await composer(page).getByLabel('Address of the page').fill(video);
    await chooserOf(composer(page)).setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('x') });
    await pictureOf(composer(page)).getByText('Only pictures can be added here.').waitFor();
    await chooserOf(composer(page)).setInputFiles(await smallPhoto(180));
    await pictureOf(composer(page))
      .getByText(/^Is being uploaded/)
      .waitFor();
    await publish(page);
    await page.locator('.desk-outbox').getByText('Waits for its picture').waitFor();
    await uploads[0]?.continue();
    await eventually(async () => {
      expect(await mediaOf(id)).toMatchObject([[{ title: 'The mayor', image: expect.stringContaining(`/media/${id}/`) }], [{}]]);
    });
  });

  it('is dropped onto the link or pasted into it, and is then no picture of the post', async () => {
    const { id, page } = await open();
    const link = 'desk-composer .composer-row[data-media="link"]';
    await giveFile(page, link, 'drop', await smallPhoto(190));
    await pictureOf(composer(page)).getByText('Uploaded', { exact: true }).waitFor();
    // Replaces the one before.
    await giveFile(page, `${link} input[type="url"]`, 'paste', await smallPhoto(191));
    await eventually(async () => expect(await storedPictures(page)).toBe(1));
    await pictureOf(composer(page)).getByText('Uploaded', { exact: true }).waitFor();
    expect(await composer(page).locator('.composer-row[data-media="image"]').count()).toBe(0);
    await giveFile(page, link, 'drop', { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('x') });
    await pictureOf(composer(page)).getByText('Only pictures can be added here.').waitFor();
    await publish(page);
    const image = expect.stringContaining(`/media/${id}/`);
    await eventually(async () =>
      expect(await mediaOf(id)).toEqual([[{ type: 'link', url: video, title: 'The press conference', image }]]),
    );
  });

  it('is not given to the link that takes the place of its own', async () => {
    const { id, page } = await open();
    await composer(page).getByRole('button', { name: 'Add a link' }).click();
    const second = cardOf(composer(page)).nth(1);
    await second.getByLabel('Title of the page').fill('The minutes');
    await second.getByLabel('Address of the page').fill('https://example.org/minutes');
    // The device takes its time.
    await page.evaluate(`{ const read = Blob.prototype.arrayBuffer;
      Blob.prototype.arrayBuffer = async function () {
        await new Promise((resolve) => { window.storeIt = resolve; });
        return read.call(this);
      }; }`);
    await chooserOf(composer(page)).setInputFiles(await smallPhoto(200));
    await page.waitForFunction('window.storeIt');
    await cardOf(composer(page)).first().locator('.desk-remove').click();
    await eventually(async () => expect(await cardOf(composer(page)).count()).toBe(1));
    await page.evaluate('storeIt()');
    await eventually(async () => expect(await storedPictures(page)).toBe(1));
    await publish(page);
    const link = { type: 'link', url: 'https://example.org/minutes', title: 'The minutes' };
    await eventually(async () => expect(await mediaOf(id)).toEqual([[link]]));
  });
}

const isFocused = (element: Locator) => element.evaluate((one) => one.matches(':focus'));
const sizeOf = (image: Locator) =>
  image.evaluate((one) => {
    const { naturalWidth, naturalHeight } = one as unknown as { naturalWidth: number; naturalHeight: number };
    return [naturalWidth, naturalHeight];
  });
