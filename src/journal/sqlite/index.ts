import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeDirectory } from '../../make-directory.ts';
import type { Position } from '../../protocol/cursor.ts';
import { type AuthorPost, type Erasure, readerView } from '../../protocol/model.ts';
import type { SessionFacts } from '../../protocol/rights.ts';
import { Announcer, type Log, silentLog } from '../announcer.ts';
import { EndedSessions, sessionKeyBytes } from '../ended-sessions.ts';
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
import { appendEffects } from '../entry-placement.ts';
import {
  exportedEntry,
  journalLine,
  type PreparedEntry,
  postFrom,
  prepareAll,
  replayFrom,
  type StoredFacts,
  shownChannel,
} from '../entry-record.ts';
import { newRoot } from '../hash-chain.ts';
import { RequestClock } from '../request-clock.ts';
import { type Revoked, RevokedTokens, resultOfRevoke, resultOfSpend } from '../revoked-tokens.ts';
import { factsOfAppend, factsOfRenderer, factsOfSessionEnd } from '../server-journal.ts';
import type { Appended } from './append.ts';
import { lockDirectory, logOf, makePrivate, restrictFiles } from './data-directory.ts';
import { EraseLoop } from './erase-loop.ts';
import type { FoundChannel, StoredPost } from './reads.ts';
import { sqliteLimits } from './sqlite-limits.ts';
import { Thread } from './thread.ts';
import type { Operation, ParamsOf, Reads, ResultOf, Writes } from './thread-messages.ts';
import { journalName } from './verify.ts';

const { journalSilentMs: silentMs } = sqliteLimits;

export interface SqliteOptions {
  /** Created if missing. Used by one engine at a time. */
  dataDir: string;
  renderer: Renderer;
  /** The system clock, in milliseconds since 1970. */
  now?: () => number;
  /** A monotonic clock in milliseconds, which expires requests. */
  elapsed?: () => number;
  log?: Log;
}

/**
 * The engine within this process: SQLite in a data directory, with one thread that writes and one that reads, so that the main
 * thread never waits for a disk. Opening verifies the chain of every channel and completes pending erasures.
 *
 * Throws `JournalRefused` if the directory is in use, a chain is broken (with channel and offset), or the schema is of a newer
 * version; `JournalUnavailable` if the directory cannot be used now.
 */
export async function openSqlite(options: SqliteOptions): Promise<Engine> {
  const { dataDir, renderer, now = Date.now, elapsed = () => performance.now(), log = silentLog } = options;
  let unlock: () => void;
  try {
    makeDirectory(dataDir);
    unlock = lockDirectory(dataDir);
  } catch (error) {
    if (error instanceof JournalRefused || error instanceof JournalUnavailable) throw error;
    throw new JournalUnavailable(`The data directory ${dataDir} cannot be used: ${String(error)}`, 'unchanged', { cause: error });
  }
  const file = join(dataDir, journalName);
  let writer: Thread<Writes> | undefined;
  try {
    makePrivate(file);
    const readable = restrictFiles(dataDir);
    if (readable.length > 0)
      log.warn({ files: readable }, 'other users can read journal files, and their mode cannot be changed');
    writer = await Thread.open<Writes>('writer', file);
    const reader = await Thread.open<Reads>('reader', file);
    const requestClock = new RequestClock(elapsed);
    requestClock.reach(writer.lastRequestAt ?? now());
    const engine = new SqliteEngine({ file, writer, reader, unlock, renderer, now, requestClock, log });
    await engine.readRefused();
    // If the disk is full, the journal can still be read, so go on. The next start records the renderer.
    await engine
      .recordRenderer()
      .catch((error: unknown) => log.warn({ err: error }, 'this start could not be recorded in the server journal'));
    if (writer.owed > 0) await engine.finishErasures();
    return engine;
  } catch (error) {
    await writer?.close();
    unlock();
    throw error;
  }
}

interface Parts {
  file: string;
  writer: Thread<Writes>;
  reader: Thread<Reads>;
  unlock: () => void;
  renderer: Renderer;
  now: () => number;
  requestClock: RequestClock;
  log: Log;
}

