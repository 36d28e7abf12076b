import type { Position } from '../../protocol/cursor.ts';
import type { Access, ChannelState, Correction, Counts, KeyEvent } from '../../protocol/model.ts';
import { limits } from '../../protocol/wire-limits.ts';
import { isAscending, pageAfter, placeOfPage } from '../activity-order.ts';
import { formatPageKey, parsePageKey } from '../channel-pages.ts';
import type { Bounds, ChannelsQuery, Outcome, PostsQuery, RequestId, ServerPage } from '../engine.ts';
import { noteOfRevision, type StoredEntry, type StoredText } from '../entry-record.ts';
import { epochOf, positionAt, shortCheck } from '../hash-chain.ts';
import { tags } from '../post-tags.ts';
import type { Revocation } from '../revoked-tokens.ts';
import { type StoredServerEntry, serverLine } from '../server-journal.ts';
import { type CountsRow, countColumns, countsIn } from './counts.ts';
import { findRequest, findReservation, tagKey } from './request-keys.ts';
import { sqliteLimits } from './sqlite-limits.ts';
import type { Sql } from './statements.ts';

/**
 * The reads. Each runs in one transaction of the reader thread, so it is consistent as of one position. Texts are returned as
 * stored. The caller turns them into posts.
 */
export interface StoredPost extends StoredText {
  seq: number;
}

const { countedPosts } = sqliteLimits;

interface Sized {
  bytes: number;
  bodyBytes: number;
}

interface ChannelRow extends CountsRow {
  n: number;
  root: string;
  head: number;
  headCheck: string;
  pinned: string | null;
  latestPostAt: string | null;
  last: number;
  text: number;
  access: Access;
}

function findChannel(sql: Sql, channelId: string): ChannelRow | undefined {
  return sql(
    `SELECT n, root, head, headCheck, access, pinned, latestPostAt, last, text, ${countColumns} FROM channels WHERE id = ?`,
  ).get(channelId) as unknown as ChannelRow | undefined;
}

function headOf({ root, head, headCheck }: ChannelRow): Position {
  return positionAt(epochOf(root), head, headCheck);
}

/** The full check at an offset from 0 to the head. */
function checkAt(sql: Sql, channel: ChannelRow, offset: number): string {
  if (offset === 0) return channel.root;
  return sql('SELECT "check" FROM entries WHERE channel = ? AND offset = ?').get(channel.n, offset)?.check as string;
}

function stateOf(sql: Sql, text: number): string {
  return sql('SELECT state FROM texts WHERE id = ?').get(text)?.state as string;
}

/** Takes rows in order until a bound is reached, but at least one. `rows` may be lazy. */
function bounded<R extends Sized>(rows: Iterable<R>, bounds: Bounds, weigh: (row: R) => number): { taken: R[]; more: boolean } {
  const taken: R[] = [];
  let left = bounds.bytes;
  for (const row of rows) {
    left -= weigh(row);
    if (taken.length > 0 && (left < 0 || taken.length >= bounds.limit)) return { taken, more: true };
    taken.push(row);
  }
  return { taken, more: false };
}

const forReaders = ({ bytes, bodyBytes }: Sized) => bytes - bodyBytes;
const forAuthors = ({ bytes }: Sized) => bytes;

export function recall(sql: Sql, channelId: string, request: RequestId, requestAt: number): Outcome | undefined {
  return findRequest(sql, channelId, request, requestAt);
}

export function reserved(sql: Sql, requestId: string, requestAt: number): string | undefined {
  return findReservation(sql, requestId, requestAt);
}

export interface FoundChannel {
  state: string;
  latestPostAt: string | null;
}

