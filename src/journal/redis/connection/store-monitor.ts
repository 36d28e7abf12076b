import type { Position } from '../../../protocol/cursor.ts';
import type { Log } from '../../announcer.ts';
import { messageOf, type Reachability } from '../../engine.ts';
import type { TrackerMark } from '../announcement-tracker.ts';
import type { RedisBus } from '../bus.ts';
import { indexKeeper, registry } from '../keys.ts';
import { nodeName, shareNoSecret } from '../node-ids.ts';
import { redisLimits } from '../redis-limits.ts';
import type { Connection } from './connection.ts';
import { withTimeout } from './with-timeout.ts';

const { headsMs, probeMs, settingsMs, deadlineMs, leaseMs, countsMs, suspicionMs } = redisLimits;

export interface StoreMonitorParts {
  bus: RedisBus;
  subscriber: Connection;
  commands: Connection;
  connections: readonly Connection[];
  heads: (channelIds: readonly string[]) => Promise<(Position | 'damaged' | undefined)[]>;
  /** Compares the revoked tokens and the ended sessions with the store. */
  refused: () => Promise<unknown>;
  nodeId: string;
  log: Log;
  onReach: (reach: Reachability) => void;
  /** Called with the seconds that a message took through Redis and back to the subscriber. */
  onHeard: (seconds: number) => void;
}

/**
 * Detects what nothing announces: lost announcements, a connection that is open but silent, a replaced history, and an
 * unreachable store.
 */
export class StoreMonitor {
  readonly #parts: StoreMonitorParts;
  #probing: NodeJS.Timeout | undefined;
  #comparing: NodeJS.Timeout | undefined;
  #checking: NodeJS.Timeout | undefined;
  #suspicion: NodeJS.Timeout | undefined;
  #busy = false;
  #probedAt = performance.now();
  #comparedAt = performance.now();
  /** Why the last probe and the last comparison failed. Undefined if they succeeded or timed out. */
  #probeFailure: string | undefined;
  #compareFailure: string | undefined;
  /** Whether the store has received a heartbeat of this node. */
  #hasSentHeartbeat = false;
  /** See `RedisEngine.otherSecrets`. */
  otherSecrets: readonly string[] = [];
  reach: Reachability = { reachable: true, since: new Date().toISOString() };

  constructor(parts: StoreMonitorParts) {
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

  /** Removes this node from the nodes that erasures wait for. Call when the node no longer serves anything. */
  async leave(): Promise<void> {
    const { commands, nodeId } = this.#parts;
    await withTimeout(
      deadlineMs,
      commands.ask((redis) => redis.zrem(registry.nodes, nodeId)),
    );
  }

  async #probe(): Promise<void> {
    // Check the lease first, so that a process that was suspended notices that it has expired before it answers a request.
    this.#renewLease();
    const { bus, subscriber, commands, connections, onHeard } = this.#parts;
    for (const connection of connections) void connection.admit();
    if (bus.isListening && subscriber.isOpen && commands.isOpen) {
      this.#probeFailure = undefined;
      const began = performance.now();
      const hasArrived = await withTimeout(deadlineMs, bus.probe(), (error) => {
        this.#probeFailure = messageOf(error);
      });
      onHeard((performance.now() - began) / 1_000);
      if (hasArrived) this.#probedAt = performance.now();
      // Redis answers on the other connection, so only the connection of the subscriber is silent.
      else if (
        subscriber.isOpen &&
        (await withTimeout(
          deadlineMs,
          commands.ask((redis) => redis.ping()),
        ))
      )
        subscriber.replace();
    }
    this.#renewLease();
  }

  #recheck(): void {
    const { connections, subscriber } = this.#parts;
    for (const connection of connections) if (connection !== subscriber) void connection.recheck();
  }

  /** Compares the heads of all channels with the announcements, and the refused tokens and sessions with the store. */
  async compare(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const { bus, heads, refused } = this.#parts;
    try {
      const channelIds = bus.channelIds;
      const marks = channelIds.map((channelId) => bus.mark(channelId));
      const beat = this.#sendHeartbeat();
      this.#compareFailure = undefined;
      const compared = await withTimeout(deadlineMs, Promise.all([heads(channelIds), refused(), beat]), (error) => {
        this.#compareFailure = messageOf(error);
      });
      if (compared) {
        this.#comparedAt = performance.now();
        const suspects: string[] = [];
        for (const [index, head] of compared[0].entries()) {
          const channelId = channelIds[index] as string;
          // The channel stream then reads the channel and notices the damage.
          if (head === 'damaged') {
            bus.markUncertain(channelId);
            continue;
          }
          const before = marks[index] as TrackerMark;
          const isKnown = head !== undefined && bus.knows(channelId, head, before);
          if (head === undefined && !bus.hasNoAnnouncements(channelId) && bus.isGone(channelId, before)) bus.gone(channelId);
          else if (!isKnown) suspects.push(channelId);
        }
        if (suspects.length > 0) this.#suspect(suspects);
      }
    } finally {
      this.#busy = false;
      this.#renewLease();
    }
  }

  async #sendHeartbeat(): Promise<void> {
    const { commands, nodeId } = this.#parts;
    const counted = await commands.run(
      'heartbeat',
      [registry.nodes, registry.activityPlaces],
      [nodeId, countsMs, this.#hasSentHeartbeat ? 'again' : '', leaseMs + probeMs, indexKeeper],
    );
    this.#hasSentHeartbeat = true;
    this.otherSecrets = (counted as string[]).filter((node) => shareNoSecret(nodeId, node)).map(nodeName);
  }

  #suspect(channelIds: string[]): void {
    clearTimeout(this.#suspicion);
    this.#suspicion = setTimeout(async () => {
      const { bus, heads } = this.#parts;
      const marks = channelIds.map((channelId) => bus.mark(channelId));
      const found = await withTimeout(deadlineMs, heads(channelIds));
      for (const [index, head] of found?.entries() ?? []) {
        if (head === 'damaged') continue;
        const channelId = channelIds[index] as string;
        const before = marks[index] as TrackerMark;
        // The journal is missing. If nothing was announced or read since the mark, the channel was not created in the meantime.
        if (head === undefined) {
          if (bus.isGone(channelId, before)) bus.gone(channelId);
        } else if (!bus.knows(channelId, head, before)) bus.announceMissed(channelId, head, before);
      }
    }, suspicionMs).unref();
  }

  /** Why the store is unreachable, as far as known. */
  get why(): string {
    const trouble = this.#parts.connections.map((connection) => connection.trouble).find((found) => found !== undefined);
    const failure = this.#probedAt < this.#comparedAt ? this.#probeFailure : this.#compareFailure;
    return trouble ?? failure ?? 'Redis does not answer';
  }

  /** Milliseconds since both the last probe and the last comparison had succeeded. */
  get agoMs(): number {
    return performance.now() - Math.min(this.#probedAt, this.#comparedAt);
  }

  #renewLease(): void {
    const { agoMs } = this;
    const reachable = agoMs < leaseMs;
    if (reachable === this.reach.reachable) return;
    this.reach = { reachable, since: new Date().toISOString() };
    const { log, onReach } = this.#parts;
    const forMs = Math.round(agoMs);
    if (reachable) log.info({}, 'Redis is reachable again');
    else log.error({ forMs, why: this.why }, 'Redis is unreachable: readers may see stale state');
    onReach(this.reach);
  }
}
