import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import type { AuthorPost, Channel } from '../../protocol/model.ts';
import { activityOf } from '../activity-order.ts';
import { JournalRefused, JournalUnavailable } from '../engine.ts';
import { channelFrom, type Text } from '../entry-record.ts';
import type { Facts } from '../hash-chain.ts';
import {
  type ChannelReport,
  countMismatch,
  HistoryWalk,
  indexMismatch,
  listMismatch,
  renderersOf,
  type StoreOptions,
  serverJournalId,
} from '../history-walk.ts';
import { tagsOf } from '../post-tags.ts';
import {
  channelIsBack,
  channelIsMissing,
  type ServerReport,
  ServerWalk,
  type StoredServerEntry,
  tokenIsForgotten,
} from '../server-journal.ts';
import { type CountsRow, countColumns, countsIn, recount } from './counts.ts';
import { logOf } from './data-directory.ts';
import { isOutOfReach, notUsable } from './file-damage.ts';
import { tagKey } from './request-keys.ts';
import { openForReading } from './schema.ts';
import { statements } from './statements.ts';

/** Verifies the journal of a data directory, channel by channel, and the server's own journal. */
export type VerifyOptions = StoreOptions;

/**
 * Throws `JournalRefused` for the first fault, with channel and offset. Takes time in proportion to the journal. A server waits
 * for this when it starts, so html, tags and lists are not compared. Texts that are missing without a recorded erasure are
 * accepted too, because the hash chain is still intact. `verifyDirectory` reports all of these.
 */
export function verifyJournal(db: DatabaseSync): void {
  for (const { fault } of verifyChannels(db, { ignoresUnexplainedErasures: true }, undefined)) {
    if (!fault) continue;
    throw new JournalRefused(
      `The journal fails verification: channel ${fault.channelId}, offset ${fault.offset}: ${fault.why}. Restore the data directory from a backup.`,
    );
  }
  const { fault } = walkServer(db, {}).finish();
  if (fault === undefined) return;
  throw new JournalRefused(
    `The server journal fails verification: offset ${fault.offset}: ${fault.why}. Restore the data directory from a backup.`,
  );
}

/** The name of the journal in a data directory. */
export const journalName = 'journal.db';

/**
 * Verifies the journal of a data directory, as of one moment, while a server may have it open. Erasures made during the walk stay
 * pending until it ends. Throws `JournalRefused` if there is no journal or its file is damaged, and `JournalUnavailable` if it
 * cannot be read.
 */
export function* verifyDirectory(dataDir: string, options: VerifyOptions = {}): Generator<ChannelReport | ServerReport> {
  const file = join(dataDir, journalName);
  let opened: Opened | undefined;
  try {
    opened = openAsOfNow(file);
    yield* verifyAll(opened.db, options);
    if (!opened.unchanging || !existsSync(logOf(file))) return;
    throw new JournalUnavailable(`A server opened the journal ${file} in the meantime: verify again.`, 'unchanged');
  } catch (error) {
    throw notUsable(error, file);
  } finally {
    opened?.db.close();
  }
}

interface Opened {
  db: DatabaseSync;
  /** Opened on the assumption that nobody writes to it. */
  unchanging: boolean;
}

/**
 * To read a journal, SQLite creates a file beside it. If SQLite cannot create the file, it can still read a journal that was
 * closed and so has no log.
 */
function openAsOfNow(file: string): Opened {
  const db = openReadable(file);
  try {
    return { db: begun(db), unchanging: false };
  } catch (error) {
    if (!isOutOfReach(error)) throw error;
    if (!existsSync(logOf(file))) return { db: begun(openForReading(file, { unchanging: true })), unchanging: true };
    const why = `The journal ${file} was not closed, and reading it requires creating files beside it`;
    throw new JournalUnavailable(`${why}: copy the directory, and verify the copy.`, 'unchanged', { cause: error });
  }
}

