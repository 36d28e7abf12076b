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
      onPongTimeout() {
        one.missed.push(Date.now() - began);
        heartbeat.remove(one);
      },
      onPingFailed(error) {
        one.failures.push(error);
      },
    };
    heartbeat.add(one);
    return one;
  };
  return { heartbeat, open };
}

it('the heartbeat pings each connection once per interval, and never times out one that answers', () => {
  const { open } = beating();
  const one = open(true);
  vi.advanceTimersByTime(10 * everyMs);
  expect(one.pings).toEqual(Array.from({ length: 10 }, (_, turn) => turn * everyMs + everyMs / 2));
  expect(one.missed).toEqual([]);
});

it('the heartbeat times out a connection that does not answer when the timeout is over, and not earlier', () => {
  const { open } = beating();
  const [silent, other] = [open(false), open(true)];
  vi.advanceTimersByTime(5 * everyMs);
  expect(silent.pings).toEqual([500]);
  expect(silent.missed).toEqual([500 + withinMs]);
  expect(other.pings).toHaveLength(5);
});

it('the heartbeat sends no separate ping soon after one that was sent with other data, and still times out a connection that does not answer', () => {
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
  // In the second interval the ping was sent with other data, so no separate ping followed.
  expect(due).toEqual([400, 450, 1_400, 1_450, 2_400, 2_450]);
  expect([one.pings, one.missed]).toEqual([[500, 2_500], []]);
  expect([silent.pings, silent.missed]).toEqual([[500], [1_500 + withinMs]]);
});

it('the heartbeat continues with the other connections if one throws, and does not ping the one that threw again', () => {
  const { open } = beating();
  const thrown = new Error('it has come apart');
  const fault = () => {
    throw thrown;
  };
  const [askedInVain, before, givenUpInVain, after] = [open(false), open(true), open(false), open(true)];
  Object.assign(askedInVain, { ping: fault });
  Object.assign(givenUpInVain, { onPongTimeout: fault });
  vi.advanceTimersByTime(5 * everyMs);
  expect([askedInVain.failures, givenUpInVain.failures]).toEqual([[thrown], [thrown]]);
  expect(givenUpInVain.pings).toHaveLength(1);
  for (const other of [before, after]) expect([other.pings.length, other.missed, other.failures]).toEqual([5, [], []]);
});

it('the heartbeat spreads the pings of connections that opened at the same moment', () => {
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

it('the heartbeat stops pinging a connection that was removed, and all of them when it is stopped', () => {
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

it('the heartbeat pings before clients time out, and after the last answer, even if some pings are sent early with other data', () => {
  const [pingMs, answerMs] = [limits.pingSeconds * 1_000, limits.pingTimeoutSeconds * 1_000];
  const heartbeat = new Heartbeat({ everyMs: pingMs, withinMs: answerMs, random: () => 0 });
  const pings: number[] = [];
  let missed = 0;
  const sendPing = (one: Pingable) => {
    Object.assign(one, { isPingDue: false, isPongAwaited: true });
    pings.push(Date.now());
    // The last moment at which the answer counts.
    setTimeout(() => Object.assign(one, { isPongAwaited: false }), answerMs - 1);
  };
  const one: Pingable = {
    ...{ isPingDue: false, isPongAwaited: false, slot: 0 },
    ping: () => sendPing(one),
    onPongTimeout() {
      missed += 1;
    },
    onPingFailed() {},
  };
  heartbeat.add(one);
  for (let ms = 0; ms < 10 * pingMs; ms += liveLimits.pingStepMs) {
    vi.advanceTimersByTime(liveLimits.pingStepMs);
    // Every second ping is sent as early as allowed.
    if (one.isPingDue && pings.length % 2 === 1) sendPing(one);
  }
  heartbeat.stop();
  const gaps = pings.slice(1).map((at, nth) => at - (pings[nth] as number));
  expect([Math.min(...gaps), Math.max(...gaps)]).toEqual([pingMs - liveLimits.pingEarlyMs, pingMs + liveLimits.pingEarlyMs]);
  expect(missed).toBe(0);
  expect(Math.min(...gaps)).toBeGreaterThan(answerMs);
  // At 32 kbit/s, a part of a long message takes four seconds to arrive before the ping behind it.
  expect(Math.max(...gaps) + liveLimits.pingStepMs + 4_000).toBeLessThan(silenceMs);
  for (const ms of [pingMs, answerMs, liveLimits.pingEarlyMs]) expect(ms % liveLimits.pingStepMs).toBe(0);
});
