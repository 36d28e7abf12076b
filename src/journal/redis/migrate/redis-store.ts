import { randomBytes, randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { sessionKeyBytes } from '../../ended-sessions.ts';
import { JournalRefused, JournalUnavailable } from '../../engine.ts';
import { type Mark, markText, noLongerFilled, readMark } from '../../migrate/marks.ts';
import type { ChainHead, MovableStore, MovedEntry, MovedServerEntry, StateRecord } from '../../migrate/movable-store.ts';
import { serverEntryIn } from '../codec.ts';
import { destroyWhenIdle } from '../connection/idle-timeout.ts';
import { timeOf } from '../connection/replicas.ts';
import { openSeparateConnection, type SeparateConnection } from '../connection/separate-connection.ts';
import { factsOf, inspectServer, sentenceOf } from '../connection/server-settings.ts';
import { channelKeys, indexKeeper, registry } from '../keys.ts';
import { redisLimits } from '../redis-limits.ts';
import { loadScripts, type Operation, run } from '../scripts.ts';
import { marks } from '../server-journal.ts';
import { newerData, storeFormat } from '../store-format.ts';
import { ChannelLoader } from './load-entries.ts';
import { type Command, commandsOf } from './load-records.ts';
import { channelIdsIn, entriesIn, headIn, recordsIn, requestKeysIn, serverEntriesIn } from './read.ts';

/** Keys of a store that a server has used. */
const usedKeys = [
  registry.channels,
  registry.activityPlaces,
  registry.pendingErasures,
  registry.erasures,
  registry.nodes,
  registry.revoked,
  registry.server,
  registry.serverMarks,
  registry.ended,
  registry.sessionKey,
  registry.requestClock,
  registry.reservations,
  registry.filled,
];

/** Keys of the scripts that fill the store. */
const fillingKeys = [registry.format, registry.filling];

/** A member of the list of nodes that is not one. See heartbeat.lua. */
const otherNodes = 'others';

const scripts = loadScripts();

export interface RedisStoreOptions {
  url: string;
  /** How many replicas must have each mark. */
  minReplicas: number;
}

/** Redis or Valkey as the source of a migration. Servers may use it: every script that writes looks for the mark. */
export async function openRedisSource(options: RedisStoreOptions): Promise<MovableStore> {
  return new RedisStore(options, await openConnection(options.url));
}

/** Redis or Valkey as the target. Throws `JournalRefused` if its settings are unsafe, before a source is stopped for it. */
export async function openRedisTarget(options: RedisStoreOptions): Promise<MovableStore> {
  const connection = await openConnection(options.url);
  try {
    const { facts, faults } = await inspectServer(connection.redis, scripts, options.minReplicas > 0);
    if (faults.length > 0) throw new JournalRefused(sentenceOf(faults));
    requireReplicas(options, facts.replicasOnline);
    return new RedisStore(options, connection);
  } catch (error) {
    connection.redis.disconnect();
    throw error instanceof JournalRefused || error instanceof JournalUnavailable ? error : connection.explained(error);
  }
}

function requireReplicas({ url, minReplicas }: RedisStoreOptions, online: number): void {
  if (online >= minReplicas) return;
  const message = `${online} of the ${minReplicas} replicas that PRESSBOX_REDIS_MIN_REPLICAS requires are connected to ${nameOf(url)}. Repeat the command when they are.`;
  throw new JournalUnavailable(message, 'unknown');
}

/** Nothing else lists the deleted channels and all requests, so the user must be allowed to scan the keys. */
async function openConnection(url: string): Promise<SeparateConnection> {
  const connection = await openSeparateConnection(url);
  destroyWhenIdle(connection.redis, redisLimits.migrationSilenceMs);
  try {
    await connection.redis.scan(0, 'COUNT', 1);
    return connection;
  } catch (error) {
    connection.redis.disconnect();
    if (error instanceof Error && error.message.startsWith('NOPERM'))
      throw new JournalRefused(
        'A migration needs a user of Redis who may also run SCAN, such as the operator of deploy/redis.conf.',
        { cause: error },
      );
    throw connection.explained(error);
  }
}

class RedisStore implements MovableStore {
  readonly name: string;
  readonly #options: RedisStoreOptions;
  readonly #connection: SeparateConnection;
  /** The id of the migration that this process fills the store for. */
  #filling: string | undefined;
  /** The name of this process in a store that it fills. */
  readonly #process = randomUUID();
  #loader: ChannelLoader | undefined;

  constructor(options: RedisStoreOptions, connection: SeparateConnection) {
    this.name = nameOf(options.url);
    this.#options = options;
    this.#connection = connection;
  }

  get #redis(): Redis {
    return this.#connection.redis;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect();
  }

  state() {
    return this.#explain(async () => {
      const format = await this.#redis.get(registry.format);
      if (format === null && (await this.#redis.exists(...usedKeys)) === 0) return { status: 'empty' } as const;
      const mark = readMark(format) ?? readMark(await this.#redis.get(registry.filled));
      if (readMark(format) === undefined && format !== String(storeFormat)) {
        if (Number(format) > storeFormat || Number.isNaN(Number(format))) throw new JournalRefused(newerData);
        throw new JournalRefused(
          `Only servers of earlier versions have written to ${this.name}, and they would not notice a migration. Run servers of this version on it first.`,
        );
      }
      return { status: 'used', mark } as const;
    });
  }

  stopWrites(id: string): Promise<boolean> {
    return this.#explain(async () => {
      await this.#refuseEarlierServers();
      requireReplicas(this.#options, (await factsOf(this.#redis)).replicasOnline);
      if (!(await this.#changeFormat(String(storeFormat), { kind: 'moved', id }))) {
        const format = await this.#redis.get(registry.format);
        if (format !== markText({ kind: 'moved', id })) return false;
      }
      // A node creates the key when it first needs it, in a script that does not write otherwise.
      await this.#redis.set(registry.sessionKey, randomBytes(sessionKeyBytes).toString('base64url'), 'NX');
      await this.#acknowledged();
      return true;
    });
  }

  isStopped(id: string): Promise<boolean> {
    return this.#explain(() =>
      this.#askAnew(async (redis) => (await redis.get(registry.format)) === markText({ kind: 'moved', id })),
    );
  }

  resumeWrites(id: string): Promise<boolean> {
    return this.#explain(async () => {
      const isChanged = await this.#changeFormat(markText({ kind: 'moved', id }), String(storeFormat));
      await this.#acknowledged();
      return isChanged;
    });
  }

  beginFilling(id: string, before?: string): Promise<boolean> {
    const earlier = before === undefined ? '' : markText({ kind: 'abandoned', id: before });
    return this.#explain(async () => {
      const isBegun = await this.#changeFormat(earlier, { kind: 'filling', id }, before === undefined ? usedKeys : []);
      return isBegun && (await this.continueFilling(id));
    });
  }

  continueFilling(id: string): Promise<boolean> {
    return this.#explain(async () => {
      this.#filling = id;
      return (await this.#script('take-filling', fillingKeys, [markText({ kind: 'filling', id }), this.#process])) === 1;
    });
  }

  open(id: string): Promise<boolean> {
    return this.#explain(async () => {
      for await (const marked of this.#serverMarks())
        await this.#fill(marked.map((mark) => ['ZADD', registry.serverMarks, '0', mark]));
      await this.#fill([
        ['SET', registry.revokedVersion, randomUUID()],
        ['SET', registry.filled, markText({ kind: 'filled', id })],
      ]);
      await this.#acknowledged();
      if (!(await this.#askAnew(async () => true)))
        throw new JournalUnavailable(`Another server has taken the place of ${this.name}. Repeat the command.`, 'unchanged');
      await this.#fill([
        ['UNLINK', registry.filling],
        ['SET', registry.format, String(storeFormat)],
      ]);
      await this.#acknowledged();
      return true;
    });
  }

  abandon(id: string): Promise<boolean> {
    return this.#explain(async () => {
      const abandoned = markText({ kind: 'abandoned', id });
      const isChanged =
        (await this.#changeFormat(markText({ kind: 'filling', id }), abandoned)) ||
        (await this.#changeFormat(abandoned, abandoned));
      await this.#acknowledged();
      return isChanged;
    });
  }

  // ---- Reading

  channelIds(): AsyncGenerator<string> {
    return this.#explainAll(channelIdsIn(this.#redis));
  }

  head(channelId: string | null): Promise<ChainHead | undefined> {
    return this.#explain(async () => {
      // A channel that is being filled looks damaged: a post may only have revisions whose texts are erased.
      const isFilled = this.#filling !== undefined;
      if (channelId !== null && !isFilled) return await headIn(this.#redis, scripts, channelId);
      const [journal = ''] = channelId === null ? [registry.server] : channelKeys(channelId);
      const [last] = await this.#redis.xrevrange(journal, '+', '-', 'COUNT', 1);
      if (last === undefined) return undefined;
      const [id, fields] = last;
      const check = channelId === null ? serverEntryIn(last).entry.check : (fields[21] as string);
      return { root: fields[1] as string, offset: Number.parseInt(id, 10), check };
    });
  }

  isDeleted(channelId: string): Promise<boolean> {
    return this.#explain(async () => (await this.#redis.exists(channelKeys(channelId)[9] as string)) === 1);
  }

  entries(channelId: string, from: number): AsyncGenerator<MovedEntry[]> {
    return this.#explainAll(entriesIn(this.#redis, channelId, from));
  }

  serverEntries(from: number): AsyncGenerator<MovedServerEntry[]> {
    return this.#explainAll(serverEntriesIn(this.#redis, from));
  }

  records(): AsyncGenerator<StateRecord[]> {
    return this.#explainAll(recordsIn(this.#redis));
  }

  // ---- Loading

  loadEntries(channelId: string, root: string, entries: readonly MovedEntry[]): Promise<void> {
    return this.#explain(async () => {
      if (this.#loader?.channelId !== channelId) this.#loader = new ChannelLoader(this.#redis, channelId, root);
      for (const some of batchesOf(entries)) await this.#fill(await this.#loader.commands(some));
    });
  }

  loadServerEntries(entries: readonly MovedServerEntry[]): Promise<void> {
    return this.#explain(() =>
      this.#fill(
        entries.map(({ offset, root, type, subject, detail, at, by, check }) => [
          ...['XADD', registry.server, `${offset}-0`, 'root', root, 'type', type, 'subject', subject ?? ''],
          ...['detail', detail ?? '', 'at', at, 'by', by, 'check', check],
        ]),
      ),
    );
  }

  clearRecords(): Promise<void> {
    return this.#explain(async () => {
      await this.#fill([['UNLINK', registry.revoked, registry.ended, registry.reservations]]);
      for await (const keys of requestKeysIn(this.#redis)) await this.#fill([['UNLINK', ...keys]]);
    });
  }

  loadRecords(records: readonly StateRecord[]): Promise<void> {
    return this.#explain(async () => this.#fill(await commandsOf(this.#redis, records)));
  }

  /** The marks of what the server's own journal has recorded. The embedded journal records all channels. */
  async *#serverMarks(): AsyncGenerator<string[]> {
    yield [marks.allFound];
    for await (const entries of serverEntriesIn(this.#redis, 1))
      yield entries.flatMap(({ type, subject }) => {
        if (type === 'journal.begun') return marks.begun;
        if (type === 'renderer.used') return `renderer:${subject}`;
        return type === 'channel.found' ? `found:${subject}` : [];
      });
  }

  async #fill(commands: readonly Command[]): Promise<void> {
    const mark = markText({ kind: 'filling', id: this.#filling ?? '' });
    const args = commands.flatMap((words) => [words.length, ...words]);
    if ((await this.#script('fill', fillingKeys, [mark, this.#process, ...args])) === 1) return;
    throw new JournalRefused(noLongerFilled(this.name));
  }

  async #changeFormat(from: string, to: Mark | string, mustBeMissing: readonly string[] = []): Promise<boolean> {
    const next = typeof to === 'string' ? to : markText(to);
    return (await this.#script('change-format', [registry.format, ...mustBeMissing], [from, next])) === 1;
  }

  #script(operation: Operation, keys: readonly string[], args: readonly (string | number)[]) {
    return run(this.#redis, scripts[operation], keys, args);
  }

  /**
   * Asks the store over a new connection, which after a failover leads to another server. False if it does, or if `ask` returns
   * false.
   */
  async #askAnew(ask: (redis: Redis) => Promise<boolean>): Promise<boolean> {
    const { redis } = await openConnection(this.#options.url);
    try {
      const [here, there] = [await factsOf(this.#redis), await factsOf(redis)];
      return here.runId === there.runId && !there.isReplica && (await ask(redis));
    } finally {
      redis.disconnect();
    }
  }

  /** Servers of versions before the format do not look for it, and would go on writing. */
  async #refuseEarlierServers(): Promise<void> {
    const since = (await timeOf(this.#redis)) - redisLimits.migrationNodeMs;
    const nodes = await this.#redis.zrangebyscore(registry.nodes, since, '+inf');
    if (nodes.every((node) => node === otherNodes || node.endsWith(indexKeeper))) return;
    throw new JournalRefused(
      `A server of an earlier version uses ${this.name}, or did within the last minute. It would not notice the migration. Upgrade it, or stop it and wait a minute.`,
    );
  }

  /**
   * Waits until every connected replica has what was written, also by other processes, so that a failover does not undo it. WAIT
   * is about what its own connection has written, so this writes first.
   */
  async #acknowledged(): Promise<void> {
    const formatNow = () => this.#redis.get(registry.format);
    for (let format = await formatNow(); format !== null; format = await formatNow())
      if (await this.#changeFormat(format, format)) break;
    const { replicasOnline } = await factsOf(this.#redis);
    requireReplicas(this.#options, replicasOnline);
    if (replicasOnline === 0) return;
    const have = await this.#redis.wait(replicasOnline, redisLimits.migrationReplicaMs);
    if (have >= replicasOnline) return;
    const message = `Only ${have} of ${replicasOnline} replicas of ${this.name} acknowledged the last write in time. Repeat the command.`;
    throw new JournalUnavailable(message, 'unknown');
  }

  async #explain<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async *#explainAll<T>(all: AsyncGenerator<T>): AsyncGenerator<T> {
    try {
      yield* all;
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #explained(error: unknown): unknown {
    return error instanceof JournalRefused || error instanceof JournalUnavailable ? error : this.#connection.explained(error);
  }
}

/** Small enough that other commands do not wait long. */
export function* batchesOf(entries: readonly MovedEntry[]): Generator<MovedEntry[]> {
  let some: MovedEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const own = entry.text?.bytes ?? 0;
    if (some.length > 0 && (some.length >= redisLimits.migratedEntries || bytes + own > redisLimits.migratedBytes)) {
      yield some;
      [some, bytes] = [[], 0];
    }
    some.push(entry);
    bytes += own;
  }
  if (some.length > 0) yield some;
}

/** The address without user and password. */
function nameOf(url: string): string {
  const hosts = /^[a-z+]+:\/\/(?:[^@/]*@)?([^/?]*)/.exec(url)?.[1] ?? '';
  return `the store at ${hosts}`;
}
