import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { eventually, faultsOf } from '../newsroom.ts';
import { deskSite } from './desk-site.ts';

describeWith(needs.chromium, 'the toolbar of the composer', (chromium) => {
  const site = deskSite(() => startBrowser(chromium));
  const text = (page: Page) => page.getByRole('textbox', { name: 'Text', exact: true });
  const tool = (page: Page, name: string | RegExp) => page.getByRole('toolbar').getByRole('button', { name });
  const bodyOf = (page: Page) => page.evaluate<string>('document.querySelector("desk-composer").draft.body');

  async function open(options = {}): Promise<Page> {
    const { id } = await site.coverage([]);
    const { page } = await site.openDesk(id, {}, options);
    return page;
  }

  it('inserts a table, and has the commands of tables in place of those of blocks there', async () => {
    const page = await open();
    await text(page).pressSequentially('Goals');
    await tool(page, 'Table').click();
    await tool(page, 'Add a column').waitFor();
    expect(await tool(page, 'Heading').count()).toBe(0);
    await page.keyboard.type('Team');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Goals');
    await eventually(async () => expect(await bodyOf(page)).toBe('Goals\n\n| Team | Goals |\n| --- | --- |\n|  |  |'));
    expect(await faultsOf(page)).toEqual([]);
  });

  it('applies after two clicks below the last paragraph', async () => {
    const page = await open();
    await text(page).pressSequentially('One.');
    const { width, height } = (await text(page).boundingBox()) ?? { width: 0, height: 0 };
    await text(page).dblclick({ position: { x: width / 2, y: height - 8 } });
    for (const name of [/^Bold/, 'Heading', 'List', 'Quote', 'Table']) {
      expect(await tool(page, name).first().getAttribute('aria-disabled')).toBe('false');
    }
    await page.keyboard.type(' Two.');
    await eventually(async () => expect(await bodyOf(page)).toBe('One. Two.'));
  });

  it('fits a phone with all its buttons, in a table too', async () => {
    const page = await open({ viewport: { width: 320, height: 640 }, hasTouch: true });
    await page.getByRole('button', { name: 'Write a post' }).tap();
    const areInside = () =>
      page.evaluate<boolean>(`[...document.querySelectorAll('.composer-tool')].every((tool) => {
        const { left, right, width, height } = tool.getBoundingClientRect();
        return left >= 0 && right <= innerWidth && width >= 44 && height >= 44;
      })`);
    expect(await areInside()).toBe(true);
    await tool(page, 'Table').tap();
    await tool(page, 'Remove this column').waitFor();
    expect(await areInside()).toBe(true);
    await tool(page, /^Redo/).waitFor();
  });
});
