import { chromium } from 'playwright-core';
import { AuthorClient } from '../../client/lib/author-client.ts';
import { loadPage, type PageLoad, slow3G } from '../../test/support/readers/page-load.ts';
import { publishNewspaperCoverage } from '../../test/support/samples/newspaper-coverage.ts';
import { startTestServer } from '../../test/support/servers/server.ts';

/**
 * Measures what a page costs its reader: `node bench/pressbox/page.ts [posts]`. First it loads the sample coverage over a slow
 * mobile network and prints the medians of five cold visits. Then it opens a channel in Chromium, publishes that many posts, and
 * prints main thread milliseconds per post, the longest task, and what the page holds, for a reader at the top and one further
 * down.
 */
const posts = Number(process.argv[2] ?? 2_000);
const executablePath = process.argv[3] ?? '/usr/bin/chromium';
const body = 'Some words that fill a few lines of the page. '.repeat(12);
const every = Math.max(1, posts / 4);

await using server = await startTestServer();
const author = new AuthorClient({ url: server.url, token: await server.token() });
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--js-flags=--expose-gc'] });

const visits = 5;
const { channelId } = await publishNewspaperCoverage(author);
const loads: PageLoad[] = [];
for (let nth = 0; nth < visits; nth += 1) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  // No picture arrives by the times measured.
  await context.route(/^https:/, (route) => route.abort());
  loads.push(await loadPage(await context.newPage(), `${server.url}/live/${channelId}`, slow3G));
  await context.close();
}
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const bytes = median(loads.map((load) => Object.values(load.bytes).reduce((sum, one) => sum + one, 0)));
console.log('slow 3G  first paint ms  first post ms  live ms  kB without pictures');
console.log(
  ' '.repeat(8),
  ...(['firstPaintMs', 'firstPostMs', 'liveMs'] as const).map((name, at) =>
    String(median(loads.map((load) => load[name]))).padStart([14, 14, 8][at] ?? 0),
  ),
  (bytes / 1_000).toFixed(1).padStart(20),
);

console.log('reader   posts  ms / post  longest ms  posts held  nodes  heap MiB');
for (const reader of ['top', 'below']) {
  const { channel } = await author.createChannel({ headline: `Read at the ${reader}`, state: 'live' });
  for (let nth = 0; nth < 20; nth += 1) await author.publish(channel.id, { headline: `Before ${nth}`, body });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, bypassCSP: true });
  await page.goto(`${server.url}/live/${channel.id}`);
  await page.locator('#connection[data-state="live"]').waitFor();
  if (reader === 'below') await page.evaluate('scrollTo(0, 2_000)');
  await page.evaluate(
    'window.longest = 0; new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) longest = Math.max(longest, duration); }).observe({ type: "longtask" })',
  );
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  const measure = async () => {
    await page.evaluate('gc()');
    const { metrics } = await cdp.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  let done = 0;
  while (done < posts) {
    const before = await measure();
    for (let nth = 0; nth < every; nth += 1) await author.publish(channel.id, { headline: `Number ${done + nth}`, body });
    done += every;
    await page.waitForFunction(
      `document.title.includes('${done.toLocaleString('en')}') || document.querySelector('#posts > .post .headline').textContent === 'Number ${done - 1}'`,
    );
    const after = await measure();
    const tasks = ((after.TaskDuration ?? 0) - (before.TaskDuration ?? 0)) * 1_000;
    const held = await page.locator('#posts > .post').count();
    const figures = [done, (tasks / every).toFixed(2), await page.evaluate('Math.round(longest)'), held, after.Nodes];
    console.log(
      reader.padEnd(8),
      ...figures.map((figure, at) => String(figure).padStart([5, 10, 11, 11, 6][at] ?? 0)),
      ((after.JSHeapUsedSize ?? 0) / 2 ** 20).toFixed(1).padStart(9),
    );
  }
  await page.close();
}
await browser.close();
