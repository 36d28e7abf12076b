import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser, startLasting } from '../../browser.ts';
import { eventually, isLive } from '../../newsroom.ts';
import { deskSite, storedName } from '../desk-site.ts';
import { killBrowser } from '../outbox/outbox-site.ts';
import { choosePhotos, smallPhoto } from './photos.ts';

const row = (page: Page) => page.locator('desk-composer .composer-row[data-media="image"]');
const description = (page: Page) => row(page).getByLabel('What the picture shows');
const publish = (page: Page) => page.locator('desk-composer .composer-publish');

describeWith(needs.chromium, 'a photo from the phone', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));

  it('survives a killed browser with its text, and is published from there', async () => {
    const { id } = await site.coverage([], { headline: 'Harbour fire' });
    const profile = await mkdtemp(join(tmpdir(), 'pressbox-photo-'));
    let context = await startLasting('chromium', chromium, profile);
    try {
      const before = await context.newPage();
      await site.signIn({ page: before, complaints: [] });
      await before.goto(`${site.server.url}/desk/${id}`);
      await isLive(before);
      await before.evaluate('navigator.serviceWorker.ready');
      await context.setOffline(true);
      await before.locator('.desk-add-pictures').waitFor();
      await choosePhotos(before, await smallPhoto(70));
      await description(before).fill('The quay at night');
      await eventually(async () => expect(await draftsOf(before)).toContain('The quay at night'));
      await killBrowser(profile);
      await context.close().catch(() => {});
      context = await startLasting('chromium', chromium, profile);
      const after = await context.newPage();
      // The session may have been only in the memory of the killed browser.
      await site.signIn({ page: after, complaints: [] });
      await after.goto(`${site.server.url}/desk/${id}`);
      await row(after).locator('.desk-device-picture img').waitFor();
      expect(await description(after).inputValue()).toBe('The quay at night');
      await publish(after).press('Enter');
      await eventually(async () => {
        const { posts } = await site.author.listPosts(id);
        expect(posts.map(({ media }) => media)).toMatchObject([[{ alt: 'The quay at night', width: 320 }]]);
      });
    } finally {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    }
  });
});

async function draftsOf(page: Page): Promise<string> {
  return await page.evaluate<string>(`new Promise((resolve) => {
    indexedDB.open(${storedName('drafts')}).onsuccess = ({ target: { result: database } }) => {
      database.transaction('drafts').objectStore('drafts').getAll().onsuccess = ({ target: { result } }) => {
        database.close();
        resolve(JSON.stringify(result));
      };
    };
  })`);
}
