import { newsroomLimits } from './newsroom-limits.ts';

/**
 * The clock that dates posts: the system clock at the start of the process plus the monotonic time since. It adopts small
 * corrections of the system clock at once, without ever going back. It follows a jump only once the system clock has been stable:
 *
 *     follows ── the system clock jumps ──▶ waits ── stable for clockStableMs ──▶ follows
 *        ▲                                  │    ▲
 *        └──── the system clock is back ────┘    └── jumps again: wait restarts
 */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export interface ClockParts {
  /** The system clock, in milliseconds since 1970. */
  system(): number;
  /** A monotonic clock, in milliseconds. */
  elapsed(): number;
  /** Called for each jump of the system clock. Negative if it went back. */
  onJump(byMs: number): void;
  /** Called when the clock follows the system clock after a jump. */
  onFollow(byMs: number): void;
}

const { clockStableMs, clockSlewMs } = newsroomLimits;

/** Call `now` at least every `clockLookMs`, so that jumps are noticed. */
export function createClock({ system, elapsed, onJump, onFollow }: ClockParts): Clock {
  const differs = (a: number, b: number) => Math.abs(a - b) > clockSlewMs;
  /** How far ahead of the monotonic clock this clock is (`offset`), and the system clock was when it was last read (`seen`). */
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
