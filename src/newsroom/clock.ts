import { newsroomLimits } from './newsroom-limits.ts';

/**
 * The clock that posts are dated by: the system clock at the start of the process, and the monotonic time since. It takes on small
 * corrections at once and never goes back for them. A jump of the system clock is not followed until that clock has been stable:
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
  /** Called for each jump of the system clock, with how far it went: below 0 for one back. */
  onJump(byMs: number): void;
  /** Called when dates follow the system clock again after a jump that stayed. */
  onFollow(byMs: number): void;
}

const { clockStableMs, clockSlewMs } = newsroomLimits;

/** Must be read every second or so for jumps to be seen. */
export function createClock({ system, elapsed, onJump, onFollow }: ClockParts): Clock {
  const differs = (a: number, b: number) => Math.abs(a - b) > clockSlewMs;
  /** How far the clock is ahead of the monotonic one; the same of the system clock, as read last, and since when. */
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
