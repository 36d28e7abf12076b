import { afterEach, expect, it } from 'vitest';
import { Turns } from '../../../src/streams/fair-scheduler.ts';
import { fanoutLimits } from '../../../src/streams/stream-limits.ts';

const usual = { ...fanoutLimits };
afterEach(() => {
  Object.assign(fanoutLimits, usual);
});

/** Feeds that have so much to hand out, named by letters; three readers make a turn. */
function open(amounts: Record<string, number>) {
  Object.assign(fanoutLimits, { turnReaders: 3 });
  const later: (() => void)[] = [];
  const turns = new Turns((run) => later.push(run));
  const said: string[] = [];
  const takers = Object.entries(amounts).map(([name, amount]) => ({
    left: amount,
    take(most: number) {
      const taken = Math.min(most, this.left);
      this.left -= taken;
      if (taken > 0) said.push(`${name}${taken}`);
      return taken;
    },
  }));
  const turn = () => {
    said.length = 0;
    later.shift()?.();
    return said.join(' ');
  };
  return { turns, takers, said, later, turn };
}

it('has all feeds share a turn, and one that did not get done wait behind the others', async () => {
  const { turns, takers, said, later, turn } = open({ a: 5, b: 1, c: 4 });
  for (const taker of takers) turns.ask(taker);
  expect(said).toEqual([]);
  await undefined;
  expect(said).toEqual(['a3']);
  expect([turn(), turn(), turn(), turn()]).toEqual(['b1 c2', 'a2 c1', 'c1', '']);
  expect(later).toEqual([]);
});

it('has a feed wait once, however often it asks, and keeps its place', async () => {
  const { turns, takers, said, later, turn } = open({ a: 4, b: 3, c: 1 });
  for (const taker of takers) turns.ask(taker);
  await undefined;
  expect(said).toEqual(['a3']);
  for (const taker of [...takers].reverse()) turns.ask(taker);
  expect(later).toHaveLength(1);
  expect([turn(), turn()]).toEqual(['b3', 'c1 a1']);
});

it('goes on with the others where one throws', async () => {
  const { turns, takers, turn, said, later } = open({ a: 1, b: 2 });
  const thrown = new Error('thrown in the test');
  const heard: unknown[] = [];
  const hear = (error: unknown) => heard.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', hear);
  try {
    turns.ask({
      take() {
        throw thrown;
      },
    });
    for (const taker of takers) turns.ask(taker);
    await new Promise(setImmediate);
  } finally {
    process.off('uncaughtException', hear);
    for (const other of others) process.on('uncaughtException', other);
  }
  expect(heard).toEqual([thrown]);
  expect(said).toEqual([]);
  expect(turn()).toBe('a1 b2');
  expect(later.length).toBeLessThanOrEqual(1);
});
