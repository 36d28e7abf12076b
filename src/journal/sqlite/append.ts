import type { Position } from '../../protocol/cursor.ts';
import type { Counts, ServerFacts } from '../../protocol/model.ts';
import { type AppendRequest, JournalUnavailable, type Outcome, type RequestId } from '../engine.ts';
import type { PlacedEntry } from '../entry-placement.ts';
import type { PreparedEntry, Text } from '../entry-record.ts';
import { epochOf, fingerprint, newRoot, nextCheck, positionAt } from '../hash-chain.ts';
import { countsAfter } from '../post-tags.ts';
import { type CountsRow, countColumns, countsIn, storeCounts } from './counts.ts';
import { addPendingErasure, emptyText } from './erasure.ts';
import { findRequest, hasRequest, tagKey } from './request-keys.ts';
import { recordFacts } from './server-journal.ts';
import type { Sql } from './statements.ts';

/** The append, inside a transaction of the writer thread. */
export interface PreparedAppend {
  channelId: string;
  request: RequestId;
  decidedOn: AppendRequest['decidedOn'];
  entries: PreparedEntry[];
  /** This and the next field: see `AppendRequest`. */
  lastDateBindsUntil: string | undefined;
  root: string | undefined;
  fence?: string | undefined;
  /** Entries for the server's own journal. */
  serverFacts: ServerFacts[];
  /** The time of the request by the request clock. */
  requestAt: number;
}

export type Appended =
  | { status: 'appended'; position: Position; placed: PlacedEntry[] }
  | { status: 'duplicate'; outcome: Outcome }
  | { status: 'conflict'; moved: (string | null)[] }
  | { status: 'earlier'; lastAt: string }
  | { status: 'deleted' }
  | { status: 'forbidden' };

export interface ChannelRow extends CountsRow {
  n: number;
  root: string;
  head: number;
  headCheck: string;
  revision: number;
}

interface PostRow {
  seq: number;
  revision: number;
}

export function append(sql: Sql, wanted: PreparedAppend): Appended {
  const { channelId, request, decidedOn, entries, requestAt } = wanted;
  const outcome = findRequest(sql, channelId, request, requestAt);
  if (outcome !== undefined) return { status: 'duplicate', outcome };
  if (sql('SELECT 1 FROM deleted WHERE id = ?').get(channelId) !== undefined) return { status: 'deleted' };
  if (wanted.fence !== undefined && hasRequest(sql, channelId, wanted.fence)) return { status: 'forbidden' };

  const found = findChannel(sql, channelId);
  const moved = whatMoved(sql, found, decidedOn);
  if (moved.length > 0) return { status: 'conflict', moved };

  const first = entries[0] as PreparedEntry;
  const lastAt = found && wanted.lastDateBindsUntil !== undefined ? dateOf(sql, found) : '';
  if (lastAt > first.facts.at && lastAt <= (wanted.lastDateBindsUntil as string)) return { status: 'earlier', lastAt };
  const root = found?.root ?? wanted.root ?? newRoot();
  const channel = found ?? { ...emptyChannel, n: createChannel(sql, channelId, root, first), root, headCheck: root };
  const placed: PlacedEntry[] = [];
  const texts: number[] = [];
  let { head, headCheck } = channel;
  let counts = countsIn(channel);
  for (const entry of entries) {
    const offset = head + 1;
    const check = nextCheck(headCheck, offset, entry.digest);
    const stored = storeEntry(sql, channel, entry, { offset, check, counts });
    if (entry.post && entry.post.erases > 0) eraseThrough(sql, channelId, channel.n, entry, stored.seq as number);
    counts = stored.counts;
    placed.push({ offset, before: headCheck, check, seq: stored.seq, counts });
    texts.push(stored.text);
    head = offset;
    headCheck = check;
  }
  storeHead(sql, channel.n, { head, headCheck }, counts);
  recordFacts(sql, wanted.serverFacts);
  const position = positionAt(epochOf(root), head, headCheck);
  noteRequest(sql, wanted, position, first, texts[0] as number);
  return { status: 'appended', position, placed };
}

/** An entry whose place is known. Its text is missing if it was erased before the entry was moved here. */
export type PlaceableEntry = Omit<PreparedEntry, 'text' | 'digest'> & { text: Text | undefined };

