import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Between two checks. */
const intervalMs = 10;

/**
 * Waits until `check` does not throw. Throws the last error once the time is over. Time in which the processes were ready to run
 * but had no processor does not count. On an idle machine there is hardly any. `processes` are all processes involved, by default
 * this one.
 */
export async function within<T>(
  promisedMs: number,
  check: () => T | Promise<T>,
  processes: readonly number[] = [process.pid],
): Promise<T> {
  const began = performance.now();
  const before = waitedMs(processes);
  for (;;) {
    let late = performance.now() - began - promisedMs;
    for (const [thread, ms] of waitedMs(processes)) late -= ms - (before.get(thread) ?? 0);
    try {
      return await check();
    } catch (error) {
      if (late > 0) throw error;
    }
    await pause(intervalMs);
  }
}

/** The processes are examined at most this often, because that takes some of the measured time. */
const lookMs = 50;

/** A point in time, and how long each thread of some processes had waited for a processor by then. */
export interface Moment {
  at: number;
  waited: ReadonlyMap<string, number>;
}

/** Returns the current moment. `processes` is called each time, because processes start and end. */
export function momentsOf(processes: () => readonly number[]): () => Moment {
  let looked = Number.NEGATIVE_INFINITY;
  let waited: Moment['waited'] = new Map();
  return () => {
    const at = performance.now();
    if (at - looked >= lookMs) [looked, waited] = [at, waitedMs(processes())];
    return { at, waited };
  };
}

/**
 * Milliseconds between two moments, without the time in which the processes waited for a processor. For measurements while all
 * processes are busy. Of the threads of a process, which wait in parallel, only the longest wait counts. The waits of several
 * processes add up, because one waits for another.
 */
export function msBetween(from: Moment, to: Moment): number {
  const longest = new Map<string, number>();
  for (const [thread, ms] of to.waited) {
    const [pid = ''] = thread.split('/');
    longest.set(pid, Math.max(longest.get(pid) ?? 0, ms - (from.waited.get(thread) ?? 0)));
  }
  const waits = [...longest.values()].reduce((sum, ms) => sum + ms, 0);
  return Math.max(0, to.at - from.at - waits);
}

/** The process and all its descendants, such as those of a browser. Only the process itself if the system does not list them. */
export function familyOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const children = threads.flatMap(
      (thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').match(/\d+/g) ?? [],
    );
    return [pid, ...children.flatMap((child) => familyOf(Number(child)))];
  } catch {
    return [pid];
  }
}

/**
 * How long each thread was ready to run and waited for a processor (proc(5), schedstat), by process and thread. Empty if the
 * system does not report it.
 */
function waitedMs(processes: readonly number[]): Map<string, number> {
  const waited = new Map<string, number>();
  for (const pid of processes) {
    try {
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const [, ns] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
        waited.set(`${pid}/${thread}`, Number(ns) / 1e6);
      }
    } catch {
      // The process is ending.
    }
  }
  return waited;
}
