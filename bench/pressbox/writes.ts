import { availableParallelism } from 'node:os';
import { type Quantiles, quantilesOf } from '../histogram.ts';
import type { AuthorsRequest, AuthorsResult } from '../load/authors.ts';
import type { EngineRequest, EngineResult } from '../load/engine.ts';
import { startWorker } from '../load/worker.ts';
import { cpuSecondsOf, processTree } from '../peers/processors.ts';
import { channelOn, openEnvironment, type Plan, startStore } from './environment.ts';

/** Measures the rate of writes, over HTTP and by the engine alone. */
export interface AppendFigures {
  writers: number;
  perSecond: number;
  latency: Quantiles;
  /**
   * CPU microseconds per post: of the server (or the process with the engine), of its store, and of the processes that act as the
   * authors.
   */
  server: number;
  store: number;
  load: number;
  /** Posts per second if server and store had all cores and could use them fully: calculated, not measured. */
  bound: number;
}

export async function measureAuthors(plan: Plan): Promise<AppendFigures[]> {
  const figures: AppendFigures[] = [];
  for (const authors of plan.authors) {
    plan.say(`publishing over HTTP, ${authors} authors`);
    await using environment = await openEnvironment(plan);
    await using worker = startWorker(new URL('../load/authors.ts', import.meta.url));
    const { channelId, ...place } = await channelOn(environment.server);
    const ask: AuthorsRequest = { ...place, channelIds: [channelId], authors, forMs: plan.forMs };
    // The first requests warm up the server's code.
    await worker.call<AuthorsResult>('publish', { ...ask, forMs: plan.forMs / 4 } satisfies AuthorsRequest);
    const pids = [environment.server.pid, environment.redis?.pid];
    const before = pids.map(cpuOf);
    const answer = await worker.call<AuthorsResult>('publish', ask);
    const [server = 0, store = 0] = pids.map((pid, at) => cpuOf(pid) - (before[at] ?? 0));
    figures.push(figuresOf(authors, answer.posts, answer, { server, store, load: answer.cpuSeconds }));
  }
  return figures;
}

export async function measureEngine(plan: Plan): Promise<AppendFigures[]> {
  const figures: AppendFigures[] = [];
  for (const writers of plan.authors) {
    plan.say(`engine alone, concurrency ${writers}`);
    const redis = await startStore(plan.store);
    try {
      await using worker = startWorker(new URL('../load/engine.ts', import.meta.url));
      const store = redis ? { redisUrl: redis.url } : { directory: plan.directory };
      const ask: EngineRequest = { store, writers, forMs: plan.forMs };
      await worker.call<void>('open', ask);
      const before = cpuOf(redis?.pid);
      const answer = await worker.call<EngineResult>('append', ask);
      const spent = { server: answer.cpuSeconds, store: cpuOf(redis?.pid) - before, load: 0 };
      figures.push(figuresOf(writers, answer.appends, answer, spent));
      await worker.call<void>('close');
    } finally {
      await redis?.stop();
    }
  }
  return figures;
}

function cpuOf(pid: number | undefined): number {
  return pid === undefined ? 0 : cpuSecondsOf(processTree(pid));
}

function figuresOf(
  writers: number,
  posts: number,
  { tookMs, latency }: Pick<AuthorsResult, 'tookMs' | 'latency'>,
  spent: { server: number; store: number; load: number },
): AppendFigures {
  const each = (seconds: number) => (seconds * 1e6) / posts;
  const [server, store, load] = [each(spent.server), each(spent.store), each(spent.load)];
  const bound = (availableParallelism() * 1e6) / (server + store);
  return { writers, perSecond: (posts * 1_000) / tookMs, latency: quantilesOf(latency), server, store, load, bound };
}
