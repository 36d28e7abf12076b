import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser, startFirefox, type TestBrowser } from '../../browser.ts';
import { eventually, isLive } from '../../newsroom.ts';
import { chooseUndoSeconds, deskSite } from '../desk-site.ts';
import { choosePhotos, smallPhoto } from './photos.ts';

describeWith(needs.chromium, 'cropping a picture of a post in Chromium', (chromium) => examine(() => startBrowser(chromium)));
describeWith(needs.firefox, 'cropping a picture of a post in Firefox', (firefox) => examine(() => startFirefox(firefox)));

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
