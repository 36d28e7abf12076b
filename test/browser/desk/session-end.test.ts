import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { linkCodeFor } from '../../support/servers/sign-in-links.ts';
import { startBrowser, type WatchedPage } from '../browser.ts';
import { faultsOf } from '../newsroom.ts';
import { deskSite, storedName } from './desk-site.ts';

/** The end of a session at an open desk, and what happens when another begins. */

describeWith(needs.chromium, 'an open desk', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));
  let links = 0;

  /** Opens the desk with a session of this length, by a link. */
  async function openFor(
    seconds: number,
    path = '',
    watched?: WatchedPage,
    sub = 'ruth',
    name = 'Ruth Calder',
  ): Promise<WatchedPage> {
    const visit = watched ?? (await site.browser.page({ viewport: { width: 1280, height: 900 }, locale: 'en-GB' }));
    links += 1;
    const code = await linkCodeFor(site.server, {
      jti: `end-${links}`,
      sessionSeconds: seconds,
      sub,
      name,
      grants: { editor: ['*'] },
    });
    await visit.page.goto(`${site.server.url}/desk/sign-in#${code}`);
    await visit.page.getByRole('button', { name: 'Sign in' }).click();
    await visit.page.waitForURL(`${site.server.url}/desk/`);
    if (path !== '') await visit.page.goto(`${site.server.url}/desk/${path}`);
    return visit;
  }
  const composer = (page: Page) => page.locator('desk-composer textarea, desk-composer [contenteditable]').first();

  it('says ten minutes before its session ends that it does, until another session begins', async () => {
    const { page } = await openFor(612);
    await page.locator('desk-app main').waitFor();
    expect(await page.getByText('Your session ends at').count()).toBe(0);
    await page.getByText('Your session ends at').waitFor({ timeout: 20_000 });
    expect(await page.getByRole('link', { name: 'Sign in again' }).getAttribute('target')).toBe('_blank');
    expect(await faultsOf(page)).toEqual([]);
    await openFor(3_600, '', { page: await page.context().newPage(), complaints: [] });
    await page.getByText('Your session ends at').waitFor({ state: 'detached' });
  });

  it('follows a coverage for the desk alone without a break after a session that was renewed before its end', async () => {
    const { id } = await site.coverage(['One.'], { access: 'desk' });
    const { page } = await openFor(8, id);
    await page.locator('desk-timeline').getByText('One.').waitFor();
    await openFor(3_600, '', { page: await page.context().newPage(), complaints: [] });
    await page.getByText('Your session ends at').waitFor({ state: 'detached' });
    // The connection was opened with the first session, and ends with it.
    const endsAt = Date.now() + 8_000;
    await expect.poll(() => Date.now() > endsAt, { timeout: 10_000 }).toBe(true);
    await site.publish(id, 'Two.');
    await page.locator('desk-timeline').getByText('Two.').waitFor({ timeout: 20_000 });
    expect(await page.getByText('Your session').count()).toBe(0);
  });

  it('stays as it is when its session has ended, and goes on where it was after signing in in another tab', async () => {
    const { id } = await site.coverage(['One.'], { headline: 'Harbour fire', access: 'desk' });
    // Long enough that a busy machine opens the desk before the session ends.
    const { page, complaints } = await openFor(12, id);
    await page.locator('desk-composer').waitFor();
    await page.getByText('One.').waitFor();
    await composer(page).click();
    await page.keyboard.type('The roof has come down.');
    await page.getByText('Your session has ended').waitFor({ timeout: 30_000 });
    const tab = await page.context().newPage();
    await openFor(3_600, '', { page: tab, complaints: [] });
    await page.getByText('Your session has ended').waitFor({ state: 'detached' });
    expect(page.url()).toBe(`${site.server.url}/desk/${id}`);
    const isKept = `[...document.querySelectorAll('desk-composer textarea, desk-composer [contenteditable]')].some((field) => (field.value ?? field.textContent).includes('The roof has come down.'))`;
    expect(await page.evaluate(isKept)).toBe(true);
    await site.publish(id, 'Two.');
    await page.locator('desk-timeline').getByText('Two.').waitFor({ timeout: 20_000 });
    // The console reports what the server refused after the end of the session, and nothing else. To a stranger, a coverage for the desk
    // alone does not exist.
    expect(complaints.filter((line) => !/status of 40[14]/.test(line))).toEqual([]);
  });

  it('is another person’s desk after this person has signed in in another tab', async () => {
    const { page } = await openFor(3_600);
    await page.getByRole('banner').getByText('Ruth Calder').waitFor();
    const tab = await page.context().newPage();
    await openFor(3_600, '', { page: tab, complaints: [] }, 'ada', 'Ada Byron');
    await page.getByRole('banner').getByText('Ada Byron').waitFor();
    expect(await page.getByText('Ruth Calder').count()).toBe(0);
  });

  it('shows nothing of its author to the next one, neither before the server has answered nor without a network', async () => {
    const { id } = await site.coverage();
    const { page } = await site.openDesk(id, { sub: 'ruth', name: 'Ruth Calder' });
    await page.locator('desk-composer .rich-text').click();
    await page.keyboard.type('The roof has come down.');
    await page.evaluate("document.querySelector('desk-drafts').drafts.flush()");
    await page.evaluate('navigator.serviceWorker.ready');
    const ruths = page.getByText(/The roof has come down|Ruth Calder/).filter({ visible: true });
    let [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await page.route('**/v1/session', async (route) => {
      asked.resolve();
      await released.promise;
      await route.continue().catch(() => {});
    });
    const reload = async () => {
      [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      await page.reload();
      await asked.promise;
      // What is on the device has been read before the server is asked.
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done)))');
    };
    await reload();
    await page.getByRole('banner').getByText('Ruth Calder').waitFor();
    await page.locator('desk-composer .rich-text').filter({ hasText: 'The roof has come down.' }).waitFor();
    released.resolve();
    await page.locator('#connection[data-state="live"]').waitFor();

    await site.signIn({ page, complaints: [] }, { sub: 'ada', name: 'Ada Byron' });
    await reload();
    expect(await ruths.count()).toBe(0);
    expect(await page.locator('desk-composer, desk-outbox').count()).toBe(0);
    released.resolve();
    await page.getByRole('banner').getByText('Ada Byron').waitFor();
    expect(await ruths.count()).toBe(0);

    await site.signIn({ page, complaints: [] }, { sub: 'ben', name: 'Ben Okri' });
    await page.unroute('**/v1/session');
    await page.context().setOffline(true);
    await page.reload();
    await page.getByText('the desk does not know who is signed in').waitFor();
    expect(await page.getByText(/The roof has come down|Ruth Calder|Ada Byron/).count()).toBe(0);
    await page.context().setOffline(false);
    await page.getByRole('banner').getByText('Ben Okri').waitFor();
  });

  it('shows nothing more after signing out in another tab', async () => {
    const { page } = await openFor(3_600);
    const tab = await page.context().newPage();
    await tab.goto(`${site.server.url}/desk/`);
    await tab.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor();
  });

  it('stays signed out if an earlier answer about its session arrives late', async () => {
    const { page } = await openFor(3_600);
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const answered = Promise.withResolvers<void>();
    await page.route('**/v1/session', async (route) => {
      if (route.request().method() !== 'GET') return route.continue();
      const response = await route.fetch();
      asked.resolve();
      await released.promise;
      await route.fulfill({ response });
      answered.resolve();
    });
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await asked.promise;
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor();
    released.resolve();
    await answered.promise;
    await page.evaluate('new Promise((done) => setTimeout(done))');
    expect(await page.getByRole('heading', { name: 'You are not signed in' }).count()).toBe(1);
    expect(await page.evaluate(`localStorage.getItem(${storedName('session')})`)).toBeNull();
  });
});
