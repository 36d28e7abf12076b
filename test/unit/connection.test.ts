import { expect, it } from 'vitest';
import { Connection, type Pipe } from '../../src/reader/connection.ts';
import type { Subscription } from '../../src/reader/subscription.ts';

it('has the subscriptions of a connection that is busy again and again take turns, the longest waiting first', () => {
  let taken = () => {};
  let ready = false;
  const pipe = {
    open: true,
    get ready() {
      return ready;
    },
    tell() {},
    onTaken(listener: () => void) {
      taken = listener;
      return () => {};
    },
  };
  const connection = new Connection(pipe as unknown as Pipe, { now: () => 1 });
  const written: string[] = [];
  // Each write fills it, and does not bring all that was missed.
  const missing = (name: string): Subscription => {
    const pump = () => {
      written.push(name);
      ready = false;
      connection.lag(subscription);
    };
    const subscription = { pump } as unknown as Subscription;
    return subscription;
  };
  for (const name of ['first', 'second', 'third']) connection.lag(missing(name));
  for (let writes = 0; writes < 6; writes += 1) {
    ready = true;
    taken();
  }
  expect(written).toEqual(['first', 'second', 'third', 'first', 'second', 'third']);
});
