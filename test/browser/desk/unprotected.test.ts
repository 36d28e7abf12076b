import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { linkCodeFor } from '../../support/servers/sign-in-links.ts';
import { insecurely, startBrowser } from '../browser.ts';
import { eventually, textOf } from '../newsroom.ts';
import { deskSite, storedName } from './desk-site.ts';

/** The desk says what is not protected, and loses nothing that it can keep. */
describeWith(needs.chromium, 'a desk that is not protected', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));
  const text = (page: Page) => page.locator('desk-composer [data-path="body"]');
  const bodies = async (id: string) => (await site.author.listPosts(id)).posts.map(({ body }) => body);
  const database = storedName('outbox');
  /** The version of the schema in a desk to come. */
  const newerSchema = 1_000;

  /** The desk on a new coverage, at which breaking news goes out at once. */
  async function open() {
    const { id } = await site.coverage();
    const { page } = await site.openDesk(id);
    await text(page).waitFor();
    await page.getByRole('radio', { name: 'Breaking' }).check({ force: true });
    return { id, page };
  }

  it('keeps the text in the composer when the device is full, and says that it was not sent', async () => {
    const { id } = await site.coverage();
    const { page } = await site.browser.page({ viewport: { width: 1280, height: 900 }, locale: 'en-GB' });
    await site.signIn({ page, complaints: [] });
    const session = await page.context().newCDPSession(page);
    const allow = (quotaSize?: number) =>
      session.send('Storage.overrideQuotaForOrigin', {
        origin: site.server.origin,
        ...(quotaSize !== undefined && { quotaSize }),
      });
    // Before the desk opens: the browser remembers for half a minute how much space there was.
    await allow(spaceBytes);
    await page.goto(`${site.server.url}/desk/${id}`);
    await text(page).waitFor();
    await page.getByRole('radio', { name: 'Breaking' }).check({ force: true });
    await allow(1);
    await untilFull(page);
    await text(page).click();
    await page.keyboard.type('The quay is closed.');
    await page.keyboard.press('Control+Enter');
    await page.getByText('could not be stored on this device and was not sent').waitFor();
    expect(await textOf(text(page))).toBe('The quay is closed.');
    await page.getByText('This browser stores nothing for this page. What you write is lost').waitFor();
    expect(await bodies(id)).toEqual([]);
    // The text comes back although it cannot be stored as usual.
    await page.reload();
    await eventually(async () => expect(await textOf(text(page))).toBe('The quay is closed.'));
    await allow();
    await page
      .getByRole('button', { name: /^Publish/ })
      .first()
      .click();
    await eventually(async () => expect(await bodies(id)).toEqual(['The quay is closed.']));
  });

  it('says so over plain HTTP, and publishes', async () => {
    const { id } = await site.coverage();
    const { page, complaints } = await site.browser.page({ locale: 'en-GB', viewport: { width: 1280, height: 900 } });
    const url = insecurely(site.server.url);
    const code = await linkCodeFor(site.server, { jti: 'insecure', grants: { editor: ['*'] } });
    await page.goto(`${url}/desk/sign-in#${code}`);
    expect(await page.evaluate('isSecureContext')).toBe(false);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${url}/desk/`);
    await page.goto(`${url}/desk/${id}`);
    await page.getByText('This page is not secure (https). Unsent posts are lost if you close it.').waitFor();
    await page.getByRole('radio', { name: 'Breaking' }).check({ force: true });
    await text(page).click();
    await page.keyboard.type('Sent all the same.');
    await page.keyboard.press('Control+Enter');
    await eventually(async () => expect(await bodies(id)).toEqual(['Sent all the same.']));
    await page.locator('desk-outbox').getByText('Readers have it', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('neither sends nor loses what a newer version of it has stored, and says so', async () => {
    const { id, page } = await open();
    await page.context().setOffline(true);
    await text(page).click();
    await page.keyboard.type('By a newer desk.');
    await page.keyboard.press('Control+Enter');
    await page.locator('desk-outbox li').getByText('By a newer desk.').waitFor();
    const change = (how: string) =>
      page.evaluate<unknown[]>(`new Promise((resolve, reject) => {
        const opening = indexedDB.open(${database});
        opening.onerror = reject;
        opening.onsuccess = () => {
          const database = opening.result;
          const transaction = database.transaction('entries', 'readwrite');
          const entries = transaction.objectStore('entries');
          const all = entries.getAll();
          all.onsuccess = () => (${how})(entries, all.result);
          transaction.oncomplete = () => { database.close(); resolve(all.result); };
        };
      })`);
    await change('(entries, all) => all.forEach((entry) => entries.put({ ...entry, format: 1_000, sealed: true }))');
    await page.evaluate('caches.keys()');
    await page.context().setOffline(false);
    await page.reload();
    await page.getByText('Another tab has a newer version of this page. Reload this one.').waitFor();
    expect(await change('() => {}')).toMatchObject([{ format: 1_000, sealed: true, pending: 1, attempts: 0 }]);
    expect(await bodies(id)).toEqual([]);
    await change('(entries, all) => all.forEach(({ sealed, ...entry }) => entries.put({ ...entry, format: 1 }))');
    await page.reload();
    await eventually(async () => expect(await bodies(id)).toEqual(['By a newer desk.']));
  });

  it('lets a newer version of it change its database, and goes on', async () => {
    const { id, page } = await open();
    const newer = await page.context().newPage();
    await newer.goto(`${site.server.url}/desk/`);
    await newer.evaluate(`new Promise((resolve, reject) => {
      const opening = indexedDB.open(${database}, ${newerSchema});
      opening.onupgradeneeded = () => opening.result.createObjectStore('of the newer version');
      opening.onsuccess = () => { opening.result.close(); resolve(); };
      opening.onerror = reject;
    })`);
    await newer.close();
    await text(page).click();
    await page.keyboard.type('After the change.');
    await page.keyboard.press('Control+Enter');
    await eventually(async () => expect(await bodies(id)).toEqual(['After the change.']));
    await page.reload();
    await page.locator('desk-outbox').waitFor({ state: 'attached' });
    expect(await page.getByText('This browser stores nothing').count()).toBe(0);
  });

  it('says which tabs to close when one of them keeps a newer version from opening', async () => {
    const { id } = await site.coverage();
    const { page: old } = await site.openDesk(id, {}, { serviceWorkers: 'block' });
    await text(old).waitFor();
    const address = old.url();
    // Another page of the site holds the database and, like a tab that the browser has frozen, does not hear that it is to close it.
    await old.goto(`${site.server.url}/`);
    await old.evaluate(`new Promise((resolve, reject) => {
      const opening = indexedDB.open(${database});
      opening.onerror = reject;
      opening.onsuccess = () => resolve((window.held = opening.result) !== undefined);
    })`);
    const waiting = await old.context().newPage();
    await waiting.goto(address);
    await text(waiting).waitFor();
    const newer = await old.context().newPage();
    await newer.route(/\/desk\.[^/]*\.js$/, async (route) => {
      const answer = await route.fetch();
      await route.fulfill({
        response: answer,
        body: (await answer.text()).replace(/schemaVersion:\d+/g, `schemaVersion:${newerSchema}`),
      });
    });
    await newer.goto(address);
    await newer.getByText('Close the other tabs of the desk, and this one opens.').waitFor();
    const notice = waiting.getByText('A newer version of the desk waits in another tab.');
    await notice.waitFor();
    await old.close();
    await notice.waitFor({ state: 'detached' });
    await text(newer).click();
    await newer.keyboard.type('After the change.');
    await newer.keyboard.press('Control+Enter');
    await eventually(async () => expect(await bodies(id)).toEqual(['After the change.']));
  });
});

/** The space of a device that is full soon. */
const spaceBytes = 20_000_000;

/** Resolves once the browser refuses to store anything: it asks for the space anew when more is to be stored than it remembers. */
async function untilFull(page: Page): Promise<void> {
  await page.evaluate(`new Promise((resolve, reject) => {
    const opening = indexedDB.open('filler', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('texts', { autoIncrement: true });
    opening.onerror = reject;
    opening.onsuccess = () => {
      const add = () => {
        const transaction = opening.result.transaction('texts', 'readwrite');
        transaction.objectStore('texts').add('x'.repeat(${2 * spaceBytes}));
        transaction.oncomplete = () => setTimeout(add, 250);
        transaction.onabort = resolve;
      };
      add();
    };
  })`);
}
