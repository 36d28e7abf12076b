import { limits } from '../../../src/protocol/wire-limits.ts';
import { streamLimits } from '../../../src/streams/stream-limits.ts';
import { Random, Scheduler } from './scheduler.ts';
import { type Chances, jumpingClocks } from './setting.ts';
import { World } from './world.ts';

/** One run of a seed: a calm start, the faults, and the checks after healing. */
export interface Outcome {
  seed: number;
  /** Undefined if every invariant held. */
  violation: string | undefined;
  steps: number;
  ms: number;
  applied: number;
  resets: number;
}

/** The promised time after healing until everything is at the head. */
const healMs = 5_000;
/** After that, nothing happens for this long, and no node may read. */
const quietMs = 3_000;
/** A run with more steps counts as endless. */
const mostSteps = 30_000;
/** The most reads of a node, and requests of a reader, from healing until all is quiet. */
const mostReads = 150;
/** The most reads for each retry of a reader who may not read. */
const readsAnEnd = 3;
/** The code under test has handled an answer after this many turns of the microtask queue. */
const turns = 24;

export async function run(seed: number, trace?: (text: string) => void): Promise<Outcome> {
  const random = new Random(seed);
  const scheduler = new Scheduler();
  const world = new World(random, scheduler, trace && ((text) => trace(`${scheduler.now.toFixed(1).padStart(9)}  ${text}`)));
  const { witness, setting } = world;
  // Chosen independently of other random choices, so that existing seeds keep their meaning.
  if (seed % 5 === 1) setting.clockOf = jumpingClocks(new Random(-seed));
  const restore = bounded(setting.chances);
  // Stack traces of the many refusals are not needed.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = trace === undefined ? 0 : stackTraceLimit;
  let steps = 0;
  let healedAt = Number.POSITIVE_INFINITY;
  const isOver = () => witness.violation !== undefined;
  try {
    const until = async (time: () => number) => {
      while (!isOver()) {
        const next = scheduler.next;
        if (next === undefined || next > time()) break;
        scheduler.step();
        for (let turn = 0; turn < turns; turn += 1) await undefined;
        witness.looks();
        steps += 1;
        if (steps > mostSteps) witness.fails('reads stop when nothing changes', `${steps} steps`);
      }
      if (Number.isFinite(time())) scheduler.now = time();
    };
    world.live(20 + random.below(60), () => {
      healedAt = scheduler.now;
    });
    await until(() => healedAt);
    const asked = () => [
      ...setting.nodes.map(({ reads }) => reads),
      ...world.readers.map((reader) => (reader.polls ? 0 : reader.asked)),
    ];
    const ends = () => readsAnEnd * world.readers.reduce((sum, reader) => sum + reader.ends, 0);
    const before = asked();
    const endsBefore = ends();
    await until(() => healedAt + healMs);
    if (!isOver()) witness.convergence(world.readers);
    if (!isOver() && world.authors.pending.size > 0)
      witness.fails('no channel stays blocked', [...world.authors.pending].join(', '));
    const settled = asked();
    const endsSettled = ends();
    if (!isOver() && settled.some((count, at) => count - (before[at] ?? 0) > mostReads + endsSettled - endsBefore))
      witness.fails('reads stop when nothing changes', `${settled} after ${before}`);
    world.authors.write();
    await until(() => healedAt + healMs + quietMs);
    if (!isOver()) witness.convergence(world.readers);
    const quiet = asked();
    if (!isOver() && quiet.some((count, at) => count - (settled[at] ?? 0) > 10 + ends() - endsSettled))
      witness.fails('reads stop when nothing changes', `${quiet} after ${settled}`);
  } catch (error) {
    witness.fails('nothing throws', error instanceof Error ? `${error.stack}` : String(error));
  } finally {
    restore();
    Error.stackTraceLimit = stackTraceLimit;
  }
  const { violation, applied, resets } = witness;
  return { seed, violation: violation?.message, steps, ms: scheduler.now, applied, resets };
}

/** Lowers the bounds of the code under test so that a short run reaches them. Returns a function that restores them. */
function bounded({ tailOffsets, sliceBytes, turnReaders, replay }: Chances): () => void {
  const streams = streamLimits as { tailOffsets: number; sliceBytes: number; turnReaders: number };
  const answers = limits as { catchUpMost: number };
  const before = { streams: { ...streams }, catchUpMost: answers.catchUpMost };
  Object.assign(streams, { tailOffsets, sliceBytes, turnReaders });
  answers.catchUpMost = replay;
  return () => {
    Object.assign(streams, before.streams);
    answers.catchUpMost = before.catchUpMost;
  };
}
