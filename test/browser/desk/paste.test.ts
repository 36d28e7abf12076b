import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { clipboards } from '../../support/samples/clipboards.ts';
import { startBrowser, startFirefox, type TestBrowser } from '../browser.ts';
import { editorSite } from './editor-page.ts';

describeWith(needs.chromium, 'pasting in Chromium', (chromium) => examinePasting(() => startBrowser(chromium)));
describeWith.nightly(needs.firefox, 'pasting in Firefox', (firefox) => examinePasting(() => startFirefox(firefox)));

function examinePasting(start: () => Promise<TestBrowser>): void {
  const open = editorSite(start);

  it('reduces what comes from word processors, pages and messengers to what posts can contain', async () => {
    const { page, paste, body, shown, complaints } = await open();
    for (const [source, pasted] of Object.entries(clipboards)) {
      await page.evaluate(`editor.setBody('')`);
      await page.locator('.rich-text').focus();
      await paste({ 'text/html': pasted.html, 'text/plain': 'Water' });
      expect(await body(), source).toBe(pasted.body);
      expect(await shown(), source).not.toMatch(/style=|class=|<(?:img|span|div|font|script)/);
    }
    expect(complaints).toEqual([]);
  });

  it('keeps plain text as it is written', async () => {
    const { page, paste, body } = await open();
    await paste({ 'text/plain': 'One *star*\nand #2.\n\n- Three' });
    expect(await body()).toBe('One \\*star\\*\\\nand #2.\n\n\\- Three');
    await page.evaluate(`editor.setBody('')`);
    await paste({ 'text/plain': 'One\r\nTwo' });
    expect(await body()).toBe('One\n\nTwo');
    await page.evaluate(`editor.setBody('')`);
    await page.keyboard.type('See ');
    await paste({ 'text/plain': 'https://a.example/x and more' });
    expect(await body()).toBe('See https://a.example/x and more');
  });

  it('makes a link of the selection when an address is pasted over it', async () => {
    const { page, paste, body } = await open({ body: 'See the plan.' });
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    for (let letter = 0; letter < 4; letter += 1) await page.keyboard.press('Shift+ArrowLeft');
    await paste({ 'text/plain': 'https://a.example/plan' });
    expect(await body()).toBe('See the [plan](https://a.example/plan).');
  });

  it('offers an address that is pasted alone, and puts it into the text if it is not taken', async () => {
    const { page, paste, body, reported } = await open({ takesAddresses: true });
    await paste({ 'text/plain': 'https://a.example/story' });
    expect((await reported()).addresses).toEqual(['https://a.example/story']);
    expect(await body()).toBe('');
    await page.keyboard.type('See ');
    await paste({ 'text/plain': 'https://a.example/story' });
    expect((await reported()).addresses).toHaveLength(1);
    expect(await body()).toBe('See https://a.example/story');
    const other = await open();
    await other.paste({ 'text/plain': 'https://a.example/story' });
    expect(await other.body()).toBe('https://a.example/story');
  });

  it('runs nothing and loads nothing of what is pasted, dropped or typed, under the policy of the desk', async () => {
    const { page, paste, body, complaints } = await open({ body: 'Kept.' });
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.keyboard.press('End');
    const html = `<p style="color:red" onclick="ran = 1">a<img src="https://evil.example/t.gif" onerror="ran = 1"><script>ran = 1</script><a href="javascript:ran = 1">b</a><svg onload="ran = 1"></svg></p>`;
    await paste({ 'text/html': html, 'text/plain': 'ab' });
    expect(await body()).toBe('Kept.ab');
    await page.evaluate(`(() => {
      const field = document.querySelector('.rich-text');
      const { left, top } = field.getBoundingClientRect();
      const dataTransfer = new DataTransfer();
      dataTransfer.setData('text/html', ${JSON.stringify(html)});
      const at = { dataTransfer, clientX: left + 16, clientY: top + 16, bubbles: true, cancelable: true };
      field.querySelector('p').dispatchEvent(new DragEvent('drop', at));
    })()`);
    expect((await body()).replace('ab', '').replace('ab', '')).toBe('Kept.');
    expect(await page.evaluate('typeof ran')).toBe('undefined');
    expect(requests).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('keeps the form of what is copied within the text', async () => {
    const { page, body } = await open({ body: 'One **two**.\n\n- a\n- b' });
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Control+c');
    await page.evaluate(`editor.setBody('')`);
    await page.keyboard.press('Control+v');
    expect(await body()).toBe('One **two**.\n\n- a\n- b');
  });
}
