import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { drawn, startBrowser, startFirefox, type TestBrowser } from '../browser.ts';
import { editorSite } from './editor-page.ts';

describeWith(needs.chromium, 'the rich editor in Chromium', (chromium) => examineEditor(() => startBrowser(chromium)));
describeWith.nightly(needs.firefox, 'the rich editor in Firefox', (firefox) => examineEditor(() => startFirefox(firefox)));

function examineEditor(start: () => Promise<TestBrowser>): void {
  const open = editorSite(start);

  it('turns Markdown into what it means while it is typed', async () => {
    const editor = await open();
    for (const [typed, body, shown] of [
      ['## Heading', '## Heading', '<h3>Heading</h3>'],
      ['### Below', '### Below', '<h4>Below</h4>'],
      ['- one', '- one', '<ul><li><p>one</p></li></ul>'],
      ['3. three', '3. three', '<ol><li><p>three</p></li></ol>'],
      ['> said', '> said', '<blockquote><p>said</p></blockquote>'],
      ['```a < b', '```\na < b\n```', '<pre><code>a &lt; b</code></pre>'],
      ['a **b** c', 'a **b** c', '<p>a <strong>b</strong> c</p>'],
      ['a *b* c', 'a *b* c', '<p>a <em>b</em> c</p>'],
      ['a ~~b~~ c', 'a ~~b~~ c', '<p>a <s>b</s> c</p>'],
      ['a `b` c', 'a `b` c', '<p>a <code>b</code> c</p>'],
      ['[the plan](https://a.example/plan) c', '[the plan](https://a.example/plan) c', '<p><a>the plan</a> c</p>'],
      ['see https://a.example/x_y.', 'see https://a.example/x_y.', '<p>see <a>https://a.example/x_y</a>.</p>'],
    ] as const) {
      await editor.page.evaluate(`editor.setBody('')`);
      await editor.page.keyboard.type(typed);
      expect(await editor.shown()).toBe(shown);
      expect(await editor.body()).toBe(body);
    }
    expect(editor.complaints).toEqual([]);
  });

  it('keeps the bytes of what was not touched, and undoes and redoes', async () => {
    const body = 'One\nand *more*.\n\n* a\n* b\n\n\n| x | y |\n|---|---|\n| __1__ | 2 |\n';
    const { page, body: now } = await open({ body });
    expect(await now()).toBe(body);
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('Now: ');
    expect(await now()).toBe(body.replace('One', 'Now: One'));
    await page.keyboard.press('Control+z');
    expect(await now()).toBe(body);
    await page.keyboard.press('Control+y');
    expect(await now()).toBe(body.replace('One', 'Now: One'));
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+Shift+z');
    expect(await now()).toBe(body.replace('One', 'Now: One'));
  });

  it('marks, breaks lines and nests lists by keyboard, and lets Tab leave elsewhere', async () => {
    const { page, body, reported } = await open();
    await page.keyboard.press('Control+b');
    await page.keyboard.type('bold');
    await page.keyboard.press('Control+b');
    await page.keyboard.type(' then');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.press('Control+i');
    await page.keyboard.type('new line');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+i');
    await page.keyboard.type('- one');
    await page.keyboard.press('Enter');
    await page.keyboard.type('two');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.type('three');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.keyboard.type('after');
    expect(await body()).toBe('**bold** then\\\n*new line*\n\n- one\n  - two\n- three\n\nafter');
    await page.keyboard.press('Control+k');
    expect((await reported()).links).toBe(1);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('after');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('before');
  });

  it('writes tables by keyboard, and leaves them', async () => {
    const { page, body } = await open();
    await page.evaluate(`editor.commands.find(({ name }) => name === 'table').run()`);
    for (const cell of ['Team', 'Goals', 'Norway', '2', 'Sweden']) {
      await page.keyboard.type(cell);
      await page.keyboard.press('Tab');
    }
    await page.keyboard.type('1');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Full time.');
    expect(await body()).toBe('| Team | Goals |\n| --- | --- |\n| Norway | 2 |\n| Sweden | 1 |\n\nFull time.');
  });

  it('adds and removes columns and rows of a table, and undoes it', async () => {
    const table = '| Team | Goals |\n| --- | --: |\n| Norway | 2 |';
    const { page, body } = await open({ body: `${table}\n\nFull time.` });
    const enabled = (name: string) => page.evaluate(`editor.commands.find(({ name }) => name === '${name}').isEnabled()`);
    const run = (name: string) => page.evaluate(`editor.commands.find(({ name }) => name === '${name}').run()`);
    await page.locator('td').first().click();
    await run('add-column');
    await page.keyboard.type('3rd');
    expect(await body()).toBe('| Team |  | Goals |\n| --- | --- | --: |\n| Norway | 3rd | 2 |\n\nFull time.');
    await run('add-row');
    await page.keyboard.type('1st');
    expect(await body()).toBe('| Team |  | Goals |\n| --- | --- | --: |\n| Norway | 3rd | 2 |\n|  | 1st |  |\n\nFull time.');
    await run('remove-row');
    await run('remove-column');
    expect(await body()).toBe(`${table}\n\nFull time.`);
    await page.locator('th').first().click();
    await run('remove-row');
    expect(await body()).toBe('| Norway | 2 |\n| --- | --: |\n\nFull time.');
    await run('remove-column');
    await run('remove-column');
    expect(await body()).toBe('Full time.');
    expect(await enabled('add-column')).toBe(false);
    for (let undone = 0; undone < 9; undone += 1) await page.keyboard.press('ControlOrMeta+z');
    expect(await body()).toBe(`${table}\n\nFull time.`);
  });

  it('does not let a table grow until the server would refuse it', async () => {
    const row = `|${'a|'.repeat(200)}\n`;
    const { page, body } = await open({ body: `${row}|${'-|'.repeat(200)}\n${row.repeat(3)}` });
    const columns = () => page.locator('tr').first().locator('th').count();
    const add = () =>
      page.evaluate(`(() => {
      const { isEnabled, run } = editor.commands.find(({ name }) => name === 'add-column');
      if (isEnabled()) run();
      return isEnabled();
    })()`);
    await page.locator('td').first().click();
    for (let added = 0; added < 50; added += 1) expect(await add()).toBe(added < 49);
    expect(await add()).toBe(false);
    expect(await columns()).toBe(250);
    expect((await body()).split('\n')[0]?.split('|').length).toBe(252);
  });

  it.each([
    ['Ctrl Home', 2, ['Control+Home'], 'XFirst.\n\nSecond.'],
    ['Home in the first line', 1, ['Home'], 'XFirst.\n\nSecond.'],
    ['the left arrow after everything was selected', 2, ['Control+a', 'ArrowLeft'], 'XFirst.\n\nSecond.'],
    ['a click at the start', 0, [], 'XFirst.\n\nSecond.'],
    ['Ctrl End', 1, ['Control+End'], 'First.\n\nSecond.X'],
  ])('writes where the cursor went by %s, however soon after a click', async (_, at, keys, expected) => {
    const { page, body } = await open({ body: 'First.\n\nSecond.' });
    await page.keyboard.press('Control+End');
    // The editor learns where the cursor is while it has the focus.
    await drawn(page);
    await page.locator('#before').focus();
    const box = await page
      .locator('.rich-text p')
      .nth(at === 2 ? 1 : 0)
      .boundingBox();
    const { x, y, height } = box as NonNullable<typeof box>;
    await page.mouse.click(x + (at === 0 ? 0 : 25), y + height / 2);
    for (const key of keys) await page.keyboard.press(key);
    await page.keyboard.type('X');
    expect(await body()).toBe(expected);
  });

  it('publishes by Ctrl Enter', async () => {
    const { page, reported, body } = await open();
    await page.keyboard.type('Now.');
    await page.keyboard.press('Control+Enter');
    expect((await reported()).submits).toBe(1);
    expect(await body()).toBe('Now.');
  });

  it('has a role, a name and the language of the coverage, and a direction for each block', async () => {
    const { page } = await open({ body: 'Left to right.\n\nمن اليمين إلى اليسار', language: 'ar' });
    const field = page.getByRole('textbox', { name: 'Text' });
    expect(await field.getAttribute('aria-multiline')).toBe('true');
    expect(await field.getAttribute('lang')).toBe('ar');
    expect(await field.getAttribute('spellcheck')).toBe('true');
    expect(
      await page.evaluate(`Array.from(document.querySelectorAll('.rich-text p'), (p) => getComputedStyle(p).direction)`),
    ).toEqual(['ltr', 'rtl']);
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' شكرا');
    expect(await page.evaluate('editor.body')).toBe('Left to right.\n\nمن اليمين إلى اليسار شكرا');
  });

  it('begins on the side of the language of the coverage', async () => {
    const { page } = await open({ language: 'ar' });
    const direction = () => page.evaluate(`getComputedStyle(document.querySelector('.rich-text p')).direction`);
    expect(await direction()).toBe('rtl');
    await page.keyboard.type('Reuters');
    expect(await direction()).toBe('ltr');
  });

  it('shows a body that it cannot hold as plain Markdown', async () => {
    const body = '[a][1]\n\n[1]: https://a.example';
    const { page, body: now, reported } = await open({ body });
    expect(await page.evaluate('editor.isRich')).toBe(false);
    await page.keyboard.press('Control+End');
    await page.keyboard.type('/x');
    expect(await now()).toBe(`${body}/x`);
    await page.keyboard.press('Control+Enter');
    expect((await reported()).submits).toBe(1);
    await page.evaluate(`editor.setBody('Rich *again*.')`);
    expect(await page.evaluate('editor.isRich')).toBe(true);
  });
}
