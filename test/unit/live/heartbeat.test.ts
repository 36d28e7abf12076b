import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { Heartbeat, type Pingable } from '../../../src/live/socket/heartbeat.ts';
import { silenceMs } from '../../../src/protocol/client-limits.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const everyMs = 1_000;
const withinMs = 600;
const earlyMs = 100;
const stepMs = 50;

function beating(random: () => number = () => 0.5) {
  const heartbeat = new Heartbeat({ everyMs, withinMs, earlyMs, stepMs, random });
  const began = Date.now();
  const answered = (one: Pingable) => {
    one.isPongAwaited = false;
  };
  const open = (answers: boolean) => {
    const one: Pingable & { pings: number[]; missed: number[]; failures: unknown[] } = {
      isPingDue: false,
      isPongAwaited: false,
      slot: 0,
      pings: [],
      missed: [],
      failures: [],
      ping() {
        one.pings.push(Date.now() - began);
        if (answers) setTimeout(() => answered(one), withinMs - stepMs);
      },
      onTimeout() {
        one.missed.push(Date.now() - began);
        heartbeat.remove(one);
      },
      onError(error) {
        one.failures.push(error);
      },
    };
    heartbeat.add(one);
    return one;
  };
  return { heartbeat, open };
}

it('asks each once in every time, and never gives up one that answers', () => {
  const { open } = beating();
  const one = open(true);
  vi.advanceTimersByTime(10 * everyMs);
  expect(one.pings).toEqual(Array.from({ length: 10 }, (_, turn) => turn * everyMs + everyMs / 2));
  expect(one.missed).toEqual([]);
});

it('gives up one that does not answer, when its time is over and not before', () => {
  const { open } = beating();
  const [silent, other] = [open(false), open(true)];
  vi.advanceTimersByTime(5 * everyMs);
  expect(silent.pings).toEqual([500]);
  expect(silent.missed).toEqual([500 + withinMs]);
  expect(other.pings).toHaveLength(5);
});

it('asks no second time who was asked with something else shortly before, and gives up likewise who does not answer', () => {
  const { open } = beating();
  const [one, silent] = [open(true), open(true)];
  const due: number[] = [];
  for (let ms = stepMs; ms <= 3 * everyMs; ms += stepMs) {
    vi.advanceTimersByTime(stepMs);
    if (one.isPingDue) due.push(ms);
    if (ms === 1_450) {
      for (const asked of [one, silent]) Object.assign(asked, { isPingDue: false, isPongAwaited: true });
      setTimeout(() => Object.assign(one, { isPongAwaited: false }), withinMs);
    }
  }
  // It was asked with something else in the second turn, and not again.
  expect(due).toEqual([400, 450, 1_400, 1_450, 2_400, 2_450]);
  expect([one.pings, one.missed]).toEqual([[500, 2_500], []]);
  expect([silent.pings, silent.missed]).toEqual([[500], [1_500 + withinMs]]);
});

it('goes on with the others where one throws, asked or given up, and asks it no more', () => {
  const { open } = beating();
  const thrown = new Error('it has come apart');
  const fault = () => {
    throw thrown;
  };
  const [askedInVain, before, givenUpInVain, after] = [open(false), open(true), open(false), open(true)];
  Object.assign(askedInVain, { ping: fault });
  Object.assign(givenUpInVain, { onTimeout: fault });
  vi.advanceTimersByTime(5 * everyMs);
  expect([askedInVain.failures, givenUpInVain.failures]).toEqual([[thrown], [thrown]]);
  expect(givenUpInVain.pings).toHaveLength(1);
  for (const other of [before, after]) expect([other.pings.length, other.missed, other.failures]).toEqual([5, [], []]);
});

it('asks a crowd that came at one moment at many', () => {
  let drawn = 0;
  const { open } = beating(() => (drawn++ % 20) / 20);
  const crowd = Array.from({ length: 100 }, () => open(true));
  vi.advanceTimersByTime(everyMs);
  const moments = Map.groupBy(
    crowd.flatMap(({ pings }) => pings),
    (ms) => ms,
  );
  expect([...moments.values()].map(({ length }) => length)).toEqual(Array(20).fill(5));
});

it('asks nobody any more who has left, or when it is stopped', () => {
  const { heartbeat, open } = beating();
  const [gone, there] = [open(true), open(true)];
  vi.advanceTimersByTime(everyMs);
  heartbeat.remove(gone);
  vi.advanceTimersByTime(everyMs);
  heartbeat.stop();
  vi.advanceTimersByTime(everyMs);
  expect([gone.pings.length, there.pings.length]).toEqual([1, 2]);
  expect(vi.getTimerCount()).toBe(0);
});

it('asks often enough for clients, and late enough for the last answer, however early some pings go with something else', () => {
  const [pingMs, answerMs] = [limits.pingSeconds * 1_000, limits.pingTimeoutSeconds * 1_000];
  const heartbeat = new Heartbeat({ everyMs: pingMs, withinMs: answerMs, random: () => 0 });
  const pings: number[] = [];
  let missed = 0;
  const asked = (one: Pingable) => {
    Object.assign(one, { isPingDue: false, isPongAwaited: true });
    pings.push(Date.now());
    // The last moment at which it still counts.
    setTimeout(() => Object.assign(one, { isPongAwaited: false }), answerMs - 1);
  };
  const one: Pingable = {
    ...{ isPingDue: false, isPongAwaited: false, slot: 0 },
    ping: () => asked(one),
    onTimeout() {
      missed += 1;
    },
    onError() {},
  };
  heartbeat.add(one);
  for (let ms = 0; ms < 10 * pingMs; ms += liveLimits.pingStepMs) {
    vi.advanceTimersByTime(liveLimits.pingStepMs);
    // Every other one goes as early as it may.
    if (one.isPingDue && pings.length % 2 === 1) asked(one);
  }
  heartbeat.stop();
  const gaps = pings.slice(1).map((at, nth) => at - (pings[nth] as number));
  expect([Math.min(...gaps), Math.max(...gaps)]).toEqual([pingMs - liveLimits.pingEarlyMs, pingMs + liveLimits.pingEarlyMs]);
  expect(missed).toBe(0);
  expect(Math.min(...gaps)).toBeGreaterThan(answerMs);
  // Over 32 kbit/s a part of a long message takes four seconds before the ping behind it arrives.
  expect(Math.max(...gaps) + liveLimits.pingStepMs + 4_000).toBeLessThan(silenceMs);
  for (const ms of [pingMs, answerMs, liveLimits.pingEarlyMs]) expect(ms % liveLimits.pingStepMs).toBe(0);
});
