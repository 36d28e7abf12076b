import type { BrowserContextOptions } from 'playwright-core';
import { describeWith, needs } from '../support/runner/needs.ts';
import { startBrowser, type TestBrowser } from './browser.ts';
import { examineReaderStates } from './reader-states.ts';

describeWith(needs.chromium, 'reader pages in Chromium', (chromium) => {
  examineReaderStates({
    start: () => startBrowser(chromium, { keepsPages: true }),
    keepsPages: true,
    startWithoutScripts: async () => withoutScripts(await startBrowser(chromium)),
  });
});

function withoutScripts(browser: TestBrowser): TestBrowser {
  return { ...browser, page: (options: BrowserContextOptions = {}) => browser.page({ ...options, javaScriptEnabled: false }) };
}