export function channel(
  sql: Sql,
  channelId: string,
  seesDesk = true,
):
  | { status: 'found'; found: FoundChannel; position: Position; counts: Counts }
  | { status: 'deleted'; access: Access }
  | { status: 'missing' } {
  const row = findChannel(sql, channelId);
  if (row && (seesDesk || row.access !== 'desk')) {
    const found = { state: stateOf(sql, row.text), latestPostAt: row.latestPostAt };
    return { status: 'found', found, position: headOf(row), counts: countsIn(row) };
  }
  const deleted = sql('SELECT access FROM deleted WHERE id = ?').get(channelId);
  return deleted ? { status: 'deleted', access: deleted.access as Access } : { status: 'missing' };
}

/** Later than every channel. */
const firstPage = { timeMs: Number.MAX_SAFE_INTEGER, id: '' };

export interface FoundChannels {
  channels: FoundChannel[];
  next: string | null;
}

export function channels(sql: Sql, query: ChannelsQuery): FoundChannels | undefined {
  return query.order === 'activity' ? channelsByActivity(sql, query, query.state) : channelsByCreation(sql, query);
}

function channelsByCreation(sql: Sql, { state, limit, page, desk }: ChannelsQuery): FoundChannels | undefined {
  const start = page === undefined ? firstPage : parsePageKey(page);
  if (start === undefined) return undefined;
  const found = sql(
    `SELECT c.id, c.created, c.latestPostAt, t.state FROM channels c JOIN texts t ON t.id = c.text
     WHERE ${state === undefined ? '' : 'c.state = ? AND'} (c.created, c.id) < (?, ?) AND ${isShown}
     ORDER BY c.created DESC, c.id DESC LIMIT ?`,
  ).all(...(state === undefined ? [] : [state]), start.timeMs, start.id, JSON.stringify(desk), limit + 1);
  return pageOf(found as unknown as (FoundRow & { created: number })[], limit, ({ created, id }) =>
    formatPageKey({ timeMs: created, id }),
  );
}

function channelsByActivity(sql: Sql, { limit, page, desk }: ChannelsQuery, state: ChannelState): FoundChannels | undefined {
  const start = page === undefined ? undefined : placeOfPage(page);
  if (page !== undefined && start === undefined) return undefined;
  const [after, direction] = isAscending(state) ? ['>', 'ASC'] : ['<', 'DESC'];
  const found = sql(
    `SELECT c.id, c.activity, c.latestPostAt, t.state FROM channels c JOIN texts t ON t.id = c.text
     WHERE c.state = ? ${start === undefined ? '' : `AND (c.activity, c.id) ${after} (?, ?)`} AND ${isShown}
     ORDER BY c.activity ${direction}, c.id ${direction} LIMIT ?`,
  ).all(state, ...(start === undefined ? [] : [start.date, start.id]), JSON.stringify(desk), limit + 1);
  return pageOf(found as unknown as (FoundRow & { activity: string })[], limit, ({ activity, id }) =>
    pageAfter({ date: activity, id }),
  );
}

type FoundRow = FoundChannel & { id: string };

/** `rows`: one more than `limit` if there are more. */
function pageOf<R extends FoundRow>(rows: readonly R[], limit: number, nextOf: (last: R) => string): FoundChannels {
  const listed = rows.slice(0, limit);
  const last = listed.at(-1);
  return {
    channels: listed.map(({ state, latestPostAt }) => ({ state, latestPostAt })),
    next: rows.length > listed.length && last ? nextOf(last) : null,
  };
}

/** Whether a pattern of a JSON list matches the channel's id. See `protocol/rights.ts`. */
const fitsPattern = `EXISTS (
  SELECT 1 FROM json_each(?) p
  WHERE iif(p.value LIKE '%*', substr(c.id, 1, length(p.value) - 1) || '*' = p.value, c.id = p.value))`;
/** Takes the list of patterns as its parameter. */
const isShown = `(c.access <> 'desk' OR ${fitsPattern})`;

type SizedEntry = StoredEntry & Sized;

