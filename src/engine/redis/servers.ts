import { setTimeout as pause } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import { JournalUnavailable } from '../engine.ts';
import { redisLimits } from './limits.ts';
import { endIfSilent } from './silence.ts';

const { redisReachMs: reachMs, replicaTakenMs: takenMs, redisPollMs: pollMs } = redisLimits;

interface Place {
  host: string;
  port: number;
}

/** As `host:port`, those of the replicas that the server has now. */
export async function replicasOf(master: Redis): Promise<string[]> {
  return (await placesOf(master)).map(nameOf);
}

/**
 * Does something on every replica that the server has, or that `among` names of these, over a connection of its own. Throws
 * `JournalUnavailable` naming the first that could not be asked.
 */
export async function eachReplica(
  master: Redis,
  url: string,
  act: (replica: Redis, place: string) => Promise<void>,
  among?: readonly string[],
): Promise<void> {
  const places = (await placesOf(master)).filter((place) => among?.includes(nameOf(place)) ?? true);
  await Promise.all(places.map((place) => onReplica(url, place, act)));
}

async function placesOf(master: Redis): Promise<Place[]> {
  const info = await master.info('replication');
  const found = info.matchAll(/^slave\d+:ip=([^,]+),port=(\d+)/gm);
  return [...found].map(([, host, port]) => ({ host: host as string, port: Number(port) }));
}

function nameOf({ host, port }: Place): string {
  return `${host}:${port}`;
}

async function onReplica(
  url: string,
  { host, port }: Place,
  act: (replica: Redis, place: string) => Promise<void>,
): Promise<void> {
  const options = {
    lazyConnect: true,
    connectTimeout: reachMs,
    retryStrategy: () => null,
  } satisfies RedisOptions;
  // What stands in the URL would win over options.
  const there = new URL(url);
  there.hostname = host.includes(':') ? `[${host}]` : host;
  there.port = String(port);
  const replica = new Redis(there.href, options);
  // ioredis says of what waited that the connection is closed.
  let why = '';
  replica.on('error', (error: Error) => {
    why = error.message;
  });
  replica.on('connect', () => endIfSilent(replica, takenMs));
  try {
    await replica.connect();
    await act(replica, nameOf({ host, port }));
  } catch (error) {
    why ||= error instanceof Error ? error.message : String(error);
    throw new JournalUnavailable(`The replica ${host}:${port}: ${why}`, 'unknown', { cause: error });
  } finally {
    replica.disconnect();
  }
}

/** Does something on each replica, as `eachReplica`, once that has taken over all that the server had when this was called. */
export async function eachReplicaAfterAll(
  master: Redis,
  url: string,
  act: (replica: Redis, place: string) => Promise<void>,
  among?: readonly string[],
): Promise<void> {
  const offset = await offsetOf(master, 'master_repl_offset');
  const afterAll = async (replica: Redis, place: string) => {
    for (let waitedMs = 0; (await offsetOf(replica, 'slave_repl_offset')) < offset; waitedMs += pollMs) {
      if (waitedMs >= takenMs) throw new Error('it lags behind');
      await pause(pollMs);
    }
    await act(replica, place);
  };
  await eachReplica(master, url, afterAll, among);
}

/** Milliseconds since 1970 by the clock of the server, which is one for all nodes. */
export async function timeOf(redis: Redis): Promise<number> {
  const [seconds, microseconds] = (await redis.time()).map(Number) as [number, number];
  return seconds * 1_000 + Math.floor(microseconds / 1_000);
}

async function offsetOf(redis: Redis, field: string): Promise<number> {
  const info = await redis.info('replication');
  return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1] ?? -1);
}
