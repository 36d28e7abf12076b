import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { WatchedPage } from '../browser.ts';
import { eventually, few, hide, isLive, post, topOf } from '../newsroom.ts';
import type { Exam } from '../reader-states.ts';
import { signIn } from './access.ts';

async function goBackTo(page: Page, path: string): Promise<void> {
  await page.evaluate('setTimeout(() => history.back(), 0)');
  await eventually(async () => expect(await page.evaluate('location.pathname')).toBe(path));
  await isLive(page);
}

/** The reading position: at a linked post, and after going back or reloading. */
export function places({ room, keepsPages }: Exam): void {
  const { coverage, publish, open } = room;

  /** Opens a channel’s page outside the back/forward cache, so that going back requests it again. */
  async function openUnkept(posts: string[]): Promise<WatchedPage & { id: string; ids: string[] }> {
    // A members’ page is never cached. A public page would come from the cache unchanged, and continue from there.
    const { id, ids } = await coverage(posts, { access: 'members' });
    const watched = await room.browser.page({ viewport: { width: 1000, height: 700 } });
    await watched.page.goto(`${room.server.url}/live/${id}`);
    await signIn(room, watched.page, id);
    await isLive(watched.page);
    // Desktop browsers do not cache a page that listens for this event.
    await watched.page.evaluate(`window.samePage = true; addEventListener('unload', () => {})`);
    return { ...watched, id, ids };
  }

  it('open a permanent link far down at its post, marked, below the bar, with its neighbours', async () => {
    const { id, ids } = await coverage(Array.from({ length: 30 }, (_, at) => `Number ${at}. ${few}`));
    const { page, complaints } = await open(`${id}/${ids[14]}`);
    expect(await page.locator('[aria-current=true]').getAttribute('id')).toBe(`post-${ids[14]}`);
    await eventually(async () => {
      const top = await topOf(page, ids[14] ?? '');
      expect(top).toBeGreaterThan(30);
      expect(top).toBeLessThan(400);
    });
    expect(await page.locator('#posts > .post').count()).toBe(20);
    await page.getByRole('link', { name: 'Older posts' }).click();
    await post(page, ids[0] ?? '').waitFor({ state: 'attached' });
    expect(complaints).toEqual([]);
  });

  it.each([
    ['on the page', (id: string) => `/live/${id}`, '#new-posts'],
    ['in the element', (id: string) => `/embed/${id}`, 'pressbox-live .new-posts'],
  ])(
    'move nothing when the next posts arrive just after the reader has revealed the held-back ones, %s',
    async (_where, pathOf, button) => {
      const { id: channel } = await coverage(Array.from({ length: 12 }, () => few));
      for (const viewport of [
        { width: 1200, height: 700 },
        { width: 390, height: 700 },
      ]) {
        const { page } = await room.browser.page({ viewport });
        await page.goto(room.server.url + pathOf(channel));
        await page.locator(':is(#connection, .status)[data-state="live"]').waitFor();
        await page
          .locator(':is(#posts, .posts) > .post')
          .nth(8)
          .evaluate((element) => element.scrollIntoView());
        let [shown = ''] = await publish(channel, few);
        await page.locator(button).click();
        const framesLater =
          'new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(resolve))))';
        for (const next of [few, { headline: 'Key', body: few, keyEvent: true }, 'Last.']) {
          const topOfShown = async () => (await page.locator(`:is(#posts, .posts) > [data-post="${shown}"]`).boundingBox())?.y;
          const before = await topOfShown();
          const [id = ''] = await publish(channel, next);
          await page.locator(button).waitFor();
          // A browser with scroll anchoring adjusts in the frame after a change.
          await page.evaluate(framesLater);
          expect(await topOfShown()).toBe(before);
          await page.locator(button).click();
          const { y = -1 } = (await page.locator(`:is(#posts, .posts) > [data-post="${id}"]`).boundingBox()) ?? {};
          expect(y).toBeGreaterThanOrEqual(0);
          expect(y).toBeLessThan(400);
          expect(await page.locator(button).isVisible()).toBe(false);
          shown = id;
        }
      }
    },
  );

  it('restore the reading position after going back, and show what arrived since', async () => {
    const { id, ids } = await coverage(Array.from({ length: 12 }, () => few));
    const { page, complaints } = await open(id);
    const reading = ids[5] ?? '';
    await post(page, reading).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const before = await topOf(page, reading);
    await page.evaluate('window.samePage = true');
    await page.goto(`${room.server.url}/`);
    await publish(id, 'Meanwhile.');
    await goBackTo(page, room.server.pathTo(`/live/${id}`));
    if (keepsPages) expect(await page.evaluate('window.samePage')).toBe(true);
    await eventually(async () => expect(Math.abs((await topOf(page, reading)) - before)).toBeLessThanOrEqual(2));
    // A page that was loaded anew has the post.
    if (keepsPages) await page.getByRole('button', { name: '1 new post' }).click();
    await page.getByText('Meanwhile.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('restore the reading position without the back/forward cache, with new posts above', async () => {
    const { page, id, ids, complaints } = await openUnkept(Array.from({ length: 12 }, () => few));
    const [above, reading] = [ids[9] ?? '', ids[5] ?? ''];
    await post(page, reading).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const before = await topOf(page, reading);
    await page.goto(`${room.server.url}/`);
    const [added] = await publish(id, 'Meanwhile.');
    await room.author.correct(id, above, 1, { note: 'It is longer.', changes: { body: few.repeat(3) } });
    await goBackTo(page, room.server.pathTo(`/live/${id}`));
    expect(await page.evaluate('window.samePage')).toBe(undefined);
    expect(await page.locator('#posts > .post').first().getAttribute('id')).toBe(`post-${added}`);
    expect(Math.abs((await topOf(page, reading)) - before)).toBeLessThanOrEqual(2);
    expect(complaints).toEqual([]);
  });

  it('keep the reading position on reload with new posts above, and links within the page work as usual', async () => {
    const { id, ids } = await coverage(Array.from({ length: 12 }, () => few));
    const { page, complaints } = await open(id);
    const [above, reading] = [ids[7] ?? '', ids[5] ?? ''];
    await post(page, reading).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    for (let nth = 1; nth <= 2; nth += 1) {
      await publish(id, few);
      await room.author.revise(id, above, nth, { kind: 'update', changes: { body: few.repeat(nth + 1) } });
      const revised = post(page, above).and(page.locator(`[data-revision="${nth + 1}"]`));
      await revised.waitFor({ state: 'attached' });
      const before = await topOf(page, reading);
      await page.reload();
      await isLive(page);
      expect(Math.abs((await topOf(page, reading)) - before)).toBeLessThanOrEqual(2);
    }
    expect(await page.locator('#posts > .post').count()).toBe(14);
    const before = await page.evaluate('scrollY');
    await page.evaluate(`location.hash = 'post-${ids[0]}'`);
    await eventually(async () => expect(await page.evaluate('scrollY')).not.toBe(before));
    await page.evaluate('history.back()');
    await eventually(async () => expect(await page.evaluate('scrollY')).toBe(before));
    expect(complaints).toEqual([]);
  });

  it('store the position, without any text, when the page is left, or hidden and may be closed', async () => {
    const { id, ids } = await coverage(Array.from({ length: 12 }, () => few));
    const { page } = await open(id);
    const kept = () => page.evaluate<string>('JSON.stringify(sessionStorage)');
    const readFrom = (id = '') => post(page, id).evaluate((element) => element.scrollIntoView());
    await readFrom(ids[7]);
    await page.reload();
    await isLive(page);
    expect(await kept()).toContain(ids[7]);
    await readFrom(ids[5]);
    await hide(page, true);
    expect(await kept()).toContain(ids[5]);
    for (const word of ['Some', 'Harbour']) expect(await kept()).not.toContain(word);
  });

  it('stay at the top for a reader who was there, after going back and on reload, and show what arrived', async () => {
    const { page, id, complaints } = await openUnkept(Array.from({ length: 12 }, () => few));
    const scrolled = await page.evaluate<number>(`(() => {
      scrollBy(0, Math.floor(document.getElementById('posts').getBoundingClientRect().top) - 20);
      return scrollY;
    })()`);
    await page.goto(`${room.server.url}/`);
    const [added] = await publish(id, few);
    await goBackTo(page, room.server.pathTo(`/live/${id}`));
    expect(await page.evaluate('window.samePage')).toBe(undefined);
    expect(await page.locator('#posts > .post').first().getAttribute('id')).toBe(`post-${added}`);
    expect(await page.evaluate('scrollY')).toBe(scrolled);
    await page.reload();
    await isLive(page);
    expect(await page.evaluate('scrollY')).toBe(scrolled);
    expect(complaints).toEqual([]);
  });

  it('load the post being read if the page does not include it', async () => {
    const { id, ids } = await coverage(Array.from({ length: 30 }, (_, at) => `Number ${at}. ${few}`));
    const { page, complaints } = await open(id);
    const reading = ids[3] ?? '';
    await page.getByRole('link', { name: 'Older posts' }).click();
    await post(page, reading).waitFor({ state: 'attached' });
    await post(page, reading).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const before = await topOf(page, reading);
    await page.reload();
    await post(page, reading).waitFor({ state: 'attached' });
    await eventually(async () => expect(Math.abs((await topOf(page, reading)) - before)).toBeLessThanOrEqual(2));
    expect(await page.locator('#posts > .post').count()).toBe(30);
    await isLive(page);
    expect(complaints).toEqual([]);
  });
}
