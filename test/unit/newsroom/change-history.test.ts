import { describe, expect, it } from 'vitest';
import { withChange, withChannelChange } from '../../../src/newsroom/change-history.ts';
import { bytesOf } from '../../../src/newsroom/decision.ts';
import type { Change } from '../../../src/protocol/model.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';

const at = '2026-11-24T12:00:00.000Z';
const change = (revision: number, kind: Change['kind'] = 'correction', note = 'n') => ({ revision, kind, note, at, by: 'ada' });
const changes = (count: number, ...kind: [Change['kind']?]) =>
  Array.from({ length: count }, (_, nth) => change(nth + 2, ...kind));
const revisions = (history: readonly Change[]) => history.map(({ revision }) => revision);

describe('the history of a post', () => {
  it('holds historyChanges changes, and loses its oldest refile or update beyond', () => {
    const almost = [
      change(2),
      change(3, 'update'),
      change(4, 'refile'),
      ...changes(limits.historyChanges - 4).map((one, nth) => ({ ...one, revision: nth + 5 })),
    ];
    const full = withChange(almost, change(98));
    expect(full).toHaveLength(limits.historyChanges);
    expect(revisions(full).slice(0, 3)).toEqual([2, 3, 4]);
    const next = withChange(full, change(99));
    expect(next).toHaveLength(limits.historyChanges);
    expect(revisions(next).slice(0, 2)).toEqual([2, 4]);
    expect(revisions(withChange(next, change(100))).slice(0, 2)).toEqual([2, 5]);
  });

  it('loses its oldest change beyond historyChanges if all are corrections', () => {
    const full = changes(limits.historyChanges);
    expect(revisions(withChange(full, change(99)))[0]).toBe(3);
  });

  it('holds historyBytes as JSON, and loses a change beyond', () => {
    const before = changes(10);
    const room = limits.historyBytes - bytesOf([...before, change(50, 'correction', '')]);
    const largest = withChange(before, change(50, 'correction', 'x'.repeat(room)));
    expect([largest.length, bytesOf(largest)]).toEqual([11, limits.historyBytes]);
    expect(revisions(withChange(before, change(50, 'correction', 'x'.repeat(room + 1))))[0]).toBe(3);
  });
});

describe('the history of a channel', () => {
  it('holds historyChanges changes of any kind, the newest', () => {
    const almost = changes(limits.historyChanges - 1, 'update');
    expect(withChannelChange(almost, change(98))).toEqual([...almost, change(98)]);
    expect(revisions(withChannelChange([...almost, change(98)], change(99)))).toEqual([...revisions(almost).slice(1), 98, 99]);
  });
});
