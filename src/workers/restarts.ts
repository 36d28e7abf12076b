import { workerLimits } from './worker-limits.ts';

const { workerRestartFirstMs, workerRestartMostMs, workerDeathsMost, workerSteadyMs } = workerLimits;

/** Consecutive ends of workers with the same number. */
export interface Streak {
  /** How often a worker ended while it served, or ended before that because of a fault of the program. */
  deaths: number;
  /** How often a worker could not start for a reason outside the program, such as an unreachable store. */
  refusals: number;
}

export const noStreak: Streak = { deaths: 0, refusals: 0 };

export type RestartDecision =
  /** Another worker starts after the pause. */
  | { status: 'restart'; afterMs: number; streak: Streak }
  /** The workers die as fast as they are started. */
  | { status: 'give-up' };

/** Decides what follows a death. `servedMs`: how long the worker had served, 0 if it never did. */
export function afterDeath(before: Streak, servedMs: number): RestartDecision {
  const deaths = servedMs >= workerSteadyMs ? 1 : before.deaths + 1;
  if (deaths >= workerDeathsMost) return { status: 'give-up' };
  return { status: 'restart', afterMs: pauseAfter(deaths), streak: { deaths, refusals: 0 } };
}

/**
 * Decides what follows if a worker could not start, for example because the store was unreachable: it is retried while others
 * serve.
 */
export function afterRefusal(before: Streak): RestartDecision {
  const refusals = before.refusals + 1;
  return { status: 'restart', afterMs: pauseAfter(refusals), streak: { deaths: before.deaths, refusals } };
}

function pauseAfter(times: number): number {
  return Math.min(workerRestartMostMs, workerRestartFirstMs * 2 ** (times - 1));
}
