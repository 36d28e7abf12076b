import type { Log } from '../../announcer.ts';
import { redisLimits } from '../redis-limits.ts';

const { damagedMs, damagedChannels, damageRememberedMs } = redisLimits;

/** Channels whose keys contradict each other. Each is logged once, and again if it is still damaged after a while. */
export class DamagedChannels {
  readonly #log: Log;
  readonly #now: () => number;
  /** By channel: when it was logged, and when it was last found damaged. */
  readonly #found = new Map<string, { loggedAt: number; lastAt: number }>();

  /** When a read was refused because of damage, by the read's key. */
  readonly #refusedAt = new Map<string, number>();

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  found(channelId: string): void {
    const now = this.#now();
    const known = this.#found.get(channelId);
    if (known !== undefined && now - known.loggedAt < damagedMs) {
      known.lastAt = now;
      return;
    }
    if (known === undefined && this.#found.size >= damagedChannels) this.#found.delete(this.#found.keys().next().value as string);
    this.#found.set(channelId, { loggedAt: now, lastAt: now });
    this.#log.error({ channel: channelId }, 'a channel is damaged in Redis and is refused until it is repaired');
  }

  /** `read`: the key of a read that found damage. */
  remember(read: string): void {
    this.#refusedAt.delete(read);
    if (this.#refusedAt.size >= damagedChannels) this.#refusedAt.delete(this.#refusedAt.keys().next().value as string);
    this.#refusedAt.set(read, this.#now());
  }

  /** Whether the read with this key found damage within `damageRememberedMs`. */
  remembers(read: string): boolean {
    const at = this.#refusedAt.get(read);
    if (at === undefined) return false;
    if (this.#now() - at < damageRememberedMs) return true;
    this.#refusedAt.delete(read);
    return false;
  }

  /** The number of channels that were found damaged within the last `damagedMs`. */
  get count(): number {
    for (const [channelId, { lastAt }] of this.#found) if (this.#now() - lastAt >= damagedMs) this.#found.delete(channelId);
    return this.#found.size;
  }
}
