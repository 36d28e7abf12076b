import type { BrowserContextOptions, Page } from 'playwright-core';
import type { Grants } from '../../../src/protocol/rights.ts';
import type { TestServerOptions } from '../../support/servers/server.ts';
import type { TestBrowser, WatchedPage } from '../browser.ts';
import { type Newsroom, newsroom } from '../newsroom.ts';

/** The person who signs in at a desk. */
export interface Author {
  grants?: Partial<Grants>;
  sub?: string;
  name?: string;
}

/** A server, a browser and authors at their desks, for the duration of a suite. */
export interface DeskSite extends Newsroom {
  /** Opens a place of the desk, such as `harbour-fire`, in a browser in which this author is signed in. Default: Ada, an editor. */
  openDesk(path?: string, author?: Author, options?: BrowserContextOptions): Promise<WatchedPage>;
  /** Signs an author in within the browser of this page, in place of the one before. */
  signIn(page: WatchedPage, author?: Author): Promise<void>;
}

/** `environment`: further variables for the server. `front`: how authors reach it. */
export function deskSite(
  start: () => Promise<TestBrowser>,
  environment?: () => Promise<Record<string, string>>,
  front?: TestServerOptions['front'],
): DeskSite {
  const room = newsroom(start, environment, front);
  const site: DeskSite = Object.create(room, {
    openDesk: {
      value: async (path = '', author: Author = {}, options: BrowserContextOptions = {}) => {
        const watched = await room.browser.page({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', ...options });
        await site.signIn(watched, author);
        await watched.page.goto(`${room.server.url}/desk/${path}`);
        await watched.page.locator('desk-app main').waitFor();
        return watched;
      },
    },
    signIn: {
      value: async ({ page }: WatchedPage, { grants = { editor: ['*'] }, sub, name }: Author = {}) => {
        const claims = { ...(sub !== undefined && { sub }), ...(name !== undefined && { name }) };
        const token = await room.server.token(grants, claims);
        // The cookie of the answer is for the browser of the page.
        const answer = await page.request.post(`${room.server.url}/v1/session`, {
          headers: { authorization: `Bearer ${token}` },
        });
        if (!answer.ok()) throw new Error(`Signing in was answered with status ${answer.status()}.`);
      },
    },
  });
  return site;
}

/** A script for a page of the server: the name under which the desk stores something on the device, such as `outbox`. */
export const storedName = (name: string) => `('pressbox-desk' + document.body.dataset.base + '-${name}')`;

/** The longest time in which a write can be undone. A busy machine may need more than the usual 5 s to press a button. */
export const longestUndoSeconds = 30;

/** Chooses the time in which the author of this page can undo a write, before it is sent. */
export async function chooseUndoSeconds(page: Page, seconds: number): Promise<void> {
  await page.evaluate(`fetch(document.body.dataset.base + '/v1/session').then((answer) => answer.json()).then(({ session }) =>
    localStorage.setItem(${storedName('undo-seconds')} + ':' + session.ownerKey, '${seconds}'))`);
}
