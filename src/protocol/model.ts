/**
 * The types of everything on the wire. They are apart from the schemas so that browsers load no schema. The compiler checks the zod
 * schemas in `schemas.ts` against these types. Times are RFC 3339 in UTC with milliseconds.
 */

export const channelStates = ['scheduled', 'live', 'ended'] as const;
export const accesses = ['public', 'members', 'desk'] as const;
export const postKinds = ['update', 'breaking', 'summary', 'analysis'] as const;
export const verifications = ['verified', 'unverified', 'disputed'] as const;
/** The sites whose posts pages can show in a frame. `embeds/frames.ts` has the address and the size of each frame. */
export const embedProviders = [
  'bluesky',
  'datawrapper',
  'flourish',
  'google-maps',
  'instagram',
  'mastodon',
  'openstreetmap',
  'tiktok',
  'vimeo',
  'x',
  'youtube',
] as const;
/** The kinds of a revision. */
export const revisionKinds = ['refile', 'update', 'clarification', 'correction'] as const;
/** Written out, because a bundler would keep a computed list in page scripts that do not use it. */
export const changeKinds = ['refile', 'update', 'clarification', 'correction', 'retraction', 'takedown'] as const;
/**
 * The only list of event types. Each begins with the subject of the event, and the event has the whole state of that subject.
 * Code that depends on the type or the subject uses a switch or a table that is complete, so that a new type does not compile
 * until every place handles it.
 */
export const eventTypes = ['post.published', 'post.revised', 'post.retracted', 'post.taken-down', 'channel.changed'] as const;

/** The transports that deliver events to readers. */
export const transports = ['socket', 'stream', 'poll'] as const;

export type Transport = (typeof transports)[number];
/** Why the server ended a subscription. */
export const endedReasons = ['slow', 'history', 'expired', 'revoked', 'forbidden', 'gone'] as const;

export type EndedReason = (typeof endedReasons)[number];
/** Orders of lists of channels, besides the default by creation. */
export const channelOrders = ['activity'] as const;
export type ChannelOrder = (typeof channelOrders)[number];
export type ChannelState = (typeof channelStates)[number];
export type Access = (typeof accesses)[number];
export type PostKind = (typeof postKinds)[number];
export type Verification = (typeof verifications)[number];
export type EmbedProvider = (typeof embedProviders)[number];
export type RevisionKind = (typeof revisionKinds)[number];
export type ChangeKind = (typeof changeKinds)[number];
export type PostStatus = 'published' | 'retracted' | 'taken-down';
export type EventType = (typeof eventTypes)[number];
type SubjectOf<Type extends EventType> = Type extends `${infer Subject}.${string}` ? Subject : Type;
export type EventSubject = SubjectOf<EventType>;
export type EventTypeOf<Subject extends EventSubject> = Extract<EventType, Subject | `${Subject}.${string}`>;
export type PostEventType = EventTypeOf<'post'>;

export interface Person {
  name: string;
  role?: string | undefined;
  url?: string | undefined;
}

export interface Source {
  name: string;
  via?: string | undefined;
  url?: string | undefined;
}

/** One file of an uploaded picture. */
export interface Rendition {
  url: string;
  width: number;
  mimeType: string;
}

/** The point of a picture that a crop keeps: its distance from the left and from the top, as shares of the width and the height. */
export interface Focus {
  x: number;
  y: number;
}
export interface ImageMedia {
  type: 'image';
  url: string;
  alt: string;
  caption?: string | undefined;
  credit?: string | undefined;
  width?: number | undefined;
  height?: number | undefined;
  focus?: Focus | undefined;
  /** The files of an uploaded picture, narrowest first. */
  renditions?: Rendition[] | undefined;
}
export interface VideoMedia {
  type: 'video';
  url: string;
  mimeType?: string | undefined;
  poster?: string | undefined;
  captions?: string | undefined;
  caption?: string | undefined;
  width?: number | undefined;
  height?: number | undefined;
}
/** A post on another site, by the form of `id` that the site has in `embeds/frames.ts`. */
export interface Embed {
  provider: EmbedProvider;
  id: string;
}
export interface AudioFile {
  url: string;
  mimeType: string;
}
export interface LinkMedia {
  type: 'link';
  url: string;
  title: string;
  source?: string | undefined;
  image?: string | undefined;
  description?: string | undefined;
  /** Clients that cannot show it show the link. */
  embed?: Embed | undefined;
  /** A sound file. Not together with `embed`. */
  audio?: AudioFile | undefined;
}
/** The picture of a channel: an image without `type`. */
export type Picture = Omit<ImageMedia, 'type'>;
export type Media = ImageMedia | VideoMedia | LinkMedia;

/** One change of a post or channel, as readers see it. */
export interface Change {
  revision: number;
  kind: ChangeKind;
  note: string | null;
  at: string;
}
/** A change with the token `sub` of the person who made it. Only in the author's view. */
export interface AuthorChange extends Change {
  by: string;
}

