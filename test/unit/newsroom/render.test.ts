import fc from 'fast-check';
import MarkdownIt from 'markdown-it';
import sanitize from 'sanitize-html';
import { describe, expect, it, vi } from 'vitest';
import { allowedTags } from '../../../src/markdown/html-writer.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import { createRenderer } from '../../../src/newsroom/render.ts';
import { Refusal } from '../../../src/protocol/problems.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { processorMs } from '../../support/runner/processor.ts';
import { markdown } from '../../support/samples/arbitraries.ts';

const renderer = createRenderer({ publicUrl: 'https://live.example/' });
const render = (body: string) => renderer.render(body, { channelId: 'moon' });
const id = '01890a5d-ac96-774b-bcce-b302099a8057';

/** The html after an independent sanitizer with the documented list of tags. */
function sanitized(html: string): string {
  return sanitize(html, {
    allowedTags: Object.keys(allowedTags),
    allowedAttributes: Object.fromEntries(Object.entries(allowedTags).map(([tag, names]) => [tag, [...names]])),
    allowedSchemes: ['https', 'http', 'mailto'],
    allowedSchemesAppliedToAttributes: ['href'],
    allowProtocolRelative: false,
    nestingLimit: 200,
  })
    .replaceAll('<br />', '<br>')
    .replaceAll('<hr />', '<hr>');
}

