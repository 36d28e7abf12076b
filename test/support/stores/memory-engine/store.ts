import type { Outcome, RequestId } from '../../../../src/journal/engine.ts';
import type { StoredFacts, Text } from '../../../../src/journal/entry-record.ts';
import { newSalt, nextCheck } from '../../../../src/journal/hash-chain.ts';
import { type StoredServerEntry, serverDigest } from '../../../../src/journal/server-journal.ts';
import type { Access, Counts, ServerFacts } from '../../../../src/protocol/model.ts';

/** What the engine in memory keeps. It outlives the engine, as files or a database would, so tests can open it again. */
export class MemoryStore {
  readonly channels = new Map<string, MemoryChannel>();
  /** Channels that were deleted, with the access they had. */
  readonly deleted = new Map<string, Access>();
  /** By channel id and request id. */
  readonly requests = new Map<string, MemoryRequest>();
  /** By request id: the channel id that was reserved for a request that creates a channel. */
  readonly reservations = new Map<string, { channelId: string; made: number }>();
  /** The server's own journal. */
  readonly serverRoot = newSalt();
  readonly serverEntries: StoredServerEntry[] = [];
  /** By `jti`: the time until which each revocation counts, or null for ever. */
  readonly revoked = new Map<string, number | null>();
  /** Sessions that were signed out, as the lines that `EndedSessions` makes. */
  readonly endedSessions = new Set<string>();
  sessionKey: Uint8Array | undefined;

  /** The latest time at which a request was remembered, in milliseconds. */
  get lastRequestAt(): number | undefined {
    const made = [...this.requests.values(), ...this.reservations.values()].map((kept) => kept.made);
    return made.length === 0 ? undefined : Math.max(...made);
  }

  /** The size of the entries as JSON. */
  get bytes(): number {
    const entries = [...this.channels.values()].map((channel) => channel.entries);
    return Buffer.byteLength(JSON.stringify([this.serverEntries, entries]));
  }

  /** Adds to the server's own journal. Call it in the step that does what the facts say. */
  record(facts: readonly ServerFacts[]): void {
    for (const fact of facts) {
      const { offset, check } = this.serverEntries.at(-1) ?? { offset: 0, check: this.serverRoot };
      const next = nextCheck(check, offset + 1, serverDigest(fact));
      this.serverEntries.push({ ...fact, offset: offset + 1, check: next });
    }
  }
}

export interface MemoryChannel {
  root: string;
  /** Entry n is at index n - 1. */
  entries: MemoryEntry[];
  /** In order of first publication, and so of `seq`. */
  posts: Map<string, MemoryPost>;
  /** The latest entry of each post, and under null the channel's own, in order of last change: the index behind `catchUp`. */
  latest: Map<string | null, MemoryEntry>;
  latestPostAt: string | null;
  counts: Counts;
}

/** An entry: its facts, which remain, and its text, which an erasure removes. */
export interface MemoryEntry extends StoredFacts {
  seq: number | null;
  listed: boolean;
  text: Text | undefined;
}

export interface MemoryPost {
  id: string;
  seq: number;
  publishedAt: string;
  /** The highest revision whose text was erased, or 0. */
  erasedThrough: number;
  tags: ReadonlySet<string>;
}

export interface MemoryRequest {
  /** When the request was made, in milliseconds. */
  made: number;
  fingerprint: string;
  /** The entry that the request made. It holds the salt of the fingerprint, so an erasure removes the salt too. */
  salted: { text: Pick<Text, 'salt'> | undefined };
  outcome: Omit<Outcome, 'same'>;
}

export function requestKey(channelId: string, { id }: Pick<RequestId, 'id'>): string {
  return `${channelId} ${id}`;
}
