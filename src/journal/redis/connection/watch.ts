import type { Position } from '../../../protocol/cursor.ts';
import type { Log } from '../../announcer.ts';
import { messageOf, type Reach } from '../../engine.ts';
import type { Mark } from '../announcement-tracker.ts';
import type { RedisBus } from '../bus.ts';
import { registry } from '../keys.ts';
import { redisLimits } from '../redis-limits.ts';
import type { Connection } from './connection.ts';
import { within } from './with-timeout.ts';

const { headsMs, probeMs, settingsMs, deadlineMs, leaseMs, countsMs, suspicionMs } = redisLimits;

export interface WatchParts {
  bus: RedisBus;
  ears: Connection;
  talk: Connection;
  connections: readonly Connection[];
  heads: (channelIds: readonly string[]) => Promise<(Position | 'damaged' | undefined)[]>;
  /** Compares which tokens were revoked, and which sessions ended. */
  refused: () => Promise<unknown>;
  nodeId: string;
  log: Log;
  onReach: (reach: Reach) => void;
}

/**
 * Notices by itself what nobody tells: lost announcements, a connection that is open and silent, a history that was replaced, a store
 * that is out of reach.
 */
export class Watch {
  readonly #parts: WatchParts;
  #probing: NodeJS.Timeout | undefined;
  #comparing: NodeJS.Timeout | undefined;
  #checking: NodeJS.Timeout | undefined;
  #suspicion: NodeJS.Timeout | undefined;
  #busy = false;
  #heardAt = performance.now();
  #comparedAt = performance.now();
  /** What the last of either failed with, where something was answered. */
  #unheard: string | undefined;
  #uncompared: string | undefined;
  /** The store was given a heartbeat of this node. */
  #hasBeaten = false;
  reach: Reach = { reachable: true, since: new Date().toISOString() };

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#probing = setInterval(() => void this.#probe(), probeMs).unref();
    this.#comparing = setInterval(() => void this.compare(), headsMs).unref();
    this.#checking = setInterval(() => this.#recheck(), settingsMs).unref();
  }

  close(): void {
    clearInterval(this.#probing);
    clearInterval(this.#comparing);
    clearInterval(this.#checking);
    clearTimeout(this.#suspicion);
  }

  /** Nobody is to wait for this node any more: it serves nothing. */
  async leave(): Promise<void> {
    const { talk, nodeId } = this.#parts;
    await within(
      deadlineMs,
      talk.ask((redis) => redis.zrem(registry.nodes, nodeId)),
    );
  }

  async #probe(): Promise<void> {
    // First: a process that stood still learns that its lease ended before it answers anyone.
    this.#renewLease();
    const { bus, ears, talk, connections } = this.#parts;
    for (const connection of connections) void connection.admit();
    if (bus.isListening && ears.isOpen && talk.isOpen) {
      this.#unheard = undefined;
      const heard = await within(deadlineMs, bus.probe(), (error) => {
        this.#unheard = messageOf(error);
      });
      if (heard) this.#heardAt = performance.now();
      // Where the other connection is answered, it is this one that is deaf.
      else if (
        ears.isOpen &&
        (await within(
          deadlineMs,
          talk.ask((redis) => redis.ping()),
        ))
      )
        ears.replace();
    }
    this.#renewLease();
  }

  #recheck(): void {
    const { connections, ears } = this.#parts;
    for (const connection of connections) if (connection !== ears) void connection.recheck();
  }

  /** Compares where the journal stands with what was heard, for all channels, and which tokens and sessions are refused, in one piece. */
  async compare(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const { bus, heads, refused } = this.#parts;
    try {
      const channelIds = bus.channelIds;
      const marks = channelIds.map((channelId) => bus.mark(channelId));
      const beat = this.#beat();
      this.#uncompared = undefined;
      const compared = await within(deadlineMs, Promise.all([heads(channelIds), refused(), beat]), (error) => {
        this.#uncompared = messageOf(error);
      });
      if (compared) {
        this.#comparedAt = performance.now();
        const suspects: string[] = [];
        for (const [index, head] of compared[0].entries()) {
          const channelId = channelIds[index] as string;
          // The feed that follows the channel reads it, and learns of the damage.
          if (head === 'damaged') {
            bus.doubt(channelId);
            continue;
          }
          const before = marks[index] as Mark;
          const isKnown = head !== undefined && bus.knows(channelId, head, before);
          if (head === undefined && !bus.isNew(channelId) && bus.isGone(channelId, before)) bus.gone(channelId);
          else if (!isKnown) suspects.push(channelId);
        }
        if (suspects.length > 0) this.#suspect(suspects);
      }
    } finally {
      this.#busy = false;
      this.#renewLease();
    }
  }

  async #beat(): Promise<void> {
    const { talk, nodeId } = this.#parts;
    await talk.run('beat', [registry.nodes], [nodeId, countsMs, this.#hasBeaten ? 'again' : '', leaseMs + probeMs]);
    this.#hasBeaten = true;
  }

  #suspect(channelIds: string[]): void {
    clearTimeout(this.#suspicion);
    this.#suspicion = setTimeout(async () => {
      const { bus, heads } = this.#parts;
      const marks = channelIds.map((channelId) => bus.mark(channelId));
      const found = await within(deadlineMs, heads(channelIds));
      for (const [index, head] of found?.entries() ?? []) {
        if (head === 'damaged') continue;
        const channelId = channelIds[index] as string;
        const before = marks[index] as Mark;
        // Nothing was heard of it since it is listened to, and it is not on its way to be made.
        if (head === undefined) {
          if (bus.isGone(channelId, before)) bus.gone(channelId);
        } else if (!bus.knows(channelId, head, before)) bus.missed(channelId, head, before);
      }
    }, suspicionMs).unref();
  }

  /** Why the store is out of reach, as far as that is known. */
  get why(): string {
    const trouble = this.#parts.connections.map((connection) => connection.trouble).find((found) => found !== undefined);
    const failure = this.#heardAt < this.#comparedAt ? this.#unheard : this.#uncompared;
    return trouble ?? failure ?? 'Redis does not answer';
  }

  #renewLease(): void {
    const goodAt = Math.min(this.#heardAt, this.#comparedAt);
    const reachable = performance.now() - goodAt < leaseMs;
    if (reachable === this.reach.reachable) return;
    this.reach = { reachable, since: new Date().toISOString() };
    const { log, onReach } = this.#parts;
    const forMs = Math.round(performance.now() - goodAt);
    if (reachable) log.info({}, 'Redis is reachable again');
    else log.error({ forMs, why: this.why }, 'Redis is unreachable: readers may see stale state');
    onReach(this.reach);
  }
}
