import { chromium } from 'playwright-core';
import { AuthorClient } from '../../client/lib/author-client.ts';
import { startTestServer } from '../../test/support/servers/server.ts';

/**
 * Measures what an open page costs its reader: `node bench/pressbox/page.ts [posts]` opens a channel in Chromium, publishes that
 * many posts, and prints main thread milliseconds per post, the longest task, and what the page holds, for a reader at the top
 * and one further down.
 */
const posts = Number(process.argv[2] ?? 2_000);
const executablePath = process.argv[3] ?? '/usr/bin/chromium';
const body = 'Some words that fill a few lines of the page. '.repeat(12);
const every = Math.max(1, posts / 4);

await using server = await startTestServer();
const author = new AuthorClient({ url: server.url, token: await server.token() });
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--js-flags=--expose-gc'] });

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
