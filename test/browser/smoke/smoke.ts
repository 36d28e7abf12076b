import { afterAll, describe } from 'vitest';
import { type HostSite, startHostSite } from '../../support/servers/host-page.ts';
import type { TestBrowser } from '../browser.ts';
import { deskSite } from '../desk/desk-site.ts';
import { deskSmoke } from './desk-smoke.ts';
import { pageSmoke } from './page-smoke.ts';

/** One case for each room of the desk and of the reader's page, on one browser and one server. Details are tested elsewhere. */
export function smoke(start: () => Promise<TestBrowser>): void {
  let host: HostSite;
  const site = deskSite(start, async () => {
    host = await startHostSite();
    return { PRESSBOX_ORIGINS: host.url };
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  describe('the desk', () => deskSmoke(site));
  describe('the page of a coverage', () => pageSmoke(site, () => host));
}
