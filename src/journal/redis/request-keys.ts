import { setTimeout as pause } from 'node:timers/promises';
import { limits } from '../../protocol/wire-limits.ts';
import { RequestClock } from '../request-clock.ts';
import type { Connection } from './connection/connection.ts';
import { channelKeys, idAt, registry } from './keys.ts';
import { redisLimits } from './redis-limits.ts';

export const keptMs = limits.idempotencyHours * 3_600_000;

const { requestSweepMs, requestSweepChannels, requestSweepMost } = redisLimits;

/**
 * Sets a TTL on the requests of a deleted channel. Does nothing for other channels. Works in steps, so that no other command
 * waits long.
 */
export async function endRequests(writes: Pick<Connection, 'run'>, channelId: string): Promise<void> {
  const keys = channelKeys(channelId, '');
  for (let ended: number = requestSweepMost; ended === requestSweepMost; )
    ended = Number(await writes.run('end-requests', keys, [keptMs, requestSweepMost]));
}

export interface RequestsParts {
  writes: Connection;
  commands: Connection;
  elapsed: () => number;
}

/**
 * Expires requests. Their keys have no TTL, because a TTL follows the system clock of Redis. This class keeps the request clock,
 * and deletes expired requests of channels that nobody writes to, a few channels at a time.
 */
export class Requests {
  readonly clock: RequestClock;
  readonly #parts: RequestsParts;
  readonly #stop = new AbortController();
  /** The place in the registry of the channel that was swept last. */
  #sweptTo = '-';

  constructor(parts: RequestsParts) {
    this.#parts = parts;
    this.clock = new RequestClock(parts.elapsed);
  }

  /** Only reads, so that a node can start with a store that takes no writes. */
  async open(): Promise<void> {
    this.clock.reach(Number(await this.#parts.commands.ask((redis) => redis.get(registry.requestClock))));
  }

  start(): void {
    void this.#run().catch(() => undefined);
  }

  close(): void {
    this.#stop.abort();
  }

  async keepClock(): Promise<void> {
    const reached = await this.#parts.writes.run('request-clock', [registry.requestClock], [this.clock.now()]);
    this.clock.reach(Number(reached));
  }

  /** Deletes the expired requests of the next channels. */
  async sweep(): Promise<void> {
    const from = this.#sweptTo === '-' ? '-' : `(${this.#sweptTo}`;
    const { commands, writes } = this.#parts;
    const places = await commands.ask((redis) =>
      redis.zrange(registry.channels, from, '+', 'BYLEX', 'LIMIT', 0, requestSweepChannels),
    );
    for (const place of places) {
      const keys = channelKeys(idAt(place), '');
      for (let forgotten: number = requestSweepMost; forgotten === requestSweepMost; )
        forgotten = Number(await writes.run('forget-requests', keys, [this.clock.now(), keptMs, requestSweepMost]));
    }
    this.#sweptTo = places.length < requestSweepChannels ? '-' : (places.at(-1) as string);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await pause(requestSweepMs, undefined, { signal, ref: false });
      // The store monitor reports that the store is unreachable.
      await this.keepClock().catch(() => undefined);
      await this.sweep().catch(() => undefined);
    }
  }
}
