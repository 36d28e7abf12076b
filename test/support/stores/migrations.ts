import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../../../src/journal/engine.ts';
import { abandonMigration, migrateStore } from '../../../src/journal/migrate/migrate-store.ts';
import type { MovableStore } from '../../../src/journal/migrate/movable-store.ts';
import { openRedisSource, openRedisTarget } from '../../../src/journal/redis/migrate/redis-store.ts';
import { openSqlite } from '../../../src/journal/sqlite/index.ts';
import { openSqliteSource, openSqliteTarget } from '../../../src/journal/sqlite/migrate/sqlite-store.ts';
import { verifyDirectory, verifyRedis } from '../../../src/verify.ts';
import { renderer } from './engines.ts';
import { type Finishing, openNode, type RedisServer, startRedisFor } from './redis.ts';

/** A store that servers and migrations open. */
export interface Place {
  engine(): Promise<Engine>;
  source(): Promise<MovableStore>;
  target(): Promise<MovableStore>;
  /** The faults that `pressbox verify` reports. */
  faults(): Promise<unknown[]>;
  /** The files with its bytes. */
  directory: string;
}

export async function embedded(test: Finishing): Promise<Place> {
  const parent = await mkdtemp(join(tmpdir(), 'pressbox-migrate-'));
  test.onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const directory = join(parent, 'data');
  return {
    directory,
    engine: () => openSqlite({ dataDir: directory, renderer }),
    source: async () => openSqliteSource(directory),
    target: async () => openSqliteTarget(directory),
    faults: async () => [...verifyDirectory(directory, { renderer })].flatMap(({ fault }) => fault ?? []),
  };
}

export async function shared(test: Finishing, binary: string): Promise<Place & { server: RedisServer }> {
  const server = await startRedisFor(test, binary);
  const url = `redis://127.0.0.1:${server.port}`;
  return {
    server,
    directory: server.directory,
    engine: () => openNode(server),
    source: () => openRedisSource({ url, minReplicas: 0 }),
    target: () => openRedisTarget({ url, minReplicas: 0 }),
    faults: async () => {
      const faults: unknown[] = [];
      for await (const { fault } of verifyRedis({ url, renderer })) if (fault !== undefined) faults.push(fault);
      return faults;
    },
  };
}

/** `between`: runs after the channels were copied, and before the source refuses writes. `last`: before the target is opened. */
export async function migrate(from: Place, to: Place, between = async () => {}, last = async () => {}) {
  await using source = await from.source();
  await using target = await to.target();
  const { stopWrites, isStopped } = source;
  source.stopWrites = async (id) => {
    await between();
    return stopWrites.call(source, id);
  };
  source.isStopped = async (id) => {
    await last();
    return isStopped.call(source, id);
  };
  return await migrateStore({ source, target });
}

export async function abandon(from: Place, to: Place) {
  await using source = await from.source();
  await using target = await to.target();
  return await abandonMigration(source, target);
}

/** The engine is closed after `use`. */
export async function on<T>(place: Place, use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await place.engine();
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

/** The store, which throws at the call with this number. */
export function interruptedAfter(store: MovableStore, calls: number): MovableStore {
  let made = 0;
  const counted = ['beginFilling', 'open', 'loadEntries', 'loadServerEntries', 'clearRecords', 'loadRecords'];
  return new Proxy(store, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name, of);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        if (counted.includes(String(name)) && made++ >= calls) throw new Error('interrupted');
        return (value as (...all: unknown[]) => unknown).apply(of, given);
      };
    },
  });
}
