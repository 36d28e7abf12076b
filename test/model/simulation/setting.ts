import { delay, type LinkChances } from './link.ts';
import type { SimNode } from './node.ts';
import type { Random, Scheduler } from './scheduler.ts';
import { Store, type StoreChances } from './store.ts';

/** What all parts of one simulation share, and how a seed shapes it. */
export interface Chances extends StoreChances {
  nodes: number;
  readers: number;
  minReplicas: 0 | 1;
  /** The share of answers that are lost with their connection, and of commands that run twice. */
  lostAnswer: number;
  resend: number;
  /** The share of writes after which a client's connection is busy for a while. */
  busy: number;
  tailOffsets: number;
  sliceBytes: number;
  turnReaders: number;
  /** The most changes of a replay, and posts of a snapshot. */
  replay: number;
  snapshot: number;
}

export interface Setting {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly store: Store;
  readonly chances: Chances;
  readonly busChances: LinkChances;
  readonly clientChances: LinkChances;
  /** Delays between nodes and the store. */
  readonly storeChances: LinkChances;
  readonly nodes: SimNode[];
  /** The delay of one message between a node and the store. */
  delay(): number;
  /** The clock of a node at a time. Undefined: all clocks are right. */
  clockOf: ((nodeId: string, now: number) => number) | undefined;
  /** Receives a line for each step, if set. */
  trace: ((text: string) => void) | undefined;
}

const calm: LinkChances = { usualMs: 4, lateMs: 40, late: 0.05, drop: 0, double: 0, swap: 0 };

export function makeSetting(random: Random, scheduler: Scheduler): Setting {
  const sometimes = (share: number, value: number) => (random.chance(share) ? value : 0);
  const chances: Chances = {
    nodes: random.chance(0.6) ? 2 : 3,
    readers: 2 + random.below(3),
    minReplicas: random.chance(0.3) ? 1 : 0,
    syncMs: random.pick([0, 2, 10, 40]),
    replicaMs: random.pick([5, 50, 1_500]),
    lostAnswer: sometimes(0.4, 0.03),
    resend: sometimes(0.3, 0.05),
    busy: random.pick([0, 0.1, 0.4]),
    tailOffsets: random.pick([4, 8, 4_096]),
    sliceBytes: random.pick([700, 256 * 1_024]),
    turnReaders: random.pick([1, 2, 1_000]),
    replay: random.pick([2, 5, 1_000]),
    snapshot: random.pick([2, 4, 20]),
  };
  const busChances: LinkChances = {
    usualMs: random.pick([1, 5, 30]),
    lateMs: random.pick([50, 800]),
    late: sometimes(0.5, 0.1),
    drop: sometimes(0.5, 0.15),
    double: sometimes(0.4, 0.1),
    swap: sometimes(0.5, 0.3),
  };
  const clientChances: LinkChances = {
    usualMs: random.pick([1, 10, 40]),
    lateMs: random.pick([50, 1_000]),
    late: sometimes(0.5, 0.1),
    drop: sometimes(0.3, 0.05),
    double: sometimes(0.3, 0.1),
    swap: sometimes(0.3, 0.1),
  };
  const storeChances: LinkChances = {
    ...calm,
    usualMs: random.pick([1, 8, 30]),
    lateMs: random.pick([50, 700]),
    late: sometimes(0.6, 0.15),
  };
  return {
    random,
    scheduler,
    store: new Store(random, scheduler, chances),
    chances,
    busChances,
    clientChances,
    storeChances,
    nodes: [],
    delay: () => delay(random, storeChances),
    clockOf: undefined,
    trace: undefined,
  };
}

const [minuteMs, hourMs] = [60_000, 3_600_000];

/** Clocks that jump: each node's clock is right, or a second or more ahead or behind. */
export function jumpingClocks(random: Random): NonNullable<Setting['clockOf']> {
  const ahead = new Map<string, number>();
  return (nodeId, now) => {
    const moment = `${nodeId} ${Math.floor(now / 1_000)}`;
    const known = ahead.get(moment) ?? random.pick([0, 0, 4 * minuteMs, hourMs, -200, -2_000, -4 * minuteMs, -hourMs]);
    ahead.set(moment, known);
    return now + known;
  };
}

/** From now on links deliver everything once and in order. */
export function heal({ chances, busChances, clientChances, storeChances }: Setting): void {
  chances.lostAnswer = 0;
  chances.resend = 0;
  chances.busy = 0;
  chances.replicaMs = 5;
  Object.assign(busChances, calm);
  Object.assign(clientChances, calm);
  Object.assign(storeChances, calm);
}
