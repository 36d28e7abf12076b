import { Redis } from 'ioredis';
import { JournalRefused, JournalUnavailable, messageOf } from '../../engine.ts';
import { idAt, registry } from '../keys.ts';
import { redisLimits } from '../redis-limits.ts';

const { verifyLines: pageLines, verifyConnectMs } = redisLimits;

/**
 * Yields what `use` yields. `use` gets a separate connection, which is closed when `use` ends. Servers may use the store at the
 * same time. Throws if the store cannot be used.
 */
export async function* overSeparateConnection<T>(url: string, use: (redis: Redis) => AsyncGenerator<T>): AsyncGenerator<T> {
  if (!/^rediss?:/.test(url)) throw new JournalRefused('Name one Redis server, as redis:// or rediss://.');
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: verifyConnectMs,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  let why = '';
  redis.on('error', (error: Error) => {
    why = error.message;
  });
  try {
    await redis.connect();
    // If the user may not use the database in the URL, ioredis silently uses the first one. This command fails instead.
    if (redis.options.db) await redis.select(redis.options.db);
    yield* use(redis);
  } catch (error) {
    const message = why || messageOf(error);
    throw new JournalUnavailable(`Redis: ${message}`, 'unchanged', { cause: error });
  } finally {
    redis.disconnect();
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
