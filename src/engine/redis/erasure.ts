import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Erasure } from '../../protocol/model.ts';
import type { Log } from '../announcer.ts';
import { JournalUnavailable } from '../engine.ts';
import type { RedisBus } from './bus.ts';
import { own } from './codec.ts';
import type { Connection } from './connection.ts';
import { channelKeys, registry } from './keys.ts';
import { redisLimits } from './limits.ts';
import { eachServer } from './servers.ts';

const { redisErasureWaitMs: patienceMs, notedMs, countsMs } = redisLimits;
/** How often what is owed by any channel is looked at, and how old it must be: until then its own node sees to it. */
const sweepMs = 4_000;
const staleMs = 5_000;
const pollMs = 20;

/** Where an erasure is not complete yet, and why. */
type Pending = Map<string, string>;

export interface ErasureParts {
  url: string;
  writes: Connection;
  bus: RedisBus;
  nodeId: string;
  log: Log;
}

/**
 * Drives erasures to their end. The script has deleted the text; what still holds it are files written before, the log of slow
 * commands, and nodes that have read it. Any node finishes what is owed.
 */
export class Erasures {
  readonly #parts: ErasureParts;
  readonly #stop = new AbortController();
  #sweeping: Promise<void> | undefined;
  /** The rewrite that is going on, and the one that whoever comes now waits for: only what begins after a deletion leaves it out. */
  #rewriting: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(parts: ErasureParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#sweeping = this.#sweep().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#sweeping;
  }

  /** To be sent before the entry that erases, down the same connection. */
  async note(channelId: string): Promise<void> {
    await this.#parts.writes.ask((redis) => redis.zadd(registry.owed, Date.now(), channelId));
  }

  /** Complete, or what is pending; that is then finished in the background. Null: the whole channel. */
  async finish(channelId: string, postId: string | null): Promise<Erasure> {
    const owed = (await this.#owed(channelId)).filter(([who]) => who === own || who === postId);
    if (owed.length === 0) return { complete: true, pending: [] };
    const pending: Pending = new Map();
    const timer = new AbortController();
    const done = this.#complete(channelId, owed, pending).then(
      () => true,
      (error: unknown) => {
        pending.set('Redis', error instanceof Error ? error.message : String(error));
        return false;
      },
    );
    const complete = await Promise.race([done, pause(patienceMs, false, { signal: timer.signal }).catch(() => false)]);
    timer.abort();
    if (complete) return { complete: true, pending: [] };
    return { complete: false, pending: [...pending].map(([where, why]) => ({ where, why })) };
  }

  async #owed(channelId: string): Promise<[who: string, offset: string][]> {
    const flat = (await this.#parts.writes.run('owed', channelKeys(channelId))) as string[];
    return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] as string, flat[2 * at + 1] as string]);
  }

  async #complete(channelId: string, owed: [string, string][], pending: Pending): Promise<void> {
    const { writes } = this.#parts;
    if (owed.length === 0) return this.#forget(channelId);
    await Promise.all([
      ...owed.map(([who]) => this.#acknowledged(channelId, who === own ? null : who, pending)),
      this.#rewritten(pending),
    ]);
    await writes.run('settle', channelKeys(channelId), owed.flat());
  }

  /** A channel that owes nothing, unless what erases may still be on its way. */
  async #forget(channelId: string): Promise<void> {
    const { writes } = this.#parts;
    const noted = await writes.ask((redis) => redis.zscore(registry.owed, channelId));
    if (noted !== null && Number(noted) < Date.now() - notedMs) await writes.ask((redis) => redis.zrem(registry.owed, channelId));
  }

  /** Every other node that counts has let go of what it read before. */
  async #acknowledged(channelId: string, postId: string | null, pending: Pending): Promise<void> {
    const { bus, writes, nodeId } = this.#parts;
    const acknowledged = new Set([nodeId]);
    const undo = bus.askErased(channelId, postId, (other) => {
      acknowledged.add(other);
      pending.delete(`node ${other}`);
    });
    try {
      while (true) {
        const counted = (await writes.run('beat', [registry.nodes], ['', countsMs])) as string[];
        const missing = counted.filter((other) => !acknowledged.has(other));
        for (const where of pending.keys())
          if (where.startsWith('node ') && !missing.includes(where.slice(5))) pending.delete(where);
        if (missing.length === 0) return;
        for (const other of missing) pending.set(`node ${other}`, 'it has not yet said that it let go of what it read before');
        await pause(pollMs, undefined, { signal: this.#stop.signal });
      }
    } finally {
      undo();
    }
  }

  async #rewritten(pending: Pending): Promise<void> {
    pending.set('Redis', 'its append-only file is being written anew');
    if (this.#rewriting === undefined) await this.#rewrite();
    else {
      this.#next ??= this.#rewriting
        .catch(() => undefined)
        .then(() => {
          this.#next = undefined;
          return this.#rewrite();
        });
      await this.#next;
    }
    pending.delete('Redis');
  }

  #rewrite(): Promise<void> {
    const { writes, url } = this.#parts;
    this.#rewriting = writes
      .ask((master) =>
        eachServer(master, url, async (redis) => {
          await rewriteFile(redis, this.#stop.signal);
          await forgetSlowCommands(redis);
        }),
      )
      .finally(() => {
        this.#rewriting = undefined;
      });
    return this.#rewriting;
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#stop;
    for (let waitMs = 1_000; !signal.aborted; waitMs = sweepMs * (0.5 + Math.random())) {
      await pause(waitMs, undefined, { signal, ref: false });
      try {
        const stale = Date.now() - staleMs;
        const channelIds = await this.#parts.writes.ask((redis) =>
          redis.zrangebyscore(registry.owed, '-inf', stale, 'LIMIT', 0, 100),
        );
        for (const channelId of channelIds) {
          const owed = await this.#owed(channelId);
          if (owed.length > 0)
            this.#parts.log.info({ channel: channelId, erasures: owed.length }, 'finishing erasures that are owed');
          await this.#complete(channelId, owed, new Map());
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof JournalUnavailable)) this.#parts.log.warn({ err: error }, 'erasures are pending');
      }
    }
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
      if (now.status !== 'ok') throw new JournalUnavailable('Redis could not write its append-only file anew.', 'unknown');
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
      if (!/unknown command|no permissions/i.test(error.message)) throw error;
    });
  }
}
