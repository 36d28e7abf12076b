import { pause } from '../stage.ts';
import { type Crowd, crowds } from './crowds.ts';
import { keep } from './lines.ts';
import { meterOf } from './meter.ts';
import { familyOf, giveProcessor } from './processors.ts';
import { startSink } from './sink.ts';
import { type Figures, needsReturn, type Step, steps } from './steps.ts';
import { type SubjectName, subjects } from './subjects.ts';

/** One subject, started anew with its readers, and what is measured on it in turn; whoever is measured has connected first. */
export interface Session {
  subject: SubjectName;
  readers: number;
  crowd: Crowd;
  steps: readonly Step[];
}

/** One measurement, as it is kept: a line of JSON. */
export interface Measured {
  at: string;
  /** What is compared was measured in the same round. */
  round: string;
  subject: SubjectName;
  readers: number;
  crowd: Crowd;
  step: Step;
  figures: Figures;
}

export interface Round {
  name: string;
  directory: string;
  /** Each measurement, in seconds; and the one that watches memory for long. */
  seconds: number;
  enduranceSeconds: number;
  /** Where lines are kept. */
  lines: string;
  /** The server has a processor for itself. */
  isApart: boolean;
}

/** Time for a server that has just started to settle, in milliseconds. */
const settleMs = 600;

export async function runSession({ subject, readers, crowd, steps: wanted }: Session, round: Round): Promise<void> {
  const { channels, flags } = crowds[crowd];
  await using server = await subjects[subject].start({ directory: round.directory, channels });
  const returning = wanted.some(needsReturn) ? server.returning : [];
  const reading = [...server.reading, ...returning, ...flags, '--channels', channels];
  await using sink = startSink(['--n', readers, ...reading, ...server.publishing]);
  const pids = familyOf(server.pid);
  if (round.isApart) giveProcessor(pids);
  await pause(settleMs);
  const scene = {
    ...{ server, sink, reading, readers, pids, channels },
    seconds: round.seconds,
    enduranceSeconds: round.enduranceSeconds,
    measure: meterOf({ sink, pids, beside: server.beside }),
  };
  for (const step of [...new Set<Step>(['connect', ...wanted])]) {
    const figures = await steps[step](scene);
    keep(round.lines, { at: new Date().toISOString(), round: round.name, subject, readers, crowd, step, figures });
  }
}
