import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';
import { startBrowser, type TestBrowser } from '../browser.ts';

describeWith(needs.chromium, 'the API reference page in a browser', (chromium) => {
  let browser: TestBrowser;
  let server: TestServer;
  beforeAll(async () => {
    browser = await startBrowser(chromium);
    server = await startTestServer();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await browser[Symbol.asyncDispose]();
  });

  it.each([
    ['on a phone in dark mode, without scripts', { width: 390, height: 844 }, 'dark', false],
    ['on a desktop in light mode', { width: 1280, height: 900 }, 'light', true],
  ] as const)('is readable %s', async (_, viewport, colorScheme, javaScriptEnabled) => {
    const { page, complaints } = await browser.page({ viewport, colorScheme, javaScriptEnabled });
    await page.goto(`${server.url}/docs#publishPost`);
    expect(await page.locator('#publishPost').isVisible()).toBe(true);
    // Only scrollable elements are wider than the window.
    const size = await page.locator('html').boundingBox();
    expect(size?.width).toBe(viewport.width);
    for (const part of ['main', 'nav.contents'])
      expect((await page.locator(part).boundingBox())!.width).toBeLessThanOrEqual(viewport.width);
    expect(complaints).toEqual([]);
  });

  it('can be used with the keyboard, which first reaches the content', async () => {
    const { page } = await browser.page();
    await page.goto(`${server.url}/docs`);
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('To the content');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}/docs#content`);
  });
});
