import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Erasure } from '../../protocol/model.ts';
import { messageOf } from '../engine.ts';
import type { RedisBus } from './bus.ts';
import { own } from './codec.ts';
import type { Connection } from './connection.ts';
import { channelKeys, registry } from './keys.ts';
import { redisLimits } from './limits.ts';
import { eachReplicaAfterAll, timeOf } from './servers.ts';

const { redisErasureWaitMs: patienceMs, countsMs, leaseMs, probeMs, redisPollMs: pollMs } = redisLimits;

/** A post that an erasure is owed of, or `own`, with the offset of the entry that erased last. */
export type Owed = readonly [who: string, offset: string];

/** Where an erasure is not complete yet, and why. */
type Pending = Map<string, string>;

export interface ErasureParts {
  url: string;
  writes: Connection;
  bus: RedisBus;
  nodeId: string;
}

/**
 * Drives erasures to their end. The script has deleted the text; what still holds it are files written before, the log of slow
 * commands, and nodes that have read it. Any node finishes what is owed (`sweep.ts`).
 */
export class Erasures {
  readonly #parts: ErasureParts;
  readonly #stop = new AbortController();
  /** The rewrite that is going on, and the one that whoever comes now waits for: only what begins after a deletion leaves it out. */
  #rewriting: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  /** The nodes that count, a moment from now: asked once for all who wait for some. */
  #counting: Promise<string[]> | undefined;
  /** From then on all nodes count that give anything out, by the clock of the process. */
  #knownFrom = 0;

  constructor(parts: ErasureParts) {
    this.#parts = parts;
  }

  /** Gives up what is being finished. */
  close(): void {
    this.#stop.abort();
  }

  /**
   * The store has lost which nodes there are: an older file was put back, or a replica took over that had not heard of them. Those that go
   * on have given their heartbeat again by the time that the others' leases have ended and each has looked.
   */
  nodesForgotten(): void {
    this.#knownFrom = performance.now() + leaseMs + probeMs;
  }

  /** To be sent before the entry that erases, down the same connection. */
  async note(channelId: string): Promise<void> {
    await this.#parts.writes.ask(async (redis) => redis.zadd(registry.owed, await timeOf(redis), channelId));
  }

  /** Complete, or what is pending; that is then finished in the background. Null: the whole channel. */
  async finish(channelId: string, postId: string | null): Promise<Erasure> {
    const pending: Pending = new Map();
    const timer = new AbortController();
    const done = this.#finish(channelId, postId, pending).then(
      () => true,
      (error: unknown) => {
        pending.set('Redis', messageOf(error));
        return false;
      },
    );
    const complete = await Promise.race([done, pause(patienceMs, false, { signal: timer.signal }).catch(() => false)]);
    timer.abort();
    if (complete) return { complete: true, pending: [] };
    return { complete: false, pending: [...pending].map(([where, why]) => ({ where, why })) };
  }

  async #finish(channelId: string, postId: string | null, pending: Pending): Promise<void> {
    const owed = (await this.owed(channelId)).filter(([who]) => who === own || who === postId);
    if (owed.length > 0) await this.complete(channelId, owed, pending);
  }

  /** What a channel owes. */
  async owed(channelId: string): Promise<Owed[]> {
    const flat = (await this.#parts.writes.run('owed', channelKeys(channelId))) as string[];
    return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] as string, flat[2 * at + 1] as string]);
  }

  /** Resolves when they are complete; until then, where they are not stands in `pending`. */
  async complete(channelId: string, owed: readonly Owed[], pending: Pending = new Map()): Promise<void> {
    const failed = new AbortController();
    try {
      await Promise.all([
        ...owed.map(([who]) => this.#acknowledged(channelId, who === own ? null : who, pending, failed.signal)),
        this.#rewritten(pending),
      ]);
    } catch (error) {
      failed.abort();
      throw error;
    }
    await this.#parts.writes.run('settle', channelKeys(channelId), owed.flat());
  }

  /** Every other node that counts has let go of what it read before, or that is of no use any more. */
  async #acknowledged(channelId: string, postId: string | null, pending: Pending, failed: AbortSignal): Promise<void> {
    const { bus, nodeId } = this.#parts;
    const acknowledged = new Set([nodeId]);
    const undo = bus.askErased(channelId, postId, (other) => {
      acknowledged.add(other);
      pending.delete(`node ${other}`);
    });
    try {
      for (let counted = await this.#count(); !failed.aborted; counted = await this.#countSoon()) {
        const missing = counted.filter((other) => !acknowledged.has(other));
        for (const where of pending.keys())
          if (where.startsWith('node ') && !missing.includes(where.slice(5))) pending.delete(where);
        // One that has not heard of the loss yet finds it here.
        if (!counted.includes(nodeId)) this.nodesForgotten();
        const areKnown = performance.now() >= this.#knownFrom;
        if (areKnown) pending.delete('other nodes');
        else pending.set('other nodes', 'Redis has lost which there are, and hears of them again');
        if (missing.length === 0 && areKnown) return;
        for (const other of missing) pending.set(`node ${other}`, 'it has not yet said that it let go of what it read before');
      }
    } finally {
      undo();
    }
  }

  async #count(): Promise<string[]> {
    return (await this.#parts.writes.run('beat', [registry.nodes], ['', countsMs, ''])) as string[];
  }

  #countSoon(): Promise<string[]> {
    this.#counting ??= pause(pollMs, undefined, { signal: this.#stop.signal })
      .then(() => this.#count())
      .finally(() => {
        this.#counting = undefined;
      });
    return this.#counting;
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
      .ask(async (master) => {
        const number = await master.zadd(registry.rewrites, 'INCR', 1, 'begun');
        const there: string[] = [];
        const onReplica = async (replica: Redis, place: string) => {
          await this.#rewriteAt(replica);
          there.push(place);
        };
        await Promise.all([this.#rewriteAt(master), eachReplicaAfterAll(master, url, onReplica)]);
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

  /**
   * Has those replicas write their files anew that were cut off while others did after an erasure: one that is back takes over the
   * deletion, and keeps the file that has the text.
   */
  async rewriteReturned(): Promise<void> {
    const { writes, url, nodeId } = this.#parts;
    await writes.ask(async (master) => {
      // One node sees to it.
      const [first] = (await this.#count()).sort();
      const done = await master.zscore(registry.rewrites, 'done');
      if (first !== nodeId || done === null) return;
      const isBehind = async (place: string) => Number((await master.zscore(registry.rewrites, place)) ?? 0) < Number(done);
      const onReplica = async (replica: Redis, place: string) => {
        await this.#rewriteAt(replica);
        await master.zadd(registry.rewrites, 'GT', done, place);
      };
      await eachReplicaAfterAll(master, url, onReplica, isBehind);
    });
  }

  async #rewriteAt(redis: Redis): Promise<void> {
    await rewriteFile(redis, this.#stop.signal);
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
