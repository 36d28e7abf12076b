import { hash } from 'node:crypto';
import type { Position } from '../protocol/cursor.ts';
import type { ServerEntry, ServerFacts } from '../protocol/model.ts';
import { entryOfSession, type SessionFacts, sessionIn } from '../protocol/rights.ts';
import { EndedSessions } from './ended-sessions.ts';
import type { AppendRequest } from './engine.ts';
import type { PreparedEntry } from './entry-record.ts';
import { epochOf, nextCheck, positionAt, shortCheck } from './hash-chain.ts';

/**
 * The server's own journal: a separate hash chain of facts without text. It records what administrators and imports did, and
 * which channels exist. The chains of channels cannot record this: a deletion removes the channel's chain, and a revocation
 * belongs to no channel. Each entry is written in the same atomic step as the change that it records.
 *
 * The chain uses no secret key, so it cannot reveal that somebody rewrote the whole store consistently.
 */

/** The author of entries that the server itself makes. No token can have this name. */
export const serverActor = 'pressbox:server';

/** The hashed list begins with an empty string instead of a channel id, so that no entry of a channel has the same digest. */
export function serverDigest({ type, subject, detail, at, by }: ServerFacts): string {
  return hash('sha256', JSON.stringify(['', type, subject, detail, at, by]));
}

export interface StoredServerEntry extends ServerFacts {
  offset: number;
  check: string;
}

export function serverLine({ check, ...entry }: StoredServerEntry): ServerEntry {
  return { ...entry, hash: serverDigest({ ...entry }), check };
}

/**
 * What an append adds to the server's own journal: the creation of a channel, the start of an import, and erasures that the
 * channel's hash chain does not cover.
 */
export function factsOfAppend(
  channelId: string,
  { decidedOn, imported }: AppendRequest,
  prepared: readonly PreparedEntry[],
  { root, now }: { root: string | undefined; now: number },
): ServerFacts[] {
  const at = new Date(now).toISOString();
  const facts: ServerFacts[] = [];
  const detail = decidedOn.channel === 0 ? (root ?? null) : null;
  const [first] = prepared as [PreparedEntry];
  if (imported?.isFirst) facts.push({ type: 'channel.imported', subject: channelId, detail, at, by: imported.by });
  else if (decidedOn.channel === 0) {
    facts.push({ type: 'channel.created', subject: channelId, detail, at, by: imported?.by ?? first.facts.by });
  }
  for (const { facts: written, post } of prepared) {
    const isUnchained = typeof written.erases !== 'number' && written.type !== 'post.taken-down';
    if (post === undefined || post.erases === 0 || !isUnchained) continue;
    const by = imported?.by ?? written.by;
    facts.push({ type: 'erasure.imported', subject: channelId, detail: `${post.id} ${written.revision}`, at, by });
  }
  return facts;
}

export function factsOfRevocation(jti: string, until: number | null, { now, by }: { now: number; by: string }): ServerFacts {
  const detail = until === null ? null : new Date(until).toISOString();
  return { type: 'token.revoked', subject: jti, detail, at: new Date(now).toISOString(), by };
}

/** Nothing is recorded if `by` is null. */
export function factsOfSessionEnd(session: SessionFacts, { now, by }: { now: number; by: string | null }): ServerFacts[] {
  if (by === null) return [];
  return [{ type: 'session.ended', ...entryOfSession(session), at: new Date(now).toISOString(), by }];
}

export function factsOfDeletion(channelId: string, { now, by }: { now: number; by: string }): ServerFacts {
  return { type: 'channel.deleted', subject: channelId, detail: null, at: new Date(now).toISOString(), by };
}

/** A renderer whose html may be stored from now on. */
export function factsOfRenderer(version: string, publicUrl: string | undefined, now: number): ServerFacts {
  const at = new Date(now).toISOString();
  return { type: 'renderer.used', subject: version, detail: publicUrl ?? null, at, by: serverActor };
}

export function factsOfBeginning(now: number): ServerFacts {
  return { type: 'journal.begun', subject: null, detail: null, at: new Date(now).toISOString(), by: serverActor };
}

/** A channel that existed before this journal began. Its check at that time covers its earlier entries. */
export function factsOfFound(channelId: string, head: { offset: number; check: string }, now: number): ServerFacts {
  const detail = `${head.offset} ${head.check}`;
  return { type: 'channel.found', subject: channelId, detail, at: new Date(now).toISOString(), by: serverActor };
}

/** What the server's own journal records about a channel. */
export interface ChannelRecord {
  isDeleted: boolean;
  /** The start of its chain, if the channel was created after this journal began. */
  root: string | undefined;
  /** The position of the channel when this journal began. */
  found: { offset: number; check: string } | undefined;
  /** Post id and revision of imported entries that erased before erasures were part of the chain. */
  importedErasures: Set<string>;
}

export interface ServerReport {
  /** Always null, because the report is not about a channel. */
  channelId: null;
  entries: number;
  /** The date of the first entry. What happened earlier is not covered. Null: the journal has not begun, and covers nothing. */
  coveredFrom: string | null;
  position: Position | undefined;
  /** The journal was not examined, because only an administrator's token may read it. */
  isUnseen?: true;
  fault?: { channelId: null; offset: number; postId: null; why: string };
}

