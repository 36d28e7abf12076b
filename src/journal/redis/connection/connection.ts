import { Redis, type RedisOptions } from 'ioredis';
import type { Log } from '../../announcer.ts';
import { JournalRefused, JournalUnavailable, messageOf } from '../../engine.ts';
import { redisLimits } from '../redis-limits.ts';
import { type Operation, type Reply, run, type Scripts } from '../scripts.ts';
import { destroyWhenIdle } from './idle-timeout.ts';
import { type Fault, faultsOf, sentenceOf } from './server-settings.ts';

const { redisSilenceMs: silenceMs, redisConnectMs: connectMs, deadlineMs: briefMs, settingsMs } = redisLimits;
const { redisReconnectFirstMs: firstMs, redisReconnectMostMs: mostMs, redisLetGoMs, redisPollMs } = redisLimits;

/**
 * ioredis would send what was not answered once more after a reconnection. Request ids make that harmless, but whoever waits is better
 * told at once that the outcome is unknown, and a command that was not sent at all must not run minutes later.
 */
const options = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  connectTimeout: connectMs,
  // A connection that is replaced may be one whose other end is silent.
  disconnectTimeout: redisLetGoMs,
  retryStrategy: (times: number) => Math.min(mostMs, firstMs * 2 ** (times - 1)) * (0.5 + Math.random() / 2),
} satisfies RedisOptions;

export interface ConnectionOptions {
  url: string;
  name: string;
  minReplicas: number;
  allowUnsafe: boolean;
  scripts: Scripts;
  /** One of an engine's connections has it, so that what is said is said once. */
  log?: Log | undefined;
}

/**
 * One connection to Redis. It is used only once the server's settings were checked, after every reconnection anew.
 */
export class Connection {
  readonly redis: Redis;
  readonly #options: ConnectionOptions;
  #admitted = false;
  #admitting = false;
  /** Rises when the connection is lost: what was checked before says nothing about the next one. */
  #connectionLosses = 0;
  /** A start waits for replicas to tell their settings. Afterwards readers wait, and who was not asked is asked by `recheck`. */
  #replicasMs: number = settingsMs;
  #closed = false;
  #why = 'Redis was not reached yet';
  #refusal: JournalRefused | undefined;
  /** What is unsafe about the server, where that is allowed. */
  faults: readonly Fault[] = [];
  /** The connection may be used, again. */
  onOpen: () => void = () => {};
  onLost: () => void = () => {};

  constructor(given: ConnectionOptions) {
    this.#options = given;
    this.redis = new Redis(given.url, { ...options, connectionName: `pressbox-${given.name}` });
    this.redis.on('error', (error: Error) => {
      this.#why = error.message === '' ? String((error as { code?: string }).code) : error.message;
      if (isRefusal(error)) this.#refusal = new JournalRefused(`Redis: ${error.message}`);
    });
    this.redis.on('connect', () => destroyWhenIdle(this.redis, silenceMs));
    this.redis.on('ready', () => void this.admit());
    this.redis.on('close', () => {
      const lost = this.#admitted;
      this.#admitted = false;
      this.#connectionLosses += 1;
      if (!lost) return;
      this.#why = 'the connection was lost';
      this.onLost();
    });
  }

  get isOpen(): boolean {
    return this.#admitted;
  }

