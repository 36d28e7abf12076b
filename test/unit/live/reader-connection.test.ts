import { expect, it } from 'vitest';
import { type Pipe, ReaderConnection } from '../../../src/live/reader-connection.ts';
import type { Subscription } from '../../../src/live/subscription.ts';

/** A connection that one write fills, and of which the test says when that was taken. */
function open() {
  let taken = () => {};
  let ready = false;
  const pipe = {
    open: true,
    get ready() {
      return ready;
    },
    requestTaken() {},
    onTaken(listener: () => void) {
      taken = listener;
      return () => {};
    },
  };
  const soon: (() => void)[] = [];
  const busy = new Set<ReaderConnection>();
  const connection = new ReaderConnection(pipe as unknown as Pipe, { now: () => 1, busy, defer: (run) => void soon.push(run) });
  const written: string[] = [];
  /** One that missed something, which so many writes bring. */
  const missed = (name: string, writes: number) => {
    let left = writes;
    const pump = () => {
      written.push(name);
      ready = false;
      left -= 1;
      if (left > 0) connection.lag(subscription);
    };
    const subscription = { pump } as unknown as Subscription;
    connection.lag(subscription);
  };
  return {
    connection,
    busy,
    soon,
    written,
    missed,
    free() {
      ready = true;
    },
    take() {
      ready = true;
      taken();
    },
  };
}

it('has the subscriptions of a connection that is busy again and again take turns, the longest waiting first', () => {
  const { written, missed, take } = open();
  for (const name of ['first', 'second', 'third']) missed(name, 2);
  for (let writes = 0; writes < 6; writes += 1) take();
  expect(written).toEqual(['first', 'second', 'third', 'first', 'second', 'third']);
});

it('comes to each that waits, and counts as busy until none does', () => {
  const { connection, written, missed, busy, take } = open();
  for (const name of ['first', 'second']) missed(name, 1);
  take();
  expect([written, connection.busySince, busy.size]).toEqual([['first'], 1, 1]);
  take();
  expect([written, connection.busySince, busy.size]).toEqual([['first', 'second'], 0, 0]);
});

it('comes in the next turn to who waits though nothing is to be taken', () => {
  const { written, missed, soon, free } = open();
  free();
  missed('one', 1);
  expect(written).toEqual([]);
  for (const run of soon) run();
  expect(written).toEqual(['one']);
});
