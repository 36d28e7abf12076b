import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AuthorClient } from '../../client/lib/author-client.ts';
import { root } from '../support/runner/imports.ts';
import { describeWith, needs } from '../support/runner/needs.ts';
import { blocksOf } from '../support/samples/markdown-blocks.ts';
import { type HostSite, startHostSite } from '../support/servers/host-page.ts';
import { startTestServer, type TestServer } from '../support/servers/server.ts';
import { startBrowser, type TestBrowser } from './browser.ts';

describeWith(needs.chromium, 'the embed snippets of the docs', (chromium) => {
  let browser: TestBrowser;
  let site: HostSite;
  let server: TestServer;
  let author: AuthorClient;
  beforeAll(async () => {
    [browser, site] = await Promise.all([startBrowser(chromium), startHostSite()]);
    server = await startTestServer({ PRESSBOX_ORIGINS: site.url });
    author = new AuthorClient({ url: server.url, token: await server.token() });
    await author.createChannel({ id: 'moon-landing', headline: 'To the Moon', state: 'live' });
  });
  afterAll(async () => {
    for (const opened of [browser, site, server]) await opened?.[Symbol.asyncDispose]();
  });

  it.each([
    ['README.md', 'Embed it'],
    ['docs/guides/embedding.md', 'The element'],
  ])('show posts published while the page is open: %s', async (path, heading) => {
    const [lines = ''] = blocksOf(readFileSync(join(root, path), 'utf8'), heading);
    const body = lines.replace(/https?:\/\/[^/"]+(?=\/embed\.js)/, server.url);
    const { page, complaints } = await browser.page();
    await page.goto(site.put(`/${path}`, body));
    await page.getByText('To the Moon').first().waitFor();
    await author.publish('moon-landing', { headline: `Published for ${path}` });
    await page.getByText(`Published for ${path}`).first().waitFor();
    expect(complaints).toEqual([]);
  });
});
