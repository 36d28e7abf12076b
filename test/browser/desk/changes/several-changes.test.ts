import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../../support/runner/needs.ts';
import { answersTo, startBrowser } from '../../browser.ts';
import { eventually } from '../../newsroom.ts';
import { deskSite } from '../desk-site.ts';
import { bodyText, deskPost, writeBody } from './changes-suite.ts';

/** Several changes by one author, none of which takes the place of another. */
describeWith(needs.chromium, 'several changes of one author', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));

  /** Opens the edit of a post and writes another text. */
  async function change(page: Page, postId: string, text: string): Promise<void> {
    await deskPost(page, postId).locator('[data-desk-action="edit"]').click();
    await page.locator('desk-correct [data-path="body"]').waitFor();
    await writeBody(page, text);
    await page.getByLabel('Typing slip').check();
  }

  async function publish(page: Page, text: string): Promise<void> {
    await page.getByRole('button', { name: 'Publish the change' }).click();
    await line(page, text).waitFor();
    await page.locator('desk-correct').waitFor({ state: 'detached' });
  }

  const line = (page: Page, text: string) => page.locator('desk-outbox li').filter({ hasText: text });
  const sendNow = (page: Page, text: string) =>
    line(page, text)
      .getByRole('button', { name: /^Send now/ })
      .click();
  const conflict = (page: Page, text: string) => line(page, text).and(page.locator('[data-state="conflict"]'));
  const drafts = (page: Page) =>
    page.evaluate<string[]>(
      "document.querySelector('desk-outbox').drafts.list.map(({ write }) => write.revision.changes.body).sort()",
    );
  const isStored = (page: Page) => page.evaluate("document.querySelector('desk-outbox').drafts.flush()");

  /** A post, at the desk of an author who has half a minute to undo a change. */
  async function open(bodies = ['At first.']) {
    const { id, ids } = await site.coverage(bodies);
    const { page } = await site.openDesk(id);
    const postId = ids[0] as string;
    await deskPost(page, postId).waitFor();
    await page.locator('.composer-more > summary').click();
    await page.getByLabel('Time to undo a post').selectOption({ label: '30 seconds' });
    return { id, ids, postId, page };
  }

  it('are both kept when one is undone while the next is being written', async () => {
    const { page, postId } = await open();
    await change(page, postId, 'The first change.');
    await publish(page, 'The first change.');
    await change(page, postId, 'The second change.');
    await line(page, 'The first change.').getByRole('button', { name: /^Undo/ }).click();
    await eventually(async () => expect(await drafts(page)).toEqual(['The first change.', 'The second change.']));
    expect(await bodyText(page)).toBe('The second change.');
    await page.keyboard.press('End');
    await page.locator('desk-correct [data-path="body"]').pressSequentially('!');
    await isStored(page);
    await page.reload();
    await eventually(async () => expect(await drafts(page)).toEqual(['The first change.', 'The second change.!']));
  });

  it('are opened one after the other from the list of drafts', async () => {
    const { page, postId } = await open();
    await change(page, postId, 'The first change.');
    await publish(page, 'The first change.');
    await change(page, postId, 'The second change.');
    await line(page, 'The first change.').getByRole('button', { name: /^Edit/ }).click();
    await eventually(async () => expect(await bodyText(page)).toBe('The first change.'));
    await page.getByText(/^Drafts/).click();
    await page.getByRole('button', { name: 'Open: The second change.' }).click();
    await eventually(async () => expect(await bodyText(page)).toBe('The second change.'));
    expect(await drafts(page)).toEqual(['The first change.', 'The second change.']);
  });

  it('are both kept when both lost against a colleague', async () => {
    const { id, page, postId } = await open();
    await change(page, postId, 'The first change.');
    await publish(page, 'The first change.');
    await change(page, postId, 'The second change.');
    await publish(page, 'The second change.');
    await site.author.revise(id, postId, 1, { kind: 'refile', changes: { body: 'By a colleague.' } });
    for (const text of ['The first change.', 'The second change.']) {
      const send = line(page, text).getByRole('button', { name: /^Send now/ });
      await send.click();
    }
    for (const text of ['The first change.', 'The second change.']) {
      await conflict(page, text).waitFor();
      await line(page, text)
        .getByRole('button', { name: /^Keep as draft/ })
        .click();
      await line(page, text).waitFor({ state: 'detached' });
    }
    await eventually(async () => expect(await drafts(page)).toEqual(['The first change.', 'The second change.']));
  });

  it('are decided one at a time, however late the server answers about another', async () => {
    const { id, page, ids } = await open(['At first.', 'Then.']);
    const [one, other] = ids as [string, string];
    for (const [postId, text] of [
      [one, 'The first change.'],
      [other, 'The second change.'],
    ] as const) {
      await change(page, postId, text);
      await publish(page, text);
      await site.author.revise(id, postId, 1, { kind: 'refile', changes: { body: 'By a colleague.' } });
      await sendNow(page, text);
      await conflict(page, text).waitFor();
    }
    const compare = (text: string) =>
      line(page, text)
        .getByRole('button', { name: /^Compare/ })
        .click();
    const late = Promise.withResolvers<void>();
    await page.route(`**/posts/${one}`, async (route) => {
      await late.promise;
      await route.continue();
    });
    const asked = page.waitForRequest(`**/posts/${one}`);
    await compare('The first change.');
    await asked;
    await page.keyboard.press('Escape');
    await compare('The second change.');
    const keep = page.getByRole('dialog').getByRole('button', { name: 'Keep mine', exact: true });
    await keep.waitFor();
    const address = new RegExp(`/posts/${one}$`);
    const answers = await answersTo(page, address);
    late.resolve();
    await eventually(async () => expect(await answersTo(page, address)).toBe(answers + 1));
    await keep.click();
    await sendNow(page, 'The second change.');
    await eventually(async () => expect((await site.author.getPost(id, other)).body).toBe('The second change.'));
    await conflict(page, 'The first change.').waitFor();
  });

  it('follow each other without a network', async () => {
    const { id, page, postId } = await open();
    await change(page, postId, 'The first change.');
    await page.context().setOffline(true);
    await publish(page, 'The first change.');
    await change(page, postId, 'The second change.');
    await publish(page, 'The second change.');
    await page.context().setOffline(false);
    for (const text of ['The first change.', 'The second change.']) {
      await line(page, text)
        .getByRole('button', { name: /^Send now/ })
        .click();
    }
    await eventually(async () => {
      const { revisions } = await site.author.listRevisions(id, postId);
      expect(revisions.map(({ body }) => body)).toEqual(['At first.', 'The first change.', 'The second change.']);
    });
  });

  it('overwrite no colleague when the change on which they build lost against one', async () => {
    const { id, page, postId } = await open();
    await change(page, postId, 'The first change.');
    await publish(page, 'The first change.');
    await change(page, postId, 'The second change.');
    await site.author.revise(id, postId, 1, { kind: 'refile', changes: { body: 'By a colleague.' } });
    await line(page, 'The first change.')
      .getByRole('button', { name: /^Send now/ })
      .click();
    await conflict(page, 'The first change.').waitFor();
    await publish(page, 'The second change.');
    await conflict(page, 'The second change.').waitFor();
    // Kept as a draft and published from there, it still builds on nothing that readers have.
    await line(page, 'The second change.')
      .getByRole('button', { name: /^Keep as draft/ })
      .click();
    await page.getByText(/^Drafts/).click();
    await page.getByRole('button', { name: 'Open: The second change.' }).click();
    await eventually(async () => expect(await bodyText(page)).toBe('The second change.'));
    await page.getByLabel('Typing slip').check();
    await publish(page, 'The second change.');
    await conflict(page, 'The second change.').waitFor();
    expect((await site.author.getPost(id, postId)).body).toBe('By a colleague.');
    await line(page, 'The second change.')
      .getByRole('button', { name: /^Compare/ })
      .click();
    await page.getByRole('dialog').getByRole('button', { name: 'Keep mine' }).click();
    await line(page, 'The second change.')
      .getByRole('button', { name: /^Send now/ })
      .click();
    await eventually(async () => expect((await site.author.getPost(id, postId)).body).toBe('The second change.'));
  });

  it('overwrite no colleague when the change on which they build was undone', async () => {
    const { id, page, postId } = await open();
    await change(page, postId, 'The first change.');
    await publish(page, 'The first change.');
    await change(page, postId, 'The second change.');
    await line(page, 'The first change.').getByRole('button', { name: /^Undo/ }).click();
    await site.author.revise(id, postId, 1, { kind: 'refile', changes: { body: 'By a colleague.' } });
    await publish(page, 'The second change.');
    await conflict(page, 'The second change.').waitFor();
    expect((await site.author.getPost(id, postId)).body).toBe('By a colleague.');
  });

  it('do not go when another one is discarded', async () => {
    const { id, page, postId } = await open();
    await change(page, postId, 'The first change.');
    await publish(page, 'The first change.');
    await site.author.revise(id, postId, 1, { kind: 'refile', changes: { body: 'By a colleague.' } });
    await line(page, 'The first change.')
      .getByRole('button', { name: /^Send now/ })
      .click();
    await conflict(page, 'The first change.').waitFor();
    await change(page, postId, 'The second change.');
    await isStored(page);
    await line(page, 'The first change.')
      .getByRole('button', { name: /^Discard/ })
      .click();
    await page.getByRole('button', { name: /^Discard for good/ }).click();
    await line(page, 'The first change.').waitFor({ state: 'detached' });
    await page.reload();
    await eventually(async () => expect(await bodyText(page)).toBe('The second change.'));
    expect(await drafts(page)).toEqual(['The second change.']);
  });

  it('are written in two tabs without one taking the place of the other', async () => {
    const { page, postId } = await open();
    const other = await page.context().newPage();
    await other.goto(page.url());
    await deskPost(other, postId).waitFor();
    await change(page, postId, 'In the first tab.');
    await isStored(page);
    await change(other, postId, 'In the second tab.');
    await isStored(other);
    await eventually(async () => expect(await drafts(other)).toEqual(['In the first tab.', 'In the second tab.']));
    await page.close();
    await other.reload();
    await eventually(async () => expect(await drafts(other)).toEqual(['In the first tab.', 'In the second tab.']));
  });
});
