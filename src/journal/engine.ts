import type { Position } from '../protocol/cursor.ts';
import type {
  AuthorPost,
  Change,
  ChangeKind,
  Channel,
  ChannelState,
  Correction,
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
 * The port between those who write, those who read, and what keeps the journal. Two engines fill it; `test/engine` is the exam of
 * both, with a case for each sentence here. The engine stores and compares. It knows no rule of the newsroom: what may happen is
 * decided in `newsroom/`, and arrives here as entries and the revisions they were decided on.
 *
 * Outcomes are values. A throw is a `JournalUnavailable`, and says whether the write may have happened.
 */
export interface Engine extends Journal, Bus, Revocations, SessionStore {
  /**
   * Resolves while the store answers and could take a write; throws `JournalUnavailable` otherwise: one that `refusesToWrite` where it
   * answers and reads go on. Asked again, it tells when that is over, whether anyone has written meanwhile or not.
   */
  ready(): Promise<void>;
  /**
   * Heard when what this process holds of the journal may be old from now on, since it could not be compared for 5 s, and when it is
   * true again. Reads are true whenever they are answered.
   */
  onReachability(listener: (reach: Reachability) => void): () => void;
  /** What was begun is finished or refused, listeners hear nothing more, the store is let go. */
  close(): Promise<void>;
}

export interface Reachability {
  reachable: boolean;
  /** RFC 3339. */
  since: string;
}

export interface Journal {
  /**
   * Takes one or two entries that stand or fall together. In one atomic step: looks the request up, compares the revisions that
   * were decided on and the date of the channel's last entry, numbers, chains, stores and indexes. An entry that was answered `appended` is on the disk, is announced only
   * after it was, and is never lost, doubled or reordered. The same request again answers `duplicate`, whatever it now holds.
   * Throws if the outcome is unknown: repeat it with the same request id.
   */
  append(channelId: string, request: AppendRequest): Promise<AppendResult>;

  /**
   * Remembers what a request came to that appended nothing, in one atomic step and durably, unless it is remembered already: then
   * returns the outcome that is, and changes nothing. Undefined: it is remembered now, as if it had been appended: `append` answers
   * `duplicate`, `recall` returns the outcome. Needs no channel. The digest is kept as an HMAC under a salt of its own, which goes when
   * the channel is deleted.
   */
  note(channelId: string, request: RequestId, outcome: Omit<Outcome, 'same'>): Promise<Outcome | undefined>;

  /** What this request did, if it was appended (to this channel, or deleted it) or noted within the last 24 h in which a server ran on this store, whatever system clocks say. Also after the channel's deletion. */
  recall(channelId: string, request: RequestId): Promise<Outcome | undefined>;

  /**
   * Notes that a request creates this channel, and returns the id that is noted: the first one stays, unless it is `instead`.
   * Nothing is created by it. Kept 24 h, like what is remembered of requests.
   */
  reserve(requestId: string, channelId: string, instead?: string): Promise<string>;

  /** The id that is noted for a request that creates a channel, if one was noted within the last 24 h. Changes nothing. */
  reserved(requestId: string): Promise<string | undefined>;

  /**
   * Erases every revision of the post that an append's `erases` marked: afterwards its text is in nothing that the engine keeps.
   * Can be repeated, and tells the state; what is pending is finished by itself, also after a restart.
   */
  erase(channelId: string, postId: string): Promise<Erasure>;

  /**
   * Erasures that whoever asked for them was told to be pending, of whatever process, and that are not complete: from memory, as looked at
   * last, which is every few seconds while there are any. A deleted channel counts as one.
   */
  readonly pendingErasures: number;

  /** Channels that were found damaged, and are refused: of this process, from memory. */
  readonly damagedChannels: number;

  /**
   * Erases the channel with everything in it but its id, its access and its requests. `missing`: there is none. Repeated, it tells the state of the
   * erasure. Subscribers hear `gone`.
   */
  deleteChannel(
    channelId: string,
    request: RequestId,
    by: string,
  ): Promise<{ status: 'deleted'; erasure: Erasure } | { status: 'missing' }>;

  /**
   * The channel as it is. `deleted` tells what access it had. Without `seesDesk` a channel of the desk is `missing`, and is found to be so in the same steps as one that is not there: how long the
   * answer takes tells nobody which it is.
   */
  channel(channelId: string, seesDesk?: boolean): Promise<ChannelRead>;

  /**
   * Newest first by `createdAt`, deleted ones left out. Of channels with the access `desk` only those are there that a pattern of `desk`
   * fits; the others leave no trace: not in how full a page is, nor in `next`. `page` is the `next` of the page before; `next` is null
   * where nothing follows, and made of the last channel of its page alone. Not `complete`: some that may be the requester's to know cannot be
   * told of at the moment, of which nothing is there either. Undefined: `page` has not the form of a `next`.
   */
  channels(query: ChannelsQuery): Promise<ChannelsPage | undefined>;

  /**
   * What changed after a position, each post and the channel once, in its latest state, in order of last change. True as of `to`:
   * everything up to `to` is in it, or was superseded by something in it or after `to`. `foreign`: the position is not of this history.
   * Undefined: there is no such channel. At most `limit` changes and about `bytes` of them, at least one where there is one.
   */
  catchUp(channelId: string, after: Position, bounds: Bounds): Promise<Replay | { status: 'foreign' } | undefined>;

  /** The state, newest posts first. Undefined: there is no such channel. `bytes` bounds `posts`; the rest comes on top. */
  snapshot(channelId: string, bounds: Bounds): Promise<StoredSnapshot | undefined>;

  /** The post as it is. */
  post(channelId: string, postId: string): Promise<{ post: AuthorPost; position: Position } | undefined>;

  /**
   * Posts newest first. `before` and `after` are exclusive bounds of `seq`; with `after` (and no `before`), the oldest above it, still newest first.
   * `tags`: only posts that have all of them (`tags.ts`). True as of `position`. `more`: there are further ones in the direction asked.
   */
  posts(channelId: string, query: PostsQuery): Promise<{ posts: AuthorPost[]; position: Position; more: boolean } | undefined>;

  /** The post as it was at each revision above `after`, oldest first; erased revisions are missing. Undefined: there is no such post. */
  revisions(
    channelId: string,
    postId: string,
    query: { after: number } & Bounds,
  ): Promise<{ revisions: AuthorPost[]; more: boolean } | undefined>;

  /**
   * Entries appended with `listed`, below the offset `before`, newest first, each with its note and with the headline that stands now. Where its
   * text was erased, the note is what the post as it stands tells of it.
   */
  corrections(
    channelId: string,
    query: { before?: number; limit: number },
  ): Promise<{ corrections: Correction[]; position: Position; more: boolean } | undefined>;

  /** The entries from an offset on, oldest first: facts without text. */
  journal(
    channelId: string,
    query: { from: number; limit: number },
  ): Promise<{ entries: JournalLine[]; more: boolean } | undefined>;

  /**
   * The entries from an offset on, oldest first, each with what it wrote, unless that was erased: enough to write them again elsewhere,
   * with the same checks. `root`: what the chain begins with. True as of `position`, the head. At most `limit` and about `bytes` of them,
   * at least one where there is one.
   */
  entries(
    channelId: string,
    query: { from: number } & Bounds,
  ): Promise<{ root: string; position: Position; entries: ExportedEntry[]; more: boolean } | undefined>;

  /**
   * The server's own journal from an offset on, oldest first. It tells of channels that are made, deleted and imported into, of revocations
   * and of renderers; each entry is written in the atomic step that does what it tells of.
   */
  serverJournal(query: { from: number; limit: number }): Promise<ServerPage>;

  /** Where each channel stands; undefined for one that is not there. */
  heads(channelIds: readonly string[]): Promise<(Position | undefined)[]>;
}

export interface Bus {
  /**
   * Announcements of a channel from when the promise resolves: at most once each, in any order, only of entries that are on disk.
   * After a possible loss the listener hears `maybe-missed`. So subscribe first, then read. The function returned undoes it.
   */
  subscribe(channelId: string, listener: (heard: Announcement) => void): Promise<() => void>;

  /**
   * Heard for every erasure on every channel, subscribed or not, before the entry that erases is announced and before its author is
   * answered: what was read before may hold erased text and must not be given out any more. `postId` is null when the whole channel went,
   * where its journal lost what was read of it, and where nobody knows any more which of its posts were erased from.
   */
  onErased(listener: (channelId: string, postId: string | null) => void): () => void;
}

/** Tokens that were revoked before they expire, by their `jti`. Every process on the store refuses them. */
export interface Revocations {
  /**
   * When it resolves, the revocation is on the disk and `isRevoked` says so here; other processes know of it within 3 s, whether they
   * were told or not. It counts until `until` (milliseconds since 1970; `null`: for ever). Repeated, the later time counts. One that
   * has lapsed by a clock that was ahead counts again when that is put right: it is forgotten only when another needs its place.
   * `full`: as many tokens as are kept are revoked, and this one is not.
   */
  revoke(jti: string, until: number | null, by: string): Promise<'revoked' | 'full'>;

  /** From memory, so at once: as the store had it when it was compared last, from the opening of the engine on. */
  isRevoked(jti: string): boolean;

  /** Revocations that count. */
  readonly revokedTokens: number;
}

/** Sessions of browsers: which of them were signed out, and the key that signs them where no secret does. */
export interface SessionStore {
  /**
   * When it resolves, the end is on the disk and `isSessionEnded` says so here; other processes know of it within 3 s, whether they
   * were told or not. It counts until the session lapses. Bounded per subject and in all: at a bound the sessions that began no later
   * than the oldest one dropped end as well.
   */
  endSession(session: SessionFacts): Promise<void>;

  /** From memory, so at once: as the store had it when it was compared last, from the opening of the engine on. */
  isSessionEnded(session: Omit<SessionFacts, 'until'>): boolean;

  /** Lines held of sessions that were ended. */
  readonly endedSessions: number;

  /**
   * The key that signs sessions: made when it is first asked for, kept in the store, and the same for every process on it, whichever
   * asked first. Where the store has lost it, a process that knows it puts it back.
   */
  sessionKey(): Promise<Uint8Array>;
}

export type Announcement =
  | {
      type: 'entry';
      epoch: string;
      /** The check at the offset before. */
      before: string;
      change: StoredChange;
    }
  | { type: 'maybe-missed' }
  /** The channel was deleted. */
  | { type: 'gone' };

/** A write as the store knows it again: an opaque id of at most 100 characters, and a digest of what was asked. */
export interface RequestId {
  id: string;
  /** SHA-256, hex, of method, path, If-Match and body. Kept only as an HMAC: of an append, under the salt of the revision made. */
  digest: string;
}

export interface AppendRequest {
  request: RequestId;
  /** Revisions that the entries were decided on: the channel's (0: there must be none), and those of posts (0: likewise). */
  decidedOn: { channel: number; posts: Record<string, number> };
  entries: readonly [NewEntry] | readonly [NewEntry, NewEntry];
  /**
   * Dates must not go back: where the channel's last entry is dated later than the first of these, but not later than this (RFC 3339, UTC
   * with milliseconds), nothing is appended and `earlier` is answered. Left out: the entries keep their dates, as those of an import.
   */
  lastDateBindsUntil?: string;
  /** Who imports the entries, and whether they are the first of an import into this channel: the server's own journal tells of that. */
  imported?: { by: string; isFirst: boolean };
  /** Of a channel that these entries make: what its chain begins with. Left out: a fresh one. */
  root?: string;
}

interface NewEntryFacts {
  /** RFC 3339. */
  at: string;
  /** Token `sub` of who did it. */
  by: string;
  kind: ChangeKind | null;
  /** Found again by `corrections`. */
  listed: boolean;
  /** Of an entry that was written elsewhere: the salt of its text there, so that its hash is the same here. Left out: a fresh one. */
  salt?: string;
}

export interface NewPostEntry extends NewEntryFacts {
  type: PostEventType;
  /** The post after the entry. Its `seq` is the engine's: the offset of its first entry. */
  post: Omit<AuthorPost, 'seq'>;
  /** Erase the revisions up to and with this one. */
  erases?: number;
  /**
   * What the chain says of that: the revision up to which the entry erased, or null for nothing, as of an entry that was written elsewhere
   * before erasures were part of the chain. Left out: what it erases.
   */
  toldErasure?: number | null;
  /**
   * The content hash of a text that was erased before its entry came here. `post` is then shown in its place until the next revision,
   * which has to erase it; it is no revision that can be read.
   */
  erased?: string;
}

export interface NewChannelEntry extends NewEntryFacts {
  type: 'channel.changed';
  /** The channel after the entry. */
  channel: Channel;
  /** This change's own record, where it has one in `channel.history`. */
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
      /** The post of the first entry in the author's view, if it was one of a post. */
      post?: AuthorPost;
    }
  | { status: 'duplicate'; outcome: Outcome }
  /** What does not stand at the revision decided on: ids of posts, and `null` for the channel. */
  | { status: 'conflict'; moved: (string | null)[] }
  /** `lastAt`: the date of the channel's last entry, which is later than that of the first of these. */
  | { status: 'earlier'; lastAt: string }
  | { status: 'deleted' };

/** What a request did the first time. */
export interface Outcome {
  /** Whether it asked for the same thing. Where the salt was erased with the text it made, or with the channel, anything counts as the same. */
  same: boolean;
  /** After its last entry. For a deletion: undefined. For a noted request, here and below: what was noted. */
  position: Position | undefined;
  /** The post of its first entry, or null for the channel. */
  postId: string | null;
  /** The revision that its first entry made; 0 for a deletion. */
  revision: number;
}

/** A change in the reader's view, at the offset and with the check of its place in the journal. */
export type StoredChange = { offset: number; check: string; at: string } & (
  | { type: PostEventType; post: ReaderPost }
  | { type: 'channel.changed'; channel: Channel }
);

/** An entry whole, as it can be written again elsewhere. */
export interface ExportedEntry extends Omit<JournalLine, 'hash' | 'erases'> {
  /** The salted hash of what it wrote. Stays when that is erased. */
  content: string;
  /** What it wrote: the post without `seq` and `html`, or the channel, as the JSON that was hashed. Undefined: it was erased. */
  written?: { salt: string; state: string };
  /** The post's revisions up to this one were erased by it: as the chain says, or before it did, of the entry that did it last. */
  erases?: number;
  /** `erases` is a fact of the chain. */
  chained?: true;
}

export interface Replay {
  status: 'replay';
  to: Position;
  changes: StoredChange[];
  more: boolean;
}

export interface StoredSnapshot {
  position: Position;
  channel: Channel;
  posts: ReaderPost[];
  pinned: ReaderPost | null;
  summary: ReaderPost | null;
  keyEvents: KeyEvent[];
  more: boolean;
}

export type ChannelRead =
  | { status: 'found'; channel: ListedChannel; position: Position }
  | { status: 'deleted'; access: Channel['access'] }
  | { status: 'missing' };

export interface Bounds {
  limit: number;
  bytes: number;
}

export interface ChannelsQuery {
  state?: ChannelState;
  limit: number;
  page?: string;
  /** Patterns, as in `protocol/rights.ts`, of the channels of the desk that are listed: none by `[]`, all by `['*']`. */
  desk: readonly string[];
}

export interface ChannelsPage {
  channels: ListedChannel[];
  next: string | null;
  complete: boolean;
}

export interface ServerPage {
  /** What the chain begins with; empty where it has not begun. */
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
 * Makes `html` of a body. An engine keeps the html with the version that made it, and makes it again when the version is another.
 * The channel is needed for `post:` links. Throws a `Refusal` where the html would be too large.
 */
export interface Renderer {
  version: string;
  /** The address for which it makes html. */
  publicUrl?: string;
  render(body: string, context: { channelId: string }): string;
}

/** The store could not be asked, or did not answer. `unchanged`: it certainly did nothing; `unknown`: it may have. */
export class JournalUnavailable extends Error {
  readonly outcome: 'unchanged' | 'unknown';
  /** The store is there, and takes no writes: its disk or its memory is full, or it is somebody's copy. Reads go on. */
  readonly refusesToWrite: boolean;
  /** A sentence of why it refuses to, for anyone to read. */
  readonly refusal: string | undefined;
  /** What the store holds of the channel contradicts itself: nothing is read or written until it is repaired. */
  readonly isDamaged: boolean;
  constructor(
    message: string,
    outcome: 'unchanged' | 'unknown',
    {
      refusesToWrite = false,
      refusal,
      isDamaged = false,
      ...options
    }: ErrorOptions & { refusesToWrite?: boolean; refusal?: string | undefined; isDamaged?: boolean } = {},
  ) {
    super(message, options);
    this.refusal = refusal;
    this.isDamaged = isDamaged;
    this.name = 'JournalUnavailable';
    this.outcome = outcome;
    this.refusesToWrite = refusesToWrite;
  }
}

/** For what is asked once a write was taken: a failure then says nothing of the write, and must not say `unchanged`. */
export async function afterWrite<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw withUnknownOutcome(error);
  }
}

/** The same error for who has had something written before it. */
export function withUnknownOutcome(error: unknown): unknown {
  if (!(error instanceof JournalUnavailable) || error.outcome === 'unknown') return error;
  const { message, refusesToWrite, isDamaged } = error;
  return new JournalUnavailable(message, 'unknown', { cause: error, refusesToWrite, isDamaged });
}

/** The store is there, but must not be used: a chain that does not hold, a directory in use, a schema from the future. */
export class JournalRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'JournalRefused';
  }
}

/** What went wrong, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
