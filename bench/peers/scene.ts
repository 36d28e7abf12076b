import type { Measure } from './meter.ts';
import type { Sink } from './sink.ts';
import type { RunningServer } from './subjects.ts';

/** A measurement on a server with its readers. */
export type Step =
  | 'connect'
  | 'capacity'
  | 'single'
  | 'burst'
  | 'latency'
  | 'held'
  | 'storm'
  | 'changes'
  | 'stalled'
  | 'endurance'
  | 'takedown';

/** A running server and the sink with its readers. */
export interface Scene {
  server: RunningServer;
  sink: Sink;
  /** The flags with which the sink reads from the server. */
  reading: readonly (string | number)[];
  readers: number;
  channels: number;
  /** Processes of the server. */
  pids: readonly number[];
  seconds: number;
  enduranceSeconds: number;
  measure: Measure;
}

/** Whether readers return with a cursor in this step. Some servers must know this when the readers first connect. */
export function needsReturn(step: Step): boolean {
  return step === 'storm' || step === 'changes' || step === 'stalled' || step === 'endurance';
}
