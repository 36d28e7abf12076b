/** How long to wait before the next attempt. Pure: randomness comes in. */
export interface Backoff {
  /** Upper end of the first pause, milliseconds; doubled with each attempt. */
  initialMs: number;
  /** Upper end of every later pause, milliseconds. */
  maxMs: number;
}

/** For connections: a crowd that is cut at one moment comes back spread over a second, and then over half a minute. */
export const connectBackoff: Backoff = { initialMs: 1_000, maxMs: 30_000 };
/** For one request that failed: few are in the same place at once. */
export const requestBackoff: Backoff = { initialMs: 500, maxMs: 10_000 };

/** Shorter than this is no pause. */
const minPauseMs = 50;
/** Whoever is asked to wait longer, a day, asks again after this long. A timer that is set to more than 24 days goes off at once. */
const maxRetryAfterMs = 24 * 60 * 60 * 1_000;

/** What the other side asked to wait, as far as it is heeded: what is no time is none, milliseconds. */
export function cappedRetryAfterMs(askedMs: number): number {
  return askedMs > 0 ? Math.min(askedMs, maxRetryAfterMs) : 0;
}

/**
 * Milliseconds to wait after `attempt` failures in a row (0 for the first), evenly spread from nearly nothing to a bound that doubles:
 * full jitter, which keeps clients that failed together from trying together. `random` is from 0 up to 1. Never less than `atLeastMs`,
 * which is what the other side asked for; then the spread comes on top.
 */
export function backoffMs(attempt: number, random: number, { initialMs, maxMs }: Backoff, atLeastMs = 0): number {
  const bound = Math.min(maxMs, initialMs * 2 ** Math.min(attempt, 30));
  return Math.max(minPauseMs, Math.round(cappedRetryAfterMs(atLeastMs) + random * bound));
}