/** Throws `JournalRefused` if there is no journal, and `JournalUnavailable` if it may not be read. */
export function openReadable(file: string): DatabaseSync {
  try {
    // Throws the reason if the path does not exist or cannot be reached.
    statSync(file);
    return openForReading(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new JournalRefused(`There is no journal in ${dirname(file)}.`);
    if (code !== 'EACCES' && !isOutOfReach(error)) throw error;
    throw new JournalUnavailable(`This process may not read the journal ${file}.`, 'unchanged', { cause: error });
  }
}

function begun(db: DatabaseSync): DatabaseSync {
  try {
    db.exec('BEGIN');
    db.prepare('PRAGMA user_version').get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function* verifyAll(db: DatabaseSync, options: StoreOptions): Generator<ChannelReport | ServerReport> {
  const server = walkServer(db, options);
  // If the server journal is broken, channels cannot be compared with it.
  yield* verifyChannels(db, options, server.isIntact ? server : undefined);
  if (options.channelId === undefined) yield server.finish();
}

/** Whether the column is missing, because the tables are from an earlier version and have not been migrated yet. */
function lacks(db: DatabaseSync, table: string, column: string): boolean {
  return db.prepare('SELECT 1 FROM pragma_table_info(?) WHERE name = ?').get(table, column) === undefined;
}

/** Walks the server's own journal and compares it with the store. */
function walkServer(db: DatabaseSync, { since, now }: StoreOptions): ServerWalk {
  const walk = new ServerWalk(since?.get(serverJournalId));
  if (lacks(db, 'serverEntries', 'offset')) return walk;
  const rows = db.prepare('SELECT * FROM serverEntries ORDER BY offset').iterate();
  for (const row of rows as unknown as Iterable<StoredServerEntry & { root: string }>) walk.take(row.root, row);
  if (!walk.isIntact) walk.fail(1, 'the entry is missing');
  const refused = db.prepare('SELECT until FROM revoked WHERE jti = ?');
  for (const [jti, { until, offset }] of now === undefined ? [] : walk.revoked) {
    if (until !== null && until <= (now as number)) continue;
    const kept = refused.get(jti) as { until: number | null } | undefined;
    if (kept === undefined || (kept.until !== null && (until === null || kept.until < until)))
      walk.fail(offset, tokenIsForgotten);
  }
  if (now !== undefined && walk.ended.length > 0) {
    const lines = db.prepare('SELECT line FROM endedSessions').all();
    walk.compareEnded(
      lines.map(({ line }) => line as string),
      now,
    );
  }
  return walk;
}

/** A report for each channel, ordered by id. Without `server`, nothing is compared with the server's own journal. */
function* verifyChannels(db: DatabaseSync, options: StoreOptions, server: ServerWalk | undefined): Generator<ChannelReport> {
  const columns = 'SELECT n, id, root, head, headCheck, revision, last, text, state, access, created, pinned FROM channels';
  const { channelId } = options;
  const channels =
    channelId === undefined ? db.prepare(`${columns} ORDER BY id`).all() : db.prepare(`${columns} WHERE id = ?`).all(channelId);
  const there = new Set<string>();
  for (const channel of channels as unknown as ChannelRow[]) {
    there.add(channel.id);
    yield verifyChannel(db, channel, options, server);
  }
  if (channelId === undefined)
    for (const report of missingChannels(db)) {
      there.add(report.channelId);
      yield report;
    }
  const isDeleted = db.prepare('SELECT 1 FROM deleted WHERE id = ?');
  for (const [id, record] of server?.channels ?? []) {
    if ((channelId !== undefined && id !== channelId) || there.has(id)) continue;
    if (!record.isDeleted || isDeleted.get(id) === undefined) yield new HistoryWalk(id, '').fail(0, null, channelIsMissing);
  }
}

/** Missing channels that still have entries. Excludes deleted channels, whose entries are removed in steps. */
function* missingChannels(db: DatabaseSync): Generator<ChannelReport> {
  const missing = db.prepare(
    `WITH RECURSIVE written (n) AS (
       SELECT min(channel) FROM entries
       UNION ALL SELECT (SELECT min(channel) FROM entries WHERE channel > n) FROM written WHERE n IS NOT NULL)
     SELECT n FROM written
     WHERE n IS NOT NULL AND n NOT IN (SELECT n FROM channels) AND n NOT IN (SELECT n FROM owed WHERE n IS NOT NULL)`,
  );
  const opening = db.prepare('SELECT t.state FROM entries e JOIN texts t ON t.id = e.text WHERE e.channel = ? AND e.seq IS NULL');
  for (const { n } of missing.iterate()) {
    const state = opening.get(n as number)?.state;
    const id = typeof state === 'string' ? channelFrom(state).id : `(number ${n})`;
    yield new HistoryWalk(id, '').fail(0, null, 'the channel is missing, but its entries exist');
  }
}

interface ChannelRow {
  n: number;
  id: string;
  root: string;
  head: number;
  headCheck: string;
  revision: number;
  last: number;
  text: number;
  state: string;
  access: string;
  created: number;
  pinned: string | null;
}

interface EntryRow extends Facts, Pick<Text, 'headline' | 'note'>, Partial<Pick<Text, 'html' | 'version'>> {
  offset: number;
  seq: number | null;
  content: string;
  check: string;
  listed: number;
  text: number;
  salt: string | null;
  state: string | null;
  /** The last erased revision of the post. */
  erased: number | null;
}

interface PostRow {
  id: string;
  seq: number;
  last: number;
  revision: number;
  erased: number;
  text: number;
  publishedAt: string;
  state: string;
  /** Sorted, separated by spaces. */
  tags: string | null;
}

interface Latest {
  offset: number;
  postId: string | null;
  revision: number;
  text: number;
}

function verifyChannel(
  db: DatabaseSync,
  channel: ChannelRow,
  { since, renderer, rendererFor, isListed, ignoresUnexplainedErasures, onEntry }: StoreOptions,
  server: ServerWalk | undefined,
): ChannelReport {
  const html = renderer === undefined ? '' : ', t.html, t.version';
  const erases = lacks(db, 'entries', 'erases') ? 'NULL AS erases' : 'e.erases';
  const rows = db
    .prepare(
      `SELECT e.offset, e.type, p.id AS postId, e.revision, e.kind, e.at, e.by, e.seq, e.content, e."check", ${erases}, e.listed, e.text,
         p.erased, t.salt, t.headline, t.note, t.state${html}
       FROM entries e LEFT JOIN posts p ON p.channel = e.channel AND p.seq = e.seq LEFT JOIN texts t ON t.id = e.text
       WHERE e.channel = ? ORDER BY e.offset`,
    )
    .iterate(channel.n) as unknown as Iterable<EntryRow>;
  const record = server?.channels.get(channel.id);
  const renderers = server && renderersOf(server, rendererFor);
  const options = { since: since?.get(channel.id), renderer, record, renderers, ignoresUnexplainedErasures };
  const walk = new HistoryWalk(channel.id, channel.root, options);
  if (server !== undefined && record === undefined) return walk.fail(0, null, 'the server journal does not mention the channel');
  if (record?.isDeleted) return walk.fail(0, null, channelIsBack);
  const latest = new Map<number | null, Latest>();
  for (const row of rows) {
    const { salt, state, headline, note, html, version } = row;
    const text = salt === null || state === null ? undefined : { salt, state, headline, note };
    const shown = html === undefined || version === undefined ? undefined : { html, version };
    const faulty = walk.take({ ...row, channelId: channel.id, text, shown, erasedThrough: row.erased ?? 0 });
    if (faulty !== undefined) return faulty;
    if (isListed !== undefined && isListed(row.kind) !== (row.listed === 1))
      return walk.fail(row.offset, row.postId, listMismatch);
    latest.set(row.seq, { offset: row.offset, postId: row.postId, revision: row.revision, text: row.text });
    onEntry?.({ channelId: channel.id, postId: row.postId, state: text?.state });
  }
  if (channel.head > walk.offset) return walk.fail(walk.offset + 1, null, 'the entry is missing');
  if (channel.head < walk.offset) return walk.fail(channel.head + 1, null, 'the entry is after the head');
  if (channel.headCheck !== walk.check) return walk.fail(channel.head, null, 'the head does not match the chain');
  const wrong = wrongIndex(db, channel, latest);
  if (wrong !== undefined) return walk.fail(wrong.offset, wrong.postId, 'the state differs from the last entry');
  const misplaced = isListed && wrongPlace(db, channel);
  if (misplaced !== undefined) return walk.fail(misplaced.offset, misplaced.postId, indexMismatch);
  if (isListed !== undefined && hasWrongCounts(db, channel)) return walk.fail(channel.head, null, countMismatch);
  return walk.finish();
}

/** Compares the counts with the list and the tags, which were compared with the entries before. */
function hasWrongCounts(db: DatabaseSync, channel: ChannelRow): boolean {
  if (lacks(db, 'channels', 'postCount')) return false;
  const row = db.prepare(`SELECT ${countColumns} FROM channels WHERE n = ?`).get(channel.n) as unknown as CountsRow;
  return !isDeepStrictEqual(countsIn(row), recount(statements(db), channel));
}

/**
 * Compares the indexes with the last entries. Returns the last entry of the first post, or of the channel, whose index differs.
 */
function wrongIndex(
  db: DatabaseSync,
  channel: ChannelRow,
  latest: Map<number | null, Latest>,
): { offset: number; postId: string | null } | undefined {
  const agrees = (row: { last: number; revision: number; text: number }, { offset, revision, text }: Latest) =>
    row.last === offset && row.revision === revision && row.text === text;
  const own = latest.get(null);
  if (own === undefined || !agrees(channel, own)) return own ?? { offset: 1, postId: null };
  latest.delete(null);
  const columns = 'id, seq, last, revision, erased, text';
  const posts = db.prepare(`SELECT ${columns} FROM posts WHERE channel = ? ORDER BY seq`).iterate(channel.n);
  for (const post of posts as unknown as Iterable<PostRow>) {
    const expected = latest.get(post.seq);
    // An erasure never includes the current revision.
    if (expected === undefined || !agrees(post, expected) || post.erased >= post.revision)
      return { offset: expected?.offset ?? post.seq, postId: post.id };
    latest.delete(post.seq);
  }
  return latest.values().next().value;
}

/**
 * Compares the columns of the channel and of its posts, and their tags, with the texts. Returns the last entry of the channel, or
 * of the first post, that differs.
 */
function wrongPlace(db: DatabaseSync, channel: ChannelRow): { offset: number; postId: string | null } | undefined {
  const { n, root, last, text } = channel;
  const own = channelFrom(db.prepare('SELECT state FROM texts WHERE id = ?').get(text)?.state as string);
  const agrees =
    channel.state === own.state &&
    channel.access === own.access &&
    channel.created === Date.parse(own.createdAt) &&
    channel.pinned === own.pinnedPostId &&
    isPlaced(db, n, own);
  if (!agrees) return { offset: last, postId: null };
  const tags = "SELECT group_concat(tag, ' ' ORDER BY tag) FROM tags WHERE channel = p.channel AND seq = p.seq";
  const columns = `p.id, p.last, p.publishedAt, t.state, (${tags}) AS tags`;
  const posts = db.prepare(`SELECT ${columns} FROM posts p JOIN texts t ON t.id = p.text WHERE p.channel = ?`).iterate(n);
  for (const post of posts as unknown as Iterable<PostRow>) {
    const written = JSON.parse(post.state) as AuthorPost;
    const expected = [...new Set(tagsOf(written).map((tag) => tagKey(root, tag)))].sort().join(' ');
    if (post.publishedAt !== written.publishedAt || post.tags !== expected) return { offset: post.last, postId: post.id };
  }
  return undefined;
}

/** Whether lists by activity have the channel in its place. True for a journal of an earlier version, which has no such place. */
function isPlaced(db: DatabaseSync, n: number, own: Channel): boolean {
  if (lacks(db, 'channels', 'activity')) return true;
  const row = db.prepare('SELECT activity, latestPostAt FROM channels WHERE n = ?').get(n);
  return row?.activity === activityOf({ ...own, latestPostAt: row?.latestPostAt as string | null });
}
