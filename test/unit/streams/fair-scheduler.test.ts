import { afterEach, expect, it } from 'vitest';
import { FairScheduler } from '../../../src/streams/fair-scheduler.ts';
import { streamLimits } from '../../../src/streams/stream-limits.ts';

const usual = { ...streamLimits };
afterEach(() => {
  Object.assign(streamLimits, usual);
});

/** Channel streams with much to deliver, named by letters. A turn has room for three readers. */
function open(amounts: Record<string, number>) {
  Object.assign(streamLimits, { turnReaders: 3 });
  const later: (() => void)[] = [];
  const scheduler = new FairScheduler((run) => later.push(run));
  const said: string[] = [];
  const tasks = Object.entries(amounts).map(([name, amount]) => ({
    left: amount,
    run(most: number) {
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
  return { scheduler, tasks, said, later, turn };
}

it('the fair scheduler shares a turn between all streams, and puts an unfinished one behind the others', async () => {
  const { scheduler, tasks, said, later, turn } = open({ a: 5, b: 1, c: 4 });
  for (const task of tasks) scheduler.schedule(task);
  expect(said).toEqual([]);
  await undefined;
  expect(said).toEqual(['a3']);
  expect([turn(), turn(), turn(), turn()]).toEqual(['b1 c2', 'a2 c1', 'c1', '']);
  expect(later).toEqual([]);
});

it('the fair scheduler queues a stream once, however often it asks, at its first position', async () => {
  const { scheduler, tasks, said, later, turn } = open({ a: 4, b: 3, c: 1 });
  for (const task of tasks) scheduler.schedule(task);
  await undefined;
  expect(said).toEqual(['a3']);
  for (const task of [...tasks].reverse()) scheduler.schedule(task);
  expect(later).toHaveLength(1);
  expect([turn(), turn()]).toEqual(['b3', 'c1 a1']);
});

it('the fair scheduler continues with the other streams if one throws', async () => {
  const { scheduler, tasks, turn, said, later } = open({ a: 1, b: 2 });
  const thrown = new Error('thrown in the test');
  const heard: unknown[] = [];
  const hear = (error: unknown) => heard.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', hear);
  try {
    scheduler.schedule({
      run() {
        throw thrown;
      },
    });
    for (const task of tasks) scheduler.schedule(task);
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
