import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  changedFields,
  changesBetween,
  fieldsOf,
  mergedBody,
  mergedFields,
  type Passage,
  paragraphsOf,
  passagesOf,
} from '../../../../client/browser/desk/changes/three-way.ts';
import type { PostFields } from '../../../../src/protocol/model.ts';
import { blankFields } from '../../../../src/protocol/post-fields.ts';

const paragraph = fc.constantFrom(
  'The fire began at noon.',
  'Nobody was hurt.',
  '- one\n- two',
  '```\na\n\nb\n```',
  'Two.',
  'Three',
);
const body = fc.array(paragraph, { maxLength: 6 }).map((all) => all.join('\n\n'));
const texts = (passages: readonly Passage[], side: 'base' | 'mine' | 'theirs') =>
  passages.flatMap((passage) => passage[side].map(({ text }) => text));
const post = (fields: Partial<PostFields> = {}): PostFields => ({ ...blankFields(), ...fields });

describe('two changes of one body', () => {
  it('keep every paragraph of each side', () => {
    fc.assert(
      fc.property(fc.option(body, { nil: undefined }), body, body, (base, mine, theirs) => {
        const passages = passagesOf(base, mine, theirs);
        expect(texts(passages, 'mine')).toEqual(paragraphsOf(mine).map(({ text }) => text));
        expect(texts(passages, 'theirs')).toEqual(paragraphsOf(theirs).map(({ text }) => text));
        expect(texts(passages, 'base')).toEqual(paragraphsOf(base ?? '').map(({ text }) => text));
        const all = (side: 'mine' | 'theirs') => passages.map(() => side);
        expect(mergedBody(passages, all('mine'))).toBe(mine);
        expect(mergedBody(passages, all('theirs'))).toBe(theirs);
      }),
      { numRuns: 500 },
    );
  });

  it('are merged alone only if one side changed each passage, or both alike', () => {
    fc.assert(
      fc.property(body, body, (base, other) => {
        expect(mergedBody(passagesOf(base, base, other), [])).toBe(other);
        expect(mergedBody(passagesOf(base, other, base), [])).toBe(other);
        expect(mergedBody(passagesOf(base, other, other), [])).toBe(other);
      }),
      { numRuns: 300 },
    );
  });

  it('are the same whoever is asked', () => {
    const mirrored = { mine: 'theirs', theirs: 'mine', nobody: 'nobody', both: 'both', conflict: 'conflict' };
    fc.assert(
      fc.property(body, body, body, (base, mine, theirs) => {
        const there = passagesOf(base, theirs, mine).map(({ by }) => mirrored[by]);
        expect(passagesOf(base, mine, theirs).map(({ by }) => by)).toEqual(there);
      }),
      { numRuns: 300 },
    );
  });

  it('merge when they are in different paragraphs, also in adjacent ones', () => {
    const base = 'At noon.\n\n40 people were hurt.\n\nMore follows.';
    const mine = 'At noon.\n\n14 people were hurt.\n\nMore follows.';
    const theirs = 'At one.\n\n40 people were hurt.\n\nMore follows.\n\nThe road is closed.';
    expect(mergedBody(passagesOf(base, mine, theirs), [])).toBe(
      'At one.\n\n14 people were hurt.\n\nMore follows.\n\nThe road is closed.',
    );
  });

  it('leave a paragraph that both changed to the author', () => {
    const passages = passagesOf('A.\n\n40 hurt.', 'A.\n\n14 hurt.', 'A.\n\n41 hurt.');
    expect(passages.map(({ by }) => by)).toEqual(['nobody', 'conflict']);
    expect(mergedBody(passages, [])).toBeUndefined();
    expect(mergedBody(passages, [undefined, 'mine'])).toBe('A.\n\n14 hurt.');
    expect(mergedBody(passages, [undefined, 'theirs'])).toBe('A.\n\n41 hurt.');
  });

  it('are both taken, theirs first, and what both have is taken once', () => {
    const passages = passagesOf('A.\n\n40 hurt.', 'A.\n\n14 hurt.\n\nMore.', 'A.\n\n41 hurt.\n\nMore.\n\nSays who.');
    expect(mergedBody(passages, [undefined, 'both'])).toBe('A.\n\n41 hurt.\n\nMore.\n\nSays who.\n\n14 hurt.');
    const whole = passagesOf('A.', 'Mine.', 'Theirs.');
    expect(mergedBody(whole, ['both'])).toBe('Theirs.\n\nMine.');
  });

  it('lose no paragraph of either side when both are taken', () => {
    fc.assert(
      fc.property(body, body, body, (base, mine, theirs) => {
        const passages = passagesOf(base, mine, theirs);
        const choices = passages.map(({ by }) => (by === 'conflict' ? 'both' : undefined));
        const kept = paragraphsOf(mergedBody(passages, choices) ?? '').map(({ text }) => text);
        for (const { by, mine: own, theirs: other } of passages) {
          if (by === 'conflict') for (const { text } of [...own, ...other]) expect(kept).toContain(text);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are all conflicts if nobody knows where they began', () => {
    const passages = passagesOf(undefined, 'A.\n\nMine.', 'A.\n\nTheirs.');
    expect(passages.map(({ by }) => by)).toEqual(['nobody', 'conflict']);
  });

  it('take a block of code as one paragraph', () => {
    expect(paragraphsOf('One\n\n```\na\n\nb\n```\n\nTwo\n').map(({ text }) => text)).toEqual(['One', '```\na\n\nb\n```', 'Two']);
    expect(paragraphsOf('~~~\n```\n\nb\n~~~\n\nTwo').map(({ text }) => text)).toEqual(['~~~\n```\n\nb\n~~~', 'Two']);
  });
});

describe('two changes of the other fields', () => {
  it('are merged field by field', () => {
    const base = post({ headline: 'Fire', developing: true });
    const three = { base, mine: { ...base, headline: 'Fire out' }, theirs: { ...base, developing: false } };
    expect([...changedFields(three)]).toEqual([
      ['headline', 'mine'],
      ['developing', 'theirs'],
    ]);
    expect(mergedFields(three, {}, '')).toEqual({ ...base, headline: 'Fire out', developing: false });
  });

  it('wait for the author where both differ', () => {
    const base = post({ headline: 'Fire' });
    const three = { base, mine: { ...base, headline: 'Fire out' }, theirs: { ...base, headline: 'Fire grows' } };
    expect(mergedFields(three, {}, '')).toBeUndefined();
    expect(mergedFields(three, { headline: 'mine' }, '')?.headline).toBe('Fire out');
    expect(mergedFields(three, { headline: 'theirs' }, '')?.headline).toBe('Fire grows');
    expect(mergedFields(three, { headline: 'theirs' }, undefined)).toBeUndefined();
  });

  it('compare by value, whatever the order of fields', () => {
    const one = post({ sources: [{ name: 'Police', url: 'https://police.example' }] });
    const other = post({ sources: [{ url: 'https://police.example', name: 'Police' }] });
    expect(changesBetween(one, other)).toEqual({});
    expect(changesBetween(one, { ...other, kind: 'breaking' })).toEqual({ kind: 'breaking' });
  });

  it('are those that an author writes', () => {
    expect(fieldsOf({ ...post(), id: 'x', html: '<p>' } as PostFields)).toEqual(post());
  });
});
