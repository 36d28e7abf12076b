import type { Redis, RedisOptions } from 'ioredis';
import type { Log } from '../../announcer.ts';
import { JournalRefused, JournalUnavailable, messageOf } from '../../engine.ts';
import { refusalOfMark } from '../../migrate/marks.ts';
import { redisLimits } from '../redis-limits.ts';
import { type Operation, type Reply, run, type Scripts } from '../scripts.ts';
import { newerData } from '../store-format.ts';
import { destroyWhenIdle } from './idle-timeout.ts';
import type { OneServer } from './one-server.ts';
import { redisAt } from './open-redis.ts';
import { type Fault, factsOf, faultsOfReplicas, inspectServer, sentenceOf } from './server-settings.ts';
import { isSentinelUrl } from './store-address.ts';

const { redisSilenceMs: silenceMs, redisConnectMs: connectMs, deadlineMs, settingsMs } = redisLimits;
const { redisReconnectFirstMs: firstMs, redisReconnectMostMs: mostMs, redisLetGoMs, redisPollMs } = redisLimits;

/** Milliseconds before an attempt to connect. `times`: the attempts that have failed, at least 1. */
export const reconnectPause = (times: number): number => Math.min(mostMs, firstMs * 2 ** (times - 1)) * (0.5 + Math.random() / 2);

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
  retryStrategy: reconnectPause,
  // Without an answer, the client asks the next Sentinel.
  sentinelCommandTimeout: deadlineMs,
  sentinelRetryStrategy: reconnectPause,
} satisfies RedisOptions;

export interface ConnectionOptions {
  url: string;
  name: string;
  minReplicas: number;
  allowUnsafe: boolean;
  scripts: Scripts;
  /** Called with the seconds until a command was answered or has failed. */
  onAnswered?: ((seconds: number) => void) | undefined;
  /** Shared by the connections of an engine. */
  server: OneServer;
  /** Where a connection must lead, as host and port, if the Sentinels have named the master. */
  master?: (() => string | undefined) | undefined;
  /** Set for one connection of an engine, which also checks the replicas, so that each message is logged once. */
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
  /** Whether the engine has started with this connection. From then on, unsafe settings of replicas do not stop it. */
  #isLive = false;
  #closed = false;
  #why = 'Redis was not reached yet';
  #refusal: JournalRefused | undefined;
  /** Unsafe settings of the server, if they are allowed, and of its replicas. */
  faults: readonly Fault[] = [];
  /** The replicas that were in sync when the server was last asked. */
  replicasOnline = 0;
  /** Where the connection leads, as host and port. Undefined before the first attempt to connect through Sentinels. */
  address: string | undefined;
  /** The run id of the server that the connection was last used with. */
  runId: string | undefined;
  #counting: Promise<void> | undefined;
  /** Called when the connection may be used (again). */
  onOpen: () => void = () => {};
  onLost: () => void = () => {};

  constructor(given: ConnectionOptions) {
    this.#options = given;
    this.redis = redisAt(given.url, { ...options, connectionName: `pressbox-${given.name}` }, (named) => {
      this.address = given.master?.() ?? named;
      return this.address;
    });
    if (!isSentinelUrl(given.url)) this.address = `${this.redis.options.host}:${this.redis.options.port}`;
    // Says why a Sentinel could not name the master. The error that follows only says that no Sentinel could.
    this.redis.on('sentinelError', (error: Error) => {
      this.#why = /No such master|invalid reply: null/.test(error.message)
        ? `the Sentinels monitor no master called ${this.redis.options.name}`
        : withCertificate(error.message, given.url);
    });
    this.redis.on('error', (error: Error) => {
      if (error.message.startsWith('All sentinels are unreachable')) return;
      this.#why = error.message === '' ? String((error as { code?: string }).code) : error.message;
      if (isRefusal(error)) this.#refusal = new JournalRefused(`Redis: ${error.message}`);
    });
    this.redis.on('connect', () => destroyWhenIdle(this.redis, silenceMs));
    this.redis.on('ready', () => void this.admit());
    this.redis.on('close', () => {
      this.#lose('the connection was lost');
    });
  }

