import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser, startFirefox, type TestBrowser } from '../../browser.ts';
import { eventually, faultsOf, textOf } from '../../newsroom.ts';
import { deskSite } from '../desk-site.ts';
import { bodyText, deskPost, openAt, withoutUndoTime, writeBody } from './changes-suite.ts';

const first = '40 people were injured.\n\nMore follows.';
const note = 'An earlier version said 40 people were injured. It was 14.';
const phone: BrowserContextOptions = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

describeWith(needs.chromium, 'the kind of a change', (chromium) => examine(() => startBrowser(chromium), true));
describeWith.nightly(needs.firefox, 'the kind of a change in Firefox', (firefox) => examine(() => startFirefox(firefox), false));

/** `isPhone`: the browser can behave like that of a phone. */
function examine(start: () => Promise<TestBrowser>, isPhone: boolean): void {
  const site = deskSite(start);

  const question = (page: Page) => page.getByRole('dialog', { name: 'What is this change?' });
  const focused = (page: Page) =>
    page.evaluate<string>('document.activeElement.dataset.kind ?? document.activeElement.dataset.path');
  const selected = (page: Page) => page.evaluate<string>('getSelection().toString()');
  const revisionOf = async (id: string, postId: string) => (await site.author.getPost(id, postId)).revision;

  /** Opens a post for editing and replaces its text, on a desk without a time to undo. */
  async function edit(text: string, body = first) {
    const { id, ids } = await site.coverage([body]);
    const postId = ids[0] as string;
    const { page } = await openAt(site, id, postId);
    await deskPost(page, postId).getByRole('button', { name: 'Edit or correct' }).click();
    await writeBody(page, text);
    return { id, postId, page };
  }

  async function onPhone(body = first) {
    const { id, ids } = await site.coverage([body]);
    const postId = ids[0] as string;
    const { page } = await site.openDesk(id, {}, phone);
    await deskPost(page, postId).getByRole('button', { name: 'Edit or correct' }).waitFor();
    await withoutUndoTime(page);
    return { id, postId, page };
  }

  /** The middle of the first word of a text. */
  const middleOfFirstWord = async (text: Locator) => {
    // The text moves once the buttons of its post are there.
    await text.page().getByRole('button', { name: 'Edit or correct' }).first().waitFor({ state: 'attached' });
    return text.evaluate((element) => {
      const range = element.ownerDocument.createRange();
      const word = element.firstChild as unknown as { data: string };
      range.setStart(word as never, 0);
      range.setEnd(word as never, word.data.indexOf(' '));
      const { left, top, width, height } = range.getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    });
  };

  const isWhole = (field: Locator) =>
    field.evaluate((element) => {
      const { left, top, bottom } = element.getBoundingClientRect();
      return [top + 2, bottom - 2].every((y) => element.contains(element.ownerDocument.elementFromPoint(left + 20, y)));
    });

  it('is asked when the change is published, so that a figure is corrected by one double click and five keys', async () => {
    const { id, ids } = await site.coverage([first]);
    const postId = ids[0] as string;
    const reader = await site.open(id);
    const { page, complaints } = await openAt(site, id, postId);
    const text = deskPost(page, postId).getByText('40 people');
    const { x, y } = await middleOfFirstWord(text);
    // The driver of Firefox makes two single clicks.
    if (isPhone) await page.mouse.dblclick(x, y);
    else await text.dispatchEvent('dblclick', { clientX: x, clientY: y, bubbles: true });
    await eventually(async () => expect(await focused(page)).toBe('body'));
    await eventually(async () => expect((await selected(page)).trim()).toBe('40'));
    await page.keyboard.press('1');
    await page.keyboard.press('4');
    await page.keyboard.press('Control+Enter');
    await eventually(async () => expect(await focused(page)).toBe('correction'));
    expect(await textOf(question(page).locator('[data-kind="correction"] q'))).toBe(note);
    expect(await faultsOf(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await reader.page.locator(`#post-${postId} .change-correction`).getByText(note).waitFor();
    await reader.page.locator(`#post-${postId}`).getByText('14 people were injured.', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('is answered by a digit, whatever is suggested', async () => {
    const { id, postId, page } = await edit('40 people were injured.\n\nMore follows soon.');
    await page.keyboard.press('Control+Enter');
    await question(page).waitFor();
    await page.keyboard.press('3');
    await eventually(async () =>
      expect((await site.author.getPost(id, postId)).history.map(({ kind }) => kind)).toEqual(['update']),
    );
  });

  it('is no typing slip by itself where a figure changed, and says so', async () => {
    const { page } = await edit('40 people were injured.\n\nMore follows.', '40 poeple were injured.\n\nMore follows.');
    await page.keyboard.press('Control+Enter');
    await eventually(async () => expect(await focused(page)).toBe('refile'));
    await page.keyboard.press('Escape');
    await question(page).waitFor({ state: 'detached' });
    await eventually(async () => expect(await focused(page)).toBe('body'));
    expect(await page.locator('desk-correct').count()).toBe(1);
    await writeBody(page, '14 people were injured.\n\nMore follows.');
    await page.keyboard.press('Control+Enter');
    await eventually(async () => expect(await focused(page)).toBe('correction'));
    await question(page).getByText('This changes a figure, a name or a quotation').waitFor();
  });

  it('is not answered by the keys that asked, while they are held', async () => {
    const { id, postId, page } = await edit('14 people were injured.\n\nMore follows.');
    await page.keyboard.down('Control');
    for (let times = 0; times < 5; times += 1) await page.keyboard.down('Enter');
    await page.keyboard.up('Control');
    await page.keyboard.down('Enter');
    await page.keyboard.up('Enter');
    expect(await question(page).count()).toBe(1);
    await page.keyboard.press('Enter');
    await eventually(async () => expect(await revisionOf(id, postId)).toBe(2));
  });

  it('leads to the note where none is certain, and lets the suggested one be changed', async () => {
    const { id, postId, page } = await edit('Nobody was injured at all.\n\nMore follows.');
    await page.keyboard.press('Control+Enter');
    await question(page).getByText('You write the note next.').first().waitFor();
    await page.keyboard.press('1');
    await eventually(async () => expect(await focused(page)).toBe('note'));
    expect(await isWhole(page.getByLabel('Note to readers'))).toBe(true);
    expect(await revisionOf(id, postId)).toBe(1);

    const other = await edit('14 people were injured.\n\nMore follows.');
    await other.page.keyboard.press('Control+Enter');
    await question(other.page).getByRole('button', { name: 'Change the note first' }).click();
    await eventually(async () => expect(await focused(other.page)).toBe('note'));
    await other.page.keyboard.type(' We regret it.');
    await other.page.keyboard.press('Control+Enter');
    await eventually(async () => {
      const { history } = await site.author.getPost(other.id, other.postId);
      expect(history.map((change) => change.note)).toEqual([`${note} We regret it.`]);
    });
  });

  it('waits while the text is written: the cursor is where the author pressed, or at the end', async () => {
    const { id, ids } = await site.coverage([first, 'Other.']);
    const [postId, other] = ids as [string, string];
    const { page } = await openAt(site, id, postId);
    const { x, y } = await middleOfFirstWord(deskPost(page, postId).getByText('40 people'));
    await page.mouse.click(x, y);
    await page.keyboard.press('e');
    await eventually(async () => expect(await focused(page)).toBe('body'));
    await page.keyboard.type('1');
    await eventually(async () => expect(await bodyText(page)).toBe('410 people were injured.\n\nMore follows.'));
    await page.keyboard.press('Escape');
    await deskPost(page, other).focus();
    // Closing the first change takes a moment, and leaves the focus where it is by then.
    await page.locator('desk-correct').waitFor({ state: 'detached' });
    expect(await deskPost(page, other).evaluate((post) => post.matches(':focus'))).toBe(true);
    await page.keyboard.press('e');
    await eventually(async () => expect(await focused(page)).toBe('body'));
    await page.keyboard.type(' More.');
    await eventually(async () => expect(await bodyText(page)).toBe('Other. More.'));
  });

  it('is told by the earlier versions, which open beside the desk', async () => {
    const { id, postId, page } = await edit('14 people were injured.\n\nMore follows.');
    await page.keyboard.press('Control+Enter');
    await question(page).waitFor();
    await page.keyboard.press('Enter');
    const link = deskPost(page, postId).getByRole('link', { name: /^Earlier versions, post of .*, in a new tab$/ });
    await link.waitFor();
    const [tab] = await Promise.all([page.waitForEvent('popup'), link.click()]);
    await tab.getByText(note).first().waitFor();
    expect(page.url()).toContain(`/desk/${id}`);
  });

  if (!isPhone) return;

  it('is asked on a phone too, where a figure is corrected by a double tap, two keys and two taps', async () => {
    const { id, postId, page } = await onPhone();
    const reader = await site.open(id);
    const { x, y } = await middleOfFirstWord(deskPost(page, postId).getByText('40 people'));
    await page.touchscreen.tap(x, y);
    await page.touchscreen.tap(x, y);
    await eventually(async () => expect((await selected(page)).trim()).toBe('40'));
    await page.keyboard.type('14');
    await page.getByRole('button', { name: 'Publish the change' }).tap();
    const answer = question(page).locator('[data-kind="correction"]');
    await answer.waitFor();
    expect(await isWhole(answer.locator('q'))).toBe(true);
    expect(await faultsOf(page)).toEqual([]);
    await answer.tap();
    await reader.page.locator(`#post-${postId} .change-correction`).getByText(note).waitFor();
  });

  it('shows its note above the bar of a phone, and a suggested note is not published before it was seen', async () => {
    const { id, postId, page } = await onPhone(`40 people were injured.\n\n${'More follows. '.repeat(90)}`);
    await deskPost(page, postId).getByRole('button', { name: 'Edit or correct' }).tap();
    const text = page.locator('desk-correct [data-path="body"] p').first();
    await text.waitFor();
    const write = async (figure: string) => {
      await page.locator('desk-correct [data-path="body"]').focus();
      await page.keyboard.press('Control+Home');
      await page.keyboard.press('Shift+ArrowRight');
      await page.keyboard.press('Shift+ArrowRight');
      await page.keyboard.type(figure);
      await eventually(async () => expect(await bodyText(page)).toContain(`${figure} people`));
    };
    await text.scrollIntoViewIfNeeded();
    await write('14');
    await page.locator('.desk-change-kinds [value="correction"]').tap();
    const field = page.getByLabel('Note to readers');
    await eventually(async () => expect(await isWhole(field)).toBe(true));
    expect(await field.inputValue()).toBe(note);

    await text.scrollIntoViewIfNeeded();
    await write('15');
    expect(await field.inputValue()).toContain('It was 15.');
    expect(await isWhole(field)).toBe(false);
    await page.getByRole('button', { name: 'Publish the change' }).tap();
    await question(page).getByText('It was 15.').waitFor();
    expect(await revisionOf(id, postId)).toBe(1);
    await question(page).getByRole('button', { name: 'We were wrong' }).tap();
    await eventually(async () => expect(await revisionOf(id, postId)).toBe(2));
  });
}