class SqliteEngine implements Engine {
  readonly #file: string;
  readonly #writer: Thread<Writes>;
  readonly #reader: Thread<Reads>;
  readonly #unlock: () => void;
  readonly #renderer: Renderer;
  readonly #now: () => number;
  readonly #requestClock: RequestClock;
  readonly #announcer: Announcer;
  readonly #erasures: EraseLoop;
  readonly #revoked: RevokedTokens;
  readonly #ended: EndedSessions;
  #sessionKey: Promise<Uint8Array> | undefined;
  #closing: Promise<void> | undefined;
  /** The ping of both threads, until both have answered. */
  #pinged: Promise<unknown> | undefined;
  /** When both threads last answered, in the time of `performance.now`. */
  #answeredAt = performance.now();

  constructor({ file, writer, reader, unlock, renderer, now, requestClock, log }: Parts) {
    this.#file = file;
    this.#writer = writer;
    this.#reader = reader;
    this.#unlock = unlock;
    this.#renderer = renderer;
    this.#now = now;
    this.#requestClock = requestClock;
    this.#announcer = new Announcer(log);
    this.#erasures = new EraseLoop(writer, log);
    this.#revoked = new RevokedTokens(now);
    this.#ended = new EndedSessions(now);
    const dead = new Set<Thread<Writes> | Thread<Reads>>();
    const announceReach = (reachable: boolean) => {
      // Commits that the thread had not answered yet were not announced.
      this.#announcer.announceMaybeMissed();
      this.#announcer.announceReachability({ reachable, since: new Date(now()).toISOString() });
    };
    for (const thread of [writer, reader]) {
      thread.onDeath = (why) => {
        log.error({ why }, 'the journal is unreachable');
        dead.add(thread);
        announceReach(false);
      };
      thread.onRevival = async () => {
        dead.delete(thread);
        if (dead.size > 0) return;
        // If this fails, a thread has died again.
        await this.readRefused().catch(() => undefined);
        if (dead.size > 0) return;
        log.info({}, 'the journal is reachable again');
        announceReach(true);
        if (writer.owed > 0) void this.finishErasures();
      };
    }
  }

