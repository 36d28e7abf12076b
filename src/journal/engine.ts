import type { Position } from '../protocol/cursor.ts';
import type {
  AuthorPost,
  Change,
  ChangeKind,
  Channel,
  ChannelState,
  Correction,
  Counts,
  Erasure,
  JournalLine,
  KeyEvent,
  ListedChannel,
  PostEventType,
  ReaderPost,
  ServerEntry,
} from '../protocol/model.ts';
import type { SessionFacts } from '../protocol/rights.ts';

/**
 * The interface between the server and its store. Two engines implement it, and both pass the tests in `test/engine`, which have
 * a case for each sentence below. An engine only stores entries and compares revisions. `newsroom/` has the rules: it decides,
 * and passes entries together with the revisions that the decision was based on.
 *
 * Outcomes are return values. A throw is a `JournalUnavailable` and says whether the write may have happened.
 */
export interface Engine extends Journal, Bus, Revocations, SessionStore {
  /**
   * Resolves if the store answers and can take a write, and throws `JournalUnavailable` otherwise. The error has `refusesToWrite`
   * if the store answers and can still be read. A later call notices the recovery, even if nobody has written in the meantime.
   */
  ready(): Promise<void>;
  /**
   * Called when this process has not compared its state with the store for 5 s, so its state may be stale, and again when it has
   * caught up. Reads that succeed are always current.
   */
  onReachability(listener: (reach: Reachability) => void): () => void;
  /** Milliseconds since this process last compared its state with the store. Read from memory. */
  readonly comparedAgoMs: number;
  /** The bytes that the store takes, in its files or in its memory. */
  size(): Promise<number>;
  /** Finishes or refuses pending calls, stops calling listeners, and releases the store. */
  close(): Promise<void>;
}

export interface Reachability {
  reachable: boolean;
  /** RFC 3339. */
  since: string;
}

export interface Journal {
  /**
   * Appends one or two entries, both or neither. One atomic step looks up the request, compares the expected revisions and the
   * date of the channel's last entry, numbers the entries, extends the hash chain, and stores, indexes and counts the entries.
   * When the result is `appended`, the entries are on disk, and each change has the counts as of its offset. They are announced
   * only afterwards, and are never lost, duplicated or reordered. Repeating the request returns `duplicate`, even if it has other
   * entries. Throws if the outcome is unknown: retry with the same request id. Of an append and a `note` of its fence, the first
   * wins: either the entries are there when `note` resolves, or they never will be.
   */
  append(channelId: string, request: AppendRequest): Promise<AppendResult>;

  /**
   * Remembers the outcome of a request that appended nothing, durably and in one atomic step. Returns the earlier outcome,
   * unchanged, if the request is already remembered. Returns undefined if this call remembered the outcome. From then on,
   * `append` returns `duplicate` for the request, and `recall` returns the outcome. The channel need not exist. The digest is
   * stored as an HMAC under a separate salt, which is erased with the channel.
   */
  note(channelId: string, request: RequestId, outcome: Omit<Outcome, 'same'>): Promise<Outcome | undefined>;

  /**
   * The outcome of a request that appended to this channel, deleted it, or was noted. Requests are remembered for 24 h of the
   * request clock (`request-clock.ts`), even after the channel is deleted.
   */
  recall(channelId: string, request: RequestId): Promise<Outcome | undefined>;

  /**
   * Reserves `channelId` for the channel that the request will create, and returns the reserved id. If the request already has a
   * reservation, that id is returned, unless it equals `instead`: then the new id replaces it. Creates no channel. Reservations
   * are kept for 24 h, like requests.
   */
  reserve(requestId: string, channelId: string, instead?: string): Promise<string>;

  /** The id reserved for a request within the last 24 h. Changes nothing. */
  reserved(requestId: string): Promise<string | undefined>;

  /**
   * Erases every revision that an append marked with `erases`. Once the erasure is complete, nothing that the engine keeps
   * contains the text. A repeated call returns the current state. A pending erasure completes in the background, even after a
   * restart.
   */
  erase(channelId: string, postId: string): Promise<Erasure>;

  /**
   * The number of incomplete erasures, by any process, whose request was answered as pending. Read from memory, and refreshed
   * every few seconds while there are any. A deleted channel counts as one erasure.
   */
  readonly pendingErasures: number;

  /** The number of channels that this process found damaged and does not serve. Read from memory. */
  readonly damagedChannels: number;