export function catchUp(
  sql: Sql,
  channelId: string,
  after: Position,
  bounds: Bounds,
):
  | { status: 'replay'; to: Position; entries: StoredEntry[]; counts: Counts | undefined; more: boolean }
  | { status: 'foreign' }
  | undefined {
  const row = findChannel(sql, channelId);
  if (!row) return undefined;
  const epoch = epochOf(row.root);
  const ours = after.epoch === epoch && after.offset <= row.head && shortCheck(checkAt(sql, row, after.offset)) === after.check;
  if (!ours) return { status: 'foreign' };
  const { taken, more } = bounded(changesAfter(sql, row, after.offset), bounds, forReaders);
  const last = taken.at(-1);
  const to = more && last ? positionAt(epoch, last.offset, last.check) : headOf(row);
  return { status: 'replay', to, entries: taken, counts: more ? undefined : countsIn(row), more };
}

/** Posts, and the channel, in order of their last change. */
function* changesAfter(sql: Sql, channel: ChannelRow, after: number): Generator<SizedEntry> {
  const columns = `e.offset, e."check", e.type, e.at, e.seq, t.bytes, t.bodyBytes, t.version, t.html, t.state`;
  const own =
    channel.last > after
      ? (sql(`SELECT ${columns} FROM entries e JOIN texts t ON t.id = e.text WHERE e.channel = ? AND e.offset = ?`).get(
          channel.n,
          channel.last,
        ) as unknown as SizedEntry)
      : undefined;
  const posts = sql(
    `SELECT ${columns} FROM posts p JOIN entries e ON e.channel = p.channel AND e.offset = p.last JOIN texts t ON t.id = p.text
     WHERE p.channel = ? AND p.last > ? ORDER BY p.last`,
  ).iterate(channel.n, after) as unknown as Iterable<SizedEntry>;
  let waiting = own;
  for (const post of posts) {
    if (waiting && waiting.offset < post.offset) {
      yield waiting;
      waiting = undefined;
    }
    yield post;
  }
  if (waiting) yield waiting;
}

type SizedPost = StoredPost & Sized;

const postColumns = 'p.seq, t.bytes, t.bodyBytes, t.version, t.html, t.state';

function findPost(sql: Sql, channel: ChannelRow, postId: string): SizedPost | undefined {
  return sql(`SELECT ${postColumns} FROM posts p JOIN texts t ON t.id = p.text WHERE p.channel = ? AND p.id = ?`).get(
    channel.n,
    postId,
  ) as unknown as SizedPost | undefined;
}

/** SQLite has no statistics here, so it cannot choose the rarest tag itself. */
function rarestFirst(sql: Sql, { n }: ChannelRow, keys: readonly string[]): string[] {
  const count = sql('SELECT count(*) AS count FROM (SELECT 1 FROM tags WHERE channel = ? AND tag = ? LIMIT ?)');
  const counted = keys.map((key) => ({ key, count: count.get(n, key, countedPosts)?.count as number }));
  return counted.sort((a, b) => a.count - b.count).map(({ key }) => key);
}

/** Posts between two bounds of `seq`, in one direction, that have all the tags. The rows are read lazily. */
function postsIn(sql: Sql, channel: ChannelRow, query: PostsQuery, order: 'ASC' | 'DESC'): Iterable<SizedPost> {
  const keys = (query.tags ?? []).map((tag) => tagKey(channel.root, tag));
  const [first, ...others] = keys.length < 2 ? keys : rarestFirst(sql, channel, keys);
  const range = [query.after ?? -1, query.before ?? Number.MAX_SAFE_INTEGER] as const;
  if (first === undefined) {
    return sql(
      `SELECT ${postColumns} FROM posts p JOIN texts t ON t.id = p.text
       WHERE p.channel = ? AND p.seq > ? AND p.seq < ? ORDER BY p.seq ${order}`,
    ).iterate(channel.n, ...range) as unknown as Iterable<SizedPost>;
  }
  const has = others.map(() => 'AND EXISTS (SELECT 1 FROM tags o WHERE o.channel = g.channel AND o.tag = ? AND o.seq = g.seq)');
  return sql(
    `SELECT ${postColumns} FROM tags g JOIN posts p ON p.channel = g.channel AND p.seq = g.seq JOIN texts t ON t.id = p.text
     WHERE g.channel = ? AND g.tag = ? AND g.seq > ? AND g.seq < ? ${has.join(' ')} ORDER BY g.seq ${order}`,
  ).iterate(channel.n, first, ...range, ...others) as unknown as Iterable<SizedPost>;
}

