import { randomBytes } from 'node:crypto';
import type { Position } from '../../protocol/cursor.ts';
import { limits } from '../../protocol/limits.ts';
import { Announcer, type Log, silent } from '../announcer.ts';
import { fingerprint, newSalt } from '../chain.ts';
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
  type Reach,
  type Renderer,
  type RequestId,
} from '../engine.ts';
import { prepare } from '../record.ts';
import { settle } from '../settle.ts';
import { RedisBus } from './bus.ts';
import { appendArguments, type Clock, outcomeIn, own, placedIn, Values } from './codec.ts';
import { Connection } from './connection.ts';
import { Erasures } from './erasure.ts';
import { channelKeys, registry, requestKey } from './keys.ts';
import { redisLimits } from './limits.ts';
import { Mender } from './mend.ts';
import { brokenChannel, isBroken, Reads, registered } from './reads.ts';
import { RedisRevocations } from './revocations.ts';
import { type Answer, loadScripts, type Operation } from './scripts.ts';
import type { Fault } from './settings.ts';
import { Watch } from './watch.ts';

export interface RedisEngineOptions {
  /** One, `redis://` or `rediss://`, with user and password where they are needed. */
  urls: readonly string[];
  /** Replicas that must have a write before it is answered. */
  minReplicas: number;
  /** Use a server although a setting that durability needs is missing. */
  allowUnsafe: boolean;
  renderer: Renderer;
  /** Milliseconds since 1970; by it, requests are forgotten. */
  now?: () => number;
  log?: Log;
}

export interface RedisEngine extends Engine {
  /** What is unsafe about the server's settings; not empty only where that is allowed. */
  readonly faults: readonly Fault[];
}

const keptMs = limits.idempotencyHours * 3_600_000;
const { replicaWaitMs: replicasMs, redisOpenMs: openMs, redisCloseMs: closeMs } = redisLimits;

/**
 * The engine that any number of processes share: Redis or Valkey keeps the journal and carries the announcements. Each operation is
 * one script; each process has three connections: one that writes, one for the rest, and one that listens.
 *
 * Throws `JournalRefused` where the server must not be used: its settings would lose what it is given (names each, its value and the
 * line to have), the user has not the rights, or the kind of URL is not one that this version knows; `JournalUnavailable` where it was
 * not reached in time.
 */
