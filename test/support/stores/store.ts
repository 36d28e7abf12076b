import { randomBytes } from 'node:crypto';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RedisEngineOptions } from '../../../src/journal/redis/index.ts';
import type { SqliteOptions } from '../../../src/journal/sqlite/index.ts';
import { openTempEngine, type TempEngine } from './engines.ts';
import { openNode, openTempRedis, type RedisServer, startRedis, type TempRedisEngine } from './redis.ts';
import { emptyGroup, replicasFollow, startSentinelGroup } from './sentinels.ts';

/**
 * The store of a test's servers: their data directory, or a Redis or Valkey, alone or behind Sentinel, if `PRESSBOX_TEST_STORE`
 * says so, so that the same tests run on each. Imports nothing from vitest, so that the benchmark can use it too.
 */
export interface Store {
  /** Added to the environment of the server. */
  readonly env: Record<string, string>;
  /** The directory with the bytes of the journal. */
  readonly directory: string;
  /** A copy of the current state, like a backup. No server may write during the copy, or run during its restoration. */
  copy(): Promise<StoreCopy>;
  /** Removes all data. No server may run on it. */
  wipe(): Promise<void>;
  /** Empties the store for its next user. */
  release(): Promise<void>;
}

export interface StoreCopy extends AsyncDisposable {
  putBack(): Promise<void>;
}

/** The stores other than the data directory. */
export const storeKinds = ['redis', 'valkey', 'redis-sentinel', 'valkey-sentinel'] as const;
export type StoreKind = (typeof storeKinds)[number];

/** Undefined if the journal is in the data directory. */
export function storeKind(): StoreKind | undefined {
  const kind = process.env.PRESSBOX_TEST_STORE ?? 'embedded';
  if (kind === 'embedded') return undefined;
  const found = storeKinds.find((one) => one === kind);
  if (found === undefined) throw new Error(`PRESSBOX_TEST_STORE is "${kind}", and must be embedded or ${storeKinds.join(', ')}.`);
  return found;
}

/** Unused and empty servers of this process, which uses one kind. */
const idle: SharedStore[] = [];

/** A store for exclusive use until it is released. */
export async function openStore(dataDir: string): Promise<Store> {
  const kind = storeKind();
  if (kind === undefined) return embeddedIn(dataDir);
  const shared = idle.pop() ?? (await startSharedStore(kind));
  const { server } = shared;
  const files = join(server.directory, 'appendonlydir');
  return {
    // Servers on Redis do not create a secret, and take uploads only if a directory is named.
    env: {
      ...shared.env,
      PRESSBOX_JWT_SECRET: randomBytes(32).toString('base64url'),
      PRESSBOX_MEDIA_DIR: join(dataDir, 'media'),
    },
    directory: server.directory,
    async copy() {
      const copy = join(server.directory, `copy-${crypto.randomUUID()}`);
      await cp(files, copy, { recursive: true });
      return {
        async putBack() {
          await server.kill();
          await replace(files, copy);
          await server.start();
          await shared.settled();
        },
        [Symbol.asyncDispose]: () => rm(copy, { recursive: true, force: true }),
      };
    },
    wipe: () => shared.empty(),
    async release() {
      await shared.empty();
      idle.push(shared);
    },
  };
}

/** Call it after the last test of a file that opens a store. */
export async function endStores(): Promise<void> {
  await Promise.all(idle.splice(0).map((shared) => shared.stop()));
}

/** A store in the data directory, even if the tests run on Redis or Valkey. */
export function embeddedIn(dataDir: string): Store {
  return {
    env: {},
    directory: dataDir,
    async copy() {
      const copy = `${dataDir}-copy-${crypto.randomUUID()}`;
      await cp(dataDir, copy, { recursive: true });
      return {
        putBack: () => replace(dataDir, copy),
        [Symbol.asyncDispose]: () => rm(copy, { recursive: true, force: true }),
      };
    },
    wipe: () => rm(dataDir, { recursive: true }),
    release: async () => {},
  };
}

async function replace(directory: string, copy: string): Promise<void> {
  await rm(directory, { recursive: true });
  await cp(copy, directory, { recursive: true });
}

/** An engine on the store of the tests, with its own data. */
export async function openTestEngine(
  options: Pick<SqliteOptions, 'now' | 'log' | 'renderer'>,
): Promise<TempEngine | TempRedisEngine> {
  const kind = storeKind();
  if (kind === undefined) return await openTempEngine(options);
  return isBehindSentinel(kind) ? await openBehindSentinel(kind, options) : await openTempRedis(binaryOf(kind), options);
}

/** An engine on a group of servers of its own, which is kept for later engines. Every write waits for a replica. */
export async function openBehindSentinel(kind: StoreKind, options: Partial<RedisEngineOptions>): Promise<TempRedisEngine> {
  const shared = idle.pop() ?? (await startSharedStore(kind));
  const server = { ...shared.server, url: shared.env.PRESSBOX_REDIS_URL };
  const open = (more: Partial<RedisEngineOptions>) => openNode(server, { minReplicas: 1, ...options, ...more });
  let engine = await open({});
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    await engine.close();
    await shared.empty();
    idle.push(shared);
  };
  return {
    server: shared.server,
    get engine() {
      return engine;
    },
    async reopen(changed = {}) {
      await engine.close();
      engine = await open(changed);
      return engine;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A Redis or Valkey, or the master of a group. */
interface SharedStore {
  server: RedisServer;
  /** Names it to servers. */
  env: { PRESSBOX_REDIS_URL: string; PRESSBOX_REDIS_MIN_REPLICAS?: string };
  /** Resolves once the replicas follow a master that was started again. */
  settled(): Promise<void>;
  empty(): Promise<void>;
  stop(): Promise<void>;
}

const isBehindSentinel = (kind: StoreKind) => kind.endsWith('-sentinel');
const binaryOf = (kind: StoreKind) => (kind.startsWith('valkey') ? 'valkey-server' : 'redis-server');

async function startSharedStore(kind: StoreKind): Promise<SharedStore> {
  if (!isBehindSentinel(kind)) {
    const server = await startRedis(binaryOf(kind));
    return {
      server,
      env: { PRESSBOX_REDIS_URL: server.url },
      settled: async () => {},
      empty: async () => void (await server.admin.flushall()),
      stop: server.stop,
    };
  }
  // Patient, so that a busy machine and a restart of the master cause no failover: other tests cause them.
  const group = await startSentinelGroup(binaryOf(kind), { downAfterMs: 60_000 });
  const [server] = group.servers as [RedisServer];
  return {
    server,
    env: { PRESSBOX_REDIS_URL: group.url, PRESSBOX_REDIS_MIN_REPLICAS: '1' },
    settled: () => replicasFollow(server),
    empty: () => emptyGroup(group),
    stop: group.stop,
  };
}
