import type { Channel } from '../../protocol/model.ts';
import type { Text } from '../entry-record.ts';
import type { Facts } from '../hash-chain.ts';
import type { StoredServerEntry } from '../server-journal.ts';
import type { Mark } from './marks.ts';

/**
 * A store whose data can be moved to another one, exactly: with offsets, checks, ids, and the time by which requests expire. Both
 * engines implement it apart from `Engine`, because the store may be in use by servers or must not be used by any.
 */
export interface MovableStore extends AsyncDisposable {
  /** How the operator named the store, without a password. */
  readonly name: string;
  /** `empty`: Pressbox never used the store. */
  state(): Promise<{ status: 'empty' } | { status: 'used'; mark: Mark | undefined }>;

  // ---- Marks. Each returns false, and changes nothing, if the store does not have the mark that it changes.

  /**
   * From here on no server writes to the store, whatever it was doing. On disk, and on replicas, when it resolves. Throws
   * `JournalRefused` if a server of an earlier version uses the store, which would not notice.
   */
  stopWrites(id: string): Promise<boolean>;
  /** Whether writes are still stopped in the store that servers reach now: a failover may have put another one in its place. */
  isStopped(id: string): Promise<boolean>;
  /** Undoes `stopWrites`. */
  resumeWrites(id: string): Promise<boolean>;
  /** Begins to fill an empty store, or one whose migration `before` was abandoned. No server uses it until `open`. */
  beginFilling(id: string, before?: string): Promise<boolean>;
  /** Goes on filling. From here on no other process fills the store, even if it began to before. */
  continueFilling(id: string): Promise<boolean>;
  /**
   * Servers can use the store from here on. Everything that was loaded is on disk, and on replicas, before. Also records in the
   * server's own journal what the other engine does not record.
   */
  open(id: string, now: number): Promise<boolean>;
  /** The store can no longer become open by this migration. Can be repeated. On disk, and on replicas, when it resolves. */
  abandon(id: string): Promise<boolean>;

  // ---- Reading

  /** Channels of which anything exists, in any order, without duplicates. */
  channelIds(): AsyncIterable<string>;
  /**
   * The head of a channel, or of the server's own journal (null). Undefined: it does not exist. Throws `JournalRefused` if the
   * channel is damaged.
   */
  head(channelId: string | null): Promise<ChainHead | undefined>;
  isDeleted(channelId: string): Promise<boolean>;
  /** The entries from an offset on, in batches. Ends early if the channel is deleted meanwhile. */
  entries(channelId: string, from: number): AsyncIterable<MovedEntry[]>;
  serverEntries(from: number): AsyncIterable<MovedServerEntry[]>;
  /** Everything else, in batches. The order of kinds is that of `loadOrder`. Consistent only while nobody writes. */
  records(): AsyncIterable<StateRecord[]>;

  // ---- Loading. Each call is atomic. Throws `JournalRefused` if the store is no longer being filled by this process.

  /** Appends entries of a channel, which begin after its head. */
  loadEntries(channelId: string, root: string, entries: readonly MovedEntry[]): Promise<void>;
  loadServerEntries(entries: readonly MovedServerEntry[]): Promise<void>;
  /** Removes what an earlier attempt has loaded with `loadRecords`. */
  clearRecords(): Promise<void>;
  loadRecords(records: readonly StateRecord[]): Promise<void>;
}

export interface ChainHead {
  /** The start of the hash chain. */
  root: string;
  offset: number;
  check: string;
}

export interface MovedEntry {
  facts: Facts;
  offset: number;
  /** The `seq` of the post; null for the channel. */
  seq: number | null;
  listed: boolean;
  content: string;
  check: string;
  /** Null: erased. */
  text: Text | null;
  /** The last erased revision of the post as of the reading, or 0. */
  erasedThrough: number;
  /** When the post was published, by its latest revision. Null for an entry of the channel. */
  publishedAt: string | null;
}

export interface MovedServerEntry extends StoredServerEntry {
  root: string;
}

/** What a store keeps besides entries. The compiler asks for each kind wherever all of them are handled. */
export type StateRecord =
  /** The id of a deleted channel stays taken. */
  | { kind: 'deleted'; channelId: string; access: Channel['access'] }
  /** An erasure that may be incomplete. Without a post: of the whole channel. */
  | { kind: 'pending'; channelId: string; postId: string | null }
  | RequestRecord
  /** The channel id that a request has reserved. `made`: by the request clock. */
  | { kind: 'reservation'; requestId: string; channelId: string; made: number }
  /** `until`: milliseconds since 1970, or null for ever. */
  | { kind: 'revoked'; jti: string; until: number | null }
  /** As written by `EndedSessions`. */
  | { kind: 'ended'; line: string }
  /** The key that signs sessions, base64url. */
  | { kind: 'sessionKey'; key: string }
  /** The request clock, at least. */
  | { kind: 'clock'; at: number };

/** A remembered request, which its idempotency key names. */
export interface RequestRecord {
  kind: 'request';
  channelId: string;
  id: string;
  /** By the request clock. */
  made: number;
  fingerprint: string;
  /**
   * What the fingerprint was made with: the salt of the revision that the request wrote, or a salt of its own. A `seal` means that
   * the fingerprint was then hashed with this secret of its channel. Null: erased.
   */
  salt: 'revision' | { own: string; seal: string | null } | null;
  postId: string | null;
  revision: number;
  position: { epoch: string; offset: number; check: string } | null;
}

/** Channels are deleted before their requests are loaded, because what is stored of a request depends on it. */
export const loadOrder: Record<StateRecord['kind'], number> = {
  clock: 0,
  deleted: 1,
  pending: 2,
  request: 3,
  reservation: 4,
  revoked: 5,
  ended: 6,
  sessionKey: 7,
};

/** Identifies a record among all of a store, the same in every engine. */
export function identityOf(record: StateRecord): string {
  switch (record.kind) {
    case 'deleted':
      return `deleted ${record.channelId} ${record.access}`;
    case 'pending':
      return `pending ${record.channelId} ${record.postId}`;
    case 'request':
      return `request ${record.channelId} ${record.postId} ${record.revision} ${record.id}`;
    case 'reservation':
      return `reservation ${record.channelId} ${record.requestId}`;
    case 'revoked':
      return `revoked ${record.until} ${record.jti}`;
    case 'ended':
      return `ended ${record.line}`;
    case 'sessionKey':
      return `sessionKey ${record.key}`;
    case 'clock':
      return 'clock';
  }
}
