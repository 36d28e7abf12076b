import { expect, it } from 'vitest';
import { directionOf, turned } from '../../../client/browser/view/direction.ts';
import { safe } from '../../../client/browser/view/html.ts';

const inRtl = (markup: string) => turned(safe(markup), { runs: 'rtl' }).text;

it('the direction of a language follows its script, and is left to right for unknown languages', () => {
  const all = ['ar', 'ar-EG', 'he', 'fa', 'ur', 'yi', 'dv', 'ff-Adlm', 'az-Arab', 'ku-Arab'];
  expect(all.filter((language) => directionOf(language) !== 'rtl')).toEqual([]);
  const others = ['en', 'de', 'ja', 'az', 'ku', 'ar-Latn', 'ff', 'tlh', 'en_US', 'not a language', ''];
  expect(others.filter((language) => directionOf(language) !== 'ltr')).toEqual([]);
});

it.each([
  ['a headline', '<h1 dir="auto">NASA تعلن</h1>', '<h1 dir="rtl">NASA تعلن</h1>'],
  [
    'a headline with other attributes and a link',
    '<h2 class="title" lang="ar" dir="auto"><a href="/a">NASA <b>תל</b></a></h2>',
    '<h2 class="title" lang="ar" dir="rtl"><a href="/a">NASA <b dir="rtl">תל</b></a></h2>',
  ],
  ['a name', '<bdi>BBC عربي</bdi>', '<bdi dir="rtl">BBC عربي</bdi>'],
  ['a name of two Latin words with one in Arabic', '<bdi>Elon Musk يعتذر</bdi>', '<bdi dir="rtl">Elon Musk يعتذر</bdi>'],
  [
    'a sentence with more Latin letters, and with mixed words',
    '<p>Manchester United يفوز على Tottenham وArsenal بـ 3–0</p>',
    '<p dir="rtl">Manchester United يفوز على Tottenham وArsenal بـ 3–0</p>',
  ],
  [
    'a short text with an address, which counts as one word',
    '<p>البيان: <a href="https://x.example/ab/cd/ef" rel="noopener">https://x.example/ab/cd/ef</a></p>',
    '<p dir="rtl">البيان: <a href="https://x.example/ab/cd/ef" rel="noopener">https://x.example/ab/cd/ef</a></p>',
  ],
  [
    'a quoted word, but not the text in another language around it',
    '<ul>\n<li>He said <em>سلام</em> and left.</li>\n</ul>\n<blockquote>\n<p>It means سلام, he said.</p>\n<p>قال سلام.</p>\n</blockquote>',
    '<ul>\n<li>He said <em dir="rtl">سلام</em> and left.</li>\n</ul>\n<blockquote dir="rtl">\n<p>It means سلام, he said.</p>\n<p dir="rtl">قال سلام.</p>\n</blockquote>',
  ],
  ['a number in Arabic digits', '<bdi>٢ – ١</bdi>', '<bdi dir="rtl">٢ – ١</bdi>'],
  ['a text in letters beyond the first plane', '<bdi>WHO 𞤀𞤣</bdi>', '<bdi dir="rtl">WHO 𞤀𞤣</bdi>'],
  [
    'blocks of a post and the blocks around them',
    '<p>ESA<br>\nsays</p>\n<ul>\n<li>NASA <em>x</em> ع</li>\n<li>12</li>\n</ul>\n<hr>\n<p>ע</p>',
    '<p>ESA<br>\nsays</p>\n<ul dir="rtl">\n<li dir="rtl">NASA <em>x</em> ع</li>\n<li>12</li>\n</ul>\n<hr>\n<p dir="rtl">ע</p>',
  ],
])(
  'on a right-to-left page, text in a right-to-left script gets that direction, whatever it starts with: %s',
  (_, markup, turnedSo) => {
    expect(inRtl(markup)).toBe(turnedSo);
    expect(turned(safe(markup), { runs: 'ltr' }).text).toBe(markup);
  },
);

it.each([
  ['text without such letters', '<h3 class="headline" dir="auto">ESA says no.</h3><p class="x">ع</p>'],
  [
    'text that quotes a word',
    '<h3 class="headline" dir="auto">The word &quot;ع&quot; in a headline</h3><p>A word, حُرِّيَّة, and what it means</p>',
  ],
  ['symbols and emoji', '<p>1 &amp; 2 🙂️</p>'],
  ['elements without dir=auto', '<input dir="ltr"><p class="withdrawal">ع</p>'],
  ['escaped markup in a text', '<p class="x">&lt;bdi&gt; dir=&quot;auto&quot;&gt;ع</p>'],
])('on a right-to-left page, other text keeps its direction: %s', (_, markup) => {
  expect(inRtl(markup)).toBe(markup);
});
