import type { Position } from '../../protocol/cursor.ts';
import { Announcer, type Log, silentLog } from '../announcer.ts';
import {
  type Announcement,
  type AppendRequest,
  type AppendResult,
  type Bounds,
  type ChannelRead,
  type ChannelsQuery,
  type Engine,
  JournalRefused,
  JournalUnavailable,
  type Outcome,
  type PostsQuery,
  type Reachability,
  type Renderer,
  type RequestId,
} from '../engine.ts';
import type { MasterInUse } from '../store-master.ts';
import { RedisBus } from './bus.ts';
import { isDamaged } from './codec.ts';
import { Connection } from './connection/connection.ts';
import { MasterWatch } from './connection/master-watch.ts';
import { OneServer } from './connection/one-server.ts';
import { type Fault, noCluster } from './connection/server-settings.ts';
import { isStoreUrl } from './connection/store-address.ts';
import { StoreMonitor } from './connection/store-monitor.ts';
import { RedisSessions } from './ended-sessions.ts';
import { Erasures } from './erasure/erasure.ts';
import { Sweep } from './erasure/sweep.ts';
import { channelKeys, registry } from './keys.ts';
import { newNodeId, nodeName } from './node-ids.ts';
import { Reads } from './reads.ts';
import { redisLimits } from './redis-limits.ts';
import { DamagedChannels } from './repair/damaged-channels.ts';
import { Requests } from './request-keys.ts';
import { RedisRevocations } from './revoked-tokens.ts';
import { loadScripts, type Operation, type Reply } from './scripts.ts';
import { RedisServerJournal } from './server-journal.ts';
import { SharedReads } from './shared-reads.ts';
import { whyRefused } from './store-format.ts';
import { Writes } from './writes.ts';

export interface RedisEngineOptions {
  /** One URL, `redis://`, `rediss://`, or with `+sentinel` the addresses of Sentinels, with user and password if required. */
  urls: readonly string[];
  /** The number of replicas that must have a write before it is answered. */
  minReplicas: number;
  /** Whether to use the server even if its settings are unsafe. */
  allowUnsafe: boolean;
  renderer: Renderer;
  /** The system clock, in milliseconds since 1970. */
  now?: () => number;
  /** A monotonic clock in milliseconds, which expires requests. */
  elapsed?: () => number;
  log?: Log;
  /** Prints of the secrets that this process accepts, so that nodes notice if they share none. */
  secretPrints?: readonly string[];
  /** How long lists wait for an index that must be built. */
  indexWaitMs?: number;
  /** Asked before the append-only file is rewritten: why it must be kept as it is. */
  whyKeepFiles?: () => Promise<string | undefined>;
  /** Called with the seconds until a command was answered or has failed. `listens`: a message through Redis and back. */
  onAnswered?: (connection: RedisConnection, seconds: number) => void;
}

/** The connections of an engine. */
export type RedisConnection = 'writes' | 'reads' | 'lists' | 'listens';

export interface RedisEngine extends Engine {
  /** Unsafe settings of the server, if they are allowed, and of its replicas. */
  readonly faults: readonly Fault[];
  /** The replicas that were in sync at the last check. */
  readonly replicasOnline: number;
  /** The server that this process writes to, as of the last check. */
  readonly master: MasterInUse;
  /** The names of processes on the store that share no secret with this one, as of the last heartbeat. */
  readonly otherSecrets: readonly string[];
  /** The id of this process among the processes on the store. */
  readonly nodeId: string;
  /** What logs and answers call this process. */
  readonly nodeName: string;
  /** Tells the other nodes of channels that this node served and that the store lost. A message may be lost. */
  tellServed(text: string): void;
  /** The listener is called with what other nodes tell. */
  onServed(listener: (text: string) => void): void;
  /** Removes a node that has certainly ended but did not remove itself, so that no erasure waits for it. */
  forgetNode(nodeId: string): Promise<void>;
}

const { redisOpenMs: openMs, redisCloseMs: closeMs } = redisLimits;

import type { SessionFacts } from '../../protocol/rights.ts';

/**
 * The engine that several processes share. Redis or Valkey stores the journal and carries announcements. Each operation is one
 * script. Each process has four connections: for writes, for lists of channels (which may take long), for other commands, and for
 * subscriptions.
 *
 * Throws `JournalRefused` if the server must not be used: unsafe settings (names each setting, its value and the line to use),
 * missing rights, data of a newer version, or an unsupported URL. Throws `JournalUnavailable` if the server was not reached in time.
 */
