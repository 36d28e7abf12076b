import { workerLimits } from './worker-limits.ts';

const { workerRestartFirstMs, workerRestartMostMs, workerDeathsMost, workerSteadyMs } = workerLimits;

/** Ends in a row of those who had one number among the workers. */
export interface Streak {
  /** While they served, or before, by a fault. */
  deaths: number;
  /** Because they could not start now, by no fault of theirs. */
  refusals: number;
}

export const noStreak: Streak = { deaths: 0, refusals: 0 };

export type Next =
  /** Another one is started after the pause. */
  | { status: 'restart'; afterMs: number; streak: Streak }
  /** They die as fast as they are started. */
  | { status: 'give-up' };

/** What follows on a death. `servedMs`: for how long it had served; 0 where it never did. */
export function afterDeath(before: Streak, servedMs: number): Next {
  const deaths = servedMs >= workerSteadyMs ? 1 : before.deaths + 1;
  if (deaths >= workerDeathsMost) return { status: 'give-up' };
  return { status: 'restart', afterMs: pauseAfter(deaths), streak: { deaths, refusals: 0 } };
}

/** What follows where one could not start, as its store was not to be had for one: tried for as long as others serve. */
export function afterRefusal(before: Streak): Next {
  const refusals = before.refusals + 1;
  return { status: 'restart', afterMs: pauseAfter(refusals), streak: { deaths: before.deaths, refusals } };
}

function pauseAfter(times: number): number {
  return Math.min(workerRestartMostMs, workerRestartFirstMs * 2 ** (times - 1));
}
