import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { AuthorClient } from '../../../../client/lib/author-client.ts';
import type { TestBrowser } from '../../browser.ts';
import { announced, eventually, faultsOf, textOf } from '../../newsroom.ts';
import { type Author, chooseUndoSeconds, type DeskSite, deskSite } from '../desk-site.ts';

/** The post in the timeline of a desk. */
export const deskPost = (page: Page, id: string | undefined): Locator => page.locator(`#posts > [data-post="${id}"]`);

/** Lets changes out at once, as an author may choose. */
export const withoutUndoTime = (page: Page): Promise<void> => chooseUndoSeconds(page, 0);

/** Opens the desk of this author on a coverage, once the post is shown. */
export async function openAt(site: DeskSite, channelId: string, postId: string | undefined, author?: Author) {
  const watched = await site.openDesk(channelId, author);
  await deskPost(watched.page, postId).waitFor();
  await withoutUndoTime(watched.page);
  return watched;
}

const body = (page: Page) => page.locator('desk-correct [data-path="body"]');

/** The text of the post that is being edited, as Markdown. */
export const bodyText = (page: Page) => page.evaluate<string>('document.querySelector("desk-correct").form.draft.body');

/** Replaces the text of the post that is being edited. An empty line begins another paragraph. */
export async function writeBody(page: Page, text: string): Promise<void> {
  await body(page).click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.press('Delete');
  for (const [at, paragraph] of text.split('\n\n').entries()) {
    if (at > 0) await page.keyboard.press('Enter');
    await page.keyboard.type(paragraph);
  }
  await eventually(async () => expect(await bodyText(page)).toBe(text));
}

/** Presses a button twice before the page can do anything. */
const pressTwice = (button: Locator) =>
  button.evaluate((one) => {
    one.click();
    one.click();
  });

const entriesIn = (page: Page) => page.evaluate<number>('document.querySelector("desk-outbox").outbox.entries.length');

const storedDrafts = (page: Page) => page.evaluate<number>('document.querySelector("desk-drafts").drafts.list.length');

const editor = { sub: 'grace', name: 'Grace Hopper' };

