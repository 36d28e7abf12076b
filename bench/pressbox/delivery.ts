import { publish } from '../../test/support/authors/writers.ts';
import { histogramOf, merged, type Quantiles, quantilesOf } from '../histogram.ts';
import type { ReaderTransport, Received, Reconnected } from '../load/readers.ts';
import { postOf } from '../load/sample-post.ts';
import { monotonicMs, startWorker } from '../load/worker.ts';
import { cpuSeconds, residentBytes } from '../machine.ts';
import { channelOn, openEnvironment, type Plan, pause, publishFor, settleMs, startCrowds } from './environment.ts';

/** Measures delivery to readers, live and by catch-up. */
export interface FanOutFigures {
  transport: ReaderTransport;
  readers: number;
  posts: number;
  deliveries: number;
  /** Deliveries that did not arrive. */
  missing: number;
  lost: number;
  /** From publication to each reader. */
  latency: Quantiles;
  /** From publication to the last reader, per post. */
  last: Quantiles;
  cpuSecondsPerMillion: number;
  /** CPU of the server while pushing, as a share of one core. */
  cpuShare: number;
  /** CPU of all reader processes, as a share of one core. If all cores are busy, the figures describe the machine. */
  readersCpuShare: number;
  /** Server memory per reader once all are connected. */
  idleBytesPerReader: number;
  /** Server memory per reader after the last post. */
  busyBytesPerReader: number;
}

export interface CatchUpFigures {
  what: string;
  missed: number;
  readers: number;
  latency: Quantiles;
}

export async function measureFanOut(plan: Plan): Promise<FanOutFigures[]> {
  const figures: FanOutFigures[] = [];
  // The largest number of readers is also measured over streams.
  const most = Math.max(...plan.readers);
  const crowdsOf = [...plan.readers.map((readers) => ['socket', readers] as const), ['stream', most] as const];
  for (const [transport, readers] of crowdsOf) {
    plan.say(`pushing to ${readers} readers over ${transport}s`);
    await using environment = await openEnvironment(plan);
    const { server } = environment;
    await using crowds = startCrowds(plan.crowds);
    const { url, channelId, token } = await channelOn(server);
    const push = (forMs: number) => publishFor(server, { channelId, token, postsPerSecond: plan.postsPerSecond, forMs });
    await push(1_000);

    const memoryBefore = residentBytes(server.pid);
    await crowds.each<void>('connectReaders', readers, { transport, url, channelId });
    await pause(settleMs);
    const memoryIdle = residentBytes(server.pid);
    // Warm up, and let new connections settle. These posts do not count.
    await push(1_000);
    await pause(settleMs);
    await crowds.each<Received>('received', readers);

    const cpuBefore = cpuSeconds(server.pid);
    const began = monotonicMs();
    const posts = await push(plan.forMs);
    await pause(settleMs);
    const cpu = cpuSeconds(server.pid) - cpuBefore;
    const tookMs = monotonicMs() - began;
    const memoryBusy = residentBytes(server.pid);
    const received = await crowds.each<Received>('received', readers);

    const deliveries = received.reduce((sum, crowd) => sum + crowd.deliveries, 0);
    figures.push({
      transport,
      readers,
      posts,
      deliveries,
      missing: posts * readers - deliveries,
      lost: received.reduce((sum, crowd) => sum + crowd.lost, 0),
      latency: quantilesOf(merged(received.map(({ latency }) => latency))),
      last: quantilesOf(histogramOf(lastOfEach(received))),
      cpuSecondsPerMillion: (cpu * 1e6) / deliveries,
      cpuShare: cpu / (tookMs / 1_000),
      readersCpuShare: received.reduce((sum, crowd) => sum + crowd.cpuSeconds, 0) / (tookMs / 1_000),
      idleBytesPerReader: (memoryIdle - memoryBefore) / readers,
      busyBytesPerReader: (memoryBusy - memoryBefore) / readers,
    });
  }
  return figures;
}

export async function measureCatchUp(plan: Plan): Promise<CatchUpFigures[]> {
  const { returning } = plan;
  const most = Math.max(...plan.missed, returning.missed);
  plan.say(`publishing ${most} posts to catch up with`);
  await using environment = await openEnvironment(plan);
  const { server } = environment;
  const { url, channelId, token } = await channelOn(server);
  const cursors: string[] = [];
  const publishOne = async () => {
    const { cursor } = await publish(server, token, channelId, postOf(cursors.length));
    cursors.push(cursor);
  };
  while (cursors.length <= most) await publishOne();
  const missing = (missed: number) => cursors.at(-1 - missed)!;

  const figures: CatchUpFigures[] = [];
  for (const missed of plan.missed) {
    plan.say(`catching up with ${missed}, one reader`);
    await using reader = startWorker(new URL('../load/readers.ts', import.meta.url));
    const times: number[] = [];
    for (let time = 0; time < plan.catchUps; time += 1) {
      // A new post each time. Otherwise the server would answer with the cached catch-up of the previous request.
      await publishOne();
      const answer = await reader.call<{ ms: number; missed: number }>('catchUp', { url, channelId, after: missing(missed) });
      if (answer.missed !== missed) throw new Error(`A reader who missed ${missed} events received ${answer.missed}.`);
      times.push(answer.ms);
    }
    figures.push({ what: 'one reader', missed, readers: 1, latency: quantilesOf(histogramOf(times)) });
  }

  for (const restarted of [false, true]) {
    plan.say(`${returning.readers} readers reconnecting at once${restarted ? ' after a restart' : ''}`);
    if (restarted) {
      await server.kill();
      await server.start();
    }
    await using crowds = startCrowds(plan.crowds);
    const after = missing(returning.missed);
    const back = await crowds.each<Reconnected>('reconnect', returning.readers, { transport: 'socket', url, channelId, after });
    const missed = back.reduce((sum, crowd) => sum + crowd.missed, 0);
    if (missed !== returning.readers * returning.missed) throw new Error(`The returning readers received ${missed} events.`);
    const what = restarted ? 'all at once, server just restarted' : 'all at once, including handshakes';
    figures.push({ what, ...returning, latency: quantilesOf(merged(back.map(({ latency }) => latency))) });
  }
  return figures;
}

/** The time until the last reader had each post. */
function lastOfEach(received: readonly Received[]): number[] {
  const last = new Map<number, number>();
  for (const crowd of received) {
    for (const [sentAt, ms] of crowd.last) last.set(sentAt, Math.max(ms, last.get(sentAt) ?? 0));
  }
  return [...last.values()];
}
