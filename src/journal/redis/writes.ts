import {
  type AppendRequest,
  type AppendResult,
  afterWrite,
  type Engine,
  JournalUnavailable,
  type Outcome,
  type Renderer,
  type RequestId,
} from '../engine.ts';
import { appendEffects } from '../entry-placement.ts';
import { prepareAll } from '../entry-record.ts';
import { fingerprint, newRoot, newSalt } from '../hash-chain.ts';
import { resultOfRevoke, resultOfSpend } from '../revoked-tokens.ts';
import { factsOfAppend, factsOfDeletion } from '../server-journal.ts';
import type { RedisBus } from './bus.ts';
import {
  appendArguments,
  channelSubject,
  outcomeIn,
  placedIn,
  ReplyReader,
  type RequestTimes,
  serverArguments,
} from './codec.ts';
import type { Connection } from './connection/connection.ts';
import type { RedisSessions } from './ended-sessions.ts';
import type { Erasures } from './erasure/erasure.ts';
import { channelKeys, registered, registry, requestKey } from './keys.ts';
import { redisLimits } from './redis-limits.ts';
import { endRequests, keptMs, type Requests } from './request-keys.ts';
import type { RedisRevocations } from './revoked-tokens.ts';
import type { Operation, Reply } from './scripts.ts';

const { replicaWaitMs: replicasMs, replicaBehindWaitMs: behindMs, redisRequestsSwept: requestsSwept } = redisLimits;

export interface WritesParts {
  /** All writes use this connection, because WAIT counts only the writes of its own connection. */
  writes: Connection;
  commands: Connection;
  bus: RedisBus;
  erasures: Erasures;
  revocations: RedisRevocations;
  sessions: RedisSessions;
  /** Runs a script on a channel over `writes`, with the id of the request and further `keys` if it needs them. */
  ask(
    operation: Operation,
    channelId: string,
    args: readonly (string | number)[],
    requestId?: string,
    keys?: readonly string[],
  ): Promise<Reply>;
  renderer: Renderer;
  now: () => number;
  requests: Requests;
  /** The number of replicas that must have a write before it is answered. */
  minReplicas: number;
  /** See `MasterWatch.isMasterUp`. */
  isMasterUp: () => Promise<boolean>;
}

type JournalWrites = Pick<
  Engine,
  'append' | 'note' | 'recall' | 'reserve' | 'reserved' | 'erase' | 'deleteChannel' | 'revoke' | 'spend' | 'endSession'
>;

import type { Position } from '../../protocol/cursor.ts';
import type { SessionFacts } from '../../protocol/rights.ts';

/** The writes, and the remembered outcomes of requests. A write is answered and announced once enough replicas have it. */
export class Writes implements JournalWrites {
  readonly #parts: WritesParts;
  readonly #inFlight = new Set<Promise<unknown>>();
  #replicated: Promise<void> | undefined;
  /** Whether the replicas were too late for the last write. */
  #isBehind = false;
  #finished = false;

  constructor(parts: WritesParts) {
    this.#parts = parts;
  }

