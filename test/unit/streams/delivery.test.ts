import { afterEach, expect, it, vi } from 'vitest';
import { Delivery } from '../../../src/streams/delivery.ts';
import { FairScheduler } from '../../../src/streams/fair-scheduler.ts';
import { streamLimits } from '../../../src/streams/stream-limits.ts';
import type { StreamReader } from '../../../src/streams/stream-reader.ts';

/** Delivers a rising number. A reader that received it has everything up to that number. */
const usual = { ...streamLimits };
afterEach(() => {
  Object.assign(streamLimits, usual);
});

const reader = (name: string) => ({ name, offset: 0, format: { name: 'socket' }, weight: 1, ready: true, lag: () => {} });

function open(names: string) {
  Object.assign(streamLimits, { turnReaders: 2 });
  const readers = new Set([...names].map((name) => reader(name)));
  const said: string[] = [];
  const turns: (() => void)[] = [];
  const scheduler = new FairScheduler((run) => turns.push(run));
  let head = 0;
  const delivered = vi.fn();
  const onFailure = vi.fn();
  const delivery = new Delivery({
    readers: readers as unknown as ReadonlySet<StreamReader>,
    isBehind: (reader) => reader.offset < head,
    deliver(reader) {
      const events = head - reader.offset;
      said.push(`${(reader as unknown as { name: string }).name}:${reader.offset + 1}-${head}`);
      reader.offset = head;
      return events;
    },
    onFailure,
    delivered,
    turnEnded: () => {},
    scheduler: scheduler,
  });
  const come = (bytes = 1) => {
    head += 1;
    delivery.begin(bytes);
  };
  const turn = () => turns.shift()?.();
  return { delivery, readers, said, turns, onFailure, delivered, come, turn };
}

it('a channel stream delivers in one write what came before the end of the turn, to some readers per turn', async () => {
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

it('a channel stream delivers what comes during a round to the remaining readers in the same write, and to the others in the next round', async () => {
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

it('a channel stream includes readers who join during a round, and no readers who left', async () => {
  const { readers, said, come, turn } = open('abcd');
  come();
  await undefined;
  const [, , third] = readers;
  if (third !== undefined) readers.delete(third);
  readers.add(reader('e'));
  turn();
  expect(said).toEqual(['a:1-1', 'b:1-1', 'd:1-1', 'e:1-1']);
});

it('a channel stream counts a busy reader toward the turn, and tells it that it is behind', async () => {
  const { readers, said, turns, come, turn } = open('abcd');
  for (const one of [...readers].slice(0, 3)) Object.assign(one, { ready: false, lag: () => said.push(`${one.name} is behind`) });
  come();
  await undefined;
  expect(said).toEqual(['a is behind', 'b is behind']);
  turn();
  expect(said.slice(2)).toEqual(['c is behind', 'd:1-1']);
  turn();
  expect(turns).toEqual([]);
});

it('a channel stream can be stopped, and starts again with the next entry', async () => {
  const { delivery, said, come, turn, turns } = open('abcd');
  come();
  await undefined;
  delivery.stop();
  turn();
  expect([said, turns]).toEqual([['a:1-1', 'b:1-1'], []]);
  come();
  await undefined;
  expect(said.slice(2)).toEqual(['a:2-2', 'b:2-2']);
});

it('a channel stream skips a reader that makes it throw, and serves the others in the same turn', async () => {
  const { readers, said, onFailure, come, turns } = open('abcdef');
  Object.assign(streamLimits, { turnReaders: 6 });
  const [first, , third, , , last] = readers;
  const thrown = [new Error('asked'), new Error('handed'), new Error('at the end')];
  const throws = (error: unknown) => () => {
    throw error;
  };
  Object.defineProperty(first, 'offset', { get: throws(thrown[0]) });
  Object.defineProperty(third, 'offset', { get: () => 0, set: throws(thrown[1]) });
  Object.defineProperty(last, 'offset', { get: () => 0, set: throws(thrown[2]) });
  for (const reader of [first, third, last]) onFailure.mockImplementationOnce(() => reader && readers.delete(reader));
  come();
  await undefined;
  expect(said).toEqual(['b:1-1', 'c:1-1', 'd:1-1', 'e:1-1', 'f:1-1']);
  expect(onFailure.mock.calls).toEqual([
    [first, thrown[0]],
    [third, thrown[1]],
    [last, thrown[2]],
  ]);
  expect(turns).toEqual([]);
});

it('a channel stream delivers everything at once before the tail would drop changes that some readers lack', async () => {
  const { said, come } = open('abcd');
  come(streamLimits.tailBytes / 4);
  await undefined;
  expect(said).toHaveLength(2);
  come(streamLimits.tailBytes / 3);
  expect(said).toHaveLength(6);
  // The count starts again.
  come(streamLimits.tailBytes / 4);
  expect(said).toHaveLength(6);
});
