import type { Crowd } from '../crowds.ts';
import { needsReturn, type Step } from '../scene.ts';
import type { Session } from '../sessions.ts';
import type { SubjectName } from '../subjects.ts';

/** A bound on a figure, or on its ratio to a figure of another server that was measured in the same rounds. */
export interface Goal {
  /** The row of the table. */
  row: number;
  what: string;
  /** The name of the figure in the results of the step. */
  figure: string;
  unit: Unit;
  of: Place;
  against?: Place;
  /** A bound on the ratio, or on the figure if `against` is undefined. */
  bound: { most: number } | { least: number };
  /** Whether the measurement takes a minute or more. Then it runs only with `--full`. */
  isLong?: boolean;
}

export interface Place {
  subject: SubjectName;
  step: Step;
  readers: number;
  crowd: Crowd;
}

export type Unit = 'CPU s' | 'CPU ms' | 'kB' | 'MB' | 'MB/min' | 's' | 'ms' | 'per second' | 'per reader' | '×' | '';

const place = (subject: SubjectName, step: Step, readers: number, crowd: Crowd = 'bare'): Place => ({
  subject,
  step,
  readers,
  crowd,
});

/** A goal for the CPU time per million deliveries, by default of Pressbox over sockets. */
function delivery(
  row: number,
  readers: number,
  against: SubjectName,
  most: number,
  { step = 'capacity', what = '', of = 'pressbox' }: { step?: Step; what?: string; of?: SubjectName } = {},
): Goal {
  return {
    row,
    what: `${what}CPU per million deliveries`,
    figure: 'cpuPerMillion',
    unit: 'CPU s',
    of: place(of, step, readers),
    against: place(against, step, readers),
    bound: { most },
  };
}

function comparedWithSocketIo(
  row: number,
  [what, figure, unit]: [what: string, figure: string, unit: Unit],
  [step, readers, crowd]: [step: Step, readers: number, crowd?: Crowd],
  bound: Goal['bound'],
): Goal {
  return {
    row,
    what,
    figure,
    unit,
    of: place('pressbox', step, readers, crowd),
    against: place('socket.io', step, readers, crowd),
    bound,
  };
}

function storm([what, figure, unit]: [what: string, figure: string, unit: Unit], against: SubjectName, most: number): Goal {
  return {
    row: 8,
    what: `reconnect storm, 50 missed posts: ${what}`,
    ...{ figure, unit },
    of: place('pressbox', 'storm', 5_000),
    against: place(against, 'storm', 5_000),
    bound: { most },
  };
}

function overChannels(what: string, step: Step, readers: number, crowd: Crowd): Goal {
  return {
    row: 12,
    what: `CPU per million deliveries, ${what}`,
    ...{ figure: 'cpuPerMillion', unit: 'CPU s' as const },
    of: place('pressbox', step, readers, crowd),
    against: place('pressbox', step, readers),
    bound: { most: 1.3 },
  };
}

/** A guarantee of Pressbox that the other servers do not give. */
function guarantee(row: number, what: string, figure: string, unit: Unit, of: Place, most: number, isLong = false): Goal {
  return { row, what, figure, unit, of, bound: { most }, isLong };
}

const changed = place('pressbox', 'changes', 1_000);
const stalled = place('pressbox', 'stalled', 4_500);
const lasting = place('pressbox', 'endurance', 2_000);
const stopped = '500 of 5,000 readers stop, 50 posts a second';

