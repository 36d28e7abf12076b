import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Reachability } from '../../../src/journal/engine.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { type Pipe, ReaderConnection } from '../../../src/live/reader-connection.ts';
import { type OpenReader, Readers } from '../../../src/live/readers.ts';

/** If one of many readers throws, the others are served as before, and the one that threw is disconnected. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const unreachable: Reachability = { reachable: false, since: '2026-11-27T00:00:00.000Z' };
const thrown = new Error('it has come apart');

function crowd(broken: (keyof OpenReader)[]) {
  let tell: (reach: Reachability) => void = () => {};
  const warnings: unknown[] = [];
  const readers = new Readers({
    onReach(listener) {
      tell = listener;
      return () => {};
    },
    now: Date.now,
    log: { info() {}, warn: (fields) => void warnings.push(fields) },
    onStalled() {},
  });
  const stall = (terminate: () => void) => {
    const pipe = { ready: false, format: { name: 'stream' }, onTaken: () => () => {}, requestTaken() {}, terminate };
    new ReaderConnection(pipe as unknown as Pipe, { now: Date.now, busy: readers.busy }).busy();
  };
  const all: OpenReader[] = [];
  const open = (throwing: (keyof OpenReader)[]) => {
    const said: string[] = [];
    const say = (what: keyof OpenReader) => () => {
      said.push(what);
      if (throwing.includes(what)) throw thrown;
    };
    const [onReachChanged, askToDisconnect, sweep, endRevoked] = [
      say('onReachChanged'),
      say('askToDisconnect'),
      say('sweep'),
      say('endRevoked'),
    ];
    const close = say('close');
    const cut = () => {
      say('cut')();
      readers.remove(reader);
    };
    const acts = { onReachChanged, askToDisconnect, sweep, endRevoked, cut, close };
    const requester = { status: 'good' } as OpenReader['requester'];
    const reader: OpenReader = { transport: 'socket', requester, subscriptions: 0, needsSweep: true, ...acts };
    readers.add(reader);
    all.push(reader);
    return said;
  };
  const [first, bad, last] = [open([]), open(broken), open([])];
  const leave = () => {
    for (const reader of all) readers.remove(reader);
  };
  return { readers, first, bad, last, warnings, stall, leave, tell: (reach: Reachability) => tell(reach) };
}

it('a node with a reader that throws tells all other readers that the reachability of the store changed', () => {
  const { tell, first, bad, last, readers, warnings } = crowd(['onReachChanged']);
  tell(unreachable);
  expect([first, bad, last]).toEqual([['onReachChanged'], ['onReachChanged', 'cut'], ['onReachChanged']]);
  expect(readers.size).toBe(2);
  expect(warnings).toEqual([{ readers: 1, err: thrown }]);
});

it('a node with a reader that throws sweeps all other readers, and drops one that cannot even be disconnected', () => {
  const { readers, first, bad, last, warnings } = crowd(['sweep', 'cut']);
  vi.advanceTimersByTime(3 * liveLimits.sweepMs);
  expect([first, last]).toEqual([Array(3).fill('sweep'), Array(3).fill('sweep')]);
  expect(bad).toEqual(['sweep', 'cut']);
  expect(readers.size).toBe(2);
  expect(warnings).toHaveLength(1);
});

it('a node with a reader that throws asks all other readers to disconnect, and closes them', async () => {
  const { readers, first, bad, last } = crowd(['askToDisconnect', 'close']);
  const drained = readers.drain(100);
  await vi.advanceTimersByTimeAsync(200);
  await drained;
  expect([first, bad, last]).toEqual([
    ['askToDisconnect', 'cut'],
    ['askToDisconnect', 'cut'],
    ['askToDisconnect', 'cut'],
  ]);
  const { readers: others, first: one, last: other } = crowd(['close']);
  others.close();
  expect([one, other]).toEqual([['close'], ['close']]);
});

it('a drain ends within drainStepMs after the last reader left', async () => {
  const { readers, first, bad, last, leave } = crowd([]);
  const onDrained = vi.fn();
  void readers.drain(20 * liveLimits.drainStepMs).then(onDrained);
  await vi.advanceTimersByTimeAsync(2 * liveLimits.drainStepMs);
  expect([first, bad, last]).toEqual(Array(3).fill(['askToDisconnect']));
  expect(onDrained).not.toHaveBeenCalled();
  leave();
  await vi.advanceTimersByTimeAsync(liveLimits.drainStepMs);
  expect(onDrained).toHaveBeenCalled();
});

it('a node with a reader that throws ends all other stalled connections, and drops one that cannot be ended', () => {
  const { readers, stall, warnings } = crowd([]);
  const ended: string[] = [];
  stall(() => ended.push('first'));
  stall(() => {
    ended.push('bad');
    throw thrown;
  });
  stall(() => ended.push('last'));
  vi.advanceTimersByTime(liveLimits.stallMs - liveLimits.sweepMs);
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(liveLimits.sweepMs);
  expect(ended).toEqual(['first', 'bad', 'last']);
  expect(warnings).toEqual([{ err: thrown }]);
  expect(readers.busy.size).toBe(2);
});
