import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import type { BrowserContextOptions, Frame, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest';
import { AuthorClient, type NewChannel, type NewPost } from '../../client/lib/author-client.ts';
import { startTestServer, type TestServer, type TestServerOptions } from '../support/servers/server.ts';
import type { TestBrowser, WatchedPage } from './browser.ts';

/** A browser, a server and an author for the duration of a suite, with helpers for its tests. */
export interface Newsroom {
  readonly browser: TestBrowser;
  readonly server: TestServer;
  readonly author: AuthorClient;
  /** Creates a channel with these posts and returns their ids, oldest first. A string is the body of a post. */
  coverage(posts?: readonly (string | NewPost)[], fields?: Partial<NewChannel>): Promise<{ id: string; ids: string[] }>;
  publish(channelId: string, ...posts: (string | NewPost)[]): Promise<string[]>;
  /** Opens the page of a channel, or another one below `/live/`, and waits until it is live. */
  open(path: string, options?: BrowserContextOptions): Promise<WatchedPage>;
}

/** No test starts this close before midnight, when today’s times become yesterday’s and are shown with their day. */
const beforeMidnightMs = 30_000;
const dayMs = 86_400_000;

/** `environment`: further variables for the server, evaluated when the suite begins. `front`: how readers reach it. */
export function newsroom(
  start: () => Promise<TestBrowser>,
  environment: () => Promise<Record<string, string>> = async () => ({}),
  front?: TestServerOptions['front'],
): Newsroom {
  let browser: TestBrowser;
  let server: TestServer;
  let author: AuthorClient;

  beforeAll(async () => {
    [browser, server] = await Promise.all([start(), environment().then((env) => startTestServer(env, front && { front }))]);
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

/** The body of a post. Several of these posts do not fit into one window. */
export const few = 'Some words that fill a few lines of the page. '.repeat(8);

export const isLive = (page: Page) => page.locator('#connection[data-state="live"]').waitFor();

export const post = (page: Page, id: string | undefined) => page.locator(`#post-${id}`);

/** The top of a post in the window, pixels. */
export const topOf = (page: Page, id: string | undefined) =>
  post(page, id).evaluate((element) => element.getBoundingClientRect().top);

/** The text of an element, with white space as a reader sees it. */
export async function textOf(locator: Locator): Promise<string> {
  return ((await locator.textContent()) ?? '').replace(/\s+/g, ' ').trim();
}

/** Noon of today, for the clock of a page: some minutes later it is still the same day, so times are shown without a day. */
export const noon = () => new Date().setUTCHours(12, 0, 0, 0);

/** Records announcements of the page, or of its first element, from now on, because each is present for only a few seconds. */
export async function listenTo(page: Page): Promise<void> {
  await page.evaluate(`(() => {
    window.said = [];
    const root = document.querySelector('pressbox-live')?.shadowRoot ?? document;
    const place = root.getElementById('announcement');
    new MutationObserver(() => said.push(place.textContent)).observe(place, { childList: true });
  })()`);
}

/** Resolves once the sentence has been announced after the call of `listenTo`. */
export async function announced(page: Page, sentence: string | RegExp): Promise<void> {
  await eventually(async () => expect(await page.evaluate<string>(`said.join('\\n')`)).toMatch(sentence));
}

/** Makes the page behave as if its tab were hidden or shown. */
export async function hide(page: Page | Frame, hidden: boolean): Promise<void> {
  await page.evaluate(
    `Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} });
     Object.defineProperty(document, 'visibilityState', { configurable: true, value: '${hidden ? 'hidden' : 'visible'}' });
     document.dispatchEvent(new Event('visibilitychange'));`,
  );
}

/** Waits until `fact` does not throw. The timeout is long enough for a busy machine. */
export function eventually(fact: () => Promise<void>): Promise<void> {
  return vi.waitFor(fact, { interval: 30 });
}

/** Inserted by the debugger, because the policy of the pages allows no other script. */
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Every rule of axe-core, including the WCAG 2.2 AA rule that is off by default. */
export const everyRule = { rules: { 'target-size': { enabled: true } } };

/** The findings of axe-core for the page in its current state. */
export async function faultsOf(page: Page, options: { rules?: object; runOnly?: string[] } = everyRule): Promise<unknown[]> {
  await page.evaluate(axe);
  return await page.evaluate(
    `axe.run(document, ${JSON.stringify({ ...options, resultTypes: ['violations'], selectors: false })})
      .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => [id, html])))`,
  );
}
