import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BetweenSlots } from '../../../client/browser/view/page/between-slots.ts';
import type { ReaderPost } from '../../../src/protocol/model.ts';

/** The posts with these numbers, which are both id and `seq`. */
const posts = (...seqs: number[]) => seqs.map((seq) => ({ id: `p${seq}`, seq }) as ReaderPost);
/** All posts from one number down to another. */
const range = (newest: number, oldest: number) => Array.from({ length: newest - oldest + 1 }, (_, at) => newest - at);
const slotsOf = (slots: BetweenSlots, seqs: readonly number[]) =>
  Object.fromEntries(seqs.flatMap((seq) => (slots.nameUnder(`p${seq}`) ? [[seq, slots.nameUnder(`p${seq}`)]] : [])));

describe('slots between posts', () => {
  it('follow every nth post, counted from the top', () => {
    const slots = new BetweenSlots();
    slots.number(posts(...range(20, 1)), 5);
    expect(slotsOf(slots, range(20, 1))).toEqual({ 16: 'between-1', 11: 'between-2', 6: 'between-3', 1: 'between-4' });
  });

  it('stay under their posts when newer ones arrive, and go on below when older ones are loaded', () => {
    const slots = new BetweenSlots();
    slots.number(posts(...range(20, 14)), 5);
    slots.number(posts(...range(32, 14)), 5);
    expect(slotsOf(slots, range(32, 1))).toEqual({ 16: 'between-1' });
    slots.number(posts(...range(32, 1)), 5);
    expect(slotsOf(slots, range(32, 1))).toEqual({ 16: 'between-1', 11: 'between-2', 6: 'between-3', 1: 'between-4' });
  });

  it('start once there are enough posts', () => {
    const slots = new BetweenSlots();
    slots.number(posts(2, 1), 3);
    expect(slotsOf(slots, [2, 1])).toEqual({});
    slots.number(posts(3, 2, 1), 3);
    expect(slotsOf(slots, [3, 2, 1])).toEqual({ 1: 'between-1' });
  });

  it('start again when their distance changes', () => {
    const slots = new BetweenSlots();
    slots.number(posts(...range(6, 1)), 2);
    slots.number(posts(...range(6, 1)), 3);
    expect(slotsOf(slots, range(6, 1))).toEqual({ 4: 'between-1', 1: 'between-2' });
  });

  it.each([null, 0, -5, Number.NaN])('do not exist with %s as their distance', (every) => {
    const slots = new BetweenSlots();
    slots.number(posts(...range(20, 1)), every);
    expect(slotsOf(slots, range(20, 1))).toEqual({});
  });

  it('never change their post, are at most ten, and follow at least the chosen number of posts of what was shown', () => {
    const stretch = fc.tuple(fc.nat(120), fc.nat(120)).map(([one, other]) => range(Math.max(one, other), Math.min(one, other)));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.array(stretch, { minLength: 1, maxLength: 12 }), (every, shown) => {
        const slots = new BetweenSlots();
        let before: Record<string, string | undefined> = {};
        for (const seqs of shown) {
          slots.number(posts(...seqs), every);
          const now = slotsOf(slots, range(120, 0));
          expect(now).toMatchObject(before);
          expect(Object.values(now).sort()).toEqual(
            range(Object.keys(now).length, 1)
              .map((n) => `between-${n}`)
              .sort(),
          );
          expect(Object.keys(now).length).toBeLessThanOrEqual(10);
          const fresh = Object.keys(now)
            .map(Number)
            .filter((seq) => before[seq] === undefined);
          for (const seq of fresh) {
            const above = seqs.slice(0, seqs.indexOf(seq)).findLastIndex((one) => now[one] !== undefined);
            expect(seqs.indexOf(seq) - above).toBe(every);
          }
          before = now;
        }
      }),
    );
  });
});
