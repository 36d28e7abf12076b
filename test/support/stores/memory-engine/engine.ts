import { randomBytes } from 'node:crypto';
import { Announcer, silentLog } from '../../../../src/journal/announcer.ts';
import { EndedSessions, sessionKeyBytes } from '../../../../src/journal/ended-sessions.ts';
import {
  type Announcement,
  type AppendRequest,
  type AppendResult,
  type Bounds,
  type ChannelRead,
  type ChannelsQuery,
  type Engine,
  JournalUnavailable,
  type Outcome,
  type PostsQuery,
  type Reachability,
  type Renderer,
  type RequestId,
} from '../../../../src/journal/engine.ts';
import { appendEffects } from '../../../../src/journal/entry-placement.ts';
import { prepareAll } from '../../../../src/journal/entry-record.ts';
import { newRoot } from '../../../../src/journal/hash-chain.ts';
import { RequestClock } from '../../../../src/journal/request-clock.ts';
import { type Revoked, RevokedTokens, resultOfRevoke, resultOfSpend } from '../../../../src/journal/revoked-tokens.ts';
import {
  factsOfAppend,
  factsOfBeginning,
  factsOfDeletion,
  factsOfRenderer,
  factsOfRevocation,
  factsOfSessionEnd,
  serverLine,
} from '../../../../src/journal/server-journal.ts';
import type { Position } from '../../../../src/protocol/cursor.ts';
import type { SessionFacts } from '../../../../src/protocol/rights.ts';
import { limits } from '../../../../src/protocol/wire-limits.ts';
import { append, deleteChannel, findRequest, findReservation, note } from './append.ts';
import * as reads from './reads.ts';
import type { MemoryChannel, MemoryStore } from './store.ts';

export interface MemoryOptions {
  store: MemoryStore;
  renderer: Renderer;
  /** The system clock, in milliseconds since 1970. */
  now?: () => number;
  /** Milliseconds of a clock that never goes back. */
  elapsed?: () => number;
}

/**
 * The smallest engine that passes the contract tests of `src/journal/engine.ts`. The guide to writing an engine quotes it. It keeps nothing
 * over a crash and looks through everything, so it is for reading, not for serving.
 */
export async function openMemory({
  store,
  renderer,
  now = Date.now,
  elapsed = () => performance.now(),
}: MemoryOptions): Promise<Engine> {
  if (store.serverEntries.length === 0) store.record([factsOfBeginning(now())]);
  const isTold = store.serverEntries.some(({ type, subject }) => type === 'renderer.used' && subject === renderer.version);
  if (!isTold) store.record([factsOfRenderer(renderer.version, renderer.publicUrl, now())]);
  const requestClock = new RequestClock(elapsed);
  requestClock.reach(store.lastRequestAt ?? now());
  return new MemoryEngine({ store, renderer, now, requestClock });
}

class MemoryEngine implements Engine {
  readonly #store: MemoryStore;
  readonly #renderer: Renderer;
  readonly #now: () => number;
  readonly #requestClock: RequestClock;
  readonly #announcer = new Announcer(silentLog);
  readonly #revoked: RevokedTokens;
  readonly #ended: EndedSessions;
  #isClosed = false;

  constructor(parts: { store: MemoryStore; renderer: Renderer; now: () => number; requestClock: RequestClock }) {
    this.#store = parts.store;
    this.#renderer = parts.renderer;
    this.#now = parts.now;
    this.#requestClock = parts.requestClock;
    this.#revoked = new RevokedTokens(parts.now);
    this.#revoked.add([...parts.store.revoked].map(([jti, until]) => ({ jti, until })));
    this.#ended = new EndedSessions(parts.now);
    this.#ended.apply({ add: [...parts.store.endedSessions], remove: [] });
  }

  /** The store. Throws if the engine was closed. Nothing was begun then, so the outcome is `unchanged`. */
  get #open(): MemoryStore {
    if (this.#isClosed) throw new JournalUnavailable('The journal is closed.', 'unchanged');
    return this.#store;
  }