  #lose(why: string): void {
    const lost = this.#admitted;
    this.#admitted = false;
    this.#connectionLosses += 1;
    this.#options.server.leave(this);
    if (!lost) return;
    this.#why = why;
    this.onLost();
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
    this.#isLive = true;
  }

  /**
   * Checks the settings, and opens the connection for use if they are safe. Also checks a refused server again, because settings
   * can change without a restart.
   */
  async admit(): Promise<void> {
    const { allowUnsafe, minReplicas, scripts, server, master } = this.#options;
    if (this.#admitted || this.#admitting || this.redis.status !== 'ready') return;
    this.#admitting = true;
    const losses = this.#connectionLosses;
    try {
      // If the user may not use the database in the URL, ioredis silently uses the first one. This command fails instead.
      if (this.redis.options.db) await this.redis.select(this.redis.options.db);
      const { facts, faults } = await inspectServer(this.redis, scripts, minReplicas > 0);
      // Readers would have to wait for replicas, so they are checked here only before the start, and later by `recheck`.
      if (!this.#isLive) faults.push(...(await this.#faultsOfReplicas()));
      if (faults.length > 0 && !allowUnsafe) return this.#refuse(faults);
      await Promise.all(Object.values(scripts).map(({ text }) => this.redis.script('LOAD', text)));
      this.#refusal = undefined;
      if (losses !== this.#connectionLosses || this.#closed) return;
      const isElsewhere = (master?.() ?? this.address) !== this.address;
      if (isElsewhere || !server.join(this, facts)) return this.drop('the server is not the master any more');
      this.runId = facts.runId;
      this.#noteFaults(faults);
      this.replicasOnline = facts.replicasOnline;
      this.#admitted = true;
      this.onOpen();
      if (this.#isLive) void this.recheck();
    } catch (error) {
      this.#why = messageOf(error);
      if (error instanceof JournalRefused) this.#refusal = error;
      if (isRefusal({ message: this.#why })) this.#refusal = new JournalRefused(`Redis: ${this.#why}`);
    } finally {
      this.#admitting = false;
    }
  }

  /**
   * Checks the settings again while connected: settings can change, and replicas can join. If those of the server are unsafe, the
   * connection is not used until `admit` succeeds. Not for a subscribing connection, which can send no other commands.
   */
  async recheck(): Promise<void> {
    const { minReplicas, allowUnsafe, scripts } = this.#options;
    if (!this.#admitted) return;
    const losses = this.#connectionLosses;
    const [found, ofReplicas] = await Promise.all([
      inspectServer(this.redis, scripts, minReplicas > 0).catch(() => undefined),
      this.#faultsOfReplicas().catch(() => []),
    ]);
    if (found === undefined || losses !== this.#connectionLosses || !this.#admitted) return;
    this.replicasOnline = found.facts.replicasOnline;
    if (found.faults.length > 0 && !allowUnsafe) {
      this.#refuse(found.faults);
      this.#lose('it has unsafe settings');
      return;
    }
    this.#noteFaults([...found.faults, ...ofReplicas]);
  }

  /** Only on the connection that logs, so that each replica is asked once. */
  async #faultsOfReplicas(): Promise<Fault[]> {
    const { url, scripts, log } = this.#options;
    return log === undefined ? [] : await faultsOfReplicas(this.redis, url, scripts, settingsMs);
  }

  #noteFaults(faults: readonly Fault[]): void {
    const { log } = this.#options;
    const [ofServer, ofReplicas] = [faults.filter(({ at }) => at === undefined), faults.filter(({ at }) => at !== undefined)];
    const isNew = (found: readonly Fault[]) =>
      found.some(({ at, setting }) => !this.faults.some((known) => known.at === at && known.setting === setting));
    if (isNew(ofServer)) log?.warn({ faults: ofServer }, 'Redis has unsafe settings and is used anyway');
    if (isNew(ofReplicas)) log?.warn({ faults: ofReplicas }, 'a replica has unsafe settings, and writes go on');
    this.faults = faults;
  }

  /** Asks the server how many replicas are in sync. Simultaneous calls share one question. */
  countReplicas(): Promise<void> {
    this.#counting ??= this.ask(factsOf)
      .then(({ replicasOnline }) => {
        this.replicasOnline = replicasOnline;
      })
      .finally(() => {
        this.#counting = undefined;
      });
    return this.#counting;
  }

  #refuse(faults: readonly Fault[]): void {
    const refusal = new JournalRefused(sentenceOf(faults));
    if (this.#refusal?.message !== refusal.message)
      this.#options.log?.error({ faults }, 'Redis has unsafe settings and is not used');
    this.#refusal = refusal;
    this.faults = faults;
  }

  /** Throws `JournalUnavailable`: `unchanged` if the command was not sent or certainly did nothing. */
  run(operation: Operation, keys: readonly string[], args: readonly (string | number)[] = []): Promise<Reply> {
    return this.ask((redis) => run(redis, this.#options.scripts[operation], keys, args));
  }

  async ask<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#closed) throw new JournalUnavailable('The journal is closed.', 'unchanged');
    if (this.trouble !== undefined) throw new JournalUnavailable(this.trouble, 'unchanged', { cause: this.#refusal });
    this.#corkUntilNextTurn();
    const began = performance.now();
    try {
      return await command(this.redis);
    } catch (error) {
      throw unavailable(error);
    } finally {
      this.#options.onAnswered?.((performance.now() - began) / 1_000);
    }
  }

  /** Drops a connection that receives nothing and opens a new one. */
  replace(): void {
    this.redis.disconnect(true);
  }

  /** Drops a connection to a server that must not be used any more, with the answers that are on their way. */
  drop(why: string): void {
    // ioredis gives up for good if it is disconnected while it asks a Sentinel.
    if (this.redis.status !== 'ready') return;
    this.#lose(why);
    this.redis.disconnect(true);
    this.redis.stream.destroy();
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

/** ioredis keeps the error of an encrypted connection to a Sentinel to itself. Most often it is about the certificate. */
function withCertificate(message: string, url: string): string {
  if (!url.startsWith('rediss+sentinel:')) return message;
  return message.replace(
    /Connection is closed\.$/,
    'it was closed. Its certificate must be trusted, and valid for this address.',
  );
}

/** Errors that waiting does not fix: wrong user, password or database, or an invalid certificate. */
function isRefusal({ message, code = '' }: { message: string; code?: string }): boolean {
  return /^(?:WRONGPASS|NOAUTH|NOPERM|ERR (?:invalid )?DB index)\b/.test(message) || /CERT|ALTNAME/.test(code);
}

/** Errors after which a command certainly did nothing: Redis refused it before it ran, or before its first write. */
const didNothing =
  /^(?:ASK|BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|MOVED|NEWERDATA|NOAUTH|NOREPLICAS|NOSCRIPT|OOM|READONLY|STOREFILLING|STOREMOVED|TRYAGAIN|Stream isn't writeable)\b/;

/** Errors of a server that answers but takes no writes from this process, with the reason as a sentence. */
const refusals: Readonly<Record<string, string>> = {
  MISCONF: 'Its disk cannot be written.',
  NEWERDATA: newerData,
  NOREPLICAS: 'Too few replicas are connected.',
  OOM: 'Its memory is full.',
  READONLY: 'It is a replica.',
  STOREFILLING: refusalOfMark({ kind: 'filling', id: '' }) as string,
  STOREMOVED: refusalOfMark({ kind: 'moved', id: '' }) as string,
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
