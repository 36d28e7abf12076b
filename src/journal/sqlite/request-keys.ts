import { hash } from 'node:crypto';
import { limits } from '../../protocol/wire-limits.ts';
import type { Outcome, RequestId } from '../engine.ts';
import { fingerprint, newSalt, sealedFingerprint } from '../hash-chain.ts';
import { sqliteLimits } from './sqlite-limits.ts';
import type { Sql } from './statements.ts';

/** Remembered requests, which expire by the request clock (`requestAt`), and the keys of tags. */
const keptMs = limits.idempotencyHours * 3_600_000;

interface RequestRow {
  fingerprint: string;
  salt: string | null;
  /** The fingerprint was hashed once more with this secret. */
  seal: string | null;
  textSalt: string | null;
  epoch: string | null;
  offset: number | null;
  check: string | null;
  postId: string | null;
  revision: number;
}

export function findRequest(sql: Sql, channelId: string, request: RequestId, requestAt: number): Outcome | undefined {
  const row = sql(
    `SELECT r.fingerprint, r.salt, r.seal, t.salt AS textSalt, r.epoch, r.offset, r."check", r.postId, r.revision
     FROM requests r LEFT JOIN texts t ON t.id = r.text WHERE r.channelId = ? AND r.id = ? AND r.made > ?`,
  ).get(channelId, request.id, requestAt - keptMs) as unknown as RequestRow | undefined;
  if (row === undefined) return undefined;
  const salt = row.salt ?? row.textSalt;
  const { epoch, offset, check, postId, revision } = row;
  return {
    same: salt === null || sealed(fingerprint(salt, request.digest), row.seal) === row.fingerprint,
    position: epoch !== null && offset !== null && check !== null ? { epoch, offset, check } : undefined,
    postId,
    revision,
  };
}

/** Whether a request with this id is remembered, of whatever age. */
export function hasRequest(sql: Sql, channelId: string, id: string): boolean {
  return sql('SELECT 1 FROM requests WHERE channelId = ? AND id = ?').get(channelId, id) !== undefined;
}

function sealed(print: string, seal: string | null): string {
  return seal === null ? print : sealedFingerprint(print, seal);
}

/** See `Journal.note`. */
export function note(
  sql: Sql,
  {
    channelId,
    request,
    outcome,
    requestAt,
  }: { channelId: string; request: RequestId; outcome: Omit<Outcome, 'same'>; requestAt: number },
): Outcome | undefined {
  const before = findRequest(sql, channelId, request, requestAt);
  if (before !== undefined) return before;
  const salt = newSalt();
  const { position, postId, revision } = outcome;
  sql(
    `INSERT OR REPLACE INTO requests (channelId, id, made, fingerprint, salt, text, epoch, offset, "check", postId, revision)
     VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, ?)`,
  ).run(
    channelId,
    request.id,
    requestAt,
    fingerprint(salt, request.digest),
    salt,
    position?.epoch ?? null,
    position?.offset ?? null,
    position?.check ?? null,
    postId,
    revision,
  );
  return undefined;
}

/** Deletes some expired requests and reservations. Call once per transaction, with its number of operations. */
export function sweepRequests(sql: Sql, requestAt: number, operations: number): void {
  const sweptAtOnce = sqliteLimits.requestsSwept * operations;
  const expired = sql('SELECT channelId, id FROM requests WHERE made <= ? LIMIT ?').all(requestAt - keptMs, sweptAtOnce);
  for (const { channelId, id } of expired) {
    sql('DELETE FROM requests WHERE channelId = ? AND id = ?').run(channelId as string, id as string);
  }
  const reserved = sql('SELECT requestId FROM reservations WHERE made <= ? LIMIT ?').all(requestAt - keptMs, sweptAtOnce);
  for (const { requestId } of reserved) sql('DELETE FROM reservations WHERE requestId = ?').run(requestId as string);
}

export function findReservation(sql: Sql, requestId: string, requestAt: number): string | undefined {
  const row = sql('SELECT channelId FROM reservations WHERE requestId = ? AND made > ?').get(requestId, requestAt - keptMs);
  return row?.channelId as string | undefined;
}

/** See `Journal.reserve`. */
export function reserve(
  sql: Sql,
  {
    requestId,
    channelId,
    instead,
    requestAt,
  }: { requestId: string; channelId: string; instead: string | undefined; requestAt: number },
): string {
  const noted = findReservation(sql, requestId, requestAt);
  if (noted !== undefined && noted !== instead) return noted;
  sql('INSERT OR REPLACE INTO reservations (requestId, channelId, made) VALUES (?, ?, ?)').run(requestId, channelId, requestAt);
  return channelId;
}

/** The latest time of a remembered request. The request clock must not start below it. */
export function lastRequestAt(sql: Sql): number | undefined {
  const latest = ['requests', 'reservations'].map(
    (table) => sql(`SELECT max(made) AS at FROM ${table}`).get()?.at as number | null,
  );
  const known = latest.filter((at) => at !== null);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** The key of a tag in the index. The name of a source is text, and must not be readable or guessable from the key. */
export function tagKey(root: string, tag: string): string {
  return hash('sha256', `${root}|${tag}`).slice(0, 24);
}
