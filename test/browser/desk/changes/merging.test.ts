import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { AuthorClient } from '../../../../client/lib/author-client.ts';
import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser } from '../../browser.ts';
import { eventually, faultsOf, textOf } from '../../newsroom.ts';
import { deskSite } from '../desk-site.ts';
import { bodyText, deskPost, openAt, writeBody } from './changes-suite.ts';

describeWith(needs.chromium, 'two changes of one paragraph at the desk', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));
  const first = '40 people were injured in the fire at noon.';

  /** Ada changes the post on her desk, and Grace changes it before. */
  async function met(mine: string, theirs: string) {
    const { id, ids } = await site.coverage([first]);
    const postId = ids[0] as string;
    const { page } = await openAt(site, id, postId);
    await deskPost(page, postId).getByRole('button', { name: 'Edit or correct' }).click();
    await writeBody(page, mine);
    const token = await site.server.token({ editor: [id] }, { sub: 'grace', name: 'Grace Hopper' });
    const { post } = await new AuthorClient({ url: site.server.url, token }).revise(id, postId, 1, {
      kind: 'update',
      changes: { body: theirs },
    });
    await page.getByText('This post has changed since you began.').waitFor();
    const at = new Date(post.history[0]?.at ?? '').toISOString().slice(11, 16);
    return { id, postId, page, changedBy: `Changed by \u2068grace\u2069, ${at} UTC.` };
  }

  async function compare(page: Page) {
    await page.getByLabel('Typing slip').check();
    await page.getByRole('button', { name: 'Publish the change' }).click();
    await page.locator('desk-outbox li[data-state="conflict"]').waitFor();
  }

  const published = async (id: string, postId: string, revision: number, text: string) =>
    eventually(async () => {
      const post = await site.author.getPost(id, postId);
      expect([post.revision, post.body]).toEqual([revision, text]);
    });
  const inConflict = (page: Page) => page.locator('desk-outbox li[data-state="conflict"]');

  it('says at once who made the other one, when, and which words it changed', async () => {
    const { page, changedBy } = await met(
      '14 people were injured in the fire at noon.',
      '40 people were injured in the fire at one.',
    );
    const notice = page.locator('desk-correct .desk-notice');
    await notice.locator('ins').waitFor();
    expect(await textOf(notice.locator('.desk-since'))).toBe(changedBy);
    expect(await notice.locator('ins').textContent()).toContain('one');
    expect(await faultsOf(page)).toEqual([]);

    await compare(page);
    const entry = inConflict(page);
    await entry.locator('ins').waitFor();
    expect(await textOf(entry.locator('.desk-since'))).toBe(changedBy);
    expect(await entry.locator('del').textContent()).toContain('noon');
    expect(await faultsOf(page)).toEqual([]);
  });

  it('are merged in the form when they touch different words, before anything is sent', async () => {
    const { id, postId, page } = await met(
      '14 people were injured in the fire at noon.',
      '40 people were injured in the fire at one.',
    );
    await page.getByRole('button', { name: 'Add that change to mine' }).click();
    await eventually(async () => expect(await bodyText(page)).toBe('14 people were injured in the fire at one.'));
    await page.getByText('Both changes are in the text now. Read it before you publish.').waitFor();
    expect((await site.author.getPost(id, postId)).revision).toBe(2);
  });

  it('are proposed as one text, which is sent once its author has confirmed it', async () => {
    const { id, postId, page } = await met(
      '14 people were injured in the fire at noon.',
      '40 people were injured in the fire at one.',
    );
    await compare(page);
    await page.getByRole('button', { name: /^Compare/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('You changed different words.').waitFor();
    expect(await dialog.getByLabel('Both changes').isChecked()).toBe(true);
    expect(await textOf(dialog.locator('.composer-preview .body'))).toBe('14 people were injured in the fire at one.');
    expect(await faultsOf(page)).toEqual([]);
    expect((await site.author.getPost(id, postId)).revision).toBe(2);
    await dialog.getByRole('button', { name: 'Publish this version' }).click();
    await published(id, postId, 3, '14 people were injured in the fire at one.');
    await inConflict(page).waitFor({ state: 'detached' });
  });

  it('are made one text in the form of a change, with the text that lost in sight until the result is published', async () => {
    const mine = '14 people were injured in the fire at noon.';
    const { id, postId, page } = await met(mine, '41 people were injured in the fire at noon.');
    await compare(page);
    await page.getByRole('button', { name: /^Compare/ }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByRole('button', { name: 'Publish this version' }).isDisabled()).toBe(true);
    await dialog.getByRole('button', { name: 'Edit the result' }).click();
    await eventually(async () => expect(await bodyText(page)).toBe(`41 people were injured in the fire at noon.\n\n${mine}`));
    const lost = page.locator('desk-correct .desk-lost');
    expect(await lost.locator('ins').textContent()).toContain('14');
    expect(await faultsOf(page)).toEqual([]);

    await writeBody(page, '15 people were injured in the fire at noon.');
    await page.reload();
    await eventually(async () => expect(await bodyText(page)).toBe('15 people were injured in the fire at noon.'));
    await lost.locator('ins').waitFor();
    await inConflict(page).waitFor();
    await page.getByLabel('Typing slip').check();
    await page.getByRole('button', { name: 'Publish the change' }).click();
    await published(id, postId, 3, '15 people were injured in the fire at noon.');
    await inConflict(page).waitFor({ state: 'detached' });
  });
});
