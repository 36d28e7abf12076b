import fc from 'fast-check';
import { expect, it } from 'vitest';
import { channelIdPattern } from '../../../src/protocol/field-rules.ts';
import { matches } from '../../../src/protocol/rights.ts';

const neighbours = ['storm', 'storm-2', 'storm2', 'stor', 'a-storm', 's'];

it('a right to one channel is no right to a channel whose id begins or ends alike', () => {
  for (const id of neighbours) expect(neighbours.filter((other) => matches([id], other))).toEqual([id]);
  expect(neighbours.filter((id) => matches(['storm-*'], id))).toEqual(['storm-2']);
  expect(neighbours.filter((id) => matches(['storm*'], id))).toEqual(['storm', 'storm-2', 'storm2']);
  expect(neighbours.filter((id) => matches(['*'], id))).toEqual(neighbours);
  expect(neighbours.filter((id) => matches([], id))).toEqual([]);
});

it('a right matches exactly the channels that its pattern names', () => {
  const channelId = fc.oneof(fc.constantFrom(...neighbours), fc.stringMatching(channelIdPattern));
  fc.assert(
    fc.property(channelId, channelId, fc.nat(), (id, named, length) => {
      expect(matches([named], id)).toBe(named === id);
      const start = named.slice(0, length % (named.length + 1));
      expect(matches([`${start}*`], id)).toBe(id.slice(0, start.length) === start);
    }),
  );
});
