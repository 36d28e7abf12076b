import type { Session, Step } from './sessions.ts';
import type { SubjectName } from './subjects.ts';

/** What the figures are to be, beside others that are measured in the same rounds. */
export interface Goal {
  /** The row of the table. */
  row: number;
  what: string;
  step: Step;
  /** Which figure of the step. */
  figure: string;
  unit: Unit;
  readers: number;
  asBrowser?: boolean;
  of: SubjectName;
  against: SubjectName;
  /** Of the ratio. */
  bound: { most: number } | { least: number };
}

export type Unit = 'CPU s' | 'CPU ms' | 'kB' | 's' | 'ms' | 'a second';

const capacity = { step: 'capacity', figure: 'cpuPerMillion', unit: 'CPU s', of: 'pressbox' } as const;
const cost = 'CPU a million deliveries';
const storm = { step: 'storm', readers: 5_000, of: 'pressbox' } as const;
const stormOf = 'storm of 5,000 readers with 50 missed posts';

export const goals: readonly Goal[] = [
  { ...capacity, row: 1, what: cost, readers: 1_000, against: 'socket.io', bound: { most: 0.68 } },
  { ...capacity, row: 1, what: cost, readers: 5_000, against: 'socket.io', bound: { most: 0.56 } },
  { ...capacity, row: 1, what: cost, readers: 10_000, against: 'socket.io', bound: { most: 0.43 } },
  { ...capacity, row: 2, what: cost, readers: 5_000, against: 'floor', bound: { most: 1.45 } },
  { ...capacity, row: 2, what: cost, readers: 10_000, against: 'floor', bound: { most: 1.45 } },
  { ...capacity, row: 2, what: cost, readers: 10_000, against: 'nchan', bound: { most: 1 } },
  {
    ...capacity,
    row: 3,
    what: 'burst of 8 waiting posts: CPU a million deliveries',
    step: 'burst',
    readers: 10_000,
    against: 'floor-batch',
    bound: { most: 1.1 },
  },
  {
    row: 4,
    what: 'deliveries held, all of them there and p99 under 250 ms',
    step: 'held',
    figure: 'held',
    unit: 'a second',
    readers: 10_000,
    of: 'pressbox',
    against: 'socket.io',
    bound: { least: 2.2 },
  },
  ...(['p50', 'p99'] as const).map(
    (quantile): Goal => ({
      row: 5,
      what: `latency at 10 posts a second, ${quantile}`,
      step: 'latency',
      figure: `${quantile}Ms`,
      unit: 'ms',
      readers: 5_000,
      of: 'pressbox',
      against: 'socket.io',
      bound: { most: 0.7 },
    }),
  ),
  ...(
    [
      ['memory a reader', 'bytesPerReader'],
      ['memory a reader, garbage collected', 'bytesPerReaderCollected'],
    ] as const
  ).map(
    ([what, figure]): Goal => ({
      row: 6,
      what,
      step: 'connect',
      figure,
      unit: 'kB',
      readers: 10_000,
      asBrowser: true,
      of: 'pressbox',
      against: 'socket.io',
      bound: { most: 0.9 },
    }),
  ),
  {
    row: 7,
    what: 'CPU a connect and subscribe',
    step: 'connect',
    figure: 'cpuMs',
    unit: 'CPU ms',
    readers: 10_000,
    asBrowser: true,
    of: 'pressbox',
    against: 'socket.io',
    bound: { most: 0.9 },
  },
  {
    ...storm,
    row: 8,
    what: `${stormOf}: until the last has all`,
    figure: 'seconds',
    unit: 's',
    against: 'socket.io-recovery',
    bound: { most: 0.2 },
  },
  {
    ...storm,
    row: 8,
    what: `${stormOf}: CPU`,
    figure: 'serverCpu',
    unit: 'CPU s',
    against: 'socket.io-recovery',
    bound: { most: 0.2 },
  },
  {
    ...storm,
    row: 8,
    what: `${stormOf}: until the last has all`,
    figure: 'seconds',
    unit: 's',
    against: 'nchan',
    bound: { most: 1.2 },
  },
  { ...capacity, row: 10, what: `SSE: ${cost}`, readers: 10_000, of: 'pressbox-sse', against: 'nchan-sse', bound: { most: 1 } },
];

/** What must be run for these goals, each subject once with as many readers, Pressbox first. */
export function sessionsFor(wanted: readonly Goal[]): Session[] {
  const sessions = new Map<string, Session & { steps: Step[] }>();
  for (const { step, readers, asBrowser = false, of, against } of wanted) {
    for (const subject of [of, against]) {
      const key = [readers, asBrowser, step === 'storm', subject].join();
      const session = sessions.get(key) ?? { subject, readers, asBrowser, steps: [] };
      if (!session.steps.includes(step)) session.steps.push(step);
      sessions.set(key, session);
    }
  }
  return [...sessions.values()].toSorted((a, b) => a.readers - b.readers);
}
