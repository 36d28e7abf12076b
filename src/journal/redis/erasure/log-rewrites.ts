import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Connection } from '../connection/connection.ts';
import { eachReplicaAfterAll } from '../connection/replicas.ts';
import { registry } from '../keys.ts';
import { redisLimits } from '../redis-limits.ts';

const { redisPollMs: pollMs } = redisLimits;

/**
 * Has the append-only file written anew after a text was deleted, which is in what was written before, and the log of slow commands
 * emptied: on the server and on each replica, also on one that was cut off and comes back.
 */
export class Rewrites {
  readonly #writes: Connection;
  readonly #url: string;
  readonly #signal: AbortSignal;
  /** The one that is going on, and the one that whoever comes now waits for: only what begins after a deletion leaves it out. */
  #rewriting: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `signal`: what is waited for is given up. */
  constructor({ writes, url }: { writes: Connection; url: string }, signal: AbortSignal) {
    this.#writes = writes;
    this.#url = url;
    this.#signal = signal;
  }

  /** Resolves when every file was written anew, begun after this was called. */
  async rewriteAll(): Promise<void> {
    if (this.#rewriting === undefined) return await this.#rewrite();
    this.#next ??= this.#rewriting
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#rewrite();
      });
    await this.#next;
  }

  #rewrite(): Promise<void> {
    this.#rewriting = this.#writes
      .ask(async (master) => {
        const number = await master.zadd(registry.rewrites, 'INCR', 1, 'begun');
        const there: string[] = [];
        const onReplica = async (replica: Redis, place: string) => {
          await this.#rewriteAt(replica);
          there.push(place);
        };
        await Promise.all([this.#rewriteAt(master), eachReplicaAfterAll(master, this.#url, onReplica)]);
        const known = await master.zrange(registry.rewrites, 0, '-1');
        // One that comes back is behind, whether it is known or not.
        const gone = known.filter((name) => !['begun', 'done', ...there].includes(name));
        if (gone.length > 0) await master.zrem(registry.rewrites, ...gone);
        // By the highest, since one that began later may be done before.
        const scores = ['done', ...there].flatMap((name) => [number as string, name]);
        await master.zadd(registry.rewrites, 'GT', ...scores);
      })
      .finally(() => {
        this.#rewriting = undefined;
      });
    return this.#rewriting;
  }

  /** Of those replicas that were cut off meanwhile: one that is back takes over the deletion, and keeps the file that has the text. */
  async rewriteReturned(): Promise<void> {
    await this.#writes.ask(async (master) => {
      const done = await master.zscore(registry.rewrites, 'done');
      if (done === null) return;
      const isBehind = async (place: string) => Number((await master.zscore(registry.rewrites, place)) ?? 0) < Number(done);
      const onReplica = async (replica: Redis, place: string) => {
        await this.#rewriteAt(replica);
        await master.zadd(registry.rewrites, 'GT', done, place);
      };
      await eachReplicaAfterAll(master, this.#url, onReplica, isBehind);
    });
  }

  async #rewriteAt(redis: Redis): Promise<void> {
    await rewriteFile(redis, this.#signal);
    await forgetSlowCommands(redis);
  }
}

/** A rewrite that runs already may hold what was deleted since it began, so it is waited for, and another one made. */
async function rewriteFile(redis: Redis, signal: AbortSignal): Promise<void> {
  let before = await persistence(redis);
  while (before.isBusy) {
    await pause(pollMs, undefined, { signal });
    before = await persistence(redis);
  }
  while (true) {
    try {
      await redis.bgrewriteaof();
      break;
    } catch (error) {
      // Another node was faster; what it began before our deletion is no good, so ours comes after it.
      if (!(error instanceof Error && /in progress/.test(error.message))) throw error;
      await pause(pollMs, undefined, { signal });
    }
  }
  while (true) {
    const now = await persistence(redis);
    if (now.rewrites > before.rewrites && !now.isBusy) {
      if (now.status !== 'ok') throw new Error('its append-only file could not be written anew');
      return;
    }
    await pause(pollMs, undefined, { signal });
  }
}

async function persistence(redis: Redis): Promise<{ rewrites: number; isBusy: boolean; status: string }> {
  const info = await redis.info('persistence', 'stats');
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  return {
    rewrites: Number(field('aof_rewrites')),
    isBusy: field('aof_rewrite_in_progress') !== '0' || field('aof_rewrite_scheduled') !== '0',
    status: field('aof_last_bgrewrite_status'),
  };
}

/** They keep the first bytes of each argument. Valkey has its own log beside, of which older ones and Redis know nothing. */
async function forgetSlowCommands(redis: Redis): Promise<void> {
  await redis.slowlog('RESET');
  for (const kind of ['slow', 'large-request', 'large-reply']) {
    await redis.call('COMMANDLOG', 'RESET', kind).catch((error: Error) => {
      if (!/unknown command/i.test(error.message)) throw error;
    });
  }
}