  /**
   * Erases the channel, except its id, its access and its requests. Returns `missing` if there is no such channel. A repeated
   * call returns the state of the erasure. Subscribers receive `gone`. With `at`, the channel is erased only if its journal ends
   * at that position: otherwise returns `moved`, and nothing was changed.
   */
  deleteChannel(
    channelId: string,
    request: RequestId,
    by: string,
    at?: Position,
  ): Promise<{ status: 'deleted'; erasure: Erasure } | { status: 'missing' } | { status: 'moved' }>;

  /**
   * The current channel and its counts. The result `deleted` has the access that the channel had. Without `seesDesk`, the result
   * for a channel with access `desk` is `missing`, after the same steps as for a channel that does not exist, so that timing does
   * not reveal it.
   */
  channel(channelId: string, seesDesk?: boolean): Promise<ChannelRead>;

  /**
   * Lists channels, newest first by `createdAt`, without deleted ones. A channel with access `desk` is listed only if a pattern
   * in `query.desk` matches its id. Channels that match no pattern affect neither the length of a page nor `next`. `page` is the
   * `next` of the previous page. `next` is null on the last page, and is derived only from the last channel of its page.
   * `complete` is false if channels that the requester may see could not be read, or are not in an index yet. Returns undefined if
   * `page` is malformed.
   *
   * With `order` `activity`, lists the channels of a state by activity instead: live channels by `latestPostAt`, or by `startedAt`
   * while they have no posts, latest first. Scheduled channels by `startsAt`, soonest first, those without it last. Ended channels
   * by `endedAt`, latest first. `createdAt` takes the place of another date that is missing. Reads only the channels of the page,
   * the next one, and channels that are not listed and lie between them, however many channels there are.
   */
  channels(query: ChannelsQuery): Promise<ChannelsPage | undefined>;

  /**
   * The changes after a position: each post and the channel at most once, in its latest state, ordered by last change. Complete
   * up to `to`: every earlier change is included, or was superseded by an included change or by one after `to`. `foreign`: the
   * position is not from this history. Undefined: no such channel. Returns at most `limit` changes and about `bytes`, but at
   * least one if there is one. The replay and its last change have the counts as of `to`, unless there is `more`.
   */
  catchUp(channelId: string, after: Position, bounds: Bounds): Promise<Replay | { status: 'foreign' } | undefined>;

  /** The current state with its counts, newest posts first. Undefined: no such channel. `bytes` bounds `posts` only. */
  snapshot(channelId: string, bounds: Bounds): Promise<StoredSnapshot | undefined>;

  /** The current post. */
  post(channelId: string, postId: string): Promise<{ post: AuthorPost; position: Position } | undefined>;

  /**
   * Posts, newest first. `before` and `after` are exclusive bounds of `seq`. With `after` alone, the page starts with the oldest
   * post above it, but is still newest first. `tags`: only posts that have all of them (`post-tags.ts`). Consistent as of
   * `position`. `more`: there are further posts in the requested direction.
   */
  posts(channelId: string, query: PostsQuery): Promise<{ posts: AuthorPost[]; position: Position; more: boolean } | undefined>;

  /** The post at each revision above `after`, oldest first, without erased revisions. Undefined: no such post. */
  revisions(
    channelId: string,
    postId: string,
    query: { after: number } & Bounds,
  ): Promise<{ revisions: AuthorPost[]; more: boolean } | undefined>;

  /**
   * Entries appended with `listed`, below the offset `before`, newest first, each with its note and with the current headline. If
   * the entry's text was erased, the note is taken from the history of the current post.
   */
  corrections(
    channelId: string,
    query: { before?: number; limit: number },
  ): Promise<{ corrections: Correction[]; position: Position; more: boolean } | undefined>;

  /** The entries from an offset on, oldest first, without text. */
  journal(
    channelId: string,
    query: { from: number; limit: number },
  ): Promise<{ entries: JournalLine[]; more: boolean } | undefined>;

  /**
   * The entries from an offset on, oldest first, each with the text that it wrote, unless the text was erased. Another engine can
   * import the entries and gets the same checks. `root`: the start of the hash chain. Consistent as of `position`, the head.
   * Returns at most `limit` entries and about `bytes`, but at least one if there is one.
   */
  entries(
    channelId: string,
    query: { from: number } & Bounds,
  ): Promise<{ root: string; position: Position; entries: ExportedEntry[]; more: boolean } | undefined>;

