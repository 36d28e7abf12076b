import { describe, expect, it } from 'vitest';
import { markRest } from '../../../client/browser/view/page/first-words.ts';

/** What is left without the rest. */
const firstOf = (markup: string, most: number) => markRest(markup, most).replace(/<span class="rest">.*<\/span>$/s, '…');

describe('the first words of a text', () => {
  it.each([
    ['The water is falling', 40, 'The water is falling'],
    ['The water is falling', 15, 'The water is…'],
    ['The water is falling', 12, 'The water…'],
    ['Tide &amp; wind rise', 8, 'Tide &amp;…'],
    ['水'.repeat(30), 10, '水'.repeat(30)],
  ])('end with a whole word: %s at %d', (text, most, first) => {
    expect(firstOf(text, most)).toBe(first);
  });

  it.each([
    ['He said “we go on” and left', 15, 'He said…'],
    ['Er sagte „wir gehen“ und ging', 18, 'Er sagte…'],
    ['Er sagte „wir gehen“ und ging', 22, 'Er sagte „wir gehen“…'],
    ['Il dit « on continue » et part', 18, 'Il dit…'],
    ['He said &quot;we go on&quot; and left', 15, 'He said…'],
    ['“We go on and on for ever”', 12, '“We go on…'],
  ])('end before a quotation that does not fit, unless they begin with it: %s at %d', (text, most, first) => {
    expect(firstOf(text, most)).toBe(first);
  });

  it('end before an element that does not fit, and the whole text is kept', () => {
    const text = 'The <strong>dyke <em>holds firm</em></strong> today';
    expect(markRest(text, 16)).toBe('The<span class="rest"> <strong>dyke <em>holds firm</em></strong> today</span>');
    expect(markRest(text, 21)).toBe('The <strong>dyke <em>holds firm</em></strong><span class="rest"> today</span>');
  });
});
