import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { brandLike } from '../../support/samples/brand-folder.ts';
import { startTestServer } from '../../support/servers/server.ts';
import { startBrowser } from '../browser.ts';
import { eventually } from '../newsroom.ts';
import { deskSite } from './desk-site.ts';

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

  it('lists its keys at ?', async () => {
    const { page } = await site.openDesk();
    await page.keyboard.press('?');
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
    await page.getByText('Show the keys').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Keys' }).waitFor({ state: 'hidden' });
  });

  it('shows a new version at the next visit, with a network or without, while an open page goes on', async () => {
    const folder = await brandLike('morning-packet');
    await using server = await startTestServer({ PRESSBOX_BRAND_DIR: folder });
    const { page } = await site.browser.page({ locale: 'en-GB' });
    await page.goto(`${server.url}/desk/`);
    await page.evaluate('navigator.serviceWorker.ready');
    const open = await page.context().newPage();
    await open.goto(`${server.url}/desk/`);
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
    expect(kept).toContain('/desk/');
    expect(kept.filter((path) => !/^\/(?:desk\/$|desk\/kept-files$|assets\/)/.test(path))).toEqual([]);
  });
});