  /** Why it cannot be used, as far as that is known; undefined while it can. */
  get trouble(): string | undefined {
    if (this.#admitted) return undefined;
    return this.#refusal?.message ?? `Redis is unreachable: ${this.#why}`;
  }

  /** Resolves once it may be used. Throws `JournalRefused` where the server must not be, `JournalUnavailable` where it was not reached in time. */
  async open(deadlineMs: number): Promise<void> {
    const deadline = performance.now() + deadlineMs;
    this.redis.connect().catch(() => undefined);
    while (!this.#admitted) {
      if (this.#refusal !== undefined) throw this.#refusal;
      if (performance.now() > deadline) throw new JournalUnavailable(`Redis cannot be reached: ${this.#why}`, 'unchanged');
      await new Promise((resolve) => setTimeout(resolve, redisPollMs));
    }
    this.#replicasMs = briefMs;
  }

  /** Checks the settings; what was refused is asked again, since they can be changed without a restart. */
  async admit(): Promise<void> {
    const { url, minReplicas, allowUnsafe, scripts, log } = this.#options;
    if (this.#admitted || this.#admitting || this.redis.status !== 'ready') return;
    this.#admitting = true;
    const losses = this.#connectionLosses;
    try {
      // ioredis goes on in the first database where it may not use the one that the URL names.
      if (this.redis.options.db) await this.redis.select(this.redis.options.db);
      const faults = await faultsOf(this.redis, url, scripts, minReplicas, this.#replicasMs);
      if (faults.length > 0 && !allowUnsafe) return this.#refuse(faults);
      await Promise.all(Object.values(scripts).map(({ text }) => this.redis.script('LOAD', text)));
      if (faults.length > 0 && this.faults.length === 0) log?.warn({ faults }, 'Redis has unsafe settings and is used anyway');
      this.faults = faults;
      this.#refusal = undefined;
      if (losses !== this.#connectionLosses || this.#closed) return;
      this.#admitted = true;
      this.onOpen();
    } catch (error) {
      this.#why = messageOf(error);
      if (isRefusal({ message: this.#why })) this.#refusal = new JournalRefused(`Redis: ${this.#why}`);
    } finally {
      this.#admitting = false;
    }
  }

  /**
   * Whether what was found when it was admitted still holds: settings can be changed while it stands, and replicas join later. Else it is
   * not used any more, until `admit` finds them right. Not for a connection that subscribes, which may ask nothing else.
   */
  async recheck(): Promise<void> {
    const { url, minReplicas, allowUnsafe, scripts, log } = this.#options;
    if (!this.#admitted) return;
    const losses = this.#connectionLosses;
    const faults = await faultsOf(this.redis, url, scripts, minReplicas, settingsMs).catch(() => undefined);
    if (faults === undefined || losses !== this.#connectionLosses || !this.#admitted) return;
    if (faults.length > 0 && !allowUnsafe) {
      this.#refuse(faults);
      this.#admitted = false;
      this.onLost();
      return;
    }
    if (faults.length > this.faults.length) log?.warn({ faults }, 'Redis has unsafe settings and is used anyway');
    this.faults = faults;
  }

  #refuse(faults: readonly Fault[]): void {
    const refusal = new JournalRefused(sentenceOf(faults));
    if (this.#refusal?.message !== refusal.message)
      this.#options.log?.error({ faults }, 'Redis has unsafe settings and is not used');
    this.#refusal = refusal;
  }

  /** Throws `JournalUnavailable`: `unchanged` where nothing was sent or it surely did nothing. */
  run(operation: Operation, keys: readonly string[], args: readonly (string | number)[] = []): Promise<Reply> {
    return this.ask((redis) => run(redis, this.#options.scripts[operation], keys, args));
  }

  async ask<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#closed) throw new JournalUnavailable('The journal is closed.', 'unchanged');
    if (this.trouble !== undefined) throw new JournalUnavailable(this.trouble, 'unchanged');
    this.#corkUntilNextTurn();
    try {
      return await command(this.redis);
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** Ends what the connection is now and makes a new one: it is deaf. */
  replace(): void {
    this.redis.disconnect(true);
  }

  close(): void {
    this.#closed = true;
    this.#admitted = false;
    this.redis.disconnect();
  }

  #isCorked = false;
  /** What is asked within one turn of the event loop goes out in one piece, so that the server takes it up, and syncs it, at once. */
  #corkUntilNextTurn(): void {
    const { stream } = this.redis;
    if (this.#isCorked) return;
    this.#isCorked = true;
    stream.cork();
    setImmediate(() => {
      this.#isCorked = false;
      stream.uncork();
    });
  }
}

/** Waiting does not help where the server does not know the user or the database, or is not who its certificate should say. */
function isRefusal({ message, code = '' }: { message: string; code?: string }): boolean {
  return /^(?:WRONGPASS|NOAUTH|NOPERM|ERR (?:invalid )?DB index)\b/.test(message) || /CERT|ALTNAME/.test(code);
}

/** Answers of Redis by which a command surely did nothing: it was refused before it, or its first write, was carried out. */
const didNothing =
  /^(?:ASK|BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|MOVED|NOAUTH|NOREPLICAS|NOSCRIPT|OOM|READONLY|TRYAGAIN|Stream isn't writeable)\b/;

/** Errors of a server that answers but takes no writes, and the reason of each as a sentence. */
const refusals: Readonly<Record<string, string>> = {
  MISCONF: 'Its disk cannot be written.',
  NOREPLICAS: 'Too few replicas are connected.',
  OOM: 'Its memory is full.',
  READONLY: 'It is a replica.',
};

function unavailable(error: unknown): JournalUnavailable {
  if (error instanceof JournalUnavailable) return error;
  // ioredis speaks of its options there.
  const isLost = error instanceof Error && error.name === 'MaxRetriesPerRequestError';
  const message = isLost
    ? 'the connection was lost before the answer came'
    : error instanceof Error
      ? error.message
      : String(error);
  const refusal = refusals[/^[A-Z]+/.exec(message)?.[0] ?? ''];
  return new JournalUnavailable(`Redis: ${message}`, didNothing.test(message) ? 'unchanged' : 'unknown', {
    cause: error,
    refusesToWrite: refusal !== undefined,
    refusal,
  });
}
