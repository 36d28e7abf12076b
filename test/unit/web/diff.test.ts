import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffWords, outlineOf, type Piece, piecesOf } from '../../../client/browser/view/post/diff.ts';
import { compareVersions, stepsOf, type Version } from '../../../client/browser/view/post/versions.ts';

/** Marked like in an editor: [-removed-] and {+added+}. */
function marked(pieces: readonly Piece[] | undefined): string | undefined {
  return pieces?.map(({ kind, text }) => ({ same: text, removed: `[-${text}-]`, added: `{+${text}+}` })[kind]).join('');
}
const without = (pieces: readonly Piece[], kind: Piece['kind']) =>
  pieces.map((piece) => (piece.kind === kind ? '' : piece.text)).join('');
const all = Number.MAX_SAFE_INTEGER;
const unbounded = { edits: all, steps: all };
const compare = (before: string, after: string) => marked(diffWords(before, after, unbounded));

/** Texts with much in common, and arbitrary texts. */
const word = fc.constantFrom('fire', 'harbour', 'two', '3,000', '火事', 'กรุงเทพ', 'é', '😀', ' ', '\n', '. ', "don't");
const texts = fc.oneof(
  fc.array(word, { maxLength: 30 }).map((words) => words.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
  // Includes lone surrogates, because texts are compared by code points and must be returned unchanged.
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 10 }).map((units) => String.fromCharCode(...units)),
);

describe('the difference between two texts', () => {
  it('yields the first text without the additions, and the second text without the removals', () => {
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const pieces = diffWords(before, after, unbounded) ?? [];
        expect(without(pieces, 'added')).toBe(before);
        expect(without(pieces, 'removed')).toBe(after);
        expect(pieces.filter(({ text }) => text === '')).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('is as small as possible', () => {
    const few = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 }).map((words) => words.join(';'));
    fc.assert(
      fc.property(few, few, (before, after) => {
        const edits = before.length + after.length - 2 * commonOf([...before], [...after]);
        expect(diffWords(before, after, { edits, steps: all })).toBeDefined();
        if (edits > 0) expect(diffWords(before, after, { edits: edits - 1, steps: all })).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['The fire began at noon.', 'The fire began at one.', 'The fire began at [-noon-]{+one+}.'],
    ['at 19:32, 1,204 people', 'at 19:31, 1,240 people', 'at [-19:32-]{+19:31+}, [-1,204-]{+1,240+} people'],
    ['a very quick brown fox', 'a slow red fox', 'a [-very quick brown-]{+slow red+} fox'],
    ['It rains.', 'It rains.\nIt pours.', 'It rains.{+\nIt pours.+}'],
    ['It is (not) so.', 'It is so.', 'It is [-(not) -]so.'],
    ['東京で火事', '大阪で火事', '[-東京-]{+大阪+}で火事'],
    ['Same', 'Same', 'Same'],
    ['', 'All of it', '{+All of it+}'],
    ['', '', ''],
  ])('is split the way a reader expects: %j, then %j', (before, after, told) => {
    expect(compare(before, after)).toBe(told);
  });

  it('is not computed if more words changed than the bound', () => {
    const before = Array.from({ length: 300 }, (_, at) => `old${at}`).join(' ');
    const after = before.replaceAll('old', 'new');
    expect(diffWords(before, after, { edits: 600, steps: all })).toBeDefined();
    expect(diffWords(before, after, { edits: 599, steps: all })).toBeUndefined();
    expect(marked(diffWords(`${before} x`, `${before} y`, { edits: 2, steps: all }))).toBe(`${before} [-x-]{+y+}`);
  });

  it('is abandoned after a bounded number of steps, however few words changed', () => {
    const numbered = (word: string) => Array.from({ length: 90 }, (_, at) => `${word}${at}`).join(' ');
    // Each further change leads to another diagonal, where the same run of equal words is compared again.
    const same = 'tick '.repeat(10_000);
    const pair = [`${numbered('a')} ${same}${numbered('b')}`, `${numbered('c')} ${same}${numbered('d')}`] as const;
    const isCompared = (steps: number) => diffWords(...pair, { edits: 400, steps }) !== undefined;
    expect([isCompared(all), isCompared(50_000)]).toEqual([true, false]);
  });

  it('can be rebuilt from its lengths and the two texts', () => {
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const pieces = diffWords(before, after, unbounded) ?? [];
        expect(piecesOf(outlineOf(pieces), before, after)).toEqual(pieces);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the versions of a post', () => {
  const version = (revision: number): Version => ({
    revision,
    change: null,
    publishedAt: '2026-11-24T12:00:00.000Z',
    headline: null,
    text: `${revision}`,
    beside: [],
  });
  const compareAny = (before: Version, after: Version) =>
    compareVersions(before, after, (old, fresh) => diffWords(old, fresh, { edits: 10, steps: all }));
  const shortOf = (revisions: number[], floor: number, top: number) =>
    stepsOf(revisions.map(version), floor, top, compareAny).map((step) =>
      step.status === 'erased' ? `erased ${step.from}-${step.to}` : `${step.status} ${step.version.revision}`,
    );

  it('are listed from the newest to the first, with the erased ones marked', () => {
    expect(shortOf([1, 2, 3], 1, 3)).toEqual(['compared 3', 'compared 2', 'whole 1']);
    expect(shortOf([2, 3, 4], 3, 4)).toEqual(['compared 4', 'compared 3']);
    expect(shortOf([4, 5], 1, 5)).toEqual(['compared 5', 'whole 4', 'erased 1-3']);
    expect(shortOf([1, 3], 1, 3)).toEqual(['whole 3', 'erased 2-2', 'whole 1']);
    expect(shortOf([], 1, 0)).toEqual([]);
  });
});

/** The length of the longest common subsequence, by the textbook algorithm. */
function commonOf(one: readonly string[], other: readonly string[]): number {
  let row = new Array<number>(other.length + 1).fill(0);
  for (const word of one) {
    const next = [0];
    for (const [at, against] of other.entries()) {
      next.push(word === against ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