/** Stores an entry with its text, and places it in the indexes. `counts`: of the channel before the entry. */
export function storeEntry(
  sql: Sql,
  channel: Pick<ChannelRow, 'n' | 'root'>,
  entry: PlaceableEntry,
  { offset, check, counts }: { offset: number; check: string; counts: Counts },
): { seq: number | null; text: number; counts: Counts } {
  const text = insertText(sql, entry.text);
  const { seq, had, has } = entry.post ? storePost(sql, channel, entry, offset, text) : noPost;
  const isTagged = (marks: ReadonlySet<string>) => (tag: string) => marks.has(tagKey(channel.root, tag));
  if (entry.channel) storeChannel(sql, channel.n, entry, offset, text);
  insertEntry(sql, channel.n, entry, offset, seq, check, text);
  return { seq, text, counts: countsAfter(counts, entry.listed, isTagged(had), isTagged(has)) };
}

/** Call after the last entry of a transaction. */
export function storeHead(
  sql: Sql,
  n: number,
  { head, headCheck }: Pick<ChannelRow, 'head' | 'headCheck'>,
  counts: Counts,
): void {
  sql('UPDATE channels SET head = ?, headCheck = ? WHERE n = ?').run(head, headCheck, n);
  storeCounts(sql, n, counts);
}

export const emptyChannel = { head: 0, revision: 0, postCount: 0, keyEventCount: 0, correctionCount: 0 };

export function findChannel(sql: Sql, channelId: string): ChannelRow | undefined {
  return sql(`SELECT n, root, head, headCheck, revision, ${countColumns} FROM channels WHERE id = ?`).get(channelId) as unknown as
    | ChannelRow
    | undefined;
}

/** The date of the last entry. */
function dateOf(sql: Sql, { n, head }: ChannelRow): string {
  return sql('SELECT at FROM entries WHERE channel = ? AND offset = ?').get(n, head)?.at as string;
}

function findPost(sql: Sql, channel: number, postId: string): PostRow | undefined {
  return sql('SELECT seq, revision FROM posts WHERE channel = ? AND id = ?').get(channel, postId) as unknown as
    | PostRow
    | undefined;
}

function whatMoved(sql: Sql, channel: ChannelRow | undefined, decidedOn: AppendRequest['decidedOn']): (string | null)[] {
  const moved: (string | null)[] = [];
  if ((channel?.revision ?? 0) !== decidedOn.channel) moved.push(null);
  for (const [postId, revision] of Object.entries(decidedOn.posts)) {
    const post = channel && findPost(sql, channel.n, postId);
    if ((post?.revision ?? 0) !== revision) moved.push(postId);
  }
  return moved;
}

export function createChannel(sql: Sql, channelId: string, root: string, first: Pick<PreparedEntry, 'channel'>): number {
  if (!first.channel) throw new JournalUnavailable('The first entry of a channel must be the channel itself.', 'unchanged');
  const { lastInsertRowid } = sql(
    `INSERT INTO channels (id, root, head, headCheck, revision, state, access, created, last, text) VALUES (?, ?, 0, ?, 0, '', '', ?, 0, 0)`,
  ).run(channelId, root, root, Date.parse(first.channel.createdAt));
  return Number(lastInsertRowid);
}

const emptied = {
  salt: null,
  version: null,
  bytes: null,
  bodyBytes: null,
  headline: null,
  note: null,
  html: null,
  state: null,
};