  /**
   * The server's own journal from an offset on, oldest first. It records created, deleted and imported channels, revoked tokens,
   * and the renderers in use. Each entry is written in the same atomic step as the change that it records.
   */
  serverJournal(query: { from: number; limit: number }): Promise<ServerPage>;

  /** The head of each channel, or undefined if there is no such channel. */
  heads(channelIds: readonly string[]): Promise<(Position | undefined)[]>;
}

export interface Bus {
  /**
   * Once the promise resolves, the listener receives the channel's announcements: each at most once, in any order, only for
   * entries that are on disk. If announcements may have been lost, the listener receives `maybe-missed`. Subscribe before
   * reading, so that no change falls between the two. Returns a function that unsubscribes.
   */
  subscribe(channelId: string, listener: (announcement: Announcement) => void): Promise<() => void>;

  /**
   * Called for every erasure on every channel, subscribed or not, before the erasing entry is announced and before its author is
   * answered. Anything read earlier may contain erased text and must no longer be served. `postId` is null if the whole channel
   * is affected: it was deleted, its journal lost entries that were read here, or it is no longer known which posts were erased.
   */
  onErased(listener: (channelId: string, postId: string | null) => void): () => void;
}

/** Tokens that were revoked before they expire, by their `jti`. Every process on the store refuses them. */
export interface Revocations {
  /**
   * When it resolves, the revocation is on disk and `isRevoked` reports it here. Other processes know of it within 3 s, even if
   * the notification is lost. The revocation is in effect until `until` (milliseconds since 1970, or null for ever). If the token
   * is revoked again, the later time wins. Expired revocations are dropped only to make room, so a revocation that seemed expired
   * because a clock was ahead is in effect again once the clock is corrected. `full`: the maximum number of tokens is already
   * revoked, and this token was not revoked.
   */
  revoke(jti: string, until: number | null, by: string): Promise<'revoked' | 'full'>;

  /**
   * Like `revoke`, for an id that may be used once. Until the revocation expires, at most one of all calls with the id, on every
   * process, resolves with `spent`, and none does if the id was revoked before. The others resolve with `used`. If the outcome is
   * unknown, the id may be spent, so a repeated call may resolve with `used`.
   */
  spend(id: string, until: number | null, by: string): Promise<'spent' | 'used' | 'full'>;

  /** Answers from memory, as of the last comparison with the store. The first comparison is made when the engine opens. */
  isRevoked(jti: string): boolean;

  /** The number of revocations in effect. */
  readonly revokedTokens: number;
}

/** Browser sessions: which ones were signed out, and the key that signs sessions if no secret is configured. */
export interface SessionStore {
  /**
   * `by`: who signed out, for the server's own journal. Null: it records nothing. When it resolves, the end is on disk and `isSessionEnded` reports it here. Other processes know of it within 3 s, even if the
   * notification is lost. It stays in effect until the session expires. The list is bounded per subject and in total. At a bound,
   * the oldest records are dropped, and every session that began no later than the newest dropped one ends as well.
   */
  endSession(session: SessionFacts, by: string | null): Promise<void>;

  /** Answers from memory, as of the last comparison with the store. The first comparison is made when the engine opens. */
  isSessionEnded(session: Omit<SessionFacts, 'until'>): boolean;

  /** The number of stored records of ended sessions. */
  readonly endedSessions: number;

  /**
   * The key that signs sessions: created on first use, kept in the store, and the same for every process on the store. If the
   * store loses the key, a process that still has it writes it back.
   */
  sessionKey(): Promise<Uint8Array>;
}

export type Announcement =
  | {
      type: 'entry';
      epoch: string;
      /** The check at the previous offset. */
      before: string;
      change: StoredChange;
    }
  | { type: 'maybe-missed' }
  /** The channel was deleted. */
  | { type: 'gone' };

/** Identifies a write: an opaque id of at most 100 characters, and a digest of the request. */
export interface RequestId {
  id: string;
  /**
   * SHA-256, hex, of method, path, If-Match and body. Stored only as an HMAC. For an append, the key is the salt of the new
   * revision.
   */
  digest: string;
}

