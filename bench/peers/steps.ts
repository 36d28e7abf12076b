import type { Measure } from './meter.ts';
import { residentBytesOf } from './processors.ts';
import type { Sink } from './sink.ts';
import { stepsOfPressbox } from './steps-pressbox.ts';
import type { Running } from './subjects.ts';

/** What is measured on a server with its readers. */
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

/** By name; the units are in the goals. */
export type Figures = Record<string, number>;

/** A server that was started, and a sink for its readers. */
export interface Scene {
  server: Running;
  sink: Sink;
  /** The flags with which this sink reads. */
  reading: readonly (string | number)[];
  readers: number;
  channels: number;
  /** Of the server. */
  pids: readonly number[];
  seconds: number;
  enduranceSeconds: number;
  measure: Measure;
}

export const steps: Record<Step, (scene: Scene) => Promise<Figures>> = {
  connect: connected,
  capacity,
  single,
  burst,
  latency: async ({ sink, seconds, measure }) => {
    await warm(sink);
    return await measure(`rate 10 ${seconds}`);
  },
  held,
  storm,
  ...stepsOfPressbox,
};

/** Those whose readers come back with what they have, which some peers have to be told at their first visit. */
export function needsReturn(step: Step): boolean {
  return step === 'storm' || step === 'changes' || step === 'stalled' || step === 'endurance';
}

const postsOfBurst = 8;
const burstsPerSecond = 3;
const missedPosts = 50;
/** Collecting the garbage of the largest heap here takes less, in seconds. */
const collectSeconds = 0.7;
/** Everything came, and 99 of 100 within this: then a rate is held. */
const heldMs = 250;

/** Connects and subscribes everyone; what it takes of the server, and what each reader holds, as it is and with the garbage gone. */
async function connected({ server, sink, readers, pids, measure }: Scene): Promise<Figures> {
  const collect = async () => {
    if (!server.collects) return;
    process.kill(server.pid, 'SIGUSR2');
    await sink.ask(`sleep ${collectSeconds}`);
  };
  await collect();
  const before = residentBytesOf(pids);
  const figures = await measure('connect');
  if (figures.connected !== readers) throw new Error(`${figures.connected} of ${readers} readers were connected.`);
  await sink.ask('sleep 0.5');
  const after = residentBytesOf(pids);
  await collect();
  const collected = residentBytesOf(pids);
  return {
    ...figures,
    cpuMs: (figures.serverCpu! * 1_000) / readers,
    bytesPerReader: (after - before) / readers,
    ...(server.collects && { bytesPerReaderCollected: (collected - before) / readers }),
  };
}

/** A post at a time: the next one of a channel when all have the one before, and of all channels where each reader has them all. */
async function single({ sink, reading, channels, seconds, measure }: Scene): Promise<Figures> {
  await warm(sink);
  return await measure(`closed ${reading.includes('--everywhere') ? 1 : channels} ${seconds}`);
}

/** As fast as it goes, with so many posts under way that the server always has one to send. */
async function capacity({ sink, readers, channels, seconds, measure }: Scene): Promise<Figures> {
  await warm(sink);
  const underWay = (readers <= 1_000 ? 8 : readers <= 5_000 ? 3 : 2) * channels;
  return await measure(`closed ${underWay} ${seconds}`);
}

/**
 * Some posts that wait for the server, and again. It is stopped while they are published: a store hands on what several authors say in
 * pieces of its own, and the first of them would find a server that is free.
 */
async function burst({ sink, readers, seconds, pids, measure }: Scene): Promise<Figures> {
  await warm(sink);
  const sum = { messages: 0, expected: 0, serverCpu: 0 };
  for (let left = seconds * burstsPerSecond; left > 0; left -= 1) {
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      await sink.ask(`publish ${postsOfBurst} 0`);
      await sink.ask('sleep 0.1');
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
    const { messages = 0, serverCpu = 0 } = await measure('listen 0.4');
    sum.messages += messages;
    sum.expected += postsOfBurst * readers;
    sum.serverCpu += serverCpu;
  }
  return { ...sum, cpuPerMillion: (sum.serverCpu * 1e6) / sum.messages };
}

/** The highest of some rates that is held: deliveries a second. The rates are shares of what went through as fast as it goes. */
async function held(scene: Scene): Promise<Figures> {
  const { perSecond = 0 } = await capacity(scene);
  for (const share of [0.95, 0.85, 0.75, 0.65, 0.5, 0.35]) {
    const figures = await scene.measure(`rate ${((perSecond / scene.readers) * share).toFixed(2)} ${scene.seconds}`);
    if (figures.messages === figures.expected && figures.p99Ms! < heldMs) return { ...figures, held: figures.perSecond!, share };
    await scene.sink.ask('sleep 0.5');
  }
  return { held: 0, share: 0 };
}

/** All are cut off, posts are published meanwhile, and all come back at once: until each has everything that it missed. */
async function storm({ sink, readers, measure }: Scene): Promise<Figures> {
  await sink.ask('publish 3 5');
  await sink.ask('sleep 1');
  await sink.ask('drop');
  await sink.ask('sleep 1');
  await sink.ask(`publish ${missedPosts} 200`);
  await sink.ask('sleep 0.5');
  const figures = await measure(`storm ${missedPosts} 60`);
  if (figures.complete !== readers) throw new Error(`${figures.complete} of ${readers} readers had all that they missed.`);
  return figures;
}

/** The first posts warm the server's code up. */
async function warm(sink: Sink): Promise<void> {
  await sink.ask('closed 1 1.5');
}