  /** Accepts no more writes, and resolves when pending writes are done. */
  async finish(): Promise<void> {
    this.#finished = true;
    await Promise.allSettled([...this.#inFlight]);
  }

  /** Writes something and waits for the same number of replicas as any write. Throws if that fails. */
  async probe(): Promise<void> {
    await this.#requireReplicas();
    await this.#parts.requests.keepClock();
    await this.#acknowledged(replicasMs);
  }

  append(channelId: string, request: AppendRequest): Promise<AppendResult> {
    return this.#write(async () => {
      await this.#requireReplicas(channelKeys(channelId, request.request.id));
      const prepared = prepareAll(channelId, request.entries, this.#parts.renderer);
      const root = request.decidedOn.channel === 0 ? (request.root ?? newRoot()) : undefined;
      const serverFacts = factsOfAppend(channelId, request, prepared, { root, now: this.#parts.now() });
      const args = appendArguments(request, prepared, this.#times(), { root, serverFacts });
      const { fence } = request;
      const fenceKeys = fence === undefined ? [] : [requestKey(channelId, fence)];
      const keys = [registry.activity, registry.activityPlaces, registry.server, ...fenceKeys];
      const [first] = request.entries;
      const notes: Promise<unknown>[] = [];
      if (first.type === 'channel.changed' && request.decidedOn.channel === 0)
        notes.push(this.#register(channelId, first.channel.createdAt));
      if (prepared.some(({ post }) => post && post.erases > 0)) notes.push(this.#parts.erasures.note(channelId));
      await Promise.all(notes);
      const values = new ReplyReader(await this.#parts.ask('append', channelId, args, request.request.id, keys));
      const status = values.text();
      switch (status) {
        case 'appended': {
          await this.#acknowledged();
          const { position, placed } = placedIn(values);
          const { erased, announcements, result } = appendEffects(
            request.entries,
            prepared,
            position,
            placed,
            this.#parts.renderer,
          );
          for (const postId of erased) this.#parts.bus.announceErased(channelId, postId);
          for (const announcement of announcements) this.#parts.bus.announce(channelId, announcement);
          return result;
        }
        case 'duplicate':
          await this.#acknowledgedAgain();
          return { status, outcome: outcomeIn(values.text(), values.maybe(), request.request) };
        case 'conflict':
          return { status, moved: values.rest(() => values.text()).map((who) => (who === channelSubject ? null : who)) };
        case 'earlier':
          return { status, lastAt: values.text() };
        case 'deleted':
        case 'forbidden':
          return { status };
        default:
          throw new JournalUnavailable('The first entry of a channel must be the channel itself.', 'unchanged');
      }
    });
  }

  note(
    channelId: string,
    request: RequestId,
    { position, postId, revision }: Omit<Outcome, 'same'>,
  ): Promise<Outcome | undefined> {
    return this.#write(async () => {
      const keys = channelKeys(channelId, request.id);
      await this.#requireReplicas(keys);
      const salt = newSalt();
      const facts = [postId ?? channelSubject, revision, position?.offset ?? 0, position?.epoch ?? '-', position?.check ?? '-'];
      const args = [...this.#times(), newSalt(), salt, fingerprint(salt, request.digest), ...facts];
      const answer = await this.#parts.writes.run('note-request', keys, args);
      if (answer === null) {
        await this.#acknowledged();
        return undefined;
      }
      await this.#acknowledgedAgain();
      const values = new ReplyReader(answer);
      return outcomeIn(values.text(), values.maybe(), request);
    });
  }

  async recall(channelId: string, request: RequestId): Promise<Outcome | undefined> {
    const keys = channelKeys(channelId, request.id);
    const answer = await this.#parts.commands.run('recall-request', keys, [this.#parts.requests.clock.now(), keptMs]);
    if (answer === null) return undefined;
    const values = new ReplyReader(answer);
    // The answer to a repeated request promises the same durability as the first answer.
    await this.#write(() => this.#acknowledgedAgain());
    return outcomeIn(values.text(), values.maybe(), request);
  }

  reserve(requestId: string, channelId: string, instead?: string): Promise<string> {
    return this.#write(async () => {
      await this.#requireReplicas();
      const keys = [registry.reservation(requestId), registry.reservations];
      const args = [...this.#times(), channelId, instead ?? '', registry.reservation('')];
      const noted = await this.#parts.writes.run('reserve-channel-id', keys, args);
      await this.#acknowledged();
      return noted as string;
    });
  }

  async reserved(requestId: string): Promise<string | undefined> {
    const keys = [registry.reservation(requestId), registry.reservations];
    const args = [this.#parts.requests.clock.now(), keptMs, registry.reservation('')];
    const noted = await this.#parts.commands.run('reserved-channel-id', keys, args);
    return (noted as string | null) ?? undefined;
  }

  erase(channelId: string, postId: string) {
    return this.#write(() => this.#parts.erasures.finish(channelId, postId));
  }

  deleteChannel(channelId: string, request: RequestId, by: string, at?: Position) {
    return this.#write(async () => {
      await this.#requireReplicas(channelKeys(channelId, request.id));
      await this.#parts.erasures.note(channelId);
      const salt = newSalt();
      const now = this.#parts.now();
      const entryArguments = serverArguments([factsOfDeletion(channelId, { now, by })]);
      const position = at === undefined ? ['', '', ''] : [at.epoch, at.offset, at.check];
      const args = [now, keptMs, fingerprint(salt, request.digest), salt, ...position, ...entryArguments];
      const keys = [...channelKeys(channelId, request.id), registry.activity, registry.activityPlaces, registry.server];
      const deletion = await this.#parts.writes.run('delete-channel', keys, args);
      if (deletion === 'missing') return { status: 'missing' as const };
      if (deletion === 'moved') return { status: 'moved' as const };
      await this.#acknowledged();
      if (deletion === 'deleted') {
        this.#parts.bus.announceErased(channelId, null);
        this.#parts.bus.announce(channelId, { type: 'gone' });
        // If this fails, or this node dies, the sweep does it.
        void endRequests(this.#parts.writes, channelId).catch(() => undefined);
      }
      return { status: 'deleted' as const, erasure: await this.#parts.erasures.finish(channelId, null) };
    });
  }

  async revoke(jti: string, until: number | null, by: string) {
    return resultOfRevoke(await this.#revoke(jti, until, by));
  }

  async spend(id: string, until: number | null, by: string) {
    return resultOfSpend(await this.#revoke(id, until, by));
  }

  #revoke(jti: string, until: number | null, by: string) {
    return this.#write(async () => {
      await this.#requireReplicas();
      const answer = await this.#parts.revocations.write({ jti, until }, by);
      if (answer === 'full') return answer;
      await this.#acknowledged();
      this.#parts.revocations.taken({ jti, until });
      this.#parts.bus.announceRevoked();
      return answer;
    });
  }

  endSession(session: SessionFacts, by: string | null) {
    return this.#write(async () => {
      await this.#requireReplicas();
      const taken = await this.#parts.sessions.write(session, by);
      await this.#acknowledged();
      taken();
      this.#parts.bus.announceSessionEnded();
    });
  }

  /** Call before the channel is created, so that the list lacks no channel. Lists skip ids whose channel was not created. */
  async #register(channelId: string, createdAt: string): Promise<void> {
    await this.#parts.writes.ask((redis) => redis.zadd(registry.channels, 0, registered(Date.parse(createdAt), channelId)));
  }

  /**
   * Refuses a write at once if too few replicas are connected, for example after a failover. It would be written to one server
   * alone, and its author would wait in vain. `keys`: those of a request, which may have been written before.
   */
  async #requireReplicas(keys?: readonly string[]): Promise<void> {
    const { writes, commands, requests, minReplicas } = this.#parts;
    if (minReplicas === 0 || (writes.isOpen && writes.replicasOnline >= minReplicas)) return;
    await writes.countReplicas();
    const { replicasOnline } = writes;
    if (replicasOnline >= minReplicas) return;
    const isWritten = keys && (await commands.run('recall-request', keys, [requests.clock.now(), keptMs])) !== null;
    throw tooFewReplicas(`${replicasOnline} of ${minReplicas} replicas are connected.`, isWritten ? 'unknown' : 'unchanged');
  }

  /**
   * Waits until enough replicas have all earlier writes of this connection, and checks that none of the others was promoted
   * before that: it may lack the writes. Callers in one turn of the event loop share one WAIT.
   * While replicas are behind, it waits only briefly: no write of this connection is answered before the end of the wait.
   */
  #acknowledged(waitMs = this.#isBehind ? behindMs : replicasMs): Promise<void> {
    const { writes, minReplicas, isMasterUp } = this.#parts;
    if (minReplicas === 0) return Promise.resolve();
    this.#replicated ??= new Promise((resolve) => setImmediate(resolve)).then(async () => {
      this.#replicated = undefined;
      const count = await afterWrite(() => writes.ask((redis) => redis.wait(minReplicas, waitMs)));
      this.#isBehind = count < minReplicas;
      if (!this.#isBehind) {
        if (await isMasterUp()) return;
        throw new JournalUnavailable('The Sentinels replace the master.', 'unknown', { refusal: 'A failover is under way.' });
      }
      void writes.countReplicas().catch(() => undefined);
      throw tooFewReplicas(`${count} of ${minReplicas} replicas acknowledged the write in time.`, 'unknown');
    });
    return this.#replicated;
  }

  /**
   * Waits for replicas if another node may have made the write. WAIT counts only writes of its connection, so this makes a small
   * write first.
   */
  async #acknowledgedAgain(): Promise<void> {
    if (this.#parts.minReplicas === 0) return;
    await afterWrite(async () => {
      await this.#requireReplicas();
      await this.#parts.requests.keepClock();
    });
    await this.#acknowledged();
  }

  /** Tracks the write, so that closing waits for it. */
  #write<T>(begin: () => Promise<T>): Promise<T> {
    if (this.#finished) return Promise.reject(new JournalUnavailable('The journal is closed.', 'unchanged'));
    const running = begin();
    this.#inFlight.add(running);
    const done = () => void this.#inFlight.delete(running);
    running.then(done, done);
    return running;
  }

  #times(): RequestTimes {
    return [this.#parts.now(), this.#parts.requests.clock.now(), keptMs, requestsSwept];
  }
}

function tooFewReplicas(message: string, outcome: 'unchanged' | 'unknown'): JournalUnavailable {
  return new JournalUnavailable(message, outcome, { refusal: 'Too few replicas are connected.' });
}
