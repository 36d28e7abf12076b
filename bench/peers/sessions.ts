import { pause } from '../pressbox/environment.ts';
import { type Crowd, crowds } from './crowds.ts';
import { createMeter } from './meter.ts';
import { pinServer, processTree } from './processors.ts';
import { appendResultLine } from './results/result-lines.ts';
import { needsReturn, type Step } from './scene.ts';
import { startSink } from './sink.ts';
import { steps } from './steps.ts';
import { type SubjectName, subjects } from './subjects.ts';

/**
 * A freshly started subject with its readers, and the steps that are measured on it in turn. The first step is always `connect`.
 */
export interface Session {
  subject: SubjectName;
  readers: number;
  crowd: Crowd;
  steps: readonly Step[];
}

export interface Round {
  name: string;
  directory: string;
  /** Duration of each measurement, and of the long one that watches memory. */
  seconds: number;
  enduranceSeconds: number;
  /** The file for the lines. */
  lines: string;
  /** Whether the server has a core for itself. */
  isPinned: boolean;
}

/** Pause after the start of a server, in which it settles. Milliseconds. */
const settleMs = 600;

export async function runSession({ subject, readers, crowd, steps: wanted }: Session, round: Round): Promise<void> {
  const { channels, flags } = crowds[crowd];
  await using server = await subjects[subject].start({ directory: round.directory, channels });
  const returning = wanted.some(needsReturn) ? server.returning : [];
  const reading = [...server.reading, ...returning, ...flags, '--channels', channels];
  await using sink = startSink(['--n', readers, ...reading, ...server.publishing]);
  const pids = processTree(server.pid);
  if (round.isPinned) pinServer(pids);
  await pause(settleMs);
  const scene = {
    ...{ server, sink, reading, readers, pids, channels },
    seconds: round.seconds,
    enduranceSeconds: round.enduranceSeconds,
    measure: createMeter({ sink, pids, beside: server.beside }),
  };
  for (const step of [...new Set<Step>(['connect', ...wanted])]) {
    const figures = await steps[step](scene);
    appendResultLine(round.lines, { at: new Date().toISOString(), round: round.name, subject, readers, crowd, step, figures });
  }
}
