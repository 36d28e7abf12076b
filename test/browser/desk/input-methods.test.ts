import type { CDPSession, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser, startFirefox } from '../browser.ts';
import { editorSite } from './editor-page.ts';

/** Composes as an input method does, by the events that Chromium fires for it. */
async function inputMethod(page: Page) {
  const session: CDPSession = await page.context().newCDPSession(page);
  return {
    compose: (text: string) =>
      session.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length }),
    commit: (text: string) => session.send('Input.insertText', { text }),
    /** A key that the input method takes: Chromium fires keydown with the key code 229. */
    async takeKey(key: string, modifiers = 0) {
      const event = { key, code: key, modifiers, windowsVirtualKeyCode: 229 };
      await session.send('Input.dispatchKeyEvent', { ...event, type: 'rawKeyDown' });
      await session.send('Input.dispatchKeyEvent', { ...event, type: 'keyUp' });
    },
    /** A key that reaches the page while the composition is open. */
    async passKey(key: string, windowsVirtualKeyCode: number, modifiers = 0) {
      const event = { key, code: key, modifiers, windowsVirtualKeyCode };
      await session.send('Input.dispatchKeyEvent', { ...event, type: 'rawKeyDown' });
      await session.send('Input.dispatchKeyEvent', { ...event, type: 'keyUp' });
    },
  };
}

const control = 2;

describeWith(needs.chromium, 'an input method in Chromium', (chromium) => {
  const open = editorSite(() => startBrowser(chromium));

  it.each([
    ['the rich editor', 'Heute: '],
    ['the plain field', '[a]: https://a.example\n\nHeute: '],
  ])('neither publishes nor breaks the line of %s while it composes, and its text arrives once', async (_, before) => {
    const { page, body, reported, complaints } = await open({ body: `${before}x` });
    await page.keyboard.press('Control+End');
    const method = await inputMethod(page);
    await method.compose('に');
    await method.compose('にほ');
    await method.takeKey('Enter');
    await method.takeKey('Enter', control);
    await method.passKey('Enter', 13, control);
    expect((await reported()).submits).toBe(0);
    await method.compose('にほん');
    await method.commit('日本');
    expect(await body()).toBe(`${before}x日本`);
    await page.keyboard.type('!');
    expect(await body()).toBe(`${before}x日本!`);
    await page.keyboard.press('Control+Enter');
    expect((await reported()).submits).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('composes within bold text, in a list and in a table, and is undone at once', async () => {
    const { page, body } = await open({ body: '- **a**\n\n| x | y |\n| --- | --- |\n| 1 | 2 |' });
    const method = await inputMethod(page);
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('End');
    await method.compose('か');
    await method.compose('かん');
    await method.commit('漢');
    expect(await body()).toMatch(/^- \*\*a漢\*\*\n/);
    await page.keyboard.press('Control+End');
    await method.compose('に');
    await method.commit('二');
    expect(await body()).toMatch(/\| 1 \| 2二 \|$/);
    await page.keyboard.press('Control+z');
    expect(await body()).toMatch(/\| 1 \| 2 \|$/);
  });

  it('writes Markdown that becomes what it means when the composition ends', async () => {
    const { page, body, shown } = await open();
    const method = await inputMethod(page);
    await page.keyboard.type('**');
    await method.compose('じ');
    await method.commit('字');
    await page.keyboard.type('**');
    expect(await shown()).toBe('<p><strong>字</strong></p>');
    expect(await body()).toBe('**字**');
  });
});

describeWith.nightly(needs.firefox, 'an input method in Firefox', (firefox) => {
  const open = editorSite(() => startFirefox(firefox));

  it('neither publishes nor breaks the line while it composes', async () => {
    const { page, body, reported } = await open({ body: 'One.' });
    await page.keyboard.press('Control+End');
    await page.evaluate(`(() => {
      const field = document.querySelector('.rich-text');
      const press = (options) => field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...options }));
      press({ keyCode: 13, isComposing: true });
      press({ keyCode: 13, isComposing: true, ctrlKey: true });
      press({ keyCode: 229, ctrlKey: true });
    })()`);
    expect((await reported()).submits).toBe(0);
    expect(await body()).toBe('One.');
  });
});
