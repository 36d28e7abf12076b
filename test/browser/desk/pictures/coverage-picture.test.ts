import type { Locator, Page, Route } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser } from '../../browser.ts';
import { eventually, faultsOf } from '../../newsroom.ts';
import { deskSite } from '../desk-site.ts';
import { giveFile, type Photo, smallPhoto } from './photos.ts';
import { storedPictures } from './pictures-suite.ts';

/** Makes the address of each new coverage another one. */
let coverages = 0;

describeWith(needs.chromium, 'the picture of a coverage', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));

  it('is chosen from the device, cropped and described, for a new coverage and another one later', async () => {
    const id = `harbour-${++coverages}`;
    const { page, complaints } = await site.openDesk('');
    await page.getByRole('button', { name: 'New coverage' }).click();
    await form(page).getByLabel('Headline').fill(id);
    await form(page).locator('summary').click();
    await choose(page, await smallPhoto(100));
    await form(page).getByRole('button', { name: 'Crop' }).click();
    const cropping = page.getByRole('dialog', { name: 'Crop the picture' });
    await cropping.getByRole('radio', { name: '1:1' }).check({ force: true });
    const mark = cropping.getByRole('application', { name: 'Point that stays in view' });
    for (let press = 0; press < 5; press += 1) await mark.press('ArrowUp');
    await cropping.getByRole('button', { name: 'Crop', exact: true }).click();
    await cropping.waitFor({ state: 'detached' });
    await form(page).getByRole('button', { name: 'Open coverage' }).click();
    await form(page).getByText('This is needed.').waitFor();
    expect(await form(page).locator(':focus').getAttribute('name')).toBe('pictureAlt');
    await form(page).getByLabel('What the picture shows').fill('The harbour');
    await form(page).getByLabel('Credit').fill('Ada Moon');
    expect(await faultsOf(page)).toEqual([]);
    await form(page).getByRole('button', { name: 'Open coverage' }).click();
    await page.waitForURL(`**/desk/${id}`);
    const { picture } = await site.author.getChannel(id);
    expect(picture).toMatchObject({ alt: 'The harbour', credit: 'Ada Moon', width: 240, height: 240, focus: { x: 0.5, y: 0.4 } });
    const reader = await site.open(id);
    await reader.page.locator('.lead img[alt="The harbour"]').waitFor();
    await eventually(async () => expect(await storedPictures(page)).toBe(0));

    await page.getByRole('button', { name: 'Change' }).click();
    const present = form(page).getByRole('img', { name: 'The harbour' });
    await eventually(async () => expect(await widthOf(present)).toBeGreaterThan(0));
    expect(await faultsOf(page)).toEqual([]);
    // Its focus stays when its words change.
    await form(page).getByLabel('Caption').fill('At noon');
    await form(page).getByRole('button', { name: 'Save' }).click();
    await form(page).waitFor({ state: 'hidden' });
    expect((await site.author.getChannel(id)).picture).toEqual({ ...picture, caption: 'At noon' });
    await page.getByRole('button', { name: 'Change' }).click();
    await choose(page, await smallPhoto(101));
    expect(await present.count()).toBe(0);
    await form(page).getByLabel('What the picture shows').fill('The pier');
    await form(page).getByRole('button', { name: 'Save' }).click();
    await form(page).waitFor({ state: 'hidden' });
    const { picture: other } = await site.author.getChannel(id);
    expect(other).toMatchObject({ alt: 'The pier', width: 320, height: 240 });
    expect(other).not.toHaveProperty('focus');
    await reader.page.locator('.lead img[alt="The pier"]').waitFor();
    expect(complaints).toEqual([]);
  });

  it('is uploaded once there is a network, after its coverage, if there is none now', async () => {
    const id = `storm-${++coverages}`;
    const { page } = await site.openDesk('', {}, { viewport: { width: 390, height: 844 } });
    await page.getByRole('button', { name: 'New coverage' }).waitFor();
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'New coverage' }).click();
    await form(page).getByLabel('Headline').fill(id);
    await form(page).locator('summary').click();
    await choose(page, await smallPhoto(120));
    await form(page).getByLabel('What the picture shows').fill('Waves');
    await form(page).getByRole('button', { name: 'Open coverage' }).click();
    await form(page).getByText('It is kept on this device').waitFor();
    await page.context().setOffline(false);
    await eventually(async () => {
      expect(await site.author.getChannel(id)).toMatchObject({ picture: { alt: 'Waves', width: 320 }, revision: 2 });
    });
  });

  it('is dropped onto the form or pasted into it, and another one has a description of its own', async () => {
    const { id } = await site.coverage([], { headline: 'The regatta' });
    const { page } = await site.openDesk(id);
    await page.locator('desk-composer .desk-add-pictures').waitFor();
    await page.getByRole('button', { name: 'Change' }).click();
    await form(page).getByLabel('Headline').waitFor();
    await giveFile(page, 'desk-coverage-form form', 'drop', {
      name: 'notes.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('x'),
    });
    await form(page).getByText('Only pictures can be added here.').waitFor();
    await giveFile(page, 'desk-coverage-form form', 'drop', await smallPhoto(140));
    const shown = form(page).locator('.desk-device-picture img');
    await eventually(async () => expect(await widthOf(shown)).toBe(320));
    expect(await form(page).getByText('Only pictures can be added here.').count()).toBe(0);
    await form(page).getByLabel('What the picture shows').fill('The start');
    await giveFile(page, 'desk-coverage-form [name="pictureAlt"]', 'paste', await smallPhoto(141));
    await eventually(async () => expect(await form(page).getByLabel('What the picture shows').inputValue()).toBe(''));
    await form(page).getByLabel('What the picture shows').fill('The finish');
    await form(page).getByRole('button', { name: 'Save' }).click();
    await form(page).waitFor({ state: 'hidden' });
    expect((await site.author.getChannel(id)).picture).toMatchObject({ alt: 'The finish', width: 320 });
    // Not of the post that may be written behind the form.
    expect(await page.locator('desk-composer .composer-row').count()).toBe(0);
  });

  it('is on the page of a new coverage although the desk was closed before the server had answered', async () => {
    const { page } = await site.openDesk('');
    const held: Route[] = [];
    await page.route('**/v1/channels', (route) => void held.push(route));
    await page.getByRole('button', { name: 'New coverage' }).click();
    await form(page).getByLabel('Headline').fill('The storm');
    await form(page).locator('details > summary').click();
    await choose(page, await smallPhoto(170));
    await form(page).getByLabel('What the picture shows').fill('Waves');
    await form(page).getByRole('button', { name: 'Open coverage' }).click();
    await eventually(async () => expect(held.filter((route) => route.request().method() === 'POST').length).toBe(1));
    await eventually(async () => expect(await page.locator('.desk-outbox li').count()).toBe(2));
    await page.unroute('**/v1/channels');
    await page.reload();
    await eventually(async () => expect((await site.author.getChannel('the-storm')).picture).toMatchObject({ alt: 'Waves' }));
  });

  it('stays in the form of a new coverage whose address is taken', async () => {
    const { id } = await site.coverage();
    const { page } = await site.openDesk('');
    await page.getByRole('button', { name: 'New coverage' }).click();
    await form(page).getByLabel('Headline').fill('The match');
    await form(page).locator('details > summary').click();
    await form(page).getByLabel('Address', { exact: true }).fill(id);
    await choose(page, await smallPhoto(171));
    await form(page).getByLabel('What the picture shows').fill('A goal');
    await form(page).getByRole('button', { name: 'Open coverage' }).click();
    await eventually(async () => expect(await page.evaluate('document.activeElement.id')).toBe('coverage-id'));
    expect(await page.locator('.desk-outbox li').count()).toBe(0);
    await form(page).getByLabel('Address', { exact: true }).fill('the-match');
    await form(page).getByRole('button', { name: 'Open coverage' }).click();
    await page.waitForURL(/the-match$/);
    await eventually(async () => expect((await site.author.getChannel('the-match')).picture).toMatchObject({ alt: 'A goal' }));
    expect((await site.author.getChannel(id)).picture).toBeNull();
  });

  it('may take long to upload, which the form says while it waits, also after the form was closed', async () => {
    const { id } = await site.coverage([], { headline: 'The flood' });
    const { page } = await site.openDesk(id);
    const uploads: Route[] = [];
    await page.route(`**/${id}/media`, (route) => void uploads.push(route));
    const save = async (red: number, alt: string) => {
      await page.getByRole('button', { name: 'Change' }).click();
      await choose(page, await smallPhoto(red));
      await form(page).getByLabel('What the picture shows').fill(alt);
      await form(page).getByRole('button', { name: 'Save' }).click();
      await form(page)
        .getByText(/^Is being uploaded: \d+%$/)
        .waitFor();
      await form(page).getByText('You can close this').waitFor();
      expect(await form(page).getByText('as soon as the server can be reached').count()).toBe(0);
      // What is changed now would be lost when the form closes.
      await giveFile(page, 'desk-coverage-form form', 'drop', await smallPhoto(red + 5));
      await form(page).getByLabel('Headline').focus();
      await page.keyboard.type('Lost');
      expect(await form(page).getByLabel('Headline').inputValue()).toBe('The flood');
      expect(await form(page).getByLabel('What the picture shows').inputValue()).toBe(alt);
    };
    await save(150, 'The embankment');
    expect(await faultsOf(page)).toEqual([]);
    await uploads[0]?.continue();
    await form(page).waitFor({ state: 'hidden' });
    expect(await site.author.getChannel(id)).toMatchObject({ picture: { alt: 'The embankment' }, revision: 2 });
    await save(151, 'The bridge');
    await form(page).getByRole('button', { name: 'Close' }).click();
    await page.locator('.desk-outbox').getByText('Waits for its picture').waitFor();
    await uploads[1]?.continue();
    await eventually(async () => {
      expect(await site.author.getChannel(id)).toMatchObject({ picture: { alt: 'The bridge' }, revision: 3 });
    });
  });

  it('that is refused after the form was closed stays in the list, with the fields of the form', async () => {
    const { id } = await site.coverage([], { headline: 'The strike' });
    const { page } = await site.openDesk(id);
    const uploads: Route[] = [];
    await page.route(`**/${id}/media`, (route) => void uploads.push(route));
    await page.getByRole('button', { name: 'Change' }).click();
    const { name, mimeType, buffer } = await smallPhoto(160);
    await choose(page, { name, mimeType, buffer: buffer.subarray(0, 200) });
    await form(page).getByLabel('What the picture shows').fill('A gate');
    await form(page).getByRole('button', { name: 'Save' }).click();
    await eventually(async () => expect(uploads.length).toBe(1));
    await page.keyboard.press('Escape');
    await form(page).waitFor({ state: 'hidden' });
    await uploads[0]?.continue();
    await page.locator('.desk-outbox').getByText('Its picture was not accepted').waitFor();
  });

  it('says why the server does not take a file, and keeps the fields', async () => {
    const { id } = await site.coverage([], { headline: 'The vote' });
    const { page } = await site.openDesk(id);
    await page.getByRole('button', { name: 'Change' }).click();
    const { name, mimeType, buffer } = await smallPhoto(130);
    await choose(page, { name, mimeType, buffer: buffer.subarray(0, 200) });
    await form(page).getByLabel('What the picture shows').fill('Nothing');
    await form(page).getByRole('button', { name: 'Save' }).click();
    await form(page).getByText('The file is damaged').waitFor();
    await choose(page, await smallPhoto(131));
    await form(page).getByLabel('What the picture shows').fill('A queue');
    await form(page).getByRole('button', { name: 'Save' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(await site.author.getChannel(id)).toMatchObject({ picture: { alt: 'A queue' }, revision: 2 });
  });
});

const form = (page: Page) => page.getByRole('dialog', { name: /coverage$/i });

/** The width of the file that is drawn, in pixels. 0 until then. */
const widthOf = (image: Locator) => image.evaluate((one) => (one as unknown as { naturalWidth: number }).naturalWidth);

/** Chooses a file in place of the one that was chosen before. */
async function choose(page: Page, photo: Photo): Promise<void> {
  const remove = form(page).getByRole('button', { name: 'Remove the picture' });
  if ((await remove.count()) > 0) await remove.click();
  await form(page).locator('desk-coverage-picture input[type="file"]').first().setInputFiles(photo);
  await remove.waitFor();
}
