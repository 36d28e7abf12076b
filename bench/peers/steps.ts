import type { Figures } from './meter.ts';
import { residentBytesOf } from './processors.ts';
import type { Scene, Step } from './scene.ts';
import type { Sink } from './sink.ts';
import { stepsOfPressbox } from './steps-pressbox.ts';

export const steps: Record<Step, (scene: Scene) => Promise<Figures>> = {
  connect: connected,
  capacity,
  single,
  burst,
  latency: async ({ sink, seconds, measure }) => {
    await warmUp(sink);
    return await measure(`rate 10 ${seconds}`);
  },
  held,
  storm,
  ...stepsOfPressbox,
};

const postsOfBurst = 8;
const burstsPerSecond = 3;
const missedPosts = 50;
/** Seconds after which garbage collection has ended, even with the largest heap of this benchmark. */
const collectSeconds = 0.7;
/** A rate is sustained if every message arrives and 99 of 100 take less than this. */
const heldMs = 250;

/**
 * Connects and subscribes all readers. Measures the server's CPU, and its memory per reader before and after garbage collection.
 */
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

/**
 * Publishes one post at a time per channel, the next one once all readers have the previous one. If each reader follows all
 * channels, one post at a time overall.
 */
async function single({ sink, reading, channels, seconds, measure }: Scene): Promise<Figures> {
  await warmUp(sink);
  return await measure(`closed ${reading.includes('--everywhere') ? 1 : channels} ${seconds}`);
}

/** Publishes as fast as possible, with enough posts in flight that the server always has one to send. */
async function capacity({ sink, readers, channels, seconds, measure }: Scene): Promise<Figures> {
  await warmUp(sink);
  const underWay = (readers <= 1_000 ? 8 : readers <= 5_000 ? 3 : 2) * channels;
  return await measure(`closed ${underWay} ${seconds}`);
}

/**
 * Repeatedly delivers several posts that are waiting. The server is stopped while they are published, because the store forwards
 * concurrent posts in batches of its own, and the first batch would find an idle server.
 */
async function burst({ sink, readers, seconds, pids, measure }: Scene): Promise<Figures> {
  await warmUp(sink);
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

/** Finds the highest sustained rate in deliveries per second. The rates tried are shares of the measured maximum. */
async function held(scene: Scene): Promise<Figures> {
  const { perSecond = 0 } = await capacity(scene);
  for (const share of [0.95, 0.85, 0.75, 0.65, 0.5, 0.35]) {
    const figures = await scene.measure(`rate ${((perSecond / scene.readers) * share).toFixed(2)} ${scene.seconds}`);
    if (figures.messages === figures.expected && figures.p99Ms! < heldMs) return { ...figures, held: figures.perSecond!, share };
    await scene.sink.ask('sleep 0.5');
  }
  return { held: 0, share: 0 };
}

/**
 * Disconnects all readers, publishes posts, and reconnects all readers at once. Ends when each reader has everything that it
 * missed.
 */
async function storm({ sink, readers, measure }: Scene): Promise<Figures> {
  await sink.ask('publish 3 5');
  await sink.ask('sleep 1');
  await sink.ask('drop');
  await sink.ask('sleep 1');
  await sink.ask(`publish ${missedPosts} 200`);
  await sink.ask('sleep 0.5');
  const figures = await measure(`storm ${missedPosts} 60`);
  if (figures.complete !== readers)
    throw new Error(`${figures.complete} of ${readers} readers received everything that they missed.`);
  return figures;
}

/** The first posts warm up the server's code. */
async function warmUp(sink: Sink): Promise<void> {
  await sink.ask('closed 1 1.5');
}
