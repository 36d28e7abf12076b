import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Connection } from '../connection/connection.ts';
import { eachReplicaAfterAll } from '../connection/replicas.ts';
import { refuseDump } from '../connection/server-settings.ts';
import { registry } from '../keys.ts';
import { redisLimits } from '../redis-limits.ts';

const { redisPollMs: pollMs } = redisLimits;

/**
 * After a text was deleted, rewrites the append-only file, which still contains the text, and clears the log of slow commands.
 * Does this on the server and on every replica, including replicas that were disconnected and reconnect later.
 */
export class Rewrites {
  readonly #writes: Connection;
  readonly #url: string;
  readonly #signal: AbortSignal;
  readonly #whyKeepFiles: () => Promise<string | undefined>;
  /**
   * The running rewrite, and the next one, which later callers wait for: only a rewrite that begins after a deletion leaves the
   * text out.
   */
  #rewriting: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `signal`: stops waiting. `whyKeepFiles`: why no file may be rewritten now. */
  constructor(
    {
      writes,
      url,
      whyKeepFiles = async () => undefined,
    }: { writes: Connection; url: string; whyKeepFiles?: (() => Promise<string | undefined>) | undefined },
    signal: AbortSignal,
  ) {
    this.#writes = writes;
    this.#url = url;
    this.#signal = signal;
    this.#whyKeepFiles = whyKeepFiles;
  }

  /** Resolves when every file was rewritten, by rewrites that began after this call. */
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
        await this.#refuseToLose();
        const number = await master.zadd(registry.rewrites, 'INCR', 1, 'begun');
        const rewritten: string[] = [];
        const onReplica = async (replica: Redis, place: string) => {
          await refuseDump(replica);
          await this.#rewriteAt(replica);
          rewritten.push(place);
        };
        await Promise.all([this.#rewriteAt(master), eachReplicaAfterAll(master, this.#url, onReplica)]);
        const known = await master.zrange(registry.rewrites, 0, '-1');
        // Forget absent replicas. When one reconnects, it counts as behind even if it is not listed.
        const absent = known.filter((name) => !['begun', 'done', ...rewritten].includes(name));
        if (absent.length > 0) await master.zrem(registry.rewrites, ...absent);
        // Keeps the highest number, because a later rewrite may finish first.
        const scores = ['done', ...rewritten].flatMap((name) => [number as string, name]);
        await master.zadd(registry.rewrites, 'GT', ...scores);
      })
      .finally(() => {
        this.#rewriting = undefined;
      });
    return this.#rewriting;
  }

  /**
   * Rewrites the files of replicas that were disconnected. A replica that reconnects receives the deletion, but its old file
   * still contains the text.
   */
  async rewriteReturned(): Promise<void> {
    await this.#writes.ask(async (master) => {
      const done = await master.zscore(registry.rewrites, 'done');
      if (done === null) return;
      const isBehind = async (place: string) => Number((await master.zscore(registry.rewrites, place)) ?? 0) < Number(done);
      const onReplica = async (replica: Redis, place: string) => {
        await this.#refuseToLose();
        await refuseDump(replica);
        await this.#rewriteAt(replica);
        await master.zadd(registry.rewrites, 'GT', done, place);
      };
      await eachReplicaAfterAll(master, this.#url, onReplica, isBehind);
    });
  }

  /** Throws while data that the store lost may still be in the files. */
  async #refuseToLose(): Promise<void> {
    const why = await this.#whyKeepFiles();
    if (why !== undefined) throw new Error(why);
  }

  async #rewriteAt(redis: Redis): Promise<void> {
    await rewriteFile(redis, this.#signal);
    await forgetSlowCommands(redis);
  }
}

/** Waits for a running rewrite, which may keep text that was deleted after it began, and then starts another one. */
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
      // Another node has started a rewrite first. It may have begun before this deletion, so start another one after it.
      if (!(error instanceof Error && /in progress/.test(error.message))) throw error;
      await pause(pollMs, undefined, { signal });
    }
  }
  while (true) {
    const now = await persistence(redis);
    if (now.rewrites > before.rewrites && !now.isBusy) {
      if (now.status !== 'ok') throw new Error('its append-only file could not be rewritten');
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

/** The slow log keeps the beginning of each argument. Newer versions of Valkey have another log as well. */
async function forgetSlowCommands(redis: Redis): Promise<void> {
  await redis.slowlog('RESET');
  for (const kind of ['slow', 'large-request', 'large-reply']) {
    await redis.call('COMMANDLOG', 'RESET', kind).catch((error: Error) => {
      if (!/unknown command/i.test(error.message)) throw error;
    });
  }
}
