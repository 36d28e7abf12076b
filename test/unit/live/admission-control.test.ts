import { expect, it } from 'vitest';
import { AdmissionControl } from '../../../src/live/admission-control.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';

const { handshakesMost, handshakeRetrySeconds } = liveLimits;

function opened(random = 0) {
  const rejected: string[] = [];
  const metrics = { rejections: { inc: ({ kind }: { kind: string }) => void rejected.push(kind) } };
  const admission = new AdmissionControl({ random: () => random, metrics: metrics as never });
  /** Readers from an address each. */
  const begin = (count: number) => {
    const readers = Array.from({ length: count }, () => ({}));
    for (const [nth, reader] of readers.entries())
      admission.begin(reader, `10.${nth >> 16}.${(nth >> 8) & 255}.${nth & 255}`, () => undefined);
    return readers;
  };
  return { admission, begin, rejected };
}

it('admits handshakesMost readers at once, and one more when one of them has joined', () => {
  const { admission, begin, rejected } = opened();
  const [first] = begin(handshakesMost - 1);
  expect(admission.retryDelayMs()).toBeUndefined();
  admission.requireRoom();
  admission.begin({}, '192.0.2.1', () => undefined);
  expect(() => admission.requireRoom()).toThrow(
    expect.objectContaining({ problem: expect.objectContaining({ code: 'rate-limited' }) }),
  );
  expect(admission.retryDelayMs()).toBeDefined();
  expect(rejected).toEqual(['handshakes', 'handshakes']);
  admission.end(first as object);
  admission.end(first as object);
  expect(admission.retryDelayMs()).toBeUndefined();
  admission.begin({}, '192.0.2.2', () => undefined);
  expect(admission.retryDelayMs()).toBeDefined();
});

it.each([
  [0, 1_000],
  [0.5, 1_000 * (1 + (handshakeRetrySeconds - 1) / 2)],
  [1, 1_000 * handshakeRetrySeconds],
])('spreads the retries of readers over handshakeRetrySeconds, after a second: %d is %d ms', (random, ms) => {
  const { admission, begin } = opened(random);
  begin(handshakesMost);
  expect(admission.retryDelayMs()).toBe(ms);
});

it('counts a reader once, and closes the oldest of an address that holds more than is free', () => {
  const { admission } = opened();
  const ended: number[] = [];
  const half = handshakesMost / 2;
  const readers = Array.from({ length: half + 1 }, () => ({}));
  for (const [nth, reader] of readers.entries()) {
    if (nth < half) admission.begin(reader, '192.0.2.1', () => void ended.push(nth));
    if (nth < half) admission.begin(reader, '192.0.2.1', () => void ended.push(nth));
  }
  expect(ended).toEqual([]);
  admission.begin(readers[half] as object, '192.0.2.1', () => undefined);
  expect(ended).toEqual([0]);
});
