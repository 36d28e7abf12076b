import { setTimeout as pause } from 'node:timers/promises';
import { limits } from '../../protocol/wire-limits.ts';
import { RequestClock } from '../request-clock.ts';
import type { Connection } from './connection/connection.ts';
import { channelKeys, registry } from './keys.ts';
import { idAt } from './reads.ts';
import { redisLimits } from './redis-limits.ts';

export const keptMs = limits.idempotencyHours * 3_600_000;

const { requestSweepMs, requestSweepChannels, requestSweepMost } = redisLimits;

/** Lets Redis forget the requests of a channel that was deleted; of no other. In steps, so that nobody waits behind it. */
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
 * What is remembered of requests has no end in Redis, which would be by Redis' system clock. This keeps the clock that it is forgotten by,
 * and forgets it in channels that nobody writes to any more: some of them every now and then, one after the other.
 */
export class Requests {
  readonly clock: RequestClock;
  readonly #parts: RequestsParts;
  readonly #stop = new AbortController();
  /** The place in the registry of the channel that was looked at last. */
  #lookedAt = '-';

  constructor(parts: RequestsParts) {
    this.#parts = parts;
    this.clock = new RequestClock(parts.elapsed);
  }

  /** Only reads: a store that takes no writes can still be served from. */
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

  /** Looks at some channels. */
  async sweep(): Promise<void> {
    const from = this.#lookedAt === '-' ? '-' : `(${this.#lookedAt}`;
    const { commands, writes } = this.#parts;
    const places = await commands.ask((redis) =>
      redis.zrange(registry.channels, from, '+', 'BYLEX', 'LIMIT', 0, requestSweepChannels),
    );
    for (const place of places) {
      const keys = channelKeys(idAt(place), '');
      for (let forgotten: number = requestSweepMost; forgotten === requestSweepMost; )
        forgotten = Number(await writes.run('forget-requests', keys, [this.clock.now(), keptMs, requestSweepMost]));
    }
    this.#lookedAt = places.length < requestSweepChannels ? '-' : (places.at(-1) as string);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await pause(requestSweepMs, undefined, { signal, ref: false });
      // That the store is away is said by who watches it.
      await this.keepClock().catch(() => undefined);
      await this.sweep().catch(() => undefined);
    }
  }
}
