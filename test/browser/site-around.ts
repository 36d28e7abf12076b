import type { Page } from 'playwright-core';
import { afterAll } from 'vitest';
import { type HostSite, startHostSite, strictPolicy } from '../support/servers/host-page.ts';
import type { TestBrowser, WatchedPage } from './browser.ts';
import { type Newsroom, newsroom } from './newsroom.ts';

/** A newsroom and another site whose pages embed its element, for the duration of a suite. */
export interface SiteAround {
  readonly room: Newsroom;
  readonly host: HostSite;
  /** The script tag of the element. */
  script(): string;
  /** Creates a page of the site with this body, by default under a strict policy. Returns its address. */
  page(body: string, options?: { head?: string; policy?: string }): string;
  open(body: string, options?: { head?: string; policy?: string }): Promise<WatchedPage>;
}

export function siteAround(start: () => Promise<TestBrowser>): SiteAround {
  let host: HostSite;
  let pages = 0;
  const room = newsroom(start, async () => {
    host = await startHostSite();
    return { PRESSBOX_ORIGINS: host.url };
  });
  afterAll(() => host[Symbol.asyncDispose]());

  const site: SiteAround = {
    room,
    get host() {
      return host;
    },
    script: () => `<script type="module" src="${room.server.url}/embed.js"></script>`,
    page(body, options) {
      pages += 1;
      return host.put(`/page-${pages}`, body, { policy: strictPolicy(room.server.url), ...options });
    },
    async open(body, options) {
      const watched = await room.browser.page({ viewport: { width: 800, height: 700 } });
      await watched.page.goto(site.page(body, options));
      return watched;
    },
  };
  return site;
}

export const tag = (channelId: string, attributes = '') => `<pressbox-live channel="${channelId}" ${attributes}></pressbox-live>`;

/** Waits until the page has that many elements. */
export async function areLive(page: Page, elements = 1): Promise<void> {
  for (let nth = 0; nth < elements; nth += 1) await page.locator('.status[data-state="live"]').nth(nth).waitFor();
}
