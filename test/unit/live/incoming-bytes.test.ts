import { Duplex } from 'node:stream';
import { expect, it, vi } from 'vitest';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { boundIncoming, countIncoming } from '../../../src/live/socket/incoming-bytes.ts';

const { socketBurstBytes, socketBytesPerSecond } = liveLimits;

function open() {
  const clock = { ms: 0 };
  const onCut = vi.fn();
  /** Every write waits until the test completes it. */
  let taken = () => {};
  const socket = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      taken = done;
    },
  });
  boundIncoming(socket, { now: () => clock.ms, onCut });
  return { clock, onCut, socket, take: () => taken() };
}

it('the server limits the burst of a socket after any silence, and closes a socket that exceeds it', () => {
  const { clock, onCut, socket } = open();
  clock.ms += 3_600_000;
  expect(countIncoming(socket, socketBurstBytes)).toBe(true);
  expect(countIncoming(socket, 1)).toBe(false);
  expect([onCut.mock.calls.length, socket.destroyed]).toEqual([1, true]);
});

it('the server lets a socket send at the permitted rate, and no faster', () => {
  const { clock, socket } = open();
  expect(countIncoming(socket, socketBurstBytes)).toBe(true);
  for (let seconds = 0; seconds < 5; seconds += 1) {
    clock.ms += 1_000;
    expect(countIncoming(socket, socketBytesPerSecond)).toBe(true);
  }
  expect(countIncoming(socket, 1)).toBe(false);
});

it('the server stops reading from a client that does not take its answers, until the client takes them', async () => {
  const { socket, take } = open();
  socket.push('a ping');
  await vi.waitFor(() => expect(socket.readableLength).toBe(0));
  socket.write('x'.repeat(socket.writableHighWaterMark));
  socket.push('another');
  await vi.waitFor(() => expect(socket.isPaused()).toBe(true));
  take();
  await vi.waitFor(() => expect(socket.isPaused()).toBe(false));
});
