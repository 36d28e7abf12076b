import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser, startFirefox, type TestBrowser } from '../../browser.ts';
import { eventually, isLive } from '../../newsroom.ts';
import { chooseUndoSeconds, deskSite } from '../desk-site.ts';
import { choosePhotos, smallPhoto } from './photos.ts';

describeWith(needs.chromium, 'cropping a picture of a post in Chromium', (chromium) => examine(() => startBrowser(chromium)));
describeWith.nightly(needs.firefox, 'cropping a picture of a post in Firefox', (firefox) => examine(() => startFirefox(firefox)));

const row = (page: Page) => page.locator('desk-composer .composer-row[data-media="image"]');

function examine(start: () => Promise<TestBrowser>): void {
  const site = deskSite(start);

  it('uploads the chosen part in place of the whole picture, and can be changed', async () => {
    const { id } = await site.coverage();
    const { page, complaints } = await site.openDesk(id);
    await isLive(page);
    await chooseUndoSeconds(page, 0);
    await page.locator('desk-composer .desk-add-pictures').waitFor();
    await page.getByRole('textbox', { name: 'Text', exact: true }).fill('Smoke over the harbour.');
    await choosePhotos(page, await smallPhoto());
    await row(page).getByLabel('What the picture shows').fill('Smoke');
    await row(page).getByText('Uploaded').waitFor();
    await crop(page, '16:9', 180 / 320);
    await crop(page, '1:1', 1);
    await page.locator('desk-composer .composer-publish').click();
    await eventually(async () => {
      const [post] = (await site.author.listPosts(id)).posts;
      expect(post?.media).toMatchObject([{ type: 'image', alt: 'Smoke', width: 240, height: 240 }]);
    });
    expect(complaints).toEqual([]);
  });

  it('uploads the chosen part if the post is published in the moment in which the dialog closes', async () => {
    const { id } = await site.coverage();
    const { page } = await site.openDesk(id);
    await isLive(page);
    await chooseUndoSeconds(page, 0);
    await page.locator('desk-composer .desk-add-pictures').waitFor();
    await choosePhotos(page, await smallPhoto());
    await row(page).getByLabel('What the picture shows').fill('Smoke');
    await row(page).getByText('Uploaded').waitFor();
    await row(page).getByRole('button', { name: 'Crop' }).click();
    const dialog = page.getByRole('dialog', { name: 'Crop the picture' });
    await dialog.getByRole('radio', { name: '1:1' }).check({ force: true });
    const mark = dialog.getByRole('application', { name: 'Point that stays in view' });
    for (let press = 0; press < 5; press += 1) await mark.press('ArrowUp');
    await page.evaluate(`new MutationObserver(() => document.querySelector('desk-composer .composer-publish').click())
      .observe(document.querySelector('.desk-crop'), { attributeFilter: ['open'] })`);
    await dialog.getByRole('button', { name: 'Crop', exact: true }).click();
    await eventually(async () => {
      const [post] = (await site.author.listPosts(id)).posts;
      expect(post?.media).toMatchObject([{ width: 240, height: 240, focus: { x: 0.5, y: 0.4 } }]);
    });
  });

  it('sets the point that stays in view of a picture that readers have already', async () => {
    const { id } = await site.coverage();
    const { buffer, mimeType } = await smallPhoto(210);
    const { url } = await site.author.uploadMedia(id, new Uint8Array(buffer), mimeType);
    await site.publish(id, { media: [{ type: 'image', url, alt: 'Smoke' }] });
    const { page, complaints } = await site.openDesk(id);
    await chooseUndoSeconds(page, 0);
    await page.getByRole('button', { name: /^Edit or correct/ }).press('Enter');
    const form = page.locator('desk-correct');
    await form.locator('.composer-more > summary').click();
    await form.getByRole('button', { name: 'Point in view' }).click();
    const dialog = page.getByRole('dialog', { name: 'Point that stays in view' });
    const mark = dialog.getByRole('application', { name: 'Point that stays in view' });
    const { x, y, width, height } = (await dialog.locator('img').boundingBox())!;
    await page.mouse.click(x + width * 0.25, y + height * 0.75);
    await mark.press('ArrowRight');
    await dialog.getByText('In view: 27% from the left and 75% from the top').waitFor();
    await dialog.getByRole('button', { name: 'Set' }).click();
    await dialog.waitFor({ state: 'detached' });
    await form.getByLabel('There is more now').check({ force: true });
    await form.locator('.composer-publish').press('Enter');
    await eventually(async () => {
      const [post] = (await site.author.listPosts(id)).posts;
      const [picture] = post?.media ?? [];
      expect(picture).toMatchObject({ alt: 'Smoke', width: 320, focus: { y: expect.closeTo(0.75, 2) } });
      expect(picture).toMatchObject({ focus: { x: expect.closeTo(0.27, 2) } });
    });
    expect(complaints).toEqual([]);
  });

  /** Resolves once the preview is the chosen part. `shape`: its height divided by its width. */
  async function crop(page: Page, ratio: string, shape: number): Promise<void> {
    await row(page).getByRole('button', { name: 'Crop' }).click();
    const dialog = page.getByRole('dialog', { name: 'Crop the picture' });
    await dialog.getByRole('radio', { name: ratio }).check({ force: true });
    await dialog.getByRole('button', { name: 'Crop', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await eventually(async () => {
      const shown =
        "(({ naturalHeight, naturalWidth }) => naturalHeight / naturalWidth)(document.querySelector('.desk-device-picture img'))";
      expect(await page.evaluate(shown)).toBe(shape);
    });
  }
}
