import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { drawn } from '../browser.ts';
import { eventually, few, isLive, post } from '../newsroom.ts';
import type { Exam } from '../reader-states.ts';

/** The digits used for counts. */
export function digits({ room }: Exam): void {
  const { coverage, publish } = room;

  it.each([
    ['ar-EG', '٠-٩'],
    ['ar-SA', '٠-٩'],
    ['ar-MA', '0-9'],
    ['fa', '۰-۹'],
  ])('count with the same digits as their times, on every page and in the element: %s', async (language, digits) => {
    const foreign = RegExp(`(?![${digits}])\\p{Nd}`, 'gu');
    const report = { headline: 'خبر', body: few, keyEvent: true };
    const { id, ids } = await coverage(Array(10).fill(report), { language, timezone: 'Asia/Kolkata' });
    const [first = '', second = ''] = ids;
    await publish(id, { body: few, kind: 'summary', derivedFrom: [first, second] });
    await room.author.revise(id, first, 1, { kind: 'update', changes: { body: few.repeat(2) }, eraseEarlier: true });
    /** The text of the page. Fails if it contains digits of another kind. */
    const checkedText = async (page: Page) => {
      const text = await page.evaluate<string>(
        `document.title + document.body.innerText + (document.querySelector('pressbox-live')?.shadowRoot.textContent ?? '')`,
      );
      expect(text.match(foreign)).toBe(null);
      return text;
    };
    const { page, complaints } = await room.browser.page({ viewport: { width: 1000, height: 700 } });
    for (const [path, live] of [
      [`/live/${id}`, '#connection'],
      [`/embed/${id}`, '.status'],
    ]) {
      await page.goto(room.server.url + path);
      await page.locator(`${live}[data-state="live"]`).waitFor();
      await post(page, second).evaluate((element) => element.scrollIntoView());
      await publish(id, few, few, few);
      await eventually(async () => expect(await page.locator('#new-posts').textContent()).toMatch(RegExp(`[${digits}]`)));
      await checkedText(page);
    }
    await page.goto(`${room.server.url}/live/${id}?before=5`);
    await isLive(page);
    await publish(id, few, few, few);
    await eventually(async () => expect(await page.locator('#new-posts').textContent()).toMatch(RegExp(`[${digits}]`)));
    expect(await checkedText(page)).toMatch(/^\(\p{Nd}\) /u);
    await page.goto(`${room.server.url}/live/${id}/${first}/versions`);
    expect(await checkedText(page)).toMatch(/\p{Nd}/u);
    // An open page would poll, and the browser complains about each refusal.
    await page.goto('about:blank');
    await room.author.updateChannel(id, '*', { access: 'members' });
    await page.goto(`${room.server.url}/live/${id}`);
    expect(await checkedText(page)).toMatch(/\p{Nd}/u);
    expect(complaints).toEqual([]);
  });

  it.each([
    ['ar-EG', '١٢'],
    ['ar-MA', '12'],
    ['fa', '۱۲'],
    ['mr', '१२'],
    ['bn', '১২'],
    ['he', '12'],
  ])(
    'number a list in a post with the digits of its channel’s language, in any interface language: %s',
    async (language, digits) => {
      const [one, two] = digits;
      const { id } = await coverage(['1. —\n   2. —\n2. —'], { language });
      const { page } = await room.browser.page({ viewport: { width: 600, height: 700 } });
      for (const [path, live] of [
        [`/live/${id}`, '#connection'],
        [`/embed/${id}?lang=de`, '.status'],
      ]) {
        await page.goto(room.server.url + path);
        await page.locator(`${live}[data-state="live"]`).waitFor();
        const list = page.locator('.body > ol');
        const numbered = await list.screenshot();
        // Scripts cannot read the marker of a list item, so it is inserted as content that looks the same.
        const before = `.body li::marker { content: "${one}. " } .body > ol > li + li::marker, .body li li::marker { content: "${two}. " }`;
        await page.evaluate(`(() => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(${JSON.stringify(before)});
        (document.querySelector('pressbox-live')?.shadowRoot ?? document).adoptedStyleSheets.push(sheet);
      })()`);
        await drawn(page);
        expect(numbered.equals(await list.screenshot()), path).toBe(true);
      }
    },
  );
}
