import { createHmac, hash, randomFillSync } from 'node:crypto';
import type { Position } from '../protocol/cursor.ts';
import type { ChangeKind, EventType } from '../protocol/model.ts';

/**
 * The hash chain that makes an offset mean one thing: `check(n) = sha1(check(n-1) | n | digest(n))`, `digest` being the SHA-256 of the
 * entry's facts and of the salted hash of its content. The same in every engine, so cursors survive a move from one to another.
 * The digest leaves out the offset, which only the append knows. All values are hex.
 *
 * An erasure is the last fact, and is hashed only where there is one: every other entry has the digest that it had before erasures were
 * part of the chain.
 */
export interface Facts {
  channelId: string;
  type: EventType;
  postId: string | null;
  revision: number;
  kind: ChangeKind | null;
  at: string;
  by: string;
  /** The post's revisions up to this one were erased by it. Left out where nothing was, and where that was not part of the chain yet. */
  erases?: number | null | undefined;
}

/** check(0): 128 random bits. */
export function newRoot(): string {
  return random128();
}

/** The epoch is the root's first 48 bits. */
export function epochOf(root: string): string {
  return root.slice(0, 12);
}

export function newSalt(): string {
  return random128();
}

/** Another salt, which says nothing of the one that it follows from. */
export function saltAfter(salt: string): string {
  return hash('sha256', salt).slice(0, 32);
}

const poolBytes = 4_096;
const pool = Buffer.alloc(poolBytes);
let poolAt = poolBytes;

/** Drawn many at a time: credentials the system for each would cost more than a hash. What was given out is wiped from the pool. */
function random128(): string {
  if (poolAt === poolBytes) {
    randomFillSync(pool);
    poolAt = 0;
  }
  const text = pool.toString('hex', poolAt, poolAt + 16);
  pool.fill(0, poolAt, poolAt + 16);
  poolAt += 16;
  return text;
}

/** Salted, or the hash that stays behind after an erasure would confirm a sentence to whoever guesses it. */
export function contentHash(salt: string, content: string): string {
  return hash('sha256', salt + content);
}

/** `content`: the hash of the entry's content. */
export function digestOf(facts: Facts, content: string): string {
  const { channelId, type, postId, revision, kind, at, by, erases } = facts;
  const erasure = typeof erases === 'number' ? [erases] : [];
  return hash('sha256', JSON.stringify([channelId, type, postId, revision, kind, at, by, content, ...erasure]));
}

export function nextCheck(check: string, offset: number, digest: string): string {
  return hash('sha1', `${check}|${offset}|${digest}`);
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
