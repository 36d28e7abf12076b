/** Computes the pause before the next attempt. Pure: randomness is an argument. */
export interface Backoff {
  /** Upper bound of the first pause in milliseconds. Doubles with each attempt. */
  initialMs: number;
  /** Upper bound of every pause in milliseconds. */
  maxMs: number;
}

/**
 * For connections. Readers that lost their connection at the same time reconnect spread over one second at first, later over half
 * a minute.
 */
export const connectBackoff: Backoff = { initialMs: 1_000, maxMs: 30_000 };
/** For single failed requests: few clients fail at the same moment. */
export const requestBackoff: Backoff = { initialMs: 500, maxMs: 10_000 };

/** Shortest pause, milliseconds. */
const minPauseMs = 50;
/** Longest accepted `Retry-After`: one day. A timer longer than 24 days would fire at once. */
const maxRetryAfterMs = 24 * 60 * 60 * 1_000;

/** The requested wait in milliseconds, capped at a day. An invalid value counts as 0. */
export function cappedRetryAfterMs(askedMs: number): number {
  return askedMs > 0 ? Math.min(askedMs, maxRetryAfterMs) : 0;
}

/**
 * Milliseconds to wait after `attempt` failures in a row (0 for the first). Full jitter: evenly spread between almost 0 and a
 * bound that doubles, so that clients that failed together do not retry together. `random` is in [0, 1). `atLeastMs` is the wait
 * that the server requested; the jitter is added to it.
 */
export function backoffMs(attempt: number, random: number, { initialMs, maxMs }: Backoff, atLeastMs = 0): number {
  const bound = Math.min(maxMs, initialMs * 2 ** Math.min(attempt, 30));
  return Math.max(minPauseMs, Math.round(cappedRetryAfterMs(atLeastMs) + random * bound));
}
