import { Redis } from 'ioredis';
import type { Log } from '../../announcer.ts';
import { redisLimits } from '../redis-limits.ts';
import { readSentinelUrl, type SentinelAddress } from './store-address.ts';
import { withTimeout } from './with-timeout.ts';

const { probeMs, deadlineMs, redisConnectMs, redisReconnectMostMs } = redisLimits;

export interface MasterWatchParts {
  url: string;
  log: Log;
  /** Called when the Sentinels have made another server the master. */
  onMoved: () => void;
}

/**
 * Asks every Sentinel once a second which server is the master. A demoted master usually closes its connections, but one that is
 * cut off from the Sentinels or hangs does not. Does nothing if the URL names no Sentinels.
 */
export class MasterWatch {
  readonly #parts: MasterWatchParts;
  readonly #address: SentinelAddress | undefined;
  #sentinels: Redis[] = [];
  #asking: NodeJS.Timeout | undefined;
  /** The number of the last failover. Sentinels that have not heard of it yet report a lower one. */
  #epoch = -1;
  #master = '';

  constructor(parts: MasterWatchParts) {
    this.#parts = parts;
    this.#address = readSentinelUrl(parts.url);
  }

  start(): void {
    if (this.#address === undefined) return;
    const { sentinels, toSentinels } = this.#address;
    this.#sentinels = sentinels.map((sentinel) => {
      const redis = new Redis({
        ...toSentinels,
        ...sentinel,
        connectionName: 'pressbox-watch',
        connectTimeout: redisConnectMs,
        commandTimeout: deadlineMs,
        enableOfflineQueue: false,
        enableReadyCheck: false,
        retryStrategy: () => redisReconnectMostMs * (0.5 + Math.random() / 2),
      });
      // A Sentinel that is away is named when no connection can be opened.
      redis.on('error', () => undefined);
      return redis;
    });
    this.#asking = setInterval(() => {
      for (const sentinel of this.#sentinels) if (sentinel.status === 'ready') void this.#ask(sentinel);
    }, probeMs).unref();
  }

  close(): void {
    clearInterval(this.#asking);
    for (const sentinel of this.#sentinels) sentinel.disconnect();
  }

  async #ask(sentinel: Redis): Promise<void> {
    const reply = await withTimeout(deadlineMs, sentinel.call('SENTINEL', 'MASTER', this.#address?.name ?? ''));
    if (!Array.isArray(reply)) return;
    const field = (name: string) => String(reply[reply.indexOf(name) + 1]);
    const epoch = Number(field('config-epoch'));
    const master = `${field('ip')}:${field('port')}`;
    if (!(epoch > this.#epoch)) return;
    const from = this.#master;
    this.#epoch = epoch;
    this.#master = master;
    if (from === '' || from === master) return;
    this.#parts.log.info({ from, to: master }, 'Sentinel made another Redis server the master');
    this.#parts.onMoved();
  }
}
