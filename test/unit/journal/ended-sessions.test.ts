import { expect, it } from 'vitest';
import { EndedSessions } from '../../../src/journal/ended-sessions.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';

it('stays at its bound if lines arrive that were read before a cutoff replaced them', () => {
  const ended = new EndedSessions(() => 0);
  const session = (begunAt: number) => ({ subject: `subject-${begunAt}`, id: `id-${begunAt}`, begunAt, until: 1_000_000 });
  const lines: string[] = [];
  for (let begunAt = 0; begunAt <= limits.endedSessions; begunAt += 1) {
    const { add, remove } = ended.plan(session(begunAt));
    lines.push(...add);
    ended.apply({ add, remove });
  }
  const { size } = ended;
  expect(size).toBeLessThan(limits.endedSessions);
  ended.apply({ add: lines, remove: [] });
  expect(ended.size).toBe(size);
  expect(ended.has(session(0))).toBe(true);
});
