import { existsSync, readFileSync } from 'node:fs';
import { type Goal, goals, sessionsFor } from './goals.ts';
import { built } from './native.ts';
import { keepLoadApart, whyNotApart } from './processors.ts';
import { type Measured, runSession } from './sessions.ts';
import { type SubjectName, subjects } from './subjects.ts';
import { type Row, rowOf } from './table.ts';

/** Pressbox beside its peers: in each round every subject once, so that what the machine does otherwise happens to all. */
export interface Comparison {
  directory: string;
  rounds: number;
  /** Each measurement, in seconds. */
  seconds: number;
  enduranceSeconds: number;
  /** Where the lines are; those that stand there count too. */
  kept: string;
  wanted: (goal: Goal) => boolean;
  say: (line: string) => void;
}

export interface Compared {
  rows: Row[];
  /** What was left out, and why. */
  remarks: string[];
}

export async function compare({
  directory,
  rounds,
  seconds,
  enduranceSeconds,
  kept,
  wanted,
  say,
}: Comparison): Promise<Compared> {
  const sink = built('sink');
  if ('missing' in sink) return { rows: [], remarks: [`nothing is measured beside others: ${sink.missing}`] };
  const remarks: string[] = [];
  const notApart = whyNotApart();
  if (notApart === undefined) keepLoadApart();
  else remarks.push(notApart);

  const chosen = goals.filter(wanted);
  const absent = new Map<SubjectName, string>();
  for (const name of new Set(chosen.flatMap(subjectsOf))) {
    const why = subjects[name].missing();
    if (why === undefined) continue;
    absent.set(name, why);
    remarks.push(`${subjects[name].name} is left out: ${why}`);
  }
  const sessions = sessionsFor(chosen.filter((goal) => subjectsOf(goal).every((name) => !absent.has(name))));
  const began = new Date().toISOString();
  for (let round = 0; round < rounds; round += 1) {
    for (const session of sessions) {
      const { subject, readers } = session;
      say(`round ${round + 1} of ${rounds}: ${subjects[subject].name}, ${readers.toLocaleString('en')} readers`);
      try {
        await runSession(session, { name: `${began}/${round}`, directory, seconds, enduranceSeconds, kept });
      } catch (error) {
        remarks.push(`${subjects[subject].name}, ${readers} readers, round ${round + 1}: ${(error as Error).message}`);
      }
    }
  }
  const all = linesOf(kept);
  return { rows: chosen.map((goal) => rowOf(goal, all)), remarks };
}

function subjectsOf({ of, against }: Goal): SubjectName[] {
  return against === undefined ? [of.subject] : [of.subject, against.subject];
}

export function linesOf(kept: string): Measured[] {
  if (!existsSync(kept)) return [];
  return readFileSync(kept, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Measured);
}
