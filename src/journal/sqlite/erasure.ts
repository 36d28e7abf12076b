import type { DatabaseSync } from 'node:sqlite';
import { isSamePosition, type Position } from '../../protocol/cursor.ts';
import type { RequestId } from '../engine.ts';
import { epochOf, fingerprint, newSalt, positionAt } from '../hash-chain.ts';
import { factsOfDeletion } from '../server-journal.ts';
import { recordFacts } from './server-journal.ts';
import { sqliteLimits } from './sqlite-limits.ts';
import type { Sql } from './statements.ts';

/**
 * Erasures. The transaction of the append or the deletion removes the text from its table and notes the erasure as pending. The
 * erasure is complete once the write-ahead log, which still holds the old pages, was copied into the journal and truncated.
 */

/** Notes a pending erasure. Without a `postId`, the whole channel is erased: all rows with the channel number `n`. */
export function addPendingErasure(sql: Sql, channelId: string, postId: string | null, n: number | null): void {
  sql('INSERT OR REPLACE INTO owed (channelId, postId, n) VALUES (?, ?, ?)').run(channelId, postId ?? '', n);
}

/** The pending erasure of a channel includes its posts. */
export function isErasurePending(sql: Sql, channelId: string, postId: string | null): boolean {
  return sql("SELECT 1 FROM owed WHERE channelId = ? AND postId IN (?, '')").get(channelId, postId ?? '') !== undefined;
}

export function countPendingErasures(sql: Sql): number {
  return sql('SELECT count(*) AS count FROM owed').get()?.count as number;
}

/** Empties the row and does not delete it: see `schema.ts`. */
export function emptyText(sql: Sql, text: number): void {
  sql(
    `UPDATE texts SET salt = NULL, version = NULL, bytes = NULL, bodyBytes = NULL, headline = NULL, note = NULL, html = NULL, state = NULL
     WHERE id = ? AND salt IS NOT NULL`,
  ).run(text);
}

export type Deletion = 'deleted' | 'was-deleted' | 'missing' | 'moved';

/** Hides the channel at once. Its rows are deleted in steps, since there may be many. */
export function deleteChannel(
  sql: Sql,
  {
    channelId,
    request,
    requestAt,
    now,
    by,
    at,
  }: { channelId: string; request: RequestId; requestAt: number; now: number; by: string; at?: Position | undefined },
): Deletion {
  const channel = sql('SELECT n, access, root, head, headCheck FROM channels WHERE id = ?').get(channelId);
  if (channel === undefined) {
    return sql('SELECT 1 FROM deleted WHERE id = ?').get(channelId) === undefined ? 'missing' : 'was-deleted';
  }
  const { root, head, headCheck } = channel as { root: string; head: number; headCheck: string };
  if (at !== undefined && !isSamePosition(at, positionAt(epochOf(root), head, headCheck))) return 'moved';
  sql('INSERT INTO deleted (id, access) VALUES (?, ?)').run(channelId, channel.access as string);
  sql('DELETE FROM channels WHERE n = ?').run(channel.n as number);
  sql('DELETE FROM owed WHERE channelId = ?').run(channelId);
  addPendingErasure(sql, channelId, null, channel.n as number);
  // The digest of a noted request may depend on text of the channel. Without the salt, it cannot be used to guess the text.
  sql('UPDATE requests SET salt = NULL, seal = NULL WHERE channelId = ? AND salt IS NOT NULL').run(channelId);
  const salt = newSalt();
  sql('INSERT OR REPLACE INTO requests (channelId, id, made, fingerprint, salt, revision) VALUES (?, ?, ?, ?, ?, 0)').run(
    channelId,
    request.id,
    requestAt,
    fingerprint(salt, request.digest),
    salt,
  );
  recordFacts(sql, [factsOfDeletion(channelId, { now, by })]);
  return 'deleted';
}

const { erasureStepEntries: stepEntries } = sqliteLimits;

/** Deletes some rows of deleted channels. Returns whether there was anything to delete. */
export function eraseDeletedRows(sql: Sql): boolean {
  const owed = sql('SELECT channelId, n FROM owed WHERE n IS NOT NULL LIMIT 1').get();
  if (owed === undefined) return false;
  const n = owed.n as number;
  const rows = sql('SELECT offset, text FROM entries WHERE channel = ? ORDER BY offset LIMIT ?').all(n, stepEntries);
  for (const { offset, text } of rows) {
    emptyText(sql, text as number);
    sql('DELETE FROM tags WHERE channel = ? AND seq = ?').run(n, offset as number);
    sql('DELETE FROM posts WHERE channel = ? AND seq = ?').run(n, offset as number);
    sql('DELETE FROM entries WHERE channel = ? AND offset = ?').run(n, offset as number);
  }
  if (rows.length < stepEntries) sql('UPDATE owed SET n = NULL WHERE channelId = ? AND n = ?').run(owed.channelId as string, n);
  return true;
}

/**
 * Truncates the log, which completes pending erasures. Returns false if a reader still needs the log. Then call again later. Call
 * outside a transaction, after `eraseDeletedRows` returned false.
 */
export function truncateLog(db: DatabaseSync, sql: Sql): boolean {
  const answer = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
  if (answer?.busy !== 0) return false;
  // This commit is synced to the same file after the truncation. If it survives a power failure, the truncation does too.
  sql('DELETE FROM owed WHERE n IS NULL').run();
  return true;
}