function insertText(sql: Sql, text: Text | undefined): number {
  const { salt, version, bytes, bodyBytes, headline, note, html, state } = text ?? emptied;
  const { lastInsertRowid } = sql(
    'INSERT INTO texts (salt, version, bytes, bodyBytes, headline, note, html, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  ).run(salt, version, bytes, bodyBytes, headline, note, html, state);
  return Number(lastInsertRowid);
}

function insertEntry(
  sql: Sql,
  channel: number,
  entry: PlaceableEntry,
  offset: number,
  seq: number | null,
  check: string,
  text: number,
): void {
  const { type, revision, kind, at, by, erases } = entry.facts;
  sql(
    `INSERT INTO entries (channel, offset, type, seq, revision, kind, at, by, listed, content, "check", text, erases)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(channel, offset, type, seq, revision, kind, at, by, entry.listed ? 1 : 0, entry.content, check, text, erases ?? null);
}

function storeChannel(sql: Sql, n: number, entry: PlaceableEntry, offset: number, text: number): void {
  const { state, access, createdAt, pinnedPostId, activity } = entry.channel!;
  sql(
    `UPDATE channels SET revision = ?, state = ?, access = ?, created = ?, pinned = ?, last = ?, text = ?,
       activity = coalesce(CASE ? WHEN 'live' THEN latestPostAt END, ?) WHERE n = ?`,
  ).run(entry.facts.revision, state, access, Date.parse(createdAt), pinnedPostId, offset, text, state, activity, n);
}

/** The `seq` of the post, and its stored tags before and after the entry. */
interface StoredPost {
  seq: number;
  had: ReadonlySet<string>;
  has: ReadonlySet<string>;
}

const noPost = { seq: null, had: new Set<string>(), has: new Set<string>() };

function storePost(
  sql: Sql,
  channel: Pick<ChannelRow, 'n' | 'root'>,
  entry: PlaceableEntry,
  offset: number,
  text: number,
): StoredPost {
  const { id, publishedAt, tags } = entry.post!;
  const { revision } = entry.facts;
  const seq = findPost(sql, channel.n, id)?.seq;
  if (seq === undefined) {
    sql('INSERT INTO posts (channel, seq, id, publishedAt, revision, erased, last, text) VALUES (?, ?, ?, ?, ?, 0, ?, ?)').run(
      channel.n,
      offset,
      id,
      publishedAt,
      revision,
      offset,
      text,
    );
    sql(`UPDATE channels SET latestPostAt = ?1, activity = CASE state WHEN 'live' THEN ?1 ELSE activity END WHERE n = ?2`).run(
      publishedAt,
      channel.n,
    );
  } else {
    sql('UPDATE posts SET publishedAt = ?, revision = ?, last = ?, text = ? WHERE channel = ? AND seq = ?').run(
      publishedAt,
      revision,
      offset,
      text,
      channel.n,
      seq,
    );
  }
  const has = new Set(tags.map((tag) => tagKey(channel.root, tag)));
  const had = seq === undefined ? noPost.had : tagsAt(sql, channel.n, seq);
  const place = seq ?? offset;
  for (const tag of had)
    if (!has.has(tag)) sql('DELETE FROM tags WHERE channel = ? AND tag = ? AND seq = ?').run(channel.n, tag, place);
  for (const tag of has)
    if (!had.has(tag)) sql('INSERT INTO tags (channel, tag, seq) VALUES (?, ?, ?)').run(channel.n, tag, place);
  return { seq: place, had, has };
}

function tagsAt(sql: Sql, channel: number, seq: number): Set<string> {
  return new Set(
    sql('SELECT tag FROM tags WHERE channel = ? AND seq = ?')
      .all(channel, seq)
      .map(({ tag }) => tag as string),
  );
}

/** Erases what `entry.post.erases` says. */
export function eraseThrough(sql: Sql, channelId: string, channel: number, entry: PlaceableEntry, seq: number): void {
  // An erasure never includes the entry's own revision.
  const through = Math.min(entry.post!.erases, entry.facts.revision - 1);
  const rows = sql('SELECT text FROM entries WHERE channel = ? AND seq = ? AND revision <= ?').all(channel, seq, through);
  for (const { text } of rows) emptyText(sql, text as number);
  sql('UPDATE posts SET erased = max(erased, ?) WHERE channel = ? AND seq = ?').run(through, channel, seq);
  addPendingErasure(sql, channelId, entry.post!.id, null);
}

function noteRequest(sql: Sql, wanted: PreparedAppend, position: Position, first: PreparedEntry, text: number): void {
  const { channelId, request, requestAt } = wanted;
  sql(
    `INSERT OR REPLACE INTO requests (channelId, id, made, fingerprint, salt, text, epoch, offset, "check", postId, revision)
     VALUES (?, ?, ?, ?, NULL, ?, ?, ?, ?, ?, ?)`,
  ).run(
    channelId,
    request.id,
    requestAt,
    fingerprint(first.text.salt, request.digest),
    text,
    position.epoch,
    position.offset,
    position.check,
    first.facts.postId,
    first.facts.revision,
  );
}
