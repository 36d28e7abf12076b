import { expect, it } from 'vitest';
import { type Pipe, ReaderConnection } from '../../../src/live/reader-connection.ts';
import type { Subscription } from '../../../src/live/subscription.ts';

/** A connection that one write fills. The test decides when the write was taken. */
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
  /** A subscription that needs `writes` writes to catch up. */
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

it('a busy reader connection lets its subscriptions take turns, the longest waiting first', () => {
  const { written, missed, take } = open();
  for (const name of ['first', 'second', 'third']) missed(name, 2);
  for (let writes = 0; writes < 6; writes += 1) take();
  expect(written).toEqual(['first', 'second', 'third', 'first', 'second', 'third']);
});

it('a reader connection serves each waiting subscription, and counts as busy until none waits', () => {
  const { connection, written, missed, busy, take } = open();
  for (const name of ['first', 'second']) missed(name, 1);
  take();
  expect([written, connection.busySince, busy.size]).toEqual([['first'], 1, 1]);
  take();
  expect([written, connection.busySince, busy.size]).toEqual([['first', 'second'], 0, 0]);
});

it('a reader connection serves a waiting subscription in the next turn if the connection is free', () => {
  const { written, missed, soon, free } = open();
  free();
  missed('one', 1);
  expect(written).toEqual([]);
  for (const run of soon) run();
  expect(written).toEqual(['one']);
});
