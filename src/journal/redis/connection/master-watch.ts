import { Redis } from 'ioredis';
import type { Log } from '../../announcer.ts';
import type { Unconfirmed } from '../../store-master.ts';
import { redisLimits } from '../redis-limits.ts';
import { decideMaster, type MasterDecision, type NamedMaster, readReport, type SentinelReport } from './master-decision.ts';
import { serverAt } from './open-redis.ts';
import { hostAndPort, readSentinelUrl, type SentinelAddress } from './store-address.ts';
import { withTimeout } from './with-timeout.ts';

const { probeMs, deadlineMs, redisConnectMs, redisReconnectMostMs, redisPollMs, sentinelFreshMs, masterUnconfirmedMs } =
  redisLimits;

export interface MasterWatchParts {
  url: string;
  log: Log;
  /** The address that the writes of this node go to, as host and port, or undefined before the first connection. */
  inUse: () => string | undefined;
  /** Called when all connections must lead to this address. */
  onMaster: (address: string) => void;
}

/**
 * Asks every Sentinel once a second which server is the master, and moves the node when a majority names another one. A demoted
 * master usually closes its connections, but one that is cut off from the Sentinels or hangs does not. Does nothing if the URL
 * names no Sentinels.
 */
export class MasterWatch {
  readonly #parts: MasterWatchParts;
  readonly #address: SentinelAddress | undefined;
  #sentinels: Sentinel[] = [];
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<Round> | undefined;
  #last: Round | undefined;
  /** The server that a majority named last. Connections lead to no other one. */
  #named: NamedMaster | undefined;
  #unconfirmed: { why: Unconfirmed; sinceMs: number; isLogged: boolean } | undefined;

  constructor(parts: MasterWatchParts) {
    this.#parts = parts;
    this.#address = readSentinelUrl(parts.url);
  }

  /** Where connections lead, as host and port. Undefined: to the server that the first Sentinel names. */
  get address(): string | undefined {
    return this.#named?.address;
  }

  /** Why no majority of the Sentinels confirms the server in use. Undefined if one does, or without Sentinels. */
  get unconfirmed(): Unconfirmed | undefined {
    return this.#unconfirmed?.why;
  }

