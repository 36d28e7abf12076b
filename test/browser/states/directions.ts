import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { post } from '../newsroom.ts';
import type { Exam } from '../reader-states.ts';

/** The direction of a page and of its texts. */
export function directions({ room }: Exam): void {
  const { coverage, publish, open } = room;

  it('run right to left on a phone in a right-to-left language, and fit its width', async () => {
    const { id, ids } = await coverage(['ما زالت الرياح شديدة.'], { language: 'ar', headline: 'حريق في الميناء' });
    const { page, complaints } = await open(id, { viewport: { width: 390, height: 844 } });
    await room.author.correct(id, ids[0] ?? '', 1, { note: 'هدأت الرياح.', changes: { body: 'هدأت الرياح الآن.' } });
    const note = post(page, ids[0] ?? '').locator('.change-correction');
    await note.waitFor();
    expect(await note.textContent()).toMatch(/^تصحيح، /);
    const shown = await page.evaluate(`(() => {
      const { left, right } = document.querySelector('.post .when').getBoundingClientRect();
      const { borderRightWidth } = getComputedStyle(document.querySelector('.change-correction'));
      return { width: document.documentElement.scrollWidth, isRight: left > innerWidth / 2, right, borderRightWidth };
    })()`);
    expect(shown).toEqual({ width: 390, isRight: true, right: 374, borderRightWidth: '3px' });
    expect(complaints).toEqual([]);
  });

  it('keep bidirectional controls of a text from affecting the text beside it, on the page and in the element', async () => {
    const turning = 'A\u2069\u202eB';
    const { id } = await coverage([
      {
        headline: turning,
        authors: [{ name: turning, role: 'First' }, { name: 'Second' }],
        sources: [{ name: turning, via: 'Third' }],
        media: [{ type: 'image', url: 'https://example.org/a.jpg', alt: 'x', caption: turning, credit: 'Fourth' }],
      },
    ]);
    const { page } = await room.browser.page();
    for (const path of ['/live/', '/embed/']) {
      await page.goto(room.server.url + path + id);
      await page.locator(':is(#connection, .status)[data-state="live"]').waitFor();
      const drawn = await page.evaluate(`(() => {
        const root = document.querySelector('pressbox-live')?.shadowRoot ?? document.body;
        const walker = document.createTreeWalker(root.querySelector('.post'), NodeFilter.SHOW_TEXT);
        const leftOf = (node, at) => {
          const range = document.createRange();
          range.setStart(node, at);
          range.setEnd(node, at + 1);
          return range.getBoundingClientRect().left;
        };
        const drawn = {};
        while (walker.nextNode()) {
          const { currentNode: node } = walker;
          if (/^(First|Second|Third|Fourth)$/.test(node.data)) drawn[node.data] = leftOf(node, 0) < leftOf(node, 3) ? 'ltr' : 'rtl';
        }
        return drawn;
      })()`);
      expect(drawn, path).toEqual({ First: 'ltr', Second: 'ltr', Third: 'ltr', Fourth: 'ltr' });
    }
  });

  describe('in a right-to-left language', () => {
    /** Arabic text that begins with a Latin name, English text, and English text that quotes an Arabic word. */
    const [arabic, english, quoting] = ['NASA تعلن', 'ESA says no.', 'The word حرية means freedom.'];
    async function written(language: string): Promise<Record<'id' | 'withdrawn' | 'corrected', string>> {
      const fields = {
        language,
        headline: arabic,
        standfirst: arabic,
        section: arabic,
        byline: [{ name: arabic, role: arabic }],
      };
      const { id, ids } = await coverage([{ headline: arabic, body: arabic }], fields);
      const body = (text: string) =>
        `${text}\n\n### ${text}\n\n- ${text}\n\n> ${text}\n\n| ${text} |\n| --- |\n| ${text} |\n\n1. ${text}\n\n   ${text}`;
      const url = 'https://example.org/a.jpg';
      const [withdrawn = '', corrected = ''] = await publish(
        id,
        arabic,
        {
          headline: arabic,
          body: body(arabic),
          keyEvent: true,
          authors: [{ name: arabic, role: arabic }],
          sources: [{ name: arabic, via: arabic }],
          media: [
            { type: 'image', url, alt: 'x', caption: arabic, width: 30, height: 20 },
            { type: 'image', url, alt: 'x', credit: arabic, width: 30, height: 20 },
            { type: 'link', url, title: arabic, source: arabic, description: arabic },
          ],
        },
        ...[english, quoting].map((text) => ({ headline: text, body: body(text), keyEvent: true, sources: [{ name: text }] })),
        { body: arabic, kind: 'summary' },
      );
      await room.author.pin(id, ids[0] ?? '');
      await room.author.retract(id, withdrawn, { note: arabic });
      await room.author.correct(id, corrected, 1, {
        note: arabic,
        changes: { sources: [{ name: english }], body: body(arabic) },
      });
      return { id, withdrawn, corrected };
    }

    /** The position and direction of each visible text, by its style and by where its first and last characters are drawn. */
    const runs = (page: Page) =>
      page.evaluate<{ text: string; where: string; direction: string; drawn: string }[]>(`(() => {
        const root = document.querySelector('pressbox-live')?.shadowRoot ?? document.body;
        for (const details of root.querySelectorAll('details')) details.open = true;
        const nodes = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        const found = [];
        while (nodes.nextNode()) {
          const { data, parentElement } = nodes.currentNode;
          const text = ${JSON.stringify([arabic, english, quoting])}.find((text) => data.includes(text));
          if (text === undefined || !parentElement.checkVisibility() || parentElement.closest('.visually-hidden')) continue;
          // Both ends must be on one line.
          parentElement.style.whiteSpace = 'nowrap';
          const [first, last] = [0, text.length - 1].map((nth) => {
            const range = document.createRange();
            range.setStart(nodes.currentNode, data.indexOf(text) + nth);
            range.setEnd(nodes.currentNode, data.indexOf(text) + nth + 1);
            return range.getBoundingClientRect().left;
          });
          const where = [parentElement.parentElement, parentElement].map((each) => each?.className || each?.localName).join(' ');
          found.push({ text, where, direction: getComputedStyle(parentElement).direction, drawn: first > last ? 'rtl' : 'ltr' });
        }
        return found;
      })()`);

    /** Elements whose direction is visible. */
    const sides = (page: Page) =>
      page.evaluate<[string, string][]>(`(() => {
        const root = document.querySelector('pressbox-live')?.shadowRoot ?? document.body;
        return [...root.querySelectorAll(':is(.posts, #posts) .body :is(li, blockquote, table)')].map(
          (element) => [element.textContent.trim().split('\\n')[0], getComputedStyle(element).direction]);
      })()`);

    it('place bullets, numbers, quotes and columns on the side where their text begins', async () => {
      const body = (text: string) => `- ${text}\n- ${text}\n\n3. ${text}\n\n> ${text}\n\n| ${text} |\n| --- |\n| ${text} |`;
      const { page } = await room.browser.page({ viewport: { width: 1200, height: 800 } });
      for (const language of ['ar', 'en']) {
        const { id } = await coverage([body(english), body('قال الميناء')], { language });
        for (const path of ['/live/', '/embed/']) {
          await page.goto(room.server.url + path + id);
          await page.locator(':is(#connection, .status)[data-state="live"]').waitFor();
          const found = await sides(page);
          const five = (...side: [string, string]) => Array.from({ length: 5 }, () => side);
          expect(found).toEqual([...five('قال الميناء', 'rtl'), ...five(english, 'ltr')]);
        }
      }
    });

    it('place each list item beside its bullet, in mixed languages and without letters too', async () => {
      const items = [english, 'قال الميناء', `**NASA**: ${english}`, '**الميناء** مغلق'];
      const lists = [...items.map((item) => `- ${item}`), '- 2019', '', ...items.map((item) => `1. ${item}\n`)].join('\n');
      const { page } = await room.browser.page({ viewport: { width: 1200, height: 800 } });
      for (const [language, side] of [
        ['ar', 'rtl'],
        ['en', 'ltr'],
      ] as const) {
        const { id } = await coverage([lists], { language });
        for (const path of ['/live/', '/embed/']) {
          await page.goto(room.server.url + path + id);
          await page.locator(':is(#connection, .status)[data-state="live"]').waitFor();
          const [found, apart] = await page.evaluate<[string[], string[]]>(`(() => {
            const root = document.querySelector('pressbox-live')?.shadowRoot ?? document.body;
            const items = [...root.querySelectorAll(':is(.posts, #posts) .body li')];
            const directionOf = (item) => getComputedStyle(item).direction;
            const isApart = (item) => {
              const [text, own] = [document.createRange(), item.getBoundingClientRect()];
              text.selectNodeContents(item.querySelector('p') ?? item);
              const { left, right } = text.getBoundingClientRect();
              return Math.abs(directionOf(item) === 'rtl' ? own.right - right : left - own.left) > 1;
            };
            return [items.map(directionOf), items.filter(isApart).map(({ textContent }) => textContent.trim())];
          })()`);
          expect(apart).toEqual([]);
          expect(found).toEqual(['ltr', 'rtl', 'ltr', 'rtl', side, 'ltr', 'rtl', 'ltr', 'rtl']);
        }
      }
    });

    it('do not separate the joined letters of a word', async () => {
      const fields = { language: 'ar', headline: arabic, section: arabic };
      const { id } = await coverage([{ headline: arabic, keyEvent: true, kind: 'breaking' }], fields);
      const { page } = await room.browser.page();
      for (const path of ['/live/', '/embed/']) {
        await page.goto(room.server.url + path + id);
        await page.locator(':is(#connection, .status)[data-state="live"]').waitFor();
        const apart = await page.evaluate(`(() => {
          const root = document.querySelector('pressbox-live')?.shadowRoot ?? document.body;
          const isApart = (element) => !/^(normal|0px)$/.test(getComputedStyle(element).letterSpacing);
          return [...root.querySelectorAll('*')].filter(isApart).map(({ outerHTML }) => outerHTML);
        })()`);
        expect(apart).toEqual([]);
      }
    });

    type Written = Awaited<ReturnType<typeof written>>;
    it.each([
      ['on the page', 'ar', 20, ({ id }: Written) => `/live/${id}`, '#connection'],
      [
        'on a page in Hebrew, for which there are no interface words',
        'he',
        20,
        ({ id }: Written) => `/live/${id}`,
        '#connection',
      ],
      ['in the element', 'ar-EG', 20, ({ id }: Written) => `/embed/${id}`, '.status'],
      ['in the element with a German interface', 'ar', 20, ({ id }: Written) => `/embed/${id}?lang=de`, '.status'],
      ['in the list', 'fa', 3, () => '/', '#connection'],
      ['in earlier versions', 'ar', 4, ({ id, corrected }: Written) => `/live/${id}/${corrected}/versions`, undefined],
      ['where a post was withdrawn', 'ar', 3, ({ id, withdrawn }: Written) => `/live/${id}/${withdrawn}`, undefined],
    ])('show Arabic that begins with a Latin name right to left, and English left to right: %s', async (...given) => {
      const [, language, least, path, live] = given;
      const of = await written(language);
      const { page } = await room.browser.page({ viewport: { width: 1200, height: 800 } });
      await page.goto(room.server.url + path(of));
      if (live !== undefined) await page.locator(`${live}[data-state="live"]`).waitFor();
      if (least === 20) {
        const [pushed] = await publish(of.id, { headline: arabic, body: `${arabic}\n\n${english}` });
        await post(page, pushed).waitFor();
      }
      const found = await runs(page);
      const inArabic = found.filter(({ text }) => text === arabic);
      expect(new Set(inArabic.map(({ where }) => where)).size).toBeGreaterThanOrEqual(least);
      expect(inArabic.filter(({ direction, drawn }) => direction !== 'rtl' || drawn !== 'rtl')).toEqual([]);
      expect(found.filter(({ text, drawn }) => text !== arabic && drawn !== 'ltr')).toEqual([]);
    });
  });
}
