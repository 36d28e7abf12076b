import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { brandLike } from '../../support/samples/brand-folder.ts';
import { startLine } from '../../support/servers/bad-line.ts';
import { startTestServer } from '../../support/servers/server.ts';
import { startBrowser, withinTime } from '../browser.ts';
import { eventually } from '../newsroom.ts';
import { deskSite, storedName } from './desk-site.ts';

describeWith(needs.chromium, 'the desk', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));

  it('says who is signed in, and after signing out how to sign in', async () => {
    const { page, complaints } = await site.openDesk('', { name: 'Grace Hopper' });
    await page.getByText('Grace Hopper').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('opens without a network after the first visit, and then says who was signed in', async () => {
    const { page, complaints } = await site.openDesk('', { name: 'Ada Byron' });
    await page.evaluate('navigator.serviceWorker.ready');
    await page.context().setOffline(true);
    await page.reload();
    await page.getByText('Ada Byron').waitFor();
    expect(complaints).toEqual([]);
  });

  it('keeps several coverages open, across a reload too, and counts posts of colleagues in those that are not shown', async () => {
    const [fire, vote] = [
      await site.coverage(['One'], { headline: 'Harbour fire' }),
      await site.coverage([], { headline: 'The vote' }),
    ];
    const { page, complaints } = await site.openDesk(fire.id);
    const tabs = page.getByRole('navigation', { name: 'Open coverage' });
    // A coverage is open once it has a tab. The desk must know its author first.
    await tabs.getByRole('link', { name: 'Harbour fire' }).waitFor();
    await page.goto(`${site.server.url}/desk/${vote.id}`);
    await tabs.getByRole('link', { name: 'The vote' }).waitFor();
    await tabs.getByRole('link', { name: 'Harbour fire' }).waitFor();
    await page.locator('#connection[data-state="live"]').waitFor();
    await site.publish(fire.id, 'Two', 'Three');
    await tabs.getByRole('link', { name: 'Harbour fire 2 new posts' }).click();
    await page.waitForURL(`**/desk/${fire.id}`);
    await tabs.getByRole('link', { name: 'Harbour fire', exact: true }).waitFor();
    expect(await tabs.locator('[aria-current=page]').textContent()).toBe('Harbour fire');
    await tabs.getByRole('button', { name: 'Close Harbour fire' }).click();
    await page.waitForURL('**/desk/');
    await page.goBack();
    await tabs.getByRole('link', { name: 'Harbour fire' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('keeps the coverages that are open in several tabs, and forgets their headlines when its author signs out', async () => {
    const made = ['Storm', 'Strike', 'Flood'].map((headline) => site.coverage([], { headline }));
    const [storm, strike, flood] = (await Promise.all(made)).map(({ id }) => id);
    const { page } = await site.openDesk('', { sub: 'tabs' });
    const other = await page.context().newPage();
    await other.goto(`${site.server.url}/desk/`);
    const open = async (tab: typeof page, name: string) => {
      await tab.getByRole('link', { name }).first().click();
      await tab.getByRole('navigation', { name: 'Open coverage' }).getByRole('link', { name }).waitFor();
      await tab.getByRole('link', { name: 'Pressbox' }).click();
      await tab.getByRole('heading', { name: 'Coverage', exact: true }).waitFor();
    };
    await open(page, 'Storm');
    await open(other, 'Strike');
    await open(page, 'Flood');
    const remembered = () =>
      page.evaluate<string[]>(
        `JSON.parse(Object.entries(localStorage).find(([key]) => key.startsWith(${storedName('open')}))[1])`,
      );
    await eventually(async () => expect(await remembered()).toEqual([storm, strike, flood]));
    await page.getByRole('button', { name: 'Close Storm' }).click();
    await eventually(async () => expect(await remembered()).toEqual([strike, flood]));
    const third = await page.context().newPage();
    await third.goto(`${site.server.url}/desk/`);
    await third.getByRole('navigation', { name: 'Open coverage' }).getByRole('link', { name: 'Strike' }).waitFor();

    const headlines = () =>
      page.evaluate<number>('Object.values(localStorage).filter((value) => value.includes("Strike")).length');
    await eventually(async () => expect(await headlines()).toBe(1));
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    await eventually(async () => expect(await headlines()).toBe(0));
  });

  it('lists its keys at ?', async () => {
    const { page } = await site.openDesk();
    await page.keyboard.press('?');
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
    await page.getByText('Show the keys').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Keys' }).waitFor({ state: 'hidden' });
  });

  it('lists its keys at a button once those of one letter are switched off there', async () => {
    const { id } = await site.coverage([]);
    const { page } = await site.openDesk(id);
    await page.locator('.composer-more > summary').click();
    const composer = page.locator('desk-composer');
    const letters = 'Shortcuts of one letter';
    await composer.getByLabel(letters).uncheck();
    await page.getByRole('heading', { level: 1 }).click();
    await page.keyboard.press('?');
    await composer.getByRole('button', { name: 'Show the keys' }).click();
    await page.getByRole('dialog').getByLabel(letters).check();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Keys' }).waitFor({ state: 'hidden' });
    expect(await composer.getByLabel(letters).isChecked()).toBe(true);
  });

  it('is usable within two seconds on slow 3G after the first visit', async () => {
    const { id } = await site.coverage(['One'], { headline: 'Harbour fire' });
    await using line = await startLine(site.server.url);
    const watched = await site.browser.page({ locale: 'en-GB' });
    await site.signIn(watched);
    const { page } = watched;
    await page.goto(`${line.url}/desk/${id}`);
    await page.locator('#connection[data-state="live"]').waitFor();
    await page.evaluate('navigator.serviceWorker.ready');
    line.delayMs = 2_000;
    line.bytesPerSecond = 50_000;
    await withinTime(2_000, async () => {
      await page.reload({ waitUntil: 'commit' });
      await page.getByRole('textbox').first().waitFor();
    });
    await page.locator('#connection[data-state="live"]').waitFor();
  });

  it('shows a new version at the next visit, with a network or without, while an open page goes on', async () => {
    const folder = await brandLike('morning-packet');
    await using server = await startTestServer({ PRESSBOX_BRAND_DIR: folder });
    const { page } = await site.browser.page({ locale: 'en-GB' });
    await page.goto(`${server.url}/desk/`);
    await page.evaluate('navigator.serviceWorker.ready');
    const open = await page.context().newPage();
    await open.goto(`${server.url}/desk/`);
    await open.getByRole('link', { name: 'Sign in' }).waitFor();
    const before = await page.title();
    const file = join(folder, 'brand.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('The Morning Packet', 'The Evening Packet'));
    await server.restart();
    // The first visit may show what was kept, if the server is slow.
    await eventually(async () => {
      await page.reload();
      expect(await page.title()).toContain('The Evening Packet');
    });
    expect(await open.title()).toBe(before);
    await page.context().setOffline(true);
    await page.reload();
    expect(await page.title()).toContain('The Evening Packet');
    await open.getByRole('link', { name: 'Sign in' }).waitFor();
  });

  it('keeps nothing of a coverage in the cache of its service worker', async () => {
    const { id } = await site.coverage(['A text that nobody may keep.']);
    const { page } = await site.openDesk(id);
    await page.getByText('A text that nobody may keep.').waitFor();
    await page.evaluate('navigator.serviceWorker.ready');
    await page.reload();
    await page.getByText('A text that nobody may keep.').waitFor();
    const kept = await page.evaluate<string[]>(`(async () => {
      const cache = await caches.open((await caches.keys())[0]);
      return (await cache.keys()).map(({ url }) => new URL(url).pathname);
    })()`);
    const below = kept.map((path) => path.replace(site.server.basePath, ''));
    expect(below).toContain('/desk/');
    expect(below.filter((path) => !/^\/(?:desk\/$|desk\/kept-files$|assets\/)/.test(path))).toEqual([]);
  });

  it('asks before signing out while something is not out yet, and keeps it for its author', async () => {
    const { page } = await site.openDesk('', { sub: 'lovelace', name: 'Ada Lovelace' });
    await page.getByRole('button', { name: 'New coverage' }).waitFor();
    await page.route('**/v1/channels', (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()));
    await page.getByRole('button', { name: 'New coverage' }).click();
    await page.getByRole('dialog').getByLabel('Headline').fill('Not sent');
    await page.getByRole('dialog').getByRole('button', { name: 'Open coverage' }).click();
    await page.getByText('It is kept on this device').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: '1 post is not out yet' }).waitFor();
    await page.getByRole('button', { name: 'Stay signed in' }).click();
    await page.getByText('Ada Lovelace').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
    expect(await page.getByText('Not sent').count()).toBe(0);
  });
});