export const goals: readonly Goal[] = [
  delivery(1, 1_000, 'socket.io', 0.68),
  delivery(1, 5_000, 'socket.io', 0.56),
  delivery(1, 10_000, 'socket.io', 0.43),
  delivery(2, 5_000, 'floor', 1.45),
  delivery(2, 10_000, 'floor', 1.45),
  delivery(2, 10_000, 'nchan', 1),
  delivery(2, 5_000, 'floor', 1.45, { step: 'single', what: 'one post at a time: ' }),
  delivery(2, 10_000, 'floor', 1.45, { step: 'single', what: 'one post at a time: ' }),
  delivery(3, 10_000, 'floor-batch', 1.1, { step: 'burst', what: '8 waiting posts: ' }),
  {
    ...comparedWithSocketIo(4, ['sustained deliveries, p99 under 250 ms', 'held', 'per second'], ['held', 10_000], {
      least: 2.2,
    }),
    isLong: true,
  },
  comparedWithSocketIo(5, ['latency at 10 posts a second, p50', 'p50Ms', 'ms'], ['latency', 5_000], { most: 0.7 }),
  comparedWithSocketIo(5, ['latency at 10 posts a second, p99', 'p99Ms', 'ms'], ['latency', 5_000], { most: 0.7 }),
  comparedWithSocketIo(6, ['memory per reader', 'bytesPerReader', 'kB'], ['connect', 10_000, 'browsers'], { most: 0.9 }),
  comparedWithSocketIo(
    6,
    ['memory per reader, after garbage collection', 'bytesPerReaderCollected', 'kB'],
    ['connect', 10_000, 'browsers'],
    {
      most: 0.9,
    },
  ),
  comparedWithSocketIo(7, ['CPU per connect and subscribe', 'cpuMs', 'CPU ms'], ['connect', 10_000, 'browsers'], { most: 0.9 }),
  storm(['until the last reader has all', 'seconds', 's'], 'socket.io-recovery', 0.2),
  storm(['CPU', 'serverCpu', 'CPU s'], 'socket.io-recovery', 0.2),
  storm(['until the last reader has all', 'seconds', 's'], 'nchan', 1.2),
  guarantee(9, 'reconnect storm, 10 posts changed 20 times: superseded revisions sent', 'superseded', 'per reader', changed, 0),
  guarantee(9, 'same storm: bytes, relative to readers who missed only 10 changes', 'bytesRatio', '×', changed, 1.05),
  delivery(10, 10_000, 'nchan-sse', 1, { what: 'SSE: ', of: 'pressbox-sse' }),
  guarantee(11, `${stopped}: memory growth`, 'grownMb', 'MB', stalled, 100, true),
  guarantee(11, `${stopped}: p99 of the others, relative to a run without them`, 'p99Ratio', '×', stalled, 1.5, true),
  guarantee(11, `${stopped}: neither caught up nor closed after 30 s`, 'left', '', stalled, 0, true),
  overChannels('readers spread over 100 channels', 'capacity', 10_000, 'spread'),
  overChannels('100 channels, one post in each', 'single', 10_000, 'spread'),
  overChannels('each reader on 100 channels', 'single', 1_000, 'everywhere'),
  guarantee(
    13,
    '2,000 readers leaving and returning, 20 events a second: memory growth',
    'mbPerMinute',
    'MB/min',
    lasting,
    1,
    true,
  ),
  guarantee(13, 'same run: gaps', 'gaps', '', lasting, 0, true),
  guarantee(
    14,
    'takedown: until the last of 10,000 readers receives it',
    'lastMs',
    'ms',
    place('pressbox', 'takedown', 10_000),
    1_000,
  ),
];

/** The sessions that these goals need: one for each subject, number of readers and kind of crowd. */
export function sessionsFor(wanted: readonly Goal[]): Session[] {
  const sessions = new Map<string, Session & { steps: Step[] }>();
  for (const { subject, step, readers, crowd } of wanted.flatMap(({ of, against }) => (against ? [of, against] : [of]))) {
    // A step that changes the readers' state, or leaves much behind, gets its own session. So does a burst, for Pressbox and the
    // compared server alike.
    const key = [readers, crowd, subject, (needsReturn(step) || step === 'burst') && step].join();
    const session = sessions.get(key) ?? { subject, readers, crowd, steps: [] };
    if (!session.steps.includes(step)) session.steps.push(step);
    sessions.set(key, session);
  }
  // Servers that are compared with each other run one after the other.
  return [...sessions.values()].toSorted((a, b) => a.readers - b.readers || a.crowd.localeCompare(b.crowd));
}