export function posts(
  sql: Sql,
  channelId: string,
  query: PostsQuery,
): { posts: StoredPost[]; position: Position; more: boolean } | undefined {
  const row = findChannel(sql, channelId);
  if (!row) return undefined;
  const upwards = query.after !== undefined && query.before === undefined;
  const { taken, more } = bounded(postsIn(sql, row, query, upwards ? 'ASC' : 'DESC'), query, forAuthors);
  return { posts: upwards ? taken.reverse() : taken, position: headOf(row), more };
}

export function post(sql: Sql, channelId: string, postId: string): { post: StoredPost; position: Position } | undefined {
  const row = findChannel(sql, channelId);
  const found = row && findPost(sql, row, postId);
  return found && { post: found, position: headOf(row) };
}

export interface FoundSnapshot {
  position: Position;
  channel: string;
  counts: Counts;
  posts: StoredPost[];
  pinned: StoredPost | null;
  summary: StoredPost | null;
  keyEvents: KeyEvent[];
  more: boolean;
}

export function snapshot(sql: Sql, channelId: string, bounds: Bounds): FoundSnapshot | undefined {
  const row = findChannel(sql, channelId);
  if (!row) return undefined;
  const { taken, more } = bounded(postsIn(sql, row, bounds, 'DESC'), bounds, forReaders);
  const newest = { limit: 1, bytes: 0, tags: [tags.published('summary')] };
  return {
    position: headOf(row),
    channel: stateOf(sql, row.text),
    counts: countsIn(row),
    posts: taken,
    pinned: (row.pinned !== null && findPost(sql, row, row.pinned)) || null,
    summary: bounded(postsIn(sql, row, newest, 'DESC'), newest, forReaders).taken[0] ?? null,
    keyEvents: sql(
      `SELECT p.id, p.seq, coalesce(t.headline, '') AS headline, p.publishedAt
       FROM tags g JOIN posts p ON p.channel = g.channel AND p.seq = g.seq JOIN texts t ON t.id = p.text
       WHERE g.channel = ? AND g.tag = ? ORDER BY g.seq DESC LIMIT ?`,
    ).all(row.n, tagKey(row.root, tags.keyEvent(true)), limits.snapshotKeyEvents) as unknown as KeyEvent[],
    more,
  };
}

export function revisions(
  sql: Sql,
  channelId: string,
  postId: string,
  query: { after: number } & Bounds,
): { revisions: StoredPost[]; more: boolean } | undefined {
  const row = findChannel(sql, channelId);
  const seq = row && sql('SELECT seq FROM posts WHERE channel = ? AND id = ?').get(row.n, postId)?.seq;
  if (row === undefined || seq === undefined) return undefined;
  const found = sql(
    `SELECT e.seq, t.bytes, t.bodyBytes, t.version, t.html, t.state FROM entries e JOIN texts t ON t.id = e.text
     WHERE e.channel = ? AND e.seq = ? AND e.revision > ? AND t.salt <> '' ORDER BY e.revision`,
  ).iterate(row.n, seq, query.after) as unknown as Iterable<SizedPost>;
  const { taken, more } = bounded(found, query, forAuthors);
  return { revisions: taken, more };
}

