import { expect, it } from 'vitest';
import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser } from '../../browser.ts';
import { eventually } from '../../newsroom.ts';
import { giveFile, smallPhoto } from './photos.ts';
import { description, isDrawn, pictures, publish, row } from './pictures-suite.ts';

describeWith(needs.chromium, 'pictures from the device', (chromium) => {
  const { open, mediaOf } = pictures(() => startBrowser(chromium));

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
});
