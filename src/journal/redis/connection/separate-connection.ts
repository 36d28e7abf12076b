import { Redis } from 'ioredis';
import { JournalRefused, JournalUnavailable, messageOf } from '../../engine.ts';
import { registry } from '../keys.ts';
import { redisLimits } from '../redis-limits.ts';

const { verifyLines: pageLines, verifyConnectMs } = redisLimits;

/** Yields what `use` does, over a connection beside the servers that use the store. It ends with `use`. Throws if the store cannot be used. */
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
    // ioredis goes on in the first database where it may not use the one that the URL names.
    if (redis.options.db) await redis.select(redis.options.db);
    yield* use(redis);
  } catch (error) {
    const message = why || messageOf(error);
    throw new JournalUnavailable(`Redis: ${message}`, 'unchanged', { cause: error });
  } finally {
    redis.disconnect();
  }
}

/** Ids in the registry, each once although who wanted an id that was taken left a place there too. */
export async function* registeredIds(redis: Redis): AsyncGenerator<string> {
  const seen = new Set<string>();
  for (let below = '+'; ; ) {
    const members = await redis.zrange(registry.channels, below, '-', 'BYLEX', 'REV', 'LIMIT', 0, pageLines);
    for (const member of members) {
      const id = member.slice(member.indexOf(':') + 1);
      if (!seen.has(id)) yield id;
      seen.add(id);
    }
    const last = members.at(-1);
    if (last === undefined || members.length < pageLines) return;
    below = `(${last}`;
  }
}