export function corrections(
  sql: Sql,
  channelId: string,
  query: { before?: number; limit: number },
): { corrections: Correction[]; position: Position; more: boolean } | undefined {
  const row = findChannel(sql, channelId);
  if (!row) return undefined;
  // Without the index, SQLite walks the primary key and so every entry of the channel.
  const found = sql(
    `SELECT e.offset, p.id AS postId, now.headline, e.revision, e.kind, past.note, e.at,
       CASE WHEN past.salt IS NULL THEN now.state END AS currentState
     FROM entries e INDEXED BY entriesListed JOIN texts past ON past.id = e.text
     LEFT JOIN posts p ON p.channel = e.channel AND p.seq = e.seq
     JOIN texts now ON now.id = coalesce(p.text, ?)
     WHERE e.channel = ? AND e.listed = 1 AND e.offset < ? ORDER BY e.offset DESC LIMIT ?`,
  ).all(row.text, row.n, query.before ?? Number.MAX_SAFE_INTEGER, query.limit + 1) as unknown as (Correction & {
    currentState: string | null;
  })[];
  const corrections = found.slice(0, query.limit).map(({ currentState, ...correction }) => {
    return currentState === null ? correction : { ...correction, note: noteOfRevision(currentState, correction.revision) };
  });
  return { corrections, position: headOf(row), more: found.length > query.limit };
}

export interface JournalRow {
  offset: number;
  type: string;
  postId: string | null;
  revision: number;
  kind: string | null;
  at: string;
  by: string;
  content: string;
  check: string;
  erases: number | null;
}

const journalColumns = 'e.offset, e.type, p.id AS postId, e.revision, e.kind, e.at, e.by, e.content, e."check", e.erases';
const withPosts = 'FROM entries e LEFT JOIN posts p ON p.channel = e.channel AND p.seq = e.seq';

export function journal(
  sql: Sql,
  channelId: string,
  query: { from: number; limit: number },
): { rows: JournalRow[]; more: boolean } | undefined {
  const row = findChannel(sql, channelId);
  if (!row) return undefined;
  const found = sql(`SELECT ${journalColumns} ${withPosts} WHERE e.channel = ? AND e.offset >= ? ORDER BY e.offset LIMIT ?`).all(
    row.n,
    query.from,
    query.limit + 1,
  ) as unknown as JournalRow[];
  return { rows: found.slice(0, query.limit), more: found.length > query.limit };
}

export interface EntryRow extends JournalRow {
  salt: string | null;
  state: string | null;
  erased: number | null;
}

export function entries(
  sql: Sql,
  channelId: string,
  query: { from: number } & Bounds,
): { root: string; position: Position; entries: EntryRow[]; more: boolean } | undefined {
  const row = findChannel(sql, channelId);
  if (!row) return undefined;
  const found = sql(
    `SELECT ${journalColumns}, p.erased, t.salt, t.state, coalesce(t.bytes, 0) AS bytes, 0 AS bodyBytes
     ${withPosts} LEFT JOIN texts t ON t.id = e.text WHERE e.channel = ? AND e.offset >= ? ORDER BY e.offset`,
  ).iterate(row.n, query.from) as unknown as Iterable<EntryRow & Sized>;
  const { taken, more } = bounded(found, query, forAuthors);
  return { root: row.root, position: headOf(row), entries: taken, more };
}

export function serverJournal(sql: Sql, { from, limit }: { from: number; limit: number }): ServerPage {
  const found = sql('SELECT * FROM serverEntries WHERE offset >= ? ORDER BY offset LIMIT ?').all(from, limit + 1);
  const rows = found as unknown as (StoredServerEntry & { root: string })[];
  const entries = rows.slice(0, limit).map(({ root: _root, ...entry }) => serverLine(entry));
  return { root: rows[0]?.root ?? '', entries, more: rows.length > limit };
}

export function heads(sql: Sql, channelIds: readonly string[]): (Position | undefined)[] {
  return channelIds.map((channelId) => {
    const row = findChannel(sql, channelId);
    return row && headOf(row);
  });
}

export function revoked(sql: Sql): Revocation[] {
  return sql('SELECT jti, until FROM revoked').all() as unknown as Revocation[];
}

export function endedSessions(sql: Sql): string[] {
  return sql('SELECT line FROM endedSessions')
    .all()
    .map(({ line }) => line as string);
}
