import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { NewPost } from '../../../client/lib/author-client.ts';
import { seedOf } from '../../support/authors/busy-day.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { randomFrom } from '../../support/samples/random.ts';
import { drawn, startBrowser } from '../browser.ts';
import { eventually, few, isLive, newsroom } from '../newsroom.ts';

/** At each width. */
const arrivals = 100;
const viewports = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
];

describeWith(needs.chromium, 'the text being read', (chromium) => {
  const room = newsroom(() => startBrowser(chromium));

  it.each(viewports)('does not move while posts arrive at random scroll positions, at $width px', async (viewport) => {
    const seed = seedOf(`arrivals at ${viewport.width} px`);
    const random = randomFrom(seed);
    const below = (end: number) => Math.floor(random() * end);
    const aPost = (): NewPost => ({
      headline:
        random() < 0.5 ? null : 'A headline of some words, which may take two lines on a telephone'.slice(0, 12 + below(60)),
      body: few.slice(0, 20 + below(300)),
      ...(random() < 0.2 && { keyEvent: true, headline: 'A key event that may take a second line'.slice(0, 5 + below(40)) }),
      ...(random() < 0.1 && { kind: 'summary' as const }),
    });
    const { id, ids } = await room.coverage([
      { ...aPost(), kind: 'summary' },
      ...Array.from({ length: 18 }, aPost),
      { headline: 'Key', keyEvent: true, body: few },
    ]);
    await room.author.pin(id, ids[3] ?? '');
    const { page, complaints } = await room.browser.page({ viewport });
    let received = '';
    page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => (received += String(payload))));
    await page.goto(`${room.server.url}/live/${id}`);
    await isLive(page);
    await observeShifts(page);
    for (let came = 0; came < arrivals; ) {
      const height = await page.evaluate<number>('document.documentElement.scrollHeight');
      const top = below(random() < 0.7 ? 1_500 : height);
      await page.evaluate(`scrollTo({ top: ${top}, behavior: 'instant' })`);
      await settled(page);
      await shiftsOf(page);
      const count = 1 + below(6);
      const added = await room.publish(id, ...Array.from({ length: count }, aPost));
      came += count;
      await eventually(async () => expect(received).toContain(added.at(-1)));
      await settled(page);
      expect(await shiftsOf(page), `${count} posts at ${top} px`).toEqual([]);
      if (random() > 0.15 || !(await page.locator('#new-posts').isVisible())) continue;
      await page.locator('#new-posts').click();
      await settled(page);
    }
    expect(complaints).toEqual([]);
  });
});

/** Records layout shifts, whether or not the reader has just acted. */
async function observeShifts(page: Page): Promise<void> {
  await page.evaluate(`{
    window.shifts = [];
    new PerformanceObserver((list) => shifts.push(...list.getEntries())).observe({ type: 'layout-shift' });
  }`);
}

/** The layout shifts since the last call, each with what moved. */
async function shiftsOf(page: Page): Promise<string[]> {
  return await page.evaluate(`shifts.splice(0).map(({ value, sources }) => {
    const moved = sources.map(({ node, previousRect, currentRect }) => {
      const element = node?.nodeType === 1 ? node : node?.parentElement;
      return (element?.closest('[id]')?.id ?? 'unknown') + ' ' + previousRect.y + ' to ' + currentRect.y;
    });
    return value + ': ' + moved.join(', ');
  })`);
}

/** Shifts are reported after the frame in which they happened. */
async function settled(page: Page): Promise<void> {
  await drawn(page);
  await page.evaluate(
    'new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(() => setTimeout(resolve)))))',
  );
}