/** How published posts are changed, in a browser. */
export function changes(start: () => Promise<TestBrowser>): void {
  const site = deskSite(start);
  const actions = (page: Page, id: string | undefined) => deskPost(page, id).locator('.desk-tools button').allTextContents();

  it('corrects a post by keyboard, with a suggested note that readers get', async () => {
    const { id, ids } = await site.coverage(['40 people were injured.\n\nMore follows.']);
    const reader = await site.open(id);
    const { page, complaints } = await openAt(site, id, ids[0]);
    await page.keyboard.press('j');
    await page.keyboard.press('e');
    await body(page).waitFor();
    await eventually(async () => expect(await page.evaluate('document.activeElement.dataset.path')).toBe('body'));
    await writeBody(page, '14 people were injured.\n\nMore follows.');
    await page.getByLabel('We were wrong').check();
    expect(await page.getByLabel('Note to readers').inputValue()).toBe(
      'An earlier version said 40 people were injured. It was 14.',
    );
    expect(await textOf(page.locator('.desk-change-preview .change-correction'))).toContain('It was 14.');
    await page.keyboard.press('Control+Enter');

    const note = reader.page.locator(`#post-${ids[0]} .change-correction`);
    await note.getByText('An earlier version said 40 people were injured. It was 14.').waitFor();
    await reader.page.locator(`#post-${ids[0]}`).getByText('14 people were injured.', { exact: true }).waitFor();
    expect(await page.locator('desk-correct').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('asks for what a correction lacks, and keeps it as a draft when it is closed', async () => {
    const { id, ids } = await site.coverage(['The mayor resigned.']);
    const { page } = await openAt(site, id, ids[0]);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    await writeBody(page, 'The mayor stays.');
    await page.getByRole('button', { name: 'Publish the change' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'We were wrong' }).click();
    await page.getByText('Write what was wrong or unclear. Readers see this note.').waitFor();
    expect(await page.evaluate('document.activeElement.dataset.path')).toBe('note');

    await page.keyboard.press('Escape');
    await page.locator('desk-correct').waitFor({ state: 'detached' });
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    await page.getByText('This is your change as you left it.').waitFor();
    expect(await bodyText(page)).toBe('The mayor stays.');
    expect((await site.author.getPost(id, ids[0] as string)).revision).toBe(1);
  });

  it('warns that readers get no note of a figure that is called a typing slip, and does not stand in the way', async () => {
    const { id, ids } = await site.coverage(['40 poeple were injured.']);
    const { page } = await openAt(site, id, ids[0]);
    const warning = page.getByText('This changes a figure, a name or a quotation, and readers get no note of it.');
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    await writeBody(page, '40 people were injured.');
    await page.getByLabel('Typing slip').check();
    await page.getByText('readers will see it').waitFor();
    expect(await warning.count()).toBe(0);
    await writeBody(page, '14 people were injured.');
    await warning.waitFor();
    await page.locator('desk-correct').getByRole('button', { name: 'We were wrong' }).click();
    expect(await page.getByLabel('We were wrong').isChecked()).toBe(true);
    expect(await warning.count()).toBe(0);
    await eventually(async () => expect(await page.evaluate('document.activeElement.dataset.path')).toBe('note'));
    await page.getByLabel('Typing slip').check();
    await page.getByRole('button', { name: 'Publish the change' }).click();
    await eventually(async () => expect((await site.author.getPost(id, ids[0] as string)).body).toBe('14 people were injured.'));
  });

  it('formats the text by the same toolbar as the composer, with the commands of tables inside a table', async () => {
    const { id, ids } = await site.coverage(['| Team | Goals |\n| --- | --- |\n| Norway | 2 |\n\nFull time.']);
    const { page } = await openAt(site, id, ids[0]);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    const bar = page.locator('desk-correct').getByRole('toolbar', { name: 'Formatting' });
    await body(page).getByText('Full time.').dblclick();
    await bar.waitFor();
    expect(await bar.getByRole('button', { name: 'Add a column' }).count()).toBe(0);
    await bar.getByRole('button', { name: /^Bold/ }).click();
    await eventually(async () => expect(await bodyText(page)).toContain('**'));
    await bar.getByRole('button', { name: /^Bold/ }).click();
    await body(page).getByText('Team').click();
    await bar.getByRole('button', { name: 'Add a column' }).click();
    await page.keyboard.type('Group');
    await eventually(async () =>
      expect(await bodyText(page)).toBe('| Team | Group | Goals |\n| --- | --- | --- |\n| Norway |  | 2 |\n\nFull time.'),
    );
    await body(page).getByText('Norway').dblclick();
    await page.keyboard.press('ControlOrMeta+k');
    await page.locator('desk-correct .composer-link input').fill('https://norway.example');
    await page.keyboard.press('Enter');
    await eventually(async () => expect(await bodyText(page)).toContain('[Norway](https://norway.example)'));
    expect(await faultsOf(page)).toEqual([]);
  });

  it('shows all of a long headline, and leads from the text to the toolbar by Tab', async () => {
    const long = 'Bridge closed to traffic until the morning while the engineers look for the crack in the north pier';
    const { id } = await site.coverage();
    const { post } = await site.author.publish(id, { headline: long, body: 'One sentence.' });
    const { page } = await openAt(site, id, post.id);
    await deskPost(page, post.id).getByRole('button', { name: 'Edit or correct' }).click();
    await body(page).click();
    const field = page.locator('desk-correct [data-path="headline"]');
    expect(await field.inputValue()).toBe(long);
    const hidden = () => field.evaluate((one) => one.scrollHeight - one.clientHeight);
    await eventually(async () => expect(await hidden()).toBeLessThanOrEqual(1));

    await page.keyboard.press('Tab');
    const bold = page.locator('desk-correct').getByRole('button', { name: 'Bold' });
    expect(await bold.evaluate((one) => one === one.ownerDocument.activeElement)).toBe(true);
    const opacity = 'getComputedStyle(document.querySelector("desk-correct .composer-toolbar")).opacity';
    await eventually(async () => expect(await page.evaluate(opacity)).toBe('1'));
    await page.keyboard.press('Shift+Tab');
    expect(await page.evaluate('document.activeElement.dataset.path')).toBe('body');
  });

  it('opens an unfinished change again after a reload', async () => {
    const { id, ids } = await site.coverage(['The mayor resigned.']);
    const { page } = await openAt(site, id, ids[0]);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    await writeBody(page, 'The mayor stays, he says.');
    await page.getByLabel('It was unclear').check();
    await page.reload();
    await eventually(async () => expect(await bodyText(page)).toBe('The mayor stays, he says.'));
    expect(await page.getByLabel('It was unclear').isChecked()).toBe(true);
  });

  it('leaves the cursor to an author who writes on elsewhere while an edit is loaded', async () => {
    const { id, ids } = await site.coverage(['The mayor resigned.']);
    const { page } = await openAt(site, id, ids[0]);
    const text = page.locator('desk-composer [data-path="body"]');
    const { promise: isWriting, resolve: write } = Promise.withResolvers<void>();
    await page.route(`**/posts/${ids[0]}`, (route) => isWriting.then(() => route.continue()));
    await deskPost(page, ids[0]).focus();
    await page.keyboard.press('e');
    await page.locator('desk-correct').waitFor();
    await text.click();
    await page.keyboard.type('The next ');
    write();
    await body(page).waitFor();
    await page.keyboard.type('post.');
    await eventually(async () => expect(await textOf(text)).toBe('The next post.'));
    expect(await bodyText(page)).toBe('The mayor resigned.');
  });

  it('keeps an open edit while the post changes under it, and adds the other change', async () => {
    const { id, ids } = await site.coverage(['40 people were injured.\n\nMore follows.', 'Below.']);
    const { page, complaints } = await openAt(site, id, ids[0]);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    await writeBody(page, '14 people were injured.\n\nMore follows.');
    await page.evaluate('window.kept = document.querySelector("desk-correct")');
    await site.author.revise(id, ids[0] as string, 1, {
      kind: 'update',
      changes: { body: '40 people were injured.\n\nThe road is closed.' },
    });
    await page.getByText('This post has changed since you began.').waitFor();
    expect(await page.evaluate('window.kept === document.querySelector("desk-correct")')).toBe(true);
    expect(await bodyText(page)).toBe('14 people were injured.\n\nMore follows.');

    await page.getByRole('button', { name: 'Add that change to mine' }).click();
    await eventually(async () => expect(await bodyText(page)).toBe('14 people were injured.\n\nThe road is closed.'));
    await page.getByLabel('We were wrong').check();
    await page.getByRole('button', { name: 'Publish the change' }).click();
    await eventually(async () => {
      const { revision, body: text } = await site.author.getPost(id, ids[0] as string);
      expect([revision, text]).toEqual([3, '14 people were injured.\n\nThe road is closed.']);
    });
    expect(complaints).toEqual([]);
  });

  it('shows both versions by word when two editors change one post, and sends what was decided', async () => {
    const { id, ids } = await site.coverage(['40 people were injured.\n\nMore follows.']);
    const { page } = await openAt(site, id, ids[0]);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    await writeBody(page, '14 people were injured.\n\nMore follows soon.');
    await page.getByLabel('We were wrong').check();
    await page.getByLabel('Note to readers').fill('It was 14.');
    await site.author.revise(id, ids[0] as string, 1, {
      kind: 'update',
      changes: { body: '41 people were injured.\n\nMore follows.' },
    });
    await page.getByText('This post has changed since').waitFor();
    await page.getByRole('button', { name: 'Publish the change' }).click();

    await page.getByRole('button', { name: /^Compare/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('You both changed this').waitFor();
    expect(await dialog.locator('del').first().textContent()).toContain('41');
    expect(await dialog.locator('ins').first().textContent()).toContain('14');
    expect(await dialog.getByRole('button', { name: 'Publish this version' }).isDisabled()).toBe(true);
    expect(await faultsOf(page)).toEqual([]);
    await dialog.getByLabel('Yours').first().check();
    await pressTwice(dialog.getByRole('button', { name: 'Publish this version' }));
    await eventually(async () => {
      const { revision, body: text } = await site.author.getPost(id, ids[0] as string);
      expect([revision, text]).toEqual([3, '14 people were injured.\n\nMore follows soon.']);
    });
    await dialog.waitFor({ state: 'detached' });
    expect(await entriesIn(page)).toBe(1);
  });

  it('sends a change and a withdrawal once, however often the button is pressed', async () => {
    const { id, ids } = await site.coverage(['A rumour.', 'Another.']);
    const { page } = await site.openDesk(id);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    await writeBody(page, 'No rumour.');
    await page.getByLabel('Typing slip').check();
    await pressTwice(page.getByRole('button', { name: 'Publish the change' }));
    await page.locator('desk-correct').waitFor({ state: 'detached' });
    expect(await entriesIn(page)).toBe(1);
    await deskPost(page, ids[1]).getByRole('button', { name: 'Retract' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox').fill('It was a rumour.');
    await pressTwice(dialog.getByRole('button', { name: 'Retract', exact: true }));
    await dialog.waitFor({ state: 'detached' });
    expect(await entriesIn(page)).toBe(2);
  });

  it('does not count a correction that is on screen among the drafts', async () => {
    const { id, ids } = await site.coverage(['The mayor resigned.']);
    const { page } = await openAt(site, id, ids[0]);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    await writeBody(page, 'The mayor stays.');
    await eventually(async () => expect(await storedDrafts(page)).toBe(1));
    expect(await page.getByText(/^Drafts/).count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.getByText('Drafts (1)').waitFor();
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    await page.getByText('Drafts (1)').waitFor({ state: 'detached' });
  });

  it('keeps a draft that is closed before it is loaded', async () => {
    const { id, ids } = await site.coverage(['The mayor resigned.']);
    const { page } = await openAt(site, id, ids[0]);
    const edit = deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' });
    await edit.click();
    await writeBody(page, 'The mayor stays.');
    await page.keyboard.press('Escape');
    await page.locator('desk-correct').waitFor({ state: 'detached' });
    await page.route(`**/v1/channels/${id}/posts/${ids[0]}`, () => {});
    await edit.click();
    await page.getByText('Loading the text of the post.').waitFor();
    await page.locator('desk-correct').getByRole('button', { name: 'Close' }).click();
    await page.locator('desk-correct').waitFor({ state: 'detached' });
    await page.getByText(/^Drafts/).click();
    await page.locator('desk-drafts').getByText('The mayor stays.').waitFor();
  });

  it('brings the suggested note into view when its kind is chosen', async () => {
    const { id, ids } = await site.coverage([`40 people were injured.\n\n${'More follows. '.repeat(200)}`]);
    const { page } = await openAt(site, id, ids[0]);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    await body(page).waitFor();
    await page.evaluate(`(() => {
      document.querySelector('.desk-change-kinds').scrollIntoView({ block: 'end', behavior: 'instant' });
      document.querySelector('.desk-change-kinds input').focus({ preventScroll: true });
    })()`);
    await page.keyboard.press('Space');
    const note = page.getByLabel('Note to readers');
    await note.waitFor();
    await eventually(async () =>
      expect(
        await note.evaluate((field) => {
          const { left, top, bottom } = field.getBoundingClientRect();
          return [top + 2, bottom - 2].every((y) => field.contains(field.ownerDocument.elementFromPoint(left + 20, y)));
        }),
      ).toBe(true),
    );
  });

  it('names the colleague and the time of the other change, and publishes both paragraphs, theirs first', async () => {
    const { id, ids } = await site.coverage(['40 people were injured.\n\nMore follows.']);
    const { page } = await openAt(site, id, ids[0]);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    await writeBody(page, 'The mayor speaks at five.\n\nMore follows.');
    await page.getByLabel('There is more now').check();
    const grace = new AuthorClient({ url: site.server.url, token: await site.server.token({ editor: [id] }, editor) });
    const { post } = await grace.revise(id, ids[0] as string, 1, {
      kind: 'correction',
      note: 'It was 41.',
      changes: { body: '41 people were injured.\n\nMore follows.' },
    });
    await page.getByText('This post has changed since').waitFor();
    await page.getByRole('button', { name: 'Publish the change' }).click();
    await page.getByRole('button', { name: /^Compare/ }).click();
    const dialog = page.getByRole('dialog');
    const at = new Date(post.history[0]?.at ?? '').toISOString().slice(11, 16);
    expect(await textOf(dialog.locator('.desk-since'))).toBe(`Changed by \u2068grace\u2069, ${at} UTC. It was 41.`);
    await dialog.getByLabel('Both, theirs first').check();
    expect(await textOf(dialog.locator('.composer-preview .body'))).toBe(
      '41 people were injured. The mayor speaks at five. More follows.',
    );
    expect(await faultsOf(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Publish this version' }).click();
    await eventually(async () => {
      const { body: text } = await site.author.getPost(id, ids[0] as string);
      expect(text).toBe('41 people were injured.\n\nThe mayor speaks at five.\n\nMore follows.');
    });
    await dialog.waitFor({ state: 'detached' });
  });

  it('keeps the text that lost as a draft', async () => {
    const { id, ids } = await site.coverage(['First.']);
    const { page } = await openAt(site, id, ids[0]);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Edit or correct' }).click();
    await writeBody(page, 'Mine, which must not be lost.');
    await page.getByLabel('Typing slip').check();
    await site.author.retract(id, ids[0] as string, { note: 'It did not happen.' });
    await page.getByText('This post was withdrawn meanwhile').waitFor();
    expect(await page.getByRole('button', { name: 'Publish the change' }).isDisabled()).toBe(true);
    expect(await bodyText(page)).toBe('Mine, which must not be lost.');
    await page.locator('desk-correct').getByRole('button', { name: 'Close' }).click();
    // The list moves up when the form goes, and a press during that lands beside it.
    await page.locator('desk-correct form').waitFor({ state: 'detached' });
    await page.getByText(/^Drafts/).click();
    await page.getByText('Mine, which must not be lost.').waitFor();
  });

  it('retracts a post with a note', async () => {
    const { id, ids } = await site.coverage(['A rumour. [The source](https://example.org/rumour)']);
    const reader = await site.open(id);
    const { page } = await openAt(site, id, ids[0]);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Retract' }).click();
    const dialog = page.getByRole('dialog');
    expect(await faultsOf(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Retract', exact: true }).click();
    await dialog.getByText('Write why the post is retracted.').waitFor();
    await dialog.getByLabel('Why it is retracted').fill('It was a rumour.');
    await dialog.getByRole('button', { name: 'Retract', exact: true }).click();
    await reader.page.locator(`#post-${ids[0]}`).getByText('It was a rumour.').waitFor();
    await eventually(async () => expect(await actions(page, ids[0])).toEqual(['Read the text', 'Take down']));
    // The newsroom can still read it, until it is taken down.
    await deskPost(page, ids[0]).getByRole('button', { name: 'Read the text' }).click();
    const retracted = page.getByRole('dialog', { name: 'The text that was retracted' });
    await retracted.getByText('A rumour.').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    // Its links do not lead away from the desk.
    await retracted.getByRole('link', { name: 'The source' }).click();
    expect(await retracted.isVisible()).toBe(true);
    await site.author.takedown(id, ids[0] as string);
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await eventually(async () => expect(await page.getByText('A rumour.').count()).toBe(0));
  });

  it('names the post that it retracts, and opens the reason again if the author undoes it', async () => {
    const { id, ids } = await site.coverage(['A rumour of the morning.']);
    const { page } = await site.openDesk(id);
    await deskPost(page, ids[0]).waitFor();
    const dialog = page.getByRole('dialog');
    await deskPost(page, ids[0]).getByRole('button', { name: 'Retract' }).click();
    await dialog.getByText('A rumour of the morning.').waitFor();
    await page.keyboard.type('Nobody confirms it.');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Retraction: A rumour of the morning.').waitFor();
    await page.getByRole('button', { name: /^Undo: Retraction/ }).click();
    await eventually(async () => expect(await dialog.getByRole('textbox').inputValue()).toBe('Nobody confirms it.'));
    expect((await site.author.getPost(id, ids[0] as string)).status).toBe('published');
  });

  it('takes a post down in two steps, says what it cannot reach, and then what was erased', async () => {
    const { id, ids } = await site.coverage(['The name of a child.']);
    const { page } = await openAt(site, id, ids[0]);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Take down' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Backups keep the post').waitFor();
    await dialog.getByRole('button', { name: 'Continue' }).click();
    await dialog.getByText('Erase this post for everyone?').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    expect((await site.author.getPost(id, ids[0] as string)).status).toBe('published');
    await dialog.getByRole('button', { name: 'Take down and erase' }).click();
    await dialog.getByText('The text is erased from the server.').waitFor();
    expect((await site.author.getPost(id, ids[0] as string)).status).toBe('taken-down');
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await eventually(async () => expect(await actions(page, ids[0])).toEqual([]));
  });

  it('erases the earlier versions of a post with one wrong name', async () => {
    const { id, ids } = await site.coverage(['Jon Doe was seen.']);
    const { page } = await openAt(site, id, ids[0]);
    await deskPost(page, ids[0]).getByRole('button', { name: 'Take down' }).click();
    await page.getByRole('button', { name: 'Correct it and erase the earlier versions' }).click();
    await writeBody(page, 'Somebody was seen.');
    await page.getByLabel('Note to readers').fill('An earlier version named the wrong person.');
    await page.getByRole('button', { name: 'Publish the change' }).click();
    await eventually(async () => {
      const { revisions } = await site.author.listRevisions(id, ids[0] as string);
      expect(revisions.map(({ revision }) => revision)).toEqual([2]);
    });
  });

  it('offers each author what they may do, and nothing else', async () => {
    const { id, ids } = await site.coverage(['By an editor.']);
    const author = { sub: 'ada-author', name: 'Ada Author', grants: { author: [id] } };
    const token = await site.server.token(author.grants, { sub: author.sub, name: author.name });
    const { post } = await new AuthorClient({ url: site.server.url, token }).publish(id, { body: 'By the author.' });
    const own = post.id;
    const { page } = await openAt(site, id, ids[0], author);
    await eventually(async () => expect(await actions(page, own)).toEqual(['Edit or correct', 'Retract']));
    expect(await actions(page, ids[0])).toEqual([]);

    const asEditor = await openAt(site, id, ids[0], editor);
    const all = ['Edit or correct', 'Pin', 'Retract', 'Take down'];
    expect(await actions(asEditor.page, own)).toEqual(all);
    await deskPost(asEditor.page, own).getByRole('button', { name: 'Pin' }).click();
    await eventually(async () =>
      expect(await actions(asEditor.page, own)).toEqual(['Edit or correct', 'Unpin', 'Retract', 'Take down']),
    );
    const asReader = await openAt(site, id, ids[0], { sub: 'rita', name: 'Rita', grants: { reader: [id] } });
    expect(await actions(asReader.page, own)).toEqual([]);
    const asAdmin = await openAt(site, id, ids[0], { sub: 'adam', name: 'Adam', grants: { admin: true } });
    expect(await actions(asAdmin.page, ids[0])).toEqual(all);
  });

  it('fits a narrow phone, right to left, with large text, without a fault that axe finds', async () => {
    const { id, ids } = await site.coverage([{ headline: 'الميناء', body: 'أصيب ٤٠ شخصا.' }], {
      language: 'ar',
      headline: 'حريق',
    });
    const { page } = await site.openDesk(id, {}, { viewport: { width: 320, height: 640 }, locale: 'ar', colorScheme: 'dark' });
    await deskPost(page, ids[0]).waitFor();
    await page.evaluate("document.documentElement.style.fontSize = '200%'");
    await deskPost(page, ids[0]).locator('[data-desk-action="edit"]').click();
    await writeBody(page, 'أصيب ١٤ شخصا.');
    await page.locator('.desk-change-kinds [value="correction"]').check();
    expect(await page.locator('desk-correct [data-path="note"]').inputValue()).toBe(
      'ورد في نسخة سابقة: «أصيب ٤٠ شخصا.» والصحيح ١٤.',
    );
    expect(await page.locator('.desk-change').getAttribute('dir')).toBe('rtl');
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    const sheet = page.locator('desk-correct');
    expect(await sheet.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
    expect(await faultsOf(page)).toEqual([]);
  });

  it('announces posts of colleagues, and not those of the author', async () => {
    const { id, ids } = await site.coverage(['First.']);
    const { page } = await openAt(site, id, ids[0]);
    await page.evaluate(`(() => {
      window.said = [];
      const place = document.querySelector('desk-timeline [role=status]');
      new MutationObserver(() => said.push(place.textContent)).observe(place, { childList: true, characterData: true, subtree: true });
    })()`);
    await site.publish(id, { headline: 'A second post' });
    await announced(page, 'New post: A second post.');
  });
}
