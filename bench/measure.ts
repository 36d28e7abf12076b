import type { ServerProcess } from '../test/support/process.ts';
import { startServerProcess } from '../test/support/process.ts';
import { createChannel, publish, type Written } from '../test/support/writers.ts';
import type { AuthorsAnswer, AuthorsAsk } from './authors.ts';
import type { EngineAnswer, EngineAsk } from './engine.ts';
import { histogramOf, merged, type Quantiles, quantilesOf } from './histogram.ts';
import { cpuSeconds, residentBytes } from './machine.ts';
import type { CameBack, CrowdAsk, CrowdTransport, Heard } from './readers.ts';
import { headlineSentAt, postOf } from './text.ts';
import { monotonicMs, startWorker, type Worker } from './worker.ts';

/** The measurements, each on a server of its own that is started for it. */
export interface Plan {
  /** Where data directories are made. */
  directory: string;
  /** How long authors publish, and posts are pushed, in each step. */
  forMs: number;
  authors: readonly number[];
  readers: readonly number[];
  postsPerSecond: number;
  missed: readonly number[];
  /** Single catch-ups of each length. */
  catchUps: number;
  returning: { readers: number; missed: number };
  /** Processes among which readers are spread. */
  crowds: number;
  say: (line: string) => void;
}

export interface AppendFigures {
  writers: number;
  perSecond: number;
  latency: Quantiles;
}

export interface FanOutFigures {
  transport: CrowdTransport;
  readers: number;
  posts: number;
  deliveries: number;
  /** Deliveries that did not come. */
  missing: number;
  lost: number;
  /** Publication to reader. */
  latency: Quantiles;
  /** Publication to the last reader, over posts. */
  last: Quantiles;
  cpuSecondsPerMillion: number;
  /** Of a core, while pushing. */
  cpuShare: number;
  /** Of a core, what the processes that play the readers took, all together. Where all cores are taken, figures tell of the machine. */
  readersCpuShare: number;
  /** Bytes of server memory a reader, once all are connected. */
  idleBytesPerReader: number;
  /** The same at the end of the pushing. */
  busyBytesPerReader: number;
}

export interface CatchUpFigures {
  what: string;
  missed: number;
  readers: number;
  latency: Quantiles;
}

/** Time for what was begun to settle, before memory is read and after the last post. */
const settleMs = 1_500;

export async function measureEngine(plan: Plan): Promise<AppendFigures[]> {
  const figures: AppendFigures[] = [];
  for (const writers of plan.authors) {
    plan.say(`engine alone, ${writers} at once`);
    await using worker = startWorker('./engine.ts');
    const ask: EngineAsk = { store: { directory: plan.directory }, writers, forMs: plan.forMs };
    const { appends, tookMs, latency } = await worker.call<EngineAnswer>('append', ask);
    figures.push({ writers, perSecond: (appends * 1_000) / tookMs, latency: quantilesOf(latency) });
  }
  return figures;
}

export async function measureAuthors(plan: Plan): Promise<AppendFigures[]> {
  const figures: AppendFigures[] = [];
  for (const authors of plan.authors) {
    plan.say(`publishing over HTTP, ${authors} authors`);
    await using server = await startFor(plan);
    await using worker = startWorker('./authors.ts');
    const ask: AuthorsAsk = { ...(await channelOn(server)), authors, forMs: plan.forMs };
    // The first requests warm the server's code up.
    await worker.call<AuthorsAnswer>('publish', { ...ask, forMs: plan.forMs / 5 } satisfies AuthorsAsk);
    const { posts, tookMs, latency } = await worker.call<AuthorsAnswer>('publish', ask);
    figures.push({ writers: authors, perSecond: (posts * 1_000) / tookMs, latency: quantilesOf(latency) });
  }
  return figures;
}

