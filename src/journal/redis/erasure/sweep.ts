import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../../announcer.ts';
import { messageOf } from '../../engine.ts';
import type { Connection } from '../connection/connection.ts';
import { timeOf } from '../connection/replicas.ts';
import { registry } from '../keys.ts';
import { redisLimits } from '../redis-limits.ts';
import { endRequests } from '../request-keys.ts';
import type { Erasures, PendingErasure } from './erasure.ts';

const { notedMs, owedCheckMs: sweepMs, owedStaleMs: staleMs } = redisLimits;

export interface SweepParts {
  writes: Connection;
  erasures: Pick<Erasures, 'pendingOf' | 'complete' | 'rewriteReturned'>;
  log: Log;
}

/** The pending erasures of a channel, as of the last sweep. */
interface ChannelErasures {
  erasures: number;
  /** Set while they are being completed. */
  finishing?: Promise<void> | undefined;
  /** The last failure, logged once. */
  why?: string;
}

/**
 * Completes pending erasures, whichever node began them, and expires the requests of deleted channels. Channels are independent:
 * an erasure that fails or waits for a node delays no other channel.
 */
export class Sweep {
  readonly #parts: SweepParts;
  readonly #stop = new AbortController();
  readonly #channels = new Map<string, ChannelErasures>();
  #sweeping: Promise<void> | undefined;
  /** Set while replicas that have reconnected rewrite their files. The last failure is logged once. */
  #rewritingReturned: Promise<void> | undefined;
  #whyNotReturned: string | undefined;

  constructor(parts: SweepParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#sweeping = this.#sweep().catch(() => undefined);
  }

  /** Call after `erasures` and the connection are closed, which ends all waiting. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#sweeping;
    await this.#rewritingReturned;
    await Promise.all([...this.#channels.values()].map(({ finishing }) => finishing));
  }

  /** The number of erasures that are pending for longer than a request waits, as of the last sweep. */
  get pending(): number {
    return this.#channels.values().reduce((sum, { erasures }) => sum + erasures, 0);
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#stop;
    for (let waitMs = sweepMs / 4; !signal.aborted; waitMs = sweepMs * (0.5 + Math.random())) {
      await pause(waitMs, undefined, { signal, ref: false });
      const channelIds = await this.#abandonedChannels().catch(() => undefined);
      // The store monitor reports that the store is unreachable.
      if (channelIds === undefined) continue;
      for (const [channelId, { finishing }] of this.#channels)
        if (finishing === undefined && !channelIds.has(channelId)) this.#channels.delete(channelId);
      await Promise.all([...channelIds].map((channelId) => this.#finishChannel(channelId)));
      this.#rewritingReturned ??= this.#rewriteReturned();
    }
  }

  /**
   * The channels whose erasures were noted more than `owedStaleMs` ago. Returns all of them, so that channels that keep failing
   * do not hide others. A time in the future was noted before the clock was set back. It counts as stale.
   */
  async #abandonedChannels(): Promise<Set<string>> {
    const noted = await this.#parts.writes.ask((redis) => redis.zrange(registry.pendingErasures, 0, '-1', 'WITHSCORES'));
    const now = await this.#parts.writes.ask(timeOf);
    const stale = new Set<string>();
    for (let at = 0; at < noted.length; at += 2) {
      const ageMs = now - Number(noted[at + 1]);
      if (ageMs < 0 || ageMs >= staleMs) stale.add(noted[at] as string);
    }
    return stale;
  }

  /** Rewrites the files of replicas that have reconnected. No request waits for this. */
  async #rewriteReturned(): Promise<void> {
    const { erasures, writes, log } = this.#parts;
    try {
      await erasures.rewriteReturned();
      this.#whyNotReturned = undefined;
    } catch (error) {
      const why = messageOf(error);
      if (why === this.#whyNotReturned || !writes.isOpen) return;
      this.#whyNotReturned = why;
      log.warn({ err: error }, 'replicas could not be checked for missed erasures');
    } finally {
      this.#rewritingReturned = undefined;
    }
  }

  async #finishChannel(channelId: string): Promise<void> {
    const channel = this.#channels.get(channelId) ?? { erasures: 0 };
    try {
      const pending = await this.#parts.erasures.pendingOf(channelId);
      channel.erasures = pending.length;
      if (pending.length > 0) {
        channel.finishing ??= this.#finish(channelId, pending, channel);
        this.#channels.set(channelId, channel);
      }
      // Does nothing unless the channel was deleted. Its requests may have no TTL yet, for example if a node of an earlier
      // version deleted it.
      await endRequests(this.#parts.writes, channelId);
      if (pending.length === 0) await this.#forget(channelId);
    } catch (error) {
      // The erasures could not be read. Count at least one.
      channel.erasures ||= 1;
      this.#channels.set(channelId, channel);
      this.#failed(channelId, channel, error);
    }
  }

  async #finish(channelId: string, pending: readonly PendingErasure[], channel: ChannelErasures): Promise<void> {
    const { erasures, log } = this.#parts;
    if (channel.why === undefined) log.info({ channel: channelId, erasures: pending.length }, 'finishing pending erasures');
    try {
      await erasures.complete(channelId, pending);
      this.#channels.delete(channelId);
    } catch (error) {
      this.#failed(channelId, channel, error);
    } finally {
      channel.finishing = undefined;
    }
  }

  #failed(channelId: string, channel: ChannelErasures, error: unknown): void {
    const { writes, log } = this.#parts;
    const why = messageOf(error);
    if (why === channel.why || !writes.isOpen) return;
    channel.why = why;
    log.warn({ channel: channelId, err: error }, 'erasures are pending');
  }

  /** Removes the note of a channel without pending erasures, unless the erasing entry may still be written. */
  async #forget(channelId: string): Promise<void> {
    const { writes } = this.#parts;
    if (this.#channels.get(channelId)?.finishing === undefined) this.#channels.delete(channelId);
    const noted = await writes.ask((redis) => redis.zscore(registry.pendingErasures, channelId));
    if (noted !== null && Number(noted) < (await writes.ask(timeOf)) - notedMs)
      await writes.run('forget-pending-channel', [registry.pendingErasures], [channelId, noted]);
  }
}
