import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser, startFirefox, type TestBrowser } from '../browser.ts';
import { eventually } from '../newsroom.ts';
import { deskSite, storedName } from './desk-site.ts';

/** A press of "Publish" ends with an entry in the outbox, or with a sentence that says why not. */
function presses(start: () => Promise<TestBrowser>): void {
  const site = deskSite(start);
  const text = (page: Page) => page.locator('desk-composer .rich-text');
  const publish = (page: Page) => page.locator('desk-composer .composer-publish');
  const bodies = async (id: string) => (await site.author.listPosts(id)).posts.map(({ body }) => body);
  const open = async () => {
    const { id } = await site.coverage();
    const { page } = await site.openDesk(id);
    await text(page).click();
    await page.keyboard.insertText('The quay is closed.');
    return { id, page };
  };

  it('publishes although a notice moves the button between the beginning and the end of the press', async () => {
    const { id, page } = await open();
    await publish(page).hover();
    await page.mouse.down();
    await publish(page).evaluate((button) => {
      button.style.translate = '0 -160px';
    });
    await page.mouse.up();
    await eventually(async () => expect(await bodies(id)).toEqual(['The quay is closed.']));
  });

  it('publishes nothing if the author moves away from the button before the end of the press', async () => {
    const { page } = await open();
    await publish(page).hover();
    await page.mouse.down();
    await page.mouse.move(200, 500);
    await page.mouse.up();
    await page.keyboard.press('?');
    expect(await text(page).textContent()).toBe('The quay is closed.');
    expect(await page.locator('.desk-outbox li').count()).toBe(0);
  });

  it('says that the device has not stored the post yet while another tab holds its database', async () => {
    const { id, page } = await open();
    await page.evaluate(`new Promise((resolve, reject) => {
      const opening = indexedDB.open(${storedName('outbox')});
      opening.onerror = reject;
      opening.onsuccess = () => {
        const entries = opening.result.transaction('entries', 'readwrite').objectStore('entries');
        const hold = () => {
          if (window.isReleased) opening.result.close();
          else entries.count().onsuccess = hold;
        };
        hold();
        resolve();
      };
    })`);
    await publish(page).click();
    const notice = page.getByText('Not stored on this device yet.');
    await notice.waitFor();
    expect(await page.locator('.desk-outbox li').count()).toBe(0);
    await page.evaluate('window.isReleased = true');
    await notice.waitFor({ state: 'detached' });
    await eventually(async () => expect(await bodies(id)).toEqual(['The quay is closed.']));
  });
}

describeWith(needs.chromium, 'a press at the desk in Chromium', (chromium) => presses(() => startBrowser(chromium)));
describeWith.nightly(needs.firefox, 'a press at the desk in Firefox', (firefox) => presses(() => startFirefox(firefox)));