  async ready(): Promise<void> {
    this.#pinged ??= this.#ping().finally(() => {
      this.#pinged = undefined;
    });
    const stop = new AbortController();
    const late = pause(silentMs, undefined, { signal: stop.signal, ref: false }).then(() => {
      throw new JournalUnavailable(`The journal has not answered for ${silentMs} ms: its disk may hang.`, 'unchanged');
    });
    await Promise.race([this.#pinged, late]).finally(() => stop.abort());
  }

  /** A thread that answers that it cannot write, as on a full disk, has answered too. */
  async #ping(): Promise<void> {
    const pings = [this.#writer.call('ping', null), this.#reader.call('ping', null)];
    const isAnswer = (error: unknown) => error instanceof JournalUnavailable && error.refusesToWrite;
    const results = await Promise.allSettled(pings);
    if (results.every((result) => result.status === 'fulfilled' || isAnswer(result.reason))) this.#answeredAt = performance.now();
    await Promise.all(pings);
  }

  get comparedAgoMs(): number {
    return performance.now() - this.#answeredAt;
  }

  async size(): Promise<number> {
    const [journal, log] = await Promise.all([stat(this.#file), stat(logOf(this.#file)).catch(() => undefined)]);
    return journal.size + (log?.size ?? 0);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#announcer.close();
    await this.#erasures.close();
    // Close the writer last: when the last connection closes, it copies the log into the journal and deletes the log.
    await this.#reader.close();
    await this.#writer.close();
    this.#unlock();
  }

  /** Completes erasures that an earlier process left pending. */
  async finishErasures(): Promise<void> {
    await this.#erasures.finish(null);
  }

  // ---- Writing

  async append(channelId: string, wanted: AppendRequest): Promise<AppendResult> {
    const { request, decidedOn, entries, lastDateBindsUntil, fence } = wanted;
    const prepared = prepareAll(channelId, entries, this.#renderer);
    const root = wanted.root ?? (decidedOn.channel === 0 ? newRoot() : undefined);
    const given = {
      channelId,
      request,
      decidedOn,
      entries: prepared,
      lastDateBindsUntil,
      root,
      fence,
      serverFacts: factsOfAppend(channelId, wanted, prepared, { root, now: this.#now() }),
      requestAt: this.#requestClock.now(),
    };
    let result: AppendResult | undefined;
    const appended = await this.#writer.call('append', given, (answer) => {
      result = this.#settle(channelId, entries, prepared, answer);
    });
    return result ?? (appended as Exclude<Appended, { status: 'appended' }>);
  }

  /** Announces an append. Runs in journal order, when the append is on disk and before its caller continues. */
  #settle(channelId: string, entries: AppendRequest['entries'], prepared: PreparedEntry[], answer: Appended): AppendResult {
    if (answer.status !== 'appended') return answer;
    const { erased, announcements, result } = appendEffects(entries, prepared, answer.position, answer.placed, this.#renderer);
    for (const postId of erased) this.#announcer.announceErased(channelId, postId);
    for (const announcement of announcements) this.#announcer.announce(channelId, announcement);
    return result;
  }

  note(channelId: string, request: RequestId, outcome: Omit<Outcome, 'same'>): Promise<Outcome | undefined> {
    return this.#writer.call('note', { channelId, request, outcome, requestAt: this.#requestClock.now() });
  }

  recall(channelId: string, request: RequestId) {
    return this.#read('recall', [channelId, request, this.#requestClock.now()]);
  }

  reserve(requestId: string, channelId: string, instead?: string): Promise<string> {
    return this.#writer.call('reserve', { requestId, channelId, instead, requestAt: this.#requestClock.now() });
  }

  reserved(requestId: string) {
    return this.#read('reserved', [requestId, this.#requestClock.now()]);
  }

  erase(channelId: string, postId: string): Promise<Erasure> {
    return this.#erasures.finish({ channelId, postId });
  }

  get pendingErasures(): number {
    return this.#erasures.pending;
  }

  /** Always 0, because a damaged file is refused as a whole. */
  readonly damagedChannels = 0;

  async deleteChannel(channelId: string, request: RequestId, by: string, at?: Position) {
    const given = { channelId, request, requestAt: this.#requestClock.now(), now: this.#now(), by, at };
    const deletion = await this.#writer.call('delete', given, (answer) => {
      if (answer !== 'deleted') return;
      this.#announcer.announceErased(channelId, null);
      this.#announcer.announce(channelId, { type: 'gone' });
    });
    if (deletion === 'missing' || deletion === 'moved') return { status: deletion };
    return { status: 'deleted' as const, erasure: await this.#erasures.finish({ channelId, postId: null }) };
  }

  // ---- Tokens and sessions that are refused

  /**
   * Call before the first request, and whenever the writer thread may have stored a revocation or an ended session without
   * answering.
   */
  async readRefused(): Promise<void> {
    this.#revoked.add(await this.#read('revoked', []));
    this.#ended.apply({ add: await this.#read('endedSessions', []), remove: [] });
  }

  /** Call before html of this renderer is stored. */
  async recordRenderer(): Promise<void> {
    const { version, publicUrl } = this.#renderer;
    await this.#writer.call('recordOnce', factsOfRenderer(version, publicUrl, this.#now()));
  }

  async revoke(jti: string, until: number | null, by: string) {
    return resultOfRevoke(await this.#revoke(jti, until, by));
  }

  async spend(id: string, until: number | null, by: string) {
    return resultOfSpend(await this.#revoke(id, until, by));
  }

  #revoke(jti: string, until: number | null, by: string): Promise<Revoked> {
    return this.#writer.call('revoke', { jti, until, now: this.#now(), by }, (answer) => {
      if (answer !== 'full') this.#revoked.add([{ jti, until }]);
    });
  }

  isRevoked(jti: string): boolean {
    return this.#revoked.has(jti);
  }

  get revokedTokens(): number {
    return this.#revoked.size;
  }

  async endSession(session: SessionFacts, by: string | null): Promise<void> {
    const end = this.#ended.plan(session);
    const facts = factsOfSessionEnd(session, { now: this.#now(), by });
    await this.#writer.call('endSession', { ...end, facts }, () => this.#ended.apply(end));
  }

  isSessionEnded(session: Omit<SessionFacts, 'until'>): boolean {
    return this.#ended.has(session);
  }

  get endedSessions(): number {
    return this.#ended.size;
  }

  sessionKey(): Promise<Uint8Array> {
    this.#sessionKey ??= this.#writer
      .call('sessionKey', { made: randomBytes(sessionKeyBytes).toString('base64url') })
      .then((key) => new Uint8Array(Buffer.from(key, 'base64url')))
      .catch((error: unknown) => {
        this.#sessionKey = undefined;
        throw error;
      });
    return this.#sessionKey;
  }

  // ---- Reading

  async channel(channelId: string, seesDesk = true): Promise<ChannelRead> {
    const read = await this.#read('channel', [channelId, seesDesk]);
    if (read.status !== 'found') return read;
    const { status, found, position, counts } = read;
    return { status, channel: this.#listed(found), position, counts };
  }

  async channels(query: ChannelsQuery) {
    const read = await this.#read('channels', [query]);
    return read && { channels: read.channels.map((channel) => this.#listed(channel)), next: read.next, complete: true };
  }

  async catchUp(channelId: string, after: Position, bounds: Bounds) {
    const read = await this.#read('catchUp', [channelId, after, bounds]);
    if (read?.status !== 'replay') return read;
    return replayFrom(read.entries, read, this.#renderer);
  }

  async snapshot(channelId: string, bounds: Bounds) {
    const read = await this.#read('snapshot', [channelId, bounds]);
    if (read === undefined) return undefined;
    const view = (post: StoredPost) => readerView(this.#post(post));
    return {
      ...read,
      channel: shownChannel(read.channel, this.#renderer),
      posts: read.posts.map(view),
      pinned: read.pinned && view(read.pinned),
      summary: read.summary && view(read.summary),
    };
  }

  async post(channelId: string, postId: string) {
    const read = await this.#read('post', [channelId, postId]);
    return read && { post: this.#post(read.post), position: read.position };
  }

  async posts(channelId: string, query: PostsQuery) {
    const read = await this.#read('posts', [channelId, query]);
    return read && { ...read, posts: read.posts.map((post) => this.#post(post)) };
  }

  async revisions(channelId: string, postId: string, query: { after: number } & Bounds) {
    const read = await this.#read('revisions', [channelId, postId, query]);
    return read && { ...read, revisions: read.revisions.map((post) => this.#post(post)) };
  }

  corrections(channelId: string, query: { before?: number; limit: number }) {
    return this.#read('corrections', [channelId, query]);
  }

  async journal(channelId: string, query: { from: number; limit: number }) {
    const read = await this.#read('journal', [channelId, query]);
    if (read === undefined) return undefined;
    const entries = read.rows.map((row) => journalLine(channelId, row as StoredFacts));
    return { entries, more: read.more };
  }

  async entries(channelId: string, query: { from: number } & Bounds) {
    const read = await this.#read('entries', [channelId, query]);
    return read && { ...read, entries: read.entries.map((row) => exportedEntry(row as StoredFacts, row, row.erased)) };
  }

  serverJournal(query: { from: number; limit: number }) {
    return this.#read('serverJournal', [query]);
  }

  async heads(channelIds: readonly string[]) {
    return this.#read('heads', [channelIds]);
  }

  // ---- Listening

  async subscribe(channelId: string, listener: (announcement: Announcement) => void): Promise<() => void> {
    if (this.#closing) throw new JournalUnavailable('The journal is closed.', 'unchanged');
    return this.#announcer.subscribe(channelId, listener);
  }

  onErased(listener: (channelId: string, postId: string | null) => void): () => void {
    return this.#announcer.onErased(listener);
  }

  /** The journal is reachable while both threads run. */
  onReachability(listener: (reach: Reachability) => void): () => void {
    return this.#announcer.onReachability(listener);
  }

  #read<K extends Operation<Reads>>(operation: K, given: ParamsOf<Reads, K>): Promise<ResultOf<Reads, K>> {
    return this.#reader.call(operation, given);
  }

  #post(stored: StoredPost): AuthorPost {
    return postFrom(stored, stored.seq, this.#renderer);
  }

  #listed({ state, latestPostAt }: FoundChannel) {
    return { ...shownChannel(state, this.#renderer), latestPostAt };
  }
}
