import { randomBytes } from 'node:crypto';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SqliteOptions } from '../../../src/journal/sqlite/index.ts';
import { openTempEngine, type TempEngine } from './engines.ts';
import { openTempRedis, type RedisServer, startRedis, type TempRedisEngine } from './redis.ts';

/**
 * The store of a test's servers: their data directory, or a Redis or Valkey if `PRESSBOX_TEST_STORE` says so, so that the same
 * tests run on each. Imports nothing from vitest, so that the benchmark can use it too.
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

const binaries = { redis: 'redis-server', valkey: 'valkey-server' } as const;

/** The program to start. Undefined if the journal is in the data directory. */
function binary(): string | undefined {
  const kind = process.env.PRESSBOX_TEST_STORE ?? 'embedded';
  if (kind === 'embedded') return undefined;
  if (kind in binaries) return binaries[kind as keyof typeof binaries];
  throw new Error(`PRESSBOX_TEST_STORE is "${kind}", and must be embedded, redis or valkey.`);
}

/** Unused and empty servers. */
const idle: RedisServer[] = [];

/** A store for exclusive use until it is released. */
export async function openStore(dataDir: string): Promise<Store> {
  const command = binary();
  if (command === undefined) return embeddedIn(dataDir);
  const redis = idle.pop() ?? (await startRedis(command));
  const files = join(redis.directory, 'appendonlydir');
  return {
    // Servers on Redis do not create a secret, and take uploads only if a directory is named.
    env: {
      PRESSBOX_REDIS_URL: redis.url,
      PRESSBOX_JWT_SECRET: randomBytes(32).toString('base64url'),
      PRESSBOX_MEDIA_DIR: join(dataDir, 'media'),
    },
    directory: redis.directory,
    async copy() {
      const copy = join(redis.directory, `copy-${crypto.randomUUID()}`);
      await cp(files, copy, { recursive: true });
      return {
        async putBack() {
          await redis.kill();
          await replace(files, copy);
          await redis.start();
        },
        [Symbol.asyncDispose]: () => rm(copy, { recursive: true, force: true }),
      };
    },
    wipe: async () => void (await redis.admin.flushall()),
    async release() {
      await redis.admin.flushall();
      idle.push(redis);
    },
  };
}

/** Call it after the last test of a file that opens a store. */
export async function endStores(): Promise<void> {
  await Promise.all(idle.splice(0).map((redis) => redis.stop()));
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
  const command = binary();
  return command === undefined ? await openTempEngine(options) : await openTempRedis(command, options);
}
