import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { announced, eventually, isLive, listenTo, newsroom, noon, textOf } from '../newsroom.ts';

describeWith(needs.chromium, 'the live line under the byline', (chromium) => {
  const room = newsroom(() => startBrowser(chromium));

  it('says when the newest post came and how many posts and corrections there are, and follows each change', async () => {
    const { id, ids } = await room.coverage(['One.', 'Two.', 'Three.']);
    const { page, complaints } = await room.open(id);
    const pulse = page.locator('#pulse');
    expect(await textOf(pulse)).toBe('Updated now · 3 posts');
    await room.author.correct(id, ids[0] ?? '', 1, { note: 'It was zero.', changes: { body: 'Zero.' } });
    await room.author.takedown(id, ids[1] ?? '');
    await room.publish(id, 'Four.', 'Five.');
    await eventually(async () => expect(await textOf(pulse)).toBe('Updated now · 4 posts · 2 corrections'));
    expect(await pulse.getByRole('link').evaluateAll((all) => all.map((link) => link.getAttribute('href')))).toEqual([
      expect.stringMatching(new RegExp(`^${room.server.pathTo('/live/')}[\\w-]+/[\\w-]{36}$`)),
      room.server.pathTo(`/live/${id}#posts`),
      room.server.pathTo(`/live/${id}/corrections`),
    ]);
    await pulse.getByRole('link', { name: '2 corrections' }).click();
    await page.getByText('It was zero.').first().waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows how long ago the newest post came, as time passes, and the time of day without a script', async () => {
    const { id } = await room.coverage(['One.']);
    const { page } = await room.browser.page();
    await page.clock.install({ time: Date.now() });
    await page.goto(`${room.server.url}/live/${id}`);
    await isLive(page);
    await page.clock.runFor(125_000);
    expect(await textOf(page.locator('#pulse'))).toBe('Updated 2 min. ago · 1 post');
    const { page: plain } = await room.open(id, { javaScriptEnabled: false });
    expect(await textOf(plain.locator('#pulse'))).toMatch(/^Updated \d\d:\d\d UTC · 1 post$/);
  });

  it('announces a lost connection once after five seconds, and then the return', async () => {
    const { id } = await room.coverage(['One.']);
    const { page } = await room.browser.page();
    await page.clock.install({ time: noon() });
    await page.goto(`${room.server.url}/live/${id}`);
    await isLive(page);
    await listenTo(page);
    // The five seconds pass only when the test says so, however long the restart takes.
    await page.clock.pauseAt(noon() + 60_000);
    await page.context().setOffline(true);
    await room.server.restart();
    await page.locator('#connection[data-state="waiting"]').waitFor();
    await page.clock.runFor(4_000);
    expect(await page.evaluate('said.join()')).toBe('');
    await page.clock.runFor(2_000);
    await announced(page, /^(Offline|Reconnecting), as of/m);
    await page.clock.resume();
    await page.context().setOffline(false);
    await isLive(page);
    await page.clock.runFor(1_000);
    await announced(page, /^Live$/m);
    const said = await page.evaluate<string[]>('said');
    expect(said.filter((sentence) => /^(Offline|Reconnecting)/.test(sentence))).toHaveLength(1);
  });
});
