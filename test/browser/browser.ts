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
import { fontsFor } from './fonts.ts';

/** A real browser for as long as a test file runs. Nothing in it looks for hosts outside the machine. */
const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

const emptyPicture = '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"/>';

export interface TestBrowser extends AsyncDisposable {
  /** A page with storage of its own, for as long as the test runs that asks for it. */
  page(options?: BrowserContextOptions): Promise<WatchedPage>;
}

export interface WatchedPage {
  page: Page;
  /** What the page complained of: errors of scripts, of the console, and breaches of the content security policy. */
  complaints: string[];
}

/** Chromium. `keepsPages`: those that are left, to go back to them. The scripts of the pages were built before the tests, by test/support/runner/built.ts. */
export async function startBrowser(executablePath: string, { keepsPages = false } = {}): Promise<TestBrowser> {
  const profile = await newProfile();
  const browser = await chromium.launch({
    executablePath: join(import.meta.dirname, '../support/readers/chromium.sh'),
    args: quiet,
    env: { ...process.env, ...(await fontsFor(profile)), HOME: profile, CHROMIUM: executablePath },
    // As browsers do; what drives it would rather not.
    ...(keepsPages && { ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
  });
  // Pictures and films of posts lie elsewhere on the web, where nothing is to be asked for.
  return testBrowser(browser, profile, (context) =>
    context.route(/^https:/, (route) => route.fulfill({ contentType: 'image/svg+xml', body: emptyPicture })),
  );
}

/** What a context of Firefox cannot be told is told to the whole of it. */
export interface FirefoxOptions {
  scripts?: boolean;
  colorScheme?: 'light' | 'dark';
}

/** Firefox as Debian has it, without a patch of Playwright's. The rest of the web is behind a proxy that is not there. */
export async function startFirefox(
  executablePath: string,
  { scripts = true, colorScheme = 'light' }: FirefoxOptions = {},
): Promise<TestBrowser> {
  const profile = await newProfile();
  const relay = join(import.meta.dirname, '../support/readers/firefox-relay.ts');
  const started = join(profile, 'firefox');
  await writeFile(started, `#!/bin/sh\nexec '${process.execPath}' '${relay}' '${executablePath}' "$@"\n`, { mode: 0o755 });
  const browser = await firefox.launch({
    channel: 'moz-firefox',
    executablePath: started,
    env: { ...process.env, ...(await fontsFor(profile)), HOME: profile },
    firefoxUserPrefs: {
      'javascript.enabled': scripts,
      'layout.css.prefers-color-scheme.content-override': colorScheme === 'dark' ? 0 : 1,
      'network.proxy.type': 1,
      'network.proxy.ssl': '127.0.0.1',
      'network.proxy.ssl_port': 9,
    },
  });
  return testBrowser(browser, profile, async () => {});
}

/**
 * Resolves when the page as it stands has been drawn, and it was told what is in view: observers are told in the order in which they were
 * made. Frames of animation would not do: with a clock of the test's they come whether or not anything was drawn.
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

/** Waits for what is promised within a time, of this process and the browsers that it has started. */
export function withinTime<T>(promisedMs: number, check: () => Promise<T>): Promise<T> {
  return within(promisedMs, check, familyOf(process.pid));
}

/** However long a busy machine takes to load a page. */
const loadMs = 90_000;
const newProfile = () => mkdtemp(join(tmpdir(), 'pressbox-browser-'));

/**
 * What is no fault of the page: a connection that cannot be made, which is what the test is about, and a picture for the tab that Firefox
 * asks for by itself.
 */
const away =
  /favicon\.ico|WebSocket connection to .* failed|net::ERR_(?:CONNECTION_|INTERNET_|EMPTY_|INCOMPLETE_)|connection to (?:the server at )?ws:|NetworkError/;

function testBrowser(browser: Browser, profile: string, prepare: (context: BrowserContext) => Promise<unknown>): TestBrowser {
  return {
    async page(options = {}) {
      const context = await browser.newContext(options);
      context.setDefaultNavigationTimeout(loadMs);
      // Left open it would go on telling the time and keeping its connection.
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
