import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { announced, listenTo, post, textOf } from '../newsroom.ts';
import { areLive, siteAround, tag } from '../site-around.ts';

describeWith(needs.chromium, 'parts, slots and sharing of the element', (chromium) => {
  const site = siteAround(() => startBrowser(chromium));
  const { room, script, open } = site;

  /** Posts and states with every part. */
  async function everyPart(): Promise<string> {
    const { id } = await room.coverage([], {
      standfirst: 'So far.',
      picture: { url: 'https://example.org/harbour.jpg', alt: 'The harbour' },
    });
    const image = { type: 'image', url: 'https://example.org/a.jpg', alt: 'A ferry', caption: 'A ferry' } as const;
    const [first = '', second = ''] = await room.publish(
      id,
      { headline: 'One', kind: 'breaking', body: 'Text.', keyEvent: true },
      { body: 'Gone.' },
      {
        headline: 'Three',
        body: 'Text.',
        keyEvent: true,
        media: [image, { type: 'link', url: 'https://example.org/', title: 'T' }],
      },
      {
        headline: 'Four',
        kind: 'analysis',
        keyEvent: true,
        authors: [{ name: 'Ada Byron' }],
        media: [{ ...image, alt: 'Ada Byron' }],
        body: '> It holds.\n> — Ingrid Falk\n\n**Full time**\n\n| | |\n| --- | --: |\n| Norway | 2 |',
      },
      { headline: 'Five', kind: 'summary', body: '- So far.', keyEvent: true },
      { headline: 'Six', kind: 'summary', body: '- So far.' },
    );
    await room.author.correct(id, first, 1, { note: 'A note.', changes: { body: 'Corrected.' } });
    await room.author.retract(id, second, { note: 'Not so.' });
    await room.author.pin(id, first);
    return id;
  }

  it('has exactly the parts of the guide', async () => {
    const id = await everyPart();
    const { page } = await open(`${tag(id)}${tag('no-such-one')}${tag(id, 'view="corrections"')}${script()}`);
    await areLive(page);
    await page.locator('[part~="corrections"]').getByText('A note.').waitFor();
    await page.getByText('This coverage is not here.').waitFor();
    const parts = await page.evaluate<string[]>(
      `[...document.querySelectorAll('pressbox-live')].flatMap(({ shadowRoot }) =>
        [...shadowRoot.querySelectorAll('[part]')].flatMap(({ part }) => [...part]))`,
    );
    const guide = readFileSync(new URL('../../../docs/guides/embedding.md', import.meta.url), 'utf8');
    const rows = guide.slice(guide.indexOf('| part |'), guide.indexOf('### Slots')).match(/^\| `.*?(?= \| )/gm) ?? [];
    const named = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, part]) => part));
    expect([...new Set(parts)].sort()).toEqual([...new Set(named)].sort());
  });

  it('can be styled by kind, from outside', async () => {
    const id = await everyPart();
    const style = `<style>pressbox-live::part(post breaking) { outline: 3px solid rgb(1, 2, 3); }
      pressbox-live::part(quote) { color: rgb(4, 5, 6); }</style>`;
    const { page } = await open(`${tag(id)}${script()}`, {
      head: style,
      policy: "default-src 'self' 'unsafe-inline' http: ws: https:",
    });
    await areLive(page);
    const styleOf = (selector: string, property: string) =>
      page.evaluate(
        `getComputedStyle(document.querySelector('pressbox-live').shadowRoot.querySelector('${selector}'))['${property}']`,
      );
    expect(await styleOf('.posts > .breaking', 'outlineColor')).toBe('rgb(1, 2, 3)');
    expect(await styleOf('.posts > .analysis', 'outlineColor')).not.toBe('rgb(1, 2, 3)');
    expect(await styleOf('blockquote', 'color')).toBe('rgb(4, 5, 6)');
  });

  it('shows what the page puts into its slots above and below the posts', async () => {
    const { id } = await room.coverage(['A post.']);
    const slotted = '<p slot="header">Our desk</p><p slot="footer">More</p><p>Nowhere</p>';
    const { page } = await open(`<pressbox-live channel="${id}">${slotted}</pressbox-live>${script()}`);
    await areLive(page);
    const tops = await page.evaluate<number[]>(
      `[...document.querySelectorAll('[slot]'), document.querySelector('pressbox-live').shadowRoot.querySelector('.post')]
        .map((element) => element.getBoundingClientRect().top)`,
    );
    const [header = 0, footer = 0, first = 0] = tops;
    expect(header).toBeLessThan(first);
    expect(first).toBeLessThan(footer);
    expect(await page.getByText('Nowhere').isVisible()).toBe(false);
  });

  it('copies and shares the link of a post, and says so', async () => {
    const { id } = await room.coverage();
    const [postId = ''] = await room.publish(id, { headline: 'The bridge is open', body: 'Text.' });
    const { page, complaints } = await room.browser.page();
    // The clipboard of the page, which a browser without a window does not have.
    await page.addInitScript(`window.shared = [];
      Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => void shared.push(text) } });
      Object.defineProperty(navigator, 'share', { value: async (data) => void shared.push(data) });`);
    await page.goto(site.page(`${tag(id)}${script()}`));
    await areLive(page);
    await listenTo(page);
    const url = `${room.server.url}/live/${id}/${postId}`;
    const copy = post(page, postId).getByRole('button', { name: /^Copy link/ });
    await copy.click();
    await announced(page, 'Link copied');
    expect(await textOf(copy)).toBe('Link copied');
    await post(page, postId)
      .getByRole('button', { name: /^Share/ })
      .click();
    await page.waitForFunction('shared.length === 2');
    expect(await page.evaluate('shared')).toEqual([url, { url, title: 'The bridge is open' }]);
    expect(complaints).toEqual([]);
  });
});
