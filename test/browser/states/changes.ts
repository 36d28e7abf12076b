import { expect, it } from 'vitest';
import { announced, eventually, few, isLive, post, textOf, topOf } from '../newsroom.ts';
import type { Exam } from '../reader-states.ts';

/** Changes that arrive while a page is open, and those missed during a disconnection. */
export function changes({ room }: Exam): void {
  const { coverage, publish, open } = room;

  it('show a pushed post first, escaped except for its body, and announce it to screen readers', async () => {
    const { id } = await coverage(['The first.']);
    const { page, complaints } = await open(id);
    const { post: added } = await room.author.publish(id, {
      headline: '<b>Bold</b> & "quoted"',
      body: 'It is **new**.',
      keyEvent: true,
    });
    await post(page, added.id).getByText('new', { exact: true }).waitFor();
    expect(await post(page, added.id).locator('.headline').textContent()).toBe('<b>Bold</b> & "quoted"');
    expect(await page.locator('#posts > .post').first().getAttribute('id')).toBe(`post-${added.id}`);
    await page.locator('#key-events').getByText('<b>Bold</b>').waitFor();
    await announced(page, 'New post');
    expect(complaints).toEqual([]);
  });

  it('correct in place with the note, link to the earlier versions, and leave tombstones without any text', async () => {
    const { id, ids } = await coverage(['There were thirteen ships.', 'A rumour.', 'An address.']);
    const [wrong = '', rumour = '', address = ''] = ids;
    const { page, complaints } = await open(id);
    await room.author.correct(id, wrong, 1, { note: 'Three, not thirteen.', changes: { body: 'There were three ships.' } });
    await room.author.retract(id, rumour, { note: 'Nobody said so.' });
    await room.author.takedown(id, address);
    await post(page, wrong).getByText('There were three ships.').waitFor();
    await post(page, rumour).getByText('Nobody said so.').waitFor();
    await post(page, address).and(page.locator('.withdrawn')).waitFor();
    expect(await post(page, wrong).locator('.change-correction').textContent()).toMatch(
      /^Correction, \d\d:\d\d UTC: Three, not thirteen\. See what changed$/,
    );
    for (const gone of ['There were thirteen', 'A rumour.', 'An address.']) expect(await page.content()).not.toContain(gone);
    await page.goto(`${room.server.url}/live/${id}/${wrong}/versions`);
    expect(await page.locator('del').first().textContent()).toContain('thirteen');
    expect(await page.locator('ins').first().textContent()).toContain('three');
    expect(complaints).toEqual([]);
  });

  it('move nothing that is being read while fifty posts arrive and one above grows, and reveal them on request', async () => {
    const { id, ids } = await coverage(Array.from({ length: 12 }, () => few));
    const { page, complaints } = await open(id);
    const [above = '', reading = ''] = [ids[11], ids[4]];
    await post(page, reading).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const before = await topOf(page, reading);
    const added = await publish(id, ...Array.from({ length: 50 }, (_, at) => `New number ${at}.`));
    await room.author.revise(id, above, 1, { kind: 'update', changes: { body: few.repeat(4) } });
    await post(page, above).and(page.locator('[data-revision="2"]')).waitFor({ state: 'attached' });
    const button = page.locator('#new-posts');
    await eventually(async () => expect(await button.textContent()).toMatch(/^↑ 50 new posts/));
    expect(Math.abs((await topOf(page, reading)) - before)).toBeLessThanOrEqual(1);
    expect(await page.title()).toMatch(/^\(50\) /);
    expect(await page.content()).not.toContain('New number 49.');
    await button.click();
    await post(page, added[49] ?? '').waitFor();
    expect(await page.locator(':focus').getAttribute('id')).toBe(`post-${added[49]}`);
    // The posts below the window are still to be seen, and the button leads down to the next one.
    expect(await textOf(button)).toMatch(/^↓ \d\d new posts$/);
    for (let seen = 1; await button.isVisible(); seen += 1) {
      expect(seen).toBeLessThanOrEqual(50);
      await button.click();
    }
    expect(await page.title()).toBe('Harbour fire');
    expect(complaints).toEqual([]);
  });

  it('show their age while disconnected, and the missed correction after reconnecting, in two tabs', async () => {
    const { id, ids } = await coverage(['The bridge is open.']);
    const { page, complaints } = await open(id);
    const tabs = [page, await page.context().newPage()];
    await tabs[1]?.goto(page.url());
    for (const tab of tabs) await isLive(tab);
    await page.context().setOffline(true);
    await room.server.restart();
    for (const tab of tabs) await tab.getByText(/^(Offline|Reconnecting), as of \d\d:\d\d UTC$/).waitFor();
    await room.author.correct(id, ids[0] ?? '', 1, { note: 'It is shut.', changes: { body: 'The bridge is shut.' } });
    await publish(id, 'Trains run again.');
    await page.context().setOffline(false);
    for (const tab of tabs) {
      await tab.getByText('The bridge is shut.').waitFor();
      await tab.getByText('Trains run again.').waitFor();
      expect(await tab.content()).not.toContain('The bridge is open.');
      expect(await tab.locator('#posts > .post').count()).toBe(2);
      await isLive(tab);
    }
    expect(complaints).toEqual([]);
  });
}
