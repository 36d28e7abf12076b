import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergedBody, passagesOf, proposedChoices } from '../../../../client/browser/desk/changes/three-way.ts';
import { mergeWords } from '../../../../client/browser/desk/changes/word-merge.ts';

const text = fc
  .array(fc.constantFrom('40', 'people', 'were', 'injured', 'at', 'noon', '**two**', ','), { maxLength: 9 })
  .map((all) => all.join(' '));

const numbered = (word: string) => Array.from({ length: 1_000 }, (_, at) => `${word}${at}`).join(' ');

describe('two changes of one paragraph', () => {
  const base = '40 people were injured in the fire at noon.';
  it.each([
    [
      'of different words',
      '14 people were injured in the fire at noon.',
      '40 people were injured in the blaze at noon.',
      '14 people were injured in the blaze at noon.',
    ],
    [
      'of which one adds words',
      '14 people were injured in the fire at noon.',
      '40 people were injured in the fire at noon, the mayor says.',
      '14 people were injured in the fire at noon, the mayor says.',
    ],
    [
      'of which one removes words',
      '40 people were injured in the fire.',
      '41 people were injured in the fire at noon.',
      '41 people were injured in the fire.',
    ],
    [
      'that have one word in common',
      '14 people were hurt in the fire at noon.',
      '40 people were hurt in the fire at one.',
      '14 people were hurt in the fire at one.',
    ],
  ])('%s are merged', (_, mine, theirs, merged) => {
    expect(mergeWords(base, mine, theirs)).toBe(merged);
    expect(mergeWords(base, theirs, mine)).toBe(merged);
  });

  it.each([
    ['of the same word', '14 people were injured in the fire at noon.', '41 people were injured in the fire at noon.'],
    [
      'that add words in the same place',
      '40 people were injured in the fire at noon. Two died.',
      '40 people were injured in the fire at noon. Nobody died.',
    ],
    ['that have nothing in common', numbered('own'), `${base} Two died.`],
    ['of which one removes what the other changed', '40 people were injured.', '40 people were injured in the fire at one.'],
  ])('%s are left to their authors', (_, mine, theirs) => {
    expect(mergeWords(base, mine, theirs)).toBeUndefined();
    expect(mergeWords(base, theirs, mine)).toBeUndefined();
  });

  it('are merged alike from both sides, and one of them alone is that one', () => {
    fc.assert(
      fc.property(text, text, text, (before, mine, theirs) => {
        expect(mergeWords(before, mine, theirs)).toBe(mergeWords(before, theirs, mine));
        expect(mergeWords(before, mine, before)).toBe(mine);
        expect(mergeWords(before, mine, mine)).toBe(mine);
      }),
      { numRuns: 500 },
    );
  });

  it('are proposed beside other paragraphs, and never taken unless they are chosen', () => {
    const passages = passagesOf(
      `A.\n\n${base}\n\nB.`,
      'A.\n\n14 people were injured in the fire at noon.\n\nB.',
      'A.\n\n40 people were injured in the fire at one.\n\nC.',
    );
    expect(mergedBody(passages, [])).toBeUndefined();
    expect(mergedBody(passages, proposedChoices(passages))).toBe('A.\n\n14 people were injured in the fire at one.\n\nC.');
    expect(proposedChoices(passagesOf(undefined, '14 hurt.', '41 hurt.'))).toEqual([undefined]);
  });
});