  async ready(): Promise<void> {
    this.#open;
  }

  /** The store is this process. */
  readonly comparedAgoMs = 0;

  async size(): Promise<number> {
    return this.#open.bytes;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#announcer.close();
  }

  // ---- Writing

  async append(channelId: string, request: AppendRequest): Promise<AppendResult> {
    const prepared = prepareAll(channelId, request.entries, this.#renderer);
    const root = request.root ?? (request.decidedOn.channel === 0 ? newRoot() : undefined);
    const serverFacts = factsOfAppend(channelId, request, prepared, { root, now: this.#now() });
    const requestAt = this.#requestClock.now();
    const result = append(this.#open, { channelId, request, prepared, root, serverFacts, requestAt });
    if (result.status !== 'appended') return result;
    // An engine that writes to a disk waits here until the entries are synced.
    const effects = appendEffects(request.entries, prepared, result.position, result.placed, this.#renderer);
    for (const postId of effects.erased) this.#announcer.announceErased(channelId, postId);
    for (const announcement of effects.announcements) this.#announcer.announce(channelId, announcement);
    return effects.result;
  }

  async note(channelId: string, request: RequestId, outcome: Omit<Outcome, 'same'>): Promise<Outcome | undefined> {
    return note(this.#open, channelId, request, { outcome, requestAt: this.#requestClock.now() });
  }

  async recall(channelId: string, request: RequestId): Promise<Outcome | undefined> {
    return findRequest(this.#open, channelId, request, this.#requestClock.now());
  }

  async reserve(requestId: string, channelId: string, instead?: string): Promise<string> {
    const made = this.#requestClock.now();
    const noted = findReservation(this.#open, requestId, made);
    if (noted !== undefined && noted !== instead) return noted;
    this.#store.reservations.set(requestId, { channelId, made });
    return channelId;
  }

  async reserved(requestId: string): Promise<string | undefined> {
    return findReservation(this.#open, requestId, this.#requestClock.now());
  }

  /** The append has already dropped the text. An engine with files waits here until they no longer contain it. */
  async erase() {
    return { complete: true, pending: [] };
  }

  readonly pendingErasures = 0;
  readonly damagedChannels = 0;

  async deleteChannel(channelId: string, request: RequestId, by: string, at?: Position) {
    const serverFacts = [factsOfDeletion(channelId, { now: this.#now(), by })];
    const deletion = deleteChannel(this.#open, channelId, request, { serverFacts, requestAt: this.#requestClock.now(), at });
    if (deletion === 'missing' || deletion === 'moved') return { status: deletion };
    if (deletion === 'deleted') {
      this.#announcer.announceErased(channelId, null);
      this.#announcer.announce(channelId, { type: 'gone' });
    }
    return { status: 'deleted' as const, erasure: { complete: true, pending: [] } };
  }

  // ---- Reading

  async channel(channelId: string, seesDesk = true): Promise<ChannelRead> {
    return reads.channel(this.#open, channelId, seesDesk, this.#renderer);
  }

  async channels(query: ChannelsQuery) {
    return reads.channels(this.#open, query, this.#renderer);
  }

  async catchUp(channelId: string, after: Position, bounds: Bounds) {
    return this.#read(channelId, (found) => reads.catchUp(found, after, bounds, this.#renderer));
  }

  async snapshot(channelId: string, bounds: Bounds) {
    return this.#read(channelId, (found) => reads.snapshot(found, bounds, this.#renderer));
  }

  async post(channelId: string, postId: string) {
    // The index holds the channel's own entry under null, so no post id leads to it.
    return this.#read(channelId, (found) => reads.post(found, postId, this.#renderer));
  }

  async posts(channelId: string, query: PostsQuery) {
    return this.#read(channelId, (found) => reads.posts(found, query, this.#renderer));
  }

  async revisions(channelId: string, postId: string, query: { after: number } & Bounds) {
    return this.#read(channelId, (found) => reads.revisions(found, postId, query, this.#renderer));
  }

  async corrections(channelId: string, query: { before?: number; limit: number }) {
    return this.#read(channelId, (found) => reads.corrections(found, query));
  }

  async journal(channelId: string, query: { from: number; limit: number }) {
    return this.#read(channelId, (found) => reads.journal(channelId, found, query));
  }

  async entries(channelId: string, query: { from: number } & Bounds) {
    return this.#read(channelId, (found) => reads.entries(found, query));
  }

  async serverJournal({ from, limit }: { from: number; limit: number }) {
    const { serverRoot, serverEntries } = this.#open;
    const page = serverEntries.slice(from - 1, from - 1 + limit);
    return { root: serverRoot, entries: page.map(serverLine), more: serverEntries.length > from - 1 + limit };
  }

  async heads(channelIds: readonly string[]) {
    return channelIds.map((channelId) => this.#read(channelId, reads.headOf));
  }

  #read<T>(channelId: string, read: (found: MemoryChannel) => T): T | undefined {
    const found = this.#open.channels.get(channelId);
    return found === undefined ? undefined : read(found);
  }

  // ---- Listening

  async subscribe(channelId: string, listener: (heard: Announcement) => void): Promise<() => void> {
    this.#open;
    return this.#announcer.subscribe(channelId, listener);
  }

  onErased(listener: (channelId: string, postId: string | null) => void): () => void {
    return this.#announcer.onErased(listener);
  }

  /** Memory is always reachable, so no listener is ever called. */
  onReachability(listener: (reach: Reachability) => void): () => void {
    return this.#announcer.onReachability(listener);
  }

  // ---- Tokens and sessions that are refused

  async revoke(jti: string, until: number | null, by: string) {
    return resultOfRevoke(this.#revoke(jti, until, by));
  }

  async spend(id: string, until: number | null, by: string) {
    return resultOfSpend(this.#revoke(id, until, by));
  }

  #revoke(jti: string, until: number | null, by: string): Revoked {
    const { revoked } = this.#open;
    const before = revoked.get(jti);
    const isNews = before === undefined || (before !== null && (until === null || until > before));
    if (before === undefined && revoked.size >= limits.revokedTokens && !this.#dropLapsed(revoked)) return 'full';
    if (isNews) {
      revoked.set(jti, until);
      this.#store.record([factsOfRevocation(jti, until, { now: this.#now(), by })]);
    }
    this.#revoked.add([{ jti, until }]);
    return before === undefined ? 'revoked' : 'again';
  }

  /** Drops the revocation that lapsed first, to make room for one more. Returns false if none has lapsed. */
  #dropLapsed(revoked: Map<string, number | null>): boolean {
    const lapsed = [...revoked].filter(([, until]) => until !== null && until <= this.#now());
    const [first] = lapsed.sort(([, one], [, other]) => (one as number) - (other as number));
    return first !== undefined && revoked.delete(first[0]);
  }

  isRevoked(jti: string): boolean {
    return this.#revoked.has(jti);
  }

  get revokedTokens(): number {
    return this.#revoked.size;
  }

  async endSession(session: SessionFacts, by: string | null): Promise<void> {
    const { endedSessions } = this.#open;
    const end = this.#ended.plan(session);
    for (const line of end.remove) endedSessions.delete(line);
    if (end.add.length > 0) this.#store.record(factsOfSessionEnd(session, { now: this.#now(), by }));
    for (const line of end.add) endedSessions.add(line);
    this.#ended.apply(end);
  }

  isSessionEnded(session: Omit<SessionFacts, 'until'>): boolean {
    return this.#ended.has(session);
  }

  get endedSessions(): number {
    return this.#ended.size;
  }

  async sessionKey(): Promise<Uint8Array> {
    this.#open.sessionKey ??= new Uint8Array(randomBytes(sessionKeyBytes));
    return this.#store.sessionKey as Uint8Array;
  }
}
