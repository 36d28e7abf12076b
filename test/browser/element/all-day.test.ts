import type { Frame, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { mostBeyond, mostPosts } from '../../../client/browser/view/page/paging.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { drawn, startBrowser, type WatchedPage } from '../browser.ts';
import { coverageToLeave, read } from '../coming-back.ts';
import { announced, eventually, hide, listenTo, noon, post, textOf, topOf } from '../newsroom.ts';
import { holdsItsMost, pageDown } from '../paging.ts';
import { areLive, siteAround, tag } from '../site-around.ts';

const long = 'Some words that fill a few lines of the page. '.repeat(8);
/** Enough posts that the element drops some of them. */
const beyond = mostPosts + 60;

describeWith(needs.chromium, 'the element on a page that is open all day', (chromium) => {
  const site = siteAround(() => startBrowser(chromium));
  const { room } = site;

  /** A page with an element for each channel. */
  const pageWith = (channelIds: readonly string[], attributes = '') =>
    site.page(`${channelIds.map((id) => tag(id, attributes)).join('')}${site.script()}`);

  /** A page of another site with a frame as high as its content. */
  function pageAround(channelId: string): string {
    const fit = `addEventListener('message', ({ data }) => { document.querySelector('iframe').height = data.height; });`;
    const frame = `<iframe src="${room.server.url}/embed/${channelId}" width="700" height="800"></iframe>`;
    site.host.put('/fit.js', fit);
    return site.host.put('/around', `<script src="/fit.js"></script>${frame}`);
  }

  async function open(channelId: string): Promise<WatchedPage> {
    const watched = await site.open(`${tag(channelId)}${site.script()}`);
    await areLive(watched.page);
    return watched;
  }

  const posts = (page: Page) => page.locator('.posts > .post');

  /** Publishes that many posts, by several authors in parallel. */
  async function publishMany(channelId: string, count: number): Promise<void> {
    for (let done = 0; done < count; done += 10)
      await Promise.all(Array.from({ length: 10 }, (_, nth) => room.publish(channelId, `New number ${done + nth}. ${long}`)));
  }

  it('limits the number of posts, loads older ones again on demand, and restores the reading position on reload', async () => {
    const { id, ids } = await room.coverage(['The first.', ...Array.from({ length: 9 }, () => long)]);
    const { page, complaints } = await open(id);
    await publishMany(id, beyond);
    const [last] = await room.publish(id, 'The last.');
    await post(page, last).waitFor();
    await holdsItsMost(posts(page));
    expect(await post(page, ids[0]).count()).toBe(0);
    await pageDown(posts(page), page.getByRole('button', { name: 'Older posts' }), post(page, ids[0]));
    expect(await textOf(post(page, ids[0]).locator('.body'))).toBe('The first.');
    // Loading the older posts has dropped the newest ones. A button below loads them again.
    expect(await post(page, last).count()).toBe(0);
    await post(page, ids[2]).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const before = await topOf(page, ids[2]);
    await page.reload();
    await eventually(async () => expect(Math.abs((await topOf(page, ids[2])) - before)).toBeLessThanOrEqual(2));
    expect(await posts(page).count()).toBeLessThanOrEqual(mostPosts + mostBeyond);
    await page.getByRole('button', { name: 'Newest posts' }).click();
    await post(page, last).waitFor();
    expect(complaints).toEqual([]);
  });

  it('keeps position, focus and selection while more posts arrive than it holds, and then shows the new ones on request', async () => {
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

  it('drops the oldest posts in a frame as high as its content, where the browser does not report what is visible', async () => {
    const { id, ids } = await room.coverage(Array.from({ length: 20 }, () => long));
    const { page, complaints } = await room.browser.page({ viewport: { width: 800, height: 700 } });
    await page.goto(pageAround(id));
    const inside = page.frameLocator('iframe');
    const held = inside.locator('.posts > .post');
    await held.nth(19).waitFor();
    let last = '';
    for (let left = mostPosts + mostBeyond - 20 + 1; left > 0; left -= 5) {
      const published = await room.publish(id, ...Array.from({ length: Math.min(5, left) }, () => long));
      last = published.at(-1) as string;
      await inside.locator(`#post-${last}`).waitFor();
      // Posts that others push out of view before they are drawn would count as new below.
      await drawn(page.frames().at(-1) as Frame);
    }
    expect(await held.count()).toBe(mostPosts);
    expect(await inside.locator(`#post-${ids[0]}`).count()).toBe(0);
    // New posts are held back further down, and those are dropped.
    await eventually(async () => expect(await page.evaluate('scrollTo(0, 9_000), scrollY')).toBe(9_000));
    await inside.locator('pressbox-live[hold]').waitFor();
    await publishMany(id, mostBeyond + 10);
    await inside.getByRole('button', { name: `${mostBeyond + 10} new posts` }).waitFor();
    await inside.getByRole('button', { name: 'Newer posts' }).waitFor();
    expect(await held.count()).toBe(mostPosts);
    expect(await inside.locator(`#post-${last}`).count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('limits the number of posts when all of them are held back, and counts each', async () => {
    const { id } = await room.coverage();
    const { page, complaints } = await room.browser.page({ viewport: { width: 800, height: 700 } });
    await page.goto(pageWith([id], 'hold'));
    await areLive(page);
    await publishMany(id, beyond);
    const news = page.getByRole('button', { name: `${beyond} new posts` });
    await news.waitFor();
    // Posts outside the window are counted as above it.
    await page.getByRole('button', { name: 'Newer posts' }).waitFor();
    await news.click();
    await eventually(async () => expect(await textOf(posts(page).first())).toContain('New number'));
    expect(await posts(page).count()).toBeLessThan(mostPosts);
    expect(complaints).toEqual([]);
  });

  it('tells a reader who returns to the tab what they missed, without moving the page, and links to it', async () => {
    const { id, ids, wrong, rumour, setRight } = await coverageToLeave(room, long);
    const other = await room.coverage(['Of the other.']);
    const { page, complaints } = await room.browser.page({ viewport: { width: 800, height: 700 } });
    await page.clock.install({ time: noon() });
    await page.goto(pageWith([id, other.id]));
    await areLive(page, 2);
    await listenTo(page);
    await read(page, wrong, rumour, ids[3]);
    const before = await topOf(page, ids[3]);
    await hide(page, true);
    await setRight();
    const added = await room.publish(id, `New one. ${long}`, `New two. ${long}`);
    await page.getByRole('button', { name: '2 new posts' }).waitFor();
    await page.clock.fastForward(60_000);
    await hide(page, false);
    const line = page.locator('.since').first();
    await line.waitFor();
    expect(await textOf(line.locator('.since-when'))).toMatch(/^Since you left, \d\d:\d\d UTC$/);
    expect(await textOf(line.locator('ul'))).toMatch(
      /^2 new posts ?1 correction: “The bridge is shut” ?1 withdrawn: post of \w+ \d+, \d{4}, \d\d:\d\d UTC$/,
    );
    // The summary overlays its own element without taking room, and the other element shows none.
    const { y = 0, height = 0 } = (await line.boundingBox()) ?? {};
    expect(Math.round(y + height)).toBe(700 - 16);
    expect(Math.abs((await topOf(page, ids[3])) - before)).toBeLessThan(0.5);
    expect(await page.locator('.since').nth(1).isVisible()).toBe(false);
    await page.clock.fastForward(1_000);
    await announced(page, ' UTC. 2 new posts. 1 correction: “The bridge is shut”. 1 with');
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

  it('tells a reader who returns days later what they missed, from stored data without any text', async () => {
    const { author } = room;
    const { id, ids } = await room.coverage([{ headline: 'Thirteen zqships', body: 'A zqword.' }], {
      language: 'de',
      headline: 'Brand im Hafen',
    });
    const { page, complaints } = await open(id);
    await drawn(page);
    await page.goto(site.host.put('/elsewhere', 'Nothing of Pressbox here.'));
    const kept = await page.evaluate<string>('JSON.stringify(localStorage)');
    expect(kept).toContain(`pressbox-left:${room.server.url}/live/${id}`);
    expect(kept).toContain(ids[0]);
    expect(kept).not.toContain('zq');
    await author.correct(id, ids[0] ?? '', 1, { note: 'Drei.', changes: { headline: 'Drei Schiffe' } });
    await room.publish(id, ...Array.from({ length: 22 }, (_, at) => `Number ${at}. ${long}`));
    await page.clock.install({ time: Date.now() + 25 * 3_600_000 });
    await page.goto(pageWith([id]));
    const line = page.locator('.since');
    await line.waitFor();
    expect(await textOf(line.locator('ul'))).toBe('22 neue Beiträge1 Korrektur: „Drei Schiffe“');
    // The post is older than the window, so it is loaded.
    expect(await post(page, ids[0]).count()).toBe(0);
    await line.getByRole('link', { name: 'Drei Schiffe' }).click();
    await post(page, ids[0]).waitFor();
    await line.getByRole('button', { name: 'Schließen' }).press('Enter');
    await line.waitFor({ state: 'hidden' });
    const focused = () => page.locator('pressbox-live').evaluate((element) => element.shadowRoot?.activeElement?.className);
    expect(await focused()).toContain('post');
    expect(complaints).toEqual([]);
  });

  it('shows the summary at the top of a frame as high as its content, whose end is not visible', async () => {
    const { id, ids } = await room.coverage([...Array.from({ length: 9 }, () => long), { headline: 'Open', body: long }]);
    const { page, complaints } = await room.browser.page({ viewport: { width: 800, height: 700 } });
    await page.clock.install();
    await page.goto(pageAround(id));
    const inside = page.frameLocator('iframe');
    await inside.locator(`#post-${ids[0]}`).waitFor();
    await eventually(async () => expect((await page.locator('iframe').boundingBox())?.height).toBeGreaterThan(1_300));
    const frame = page.frames().find((each) => each.url().includes('/embed/')) as Frame;
    await drawn(frame);
    await hide(frame, true);
    await room.author.correct(id, ids[9] ?? '', 1, { note: 'Shut.', changes: { headline: 'Shut' } });
    await inside.locator('.posts').getByText('Shut', { exact: true }).waitFor();
    await page.clock.fastForward(60_000);
    await hide(frame, false);
    const line = inside.locator('.since');
    await line.getByRole('link', { name: 'Shut' }).waitFor();
    expect((await line.boundingBox())?.y).toBeLessThan(100);
    expect(complaints).toEqual([]);
  });

  /** A time as an English page shows it. */
  const clockIn = (timeZone: string, at: string) =>
    new Intl.DateTimeFormat('en', {
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      timeZone,
      timeZoneName: 'short',
    }).format(new Date(at));
  const publishedOf = async (page: Page) => (await page.locator('.posts .when time').first().getAttribute('datetime')) ?? '';
  const [kolkata, newYork] = ['Asia/Kolkata', 'America/New_York'];

  it('shows times in the channel’s zone, the reader’s zone or as relative times, in every element and on later visits', async () => {
    const { author } = room;
    const { id, ids } = await room.coverage([{ headline: 'The beginning', keyEvent: true }], { timezone: kolkata });
    const other = await room.coverage(['Of the other.'], { timezone: kolkata });
    await author.pin(id, ids[0] ?? '');
    const { page, complaints } = await room.browser.page({ viewport: { width: 800, height: 700 }, timezoneId: newYork });
    await page.clock.install();
    const url = pageWith([id, other.id]);
    await page.goto(url);
    await areLive(page, 2);
    const lists = page.getByLabel('Times');
    const told = () => page.locator('.posts .when time').allTextContents();
    const around = () => page.locator('pressbox-live').first().locator('.key-list time, .pinned .when time').allTextContents();
    const publishedAt = await publishedOf(page);
    // The page’s clock is fixed, and its timers run.
    await page.clock.setFixedTime(Date.parse(publishedAt) + 5_000);
    const here = clockIn(kolkata, publishedAt);
    expect((await told())[0]).toBe(here);
    expect(await around()).toEqual([here, here]);
    expect(await lists.first().locator('option').allTextContents()).toEqual([
      'Coverage time (GMT+5:30)',
      expect.stringMatching(/^Your time \((?:EST|EDT|GMT-[45])\)$/),
      'How long ago',
    ]);
    // The choice is made with the keyboard alone.
    await lists.first().focus();
    await page.keyboard.press('ArrowDown');
    const own = clockIn(newYork, publishedAt);
    await eventually(async () => expect((await told())[0]).toBe(own));
    expect((await told()).every((time) => time.endsWith(own.split(' ')[1] ?? ''))).toBe(true);
    expect(await around()).toEqual([own, own]);
    expect(await lists.nth(1).inputValue()).toBe('own');
    await page.keyboard.press('ArrowDown');
    await eventually(async () => expect(await told()).toEqual(['now', 'now']));
    expect(await around()).toEqual(['now', 'now']);
    expect(await page.locator('.key-list time').first().getAttribute('title')).toContain('India Standard Time');
    const isFocused = `document.querySelector('pressbox-live').shadowRoot.activeElement?.localName`;
    expect(await page.evaluate(isFocused)).toBe('select');

    // Relative times are updated, also those of new posts.
    await page.clock.setFixedTime(Date.parse(publishedAt) + 150_000);
    await page.clock.runFor(15_000);
    await eventually(async () => expect(await told()).toEqual(['2 min. ago', '2 min. ago']));
    expect(await around()).toEqual(['2 min. ago', '2 min. ago']);
    await author.correct(id, ids[0] ?? '', 1, { note: 'A slip.', changes: { headline: 'The start' } });
    await page
      .locator('.posts .change-correction')
      .getByText(/^Correction, \d min. ago/)
      .waitFor();

    await page.reload();
    await eventually(async () => expect(await told()).toEqual(['2 min. ago', '2 min. ago']));
    await lists.nth(1).selectOption('coverage');
    await eventually(async () => expect((await told())[0]).toBe(here));
    expect(await around()).toEqual([here, here]);
    expect(complaints).toEqual([]);
  });

  it('starts with the times that the host page sets, until the reader chooses', async () => {
    const { id } = await room.coverage(['The beginning.'], { timezone: kolkata });
    const { page, complaints } = await room.browser.page({ timezoneId: newYork });
    await page.goto(pageWith([id], 'times="own"'));
    const told = async () => await page.locator('.posts .when time').first().textContent();
    const publishedAt = await publishedOf(page);
    await eventually(async () => expect(await told()).toBe(clockIn(newYork, publishedAt)));
    const ask = (times: string) =>
      page.locator('pressbox-live').evaluate((element, asked) => element.setAttribute('times', asked), times);
    await ask('ago');
    await eventually(async () => expect(await told()).toMatch(/^now$|min\. ago$/));
    expect(await page.getByLabel('Times').inputValue()).toBe('ago');
    await page.getByLabel('Times').selectOption('coverage');
    await eventually(async () => expect(await told()).toBe(clockIn(kolkata, publishedAt)));
    await ask('own');
    await drawn(page);
    expect(await told()).toBe(clockIn(kolkata, publishedAt));
    expect(complaints).toEqual([]);
  });

  it('releases its listeners when removed from the page, and resumes when inserted again', async () => {
    const { id, ids } = await room.coverage(['The first.', 'The second.']);
    const { page, complaints } = await open(id);
    await page.evaluate(`(window.kept = document.querySelector('pressbox-live')).remove()`);
    await room.author.correct(id, ids[0] ?? '', 1, { note: 'Not the first.', changes: { body: 'The third.' } });
    await drawn(page);
    expect(await page.evaluate(`kept.shadowRoot.querySelector('.times select')`)).toBe(null);
    await page.evaluate('document.body.append(kept)');
    await post(page, ids[0]).getByText('The third.').waitFor();
    await areLive(page);
    expect(await posts(page).count()).toBe(2);
    expect(await page.getByLabel('Times').count()).toBe(1);
    const [added] = await room.publish(id, 'The fourth.');
    await post(page, added).waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows that it is not live, and its age, when inserted again without a server', async () => {
    const { id } = await room.coverage(['The bridge is open.']);
    const { page, complaints } = await open(id);
    await page.evaluate(`(window.kept = document.querySelector('pressbox-live')).remove()`);
    await page.context().setOffline(true);
    await page.clock.setSystemTime(Date.now() + 24 * 3_600_000);
    await page.evaluate('document.body.append(kept)');
    const dayBefore = /, as of \w+ \d+, \d{4}, \d\d:\d\d UTC$/;
    expect(await textOf(page.locator('.connection'))).toMatch(dayBefore);
    expect(await page.locator('.badge').getAttribute('class')).not.toContain('live');
    await eventually(async () => expect(await textOf(page.locator('.connection'))).toMatch(/^(Offline|Reconnecting), /));
    expect(await textOf(page.locator('.connection'))).toMatch(dayBefore);
    await page.context().setOffline(false);
    await areLive(page);
    expect(complaints).toEqual([]);
  });
});
