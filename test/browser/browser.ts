import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Frame,
  firefox,
  type Page,
} from 'playwright-core';
import { onTestFinished } from 'vitest';
import { familyOf, within } from '../support/runner/settled-within.ts';
import { newspaperPicture } from '../support/samples/newspaper-coverage.ts';
import { fontsFor } from './fonts.ts';

/** A real browser for the duration of a test file. It never contacts hosts outside the machine. */
const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP newsroom.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

/** The same servers under a name that is not this machine’s, so that plain HTTP is not a secure context there. Only in Chromium. */
export function insecurely(url: string): string {
  return url.replace('127.0.0.1', 'newsroom.test');
}

/** An empty picture of the size that the end of its address may name: `?1600x900`. */
function emptyPicture(url: string): string {
  const [, width = 3, height = 2] = /\?(\d+)x(\d+)$/.exec(url) ?? [];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"/>`;
}

export interface TestBrowser extends AsyncDisposable {
  /** A page with its own storage, for the duration of the test. */
  page(options?: BrowserContextOptions): Promise<WatchedPage>;
}

export interface WatchedPage {
  page: Page;
  /** Complaints of the page: script errors, console errors and violations of the content security policy. */
  complaints: string[];
}

/**
 * Starts Chromium. `keepsPages`: enables the back/forward cache. The page scripts were built before the tests by
 * test/support/runner/built.ts.
 */
export async function startBrowser(executablePath: string, { keepsPages = false } = {}): Promise<TestBrowser> {
  const profile = await newProfile();
  const browser = await chromium.launch({
    ...(await chromiumOptions(executablePath, profile)),
    // By default Playwright turns the back/forward cache off.
    ...(keepsPages && { ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
  });
  // Images and videos of posts are on other hosts, which are not contacted.
  return testBrowser(browser, profile, (context) =>
    context.route(/^https:/, (route) =>
      route.fulfill({
        contentType: 'image/svg+xml',
        body: newspaperPicture(route.request().url()) ?? emptyPicture(route.request().url()),
      }),
    ),
  );
}

/** Settings that apply to all of Firefox, not to a context. */
export interface FirefoxOptions {
  scripts?: boolean;
  colorScheme?: 'light' | 'dark';
}

/** Starts the unpatched Firefox of Debian. Requests to any other host go to a proxy that does not exist, and fail. */
export async function startFirefox(
  executablePath: string,
  { scripts = true, colorScheme = 'light' }: FirefoxOptions = {},
): Promise<TestBrowser> {
  const profile = await newProfile();
  const browser = await firefox.launch(await firefoxOptions(executablePath, profile, { scripts, colorScheme }));
  return testBrowser(browser, profile, async () => {});
}

/**
 * Starts a browser with a profile that stays when it is killed, and can be opened again. `profile`: its directory, whose name is
 * in the command line of its processes.
 */
export async function startLasting(
  name: 'chromium' | 'firefox',
  executablePath: string,
  profile: string,
): Promise<BrowserContext> {
  if (name === 'chromium') return chromium.launchPersistentContext(profile, await chromiumOptions(executablePath, profile));
  return firefox.launchPersistentContext(profile, await firefoxOptions(executablePath, profile, {}));
}

async function chromiumOptions(executablePath: string, home: string) {
  return {
    executablePath: join(import.meta.dirname, '../support/readers/chromium.sh'),
    args: quiet,
    env: { ...process.env, ...(await fontsFor(home)), HOME: home, CHROMIUM: executablePath },
  };
}

async function firefoxOptions(executablePath: string, home: string, { scripts = true, colorScheme = 'light' }: FirefoxOptions) {
  const relay = join(import.meta.dirname, '../support/readers/firefox-relay.ts');
  const started = join(home, 'start-firefox');
  await writeFile(started, `#!/bin/sh\nexec '${process.execPath}' '${relay}' '${executablePath}' "$@"\n`, { mode: 0o755 });
  return {
    channel: 'moz-firefox',
    executablePath: started,
    env: { ...process.env, ...(await fontsFor(home)), HOME: home },
    firefoxUserPrefs: {
      'javascript.enabled': scripts,
      'layout.css.prefers-color-scheme.content-override': colorScheme === 'dark' ? 0 : 1,
      'network.proxy.type': 1,
      'network.proxy.ssl': '127.0.0.1',
      'network.proxy.ssl_port': 9,
    },
  };
}

/** How many requests for addresses that match have been answered to the end. The page lists a request once it has all of it. */
export function answersTo(page: Page, address: RegExp): Promise<number> {
  return page.evaluate(`performance.getEntriesByType('resource').filter(({ name }) => ${address}.test(name)).length`);
}

/**
 * Resolves once the page was rendered and its intersection observers have run: observers are called in the order in which they
 * were created. Waiting for animation frames is not enough, because with the test’s clock they fire without rendering.
 */
export async function drawn(page: Page | Frame): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    const views = new IntersectionObserver(() => {
      views.disconnect();
      resolve();
    });
    views.observe(document.documentElement);
  })`);
}

/**
 * Fails unless `check` passes within `promisedMs`. Time in which this process or its browsers wait for a processor does not
 * count.
 */
export function withinTime<T>(promisedMs: number, check: () => Promise<T>): Promise<T> {
  return within(promisedMs, check, familyOf(process.pid));
}

/** Upper bound for loading a page on a busy machine. */
const loadMs = 90_000;
const newProfile = () => mkdtemp(join(tmpdir(), 'pressbox-browser-'));

/**
 * Messages that do not count as complaints: failed connections, which tests cause on purpose and of which nginx says 502, and the
 * icon that Firefox requests by itself.
 */
export const away =
  /favicon\.ico|WebSocket connection to .* failed|net::ERR_(?:CONNECTION_|INTERNET_|EMPTY_|INCOMPLETE_)|connection to (?:the server at )?ws:|NetworkError|status of 502/;

function testBrowser(browser: Browser, profile: string, prepare: (context: BrowserContext) => Promise<unknown>): TestBrowser {
  return {
    async page(options = {}) {
      const context = await browser.newContext(options);
      context.setDefaultNavigationTimeout(loadMs);
      // A page that stays open would keep its timers and its connection.
      onTestFinished(() => context.close());
      await prepare(context);
      const page = await context.newPage();
      const complaints: string[] = [];
      const hear = (complaint: string) => {
        if (!away.test(complaint)) complaints.push(complaint);
      };
      page.on('pageerror', (error) => hear(String(error)));
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) hear(message.text());
      });
      return { page, complaints };
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
