import { expect, it } from 'vitest';
import { startObstacles } from '../../support/servers/blocking-proxy.ts';
import { strictPolicy } from '../../support/servers/host-page.ts';
import { post } from '../newsroom.ts';
import type { Exam } from '../reader-states.ts';

/** Pages read under unusual conditions: behind a blocking network, embedded in another page, or without scripts. */
export function elsewhere({ room, host, startWithoutScripts }: Exam): void {
  const { coverage, publish } = room;

  it('are live over Server-Sent Events if the network blocks WebSockets', async () => {
    const { id } = await coverage(['There from the start.']);
    await using way = Object.assign(await startObstacles(room.server.url), { webSockets: 'refused' as const });
    const { page, complaints } = await room.browser.page();
    await page.goto(`${way.url}/live/${id}`);
    await page.locator('#connection[data-state=live][data-transport=stream]').waitFor();
    await publish(id, 'Pushed as an event.');
    await page.getByText('Pushed as an event.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('are live on another origin under the strictest policy, and correct in place', async () => {
    const { id, ids } = await coverage(['Thirteen ships.']);
    const body = `<pressbox-live channel="${id}"></pressbox-live><script type="module" src="${room.server.url}/embed.js"></script>`;
    const { page, complaints } = await room.browser.page({ viewport: { width: 800, height: 700 } });
    await page.goto(host().put('/element', body, { policy: strictPolicy(room.server.url) }));
    await page.locator('.status[data-state="live"]').waitFor();
    await room.author.correct(id, ids[0] ?? '', 1, { note: 'Three.', changes: { body: 'Three ships.' } });
    await post(page, ids[0] ?? '')
      .getByText('Three ships.')
      .waitFor();
    expect(
      await post(page, ids[0] ?? '')
        .locator('.change-correction')
        .textContent(),
    ).toContain('Three.');
    await publish(id, 'A fourth came.');
    await page.getByText('A fourth came.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('are complete without a script: posts, corrections, and links to older posts and back', async () => {
    await using plain = await startWithoutScripts();
    const { id, ids } = await coverage(
      Array.from({ length: 25 }, (_, at) => `Number ${at + 1}.`),
      { standfirst: 'What it is about.' },
    );
    await room.author.correct(id, ids[24] ?? '', 1, { note: 'It is more.', changes: { body: 'Number 26.' } });
    const { page, complaints } = await plain.page();
    await page.goto(`${room.server.url}/live/${id}`);
    expect(await page.locator('.standfirst').textContent()).toBe('What it is about.');
    expect(await page.locator('#posts > .post').count()).toBe(20);
    expect(await page.locator('#connection').textContent()).toMatch(/^As of \d\d:\d\d UTC\. Reload for what is new\.$/);
    expect(await page.locator('.change-correction').textContent()).toContain('It is more.');
    const follow = async (link: string) =>
      await page.goto(new URL((await page.locator(link).last().getAttribute('href')) ?? '', page.url()).href);
    await follow('#older a');
    const bodies = page.locator('#posts > .post .body > p');
    expect(await bodies.allTextContents()).toEqual([5, 4, 3, 2, 1].map((nth) => `Number ${nth}.`));
    await follow('#newer a');
    expect(await bodies.first().textContent()).toBe('Number 26.');
    expect(complaints).toEqual([]);
  });
}
