import type { Machine } from '../machine.ts';
import { type Progress, progressOn } from '../progress.ts';
import { buildProgram } from './native.ts';
import { pinLoad, whyNotPinned } from './processors.ts';
import { type Goal, goals, sessionsFor } from './results/goals.ts';
import { appendResultLine, readResultLines } from './results/result-lines.ts';
import { type Row, rowOf } from './results/table.ts';
import { runSession } from './sessions.ts';
import { type SubjectName, subjects } from './subjects.ts';
import { versions } from './versions.ts';

/**
 * Compares Pressbox with other servers. Each round measures every subject once, so other load on the machine affects all of them.
 */
export interface Comparison {
  machine: Machine;
  directory: string;
  /** The command line of this run. */
  command: string;
  rounds: number;
  /** Duration of each measurement, and of the long one that watches memory. */
  seconds: number;
  enduranceSeconds: number;
  /** The file for the lines. Lines that are already in it are included. */
  lines: string;
  wanted: (goal: Goal) => boolean;
}

export interface Compared {
  rows: Row[];
  /** What was skipped or failed, and why. */
  remarks: string[];
}

export async function compare(comparison: Comparison): Promise<Compared> {
  const { machine, command, lines, wanted } = comparison;
  const chosen = goals.filter(wanted);
  const progress = progressOn(process.stderr);
  const at = new Date().toISOString();
  const { possible, remarks } = possibleOf(chosen);
  remarks.push(...(await measureAll(possible, { ...comparison, at, progress })));
  progress.clear();
  // Without rounds, only the lines that are already in the file are used.
  if (comparison.rounds > 0) appendResultLine(lines, { run: { at, command, machine, versions: versions(), remarks } });
  const { measured } = readResultLines(lines);
  return { rows: chosen.map((goal) => rowOf(goal, measured)), remarks };
}

/** Returns the goals whose two servers can be measured here. `remarks`: what is missing for the other goals. */
function possibleOf(chosen: readonly Goal[]): { possible: Goal[]; remarks: string[] } {
  const sink = buildProgram('sink');
  if ('missing' in sink) return { possible: [], remarks: [`Nothing can be measured: ${sink.missing}`] };
  const absent = new Map<SubjectName, string>();
  for (const name of new Set(chosen.flatMap(subjectsOf))) {
    const why = subjects[name].missing();
    if (why !== undefined) absent.set(name, why);
  }
  return {
    possible: chosen.filter((goal) => subjectsOf(goal).every((name) => !absent.has(name))),
    remarks: [...absent].map(([name, why]) => `${subjects[name].name} is skipped: ${why}`),
  };
}

function subjectsOf({ of, against }: Goal): SubjectName[] {
  return against === undefined ? [of.subject] : [of.subject, against.subject];
}

/** Returns what failed. A subject that fails in one round is measured again in the next. */
async function measureAll(
  possible: readonly Goal[],
  { at, progress, rounds, directory, seconds, enduranceSeconds, lines }: Comparison & { at: string; progress: Progress },
): Promise<string[]> {
  const sessions = sessionsFor(possible);
  const remarks: string[] = [];
  const together = whyNotPinned();
  if (together === undefined) pinLoad();
  else remarks.push(`Not on separate cores: ${together}`);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, session] of sessions.entries()) {
      if (round > 0 && session.steps.includes('endurance')) continue;
      const what = `${subjects[session.subject].name}, ${session.readers.toLocaleString('en')} readers: ${session.steps.join(', ')}`;
      progress.tell(round * sessions.length + index, rounds * sessions.length, what);
      const name = `${at}/${round + 1}`;
      try {
        await runSession(session, { name, directory, seconds, enduranceSeconds, lines, isPinned: together === undefined });
      } catch (error) {
        remarks.push(`Round ${round + 1}, ${what}: ${(error as Error).message}`);
      }
    }
  }
  return remarks;
}
