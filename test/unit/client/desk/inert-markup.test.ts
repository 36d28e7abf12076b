import { describe, expect, it } from 'vitest';
import { inertMarkup } from '../../../../client/browser/desk/editor/paste/inert-markup.ts';
import { pastedCharacters } from '../../../../client/browser/desk/editor/paste/paste-limits.ts';
import { growthOf, linearGrowth } from '../../../support/runner/processor.ts';

describe('pasted html', () => {
  it.each([
    ['<p style="color:red" onclick=run()>a</p>', '<p data-style="color:red">a</p>'],
    ["<a title=it's href=https://a.example/?a=b>c</a>", '<a href=https://a.example/?a=b>c</a>'],
    [`<a href='x>y'title="<b>"hidden/>c</a >`, "<a href='x>y' hidden>c</a>"],
    ['<td align= onload=x>a<br/>', '<td align=onload=x>a<br>'],
    ['<a href=>b', '<a href="">b'],
    ['a<!--b<i>-->c<!-->d<![if !x]>e<!doctype html>f<?xml g ?>h', 'acdefh'],
    ['a<SCRIPT x=">">b</b></script >c<o:p>d</o:p>', 'ac<o:p>d</o:p>'],
    ['a<style>b', 'a'],
    ['1 < 2, 3 <4', '1 < 2, 3 <4'],
    ['a<b title="c', 'a'],
    ['a<!--b', 'a'],
    ['a<b', 'a'],
  ])('keeps what the editor reads of %s', (html, kept) => {
    expect(inertMarkup(html)).toBe(kept);
  });

  it.each([
    '<aa="',
    '<a',
    'a',
    '<!--',
    '<![',
    '<script',
    '<script>',
    '<a b="\'',
    "<a b='",
    '<a =',
    '<',
    '</',
    '< ',
    '<a\n',
    '="',
    '</script ',
  ])('is read in a time that grows with its length: %j', (pump) => {
    expect(growthOf((characters) => inertMarkup(`<a ${pump.repeat(characters / pump.length)}`))).toBeLessThan(linearGrowth);
  });

  it('is cut where more would be left than fits into a post', () => {
    expect(inertMarkup(`<img src="${'x'.repeat(2 * pastedCharacters)}">caption`)).toBe('<img>caption');
    expect(inertMarkup('<p>a'.repeat(pastedCharacters))).toHaveLength(pastedCharacters);
  });
});
