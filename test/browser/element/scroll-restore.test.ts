import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { eventually, few, hide, post, topOf } from '../newsroom.ts';
import { areLive, siteAround, tag } from '../site-around.ts';

/** Text of the host page. */
const article = `<p>${'What else the page has to say. '.repeat(120)}</p>`;

describeWith(needs.chromium, 'the reading position in an element after back or reload', (chromium) => {
  const site = siteAround(() => startBrowser(chromium));
  const { room } = site;
  const coverage = (posts = 12) => room.coverage(Array.from({ length: posts }, () => few));

  /** A page with text above and below these elements. */
  const open = (elements: string) => site.open(`${article}${elements}${article}${site.script()}`);

  /** Scrolls on from the middle of the viewport. Returns the position of the post. */
  async function read(page: Page, id: string | undefined): Promise<number> {
    await post(page, id).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    return topOf(page, id);
  }

  const isAt = async (page: Page, id: string | undefined, top: number) =>
    eventually(async () => expect(Math.abs((await topOf(page, id)) - top)).toBeLessThanOrEqual(2));

  /** Resolves once the page is loaded and the elements no longer scroll. */
  const areSettled = (page: Page) => page.evaluate('new Promise((resolve) => setTimeout(() => requestAnimationFrame(resolve)))');

  const kept = (page: Page) => page.evaluate<string>('JSON.stringify(sessionStorage)');

  it('is restored whatever was added above, and leaves scrolling to the host page', async () => {
    const { id, ids } = await coverage();
    const { page, complaints } = await open(tag(id));
    await areLive(page);
    const before = await read(page, ids[5]);
    await room.publish(id, few);
    await room.author.revise(id, ids[9] ?? '', 1, { kind: 'update', changes: { body: few.repeat(3) } });
    await page.getByRole('button', { name: '1 new post' }).waitFor();
    await post(page, ids[9]).and(page.locator('[data-revision="2"]')).waitFor({ state: 'attached' });
    const settled = await topOf(page, ids[5]);
    expect(Math.abs(settled - before)).toBeLessThanOrEqual(1);
    await page.reload();
    await areLive(page);
    await isAt(page, ids[5], settled);
    expect(await page.evaluate('history.scrollRestoration')).toBe('auto');
    await page.goto(site.host.put('/elsewhere', 'Nothing of Pressbox here.'));
    const [added] = await room.publish(id, few);
    await page.goBack();
    await areLive(page);
    await isAt(page, ids[5], settled);
    expect(await post(page, added).count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('is restored while the page is still loading, and again when the browser scrolls after loading', async () => {
    const { id, ids } = await coverage();
    const { page, complaints } = await open(`${tag(id)}<img src="https://example.org/slow.svg" alt="">`);
    await areLive(page);
    const before = await read(page, ids[5]);
    await room.publish(id, few, few);
    await page.getByRole('button', { name: '2 new posts' }).waitFor();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await page.route('https://example.org/slow.svg', (route) => released.then(() => route.fallback()));
    await page.reload({ waitUntil: 'commit' });
    await areLive(page);
    await isAt(page, ids[5], before);
    expect(await page.evaluate('document.readyState')).not.toBe('complete');
    const loaded = page.waitForEvent('load');
    release();
    await loaded;
    await areSettled(page);
    await isAt(page, ids[5], before);
    expect(complaints).toEqual([]);
  });

  it('is restored by loading the post if it is older than the first page', async () => {
    const { id, ids } = await coverage();
    const { page, complaints } = await open(tag(id));
    await areLive(page);
    const before = await read(page, ids[4]);
    await room.publish(id, ...Array.from({ length: 40 }, (_, at) => `New number ${at}. ${few}`));
    await page.getByRole('button', { name: '40 new posts' }).waitFor();
    await page.reload();
    await areLive(page);
    await isAt(page, ids[4], before);
    expect(await page.locator('[role="alert"]').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('is restored in each element that scrolls by itself', async () => {
    const [one, other] = [await coverage(), await coverage()];
    const { page, complaints } = await open(tag(one.id, 'scroll') + tag(other.id, 'scroll'));
    await areLive(page, 2);
    await read(page, one.ids[3]);
    await read(page, other.ids[7]);
    const places = () => Promise.all([topOf(page, one.ids[3]), topOf(page, other.ids[7]), page.evaluate<number>('scrollY')]);
    const before = await places();
    for (const { id } of [one, other]) await room.publish(id, few);
    await page.getByRole('button', { name: '1 new post' }).nth(1).waitFor();
    await page.reload();
    await areLive(page, 2);
    await isAt(page, one.ids[3], before[0]);
    await isAt(page, other.ids[7], before[1]);
    expect(Math.abs((await page.evaluate<number>('scrollY')) - before[2])).toBeLessThan(1);
    expect(complaints).toEqual([]);
  });

  it('is stored without any text, and only for the element being read if there are several', async () => {
    const [one, other] = [await coverage(), await coverage()];
    const { page, complaints } = await open(tag(one.id) + tag(other.id));
    await areLive(page, 2);
    await read(page, one.ids[5]);
    await hide(page, true);
    expect(await kept(page)).toContain(`/live/${one.id}`);
    await hide(page, false);
    const before = await read(page, other.ids[5]);
    await room.publish(one.id, few);
    await room.publish(other.id, few);
    await page.getByRole('button', { name: '1 new post' }).nth(1).waitFor();
    const settled = await topOf(page, other.ids[5]);
    expect(Math.abs(settled - before)).toBeLessThanOrEqual(1);
    await hide(page, true);
    expect(await kept(page)).toContain(`/live/${other.id}`);
    for (const nothing of [`/live/${one.id}`, 'Some', 'Harbour']) expect(await kept(page)).not.toContain(nothing);
    await page.reload();
    await areLive(page, 2);
    await isAt(page, other.ids[5], settled);
    await areSettled(page);
    // A reader of the surrounding text stores no position for any element.
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
    await hide(page, true);
    expect(await kept(page)).not.toContain('/live/');
    expect(complaints).toEqual([]);
  });

  it('is not restored, without an error, if the browser stores nothing', async () => {
    const { id, ids } = await coverage();
    const { page, complaints } = await open(tag(id));
    await page.addInitScript(
      `Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('Refused.', 'SecurityError'); } });`,
    );
    for (let nth = 0; nth < 2; nth += 1) {
      await page.reload();
      await areLive(page);
      await read(page, ids[5]);
      await hide(page, true);
    }
    expect(complaints).toEqual([]);
  });

  it('is restored in the right one of two elements with the same channel', async () => {
    const { id, ids } = await coverage();
    const { page, complaints } = await open(tag(id) + tag(id));
    await areLive(page, 2);
    for (const nth of [0, 1]) {
      const read = page.locator('pressbox-live').nth(nth).locator(`#post-${ids[5]}`);
      const topOfRead = () => read.evaluate((element) => element.getBoundingClientRect().top);
      await read.evaluate((element) => element.scrollIntoView({ block: 'center' }));
      const before = await topOfRead();
      await room.publish(id, few);
      await page.getByRole('button', { name: '1 new post' }).nth(nth).waitFor();
      await page.reload();
      await areLive(page, 2);
      await eventually(async () => expect(Math.abs((await topOfRead()) - before)).toBeLessThanOrEqual(2));
      await areSettled(page);
    }
    expect(complaints).toEqual([]);
  });

  it('is restored once, and not again when the element switches back to the channel', async () => {
    const [{ id, ids }, other] = [await coverage(), await coverage()];
    const { page, complaints } = await open(tag(id));
    await areLive(page);
    const before = await read(page, ids[5]);
    await page.reload();
    await areLive(page);
    await isAt(page, ids[5], before);
    await areSettled(page);
    await page.evaluate('scrollTo(0, 0)');
    for (const [channel, shown] of [
      [other.id, other.ids[9]],
      [id, ids[9]],
    ] as const) {
      await page.locator('pressbox-live').evaluate((element, next) => element.setAttribute('channel', next), channel);
      await post(page, shown).waitFor({ state: 'attached' });
      await areLive(page);
    }
    await areSettled(page);
    expect(await page.evaluate('scrollY')).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('is not restored if the reader scrolls at once, or if the address names a post', async () => {
    const { id, ids } = await coverage();
    const { page, complaints } = await open('<pressbox-live></pressbox-live>');
    const show = async () => {
      await page.getByText('No channel is named.').waitFor();
      await page.locator('pressbox-live').evaluate((element, channel) => element.setAttribute('channel', channel), id);
      await areLive(page);
    };
    await show();
    const before = await read(page, ids[5]);
    await page.reload();
    await show();
    await isAt(page, ids[5], before);
    await page.reload();
    await page.getByText('No channel is named.').waitFor();
    await page.mouse.move(400, 300);
    await page.mouse.wheel(0, -10_000);
    await eventually(async () => expect(await page.evaluate('scrollY')).toBe(0));
    await show();
    await areSettled(page);
    expect(await page.evaluate('scrollY')).toBe(0);
    await page.evaluate(`location.hash = 'post-${ids[2]}'`);
    await eventually(async () => expect(Math.abs(await topOf(page, ids[2]))).toBeLessThan(20));
    const named = await topOf(page, ids[2]);
    await read(page, ids[8]);
    await page.reload();
    await show();
    await isAt(page, ids[2], named);
    expect(complaints).toEqual([]);
  });
});
