import { setTimeout as pause } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import { JournalUnavailable } from '../engine.ts';
import type { Connection } from './connection.ts';

const reachMs = 2_000;
const pollMs = 20;

/** The master and its replicas: what holds for files holds for each of theirs. */
export class Servers {
  readonly #url: string;
  readonly #master: Connection;

  constructor(url: string, master: Connection) {
    this.#url = url;
    this.#master = master;
  }

  /** Does something on each; on a replica once it has taken over all that the master had when this was called. */
  async each(act: (redis: Redis) => Promise<void>): Promise<void> {
    const info = await this.#master.ask((redis) => redis.info('replication'));
    const offset = Number(/^master_repl_offset:(\d+)/m.exec(info)?.[1] ?? 0);
    const replicas = [...info.matchAll(/^slave\d+:ip=([^,]+),port=(\d+)/gm)].map(([, host, port]) => ({
      host,
      port: Number(port),
    }));
    await Promise.all([
      this.#master.ask(act),
      ...replicas.map(({ host, port }) => this.#onReplica(host as string, port, offset, act)),
    ]);
  }

  async #onReplica(host: string, port: number, offset: number, act: (redis: Redis) => Promise<void>): Promise<void> {
    const options = { host, port, lazyConnect: true, connectTimeout: reachMs, retryStrategy: () => null } satisfies RedisOptions;
    const redis = new Redis(this.#url, options);
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      while (!(await hasTaken(redis, offset))) await pause(pollMs);
      await act(redis);
    } catch (error) {
      throw new JournalUnavailable(`The replica ${host}:${port}: ${error instanceof Error ? error.message : error}`, 'unknown', {
        cause: error,
      });
    } finally {
      redis.disconnect();
    }
  }
}

async function hasTaken(redis: Redis, offset: number): Promise<boolean> {
  const info = await redis.info('replication');
  return Number(/^slave_repl_offset:(\d+)/m.exec(info)?.[1] ?? -1) >= offset;
}
