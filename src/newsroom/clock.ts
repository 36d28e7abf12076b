import { newsroomLimits } from './newsroom-limits.ts';

/**
 * The clock that dates posts: the system clock at the start of the process plus the monotonic time since. It follows small corrections at once
 * and never goes back for them. It follows a jump of the system clock only once that clock has been stable:
 *
 *     follows ── the system clock jumps ──▶ waits ── stable for clockStableMs ──▶ follows
 *        ▲                                  │    ▲
 *        └──── the system clock is back ────┘    └── jumps again: waits anew
 */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export interface ClockParts {
  /** The system clock, in milliseconds since 1970. */
  system(): number;
  /** Milliseconds of a clock that never goes back. */
  elapsed(): number;
  /** Called for each jump of the system clock. `byMs` is negative for a jump back. */
  onJump(byMs: number): void;
  /** Called when the clock follows the system clock again after a lasting jump. */
  onFollow(byMs: number): void;
}

const { clockStableMs, clockSlewMs } = newsroomLimits;

/** Must be read about every second, so that it notices jumps. */
export function createClock({ system, elapsed, onJump, onFollow }: ClockParts): Clock {
  const differs = (a: number, b: number) => Math.abs(a - b) > clockSlewMs;
  /** The difference between this clock and the monotonic one, the same for the system clock at its last read, and since when. */
  let offset = system() - elapsed();
  let seen = offset;
  let seenSince = elapsed();
  let last = Number.NEGATIVE_INFINITY;

  return {
    now() {
      const at = elapsed();
      const systemOffset = system() - at;
      if (differs(systemOffset, seen)) {
        onJump(Math.round(systemOffset - seen));
        seenSince = at;
      }
      seen = systemOffset;
      if (!differs(seen, offset)) offset = seen;
      else if (at - seenSince >= clockStableMs) {
        onFollow(Math.round(seen - offset));
        offset = seen;
        last = Number.NEGATIVE_INFINITY;
      }
      last = Math.max(last, Math.round(at + offset));
      return last;
    },
  };
}