export interface AppendRequest {
  request: RequestId;
  /**
   * The revisions that the decision was based on: the channel's (0: it must not exist), and those of posts (0: the post must not
   * exist).
   */
  decidedOn: { channel: number; posts: Record<string, number> };
  entries: readonly [NewEntry] | readonly [NewEntry, NewEntry];
  /**
   * Prevents dates from going back. If the channel's last entry is dated after the first new entry, but not after this time (RFC
   * 3339, UTC with milliseconds), nothing is appended and the result is `earlier`. Left out for imports, whose entries keep their
   * dates.
   */
  lastDateBindsUntil?: string;
  /**
   * Set for an import: its author, and whether these are its first entries in this channel. Recorded in the server's own journal.
   */
  imported?: { by: string; isFirst: boolean };
  /** The start of the hash chain of a channel that these entries create. Left out: random. */
  root?: string;
  /**
   * The id of a request by which others can forbid this append. If `note` remembered an outcome for that request before, nothing is
   * appended and the result is `forbidden`.
   */
  fence?: string;
}

interface NewEntryFacts {
  /** RFC 3339. */
  at: string;
  /** The `sub` of the author's token. */
  by: string;
  kind: ChangeKind | null;
  /** `corrections` lists the entry. */
  listed: boolean;
  /** The salt of the text if the entry was written elsewhere, so that its hash stays the same. Left out: random. */
  salt?: string;
}

export interface NewPostEntry extends NewEntryFacts {
  type: PostEventType;
  /** The post after the entry. The engine sets its `seq`: the offset of its first entry. */
  post: Omit<AuthorPost, 'seq'>;
  /** Erases the revisions up to and including this one. */
  erases?: number;
  /**
   * What the hash chain says about the erasure: the last erased revision, or null if the entry was written elsewhere before
   * erasures were part of the chain. Left out: derived from `erases`.
   */
  chainedErasure?: number | null;
  /**
   * The content hash of a text that was erased before its entry was imported. `post` is then a placeholder: it is the current
   * post until the next revision, which must erase it, and `revisions` leaves it out.
   */
  erased?: string;
}

export interface NewChannelEntry extends NewEntryFacts {
  type: 'channel.changed';
  /** The channel after the entry. */
  channel: Channel;
  /** The record of this change, if `channel.history` has one. */
  change?: Change;
}

export type NewEntry = NewPostEntry | NewChannelEntry;

export type AppendResult =
  | {
      status: 'appended';
      /** After the last entry. */
      position: Position;
      /** With their offsets and `seq`, in order. */
      changes: StoredChange[];
      /** The post of the first entry, in the author's view. Left out if that entry changes the channel. */
      post?: AuthorPost;
    }
  | { status: 'duplicate'; outcome: Outcome }
  /** `moved`: the ids of posts whose revision is not the expected one. Null stands for the channel. */
  | { status: 'conflict'; moved: (string | null)[] }
  /** `lastAt`: the date of the channel's last entry, later than that of the first new entry. */
  | { status: 'earlier'; lastAt: string }
  | { status: 'deleted' }
  | { status: 'forbidden' };

/** What a request did when it was first executed. */
export interface Outcome {
  /** Whether the repeated request has the same digest. Always true if the salt was erased, with the text or with the channel. */
  same: boolean;
  /**
   * The position after its last entry; undefined for a deletion. For a noted request, this field and the next ones have the
   * values that were passed to `note`.
   */
  position: Position | undefined;
  /** The post of its first entry, or null for the channel. */
  postId: string | null;
  /** The revision that its first entry made; 0 for a deletion. */
  revision: number;
}

/**
 * A change in the reader's view, with its offset and check. `counts`: as of this offset. Left out if they are not known: by
 * `catchUp` for all changes but the last, and in announcements of nodes of an earlier version.
 */
export type StoredChange = { offset: number; check: string; at: string; counts?: Counts } & (
  | { type: PostEventType; post: ReaderPost }
  | { type: 'channel.changed'; channel: Channel }
);

/** An entry with everything needed to store it elsewhere. */
export interface ExportedEntry extends Omit<JournalLine, 'hash' | 'erases'> {
  /** The salted hash of what it wrote. Remains after an erasure. */
  content: string;
  /** What it wrote: the post without `seq` and `html`, or the channel, as the JSON that was hashed. Undefined: erased. */
  written?: { salt: string; state: string };
  /**
   * The last revision of the post that this entry erased. If the post's erasures are older than erasures in the hash chain, only
   * the last entry that erased has this field.
   */
  erases?: number;
  /** The hash chain covers `erases`. */
  chained?: true;
}

export interface Replay {
  status: 'replay';
  to: Position;
  changes: StoredChange[];
  /** As of `to`. Left out if there is `more`. */
  counts?: Counts;
  more: boolean;
}

