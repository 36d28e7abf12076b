import type { Channel } from '../../../protocol/model.ts';
import type { Text } from '../../entry-record.ts';
import type { Facts } from '../../hash-chain.ts';
import type { ChainHead, MovedEntry, MovedServerEntry, StateRecord } from '../../migrate/movable-store.ts';
import { lastRequestAt } from '../request-keys.ts';
import { sqliteLimits } from '../sqlite-limits.ts';
import type { Sql } from '../statements.ts';

/** Reads what a migration moves. Each call is one statement, so that no erasure waits long for a reader. */
const { migratedRows } = sqliteLimits;

export function channelIdsIn(sql: Sql): string[] {
  return sql('SELECT id FROM channels ORDER BY n')
    .all()
    .map(({ id }) => id as string);
}

export function headIn(sql: Sql, channelId: string | null): ChainHead | undefined {
  const found =
    channelId === null
      ? sql('SELECT root, offset, "check" FROM serverEntries ORDER BY offset DESC LIMIT 1').get()
      : sql('SELECT root, head AS offset, headCheck AS "check" FROM channels WHERE id = ?').get(channelId);
  return found as unknown as ChainHead | undefined;
}

export function isDeletedIn(sql: Sql, channelId: string): boolean {
  return sql('SELECT 1 FROM deleted WHERE id = ?').get(channelId) !== undefined;
}

interface EntryRow extends Omit<Facts, 'channelId'>, Omit<Text, 'salt'> {
  offset: number;
  seq: number | null;
  listed: number;
  content: string;
  check: string;
  /** Null: the text is erased. */
  salt: string | null;
  erased: number | null;
  publishedAt: string | null;
}

export function entriesIn(sql: Sql, channelId: string, from: number): MovedEntry[] {
  const rows = sql(
    `SELECT e.offset, e.type, p.id AS postId, e.seq, e.revision, e.kind, e.at, e.by, e.listed, e.content, e."check", e.erases,
       p.erased, p.publishedAt, t.salt, t.version, t.bytes, t.bodyBytes, t.headline, t.note, t.html, t.state
     FROM channels c JOIN entries e ON e.channel = c.n LEFT JOIN posts p ON p.channel = e.channel AND p.seq = e.seq
       LEFT JOIN texts t ON t.id = e.text
     WHERE c.id = ? AND e.offset >= ? ORDER BY e.offset LIMIT ?`,
  ).all(channelId, from, migratedRows) as unknown as EntryRow[];
  return rows.map((row) => {
    const { type, postId, revision, kind, at, by, erases, offset, seq, content, check, publishedAt } = row;
    const { salt, version, bytes, bodyBytes, headline, note, html, state } = row;
    return {
      facts: { channelId, type, postId, revision, kind, at, by, erases },
      ...{ offset, seq, content, check, publishedAt },
      listed: row.listed === 1,
      text: salt === null ? null : { salt, version, bytes, bodyBytes, headline, note, html, state },
      erasedThrough: row.erased ?? 0,
    };
  });
}

export function serverEntriesIn(sql: Sql, from: number): MovedServerEntry[] {
  const columns = 'offset, root, type, subject, detail, at, by, "check"';
  return sql(`SELECT ${columns} FROM serverEntries WHERE offset >= ? ORDER BY offset LIMIT ?`).all(
    from,
    migratedRows,
  ) as unknown as MovedServerEntry[];
}

export function* readRecords(sql: Sql): Generator<StateRecord> {
  const clock = lastRequestAt(sql);
  if (clock !== undefined) yield { kind: 'clock', at: clock };
  const deleted = sql('SELECT id AS channelId, access FROM deleted').iterate();
  for (const row of deleted) yield { kind: 'deleted', ...(row as unknown as { channelId: string; access: Channel['access'] }) };
  for (const { channelId, postId } of sql('SELECT channelId, postId FROM owed').iterate())
    yield { kind: 'pending', channelId: channelId as string, postId: (postId as string) || null };
  yield* requestsIn(sql);
  for (const row of sql('SELECT requestId, channelId, made FROM reservations').iterate())
    yield { kind: 'reservation', ...(row as unknown as { requestId: string; channelId: string; made: number }) };
  for (const row of sql('SELECT jti, until FROM revoked').iterate())
    yield { kind: 'revoked', ...(row as unknown as { jti: string; until: number | null }) };
  for (const { line } of sql('SELECT line FROM endedSessions').iterate()) yield { kind: 'ended', line: line as string };
  const key = sql('SELECT key FROM sessionKey').get()?.key as string | undefined;
  if (key !== undefined) yield { kind: 'sessionKey', key };
}

interface RequestRow {
  channelId: string;
  id: string;
  made: number;
  fingerprint: string;
  salt: string | null;
  seal: string | null;
  text: number | null;
  epoch: string | null;
  offset: number | null;
  check: string | null;
  postId: string | null;
  revision: number;
  isDeleted: number;
}

/** Sealed ones first: they name the secret of their channel. */
function* requestsIn(sql: Sql): Generator<StateRecord> {
  const rows = sql(
    `SELECT channelId, id, made, fingerprint, salt, seal, text, epoch, offset, "check", postId, revision,
       EXISTS (SELECT 1 FROM deleted d WHERE d.id = r.channelId) AS isDeleted
     FROM requests r ORDER BY seal IS NULL`,
  ).iterate() as unknown as Iterable<RequestRow>;
  for (const row of rows) {
    const { channelId, id, made, fingerprint, salt, seal, text, epoch, offset, check, postId, revision, isDeleted } = row;
    yield {
      kind: 'request',
      ...{ channelId, id, made, fingerprint, postId, revision },
      // The texts of a deleted channel are emptied in steps.
      salt: salt !== null ? { own: salt, seal } : text !== null && isDeleted === 0 ? 'revision' : null,
      position: epoch === null || offset === null || check === null ? null : { epoch, offset, check },
    };
  }
}