export async function openRedis(options: RedisEngineOptions): Promise<RedisEngine> {
  const [url, ...more] = options.urls;
  if (url === undefined || more.length > 0 || !isStoreUrl(url)) throw new JournalRefused(noCluster);
  const engine = new SharedEngine(url, options);
  try {
    await engine.open();
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

class SharedEngine implements RedisEngine {
  readonly nodeId: string;
  readonly #writes: Connection;
  readonly #commands: Connection;
  readonly #lists: Connection;
  readonly #subscriber: Connection;
  readonly #announcer: Announcer;
  readonly #bus: RedisBus;
  readonly #reads: Reads;
  readonly #redisWrites: Writes;
  readonly #damagedChannels: DamagedChannels;
  readonly #channelReads = new SharedReads();
  readonly #erasures: Erasures;
  readonly #sweep: Sweep;
  readonly #requests: Requests;
  readonly #revocations: RedisRevocations;
  readonly #sessions: RedisSessions;
  readonly #server: RedisServerJournal;
  readonly #log: Log;
  readonly #monitor: StoreMonitor;
  readonly #masterWatch: MasterWatch;
  #closing: Promise<void> | undefined;

  constructor(url: string, options: RedisEngineOptions) {
    const { minReplicas, allowUnsafe, renderer, now = Date.now, elapsed = () => performance.now(), log = silentLog } = options;
    const nodeId = newNodeId(options.secretPrints);
    this.nodeId = nodeId;
    this.#log = log;
    const scripts = loadScripts();
    const server = new OneServer();
    const { onAnswered } = options;
    const connect = (name: RedisConnection, connectionLog?: Log) => {
      const told = onAnswered && name !== 'listens' ? (seconds: number) => onAnswered(name, seconds) : undefined;
      const master = () => this.#masterWatch.address;
      const options = { url, name, minReplicas, allowUnsafe, scripts, server, master };
      return new Connection({ ...options, log: connectionLog, onAnswered: told });
    };
    this.#writes = connect('writes', log);
    this.#commands = connect('reads');
    this.#lists = connect('lists');
    this.#subscriber = connect('listens');
    const [writes, commands, lists, subscriber] = [this.#writes, this.#commands, this.#lists, this.#subscriber];
    this.#announcer = new Announcer(log);
    this.#bus = new RedisBus({ subscriber, commands, announcer: this.#announcer, nodeId, log });
    this.#damagedChannels = new DamagedChannels(log, elapsed);
    this.#reads = new Reads({
      ask: (operation, channelId, args) => this.#ask(commands, operation, channelId, args),
      askForList: (channelId) => this.#askAllowingDamage(lists, 'channel', channelId),
      askForHead: (channelId) => this.#askAllowingDamage(commands, 'head', channelId),
      lists,
      renderer,
      indexWaitMs: options.indexWaitMs,
    });
    this.#erasures = new Erasures({ url, writes, bus: this.#bus, nodeId, whyKeepFiles: options.whyKeepFiles });
    this.#sweep = new Sweep({ writes, erasures: this.#erasures, log });
    this.#revocations = new RedisRevocations({ writes, commands, now, log });
    this.#sessions = new RedisSessions({ writes, commands, now, log });
    this.#requests = new Requests({ writes, commands, elapsed });
    this.#server = new RedisServerJournal({ writes, commands, renderer, now });
    this.#redisWrites = new Writes({
      writes,
      commands,
      bus: this.#bus,
      erasures: this.#erasures,
      revocations: this.#revocations,
      sessions: this.#sessions,
      ask: (operation, channelId, args, requestId, keys) => this.#ask(writes, operation, channelId, args, requestId, keys),
      renderer,
      now,
      requests: this.#requests,
      minReplicas,
      isMasterUp: () => this.#masterWatch.isMasterUp(),
    });
    this.#bus.onRevoked = () => void this.#revocations.compare().catch(() => undefined);
    this.#bus.onSessionEnded = () => void this.#sessions.compare().catch(() => undefined);
    const onMaster = (address: string) => {
      for (const connection of [writes, commands, lists, subscriber])
        if (connection.address !== address) connection.drop('another server is the master now');
    };
    this.#masterWatch = new MasterWatch({ url, log, inUse: () => writes.address, onMaster });
    this.#monitor = new StoreMonitor({
      bus: this.#bus,
      subscriber,
      commands,
      connections: [writes, commands, lists, subscriber],
      heads: (channelIds) => this.#reads.headsOrDamaged(channelIds),
      refused: () => this.#compareRefused(),
      nodeId,
      log,
      onReach: (reach) => this.#announcer.announceReachability(reach),
      onHeard: (seconds) => onAnswered?.('listens', seconds),
    });
  }

  async open(): Promise<void> {
    await this.#masterWatch.open();
    await Promise.all([this.#writes, this.#commands, this.#lists, this.#subscriber].map((connection) => connection.open(openMs)));
    const format = await this.#commands.ask((redis) => redis.get(registry.format));
    const why = whyRefused(format);
    if (why !== undefined) throw new JournalRefused(why);
    await this.#listen();
    this.#subscriber.onLost = () => {
      this.#bus.isListening = false;
    };
    // Missed erasures are read over `#commands`, which may reconnect later than the subscriber.
    const listenAgain = () => {
      if (!this.#bus.isListening && this.#subscriber.isOpen && this.#commands.isOpen)
        void this.#listen().catch(() => this.#subscriber.replace());
    };
    this.#subscriber.onOpen = listenAgain;
    this.#commands.onOpen = listenAgain;
    // Before the first request, so that revoked tokens and ended sessions are refused from the start.
    await this.#compareRefused();
    await this.#requests.open();
    await this.#monitor.compare();
    // A store that takes no writes can still be read, so go on. The next start records what is missing.
    await this.#server
      .begin()
      .catch((error: unknown) => this.#log.warn({ err: error }, 'this start could not be recorded in the server journal'));
    this.#monitor.start();
    this.#sweep.start();
    this.#requests.start();
    void this.#reads.prepareLists().catch(() => undefined);
  }

  /** Subscribes before comparing, so that no change in between is missed. */
  async #listen(): Promise<void> {
    await this.#bus.listen();
    void this.#monitor.compare();
  }

  async #compareRefused(): Promise<void> {
    await Promise.all([this.#revocations.compare(), this.#sessions.compare()]);
  }

  get replicasOnline(): number {
    return this.#writes.replicasOnline;
  }

  get master(): MasterInUse {
    const { address = '', runId = '' } = this.#writes;
    return { address, runId, unconfirmed: this.#masterWatch.unconfirmed };
  }

  get otherSecrets(): readonly string[] {
    return this.#monitor.otherSecrets;
  }

  get nodeName(): string {
    return nodeName(this.nodeId);
  }

  get faults(): readonly Fault[] {
    return this.#writes.faults;
  }

  tellServed(text: string): void {
    this.#bus.announceServed(text);
  }

  onServed(listener: (text: string) => void): void {
    this.#bus.onServed = listener;
  }

  async forgetNode(nodeId: string): Promise<void> {
    await this.#commands.ask((redis) => redis.zrem(registry.nodes, nodeId));
  }

  async ready(): Promise<void> {
    if (this.#closing) throw new JournalUnavailable('The journal is closed.', 'unchanged');
    await Promise.all([this.#writes, this.#commands].map((connection) => connection.ask((redis) => redis.ping())));
    if (!this.#monitor.reach.reachable)
      throw new JournalUnavailable(`The last comparison with Redis is too old: ${this.#monitor.why}`, 'unchanged');
    await this.#redisWrites.probe();
  }

  get comparedAgoMs(): number {
    return this.#monitor.agoMs;
  }

  /** The memory of the whole server, which should serve nothing else. */
  async size(): Promise<number> {
    const info = await this.#commands.ask((redis) => redis.info('memory'));
    return Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#monitor.close();
    this.#masterWatch.close();
    this.#announcer.close();
    const tooLate = new Promise((resolve) => setTimeout(resolve, closeMs).unref());
    await Promise.race([this.#redisWrites.finish(), tooLate]);
    await this.#monitor.leave();
    this.#erasures.close();
    this.#requests.close();
    for (const connection of [this.#writes, this.#commands, this.#lists, this.#subscriber]) connection.close();
    await this.#sweep.close();
  }

  get damagedChannels(): number {
    return this.#damagedChannels.count;
  }

  /** Throws if the script finds the channel damaged. */
  async #ask(
    connection: Connection,
    operation: Operation,
    channelId: string,
    args: readonly (string | number)[] = [],
    requestId?: string,
    more: readonly string[] = [],
  ): Promise<Reply> {
    const answer = await connection.run(operation, [...channelKeys(channelId, requestId), ...more], args);
    if (!isDamaged(answer)) return answer;
    this.#damagedChannels.found(channelId);
    throw damaged(channelId);
  }

  /** Returns the reply even if the channel is damaged. */
  async #askAllowingDamage(connection: Connection, operation: Operation, channelId: string): Promise<Reply> {
    const answer = await connection.run(operation, channelKeys(channelId));
    if (isDamaged(answer)) this.#damagedChannels.found(channelId);
    return answer;
  }

  // ---- Writing

  append(channelId: string, request: AppendRequest): Promise<AppendResult> {
    return this.#redisWrites.append(channelId, request);
  }

  note(channelId: string, request: RequestId, outcome: Omit<Outcome, 'same'>) {
    return this.#redisWrites.note(channelId, request, outcome);
  }

  recall(channelId: string, request: RequestId) {
    return this.#redisWrites.recall(channelId, request);
  }

  reserve(requestId: string, channelId: string, instead?: string) {
    return this.#redisWrites.reserve(requestId, channelId, instead);
  }

  reserved(requestId: string) {
    return this.#redisWrites.reserved(requestId);
  }

  erase(channelId: string, postId: string) {
    return this.#redisWrites.erase(channelId, postId);
  }

  get pendingErasures(): number {
    return this.#sweep.pending;
  }

  deleteChannel(channelId: string, request: RequestId, by: string, at?: Position) {
    return this.#redisWrites.deleteChannel(channelId, request, by, at);
  }

  revoke(jti: string, until: number | null, by: string) {
    return this.#redisWrites.revoke(jti, until, by);
  }

  spend(id: string, until: number | null, by: string) {
    return this.#redisWrites.spend(id, until, by);
  }

  isRevoked(jti: string): boolean {
    return this.#revocations.has(jti);
  }

  get revokedTokens(): number {
    return this.#revocations.size;
  }

  endSession(session: SessionFacts, by: string | null) {
    return this.#redisWrites.endSession(session, by);
  }

  isSessionEnded(session: Omit<SessionFacts, 'until'>): boolean {
    return this.#sessions.has(session);
  }

  get endedSessions(): number {
    return this.#sessions.size;
  }

  sessionKey() {
    return this.#sessions.key();
  }

  // ---- Reading

  /**
   * Simultaneous reads of a channel share one script. A channel that was just found damaged is refused without a script. Reads
   * with and without `seesDesk` are not shared: without it, a hidden channel must take as long as a missing one.
   */
  channel(channelId: string, seesDesk = true): Promise<ChannelRead> {
    const key = `${channelId} ${seesDesk ? 'desk' : ''}`;
    return this.#channelReads.share(key, async () => {
      if (this.#damagedChannels.remembers(key)) throw damaged(channelId);
      try {
        const read = await this.#reads.channel(channelId, seesDesk);
        if (read.status === 'found') this.#bus.read(channelId, read.position);
        return read;
      } catch (error) {
        if (error instanceof JournalUnavailable && error.isDamaged) this.#damagedChannels.remember(key);
        throw error;
      }
    });
  }

  channels(query: ChannelsQuery) {
    return this.#reads.channels(query);
  }

  async catchUp(channelId: string, after: Position, bounds: Bounds) {
    const read = await this.#reads.catchUp(channelId, after, bounds);
    if (read !== undefined && read.status !== 'foreign') this.#bus.read(channelId, read.to, !read.more);
    return read;
  }

  async snapshot(channelId: string, bounds: Bounds) {
    const read = await this.#reads.snapshot(channelId, bounds);
    if (read !== undefined) this.#bus.read(channelId, read.position);
    return read;
  }

  post(channelId: string, postId: string) {
    return this.#reads.post(channelId, postId);
  }

  async posts(channelId: string, query: PostsQuery) {
    const read = await this.#reads.posts(channelId, query);
    if (read !== undefined) this.#bus.read(channelId, read.position);
    return read;
  }

  revisions(channelId: string, postId: string, query: { after: number } & Bounds) {
    return this.#reads.revisions(channelId, postId, query);
  }

  corrections(channelId: string, query: { before?: number; limit: number }) {
    return this.#reads.corrections(channelId, query);
  }

  journal(channelId: string, query: { from: number; limit: number }) {
    return this.#reads.journal(channelId, query);
  }

  entries(channelId: string, query: { from: number } & Bounds) {
    return this.#reads.entries(channelId, query);
  }

  serverJournal(query: { from: number; limit: number }) {
    return this.#server.read(query);
  }

  heads(channelIds: readonly string[]) {
    return this.#reads.heads(channelIds);
  }

  // ---- Listening

  async subscribe(channelId: string, listener: (announcement: Announcement) => void): Promise<() => void> {
    if (this.#closing) throw new JournalUnavailable('The journal is closed.', 'unchanged');
    return this.#bus.subscribe(channelId, listener);
  }

  onErased(listener: (channelId: string, postId: string | null) => void): () => void {
    return this.#announcer.onErased(listener);
  }

  onReachability(listener: (reach: Reachability) => void): () => void {
    return this.#announcer.onReachability(listener);
  }
}

function damaged(channelId: string): JournalUnavailable {
  const message = `The keys of the channel ${channelId} in Redis contradict each other.`;
  return new JournalUnavailable(message, 'unchanged', { isDamaged: true });
}
