import { createChannel, publish, type Written } from '../../test/support/authors/writers.ts';
import { type ServerProcess, startServerProcess } from '../../test/support/servers/process.ts';
import { type RedisServer, startRedis } from '../../test/support/stores/redis.ts';
import type { ReadersRequest } from '../load/readers.ts';
import { headlineSentAt, postOf } from '../load/sample-post.ts';
import { monotonicMs, startWorker, type Worker } from '../load/worker.ts';

/** The environment of a measurement: servers with their own store, authors and readers. */

export const stores = ['embedded', 'redis', 'valkey'] as const;
export type StoreKind = (typeof stores)[number];

export interface Plan {
  store: StoreKind;
  /** Number of processes per server. */
  workers: number;
  /** Parent of the data directories. */
  directory: string;
  /** Duration of each step. */
  forMs: number;
  /** Duration of each step of the part `lists`. */
  listsForMs: number;
  authors: readonly number[];
  readers: readonly number[];
  postsPerSecond: number;
  missed: readonly number[];
  /** Number of single catch-ups per length. */
  catchUps: number;
  returning: { readers: number; missed: number };
  /** Number of processes that act as readers. */
  crowds: number;
  /** Numbers of readers for which the cost of a post is measured. */
  costReaders: readonly number[];
  /** Number of channels with one reader each. */
  channels: number;
  say: (line: string) => void;
}

export interface Environment extends AsyncDisposable {
  readonly server: ServerProcess;
  /** The store of the journal; undefined with the embedded journal. */
  readonly redis: RedisServer | undefined;
  /** Another server on the same store. */
  startNode(): Promise<ServerProcess>;
}

export async function openEnvironment({
  directory,
  store,
  workers,
}: Pick<Plan, 'directory' | 'store' | 'workers'>): Promise<Environment> {
  const redis = await startStore(store);
  const nodes: ServerProcess[] = [];
  const startNode = async () => {
    const shared = redis && { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_WORKERS: String(workers) };
    // All readers connect from one address, as through a trusted proxy. Any other address could take only half of the
    // connections.
    const env = { PRESSBOX_LOG_LEVEL: 'info', PRESSBOX_TRUST_PROXY: 'loopback', ...shared };
    const node = await startServerProcess({ within: directory, env });
    nodes.push(node);
    return node;
  };
  const close = async () => {
    for (const node of nodes) await node[Symbol.asyncDispose]();
    await redis?.stop();
  };
  try {
    const server = await startNode();
    return { server, redis, startNode, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

export async function startStore(store: StoreKind): Promise<RedisServer | undefined> {
  return store === 'embedded' ? undefined : await startRedis(`${store}-server`);
}

export interface Place {
  url: string;
  channelId: string;
  token: string;
}

export async function channelOn(server: ServerProcess): Promise<Place> {
  const token = await server.token();
  const { id } = await createChannel(server, token);
  return { url: server.url, channelId: id, token };
}

/** Publishes at a steady rate without waiting for answers. Resolves with the number of posts. */
export async function publishFor(
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

export interface Crowds extends AsyncDisposable {
  /** Calls every process, with its share of the readers and channels. */
  each<T>(name: string, readers: number, ask?: Omit<ReadersRequest, 'readers'>): Promise<T[]>;
}

export function startCrowds(count: number): Crowds {
  const workers: Worker[] = Array.from({ length: count }, () => startWorker(new URL('../load/readers.ts', import.meta.url)));
  return {
    each: <T>(name: string, readers: number, ask?: Omit<ReadersRequest, 'readers'>) =>
      Promise.all(
        workers.map((worker, index) => {
          const share = Math.floor(readers / count) + (index < readers % count ? 1 : 0);
          const channelIds = ask?.channelIds?.filter((_, at) => at % count === index);
          return worker.call<T>(name, { ...ask, ...(channelIds && { channelIds }), readers: share });
        }),
      ),
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
    },
  };
}

/** Time for the server to settle before a measurement and after the last post. */
export const settleMs = 1_500;

export function pause(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
