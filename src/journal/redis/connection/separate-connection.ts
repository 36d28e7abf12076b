import type { Redis } from 'ioredis';
import { JournalRefused, JournalUnavailable, messageOf } from '../../engine.ts';
import { readMark } from '../../migrate/marks.ts';
import { idAt, registry } from '../keys.ts';
import { redisLimits } from '../redis-limits.ts';
import { whyRefused } from '../store-format.ts';
import { redisAt } from './open-redis.ts';
import { noCluster } from './server-settings.ts';
import { isStoreUrl } from './store-address.ts';

const { verifyLines: pageLines, verifyConnectMs } = redisLimits;

/**
 * Yields what `use` yields. `use` gets a separate connection, which is closed when `use` ends. Servers may use the store at the
 * same time. Throws if the store cannot be used.
 */
export async function* overSeparateConnection<T>(url: string, use: (redis: Redis) => AsyncGenerator<T>): AsyncGenerator<T> {
  const { redis, explained } = await openSeparateConnection(url);
  try {
    const format = await redis.get(registry.format);
    // The data of a store that was moved is all there.
    const why = readMark(format)?.kind === 'moved' ? undefined : whyRefused(format);
    if (why !== undefined) throw new JournalRefused(why);
    yield* use(redis);
  } catch (error) {
    throw explained(error);
  } finally {
    redis.disconnect();
  }
}

export interface SeparateConnection {
  redis: Redis;
  /** Converts an error of a command to `JournalUnavailable` with the cause. */
  explained(error: unknown): JournalUnavailable;
}

/** A connection apart from those of a server, whose commands fail as soon as it is lost. Throws like `explained`. */
export async function openSeparateConnection(url: string): Promise<SeparateConnection> {
  if (!isStoreUrl(url)) throw new JournalRefused(noCluster);
  const redis = redisAt(url, {
    lazyConnect: true,
    connectTimeout: verifyConnectMs,
    sentinelCommandTimeout: verifyConnectMs,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  let why = '';
  redis.on('error', (error: Error) => {
    why = error.message;
  });
  const explained = (error: unknown) =>
    new JournalUnavailable(`Redis: ${why || messageOf(error)}`, 'unchanged', { cause: error });
  try {
    await redis.connect();
    // If the user may not use the database in the URL, ioredis silently uses the first one. This command fails instead.
    if (redis.options.db) await redis.select(redis.options.db);
    return { redis, explained };
  } catch (error) {
    redis.disconnect();
    throw explained(error);
  }
}

/** The channel ids in the registry, without duplicates. An attempt to create a channel with a taken id leaves a second entry. */
export async function* registeredIds(redis: Redis): AsyncGenerator<string> {
  const seen = new Set<string>();
  for (let below = '+'; ; ) {
    const members = await redis.zrange(registry.channels, below, '-', 'BYLEX', 'REV', 'LIMIT', 0, pageLines);
    for (const member of members) {
      const id = idAt(member);
      if (!seen.has(id)) yield id;
      seen.add(id);
    }
    const last = members.at(-1);
    if (last === undefined || members.length < pageLines) return;
    below = `(${last}`;
  }
}
