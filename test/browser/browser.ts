import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

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
  /** A page with storage of its own. */
  page(options?: BrowserContextOptions): Promise<WatchedPage>;
}

export interface WatchedPage {
  page: Page;
  /** What the page complained of: errors of scripts, of the console, and breaches of the content security policy. */
  complaints: string[];
}

/** The scripts of the pages were built before the tests, by test/support/built.ts. */
export async function startBrowser(executablePath: string): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'pressbox-browser-'));
  const browser = await chromium.launch({ executablePath, args: quiet, env: { ...process.env, HOME: profile } });
  const contexts: BrowserContext[] = [];
  return {
    async page(options = {}) {
      const context = await browser.newContext(options);
      contexts.push(context);
      // Pictures and films of posts lie elsewhere on the web, where nothing is to be asked for.
      await context.route(/^https:/, (route) => route.fulfill({ contentType: 'image/svg+xml', body: emptyPicture }));
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        // Chromium reports a connection that cannot be made as an error of the page. It is what the test is about.
        const isAway = /WebSocket connection to .* failed|net::ERR_(?:CONNECTION_|INTERNET_|EMPTY_|INCOMPLETE_)/.test(
          message.text(),
        );
        if (['error', 'warning'].includes(message.type()) && !isAway) complaints.push(message.text());
      });
      return { page, complaints };
    },
    async [Symbol.asyncDispose]() {
      for (const context of contexts) await context.close();
      await browser.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
