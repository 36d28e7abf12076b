import { expect, it } from 'vitest';
import { exportOf, sendTo } from '../../support/authors/transfer.ts';
import { startTestServer } from '../../support/servers/server.ts';
import { withinTime } from '../browser.ts';
import { eventually, post } from '../newsroom.ts';
import type { Exam } from '../reader-states.ts';
import { signIn } from './access.ts';

const promisedMs = 5_000;
const reason = 'Nobody counted.';

/** The page of a withdrawn post, while open and after going back to it. */
export function withdrawn({ room }: Exam): void {
  const { coverage } = room;

  async function openWithdrawn(below = '', fields: Parameters<typeof coverage>[1] = {}) {
    const { id, ids } = await coverage(['There were thirteen ships.'], fields);
    const [gone = ''] = ids;
    await room.author.retract(id, gone, { note: reason });
    const { page, complaints } = await room.browser.page({ viewport: { width: 1000, height: 700 } });
    await page.goto(`${room.server.url}/live/${id}/${gone}${below}`);
    if (fields.access === 'members') await signIn(room, page, id);
    await page.locator('.withdrawn', { hasText: reason }).waitFor();
    return { id, gone, page, complaints: () => complaints.filter((text) => !/ 4(?:01|10) /.test(text)) };
  }

  it.each([
    ['the address of the post', '', {}],
    ['the address of its earlier versions', '/versions', {}],
    ['coverage for members, with the session of the page', '', { access: 'members' }],
  ] as const)('remove a reason that is erased with the post within 5 s: at %s', async (_name, below, fields) => {
    const { id, gone, page, complaints } = await openWithdrawn(below, fields);
    await room.author.takedown(id, gone);
    await withinTime(promisedMs, () => eventually(async () => expect(await page.content()).not.toContain(reason)));
    await page.locator('.withdrawn', { hasText: 'Removed' }).waitFor();
    expect(complaints()).toEqual([]);
  });

  it('show nothing of an erased reason after going back to the page after the takedown', async () => {
    const { id, gone, page, complaints } = await openWithdrawn();
    await page.goto(`${room.server.url}/`);
    await room.author.takedown(id, gone);
    await page.evaluate('setTimeout(() => history.back(), 0)');
    await eventually(async () => expect(await page.evaluate('location.pathname')).toContain(room.server.pathTo(`/live/${id}`)));
    await withinTime(promisedMs, () => page.locator('.withdrawn', { hasText: 'Removed' }).waitFor());
    expect(await page.content()).not.toContain(reason);
    expect(complaints()).toEqual([]);
  });

  it('become the live page of the post once an import adds its text, after one that had only its erased revision', async () => {
    const { id, ids } = await coverage(['There were thirteen ships.']);
    const [restated = ''] = ids;
    await room.author.correct(id, restated, 1, { note: 'Three.', changes: { body: 'There were three.' }, eraseEarlier: true });
    const lines = (await exportOf(room.server, id)).split(/(?<=\n)/);
    await using target = await startTestServer();
    await sendTo(target, lines.slice(0, -1).join(''));
    const { page } = await room.browser.page({ viewport: { width: 1000, height: 700 } });
    await page.goto(`${target.url}/live/${id}/${restated}`);
    await page.locator('.withdrawn').waitFor();
    await sendTo(target, lines.join(''));
    await page.locator('#connection[data-state="live"]').waitFor();
    await post(page, restated).getByText('There were three.').waitFor();
  });
}