export interface StoredSnapshot {
  position: Position;
  channel: Channel;
  counts: Counts;
  posts: ReaderPost[];
  pinned: ReaderPost | null;
  summary: ReaderPost | null;
  keyEvents: KeyEvent[];
  more: boolean;
}

export type ChannelRead =
  | { status: 'found'; channel: ListedChannel; position: Position; counts: Counts }
  | { status: 'deleted'; access: Channel['access'] }
  | { status: 'missing' };

export interface Bounds {
  limit: number;
  bytes: number;
}

export type ChannelsQuery = ChannelsRange &
  ({ state?: ChannelState; order?: undefined } | { state: ChannelState; order: 'activity' });

export interface ChannelsRange {
  limit: number;
  page?: string;
  /** Patterns (`protocol/rights.ts`) of the `desk` channels to list: `[]` for none, `['*']` for all. */
  desk: readonly string[];
}

export interface ChannelsPage {
  channels: ListedChannel[];
  next: string | null;
  complete: boolean;
}

export interface ServerPage {
  /** The start of the chain; empty if it has not begun. */
  root: string;
  entries: ServerEntry[];
  more: boolean;
}

export interface PostsQuery extends Bounds {
  before?: number;
  after?: number;
  tags?: readonly string[];
}

/**
 * Turns a body into `html`. An engine stores the html with the renderer's version, and renders again if the version has changed.
 * `post:` links need the channel. Throws a `Refusal` if the html would be too large.
 */
export interface Renderer {
  version: string;
  /**
   * The public address that links in the html point to. Media uploaded to the server are stored as references, and every read
   * returns them with their addresses below it.
   */
  publicUrl?: string;
  render(body: string, context: { channelId: string }): string;
}

/**
 * The store could not be reached, or did not answer. `unchanged`: nothing was written. `unknown`: the write may have happened.
 */
export class JournalUnavailable extends Error {
  readonly outcome: 'unchanged' | 'unknown';
  /** The store answers but takes no writes: its disk or memory is full, or it is a replica. Reads still work. */
  readonly refusesToWrite: boolean;
  /** Why it takes no writes, as a sentence that may be shown to anyone. */
  readonly refusal: string | undefined;
  /** The channel's data contradicts itself. The channel is refused until it is repaired. */
  readonly isDamaged: boolean;
  /** The store lost the channel: it was served here, is not in the store, and no deletion is recorded. */
  readonly isLost: boolean;
  constructor(
    message: string,
    outcome: 'unchanged' | 'unknown',
    {
      refusesToWrite = false,
      refusal,
      isDamaged = false,
      isLost = false,
      ...options
    }: ErrorOptions & { refusesToWrite?: boolean; refusal?: string | undefined; isDamaged?: boolean; isLost?: boolean } = {},
  ) {
    super(message, options);
    this.refusal = refusal;
    this.isDamaged = isDamaged;
    this.isLost = isLost;
    this.name = 'JournalUnavailable';
    this.outcome = outcome;
    this.refusesToWrite = refusesToWrite;
  }
}

/** The channel for somebody who creates it: a channel that the store lost may be created again. */
export async function channelToCreate(journal: Pick<Journal, 'channel'>, channelId: string): Promise<ChannelRead> {
  return (await channelUnlessLost(journal, channelId)) ?? { status: 'missing' };
}

export async function isLost(journal: Pick<Journal, 'channel'>, channelId: string): Promise<boolean> {
  return (await channelUnlessLost(journal, channelId)) === undefined;
}

async function channelUnlessLost(journal: Pick<Journal, 'channel'>, channelId: string): Promise<ChannelRead | undefined> {
  try {
    return await journal.channel(channelId);
  } catch (error) {
    if (error instanceof JournalUnavailable && error.isLost) return undefined;
    throw error;
  }
}

/** Runs `action` after a successful write. If it fails, the error must not claim that nothing was written. */
export async function afterWrite<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw withUnknownOutcome(error);
  }
}

/** Downgrades `unchanged` to `unknown`, for errors after something was written. */
export function withUnknownOutcome(error: unknown): unknown {
  if (!(error instanceof JournalUnavailable) || error.outcome === 'unknown') return error;
  const { message, refusesToWrite, refusal, isDamaged, isLost } = error;
  return new JournalUnavailable(message, 'unknown', { cause: error, refusesToWrite, refusal, isDamaged, isLost });
}

/** The store is reachable but must not be used: a broken chain, a directory in use, or a schema of a newer version. */
export class JournalRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'JournalRefused';
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