  /** Resolves when a majority has named the master, or after `deadlineMs`. */
  async open(): Promise<void> {
    const address = this.#address;
    if (address === undefined) return;
    this.#sentinels = address.sentinels.map((sentinel) => new Sentinel(address, sentinel));
    const deadline = performance.now() + deadlineMs;
    do {
      await this.#ask();
      if (this.#named !== undefined) break;
      await new Promise((resolve) => setTimeout(resolve, redisPollMs));
    } while (performance.now() < deadline);
    this.#timer = setInterval(() => void this.#ask(), probeMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const sentinel of this.#sentinels) sentinel.close();
  }

  /**
   * Whether a majority of the Sentinels, asked since `sentinelFreshMs` before this call, names the server that the writes went to
   * until now, and holds it to be up. Then no replica was promoted before the call. Also true if too few Sentinels answer and none
   * of them holds it to be down.
   */
  async isMasterUp(): Promise<boolean> {
    if (this.#address === undefined) return true;
    // A round may move the node.
    const writtenTo = this.#parts.inUse();
    const since = performance.now() - sentinelFreshMs;
    let round = this.#last;
    // Silent Sentinels take until the deadline, so the writes do not ask them again.
    if (this.#unconfirmed?.why !== 'silent')
      // A round that is running may have begun earlier.
      for (let asked = 0; asked < 2 && (round === undefined || round.beganAt < since); asked++) round = await this.#ask();
    const decision = round?.decision;
    if (decision?.status === 'stays' || decision?.status === 'moves') return decision.isUp && decision.address === writtenTo;
    return this.#unconfirmed?.why === 'silent' && !round?.reports.some(({ isDown }) => isDown);
  }

  /** Asks all Sentinels. Simultaneous calls share one round. */
  #ask(): Promise<Round> {
    this.#round ??= this.#askAll().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  async #askAll(): Promise<Round> {
    const beganAt = performance.now();
    const dialled = this.#parts.inUse();
    const inUse = this.#named ?? (dialled === undefined ? undefined : { address: dialled, epoch: -1 });
    const question = { inUse, configured: this.#sentinels.length };
    const reports: SentinelReport[] = [];
    let decision = decideMaster({ ...question, reports });
    await new Promise<void>((resolve) => {
      const asked = this.#sentinels.map(async (sentinel) => {
        const report = await sentinel.report();
        if (report === undefined) return;
        reports.push(report);
        decision = decideMaster({ ...question, reports });
        // The other answers change nothing.
        if (decision.status === 'stays' && decision.isUp) resolve();
      });
      void Promise.all(asked).then(() => resolve());
    });
    if (decision.status === 'asks') {
      const asked = { address: decision.address, role: await this.#roleAt(decision.address) };
      decision = decideMaster({ ...question, reports, asked });
    }
    this.#act(decision, inUse?.address);
    this.#last = { beganAt, decision, reports: [...reports] };
    return this.#last;
  }

  #act(decision: MasterDecision, from: string | undefined): void {
    const { log, onMaster } = this.#parts;
    if (decision.status === 'asks') return;
    if (decision.status === 'unconfirmed') return this.#noteUnconfirmed(decision.why);
    const { address, epoch } = decision;
    if (this.#unconfirmed?.isLogged) log.info({ master: address }, 'a majority of the Sentinels confirms the master again');
    this.#unconfirmed = undefined;
    const isSame = this.#named?.address === address;
    this.#named = { address, epoch };
    if (isSame) return;
    if (from !== undefined && from !== address)
      log.info({ from, to: address, epoch }, 'Sentinel made another Redis server the master');
    onMaster(address);
  }

  #noteUnconfirmed(why: Unconfirmed): void {
    const now = performance.now();
    this.#unconfirmed = { sinceMs: now, isLogged: false, ...this.#unconfirmed, why };
    if (this.#unconfirmed.isLogged || now - this.#unconfirmed.sinceMs < masterUnconfirmedMs) return;
    this.#unconfirmed.isLogged = true;
    const master = this.#parts.inUse() ?? '';
    this.#parts.log.error({ master, why }, 'no majority of the Sentinels confirms the master in use');
  }

  /** The role that the server gives itself, or undefined if it does not answer. */
  async #roleAt(address: string): Promise<string | undefined> {
    const options = { lazyConnect: true, connectTimeout: deadlineMs, retryStrategy: () => null, enableReadyCheck: false };
    const { host, port } = hostAndPort(address);
    const server = serverAt(this.#parts.url, host, port, { ...options, connectionName: 'pressbox-watch' });
    server.on('error', () => undefined);
    try {
      const info = await withTimeout(
        deadlineMs,
        server.connect().then(() => server.info('replication')),
      );
      return info === undefined ? undefined : (/^role:(\w+)/m.exec(info)?.[1] ?? '');
    } finally {
      server.disconnect();
    }
  }
}

/** The answers to one question to all Sentinels. */
interface Round {
  beganAt: number;
  decision: MasterDecision;
  reports: readonly SentinelReport[];
}

/** A connection to a Sentinel. */
class Sentinel {
  readonly #redis: Redis;
  readonly #name: string;
  #isAsked = false;

  constructor({ name, toSentinels }: SentinelAddress, at: { host: string; port: number }) {
    this.#name = name;
    this.#redis = new Redis({
      ...toSentinels,
      ...at,
      connectionName: 'pressbox-watch',
      connectTimeout: redisConnectMs,
      commandTimeout: deadlineMs,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      retryStrategy: () => redisReconnectMostMs * (0.5 + Math.random() / 2),
    });
    // A Sentinel that is away is named when no connection can be opened.
    this.#redis.on('error', () => undefined);
  }

  close(): void {
    this.#redis.disconnect();
  }

  /** Undefined if it does not answer in time, or still owes the answer to the last question. */
  async report(): Promise<SentinelReport | undefined> {
    if (this.#isAsked || this.#redis.status !== 'ready') return undefined;
    this.#isAsked = true;
    const call = (command: string) => this.#redis.call('SENTINEL', command, this.#name);
    // In this order: an address is never older than the epoch it is reported with.
    const asked = Promise.all([call('MASTER'), call('GET-MASTER-ADDR-BY-NAME'), call('SENTINELS')]);
    const release = () => {
      this.#isAsked = false;
    };
    asked.then(release, release);
    const replies = await withTimeout(deadlineMs, asked);
    if (!replies?.every(Array.isArray)) return undefined;
    return readReport(...(replies as [string[], [string, string], string[][]]));
  }
}
