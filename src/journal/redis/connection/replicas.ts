import { setTimeout as pause } from 'node:timers/promises';
import type { Redis, RedisOptions } from 'ioredis';
import { JournalUnavailable, messageOf } from '../../engine.ts';
import { redisLimits } from '../redis-limits.ts';
import { destroyWhenIdle } from './idle-timeout.ts';
import { serverAt } from './open-redis.ts';

const { redisReachMs: reachMs, replicaTakenMs: takenMs, redisPollMs: pollMs } = redisLimits;

type OnReplica = (replica: Redis, place: string) => Promise<void>;

/**
 * Calls `act` for every replica of the server and, recursively, for their replicas, each over a separate connection. Throws
 * `JournalUnavailable` with the name of the first replica that could not be reached.
 */
export async function eachReplica(server: Redis, url: string, act: OnReplica): Promise<void> {
  const info = await server.info('replication');
  const found = [...info.matchAll(/^slave\d+:ip=([^,]+),port=(\d+)/gm)];
  await Promise.all(found.map(([, host, port]) => onReplica(url, { host: host as string, port: Number(port) }, act)));
}

async function onReplica(url: string, { host, port }: { host: string; port: number }, act: OnReplica): Promise<void> {
  const options = {
    lazyConnect: true,
    connectTimeout: reachMs,
    retryStrategy: () => null,
  } satisfies RedisOptions;
  const replica = serverAt(url, host, port, options);
  // For waiting commands ioredis only reports that the connection was closed. This event has the reason.
  let why = '';
  replica.on('error', (error: Error) => {
    why = error.message;
  });
  replica.on('connect', () => destroyWhenIdle(replica, takenMs));
  try {
    await replica.connect();
    await Promise.all([act(replica, `${host}:${port}`), eachReplica(replica, url, act)]);
  } catch (error) {
    // The error is about a replica of this replica.
    if (error instanceof JournalUnavailable) throw error;
    why ||= messageOf(error);
    throw new JournalUnavailable(`The replica ${host}:${port}: ${why}`, 'unknown', { cause: error });
  } finally {
    replica.disconnect();
  }
}

/**
 * Calls `act` for each selected replica, as `eachReplica` does, once the replica has everything that was written to the server
 * before this call.
 */
export async function eachReplicaAfterAll(
  master: Redis,
  url: string,
  act: OnReplica,
  isWanted = async (_place: string) => true,
): Promise<void> {
  const offset = await offsetOf(master, 'master_repl_offset');
  await eachReplica(master, url, async (replica, place) => {
    if (!(await isWanted(place))) return;
    for (let waitedMs = 0; (await offsetOf(replica, 'slave_repl_offset')) < offset; waitedMs += pollMs) {
      if (waitedMs >= takenMs) throw new Error('it lags behind');
      await pause(pollMs);
    }
    await act(replica, place);
  });
}

/** The server's clock, in milliseconds since 1970. It is the same for all nodes. */
export async function timeOf(redis: Redis): Promise<number> {
  const [seconds, microseconds] = (await redis.time()).map(Number) as [number, number];
  return seconds * 1_000 + Math.floor(microseconds / 1_000);
}

async function offsetOf(redis: Redis, field: string): Promise<number> {
  const info = await redis.info('replication');
  return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1] ?? -1);
}
