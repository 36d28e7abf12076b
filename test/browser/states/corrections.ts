import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { withinTime } from '../browser.ts';
import { eventually, textOf } from '../newsroom.ts';
import type { Exam } from '../reader-states.ts';

const promisedMs = 5_000;

/** The page of a channel’s corrections, while open and after going back to it. */
export function corrections({ room }: Exam): void {
  const { coverage } = room;

  async function openCorrections() {
    const { id, ids } = await coverage(['There were thirteen ships.', 'Another post.']);
    const [wrong = '', other = ''] = ids;
    await room.author.correct(id, wrong, 1, { note: 'Three.', changes: { body: 'There were three ships.' } });
    const { page, complaints } = await room.browser.page({ viewport: { width: 1000, height: 700 } });
    await page.goto(`${room.server.url}/live/${id}/corrections`);
    expect(await textOf(page.locator('main'))).toContain('thirteen');
    return { id, wrong, other, page, complaints: () => complaints.filter((text) => !/ 4(?:01|10) /.test(text)) };
  }

  const wordsOf = async (page: Page) => (await page.content()).match(/thirteen|three ships|Three\./g) ?? [];

  it('lose the words and the note of a correction within 5 s when its post is taken down', async () => {
    const { id, wrong, page, complaints } = await openCorrections();
    await room.author.takedown(id, wrong);
    await withinTime(promisedMs, () => eventually(async () => expect(await wordsOf(page)).toEqual([])));
    await page.getByText('The note was erased.').waitFor();
    expect(complaints()).toEqual([]);
  });

  it('show nothing of a post after going back to the page after its takedown', async () => {
    const { id, wrong, page, complaints } = await openCorrections();
    await page.goto(`${room.server.url}/`);
    await room.author.takedown(id, wrong);
    await page.evaluate('setTimeout(() => history.back(), 0)');
    await eventually(async () => expect(await page.evaluate('location.pathname')).toMatch(/corrections$/));
    await withinTime(promisedMs, () => eventually(async () => expect(await wordsOf(page)).toEqual([])));
    expect(complaints()).toEqual([]);
  });

  it('show a new correction of any post, and are not loaded again for other changes', async () => {
    const { id, other, page, complaints } = await openCorrections();
    let pages = 0;
    page.on('request', (request) => {
      if (/\/corrections$/.test(request.url())) pages += 1;
    });
    const asksOn = page.waitForRequest(/\/events\?/);
    await room.publish(id, 'A third post.');
    await asksOn;
    expect(pages).toBe(0);
    await room.author.correct(id, other, 1, { note: 'Four.', changes: { body: 'Yet another post.' } });
    await withinTime(promisedMs, () => page.getByText('Four.', { exact: true }).waitFor());
    expect(await page.locator('.version').count()).toBe(2);
    expect(complaints()).toEqual([]);
  });

  it('are removed from readers who lose access to the channel', async () => {
    const { id, page, complaints } = await openCorrections();
    await room.author.updateChannel(id, '*', { access: 'members' });
    await withinTime(promisedMs, () => page.locator('.sign-in').waitFor());
    expect(await wordsOf(page)).toEqual([]);
    expect(complaints()).toEqual([]);
  });
}
