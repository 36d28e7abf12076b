import fc from 'fast-check';
import MarkdownIt, { type Token } from 'markdown-it';
import { describe, expect, it } from 'vitest';
import { withForms } from '../../../src/markdown/text-forms.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import { createRenderer } from '../../../src/newsroom/render.ts';
import { markdown } from '../../support/samples/arbitraries.ts';

const renderer = createRenderer({ publicUrl: 'https://live.example/' });
const html = (body: string) => renderer.render(body, { channelId: 'moon' });

describe('a pull quote', () => {
  it.each([
    ['on the last line', '> It holds.\n> — Ingrid Falk', '<p>It holds.</p>\n<p data-form="speaker">— Ingrid Falk</p>'],
    ['after a line break', '> It holds.\\\n> — Ingrid Falk', '<p>It holds.</p>\n<p data-form="speaker">— Ingrid Falk</p>'],
    ['in a paragraph of its own', '> It holds.\n>\n> —Ingrid Falk', '<p>It holds.</p>\n<p data-form="speaker">—Ingrid Falk</p>'],
    [
      'with a link and a role',
      '> It holds.\n> — [Ingrid Falk](https://a.example/falk), *engineer*',
      '<p data-form="speaker">— <a href="https://a.example/falk" rel="nofollow noopener">Ingrid Falk</a>, <em>engineer</em></p>',
    ],
    ['after a list', '> - It holds.\n>\n> — Ingrid Falk', '</ul>\n<p data-form="speaker">— Ingrid Falk</p>'],
  ])('ends in a line that begins with an em dash: %s', (_, body, expected) => {
    expect(html(body)).toContain(expected);
    expect(html(body)).toMatch(/^<blockquote data-form="pull-quote">.*<\/blockquote>\n$/s);
  });

  it.each([
    ['that line alone', '> — Ingrid Falk'],
    ['a line with another dash', '> It holds.\n> - Ingrid Falk'],
    ['an earlier line with a dash', '> It holds.\n> — Ingrid Falk\n> said so.'],
    ['emphasis that begins before the line', '> *It holds.\n> — Ingrid Falk*'],
    ['the line outside a quote', 'It holds.\n— Ingrid Falk'],
  ])('is not %s', (_, body) => expect(html(body)).not.toContain('data-form'));
});

describe('a data block', () => {
  const score = '| Norway | 2 |\n| Sweden | 1 |';

  it('has figures of figureCharacters at most', () => {
    const { figureCharacters } = newsroomLimits;
    const block = (length: number) =>
      html(`**Full time**\n\n| | |\n| --- | --: |\n| Norway | ${'2'.repeat(length)} |\n| Sweden | 1 |`);
    expect(block(figureCharacters)).toContain('data-form="data-block"');
    expect(block(figureCharacters + 1)).not.toContain('data-form');
  });

  it('is a table of two columns below a bold line', () => {
    const block = html(`**Full time**\n\n| | |\n| --- | --: |\n${score}`);
    expect(block).toContain('<p><strong>Full time</strong></p>\n<table data-form="data-block"><thead>');
    expect(html(`**Full time**\n| Team | Goals |\n| --- | --: |\n${score}`)).toContain('data-form="data-block"');
    expect(html('**Markets**\n\n| Index | |\n| --- | --- |\n| Brent | **71.30** |')).toContain('data-form="data-block"');
  });

  it.each([
    ['a table without a bold line', `| | |\n| --- | --- |\n${score}`],
    ['a table below a line with other words', `**Full time** in Oslo\n\n| | |\n| --- | --- |\n${score}`],
    ['a table below two bold parts', `**Full** and **time**\n\n| | |\n| --- | --- |\n${score}`],
    ['a table of three columns', '**Full time**\n\n| | | |\n| --- | --- | --- |\n| Norway | 2 | 1 |'],
    ['a table of one column', '**Full time**\n\n| |\n| --- |\n| Norway |'],
    [
      'a table with a sentence in it',
      '**Log**\n\n| | |\n| --- | --- |\n| 20:09 | Windows up, so that the radar sees the ground |',
    ],
    ['a table without rows', '**Full time**\n\n| Norway | 2 |\n| --- | --- |'],
  ])('is not %s', (_, body) => expect(html(body)).not.toContain('data-form'));
});

it('marking forms changes no word, and every speaker is in a pull quote', () => {
  const forms = fc.constantFrom(
    '> a\n> — b\n\n',
    '> — b\n\n',
    '**a**\n\n| | |\n|-|-|\n| b | 3–1 |\n\n',
    '> *a\n> — b*\n',
    '**a\n|b|c|\n|-|-|\n|d|e|\n',
    '> > a\n> > — b\n>\n> — c\n',
  );
  const bodies = fc.array(fc.oneof(markdown, forms), { maxLength: 6 }).map((parts) => parts.join(''));
  const parser = new MarkdownIt({ html: false });
  const words = (tokens: readonly Token[]) => tokens.flatMap(({ children }) => children ?? []).map(({ content }) => content);
  const tags = (tokens: readonly Token[], nesting: number) => tokens.filter((token) => token.nesting === nesting).length;
  fc.assert(
    fc.property(bodies, (body) => {
      const marked = withForms(parser.parse(body, {}));
      expect(words(marked).join('')).toBe(words(parser.parse(body, {})).join(''));
      expect(tags(marked, 1)).toBe(tags(marked, -1));
      const count = (form: string) => marked.filter((token) => token.attrGet('data-form') === form).length;
      expect(count('speaker')).toBe(count('pull-quote'));
    }),
    { numRuns: 300 },
  );
});
