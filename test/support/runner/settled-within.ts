import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Between two looks at what is waited for. */
const intervalMs = 10;

/**
 * Waits for what is promised within a time: until `check` does not throw, and throws what it threw where that time is over.
 * The promise is one of processes that have a processor when they have something to do. So the time in which they had none, though they were
 * ready to run, does not count: on a machine that is not busy that is next to nothing. `processes` are all that have to do with it; where none
 * are named, this one.
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

/** The waits of processes are looked at this often at most: to look takes some of the time that is measured. */
const lookMs = 50;

/** When something happened, and how long each thread of some processes had waited for a processor by then. */
export interface Moment {
  at: number;
  waited: ReadonlyMap<string, number>;
}

/** Tells the moment it is. The processes are asked for at each look, for some end and others begin. */
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
 * Milliseconds between two moments, without those in which the processes had no processor though they were ready to run. For what is measured while
 * all of them have much to do: of the threads of a process, which wait at the same time, the one that waited longest counts, and not their sum.
 * Those of several processes add up, for what one says waits for the next.
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

/** The process and all that it has started, and they in turn, such as a browser; itself alone where the system does not tell. */
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

/** So long each of their threads, by process and thread, was ready to run, and waited for a processor (proc(5), schedstat); none where the system does not tell. */
function waitedMs(processes: readonly number[]): Map<string, number> {
  const waited = new Map<string, number>();
  for (const pid of processes) {
    try {
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const [, ns] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
        waited.set(`${pid}/${thread}`, Number(ns) / 1e6);
      }
    } catch {
      // It ends.
    }
  }
  return waited;
}