export async function measureFanOut(plan: Plan): Promise<FanOutFigures[]> {
  const figures: FanOutFigures[] = [];
  // The largest crowd, over streams too.
  const most = Math.max(...plan.readers);
  const crowdsOf = [...plan.readers.map((readers) => ['socket', readers] as const), ['stream', most] as const];
  for (const [transport, readers] of crowdsOf) {
    plan.say(`pushing to ${readers} readers over ${transport}s`);
    await using server = await startFor(plan);
    await using crowds = startCrowds(plan.crowds);
    const { url, channelId, token } = await channelOn(server);
    const push = (forMs: number) => pushFor(server, { channelId, token, postsPerSecond: plan.postsPerSecond, forMs });
    await push(1_000);

    const memoryBefore = residentBytes(server.pid);
    await crowds.each<void>('gather', readers, { transport, url, channelId });
    await pause(settleMs);
    const memoryIdle = residentBytes(server.pid);
    // A moment to warm up, and for those who have just connected: it does not count.
    await push(1_000);
    await pause(settleMs);
    await crowds.each<Heard>('heard', readers);

    const cpuBefore = cpuSeconds(server.pid);
    const began = monotonicMs();
    const posts = await push(plan.forMs);
    await pause(settleMs);
    const cpu = cpuSeconds(server.pid) - cpuBefore;
    const tookMs = monotonicMs() - began;
    const memoryBusy = residentBytes(server.pid);
    const heard = await crowds.each<Heard>('heard', readers);

    const deliveries = heard.reduce((sum, crowd) => sum + crowd.deliveries, 0);
    figures.push({
      transport,
      readers,
      posts,
      deliveries,
      missing: posts * readers - deliveries,
      lost: heard.reduce((sum, crowd) => sum + crowd.lost, 0),
      latency: quantilesOf(merged(heard.map(({ latency }) => latency))),
      last: quantilesOf(histogramOf(lastOfEach(heard))),
      cpuSecondsPerMillion: (cpu * 1e6) / deliveries,
      cpuShare: cpu / (tookMs / 1_000),
      readersCpuShare: heard.reduce((sum, crowd) => sum + crowd.cpuSeconds, 0) / (tookMs / 1_000),
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
  await using server = await startFor(plan);
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
    await using reader = startWorker('./readers.ts');
    const times: number[] = [];
    for (let time = 0; time < plan.catchUps; time += 1) {
      // Another post each time, or the answer would be the one that was made for the last question.
      await publishOne();
      const answer = await reader.call<{ ms: number; missed: number }>('catchUp', { url, channelId, after: missing(missed) });
      if (answer.missed !== missed) throw new Error(`A reader who missed ${missed} was given ${answer.missed}.`);
      times.push(answer.ms);
    }
    figures.push({ what: 'one reader', missed, readers: 1, latency: quantilesOf(histogramOf(times)) });
  }

  for (const restarted of [false, true]) {
    plan.say(`${returning.readers} readers coming back at once${restarted ? ' after a restart' : ''}`);
    if (restarted) {
      await server.kill();
      await server.start();
    }
    await using crowds = startCrowds(plan.crowds);
    const after = missing(returning.missed);
    const back = await crowds.each<CameBack>('comeBack', returning.readers, { transport: 'socket', url, channelId, after });
    const missed = back.reduce((sum, crowd) => sum + crowd.missed, 0);
    if (missed !== returning.readers * returning.missed) throw new Error(`The returning readers were given ${missed} events.`);
    const what = restarted ? 'all at once, server just restarted' : 'all at once, handshakes counted in';
    figures.push({ what, ...returning, latency: quantilesOf(merged(back.map(({ latency }) => latency))) });
  }
  return figures;
}

function startFor({ directory }: Plan): Promise<ServerProcess> {
  return startServerProcess({ within: directory, env: { PRESSBOX_LOG_LEVEL: 'info' } });
}

async function channelOn(server: ServerProcess): Promise<{ url: string; channelId: string; token: string }> {
  const token = await server.token();
  const { id } = await createChannel(server, token);
  return { url: server.url, channelId: id, token };
}

/** Publishes at a steady rate, whether or not the answers to those before have come. The number of posts. */
async function pushFor(
  server: ServerProcess,
  { channelId, token, postsPerSecond, forMs }: { channelId: string; token: string; postsPerSecond: number; forMs: number },
): Promise<number> {
  const posts = Math.max(1, Math.round((postsPerSecond * forMs) / 1_000));
  const began = monotonicMs();
  const written: Promise<Written>[] = [];
  for (let number = 0; number < posts; number += 1) {
    await pause(began + (number * 1_000) / postsPerSecond - monotonicMs());
    written.push(publish(server, token, channelId, postOf(number, headlineSentAt(monotonicMs()))));
  }
  await Promise.all(written);
  return posts;
}

/** For each post, when the last of all readers had it. */
function lastOfEach(heard: readonly Heard[]): number[] {
  const last = new Map<number, number>();
  for (const crowd of heard) {
    for (const [sentAt, ms] of crowd.last) last.set(sentAt, Math.max(ms, last.get(sentAt) ?? 0));
  }
  return [...last.values()];
}

interface Crowds extends AsyncDisposable {
  /** Calls every crowd, with its share of the readers. */
  each<T>(name: string, readers: number, ask?: Omit<CrowdAsk, 'readers'>): Promise<T[]>;
}

function startCrowds(count: number): Crowds {
  const workers: Worker[] = Array.from({ length: count }, () => startWorker('./readers.ts'));
  return {
    each: <T>(name: string, readers: number, ask?: Omit<CrowdAsk, 'readers'>) =>
      Promise.all(
        workers.map((worker, index) => {
          const share = Math.floor(readers / count) + (index < readers % count ? 1 : 0);
          return worker.call<T>(name, { ...ask, readers: share });
        }),
      ),
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
    },
  };
}

function pause(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