export interface Channel {
  id: string;
  state: ChannelState;
  headline: string;
  standfirst: string | null;
  section: string | null;
  byline: Person[];
  picture: Picture | null;
  language: string;
  timezone: string;
  access: Access;
  url: string | null;
  pinnedPostId: string | null;
  startsAt: string | null;
  createdAt: string;
  startedAt: string | null;
  endedAt: string | null;
  updatedAt: string | null;
  revision: number;
  history: Change[];
}

export interface ListedChannel extends Channel {
  latestPostAt: string | null;
}

export interface ChannelList {
  channels: ListedChannel[];
  /** The `page` of the next request. Null at the end. */
  next: string | null;
  /** Some channels may be missing at the moment. */
  complete?: false;
}

/** The fields of a post that its author writes. Their empty values are in `post-fields.ts`. */
export interface PostFields {
  /** Decides how the post is shown. A withdrawn post keeps it. */
  kind: PostKind;
  /** Lists the post among the channel's key events. Requires a headline. */
  keyEvent: boolean;
  /** Plain text. */
  headline: string | null;
  /** CommonMark with tables, strikethrough and bare links. */
  body: string;
  /** In display order. */
  media: Media[];
  /** The byline. Default: the `name` of the author's token. */
  authors: Person[];
  /** The people and organizations that reported what the post says. */
  sources: Source[];
  /** Whether the newsroom verified what the sources say. */
  verification: Verification | null;
  /** Whether more information is expected. */
  developing: boolean;
  /** The ids of posts in the same channel that this post restates. */
  derivedFrom: string[];
}

/** The fields of a post that its author does not write. */
interface PostFacts<C extends Change> {
  id: string;
  channelId: string;
  /** The offset at which it was first published. It defines the display order: the highest is on top. */
  seq: number;
  /** Safe to insert as it is. Empty if there is no body. */
  html: string;
  status: PostStatus;
  revision: number;
  publishedAt: string;
  updatedAt: string | null;
  history: C[];
}

/** A post in the reader's view, on every transport. */
export interface ReaderPost extends Omit<PostFields, 'body'>, PostFacts<Change> {}

/** A post in the author's view, in answers to authors of the channel. */
export interface AuthorPost extends PostFields, PostFacts<AuthorChange> {
  publishedBy: string;
  /** Opaque. Identifies the owner if an issuer was configured when the post was published. */
  ownerKey?: string;
}

/** How much a channel has, as of a position. */
export interface Counts {
  /** Published posts that are not withdrawn. */
  posts: number;
  /** Those of them that are key events. */
  keyEvents: number;
  /** Entries of the channel's list of corrections. */
  corrections: number;
}

interface EventFacts {
  channelId: string;
  /** The event covers the offsets `from` to `offset`. */
  from: number;
  offset: number;
  cursor: string;
  at: string;
  /** As of `offset`. Left out if they are not known. */
  counts?: Counts | undefined;
}
export interface PostEvent extends EventFacts {
  type: PostEventType;
  post: ReaderPost;
}
export interface ChannelEvent extends EventFacts {
  type: EventTypeOf<'channel'>;
  channel: Channel;
}
/** The event type of each subject. */
export interface EventsAbout {
  post: PostEvent;
  channel: ChannelEvent;
}
export type Event = EventsAbout[EventSubject];

export interface KeyEvent {
  id: string;
  seq: number;
  headline: string;
  publishedAt: string;
}

export interface Snapshot {
  channel: Channel;
  cursor: string;
  /** Servers of an earlier version leave them out. */
  counts?: Counts | undefined;
  posts: ReaderPost[];
  pinned: ReaderPost | null;
  summary: ReaderPost | null;
  keyEvents: KeyEvent[];
  more: boolean;
}

interface CatchUpFacts {
  covers: { after: number; to: number };
  cursor: string;
  /** As of `covers.to`. Left out if they are not known, as when there is more. */
  counts?: Counts | undefined;
  more: boolean;
}
export interface ReplayCatchUp extends CatchUpFacts {
  mode: 'replay';
  reset: false;
  events: Event[];
}
export interface SnapshotCatchUp extends CatchUpFacts {
  mode: 'snapshot';
  reset: boolean;
  snapshot: Snapshot;
}
export type CatchUp = ReplayCatchUp | SnapshotCatchUp;

export interface Correction {
  offset: number;
  postId: string | null;
  headline: string | null;
  revision: number;
  kind: ChangeKind;
  note: string | null;
  at: string;
}

/** One line of a channel's journal as an audit trail, without text. */
export interface JournalLine {
  offset: number;
  type: EventType;
  postId: string | null;
  revision: number;
  kind: ChangeKind | null;
  at: string;
  by: string;
  /** This entry erased the post's revisions up to this one. Left out if nothing was erased. */
  erases?: number | undefined;
  /** SHA-256 of the entry's facts and salted content hash, hex. */
  hash: string;
  /** The chain's value at this offset, hex. */
  check: string;
}

