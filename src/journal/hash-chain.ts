import { createHmac, hash, randomFillSync } from 'node:crypto';
import type { Position } from '../protocol/cursor.ts';
import type { ChangeKind, EventType } from '../protocol/model.ts';

/**
 * The hash chain: `check(n) = sha1(check(n-1) | n | digest(n))`. A check identifies an entry and all earlier ones. The digest is
 * the SHA-256 of the entry's facts and of the salted hash of its content. It excludes the offset, which the append assigns later.
 * The chain is the same in every engine, so cursors survive a move from one engine to another. All values are hex.
 *
 * `erases` is the last fact and is hashed only if it is set, so that other entries have the same digest as before erasures were
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
  /**
   * The last revision of the post that the entry erased. Left out if the entry erased nothing, or is older than erasures in the
   * chain.
   */
  erases?: number | null | undefined;
}

/** check(0): 128 random bits. */
export function newRoot(): string {
  return random128();
}

/** The first 48 bits of the root. */
export function epochOf(root: string): string {
  return root.slice(0, 12);
}

export function newSalt(): string {
  return random128();
}

/** A salt derived from another one, which it does not reveal. */
export function saltAfter(salt: string): string {
  return hash('sha256', salt).slice(0, 32);
}

const poolBytes = 4_096;
const pool = Buffer.alloc(poolBytes);
let poolAt = poolBytes;

/**
 * Draws random bytes in bulk, because a system call for each value costs more than a hash. Used bytes are wiped from the pool.
 */
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

/** The salt prevents a guessed text from being confirmed by the hash that remains after an erasure. */
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

/** The part of a check that cursors and announcements carry. */
export function shortCheck(check: string): string {
  return check.slice(0, 16);
}

export function positionAt(epoch: string, offset: number, check: string): Position {
  return { epoch, offset, check: shortCheck(check) };
}

/** Stored for each request, to tell whether another request is the same. Reveals nothing once the salt is erased. */
export function fingerprint(salt: string, requestDigest: string): string {
  return createHmac('sha256', salt).update(requestDigest).digest('hex');
}

/** A fingerprint that reveals nothing once its secret is erased. */
export function sealedFingerprint(print: string, secret: string): string {
  return hash('sha1', `${secret}|${print}`);
}
