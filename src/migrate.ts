import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { secretFile } from './access/secret.ts';
import { abandonMigration, type MigrateProgress, type MigrateReport, migrateStore } from './journal/migrate/migrate-store.ts';
import type { MovableStore } from './journal/migrate/movable-store.ts';
import { openRedisSource, openRedisTarget } from './journal/redis/migrate/redis-store.ts';
import { openSqliteSource, openSqliteTarget } from './journal/sqlite/migrate/sqlite-store.ts';

export type { MigrateProgress, MigrateReport } from './journal/migrate/migrate-store.ts';

/** Moves everything between the embedded journal of a data directory and a Redis or Valkey, for `pressbox migrate`. */
export interface Stores {
  dataDir: string;
  redisUrl: string;
  /** How many replicas of the Redis must have each mark. The same as for its servers. */
  minReplicas: number;
  /** Where the data goes. The other one is the source. */
  to: 'redis' | 'embedded';
}

export async function migrate(
  stores: Stores,
  onProgress: (progress: MigrateProgress) => void = () => {},
): Promise<MigrateReport> {
  await using source = await openSource(stores);
  await using target = await openTarget(stores);
  return await migrateStore({ source, target, onProgress });
}

/**
 * Gives the source its writes back, unless the target has taken over. `isTargetLost`: the target no longer exists, so it is not
 * asked. Returns whether the source had refused writes.
 */
export async function abandon(stores: Stores, { isTargetLost }: { isTargetLost: boolean }): Promise<boolean> {
  await using source = await openSource(stores);
  if (isTargetLost) return await abandonMigration(source, undefined);
  // Whatever its settings are.
  await using target = stores.to === 'redis' ? await openRedisSource(redisOf(stores)) : openSqliteTarget(stores.dataDir);
  return await abandonMigration(source, target);
}

/** The file of the secret that signs tokens, if the server made it. Servers on another store need it as a setting. */
export function secretIn(dataDir: string): string | undefined {
  const file = join(dataDir, secretFile);
  return existsSync(file) ? file : undefined;
}

async function openSource(stores: Stores): Promise<MovableStore> {
  return stores.to === 'redis' ? openSqliteSource(stores.dataDir) : await openRedisSource(redisOf(stores));
}

async function openTarget(stores: Stores): Promise<MovableStore> {
  return stores.to === 'redis' ? await openRedisTarget(redisOf(stores)) : openSqliteTarget(stores.dataDir);
}

function redisOf({ redisUrl, minReplicas }: Stores): { url: string; minReplicas: number } {
  return { url: redisUrl, minReplicas };
}