export const serverEntryTypes = [
  'journal.begun',
  'channel.found',
  'channel.created',
  'channel.imported',
  'channel.deleted',
  'erasure.imported',
  'token.revoked',
  'session.ended',
  'renderer.used',
] as const;

/** The facts of an entry in the server's own journal, without text. */
export interface ServerFacts {
  type: (typeof serverEntryTypes)[number];
  /** A channel id, a token's `jti`, or the version of a renderer. */
  subject: string | null;
  detail: string | null;
  at: string;
  /** The token `sub` of the person who did it. */
  by: string;
}

/** A line of the server's own journal. */
export interface ServerEntry extends ServerFacts {
  offset: number;
  /** SHA-256 of the facts, hex. */
  hash: string;
  /** The chain's value at this offset, hex. */
  check: string;
  /**
   * For a revocation, and a session that was signed out: true while it is in effect or if its token or session has expired, false
   * if the server has lost it.
   */
  stands?: boolean | undefined;
}

/** An uploaded file. Posts refer to it by `url`. */
export interface UploadedMedia {
  id: string;
  type: 'image' | 'video' | 'audio';
  /** `media:<id>`. */
  url: string;
  mimeType: string;
  /** As it is displayed. Null for sound. */
  width: number | null;
  height: number | null;
  /** Null for pictures. */
  durationSeconds: number | null;
  /** All files together. */
  bytes: number;
  uploadedAt: string;
  files: { url: string; width: number | null; mimeType: string; bytes: number }[];
}

/** An upload as its channel's editors see it. */
export interface StoredUpload extends UploadedMedia {
  /** The `sub` of the uploader. */
  by: string;
  /** Whether a published post, or the channel itself, uses it. */
  isUsed: boolean;
  /** `sha256`: null for files of versions that did not store it. */
  files: (UploadedMedia['files'][number] & { name: string; sha256: string | null })[];
}

export interface Erasure {
  complete: boolean;
  pending: { where: string; why: string }[];
  /** Caches between the server and readers may show uploaded media of the erased text for this long. */
  cachedSeconds?: number;
}

/** The reader's view of a post: only the fields listed here, so never `body`, `publishedBy`, `ownerKey` or who made a change. */
export function readerView(post: AuthorPost): ReaderPost {
  return {
    id: post.id,
    channelId: post.channelId,
    seq: post.seq,
    kind: post.kind,
    keyEvent: post.keyEvent,
    headline: post.headline,
    media: post.media,
    authors: post.authors,
    sources: post.sources,
    verification: post.verification,
    developing: post.developing,
    derivedFrom: post.derivedFrom,
    status: post.status,
    revision: post.revision,
    publishedAt: post.publishedAt,
    updatedAt: post.updatedAt,
    html: post.html,
    history: post.history.map(({ revision, kind, note, at }) => ({ revision, kind, note, at })),
  };
}

/** Whether this version knows the event type. */
export function isEventType(type: unknown): type is EventType {
  return (eventTypes as readonly unknown[]).includes(type);
}

export function subjectOf<Type extends EventType>(type: Type): SubjectOf<Type> {
  return type.split('.')[0] as SubjectOf<Type>;
}

/** The type of the event that made a post's revision. */
export function typeOf({ revision, status }: { revision: number; status: PostStatus }): PostEventType {
  if (status === 'taken-down') return 'post.taken-down';
  if (status === 'retracted') return 'post.retracted';
  return revision === 1 ? 'post.published' : 'post.revised';
}

/** Whether a change of this kind requires a note. */
export function needsNote(kind: ChangeKind): boolean {
  return kind === 'clarification' || kind === 'correction' || kind === 'retraction';
}

export function isWithdrawn(post: { status: PostStatus }): boolean {
  return post.status !== 'published';
}

/** Whether the change is a correction or a clarification. */
export function isCorrection(change: Change | undefined): boolean {
  return change?.kind === 'correction' || change?.kind === 'clarification';
}

/** Whether a change of this kind is listed among a channel's corrections. */
export function isListed(kind: ChangeKind | null): boolean {
  return kind === 'clarification' || kind === 'correction' || kind === 'retraction' || kind === 'takedown';
}

/**
 * Removes notes when the earlier revisions of a post are erased, but the post itself is not. Notes of listed changes, such as
 * corrections, are kept as the record of what was wrong, except those of the revisions in `named`.
 */
export function withoutUnlistedNotes<C extends Change>(history: readonly C[], named: readonly number[]): C[] {
  return history.map((change) =>
    isListed(change.kind) && !named.includes(change.revision) ? change : { ...change, note: null },
  );
}
