import { setTimeout as pause } from 'node:timers/promises';
import type { Erasure } from '../../../protocol/model.ts';
import { messageOf } from '../../engine.ts';
import type { RedisBus } from '../bus.ts';
import { channelSubject } from '../codec.ts';
import type { Connection } from '../connection/connection.ts';
import { timeOf } from '../connection/replicas.ts';
import { channelKeys, registry } from '../keys.ts';
import { redisLimits } from '../redis-limits.ts';
import { Rewrites } from './log-rewrites.ts';

const { redisErasureWaitMs: patienceMs, countsMs, redisPollMs: pollMs } = redisLimits;

/** A post that an erasure is owed of, or `own`, with the offset of the entry that erased last. */
export type PendingErasure = readonly [who: string, offset: string];

/** Where an erasure is not complete yet, and why. */
type Pending = Map<string, string>;

/** Counts for nodes that the store has lost, for as long as they may give out what they hold. See heartbeat.lua. */
const others = 'others';
const areLost = 'Redis has lost which there are, and hears of them again';
const isSilent = 'it has not yet said that it let go of what it read before';

function placeOf(node: string): string {
  return node === others ? 'other nodes' : `node ${node}`;
}

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
  readonly #rewrites: Rewrites;
  /** The nodes that count, a moment from now: asked once for all who wait for some. */
  #counting: Promise<string[]> | undefined;

  constructor(parts: ErasureParts) {
    this.#parts = parts;
    this.#rewrites = new Rewrites(parts, this.#stop.signal);
  }

  /** Gives up what is being finished. */
  close(): void {
    this.#stop.abort();
  }

  /** To be sent before the entry that erases, down the same connection. */
  async note(channelId: string): Promise<void> {
    await this.#parts.writes.ask(async (redis) => redis.zadd(registry.pendingErasures, await timeOf(redis), channelId));
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
    const pendingErasures = (await this.owed(channelId)).filter(([who]) => who === channelSubject || who === postId);
    if (pendingErasures.length > 0) await this.complete(channelId, pendingErasures, pending);
  }

  /** What a channel owes. */
  async owed(channelId: string): Promise<PendingErasure[]> {
    const flat = (await this.#parts.writes.run('pending-erasures', channelKeys(channelId))) as string[];
    return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] as string, flat[2 * at + 1] as string]);
  }

  /** Resolves when they are complete; until then, where they are not stands in `pending`. */
  async complete(channelId: string, listPending: readonly PendingErasure[], pending: Pending = new Map()): Promise<void> {
    const failed = new AbortController();
    try {
      await Promise.all([
        ...listPending.map(([who]) => this.#acknowledged(channelId, who === channelSubject ? null : who, pending, failed.signal)),
        this.#rewriteFiles(pending),
      ]);
    } catch (error) {
      failed.abort();
      throw error;
    }
    await this.#parts.writes.run('complete-erasures', channelKeys(channelId), listPending.flat());
  }

  /** Every other node that counts has let go of what it read before, or that is of no use any more. */
  async #acknowledged(channelId: string, postId: string | null, pending: Pending, failed: AbortSignal): Promise<void> {
    const { bus, nodeId } = this.#parts;
    const acknowledged = new Set([nodeId]);
    const undo = bus.requestErasureAcks(channelId, postId, (other) => {
      acknowledged.add(other);
      pending.delete(placeOf(other));
    });
    try {
      for (let counted = await this.#count(); !failed.aborted; counted = await this.#countSoon()) {
        const missing = counted.filter((other) => !acknowledged.has(other));
        // Nor may others be counted where this one is not: its next heartbeat says so to all.
        if (!counted.includes(nodeId)) missing.push(others);
        const places = new Set(missing.map(placeOf));
        for (const where of pending.keys()) if (where.includes('node') && !places.has(where)) pending.delete(where);
        if (missing.length === 0) return;
        for (const other of missing) pending.set(placeOf(other), other === others ? areLost : isSilent);
      }
    } finally {
      undo();
    }
  }

  async #count(): Promise<string[]> {
    return (await this.#parts.writes.run('heartbeat', [registry.nodes], ['', countsMs])) as string[];
  }

  #countSoon(): Promise<string[]> {
    this.#counting ??= pause(pollMs, undefined, { signal: this.#stop.signal })
      .then(() => this.#count())
      .finally(() => {
        this.#counting = undefined;
      });
    return this.#counting;
  }

  async #rewriteFiles(pending: Pending): Promise<void> {
    pending.set('Redis', 'its append-only file is being written anew');
    await this.#rewrites.rewriteAll();
    pending.delete('Redis');
  }

  /** What was cut off while others wrote their files anew after an erasure. One node sees to it. */
  async rewriteReturned(): Promise<void> {
    const [first] = (await this.#count()).sort();
    if (first === this.#parts.nodeId) await this.#rewrites.rewriteReturned();
  }
}
