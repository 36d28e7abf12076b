import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { isLive, newsroom, noon, post } from '../newsroom.ts';

describeWith(needs.chromium, 'announcements to screen readers', (chromium) => {
  const room = newsroom(() => startBrowser(chromium));

  /** The page of a channel with a stopped clock, and its live region. */
  async function listening() {
    const { id } = await room.coverage();
    const { page } = await room.browser.page();
    await page.clock.install({ time: noon() });
    await page.goto(`${room.server.url}/live/${id}`);
    await isLive(page);
    await page.clock.pauseAt((await page.evaluate<number>('Date.now()')) + 10_000);
    const announcement = () => page.locator('#announcement').textContent();
    const publish = async (headline: string) => {
      const [published = ''] = await room.publish(id, { headline });
      await post(page, published).waitFor();
      return published;
    };
    return { id, page, announcement, publish };
  }
  const revised = (page: Page, id: string, revision: number) =>
    page.locator(`#post-${id}[data-revision="${revision}"]`).waitFor();

  it('are made one sentence at a time with pauses, and are cleared soon', async () => {
    const { page, announcement, publish } = await listening();
    await publish('One');
    expect(await announcement()).toBe('');
    await page.clock.runFor(400);
    expect(await announcement()).toBe('New post: One.');
    await publish('Two');
    await publish('Three');
    await page.clock.runFor(2_900);
    expect(await announcement()).toBe('New post: One.');
    await page.clock.runFor(100);
    expect(await announcement()).toBe('2 new posts');
    await page.clock.runFor(7_900);
    expect(await announcement()).toBe('2 new posts');
    await page.clock.runFor(100);
    expect(await announcement()).toBe('');
  });

  it('drop the text of a withdrawn post at once, and then report the withdrawal', async () => {
    const { id, page, announcement, publish } = await listening();
    const taken = await publish('The secret');
    await page.clock.runFor(400);
    expect(await announcement()).toBe('New post: The secret.');
    await room.author.takedown(id, taken);
    await revised(page, taken, 2);
    expect(await announcement()).toBe('');
    await page.clock.runFor(3_000);
    expect(await announcement()).toBe('A post was removed.');
    const retracted = await publish('A rumour');
    await room.author.retract(id, retracted, { note: 'Nobody said so.' });
    await revised(page, retracted, 2);
    await page.clock.runFor(3_000);
    expect(await announcement()).toBe('A post was retracted. Nobody said so.');
  });

  it('report a new post in its current state, and a correction even if a typo was fixed after it', async () => {
    const { id, page, announcement, publish } = await listening();
    const { author } = room;
    const changed = await publish('The bridge is open');
    await author.correct(id, changed, 1, { note: 'It is shut.', changes: { headline: 'The bridge is shhut' } });
    await revised(page, changed, 2);
    await page.clock.runFor(400);
    expect(await announcement()).toBe('New post: The bridge is shhut.');
    await author.correct(id, changed, 2, { note: 'For cars.', changes: { headline: 'The bridge is shhut for cars' } });
    await author.revise(id, changed, 3, { kind: 'refile', changes: { headline: 'The bridge is shut for cars' } });
    await revised(page, changed, 4);
    await page.clock.runFor(3_000);
    expect(await announcement()).toBe('Correction to “The bridge is shut for cars”: For cars.');
    await author.revise(id, changed, 4, { kind: 'clarification', note: 'The new one.', changes: { body: 'The new bridge.' } });
    await revised(page, changed, 5);
    await page.clock.runFor(3_000);
    expect(await announcement()).toBe('Clarification of “The bridge is shut for cars”: The new one.');
    // A refile is not announced.
    await author.revise(id, changed, 5, { kind: 'refile', changes: { body: 'The new bridge, that is.' } });
    await revised(page, changed, 6);
    await page.clock.runFor(3_000);
    expect(await announcement()).toBe('Clarification of “The bridge is shut for cars”: The new one.');
  });
});
