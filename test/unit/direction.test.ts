import { expect, it } from 'vitest';
import { directionOf, turned } from '../../client/web/view/direction.ts';
import { safe } from '../../client/web/view/html.ts';

const inRtl = (markup: string) => turned(safe(markup), { runs: 'rtl' }).text;

it('a language runs as its script does, and what is none runs from left to right', () => {
  const all = ['ar', 'ar-EG', 'he', 'fa', 'ur', 'yi', 'dv', 'ff-Adlm', 'az-Arab', 'ku-Arab'];
  expect(all.filter((language) => directionOf(language) !== 'rtl')).toEqual([]);
  const others = ['en', 'de', 'ja', 'az', 'ku', 'ar-Latn', 'ff', 'tlh', 'en_US', 'not a language', ''];
  expect(others.filter((language) => directionOf(language) !== 'ltr')).toEqual([]);
});

it.each([
  ['a headline', '<h1 dir="auto">NASA تعلن</h1>', '<h1 dir="rtl">NASA تعلن</h1>'],
  [
    'one with what else it says of itself, and a link in it',
    '<h2 class="title" lang="ar" dir="auto"><a href="/a">NASA <b>תל</b></a></h2>',
    '<h2 class="title" lang="ar" dir="rtl"><a href="/a">NASA <b dir="rtl">תל</b></a></h2>',
  ],
  ['a name', '<bdi>BBC عربي</bdi>', '<bdi dir="rtl">BBC عربي</bdi>'],
  ['a text in letters beyond the first plane', '<bdi>WHO 𞤀𞤣</bdi>', '<bdi dir="rtl">WHO 𞤀𞤣</bdi>'],
  [
    'blocks of a post, and of those around them',
    '<p>ESA<br>\nsays</p>\n<ul>\n<li>NASA <em>x</em> ع</li>\n<li>ESA</li>\n</ul>\n<hr>\n<p>ע</p>',
    '<p>ESA<br>\nsays</p>\n<ul dir="rtl">\n<li dir="rtl">NASA <em>x</em> ع</li>\n<li>ESA</li>\n</ul>\n<hr>\n<p dir="rtl">ע</p>',
  ],
])(
  'in a coverage from right to left whatever has a letter of that way runs so, whatever comes first: %s',
  (_, markup, turnedSo) => {
    expect(inRtl(markup)).toBe(turnedSo);
    expect(turned(safe(markup), { runs: 'ltr' }).text).toBe(markup);
  },
);

it.each([
  ['what has none', '<h3 class="headline" dir="auto">ESA says no.</h3><p class="x">ع</p>'],
  ['a picture of letters', '<p>1 &amp; 2 🙂️</p>'],
  ['what runs one way whatever it says', '<input dir="ltr"><p class="withdrawal">ع</p>'],
  ['what looks like it within a text', '<p class="x">&lt;bdi&gt; dir=&quot;auto&quot;&gt;ع</p>'],
])('and nothing else: %s', (_, markup) => {
  expect(inRtl(markup)).toBe(markup);
});
