import type { Machine } from '../machine.ts';
import { type Progress, progressOn } from '../progress.ts';
import { type Goal, goals, sessionsFor } from './goals.ts';
import { keep, keptIn } from './lines.ts';
import { built } from './native.ts';
import { keepLoadApart, whyNotApart } from './processors.ts';
import { runSession } from './sessions.ts';
import { type SubjectName, subjects } from './subjects.ts';
import { type Row, rowOf } from './table.ts';
import { versions } from './versions.ts';

/** Pressbox beside its peers: in each round every subject once, so that what the machine does otherwise happens to all. */
export interface Comparison {
  machine: Machine;
  directory: string;
  /** As it was asked for. */
  command: string;
  rounds: number;
  /** Each measurement, in seconds; and the one that watches memory for long. */
  seconds: number;
  enduranceSeconds: number;
  /** Where the lines are; those that stand there count too. */
  lines: string;
  wanted: (goal: Goal) => boolean;
}

export interface Compared {
  rows: Row[];
  /** What was left out or failed, and why. */
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
  // Without rounds, what stands there is looked at alone.
  if (comparison.rounds > 0) keep(lines, { run: { at, command, machine, versions: versions(), remarks } });
  const { measured } = keptIn(lines);
  return { rows: chosen.map((goal) => rowOf(goal, measured)), remarks };
}

/** Goals of which both sides can be measured here; of the others, what is missing and how to get it. */
function possibleOf(chosen: readonly Goal[]): { possible: Goal[]; remarks: string[] } {
  const sink = built('sink');
  if ('missing' in sink) return { possible: [], remarks: [`Nothing can be measured: ${sink.missing}`] };
  const absent = new Map<SubjectName, string>();
  for (const name of new Set(chosen.flatMap(subjectsOf))) {
    const why = subjects[name].missing();
    if (why !== undefined) absent.set(name, why);
  }
  return {
    possible: chosen.filter((goal) => subjectsOf(goal).every((name) => !absent.has(name))),
    remarks: [...absent].map(([name, why]) => `${subjects[name].name} is left out: ${why}`),
  };
}

function subjectsOf({ of, against }: Goal): SubjectName[] {
  return against === undefined ? [of.subject] : [of.subject, against.subject];
}

/** What failed; a subject that fails in one round is measured in the next one again. */
async function measureAll(
  possible: readonly Goal[],
  { at, progress, rounds, directory, seconds, enduranceSeconds, lines }: Comparison & { at: string; progress: Progress },
): Promise<string[]> {
  const sessions = sessionsFor(possible);
  const remarks: string[] = [];
  const together = whyNotApart();
  if (together === undefined) keepLoadApart();
  else remarks.push(`Not kept apart: ${together}`);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, session] of sessions.entries()) {
      if (round > 0 && session.steps.includes('endurance')) continue;
      const what = `${subjects[session.subject].name}, ${session.readers.toLocaleString('en')} readers: ${session.steps.join(', ')}`;
      progress.tell(round * sessions.length + index, rounds * sessions.length, what);
      const name = `${at}/${round + 1}`;
      try {
        await runSession(session, { name, directory, seconds, enduranceSeconds, lines, isApart: together === undefined });
      } catch (error) {
        remarks.push(`Round ${round + 1}, ${what}: ${(error as Error).message}`);
      }
    }
  }
  return remarks;
}
