import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Clock, createClock } from '../../../src/newsroom/clock.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';

const { clockStableMs: stableMs, clockSlewMs: slewMs, clockLookMs: lookMs } = newsroomLimits;
const noon = Date.parse('2026-11-24T12:00:00.000Z');
const hour = 3_600_000;

let elapsed: number;
/** How far the system clock is ahead of the real time. */
let ahead: number;
let jumps: number[];
let followed: number[];
let clock: Clock;
beforeEach(begin);

function begin(): void {
  [elapsed, ahead, jumps, followed] = [1_000, 0, [], []];
  clock = createClock({
    system: () => noon + elapsed - 1_000 + ahead,
    elapsed: () => elapsed,
    onJump: (byMs) => jumps.push(byMs),
    onFollow: (byMs) => followed.push(byMs),
  });
}

/** Reads the clock while time passes, like a server, and returns its time at the end. */
function pass(ms: number): number {
  for (const end = elapsed + ms; elapsed < end; ) {
    elapsed = Math.min(end, elapsed + lookMs);
    clock.now();
  }
  return clock.now();
}

describe('the clock for dates', () => {
  it('equals the system clock while the system clock runs steadily', () => {
    expect(clock.now()).toBe(noon);
    expect(pass(hour)).toBe(noon + hour);
    expect([jumps, followed]).toEqual([[], []]);
  });

  it.each([-hour, hour, 25 * hour])('ignores a jump of the system clock by %d ms that is undone', (byMs) => {
    ahead = byMs;
    expect(pass(stableMs - lookMs)).toBe(noon + stableMs - lookMs);
    ahead = 0;
    expect(pass(hour)).toBe(noon + stableMs - lookMs + hour);
    expect([jumps, followed]).toEqual([[byMs, -byMs], []]);
  });

  it.each([-hour, hour])('follows a jump by %d ms once the system clock has been stable for a minute', (byMs) => {
    ahead = byMs;
    clock.now();
    expect(pass(stableMs - 1)).toBe(noon + stableMs - 1);
    expect(pass(1)).toBe(noon + stableMs + byMs);
    expect([jumps, followed]).toEqual([[byMs], [byMs]]);
  });

  it('waits another minute if the system clock jumps again', () => {
    ahead = hour;
    pass(stableMs - lookMs);
    ahead = 2 * hour;
    clock.now();
    const before = elapsed;
    expect(pass(stableMs - 1)).toBe(noon + elapsed - 1_000);
    expect(pass(1)).toBe(noon + before - 1_000 + stableMs + 2 * hour);
  });

  it('follows small corrections at once, without going back', () => {
    ahead = slewMs;
    expect(clock.now()).toBe(noon + slewMs);
    ahead = 0;
    expect(clock.now()).toBe(noon + slewMs);
    expect(pass(hour)).toBe(noon + hour);
    expect([jumps, followed]).toEqual([[], []]);
  });

  it('goes back only when it follows a system clock that was set back for a minute', () => {
    const step = fc.record({ ms: fc.nat(2 * stableMs), byMs: fc.oneof(fc.integer({ min: -slewMs, max: slewMs }), fc.integer()) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        begin();
        let last = clock.now();
        for (const { ms, byMs } of steps) {
          ahead += byMs;
          for (let left = ms; left >= 0; left -= lookMs) {
            const follows = followed.length;
            const now = clock.now();
            if (followed.length === follows) expect(now).toBeGreaterThanOrEqual(last);
            last = now;
            elapsed += Math.min(left, lookMs);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
