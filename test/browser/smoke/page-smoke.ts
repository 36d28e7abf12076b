import { expect, it } from 'vitest';
import { type HostSite, strictPolicy } from '../../support/servers/host-page.ts';
import { drawn } from '../browser.ts';
import { few, type Newsroom, post } from '../newsroom.ts';
import { areLive, tag } from '../site-around.ts';

const dayMs = 24 * 3_600_000;

/** What a reader's page is for: live posts, what changed while the reader was away, and the element on other sites. */
export function pageSmoke(room: Newsroom, host: () => HostSite): void {
  it('shows a post as it is published', async () => {
    const { id } = await room.coverage(['The first.']);
    const { page, complaints } = await room.open(id);
    const [added] = await room.publish(id, { headline: 'The bridge is open', body: 'It is **safe**.' });
    await post(page, added).locator('strong', { hasText: 'safe' }).waitFor();
    expect(await page.locator('#posts > .post').first().getAttribute('id')).toBe(`post-${added}`);
    expect(complaints).toEqual([]);
  });

  it('tells a reader who returns the next day of a correction, and shows it', async () => {
    const { id, ids } = await room.coverage([{ headline: 'Thirteen ships', body: 'They left at dawn.' }]);
    const { page, complaints } = await room.open(id);
    await drawn(page);
    await page.goto(`${room.server.url}/`);
    await room.author.correct(id, ids[0] ?? '', 1, { note: 'Three.', changes: { headline: 'Three ships' } });
    // Fills the window, so that the corrected post is not read at once.
    await room.publish(id, few.repeat(12));
    await page.clock.install({ time: Date.now() + dayMs });
    await page.goto(`${room.server.url}/live/${id}`);
    await page.locator('#since').getByText('1 correction:').waitFor();
    await page.locator('#since').getByRole('link', { name: 'Three ships' }).waitFor();
    await post(page, ids[0]).locator('.change-correction').getByText('Three.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('is embedded in a page of another site, and corrects and continues there', async () => {
    const { id, ids } = await room.coverage(['Thirteen ships.']);
    const { page, complaints } = await room.browser.page();
    const script = `<script type="module" src="${room.server.url}/embed.js"></script>`;
    await page.goto(host().put('/smoke', tag(id) + script, { policy: strictPolicy(room.server.url) }));
    await areLive(page);
    await post(page, ids[0]).getByText('Thirteen ships.').waitFor();
    await room.author.correct(id, ids[0] ?? '', 1, { note: 'Three.', changes: { body: 'Three ships.' } });
    await post(page, ids[0]).getByText('Three ships.').waitFor();
    await post(page, ids[0]).locator('.change-correction').getByText('Three.').waitFor();
    const [added] = await room.publish(id, 'A fourth came.');
    await post(page, added).getByText('A fourth came.').waitFor();
    expect(complaints).toEqual([]);
  });
}