/** Every tag as written, independent of how a parser repairs it. */
const tag =
  /^<(?:\/?(?:p|strong|em|s|ul|li|blockquote|code|pre|h3|h4|table|thead|tbody|tr|th|td)|(?:th|td) align="(?:left|center|right)"|blockquote data-form="pull-quote"|p data-form="speaker"|table data-form="data-block"|br|hr|\/?ol|ol start="\d{1,9}"|\/a|a href="(?:https?:\/\/[^"<>\s]+|mailto:[^"<>\s]+)"(?: title="[^"<>]*")?(?: rel="nofollow noopener")?)>$/i;

function expectSafe(html: string): void {
  for (const [written] of html.matchAll(/<[^>]*>?/g)) expect(written).toMatch(tag);
  expect(html.replace(/<[^>]*>/g, '')).not.toMatch(/[<>]/);
  expect(sanitized(html)).toBe(html);
}

function refusedFor(body: string) {
  try {
    render(body);
  } catch (error) {
    if (error instanceof Refusal) return error.problem;
    throw error;
  }
  return undefined;
}

describe('the html of a post', () => {
  it('has the documented tags of CommonMark and GFM', () => {
    expect(render('**a** _b_ ~~c~~ `d`')).toBe('<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>\n');
    expect(render('> a')).toBe('<blockquote><p>a</p>\n</blockquote>\n');
    expect(render('3. a\n4. b')).toBe('<ol start="3"><li>a\n</li>\n<li>b\n</li>\n</ol>\n');
    expect(render('- a\n  - b')).toBe('<ul><li>a\n<ul><li>b\n</li>\n</ul>\n</li>\n</ul>\n');
    expect(render('a  \nb\\\nc\nd')).toBe('<p>a<br>\nb<br>\nc\nd</p>\n');
    expect(render('a\n\n***\n\nb')).toBe('<p>a</p>\n<hr>\n<p>b</p>\n');
  });

  it('keeps headings below the headline of the post', () => {
    expect(render('# a\n## b\n### c\n###### d')).toBe('<h3>a</h3>\n<h3>b</h3>\n<h4>c</h4>\n<h4>d</h4>\n');
  });

  it('keeps the alignment of table columns', () => {
    expect(render('| a | b | c | d |\n|:--|:-:|--:|---|\n| 1 | 2 | 3 | 4 |')).toBe(
      '<table><thead><tr><th align="left">a</th>\n<th align="center">b</th>\n<th align="right">c</th>\n<th>d</th>\n</tr>\n</thead>\n<tbody><tr><td align="left">1</td>\n<td align="center">2</td>\n<td align="right">3</td>\n<td>4</td>\n</tr>\n</tbody>\n</table>\n',
    );
  });

  it('has tables without styles and code without classes', () => {
    expect(render('| a |\n|---|\n| b |')).toBe(
      '<table><thead><tr><th>a</th>\n</tr>\n</thead>\n<tbody><tr><td>b</td>\n</tr>\n</tbody>\n</table>\n',
    );
    expect(render('```js\na < b\n```')).toBe('<pre><code>a &lt; b\n</code></pre>\n');
  });

  it('shows raw html as text', () => {
    expect(render('<b onclick="x">a</b>')).toBe('<p>&lt;b onclick="x"&gt;a&lt;/b&gt;</p>\n');
    expect(render('<script>alert(1)</script>')).toBe('<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n');
  });

  it('keeps every character of the text', () => {
    expect(render(`"a" -- 'b' ... (c) +- --- ?!?!?!`)).toBe(`<p>"a" -- 'b' ... (c) +- --- ?!?!?!</p>\n`);
    expect(render('https://example.com/a%20b/%C3%A9')).toContain('>https://example.com/a%20b/%C3%A9</a>');
  });

  it('links bare addresses, and nothing that only resembles one', () => {
    expect(render('see https://a.example/x_y. Or')).toContain(
      '<a href="https://a.example/x_y" rel="nofollow noopener">https://a.example/x_y</a>.',
    );
    expect(render('www.a.example')).toContain('<a href="http://www.a.example" rel="nofollow noopener">www.a.example</a>');
    expect(render('desk@a.example')).toContain('<a href="mailto:desk@a.example" rel="nofollow noopener">desk@a.example</a>');
    for (const text of ['README.md', 'The end.It is over', '//a.example', 'ftp://a.example', 'post:x'])
      expect(render(text)).toBe(`<p>${text}</p>\n`);
  });

  it('turns a post: link into a link to that post on the page of its channel', () => {
    expect(render(`[earlier](post:${id})`)).toBe(`<p><a href="https://live.example/live/moon/${id}">earlier</a></p>\n`);
    expect(render(`[earlier](POST:${id.toUpperCase()} "what")`)).toContain(
      `href="https://live.example/live/moon/${id}" title="what">`,
    );
    expect(render('[earlier](post:7)')).toBe('<p>earlier</p>\n');
  });

  it('shows only the text of a link with another scheme or a relative address', () => {
    for (const href of [
      'javascript:alert(1)',
      'JAVASCRIPT:alert(1)',
      'data:text/html,x',
      'vbscript:x',
      'file:///etc/passwd',
      'ftp://a.example',
      '/a',
      'a',
      '#a',
      '//a.example',
      'https:a',
      'https:///a',
      'http://',
      'mailto:',
      'java\tscript:x',
      '&#106;avascript:x',
      '\\javascript:x',
      'blob:https://a.example/x',
      '',
    ])
      expect(render(`[**text**](<${href}>)`), href).not.toContain('<a');
    expect(render('[**text**](/a)')).toBe('<p><strong>text</strong></p>\n');
    expect(render('[https://a.example](/a)')).toBe('<p>https://a.example</p>\n');
    expect(render('[x][a]\n\n[a]: javascript:alert(1)')).toBe('<p>x</p>\n');
  });

  it('turns a picture into a link with the alternative text', () => {
    expect(render('![the *landing*](https://a.example/p.png "t")')).toBe(
      '<p><a href="https://a.example/p.png" title="t" rel="nofollow noopener">the landing</a></p>\n',
    );
    expect(render('![](https://a.example/p.png)')).toContain('>https://a.example/p.png</a>');
    expect(render('![alt](data:image/png;base64,AAAA)')).toBe('<p>alt</p>\n');
    expect(render('[![alt](https://a.example/p.png)](https://b.example)')).toBe(
      '<p><a href="https://b.example" rel="nofollow noopener">alt</a></p>\n',
    );
  });

  it('is empty if the body has no visible content', () => {
    for (const body of ['', ' \n\t\n', '[a]: https://a.example']) expect(render(body)).toBe('');
  });

  it('has a version that changes with the public address', () => {
    expect(createRenderer({ publicUrl: 'https://live.example' }).version).toBe(renderer.version);
    expect(createRenderer({ publicUrl: 'https://other.example' }).version).not.toBe(renderer.version);
  });
});

describe('hostile text', () => {
  const attacks = [
    '<img src=x onerror=alert(1)>',
    '<svg/onload=alert(1)>',
    '<a href="javascript:alert(1)">x</a>',
    '<iframe srcdoc="<script>alert(1)</script>">',
    '[x](javascript:alert(1))',
    '[x](javascript&colon;alert(1))',
    '[x](&#x6A;avascript:alert(1))',
    '[x](java\nscript:alert(1))',
    '<javascript:alert(1)>',
    '[x](https://a.example/"onmouseover="alert(1))',
    '[x](https://a.example "\\"onmouseover=\\"alert(1)")',
    "[x](https://a.example '\"><script>alert(1)</script>')",
    '[x](https://a.example/<script>alert(1)</script>)',
    '![x" onerror="alert(1)](https://a.example)',
    '![x](https://a.example "><img src=x onerror=alert(1)>")',
    '`<script>alert(1)</script>`',
    '```"><script>\n</code></pre><script>alert(1)</script>\n```',
    '~~~ onclick=alert(1)\n<b>\n~~~',
    '    <script>alert(1)</script>',
    '| <script> | [x](javascript:1) |\n|---|---|\n| <img onerror=1> | `<` |',
    '# <script>alert(1)</script>',
    '> <svg onload=alert(1)>',
    '1. <style>*{}</style>',
    '&lt;script&gt;alert(1)&lt;/script&gt;',
    '&#60;script&#62;',
    '<!-- --><script>alert(1)</script>',
    '<![CDATA[<script>alert(1)</script>]]>',
    '<?php echo 1 ?>',
    'https://a.example/<script>alert(1)</script>',
    'https://a.example/"onclick="alert(1)',
    'javascript://a.example/%0aalert(1)',
    'http://a.example\u2028javascript:alert(1)',
    '[a]: javascript:alert(1)\n[a] [b][a]',
    '[a]: <https://a.example/" onclick="alert(1)>\n\n[a]',
    '<https://a.example/"onclick=alert(1)>',
    '<a@"onclick=alert(1)>',
    '[x](data:text/html;base64,PHNjcmlwdD4=)',
    '[x](\u0001javascript:alert(1))',
    '[x](\u00a0javascript:alert(1))',
    '[x](feed:javascript:alert(1))',
    '[x](https:javascript:alert(1))',
    '[x](http:/\\/evil)',
    '[x](post:../../desk)',
    `[x](post:${id}"onclick="x)`,
    `${'*'.repeat(50)}<b>${'*'.repeat(50)}`,
    '[[[[](javascript:1)](javascript:2)](javascript:3)',
    '![[x](javascript:1)](javascript:2)',
    '\u202e<script>\u202c',
    '<<script>>',
    '<scr<script>ipt>',
    '</p></li></table><script>',
  ];
  it.each(attacks)('becomes harmless: %j', (attack) => {
    expectSafe(render(attack));
    expectSafe(render(`before ${attack} after\n\n- ${attack}`));
  });

  it('becomes harmless, whatever it contains', () => {
    fc.assert(
      fc.property(markdown, (body) => expectSafe(render(body))),
      { numRuns: 400 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (body) => expectSafe(render(body))),
      { numRuns: 200 },
    );
  });

  it('may have htmlBytes, and no more', () => {
    const tags = '<p></p>\n'.length;
    expect(render('x'.repeat(limits.htmlBytes - tags))).toHaveLength(limits.htmlBytes);
    expect(refusedFor('x'.repeat(limits.htmlBytes - tags + 1))).toMatchObject({ code: 'invalid-body' });
  });

  it('is refused as too large before its html is built', () => {
    const bomb = `[a]: https://a.example/${'x'.repeat(2_000)}\n\n${'[a]'.repeat(15_000)}`;
    expect(refusedFor(bomb)).toMatchObject({ code: 'invalid-body', errors: [{ path: 'body', message: /256 KiB/ }] });
    const table = `|${'a|'.repeat(2_000)}\n|${'-|'.repeat(2_000)}\n${'|\n'.repeat(20_000)}`;
    expect(refusedFor(table)).toMatchObject({ code: 'invalid-body' });
  });

  it('is refused if lists and quotes nest so deeply that some of it would be dropped', () => {
    const { markdownNesting } = newsroomLimits;
    expect(render(`${'> '.repeat(markdownNesting - 1)}deep`)).toContain('deep');
    expect(refusedFor(`${'> '.repeat(markdownNesting)}a`)).toMatchObject({
      code: 'invalid-body',
      errors: [{ path: 'body', message: /deeply/ }],
    });
    expect(refusedFor(`${'- '.repeat(50)}a`)).toMatchObject({ code: 'invalid-body' });
    expect(render(`${'> '.repeat(30)}deep`)).toContain('deep');
    expect(render(`${'- '.repeat(15)}deep`)).toContain('deep');
  });

  const repeated = (text: string) => text.repeat(Math.floor(limits.bodyCharacters / text.length));
  const bombs: Record<string, string> = {
    'open brackets': repeated('['),
    'open pictures': repeated('!['),
    'pictures in links': repeated('[!['),
    'nested pictures': `${'!['.repeat(10_000)}a${'](b)'.repeat(7_000)}`,
    'half links': repeated('[a]('),
    'half references': repeated('[a\n'),
    'half titles': repeated('[a]: b "\n'),
    'emphasis that never ends': repeated('*a _b '),
    'nested emphasis': `${'*a '.repeat(8_000)}${' a*'.repeat(8_000)}`,
    'ticks of all lengths': Array.from({ length: 300 }, (_, i) => '`'.repeat(i)).join(' '),
    'setext underlines': repeated('a\n='),
    'lazy quotes': `> a\n${repeated('a\n')}`,
    schemes: repeated('http://'),
    addresses: repeated('a.a@'),
    'a path of brackets': `https://a.example/${repeated('(a')}`,
    'a long host': `http://${repeated('a-')}`,
    entities: repeated('&a'),
    'empty tables': repeated('a|b\n-|-\n\n'),
    'a table of short rows': `${'|a'.repeat(200)}\n${'|-'.repeat(200)}\n${repeated('x\n')}`,
  };
  it.each([2, 50, 1_000, 6_000])('is refused for a much too large table of %d columns before the table is parsed', (columns) => {
    const rows = `${'|a'.repeat(columns)}|\n${'|-'.repeat(columns)}|\n${repeated('x\n')}`;
    const read = vi.spyOn(new MarkdownIt().block.State.prototype, 'push');
    try {
      expect(refusedFor(rows.slice(0, limits.bodyCharacters))?.errors).toEqual([
        { path: 'body', message: 'Becomes more than 256 KiB of html.' },
      ]);
      expect(read.mock.calls.length).toBeLessThan(10);
    } finally {
      read.mockRestore();
    }
  });

  it('is accepted with a table within the limit, and with lines below a table that are not rows', () => {
    const rows = (count: number, columns: number) => `${'|a'.repeat(columns)}|\n${'|-'.repeat(columns)}|\n${'x\n'.repeat(count)}`;
    expect(refusedFor(rows(500, 40))).toBeUndefined();
    expect(refusedFor(`${rows(10, 300)}${'- x\n'.repeat(200)}`)).toBeUndefined();
    expect(refusedFor(`${rows(10, 300)}\n${'x\n'.repeat(5_000)}`)).toBeUndefined();
    expect(refusedFor(repeated('a | b\n---\n'))).toBeUndefined();
  });

  it.each(Object.entries(bombs))('does not block the newsroom: %s', (_name, bomb) => {
    const ms = processorMs(() => {
      const refused = refusedFor(bomb.slice(0, limits.bodyCharacters));
      if (refused) expect(refused.code).toBe('invalid-body');
    });
    expect(ms).toBeLessThan(5_000);
  });
});
