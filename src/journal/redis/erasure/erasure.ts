import { setTimeout as pause } from 'node:timers/promises';
import type { Erasure } from '../../../protocol/model.ts';
import { messageOf } from '../../engine.ts';
import type { RedisBus } from '../bus.ts';
import { channelSubject } from '../codec.ts';
import type { Connection } from '../connection/connection.ts';
import { timeOf } from '../connection/replicas.ts';
import { channelKeys, registry } from '../keys.ts';
import { nodeName } from '../node-ids.ts';
import { redisLimits } from '../redis-limits.ts';
import { Rewrites } from './log-rewrites.ts';

const { redisErasureWaitMs: patienceMs, countsMs, redisPollMs: pollMs } = redisLimits;

/** A post with a pending erasure, or `channelSubject`, and the offset of its last erasing entry. */
export type PendingErasure = readonly [who: string, offset: string];

/** Where an erasure is not complete yet, and why. */
type Pending = Map<string, string>;

/** Stands for nodes that the store no longer lists, as long as they may serve what they have read. See `lua/heartbeat.lua`. */
const others = 'others';
const areLost = 'Redis lost the list of nodes and learns it again from their heartbeats';
const isSilent = 'it has not confirmed that it dropped what it read before';

function placeOf(node: string): string {
  return node === others ? 'other nodes' : `node ${nodeName(node)}`;
}

export interface ErasureParts {
  url: string;
  writes: Connection;
  bus: RedisBus;
  nodeId: string;
  /** See `RedisEngineOptions`. */
  whyKeepFiles?: (() => Promise<string | undefined>) | undefined;
}

/**
 * Completes erasures. The script of the append or the deletion has already deleted the text. The append-only file, the log of
 * slow commands, and nodes that have read the text may still contain it. Any node can complete pending erasures (`sweep.ts`).
 */
export class Erasures {
  readonly #parts: ErasureParts;
  readonly #stop = new AbortController();
  readonly #rewrites: Rewrites;
  /** The next list of nodes that count (see `lua/heartbeat.lua`), which is read after a pause. All waiting erasures share it. */
  #counting: Promise<string[]> | undefined;

  constructor(parts: ErasureParts) {
    this.#parts = parts;
    this.#rewrites = new Rewrites(parts, this.#stop.signal);
  }

  /** Stops waiting. */
  close(): void {
    this.#stop.abort();
  }

  /** Notes that the channel may have a pending erasure. Call before the erasing entry is sent, on the same connection. */
  async note(channelId: string): Promise<void> {
    await this.#parts.writes.ask(async (redis) => redis.zadd(registry.pendingErasures, await timeOf(redis), channelId));
  }

  /**
   * Completes the erasure of a post, or of the whole channel (null). If that takes too long, returns what is pending and
   * continues in the background.
   */
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
    const pendingErasures = (await this.pendingOf(channelId)).filter(([who]) => who === channelSubject || who === postId);
    if (pendingErasures.length > 0) await this.complete(channelId, pendingErasures, pending);
  }

  /** The pending erasures of a channel. */
  async pendingOf(channelId: string): Promise<PendingErasure[]> {
    const flat = (await this.#parts.writes.run('pending-erasures', channelKeys(channelId))) as string[];
    return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] as string, flat[2 * at + 1] as string]);
  }

  /** Resolves when the erasures are complete. Until then `pending` says where they are not complete, and why. */
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

  /** Waits until every other node has dropped what it read before the erasure, or has been silent for `countsMs`. */
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
        // If this node is not listed, the store may have lost other nodes too. The next heartbeat of this node adds `others` to
        // the list.
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
    pending.set('Redis', 'its append-only file is being rewritten');
    await this.#rewrites.rewriteAll();
    pending.delete('Redis');
  }

  /** Rewrites the append-only file of replicas that were disconnected during an earlier rewrite. Only one node does this. */
  async rewriteReturned(): Promise<void> {
    const [first] = (await this.#count()).sort();
    if (first === this.#parts.nodeId) await this.#rewrites.rewriteReturned();
  }
}
