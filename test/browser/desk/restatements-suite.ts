import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { newspaperChannel, newspaperCoverage } from '../../support/samples/newspaper-coverage.ts';
import type { TestBrowser } from '../browser.ts';
import { eventually, faultsOf, few } from '../newsroom.ts';
import { deskSite } from './desk-site.ts';

/** Which other posts are named after a correction, in a browser. */
export function restatements(start: () => Promise<TestBrowser>): void {
  const site = deskSite(start);
  const post = (id: string | undefined) => `#posts > [data-post="${id}"]`;

  /**
   * The list, by its class. Firefox crashes if the tool that looks for a region by its name and a script of the page both read by what
   * it is labelled.
   */
  const listOn = (page: Page) => page.locator('.desk-restatements');

  /** Publishes the posts of the sample coverage with these names, as they were before their corrections. */
  async function sample(...names: string[]): Promise<{ id: string; ids: Record<string, string> }> {
    const { id } = await site.coverage([], newspaperChannel);
    const ids: Record<string, string> = {};
    for (const step of newspaperCoverage(site.server.url)) {
      if (!('publish' in step) || !names.includes(step.publish)) continue;
      const { media: _media, derivedFrom: _derivedFrom, ...text } = step.post;
      [ids[step.publish]] = (await site.publish(id, text)) as [string];
    }
    return { id, ids };
  }

  /** Selects the last place of some words in the text that is being edited. */
  async function select(page: Page, words: string): Promise<void> {
    const selected = await page.evaluate<string>(`(() => {
      const words = ${JSON.stringify(words)};
      const texts = document.createTreeWalker(document.querySelector('desk-correct .composer-editor'), NodeFilter.SHOW_TEXT);
      for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
        const at = node.textContent.indexOf(words);
        if (at >= 0) getSelection().setBaseAndExtent(node, at, node, at + words.length);
      }
      return String(getSelection());
    })()`);
    expect(selected).toBe(words);
  }

  it('are found after a correction and corrected from the list, and readers see both notes', async () => {
    const { id, ids } = await sample('evacuation', 'summary-noon', 'hospital', 'shelter');
    const { page, complaints } = await site.openDesk(id);
    await page.locator(post(ids.evacuation)).getByRole('button', { name: 'Edit or correct' }).click();
    const edit = page.locator('desk-correct');
    const body = edit.getByRole('textbox', { name: 'Text', exact: true });
    await body.focus();
    await select(page, '4,700');
    await page.keyboard.type('4,100');
    await edit.getByText('We were wrong').click();
    const note = edit.getByRole('textbox', { name: 'Note to readers' });
    await note.fill('The order applies to 4,100 people. We had written 4,700.');
    await edit.getByRole('button', { name: 'Publish the change' }).click();

    const list = listOn(page);
    await list.getByRole('heading', { name: '1 other post may say so too' }).waitFor();
    await list.getByText('3 other posts searched.').waitFor();
    expect(await list.locator('mark').allTextContents()).toEqual(['4,700']);
    expect(await faultsOf(page)).toEqual([]);
    await list.getByRole('button', { name: 'Correct this too' }).click();
    await page.locator(`${post(ids['summary-noon'])} desk-correct`).waitFor();
    expect(await note.inputValue()).toBe('The order applies to 4,100 people. We had written 4,700.');
    expect(await body.textContent()).toContain('4,100 people');
    await edit.getByText('The note, and what could be replaced, come from your other correction.').waitFor();
    await edit.getByRole('button', { name: 'Publish the change' }).click();
    await list.getByRole('heading', { name: 'Nothing else says “4,700”' }).waitFor();
    expect(complaints).toEqual([]);

    const reader = await site.open(id);
    const summary = reader.page.locator('#summary');
    await summary.locator('details > summary').getByText('Correction').click();
    for (const corrected of [ids.evacuation, ids['summary-noon']]) {
      const shown = reader.page.locator(`#post-${corrected}`);
      await shown.getByText('The order applies to 4,100 people. We had written 4,700.').waitFor();
      expect(await shown.textContent()).toContain('4,100');
    }
  });

  it('are shown for their correction if they wait among the new posts', async () => {
    const filling = Array.from({ length: 6 }, (_, at) => `Post ${at + 1}. ${few}`);
    const { id, ids } = await site.coverage(['There are 4,700 people in the shelter.', ...filling]);
    const { page, complaints } = await site.openDesk(id);
    await page.locator(post(ids[0])).getByRole('button', { name: 'Edit or correct' }).click();
    const [waiting] = await site.publish(id, 'A summary: 4,700 people are in the shelter.');
    await page.getByRole('button', { name: '1 new post' }).waitFor();
    const edit = page.locator('desk-correct');
    await edit.getByRole('textbox', { name: 'Text', exact: true }).fill('There are 4,100 people in the shelter.');
    await edit.getByText('We were wrong').click();
    await edit.getByRole('button', { name: 'Publish the change' }).click();
    const correctToo = listOn(page).getByRole('button', { name: 'Correct this too' });
    await correctToo.waitFor();
    expect(await page.locator(post(waiting)).count()).toBe(0);
    await correctToo.click();
    await page.locator(`${post(waiting)} desk-correct .composer-editor`).waitFor();
    expect(complaints).toEqual([]);
  });

  it('are named if they restate a post that was withdrawn, and leave the list when the author finds them fine', async () => {
    const { id, ids } = await site.coverage(['A boat is missing.']);
    const [restating] = await site.publish(id, { headline: 'Summary', body: 'What we know.', derivedFrom: ids });
    await site.publish(id, 'A boat is missing.');
    const { page } = await site.openDesk(id);
    await page.locator(post(ids[0])).getByRole('button', { name: 'Retract' }).click();
    const dialog = page.locator('desk-withdraw dialog[open]');
    await dialog.getByRole('textbox').fill('The boat was in the harbour.');
    await dialog.getByRole('button', { name: 'Retract' }).click();
    const list = listOn(page);
    await list.locator(`[data-restatement="${restating}"]`, { hasText: 'Drawn from the corrected post' }).waitFor();
    expect(await list.locator('[data-restatement]').count()).toBe(1);
    await page.getByRole('region', { name: 'Other posts that may say so too' }).waitFor();
    await list.getByRole('button', { name: 'It is fine: Summary' }).click();
    await list.waitFor({ state: 'hidden' });
  });

  it('are said not to exist for a moment, with what was searched for, and not again after a reload', async () => {
    const { id, ids } = await site.coverage(['There are 4,700 people in the shelter.', 'The road is closed.']);
    const { page, complaints } = await site.openDesk(id);
    await page.locator(post(ids[0])).getByRole('button', { name: 'Edit or correct' }).click();
    const edit = page.locator('desk-correct');
    await edit.getByRole('textbox', { name: 'Text', exact: true }).fill('There are 4,100 people in the shelter.');
    await edit.getByText('We were wrong').click();
    await edit.getByRole('button', { name: 'Publish the change' }).click();
    const list = listOn(page);
    await list.getByRole('heading', { name: 'Nothing else says “4,700”' }).waitFor();
    await list.getByText('1 other post searched.').waitFor();
    await page.mouse.move(0, 0);
    await list.waitFor({ state: 'hidden' });
    await page.locator(post(ids[0])).getByText('4,100 people').first().waitFor();

    const searched = page.waitForResponse(/\/posts\?limit=100/);
    await page.reload();
    await searched;
    await page.locator(post(ids[0])).getByText('4,100 people').first().waitFor();
    expect(await list.isHidden()).toBe(true);
    await site.publish(id, 'A summary: 4,700 people are in the shelter.');
    await list.getByRole('heading', { name: '1 other post may say so too' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('say whose they are if the author may not change them', async () => {
    const { id } = await site.coverage([
      { headline: 'By a colleague', body: 'The tower is 171 metres high.', authors: [{ name: 'Grace Hopper' }] },
    ]);
    const tom = { sub: 'tom', name: 'Tom Kilburn' };
    const author = new AuthorClient({ url: site.server.url, token: await site.server.token({ author: [id] }, tom) });
    const mine = (await author.publish(id, { body: 'It is 171 metres high.' })).post.id;
    const { page } = await site.openDesk(id, { grants: { author: [id] }, ...tom });
    await page.locator(post(mine)).getByRole('button', { name: 'Edit or correct' }).click();
    const edit = page.locator('desk-correct');
    await edit.getByRole('textbox', { name: 'Text', exact: true }).fill('It is 117 metres high.');
    await edit.getByText('We were wrong').click();
    await edit.getByRole('button', { name: 'Publish the change' }).click();
    const list = listOn(page);
    await list.getByText('By Grace Hopper. Only they or an editor can change it.').waitFor();
    expect(await list.getByRole('button', { name: 'Correct this too' }).count()).toBe(0);
  });

  it('are reached by R, and work in a window of 320 px and from right to left', async () => {
    const { id, ids } = await site.coverage(
      [
        { headline: 'الحريق', body: 'أُجلي ٤٧٠٠ شخص.' },
        { headline: 'ملخص', body: 'أُجلي 4,700 شخص من بيوتهم.' },
      ],
      { language: 'ar' },
    );
    const { page } = await site.openDesk(id, {}, { locale: 'ar', viewport: { width: 320, height: 640 } });
    await page.locator(post(ids[0])).locator('[data-desk-action="edit"]').click();
    const edit = page.locator('desk-correct');
    await edit.locator('.composer-editor [contenteditable], .composer-editor textarea').fill('أُجلي ٤١٠٠ شخص.');
    await edit.locator('[value="correction"]').check();
    await edit.locator('.composer-publish').click();
    const list = listOn(page);
    await list.getByRole('heading', { level: 2, name: 'منشور آخر' }).waitFor();
    // Keys of one letter wait for two seconds after the press on the button.
    await eventually(async () => {
      await page.keyboard.press('r');
      expect(await page.evaluate('document.activeElement.closest(".desk-restatements") !== null')).toBe(true);
    });
    expect(await list.locator('mark').allTextContents()).toEqual(['4,700']);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
    expect(await faultsOf(page)).toEqual([]);
  });
}