export async function openRedis(options: RedisEngineOptions): Promise<RedisEngine> {
  const [url, ...more] = options.urls;
  if (url === undefined || more.length > 0 || !/^rediss?:/.test(url)) {
    throw new JournalRefused(
      'This version knows one Redis server, as redis:// or rediss://; neither Sentinel nor a cluster yet.',
    );
  }
  const engine = new Shared(url, options);
  try {
    await engine.open();
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

class Shared implements RedisEngine {
  readonly #renderer: Renderer;
  readonly #now: () => number;
  readonly #minReplicas: number;
  readonly #writes: Connection;
  readonly #talk: Connection;
  readonly #ears: Connection;
  readonly #announcer: Announcer;
  readonly #bus: RedisBus;
  readonly #reads: Reads;
  readonly #mender: Mender;
  readonly #erasures: Erasures;
  readonly #revocations: RedisRevocations;
  readonly #watch: Watch;
  readonly #inFlight = new Set<Promise<unknown>>();
  #replicated: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(url: string, { minReplicas, allowUnsafe, renderer, now = Date.now, log = silent }: RedisEngineOptions) {
    this.#renderer = renderer;
    this.#now = now;
    this.#minReplicas = minReplicas;
    const nodeId = randomBytes(6).toString('hex');
    const scripts = loadScripts();
    const connect = (name: string, speaks?: Log) => new Connection({ url, name, minReplicas, allowUnsafe, scripts, log: speaks });
    this.#writes = connect('writes', log);
    this.#talk = connect('reads');
    this.#ears = connect('listens');
    const [writes, talk, ears] = [this.#writes, this.#talk, this.#ears];
    this.#announcer = new Announcer(log);
    this.#bus = new RedisBus({ ears, talk, announcer: this.#announcer, nodeId, log });
    this.#mender = new Mender(talk, renderer, now, log);
    this.#reads = new Reads((operation, channelId, args) => this.#ask(talk, operation, channelId, args), talk, renderer);
    this.#erasures = new Erasures({ url, writes, bus: this.#bus, nodeId, log });
    this.#revocations = new RedisRevocations({ writes, talk, now, log });
    this.#bus.onRevoked = () => void this.#revocations.compare().catch(() => undefined);
    this.#watch = new Watch({
      bus: this.#bus,
      ears,
      talk,
      connections: [writes, talk, ears],
      heads: (channelIds) => this.#reads.heads(channelIds),
      revocations: () => this.#revocations.compare(),
      nodeId,
      log,
      onReach: (reach) => this.#announcer.announceReach(reach),
    });
  }

  async open(): Promise<void> {
    await Promise.all([this.#writes, this.#talk, this.#ears].map((connection) => connection.open(openMs)));
    await this.#listen();
    this.#ears.onLost = () => {
      this.#bus.isListening = false;
    };
    this.#ears.onOpen = () => void this.#listen().catch(() => this.#ears.replace());
    // Before anyone asks: a token that was revoked is refused from the first request on.
    await this.#revocations.compare();
    await this.#watch.compare();
    this.#watch.start();
    this.#erasures.start();
  }

  /** Subscribe first, then compare: what falls between is in one of the two. */
  async #listen(): Promise<void> {
    await this.#bus.listen();
    void this.#watch.compare();
  }

  get faults(): readonly Fault[] {
    return this.#writes.faults;
  }

  async ready(): Promise<void> {
    if (this.#closing) throw new JournalUnavailable('The journal is closed.', 'unchanged');
    await Promise.all([this.#writes, this.#talk].map((connection) => connection.ask((redis) => redis.ping())));
    if (!this.#watch.reach.reachable) throw new JournalUnavailable('Redis could not be compared with for a while.', 'unchanged');
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#watch.close();
    this.#announcer.close();
    const tooLate = new Promise((resolve) => setTimeout(resolve, closeMs).unref());
    await Promise.race([Promise.allSettled([...this.#inFlight]), tooLate]);
    await this.#watch.leave();
    const closed = this.#erasures.close();
    for (const connection of [this.#writes, this.#talk, this.#ears]) connection.close();
    await closed;
  }

  // ---- Writing

  append(channelId: string, request: AppendRequest): Promise<AppendResult> {
    return this.#write(async () => {
      const prepared = request.entries.map((entry) => prepare(channelId, entry, this.#renderer.version));
      const args = appendArguments(request, prepared, this.#clock());
      const [first] = request.entries;
      const notes: Promise<unknown>[] = [];
      if (first.type === 'channel.changed' && request.decidedOn.channel === 0)
        notes.push(this.#register(channelId, first.channel.createdAt));
      if (prepared.some(({ post }) => post && post.erases > 0)) notes.push(this.#erasures.note(channelId));
      await Promise.all(notes);
      const values = new Values(await this.#ask(this.#writes, 'append', channelId, args, request.request.id));
      const status = values.text();
      switch (status) {
        case 'appended': {
          await this.#acknowledged();
          const { position, placed } = placedIn(values);
          const { erased, announcements, result } = settle(request.entries, prepared, position, placed);
          for (const postId of erased) this.#bus.announceErased(channelId, postId);
          for (const announcement of announcements) this.#bus.announce(channelId, announcement);
          return result;
        }
        case 'duplicate':
          await this.#acknowledgedAgain(channelId, request.request.id);
          return { status, outcome: outcomeIn(values.text(), values.maybe(), request.request, this.#clock()) as Outcome };
        case 'conflict':
          return { status, moved: values.rest(() => values.text()).map((who) => (who === own ? null : who)) };
        case 'deleted':
          return { status };
        default:
          throw new JournalUnavailable('The first entry of a channel is the channel itself.', 'unchanged');
      }
    });
  }

  note(
    channelId: string,
    request: RequestId,
    { position, postId, revision }: Omit<Outcome, 'same'>,
  ): Promise<Outcome | undefined> {
    return this.#write(async () => {
      const keys = [...channelKeys(channelId), requestKey(channelId, request.id)];
      const salt = newSalt();
      const facts = [postId ?? own, revision, position?.offset ?? 0, position?.epoch ?? '-', position?.check ?? '-'];
      const args = [this.#now(), keptMs, newSalt(), salt, fingerprint(salt, request.digest), ...facts];
      const answer = await this.#writes.run('note', keys, args);
      if (answer === null) {
        await this.#acknowledged();
        return undefined;
      }
      await this.#acknowledgedAgain(channelId, request.id);
      const values = new Values(answer);
      return outcomeIn(values.text(), values.maybe(), request, this.#clock());
    });
  }

  async recall(channelId: string, request: RequestId): Promise<Outcome | undefined> {
    const keys = [...channelKeys(channelId), requestKey(channelId, request.id)];
    const answer = await this.#talk.run('recall', keys);
    if (answer === null) return undefined;
    const values = new Values(answer);
    const outcome = outcomeIn(values.text(), values.maybe(), request, this.#clock());
    // Who is answered from memory is told that it was kept, as the first was to be.
    if (outcome !== undefined) await this.#write(() => this.#acknowledgedAgain(channelId, request.id));
    return outcome;
  }

  reserve(requestId: string, channelId: string, instead?: string): Promise<string> {
    return this.#write(async () => {
      const { now } = this.#clock();
      const noted = await this.#writes.run('reserve', [registry.reservation(requestId)], [now, keptMs, channelId, instead ?? '']);
      await this.#acknowledged();
      return noted as string;
    });
  }

  async reserved(requestId: string): Promise<string | undefined> {
    const noted = await this.#talk.run('reserved', [registry.reservation(requestId)], [this.#clock().now - keptMs]);
    return (noted as string | null) ?? undefined;
  }

  erase(channelId: string, postId: string) {
    return this.#write(() => this.#erasures.finish(channelId, postId));
  }

  deleteChannel(channelId: string, request: RequestId) {
    return this.#write(async () => {
      await this.#erasures.note(channelId);
      const salt = newSalt();
      const args = [this.#now(), keptMs, fingerprint(salt, request.digest), salt];
      const deletion = await this.#writes.run(
        'delete-channel',
        [...channelKeys(channelId), requestKey(channelId, request.id)],
        args,
      );
      if (deletion === 'missing') return { status: 'missing' as const };
      await this.#acknowledged();
      if (deletion === 'deleted') {
        this.#bus.announceErased(channelId, null);
        this.#bus.announce(channelId, { type: 'gone' });
      }
      return { status: 'deleted' as const, erasure: await this.#erasures.finish(channelId, null) };
    });
  }

  revoke(jti: string, until: number | null) {
    return this.#write(async () => {
      const answer = await this.#revocations.write({ jti, until });
      if (answer === 'full') return answer;
      await this.#acknowledged();
      this.#revocations.taken({ jti, until });
      this.#bus.announceRevoked();
      return answer;
    });
  }

  isRevoked(jti: string): boolean {
    return this.#revocations.has(jti);
  }

  get revokedTokens(): number {
    return this.#revocations.size;
  }

  /** Before the channel is made, so that none is missing from the list; ids that were not made are passed over. */
  async #register(channelId: string, createdAt: string): Promise<void> {
    await this.#writes.ask((redis) => redis.zadd(registry.channels, 0, registered(Date.parse(createdAt), channelId)));
  }

  /** Enough replicas have all that this connection wrote so far. Those who wait in one turn of the event loop share one WAIT. */
  #acknowledged(): Promise<void> {
    if (this.#minReplicas === 0) return Promise.resolve();
    this.#replicated ??= new Promise((resolve) => setImmediate(resolve)).then(async () => {
      this.#replicated = undefined;
      const count = await this.#writes.ask((redis) => redis.wait(this.#minReplicas, replicasMs));
      if (count < this.#minReplicas) {
        throw new JournalUnavailable(`${count} of ${this.#minReplicas} replicas acknowledged the write in time.`, 'unknown');
      }
    });
    return this.#replicated;
  }

  /** WAIT counts what was written by its own connection, so what another wrote is followed by a small write of this one. */
  async #acknowledgedAgain(channelId: string, requestId: string): Promise<void> {
    if (this.#minReplicas === 0) return;
    await this.#writes.ask((redis) => redis.pexpire(requestKey(channelId, requestId), keptMs));
    await this.#acknowledged();
  }

  /** What was begun is finished before the engine is closed. */
  #write<T>(begin: () => Promise<T>): Promise<T> {
    if (this.#closing) return Promise.reject(new JournalUnavailable('The journal is closed.', 'unchanged'));
    const running = begin();
    this.#inFlight.add(running);
    const done = () => void this.#inFlight.delete(running);
    running.then(done, done);
    return running;
  }

  async #ask(
    connection: Connection,
    operation: Operation,
    channelId: string,
    args: readonly (string | number)[] = [],
    requestId?: string,
  ): Promise<Answer> {
    const keys = channelKeys(channelId);
    if (requestId !== undefined) keys.push(requestKey(channelId, requestId));
    const answer = await connection.run(operation, keys, args);
    if (!isBroken(answer)) return answer;
    await this.#mender.mend(channelId);
    const again = await connection.run(operation, keys, args);
    if (isBroken(again)) throw brokenChannel(channelId);
    return again;
  }

  #clock(): Clock {
    return { now: this.#now(), keptMs };
  }

  // ---- Reading

  channel(channelId: string): Promise<ChannelRead> {
    return this.#reads.channel(channelId);
  }

  channels(query: ChannelsQuery) {
    return this.#reads.channels(query);
  }

  catchUp(channelId: string, after: Position, bounds: Bounds) {
    return this.#reads.catchUp(channelId, after, bounds);
  }

  snapshot(channelId: string, bounds: Bounds) {
    return this.#reads.snapshot(channelId, bounds);
  }

  post(channelId: string, postId: string) {
    return this.#reads.post(channelId, postId);
  }

  posts(channelId: string, query: PostsQuery) {
    return this.#reads.posts(channelId, query);
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

  heads(channelIds: readonly string[]) {
    return this.#reads.heads(channelIds);
  }

  // ---- Listening

  async subscribe(channelId: string, listener: (heard: Announcement) => void): Promise<() => void> {
    if (this.#closing) throw new JournalUnavailable('The journal is closed.', 'unchanged');
    return this.#bus.subscribe(channelId, listener);
  }

  onErased(listener: (channelId: string, postId: string | null) => void): () => void {
    return this.#announcer.onErased(listener);
  }

  onReach(listener: (reach: Reach) => void): () => void {
    return this.#announcer.onReach(listener);
  }
}
