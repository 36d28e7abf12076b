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
 * By default ioredis resends unanswered commands after a reconnect. Request ids make that harmless, but the caller should learn
 * at once that the outcome is unknown, and an unsent command must not run minutes later.
 */
const options = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  connectTimeout: connectMs,
  // Short, because the other end of a replaced connection may be silent.
  disconnectTimeout: redisLetGoMs,
  retryStrategy: (times: number) => Math.min(mostMs, firstMs * 2 ** (times - 1)) * (0.5 + Math.random() / 2),
} satisfies RedisOptions;

export interface ConnectionOptions {
  url: string;
  name: string;
  minReplicas: number;
  allowUnsafe: boolean;
  scripts: Scripts;
  /** Set for one connection of an engine, so that each message is logged once. */
  log?: Log | undefined;
}

/**
 * One connection to Redis. It is used only after the server's settings were checked. They are checked again after every
 * reconnect.
 */
export class Connection {
  readonly redis: Redis;
  readonly #options: ConnectionOptions;
  #admitted = false;
  #admitting = false;
  /** Incremented when the connection is lost. Earlier checks do not apply to the next connection. */
  #connectionLosses = 0;
  /**
   * How long a check waits for the settings of replicas. It waits long only at the start: later, readers would have to wait, so
   * `recheck` checks replicas that did not answer in time.
   */
  #replicasMs: number = settingsMs;
  #closed = false;
  #why = 'Redis was not reached yet';
  #refusal: JournalRefused | undefined;
  /** Unsafe settings of the server, if they are allowed. */
  faults: readonly Fault[] = [];
  /** Called when the connection may be used (again). */
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

  /** Why the connection cannot be used, or undefined if it can. */
  get trouble(): string | undefined {
    if (this.#admitted) return undefined;
    return this.#refusal?.message ?? `Redis is unreachable: ${this.#why}`;
  }

  /**
   * Resolves when the connection may be used. Throws `JournalRefused` if the server must not be used, and `JournalUnavailable` if
   * it was not reached in time.
   */
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

  /**
   * Checks the settings, and opens the connection for use if they are safe. Also checks a refused server again, because settings
   * can change without a restart.
   */
  async admit(): Promise<void> {
    const { url, minReplicas, allowUnsafe, scripts, log } = this.#options;
    if (this.#admitted || this.#admitting || this.redis.status !== 'ready') return;
    this.#admitting = true;
    const losses = this.#connectionLosses;
    try {
      // If the user may not use the database in the URL, ioredis silently uses the first one. This command fails instead.
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
   * Checks the settings again while connected: settings can change, and replicas can join. If they are unsafe, the connection is
   * not used until `admit` succeeds. Not for a subscribing connection, which can send no other commands.
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

  /** Throws `JournalUnavailable`: `unchanged` if the command was not sent or certainly did nothing. */
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

  /** Drops a connection that receives nothing and opens a new one. */
  replace(): void {
    this.redis.disconnect(true);
  }

  close(): void {
    this.#closed = true;
    this.#admitted = false;
    this.redis.disconnect();
  }

  #isCorked = false;
  /** Sends all commands of one turn of the event loop together, so that Redis executes and syncs them at once. */
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

/** Errors that waiting does not fix: wrong user, password or database, or an invalid certificate. */
function isRefusal({ message, code = '' }: { message: string; code?: string }): boolean {
  return /^(?:WRONGPASS|NOAUTH|NOPERM|ERR (?:invalid )?DB index)\b/.test(message) || /CERT|ALTNAME/.test(code);
}

/** Errors after which a command certainly did nothing: Redis refused it before it ran, or before its first write. */
const didNothing =
  /^(?:ASK|BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|MOVED|NOAUTH|NOREPLICAS|NOSCRIPT|OOM|READONLY|TRYAGAIN|Stream isn't writeable)\b/;

/** Errors of a server that answers but takes no writes, with the reason as a sentence. */
const refusals: Readonly<Record<string, string>> = {
  MISCONF: 'Its disk cannot be written.',
  NOREPLICAS: 'Too few replicas are connected.',
  OOM: 'Its memory is full.',
  READONLY: 'It is a replica.',
};

function unavailable(error: unknown): JournalUnavailable {
  if (error instanceof JournalUnavailable) return error;
  // The message of this ioredis error is only about an option, so it is replaced.
  const isLost = error instanceof Error && error.name === 'MaxRetriesPerRequestError';
  const message = isLost
    ? 'the connection was lost before the answer arrived'
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
