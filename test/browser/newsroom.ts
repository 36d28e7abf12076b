import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import type { BrowserContextOptions, Frame, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest';
import { AuthorClient, type NewChannel, type NewPost } from '../../client/lib/author-client.ts';
import { startTestServer, type TestServer } from '../support/servers/server.ts';
import type { TestBrowser, WatchedPage } from './browser.ts';

/** A browser, a server and an author for as long as the suite runs that asks for them, and what its tests do with them. */
export interface Newsroom {
  readonly browser: TestBrowser;
  readonly server: TestServer;
  readonly author: AuthorClient;
  /** A channel with these posts, whose ids are told, oldest first; a text is the body of one. */
  coverage(posts?: readonly (string | NewPost)[], fields?: Partial<NewChannel>): Promise<{ id: string; ids: string[] }>;
  publish(channelId: string, ...posts: (string | NewPost)[]): Promise<string[]>;
  /** The page of a channel, or another one below `/live/`, once it is live. */
  open(path: string, options?: BrowserContextOptions): Promise<WatchedPage>;
}

/** So long before midnight, at which what is of today becomes of yesterday and is told with its day, no test begins. */
const beforeMidnightMs = 30_000;
const dayMs = 86_400_000;

/** `environment`: what the server is started with beyond a test server's own, asked for when the suite begins. */
export function newsroom(
  start: () => Promise<TestBrowser>,
  environment: () => Promise<Record<string, string>> = async () => ({}),
): Newsroom {
  let browser: TestBrowser;
  let server: TestServer;
  let author: AuthorClient;

  beforeAll(async () => {
    [browser, server] = await Promise.all([start(), environment().then((env) => startTestServer(env))]);
    author = new AuthorClient({ url: server.url, token: await server.token({ editor: ['*'], admin: true }) });
  });
  beforeEach(async () => {
    const left = dayMs - (Date.now() % dayMs);
    if (left < beforeMidnightMs) await pause(left);
  });
  afterAll(async () => {
    for (const each of [browser, server]) await each?.[Symbol.asyncDispose]();
  });

  const room: Newsroom = {
    get browser() {
      return browser;
    },
    get server() {
      return server;
    },
    get author() {
      return author;
    },
    async coverage(posts = [], fields = {}) {
      const { channel } = await author.createChannel({ headline: 'Harbour fire', state: 'live', ...fields });
      return { id: channel.id, ids: await room.publish(channel.id, ...posts) };
    },
    async publish(channelId, ...posts) {
      const ids: string[] = [];
      for (const post of posts) {
        ids.push((await author.publish(channelId, typeof post === 'string' ? { body: post } : post)).post.id);
      }
      return ids;
    },
    async open(path, options = {}) {
      const watched = await browser.page({ viewport: { width: 1000, height: 700 }, ...options });
      await watched.page.goto(`${server.url}/live/${path}`);
      if (options.javaScriptEnabled === false) return watched;
      await isLive(watched.page);
      await listenTo(watched.page);
      return watched;
    },
  };
  return room;
}

/** Of a post. Several of them do not fit into one window. */
export const few = 'Some words that fill a few lines of the page. '.repeat(8);

export const isLive = (page: Page) => page.locator('#connection[data-state="live"]').waitFor();

export const post = (page: Page, id: string | undefined) => page.locator(`#post-${id}`);

/** Where a post begins in the window, in pixels. */
export const topOf = (page: Page, id: string | undefined) =>
  post(page, id).evaluate((element) => element.getBoundingClientRect().top);

/** The text of an element, white space as a reader sees it. */
export async function textOf(locator: Locator): Promise<string> {
  return ((await locator.textContent()) ?? '').replace(/\s+/g, ' ').trim();
}

/** Of today, for the clock of a page: where it goes on by a minute that is the same day, which then is not told. */
export const noon = () => new Date().setUTCHours(12, 0, 0, 0);

/** Keeps what is said to those who hear the page, or the first element on it, from now on: each sentence stands there for some seconds only. */
export async function listenTo(page: Page): Promise<void> {
  await page.evaluate(`(() => {
    window.said = [];
    const root = document.querySelector('pressbox-live')?.shadowRoot ?? document;
    const place = root.getElementById('announcement');
    new MutationObserver(() => said.push(place.textContent)).observe(place, { childList: true });
  })()`);
}

/** Resolves once this was said since then. */
export async function announced(page: Page, said: string | RegExp): Promise<void> {
  await eventually(async () => expect(await page.evaluate<string>(`said.join('\\n')`)).toMatch(said));
}

/** The page is hidden, or seen again, as far as it can know. */
export async function hide(page: Page | Frame, hidden: boolean): Promise<void> {
  await page.evaluate(
    `Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} });
     Object.defineProperty(document, 'visibilityState', { configurable: true, value: '${hidden ? 'hidden' : 'visible'}' });
     document.dispatchEvent(new Event('visibilitychange'));`,
  );
}

/** Waits for a fact; on a busy machine longer than usual. */
export function eventually(fact: () => Promise<void>): Promise<void> {
  return vi.waitFor(fact, { interval: 30 });
}

/** Put in by the debugger: the policy of the pages lets no other script in. */
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Every rule of axe-core, with the one of WCAG 2.2 AA that it leaves out by itself. */
export const everyRule = { rules: { 'target-size': { enabled: true } } };

/** What axe-core finds on the page as it stands. */
export async function faultsOf(page: Page, options: { rules?: object; runOnly?: string[] } = everyRule): Promise<unknown[]> {
  await page.evaluate(axe);
  return await page.evaluate(
    `axe.run(document, ${JSON.stringify({ ...options, resultTypes: ['violations'], selectors: false })})
      .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => [id, html])))`,
  );
}
