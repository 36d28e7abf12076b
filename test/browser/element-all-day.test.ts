import type { Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { mostBeyond, mostPosts } from '../../client/web/view/paging.ts';
import { type HostSite, startHostSite, strictPolicy } from '../support/host-page.ts';
import { describeWith, needs } from '../support/needs.ts';
import { startBrowser, type WatchedPage } from './browser.ts';
import { eventually, hide, newsroom, post, textOf, topOf } from './newsroom.ts';

const long = 'Some words that fill a few lines of the page. '.repeat(8);
/** More than are let go of together. */
const beyond = mostPosts + 60;

describeWith(needs.chromium, 'the element on a page that is open all day', (chromium) => {
  let host: HostSite;
  const room = newsroom(
    () => startBrowser(chromium),
    async () => {
      host = await startHostSite();
      return { PRESSBOX_ORIGINS: host.url };
    },
  );
  afterAll(() => host[Symbol.asyncDispose]());

  /** A page of another site with an element for each channel, under the strict policy. */
  function pageWith(...channelIds: string[]): string {
    const tags = channelIds.map((id) => `<pressbox-live channel="${id}"></pressbox-live>`);
    const script = `<script type="module" src="${room.server.url}/embed.js"></script>`;
    return host.put(`/${channelIds.join('-')}`, `${tags.join('')}${script}`, { policy: strictPolicy(room.server.url) });
  }

  const areLive = async (page: Page, elements: number) => {
    for (let nth = 0; nth < elements; nth += 1) await page.locator('.status[data-state="live"]').nth(nth).waitFor();
  };

  async function open(...channelIds: string[]): Promise<WatchedPage> {
    const watched = await room.browser.page({ viewport: { width: 800, height: 700 } });
    await watched.page.goto(pageWith(...channelIds));
    await areLive(watched.page, channelIds.length);
    return watched;
  }

  const posts = (page: Page) => page.locator('.posts > .post');

  /** As many as are given, by several authors at once. */
  async function publishMany(channelId: string, count: number): Promise<void> {
    for (let done = 0; done < count; done += 10)
      await Promise.all(Array.from({ length: 10 }, (_, nth) => room.publish(channelId, `New number ${done + nth}. ${long}`)));
  }

  it('holds so many posts and no more, and brings the older ones back when it is asked for them', async () => {
    const { id, ids } = await room.coverage(['The first.', ...Array.from({ length: 9 }, () => long)]);
    const { page, complaints } = await open(id);
    await publishMany(id, beyond);
    const [last] = await room.publish(id, 'The last.');
    await post(page, last).waitFor();
    expect(await posts(page).count()).toBeGreaterThanOrEqual(mostPosts);
    expect(await posts(page).count()).toBeLessThanOrEqual(mostPosts + mostBeyond);
    expect(await post(page, ids[0]).count()).toBe(0);
    const older = page.getByRole('button', { name: 'Older posts' });
    while ((await post(page, ids[0]).count()) === 0) {
      const lowest = await posts(page).last().getAttribute('id');
      await older.click();
      await eventually(async () => expect(await posts(page).last().getAttribute('id')).not.toBe(lowest));
      expect(await posts(page).count()).toBeLessThanOrEqual(mostPosts + mostBeyond);
    }
    expect(await textOf(post(page, ids[0]).locator('.body'))).toBe('The first.');
    // Whoever pages down lets go of the top, which is paged for likewise.
    expect(await post(page, last).count()).toBe(0);
    await page.getByRole('button', { name: 'Newest posts' }).click();
    await post(page, last).waitFor();
    expect(complaints).toEqual([]);
  });

  it('leaves what is read, its place, focus and selection alone while more arrives than it holds, and leads to that', async () => {
    const { id, ids } = await room.coverage(Array.from({ length: 12 }, (_, at) => `Number ${at}. ${long}`));
    const { page, complaints } = await open(id);
    const reading = ids[2];
    await page.evaluate(`document.documentElement.style.setProperty('overflow-anchor', 'none')`);
    await post(page, reading).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    await post(page, reading).locator('.when').focus();
    const chosen = `(() => {
      const { shadowRoot } = document.querySelector('pressbox-live');
      const [{ startContainer, startOffset, endOffset }] = getSelection().getComposedRanges({ shadowRoots: [shadowRoot] });
      return [shadowRoot.activeElement.closest('.post').id, startContainer.textContent.slice(startOffset, endOffset)];
    })()`;
    await page.evaluate(`(() => {
      const text = document.querySelector('pressbox-live').shadowRoot.querySelector('#post-${reading} .body p').firstChild;
      getSelection().setBaseAndExtent(text, 0, text, 9);
    })()`);
    expect(await page.evaluate(chosen)).toEqual([`post-${reading}`, 'Number 2.']);
    const before = await topOf(page, reading);
    await publishMany(id, 50);
    await page.getByRole('button', { name: '50 new posts' }).waitFor();
    expect(await topOf(page, reading)).toBe(before);
    await publishMany(id, beyond - 50);
    await page.getByRole('button', { name: `${beyond} new posts` }).waitFor();
    await page.getByRole('button', { name: 'Newer posts' }).waitFor({ state: 'attached' });
    expect(Math.abs((await topOf(page, reading)) - before)).toBeLessThan(0.5);
    expect(await page.evaluate(chosen)).toEqual([`post-${reading}`, 'Number 2.']);
    await page.getByRole('button', { name: `${beyond} new posts` }).click();
    await eventually(async () => expect(await textOf(posts(page).first())).toContain('New number'));
    expect(await page.getByRole('button', { name: 'Newer posts' }).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('lets go of what is furthest down in a frame as high as what is in it, where the browser does not tell what is seen', async () => {
    const { id, ids } = await room.coverage(Array.from({ length: 20 }, () => long));
    const fit = `addEventListener('message', ({ data }) => { document.querySelector('iframe').height = data.height; });`;
    host.put('/fit-all-day.js', fit);
    const url = host.put(
      '/frame-all-day',
      `<script src="/fit-all-day.js"></script><iframe src="${room.server.url}/embed/${id}" width="700" height="800"></iframe>`,
    );
    const { page, complaints } = await room.browser.page({ viewport: { width: 800, height: 700 } });
    await page.goto(url);
    const inside = page.frameLocator('iframe');
    const held = inside.locator('.posts > .post');
    await held.nth(19).waitFor();
    await publishMany(id, mostPosts + mostBeyond - 20);
    const [last] = await room.publish(id, 'The last.');
    await inside.locator(`#post-${last}`).waitFor();
    expect(await held.count()).toBe(mostPosts);
    expect(await inside.locator(`#post-${ids[0]}`).count()).toBe(0);
    // Further down new ones wait, and it is they that are let go of.
    await page.evaluate('scrollTo(0, 9_000)');
    await inside.locator('pressbox-live[hold]').waitFor();
    await publishMany(id, mostBeyond + 10);
    await inside.getByRole('button', { name: `${mostBeyond + 10} new posts` }).waitFor();
    await inside.getByRole('button', { name: 'Newer posts' }).waitFor();
    expect(await held.count()).toBe(mostPosts);
    expect(await inside.locator(`#post-${last}`).count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('tells someone who comes back to the tab what they missed, where it was, and leads to it without leaving the page', async () => {
    const { author } = room;
    const { id, ids } = await room.coverage([
      ...Array.from({ length: 9 }, () => long),
      { headline: 'The bridge is open', body: long },
      long,
      long,
    ]);
    const other = await room.coverage(['Of the other.']);
    const { page, complaints } = await room.browser.page({ viewport: { width: 800, height: 700 } });
    await page.clock.install();
    await page.goto(pageWith(id, other.id));
    await areLive(page, 2);
    const [wrong, rumour] = [ids[9], ids[10]];
    for (const read of [wrong, rumour, ids[3]]) {
      await post(page, read).evaluate((element) => element.scrollIntoView({ block: 'center' }));
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
    }
    const before = await topOf(page, ids[3]);
    await hide(page, true);
    await author.correct(id, wrong ?? '', 1, { note: 'It is shut.', changes: { headline: 'The bridge is shut' } });
    await author.retract(id, rumour ?? '', { note: 'Nobody said so.' });
    const added = await room.publish(id, `New one. ${long}`, `New two. ${long}`);
    await page.getByRole('button', { name: '2 new posts' }).waitFor();
    await page.clock.fastForward(60_000);
    await hide(page, false);
    const line = page.locator('.since').first();
    await line.waitFor();
    expect(await textOf(line.locator('.since-when'))).toMatch(/^Since you left, \d\d:\d\d UTC$/);
    expect(await textOf(line.locator('ul'))).toMatch(
      /^2 new posts ?1 correction: “The bridge is shut” ?1 withdrawn: post of \d\d:\d\d UTC$/,
    );
    // It stands in the window over its own element, takes no room, and the other element has nothing to tell.
    const { y = 0, height = 0 } = (await line.boundingBox()) ?? {};
    expect(Math.round(y + height)).toBe(700 - 16);
    expect(Math.abs((await topOf(page, ids[3])) - before)).toBeLessThan(0.5);
    expect(await page.locator('.since').nth(1).isVisible()).toBe(false);
    await page.clock.fastForward(1_000);
    const said = page.locator('#announcement').first();
    await eventually(async () =>
      expect(await said.textContent()).toContain('2 new posts 1 correction: “The bridge is shut” 1 with'),
    );
    await page.clock.fastForward(5_000);
    const url = page.url();
    await line.getByRole('link', { name: '2 new posts' }).click();
    await post(page, added[1]).waitFor();
    await line.getByRole('link', { name: '2 new posts' }).waitFor({ state: 'detached' });
    await line.getByRole('link', { name: 'The bridge is shut' }).click();
    await eventually(async () => expect(Math.abs(await topOf(page, wrong))).toBeLessThan(20));
    await post(page, rumour).scrollIntoViewIfNeeded();
    await line.waitFor({ state: 'hidden' });
    expect(page.url()).toBe(url);
    expect(complaints).toEqual([]);
  });

  it('tells so on a later day, from what the browser kept for the page around, which holds no text', async () => {
    const { author } = room;
    const { id, ids } = await room.coverage([{ headline: 'Thirteen zqships', body: 'A zqword.' }], {
      language: 'de',
      headline: 'Brand im Hafen',
    });
    const { page, complaints } = await open(id);
    await post(page, ids[0]).waitFor();
    await page.goto(host.put('/elsewhere', 'Nothing of Pressbox here.'));
    const kept = await page.evaluate<string>('JSON.stringify(localStorage)');
    expect(kept).toContain(`pressbox-left:${room.server.url}/live/${id}`);
    expect(kept).toContain(ids[0]);
    expect(kept).not.toContain('zq');
    await author.correct(id, ids[0] ?? '', 1, { note: 'Drei.', changes: { headline: 'Drei Schiffe' } });
    await room.publish(id, ...Array.from({ length: 22 }, (_, at) => `Number ${at}. ${long}`));
    await page.clock.install({ time: Date.now() + 25 * 3_600_000 });
    await page.goto(pageWith(id));
    const line = page.locator('.since');
    await line.waitFor();
    expect(await textOf(line.locator('ul'))).toBe('22 neue Beiträge1 Korrektur: „Drei Schiffe“');
    // It is further back than what is shown, and is fetched.
    expect(await post(page, ids[0]).count()).toBe(0);
    await line.getByRole('link', { name: 'Drei Schiffe' }).click();
    await post(page, ids[0]).waitFor();
    await line.getByRole('button', { name: 'Schließen' }).press('Enter');
    await line.waitFor({ state: 'hidden' });
    const focused = () => page.locator('pressbox-live').evaluate((element) => element.shadowRoot?.activeElement?.className);
    expect(await focused()).toContain('post');
    expect(complaints).toEqual([]);
  });
});
