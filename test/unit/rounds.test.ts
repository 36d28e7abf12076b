import { afterEach, expect, it, vi } from 'vitest';
import type { Reader } from '../../src/fanout/feed.ts';
import { fanoutLimits } from '../../src/fanout/limits.ts';
import { Rounds } from '../../src/fanout/rounds.ts';

/** What is handed out is a number that rises; who is handed something has it all from then on. */
const usual = { ...fanoutLimits };
afterEach(() => {
  Object.assign(fanoutLimits, usual);
});

function open(names: string) {
  Object.assign(fanoutLimits, { turnReaders: 2 });
  const readers = new Set([...names].map((name) => ({ name, offset: 0, format: { name: 'socket' } })));
  const said: string[] = [];
  const turns: (() => void)[] = [];
  let head = 0;
  const delivered = vi.fn();
  const rounds = new Rounds({
    readers: readers as unknown as ReadonlySet<Reader>,
    awaits: (reader) => reader.offset < head,
    hand(reader) {
      const events = head - reader.offset;
      said.push(`${(reader as unknown as { name: string }).name}:${reader.offset + 1}-${head}`);
      reader.offset = head;
      return events;
    },
    delivered,
    soon: (run) => turns.push(run),
  });
  const come = (bytes = 1) => {
    head += 1;
    rounds.begin(bytes);
  };
  const turn = () => turns.shift()?.();
  return { rounds, readers, said, turns, delivered, come, turn };
}

it('hands out in one write what came before the end of the turn, to some in each turn', async () => {
  const { said, turns, delivered, come, turn } = open('abc');
  come();
  come();
  expect(said).toEqual([]);
  await undefined;
  expect(said).toEqual(['a:1-2', 'b:1-2']);
  turn();
  expect(said).toEqual(['a:1-2', 'b:1-2', 'c:1-2']);
  expect(turns).toEqual([]);
  expect(delivered.mock.calls).toEqual([
    [4, 'socket'],
    [2, 'socket'],
  ]);
});

it('has what comes during a round go to those who are still to come in the same write, and to the others after them', async () => {
  const { said, come, turn, turns } = open('abcd');
  come();
  await undefined;
  come();
  turn();
  expect(said).toEqual(['a:1-1', 'b:1-1', 'c:1-2', 'd:1-2']);
  turn();
  expect(said.slice(4)).toEqual(['a:2-2', 'b:2-2']);
  turn();
  expect(turns).toEqual([]);
  expect(said).toHaveLength(6);
});

it('comes to whoever joins during a round, and not to whoever leaves', async () => {
  const { readers, said, come, turn } = open('abcd');
  come();
  await undefined;
  const [, , third] = readers;
  if (third !== undefined) readers.delete(third);
  readers.add({ name: 'e', offset: 0, format: { name: 'socket' } });
  turn();
  expect(said).toEqual(['a:1-1', 'b:1-1', 'd:1-1', 'e:1-1']);
});

it('can be stopped, and begins again with what comes', async () => {
  const { rounds, said, come, turn, turns } = open('abcd');
  come();
  await undefined;
  rounds.stop();
  turn();
  expect([said, turns]).toEqual([['a:1-1', 'b:1-1'], []]);
  come();
  await undefined;
  expect(said.slice(2)).toEqual(['a:2-2', 'b:2-2']);
});

it('goes on with what comes where something was thrown', async () => {
  const { readers, said, come, turn } = open('abc');
  const [first] = readers;
  const thrown = new Error('thrown in the test');
  Object.defineProperty(first, 'offset', {
    configurable: true,
    get: () => {
      throw thrown;
    },
  });
  const heard: unknown[] = [];
  const hear = (error: unknown) => heard.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', hear);
  try {
    come();
    await new Promise(setImmediate);
  } finally {
    process.off('uncaughtException', hear);
    for (const other of others) process.on('uncaughtException', other);
  }
  expect(heard).toEqual([thrown]);
  Object.defineProperty(first, 'offset', { value: 0, writable: true });
  come();
  await undefined;
  turn();
  turn();
  expect(new Set(said)).toEqual(new Set(['a:1-2', 'b:1-2', 'c:1-2']));
});

it('hands everything out before the tail has to let go of what some have not had', async () => {
  const { said, come } = open('abcd');
  come(fanoutLimits.tailBytes / 4);
  await undefined;
  expect(said).toHaveLength(2);
  come(fanoutLimits.tailBytes / 3);
  expect(said).toHaveLength(6);
  // From there it is counted anew.
  come(fanoutLimits.tailBytes / 4);
  expect(said).toHaveLength(6);
});
