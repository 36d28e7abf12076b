import sharp from 'sharp';
import { expect, it } from 'vitest';
import { runCases } from '../../conformance/index.ts';
import { describeWith, needs } from '../support/runner/needs.ts';
import { type HostSite, startHostSite, strictPolicy } from '../support/servers/host-page.ts';
import { linkCodeFor } from '../support/servers/sign-in-links.ts';
import { startBrowser } from './browser.ts';
import { deskSite } from './desk/desk-site.ts';
import { isLive, post } from './newsroom.ts';
import { areLive, tag } from './site-around.ts';

/**
 * A few tests of everything below a base path. The nightly run has the others there, too.
 */
const basePath = '/news/live';

describeWith(needs.nginx, 'a server below a path of nginx', () => suite('nginx'));
describeWith(needs.chromium, 'a server attached to one of Express', () => suite('express'));

function suite(name: 'nginx' | 'express'): void {
  describeWith(needs.chromium, 'in Chromium', (chromium) => {
    let host: HostSite;
    const environment = async () => {
      host = await startHostSite();
      return { PRESSBOX_ORIGINS: host.url };
    };
    const site = deskSite(() => startBrowser(chromium), environment, { name, basePath });

    it('conforms to the contract', async () => {
      const { url } = site.server;
      const token = await site.server.token({ admin: true });
      const signInLink = `${url}/desk/sign-in#${await linkCodeFor(site.server)}`;
      const { results, left } = await runCases({ url, token, signInLink, signal: AbortSignal.timeout(120_000), quick: true });
      for (const { name, outcome, why } of results) expect.soft(outcome, `${name}: ${why}`).not.toBe('broken');
      expect(results.filter(({ outcome }) => outcome === 'kept').length).toBeGreaterThan(50);
      expect(left).toEqual([]);
      expect(await (await fetch(new URL('/', url))).text()).toBe('The Harbour Post');
    });

    it('has a page that shows a post and its picture live, leads to its permanent link and keeps its corrections current', async () => {
      const { id } = await site.coverage(['First.']);
      const { page, complaints } = await site.open(id);
      expect(await page.locator('#connection').getAttribute('data-transport')).toBe('socket');
      const bytes = await sharp({ create: { width: 300, height: 200, channels: 3, background: 'green' } })
        .png()
        .toBuffer();
      const picture = await site.author.uploadMedia(id, new Uint8Array(bytes), 'image/png');
      const [second] = await site.publish(id, {
        headline: 'With a picture',
        body: 'Second.',
        keyEvent: true,
        media: [{ type: 'image', url: picture.url, alt: 'A green field' }],
      });
      const image = post(page, second).getByRole('img', { name: 'A green field' });
      await image.scrollIntoViewIfNeeded();
      await expect
        .poll(() => image.evaluate((element) => (element as unknown as { naturalWidth: number }).naturalWidth))
        .toBeGreaterThan(0);
      for (const link of await page.locator('main a[href^="/"]').all()) {
        expect(await link.getAttribute('href')).toMatch(/^\/news\/live\/live\//);
      }
      await post(page, second).locator('.when').click();
      await page.waitForURL(`${site.server.url}/live/${id}/${second}`);
      await isLive(page);
      await page.goto(`${site.server.url}/live/${id}/corrections`);
      await site.author.correct(id, second as string, 1, { note: 'Third.', changes: { body: 'Third.' } });
      await page.getByText('Third.').first().waitFor();
      expect(complaints).toEqual([]);
    });

    it('has an element that follows its channel on a page of another site', async () => {
      const { id } = await site.coverage(['First.']);
      const { page, complaints } = await site.browser.page({ viewport: { width: 800, height: 700 } });
      const script = `<script type="module" src="${site.server.url}/embed.js"></script>`;
      await page.goto(host.put('/page', tag(id) + script, { policy: strictPolicy(site.server.url) }));
      await areLive(page);
      const [second] = await site.publish(id, 'Second.');
      await post(page, second).getByText('Second.').waitFor();
      expect(await post(page, second).locator('.when').getAttribute('href')).toBe(`${site.server.url}/live/${id}/${second}`);
      expect(complaints).toEqual([]);
      await host[Symbol.asyncDispose]();
    });

    it('has a desk that publishes, and opens without a network', async () => {
      const { id } = await site.coverage([], { headline: 'Harbour fire' });
      const { page, complaints } = await site.openDesk(id);
      await isLive(page);
      await page.getByRole('textbox', { name: 'Text', exact: true }).fill('Written at the desk.');
      await page
        .getByRole('button', { name: /^Publish/ })
        .first()
        .click();
      await page.locator('#posts').getByText('Written at the desk.').waitFor();
      const scope = await page.evaluate('navigator.serviceWorker.ready.then(({ scope }) => scope)');
      expect(scope).toBe(`${site.server.url}/desk/`);
      const names = (await page.evaluate('indexedDB.databases().then((all) => all.map(({ name }) => name))')) as string[];
      expect(names).toEqual(expect.arrayContaining([`pressbox-desk${basePath}-outbox`, `pressbox-desk${basePath}-drafts`]));
      await page.context().setOffline(true);
      await page.reload();
      await page.getByRole('heading', { level: 1, name: 'Harbour fire' }).waitFor();
      await page.context().setOffline(false);
      await page.locator('#posts').getByText('Written at the desk.').waitFor();
      await page.locator('.bar .home').click();
      await page.waitForURL(`${site.server.url}/desk/`);
      expect(complaints).toEqual([]);
    });
  });
}
