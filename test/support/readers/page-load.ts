import type { Page } from 'playwright-core';

/** What a cold visit to a page costs. Times in milliseconds since the start of the navigation. */
export interface PageLoad {
  firstPaintMs: number;
  /** The first frame after the first paint that has a post. */
  firstPostMs: number;
  /** Until the page is live. */
  liveMs: number;
  /** Bytes of all responses with their headers, without pictures, by type: `Document`, `Script`, `Stylesheet` and others. */
  bytes: Record<string, number>;
}

/** A slow mobile network: round trips of 400 ms, 400 kbit/s. */
export const slow3G = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 } as const;

/** Set before the page’s own scripts. */
const watch = `(() => {
  const look = () => {
    const painted = performance.getEntriesByName('first-contentful-paint').length > 0;
    if (painted && document.querySelector('#posts > .post')) window.firstPostMs = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()`;

/** Opens a page of a channel in a new page of Chromium, with nothing in its cache. `network`: default the loopback as it is. */
export async function loadPage(page: Page, url: string, network?: typeof slow3G): Promise<PageLoad> {
  await page.addInitScript(watch);
  const bytes = await countBytes(page, network);
  await page.goto(url);
  await page.locator('#connection[data-state="live"]').waitFor();
  const [firstPaintMs = 0, firstPostMs = 0, liveMs = 0] = await page.evaluate<number[]>(
    `[performance.getEntriesByName('first-contentful-paint')[0].startTime, firstPostMs, performance.now()].map(Math.round)`,
  );
  return { firstPaintMs, firstPostMs, liveMs, bytes };
}

async function countBytes(page: Page, network: typeof slow3G | undefined): Promise<Record<string, number>> {
  const bytes: Record<string, number> = {};
  const types = new Map<string, string>();
  const session = await page.context().newCDPSession(page);
  session.on('Network.responseReceived', ({ requestId, type }) => types.set(requestId, type));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const type = types.get(requestId) ?? 'Other';
    if (type !== 'Image') bytes[type] = (bytes[type] ?? 0) + encodedDataLength;
  });
  session.on('Network.webSocketFrameReceived', ({ response }) => {
    bytes.WebSocket = (bytes.WebSocket ?? 0) + response.payloadData.length;
  });
  await session.send('Network.enable');
  if (network !== undefined) await session.send('Network.emulateNetworkConditions', network);
  return bytes;
}
