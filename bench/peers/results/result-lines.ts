import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Machine } from '../../machine.ts';
import type { Crowd } from '../crowds.ts';
import type { Figures } from '../meter.ts';
import type { Step } from '../scene.ts';
import type { SubjectName } from '../subjects.ts';

/** A file of results has a line of JSON for each run and one for each measurement. One file may hold several runs. */
export interface Run {
  run: {
    at: string;
    command: string;
    machine: Machine;
    versions: Record<string, string>;
    /** What was skipped or failed, and why. */
    remarks: readonly string[];
  };
}

/** One measurement, stored as a line of JSON. */
export interface Measured {
  at: string;
  /** Only measurements of the same round are compared. */
  round: string;
  subject: SubjectName;
  readers: number;
  crowd: Crowd;
  step: Step;
  figures: Figures;
}

export type Line = Run | Measured;

export function appendResultLine(file: string, line: Line): void {
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

export interface ResultLines {
  runs: Run['run'][];
  measured: Measured[];
}

export function readResultLines(file: string): ResultLines {
  return existsSync(file) ? parseLines(readFileSync(file, 'utf8')) : { runs: [], measured: [] };
}

export function parseLines(text: string): ResultLines {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
  return {
    runs: lines.filter((line) => 'run' in line).map(({ run }) => run),
    measured: lines.filter((line) => 'step' in line),
  };
}
