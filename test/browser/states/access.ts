import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { drawn } from '../browser.ts';
import { few, hide, isLive, type Newsroom } from '../newsroom.ts';
import type { Exam } from '../reader-states.ts';

export async function signIn({ server }: Newsroom, page: Page, channelId: string): Promise<void> {
  await page.getByLabel('Access token').fill(await server.token({ reader: [channelId] }));
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Access: members, and readers who lost it. */
export function access({ room }: Exam): void {
  const { coverage, publish, open } = room;

  /** Everything stored in the browser, under any key. */
  const keptBy = (page: Page) => page.evaluate<string>('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');

  it('let members in with a token, keep them signed in on reload, and sign them out', async () => {
    const { id } = await coverage(['The first word.'], { access: 'members' });
    const { page } = await room.browser.page();
    await page.goto(`${room.server.url}/live/${id}`);
    expect(await page.content()).not.toContain('The first word.');
    await signIn(room, page, id);
    for (const body of ['The second word.', 'The third word.']) {
      await isLive(page);
      await publish(id, body);
      await page.getByText(body).waitFor();
      await page.reload();
    }
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('This coverage is for members').waitFor();
    expect(await page.content()).not.toContain('The first word.');
  });

  it.each([
    ['for members from now on', 'This coverage is for members.', { access: 'members' }],
    ['for the desk from now on', 'This coverage is for members.', { access: 'desk' }],
    ['deleted', 'This coverage was deleted', 'deleted'],
  ] as const)('show no members’ posts when the channel is %s, whatever the reader does', async (_, body, change) => {
    const secret = { headline: 'A zqsecretqz', body: `A zqsecretqz. ${few.repeat(3)}`, keyEvent: true };
    const { id, ids } = await coverage([...Array.from({ length: 6 }, () => few), secret, { ...secret, kind: 'summary' }, secret]);
    await room.author.pin(id, ids[6] ?? '');
    const { page, complaints } = await open(`${id}/${ids[8]}`);
    // One more post arrives and is held back.
    await page.evaluate('scrollTo(0, document.body.scrollHeight)');
    await publish(id, secret);
    await page.locator('#new-posts').waitFor();
    await hide(page, true);
    await hide(page, false);
    expect(await keptBy(page)).toContain('pressbox-left:');
    await (change === 'deleted' ? room.author.deleteChannel(id) : room.author.updateChannel(id, '*', change));
    await page.getByRole('alert').getByText(body).waitFor();
    const nothing = async () => {
      expect(await page.content()).not.toContain('zqsecretqz');
      expect(await page.title()).toBe(body);
    };
    await nothing();
    await hide(page, true);
    await hide(page, false);
    await page.evaluate(`for (const name of ['offline', 'scroll', 'pagehide']) dispatchEvent(new Event(name))`);
    await drawn(page);
    await nothing();
    for (const word of ['zqsecretqz', 'pressbox-left:']) expect(await keptBy(page)).not.toContain(word);
    expect(complaints).toEqual([]);
  });

  it('show no posts of a channel that became members-only during a disconnection, and then offer to sign in', async () => {
    const { id } = await coverage(['A zqsecretqz.']);
    const { page, complaints } = await open(id);
    await page.context().setOffline(true);
    await page.getByText(/^(Offline|Reconnecting), as of \d\d:\d\d UTC$/).waitFor();
    await room.author.updateChannel(id, '*', { access: 'members' });
    await page.context().setOffline(false);
    await page.getByRole('alert').getByText('This coverage is for members.').waitFor();
    expect(await page.content()).not.toContain('zqsecretqz');
    await page.getByText(/Reload to go on\.$/).waitFor();
    await page.reload();
    await signIn(room, page, id);
    await page.getByText('A zqsecretqz.').waitFor();
    expect(complaints).toEqual([]);
  });
}
