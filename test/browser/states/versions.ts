import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { answersTo, drawn, withinTime } from '../browser.ts';
import { eventually, hide, textOf } from '../newsroom.ts';
import type { Exam } from '../reader-states.ts';
import { signIn } from './access.ts';

const promisedMs = 5_000;

/** The page of a post’s earlier versions, while open and after going back to it. */
export function versions({ room, keepsPages }: Exam): void {
  const { coverage } = room;

  /** A post that was corrected once, and the page of its earlier versions. */
  async function openVersions(fields: Parameters<typeof coverage>[1] = {}) {
    const { id, ids } = await coverage(['There were thirteen ships.', 'Another post.'], fields);
    const [wrong = '', other = ''] = ids;
    await room.author.correct(id, wrong, 1, { note: 'Three.', changes: { body: 'There were three ships.' } });
    const { page, complaints } = await room.browser.page({ viewport: { width: 1000, height: 700 } });
    await page.goto(`${room.server.url}/live/${id}/${wrong}/versions`);
    if (fields.access === 'members') await signIn(room, page, id);
    await page.locator('.version').first().waitFor();
    expect(await textOf(page.locator('main'))).toContain('thirteen');
    return { id, wrong, other, page, complaints: () => complaints.filter((text) => !/ 4(?:01|10) /.test(text)) };
  }

  const wordsOf = async (page: Page) => (await page.content()).match(/thirteen|three ships|Three\./g) ?? [];

  it('remove earlier versions within 5 s when the post is taken down or retracted', async () => {
    for (const how of ['takedown', 'retract'] as const) {
      const { id, wrong, page, complaints } = await openVersions();
      if (how === 'takedown') await room.author.takedown(id, wrong);
      else await room.author.retract(id, wrong, { note: 'Nobody counted.' });
      await withinTime(promisedMs, () => eventually(async () => expect(await wordsOf(page)).toEqual([])));
      await page.locator('.withdrawn').waitFor();
      expect(await page.title()).toContain('Harbour fire');
      expect(complaints()).toEqual([]);
    }
  });

  it('keep nothing of earlier versions when a captive portal answers, and show the takedown later', async () => {
    const { id, wrong, page } = await openVersions();
    const before = await page.title();
    await page.route(/\/versions$/, (route) => route.fulfill({ contentType: 'text/html', body: '<h1>The hotel</h1>' }));
    const answers = await answersTo(page, /\/versions$/);
    await room.author.takedown(id, wrong);
    await withinTime(promisedMs, () => eventually(async () => expect(await wordsOf(page)).toEqual([])));
    await eventually(async () => expect(await answersTo(page, /\/versions$/)).toBeGreaterThan(answers));
    await drawn(page);
    expect(await page.getByText('The hotel').count()).toBe(0);
    await page.unrouteAll();
    await page.locator('.withdrawn').waitFor();
    expect(await page.title()).not.toBe(before);
  });

  it('send no requests while hidden, and are current soon after they are shown', async () => {
    const { id, wrong, page, complaints } = await openVersions();
    let requests = 0;
    page.on('request', () => {
      requests += 1;
    });
    await hide(page, true);
    await room.author.takedown(id, wrong);
    await drawn(page);
    expect(requests).toBe(0);
    await hide(page, false);
    await withinTime(promisedMs, () => page.locator('.withdrawn').waitFor());
    expect(await wordsOf(page)).toEqual([]);
    expect(complaints()).toEqual([]);
  });

  it('show a correction beside the earlier versions, and remove those that it erases', async () => {
    const { id, wrong, page, complaints } = await openVersions();
    await room.author.correct(id, wrong, 2, { note: 'Four.', changes: { body: 'There were four ships.' } });
    await withinTime(promisedMs, () => page.getByText('Four.', { exact: true }).waitFor());
    expect(await page.locator('ins').first().textContent()).toContain('four');
    const change = { note: 'Five.', changes: { body: 'There were five ships.' }, eraseEarlier: true };
    await room.author.correct(id, wrong, 3, change);
    await withinTime(promisedMs, () => page.getByText('Five.', { exact: true }).waitFor());
    for (const gone of ['thirteen', 'three', 'four']) expect(await page.content()).not.toContain(gone);
    expect(complaints()).toEqual([]);
  });

  it('stay unchanged when another post changes, and follow their own post after that', async () => {
    const { id, wrong, other, page, complaints } = await openVersions();
    await page.evaluate(`document.querySelector('main').dataset.mine = 'yes'`);
    let pages = 0;
    page.on('request', (request) => {
      if (/\/versions/.test(request.url())) pages += 1;
    });
    const cursorOf = (url: string) => new URL(url).searchParams.get('after');
    const cursor = await page.locator('main').getAttribute('data-cursor');
    const asksOn = page.waitForRequest(/\/events\?/);
    await room.author.takedown(id, other);
    // The next request uses the new cursor. With the old one, every request would be answered at once.
    expect(cursorOf((await asksOn).url())).not.toBe(cursor);
    expect(await page.locator('main[data-mine]').count()).toBe(1);
    expect(pages).toBe(0);
    await room.author.takedown(id, wrong);
    await page.locator('.withdrawn').waitFor();
    expect(complaints()).toEqual([]);
  });

  it('show nothing of earlier versions after going back to the page after the takedown', async () => {
    const { id, wrong, page, complaints } = await openVersions();
    await page.evaluate('window.samePage = true');
    await page.goto(`${room.server.url}/`);
    await room.author.takedown(id, wrong);
    await page.evaluate('setTimeout(() => history.back(), 0)');
    await eventually(async () => expect(await page.evaluate('location.pathname')).toMatch(/versions$/));
    if (keepsPages) expect(await page.evaluate('window.samePage')).toBe(true);
    await withinTime(promisedMs, () => page.locator('.withdrawn').waitFor());
    expect(await wordsOf(page)).toEqual([]);
    expect(complaints()).toEqual([]);
  });

  it('stay while the server is down, and are updated when it is back', async () => {
    const { id, wrong, page } = await openVersions();
    await page.evaluate('window.samePage = true');
    await page.context().setOffline(true);
    await room.author.correct(id, wrong, 2, { note: 'Four.', changes: { body: 'There were four ships.' } });
    await room.server.restart();
    expect(await textOf(page.locator('main'))).toContain('thirteen');
    await page.context().setOffline(false);
    await page.getByText('Four.', { exact: true }).waitFor();
    expect(await page.evaluate('window.samePage')).toBe(true);
  });

  it('remove earlier versions from readers who lose access to the channel', async () => {
    const { id, page, complaints } = await openVersions();
    await room.author.updateChannel(id, '*', { access: 'members' });
    await withinTime(promisedMs, () => page.locator('.sign-in').waitFor());
    expect(await wordsOf(page)).toEqual([]);
    expect(complaints()).toEqual([]);
  });

  it('stay current for a member with a session', async () => {
    const { id, wrong, page, complaints } = await openVersions({ access: 'members' });
    await room.author.takedown(id, wrong);
    await withinTime(promisedMs, () => page.locator('.withdrawn').waitFor());
    expect(await wordsOf(page)).toEqual([]);
    expect(complaints()).toEqual([]);
  });
}
