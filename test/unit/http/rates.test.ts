import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rateLimits } from '../../../src/http/http-limits.ts';
import { addressKey, createRates, type RateKind } from '../../../src/http/rates.ts';
import { Refusal } from '../../../src/protocol/problems.ts';

function start(limits: Partial<Parameters<typeof createRates>[0]>) {
  const clock = { ms: 1_000_000 };
  const rejected: RateKind[] = [];
  const rates = createRates(
    { writesPerSecond: 0, requestsPerSecond: 0, connectionsPerAddress: 0, ...limits },
    { now: () => clock.ms, onRejected: (kind) => rejected.push(kind) },
  );
  return { rates, clock, rejected };
}

/** Seconds to wait, or 0 if the call was allowed. */
function waitOf(ask: () => void): number {
  try {
    ask();
    return 0;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    expect(error.problem.code).toBe('rate-limited');
    return error.problem.retryAfter ?? Number.NaN;
  }
}

function countUntilRefused(ask: () => void): number {
  for (let count = 0; ; count += 1) if (waitOf(ask) > 0) return count;
}

describe('the rate of writes', () => {
  it.each([1, 3, 7, 20, 300])('allows a burst of exactly ten times %i a second, then the rate', (writesPerSecond) => {
    const { rates, clock, rejected } = start({ writesPerSecond });
    const write = () => rates.writes('ida');
    expect(countUntilRefused(write)).toBe(10 * writesPerSecond);
    for (let second = 0; second < 5; second += 1) {
      clock.ms += 1000;
      expect(countUntilRefused(write)).toBe(writesPerSecond);
    }
    expect(rejected).toEqual(Array(6).fill('writes'));
    clock.ms += 60_000;
    expect(countUntilRefused(write)).toBe(10 * writesPerSecond);
  });

  it('reports the seconds after which a write is allowed', () => {
    const { rates, clock } = start({ writesPerSecond: 20 });
    const write = () => rates.writes('ida');
    countUntilRefused(write);
    const wait = waitOf(write);
    expect(wait).toBe(1);
    clock.ms += wait * 1000;
    expect(waitOf(write)).toBe(0);
  });

  it('applies to each writer separately', () => {
    const { rates } = start({ writesPerSecond: 1 });
    countUntilRefused(() => rates.writes('ida'));
    expect(waitOf(() => rates.writes('nellie'))).toBe(0);
  });

  it('has no limit at 0', () => {
    const { rates, rejected } = start({});
    for (let count = 0; count < 10_000; count += 1) {
      rates.writes('ida');
      rates.requests('192.0.2.1');
      rates.connection('192.0.2.1');
    }
    expect(rejected).toEqual([]);
  });

  it('allows in any period at most ten seconds’ worth of writes plus the rate for that period, whatever the pattern of calls', () => {
    const perSecond = 5;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 50, maxLength: 300 }), (pauses) => {
        const { rates, clock } = start({ writesPerSecond: perSecond });
        const taken: number[] = [];
        for (const pause of pauses) {
          clock.ms += pause;
          while (waitOf(() => rates.writes('ida')) === 0) taken.push(clock.ms);
        }
        for (const [first, from] of taken.entries()) {
          const last = taken.length - 1;
          const span = (taken[last] as number) - from;
          expect(last - first + 1).toBeLessThanOrEqual(10 * perSecond + (span * perSecond) / 1000 + 1e-6);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('the rate of requests', () => {
  it('counts an IPv4 address and the IPv6 address that maps it as one', () => {
    const { rates } = start({ requestsPerSecond: 1 });
    countUntilRefused(() => rates.requests('192.0.2.1'));
    for (const same of ['::ffff:192.0.2.1', '::ffff:c000:201', '0:0:0:0:0:FFFF:192.0.2.1']) {
      expect(waitOf(() => rates.requests(same))).toBeGreaterThan(0);
    }
    expect(waitOf(() => rates.requests('192.0.2.2'))).toBe(0);
  });

  it('counts the IPv6 addresses of one /64 as one', () => {
    const { rates } = start({ requestsPerSecond: 1 });
    countUntilRefused(() => rates.requests('2001:db8:1:2::1'));
    expect(waitOf(() => rates.requests('2001:db8:1:2:ffff:ffff:ffff:ffff'))).toBeGreaterThan(0);
    expect(waitOf(() => rates.requests('2001:db8:1:3::1'))).toBe(0);
  });

  it.each([
    ['2001:DB8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
    ['1::8', '1:0:0:0::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['[2001:db8::1]:4711', '2001:db8:0:0::/64'],
    ['[2001:db8::1]', '2001:db8:0:0::/64'],
    ['[::ffff:192.0.2.1]:80', '192.0.2.1'],
    ['[[2001:db8::1]]', 'unknown'],
    ['192.0.2.1:', 'unknown'],
    ['', 'unknown'],
    ['nonsense', 'unknown'],
  ])('maps %s to %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  it('maps an IPv6 address to its /64 and a mapped one to its IPv4 address, in any spelling', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    const any = fc.array(group, { minLength: 8, maxLength: 8 });
    const mapped = fc.tuple(group, group).map((last) => [0, 0, 0, 0, 0, 0xffff, ...last]);
    const spelling = fc.record({
      groups: fc.oneof(any, mapped),
      nth: fc.nat(),
      isLong: fc.boolean(),
      isLoud: fc.boolean(),
      isDotted: fc.boolean(),
    });
    fc.assert(
      fc.property(spelling, ({ groups, nth, isLong, isLoud, isDotted }) => {
        const bytes = groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]);
        const parts = groups.map((group) => group.toString(16).padStart(isLong ? 4 : 1, '0'));
        if (isDotted) parts.splice(6, 2, bytes.join('.'));
        const zeros = [...parts.join(':').matchAll(/(?<=^|:)0+(?::0+)*(?=:|$)/g)];
        const { index, 0: run } = zeros[nth % (zeros.length + 1)] ?? { index: 0, 0: '' };
        const whole = parts.join(':');
        const short =
          run === '' ? whole : `${whole.slice(0, index).replace(/:$/, '')}::${whole.slice(index + run.length).replace(/^:/, '')}`;
        const isMapped = groups.slice(0, 6).join() === '0,0,0,0,0,65535';
        const key = isMapped
          ? bytes.join('.')
          : `${groups
              .slice(0, 4)
              .map((group) => group.toString(16))
              .join(':')}::/64`;
        expect(addressKey(isLoud ? short.toUpperCase() : short)).toBe(key);
      }),
      { numRuns: 2_000 },
    );
  });

  it('remembers as many addresses as half of bucketsMost, whatever else arrives', () => {
    const { rates } = start({ requestsPerSecond: 1 });
    const first = () => rates.requests('192.0.2.1');
    countUntilRefused(first);
    // Each half is dropped when the other one is full too.
    for (let index = 0; index < rateLimits.bucketsMost - 2; index += 1) {
      rates.requests(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
    }
    expect(waitOf(first)).toBeGreaterThan(0);
  });

  it('keeps its memory bounded: with very many addresses it forgets those with the oldest requests', () => {
    const { rates } = start({ requestsPerSecond: 1 });
    const first = () => rates.requests('192.0.2.1');
    const ofMany = (index: number) => rates.requests(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
    countUntilRefused(first);
    for (let index = 0; index < 49_000; index += 1) ofMany(index);
    expect(waitOf(first)).toBeGreaterThan(0);
    for (let index = 0; index < 110_000; index += 1) ofMany(index);
    expect(countUntilRefused(first)).toBe(10);
  });

  it('remembers the requests of the last ten seconds, whenever they were made', () => {
    for (let startedAt = 0; startedAt < 20_000; startedAt += 700) {
      const { rates, clock } = start({ requestsPerSecond: 1 });
      const ask = () => rates.requests('192.0.2.1');
      rates.requests('192.0.2.9');
      clock.ms += startedAt;
      countUntilRefused(ask);
      clock.ms += 9_000;
      rates.requests('192.0.2.9');
      expect(countUntilRefused(ask)).toBe(9);
    }
  });
});

describe('the rate of one writer among many', () => {
  it('is remembered while others write all the time', () => {
    for (let startedAt = 0; startedAt < 20_000; startedAt += 700) {
      const { rates, clock } = start({ writesPerSecond: 1 });
      const othersAsk = (ms: number) => {
        for (let passed = 0; passed < ms; passed += 100) {
          clock.ms += 100;
          rates.writes(`other ${clock.ms}`);
        }
      };
      othersAsk(startedAt);
      expect(countUntilRefused(() => rates.writes('ida'))).toBe(10);
      othersAsk(9_000);
      expect([startedAt, countUntilRefused(() => rates.writes('ida'))]).toEqual([startedAt, 9]);
    }
  });
});

describe('a long response', () => {
  it.each([
    [0, 10],
    [1, 10],
    [rateLimits.answerUnitBytes, 10],
    [rateLimits.answerUnitBytes + 1, 9],
    [2 * rateLimits.answerUnitBytes, 9],
    [2 * rateLimits.answerUnitBytes + 1, 8],
  ])('counts as one more request for each answerUnitBytes that it begins after the first: %i bytes leave %i', (bytes, left) => {
    const { rates } = start({ requestsPerSecond: 1 });
    rates.chargeResponse('192.0.2.1', bytes);
    expect(countUntilRefused(() => rates.requests('192.0.2.1'))).toBe(left);
  });

  it.each([
    [0, 8],
    [2 * rateLimits.answerUnitBytes, 7],
  ])('counts as buildRequests more if it was built for its request: %i bytes leave %i', (bytes, left) => {
    const { rates } = start({ requestsPerSecond: 1 });
    rates.chargeBuild('192.0.2.1', bytes);
    expect(rateLimits.buildRequests).toBe(2);
    expect(countUntilRefused(() => rates.requests('192.0.2.1'))).toBe(left);
  });

  it('delays the next request by the time that a whole bucket takes to refill, and no longer, whatever its length', () => {
    for (const pieces of [21, 10_000]) {
      const { rates, clock } = start({ requestsPerSecond: 1 });
      const ask = () => rates.requests('192.0.2.1');
      rates.chargeResponse('192.0.2.1', pieces * rateLimits.answerUnitBytes);
      clock.ms += rateLimits.bucketMs;
      expect([pieces, waitOf(ask)]).toEqual([pieces, 1]);
      clock.ms += 1_000;
      expect([pieces, countUntilRefused(ask)]).toEqual([pieces, 1]);
    }
  });

  it('is charged in full, whenever it was sent, although a bucket holds half of the longest debt', () => {
    for (let startedAt = 0; startedAt < 40_000; startedAt += 1_900) {
      const { rates, clock } = start({ requestsPerSecond: 1 });
      const othersAsk = (ms: number) => {
        for (let passed = 0; passed < ms; passed += 100) {
          clock.ms += 100;
          if (passed % 1_000 === 0) rates.requests('192.0.2.9');
        }
      };
      othersAsk(startedAt);
      rates.chargeResponse('192.0.2.1', 10_000 * rateLimits.answerUnitBytes);
      othersAsk(2 * rateLimits.bucketMs - 900);
      expect([startedAt, countUntilRefused(() => rates.requests('192.0.2.1'))]).toEqual([startedAt, 9]);
    }
  });
});

describe('the debt of a long response', () => {
  it('is remembered until it is paid, whenever it was made and whoever asks meanwhile', () => {
    for (let startedAt = 0; startedAt < 2 * rateLimits.bucketMs; startedAt += 700) {
      const { rates, clock } = start({ requestsPerSecond: 1 });
      const ask = () => rates.requests('192.0.2.1');
      const othersAsk = (ms: number) => {
        for (let passed = 0; passed < ms; passed += 100) {
          clock.ms += 100;
          waitOf(() => rates.requests('192.0.2.9'));
        }
      };
      othersAsk(startedAt);
      rates.chargeResponse('192.0.2.1', 21 * rateLimits.answerUnitBytes);
      othersAsk(rateLimits.bucketMs);
      expect([startedAt, waitOf(ask)]).toEqual([startedAt, 1]);
      othersAsk(1_000);
      expect([startedAt, countUntilRefused(ask)]).toEqual([startedAt, 1]);
    }
  });
});

describe('the number of connections', () => {
  it('is limited per address, and a closed connection makes room', () => {
    const { rates, rejected } = start({ connectionsPerAddress: 2 });
    const release = rates.connection('192.0.2.1');
    rates.connection('::ffff:192.0.2.1');
    expect(waitOf(() => rates.connection('192.0.2.1'))).toBeGreaterThanOrEqual(1);
    expect(rejected).toEqual(['connections']);
    rates.connection('192.0.2.2');
    release();
    release();
    rates.connection('192.0.2.1');
    expect(waitOf(() => rates.connection('192.0.2.1'))).toBeGreaterThanOrEqual(1);
  });
});