/** Walks the server's own journal from its root. */
export class ServerWalk {
  readonly channels = new Map<string, ChannelRecord>();
  /** By `jti`: until when the token is revoked (null: for ever), and the offset of the entry. */
  readonly revoked = new Map<string, { until: number | null; offset: number }>();
  /** The sessions that were signed out, with the offset of the entry. */
  readonly ended: { session: SessionFacts; offset: number }[] = [];
  /** By version: the public address that the renderer wrote html for. */
  readonly renderers = new Map<string, string | null>();
  readonly #since: Position | undefined;
  #root = '';
  #check = '';
  #offset = 0;
  #coveredFrom: string | null = null;
  #fault: ServerReport['fault'];
  /** The chain itself is broken. */
  #isBroken = false;
  #hasBeginning = false;

  constructor(since?: Position) {
    this.#since = since;
  }

  /** The offset of the last intact entry. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether the journal has entries and its chain is intact. */
  get isIntact(): boolean {
    return this.#offset > 0 && !this.#isBroken;
  }

  take(root: string, entry: StoredServerEntry): void {
    if (this.#isBroken) return;
    if (this.#offset === 0) [this.#root, this.#check, this.#coveredFrom] = [root, root, entry.at];
    const offset = this.#offset + 1;
    if (entry.offset !== offset) return this.#break(offset, 'the entry is missing');
    const check = nextCheck(this.#check, offset, serverDigest(entry));
    if (check !== entry.check) return this.#break(offset, 'the entry was changed');
    if (this.#since?.offset === offset && shortCheck(check) !== this.#since.check)
      return this.#break(offset, 'the history was replaced since the earlier time');
    this.#check = check;
    this.#offset = offset;
    this.#learn(entry);
  }

  #break(offset: number, why: string): void {
    this.#isBroken = true;
    this.fail(offset, why);
  }

  /** The store recorded that the journal was begun, so its entries must include the beginning. */
  expectBeginning(): void {
    if (!this.#hasBeginning) this.#break(1, 'the entry is missing');
  }

  /** Keeps the first fault. */
  fail(offset: number, why: string): void {
    this.#fault ??= { channelId: null, offset, postId: null, why };
  }

  finish(): ServerReport {
    if (this.#since !== undefined && this.#since.offset > this.#offset)
      this.fail(this.#offset + 1, 'entries from before the earlier time are missing: this is an older copy');
    const position = this.#offset === 0 ? undefined : positionAt(epochOf(this.#root), this.#offset, this.#check);
    const report = { channelId: null, entries: this.#offset, coveredFrom: this.#coveredFrom, position };
    return { ...report, ...(this.#fault && { fault: this.#fault }) };
  }

  /** Compares the sessions that were signed out with those that the store refuses. `lines`: all of them, as `EndedSessions` writes them. */
  compareEnded(lines: readonly string[], now: number): void {
    const refused = new EndedSessions(() => now);
    refused.apply({ add: lines, remove: [] });
    for (const { session, offset } of this.ended)
      if (session.until > now && !refused.has(session)) this.fail(offset, sessionIsBack);
  }

  #learn({ type, subject, detail, offset }: StoredServerEntry): void {
    if (type === 'journal.begun') this.#hasBeginning = true;
    if (subject === null) return;
    switch (type) {
      case 'channel.found': {
        const [at = '', check = ''] = (detail ?? '').split(' ');
        const channel = this.#channel(subject);
        // If the channel was created after the journal began, its `root` covers every entry.
        if (channel.root === undefined) channel.found = { offset: Number(at), check };
        return;
      }
      case 'channel.created':
      case 'channel.imported': {
        const channel = this.#channel(subject);
        channel.root = detail ?? channel.root;
        return;
      }
      case 'channel.deleted':
        this.#channel(subject).isDeleted = true;
        return;
      case 'erasure.imported':
        this.#channel(subject).importedErasures.add(detail ?? '');
        return;
      case 'token.revoked':
        this.revoked.set(subject, { until: detail === null ? null : Date.parse(detail), offset });
        return;
      case 'session.ended':
        this.ended.push({ session: sessionIn({ subject, detail }), offset });
        return;
      case 'renderer.used':
        this.renderers.set(subject, detail);
        return;
      case 'journal.begun':
        return;
    }
  }

  #channel(channelId: string): ChannelRecord {
    const known = this.channels.get(channelId);
    if (known !== undefined) return known;
    const made: ChannelRecord = { isDeleted: false, root: undefined, found: undefined, importedErasures: new Set() };
    this.channels.set(channelId, made);
    return made;
  }
}

export const channelIsMissing = 'the channel is missing, but was not deleted';
export const channelIsBack = 'the channel was deleted, but exists';
export const tokenIsForgotten = 'a revoked token is no longer refused';
export const sessionIsBack = 'a session that was signed out is no longer refused';
