import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Position } from '../protocol/cursor.ts';
import type { ChangeKind, EventType } from '../protocol/model.ts';

/**
 * The hash chain that makes an offset mean one thing: `check(n) = sha1(check(n-1) | n | digest(n))`, `digest` being the SHA-256 of the
 * entry's facts and of the salted hash of its content. The same in every engine, so cursors survive a move from one to another.
 * The digest leaves out the offset, which only the append knows. All values are hex.
 */
export interface Facts {
  channelId: string;
  type: EventType;
  postId: string | null;
  revision: number;
  kind: ChangeKind | null;
  at: string;
  by: string;
}

/** check(0): 128 random bits. */
export function newRoot(): string {
  return randomBytes(16).toString('hex');
}

/** The epoch is the root's first 48 bits. */
export function epochOf(root: string): string {
  return root.slice(0, 12);
}

export function newSalt(): string {
  return randomBytes(16).toString('hex');
}

/** Salted, or the hash that stays behind after an erasure would confirm a sentence to whoever guesses it. */
export function contentHash(salt: string, content: string): string {
  return createHash('sha256').update(salt).update(content).digest('hex');
}

export function digestOf(facts: Facts, hash: string): string {
  const { channelId, type, postId, revision, kind, at, by } = facts;
  return createHash('sha256')
    .update(JSON.stringify([channelId, type, postId, revision, kind, at, by, hash]))
    .digest('hex');
}

export function nextCheck(check: string, offset: number, digest: string): string {
  return createHash('sha1').update(`${check}|${offset}|${digest}`).digest('hex');
}

/** What a cursor and an announcement carry of a check. */
export function shortCheck(check: string): string {
  return check.slice(0, 16);
}

export function positionAt(epoch: string, offset: number, check: string): Position {
  return { epoch, offset, check: shortCheck(check) };
}

/** Kept of a request: says whether another asked for the same, and nothing once the salt is erased. */
export function fingerprint(salt: string, requestDigest: string): string {
  return createHmac('sha256', salt).update(requestDigest).digest('hex');
}
