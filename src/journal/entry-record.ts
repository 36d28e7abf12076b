import { type StoredChannel, storedChannel, withEveryChannelField } from '../protocol/channel-fields.ts';
import type { Position } from '../protocol/cursor.ts';
import type { AuthorPost, Channel, Counts, EventType, JournalLine } from '../protocol/model.ts';
import { readerView } from '../protocol/model.ts';
import { isEmptied, withEveryField } from '../protocol/post-fields.ts';
import {
  channelWithAddresses,
  channelWithReferences,
  postWithAddresses,
  postWithReferences,
} from '../protocol/uploaded-media.ts';
import { activityWithoutPosts } from './activity-order.ts';
import type { AppendRequest, ExportedEntry, NewEntry, NewPostEntry, Renderer, Replay, StoredChange } from './engine.ts';
import { contentHash, digestOf, type Facts, newSalt, saltAfter, shortCheck } from './hash-chain.ts';
import { tagsOf } from './post-tags.ts';

/**
 * How every engine stores an entry: facts, which stay, and one text, which an erasure removes. Records are prepared before the
 * store is called and parsed after it answers, so that no store needs to parse JSON. The store assigns the offset, the checks and
 * `seq`.
 */

/** The only place where the text of a revision is kept: what the author wrote, its html, and its salt. */
export interface Text {
  salt: string;
  /** Version of the renderer that made `html`. */
  version: string;
  /** UTF-8 bytes of the author's view as JSON, and of `body` in it. Byte bounds count these. */
  bytes: number;
  bodyBytes: number;
  /** Kept beside `state`, so that lists of key events and corrections need not read `state`. */
  headline: string | null;
  note: string | null;
  html: string;
  /** The post or channel in the author's view as JSON, without `seq` and `html`. */
  state: string;
}

export interface PreparedEntry {
  facts: Facts;
  listed: boolean;
  text: Text;
  /** Salted hash of the text. Remains after the text is erased. */
  content: string;
  digest: string;
  post?: { id: string; publishedAt: string; tags: string[]; erases: number };
  channel?: Pick<Channel, 'state' | 'access' | 'createdAt' | 'pinnedPostId'> & {
    /** See `activityWithoutPosts`. */
    activity: string;
  };
}

/** Upper bound of the bytes that an event adds to its post or channel: names, cursor, times and `seq`. */
const envelopeBytes = 512;

/** Upper bound of the bytes that an address adds to the reference that it replaces. */
const addressBytes = 256;

/** The part of a renderer that decides what is stored. References to uploaded media take the place of addresses below `publicUrl`. */
export type Storing = Pick<Renderer, 'version' | 'publicUrl'>;

/**
 * Prepares entries that are appended together. The second salt is derived from the first, so that an import that knows the first
 * can reproduce the second.
 */
export function prepareAll(channelId: string, [first, second]: AppendRequest['entries'], storing: Storing): PreparedEntry[] {
  const prepared = prepare(channelId, first, storing);
  if (second === undefined) return [prepared];
  return [prepared, prepare(channelId, { salt: saltAfter(prepared.text.salt), ...second }, storing)];
}

export function prepare(channelId: string, entry: NewEntry, { version, publicUrl }: Storing): PreparedEntry {
  const { type, at, by, kind, listed } = entry;
  if (type === 'channel.changed') {
    const { channel, change } = entry;
    const text = textOf(
      entry.salt,
      JSON.stringify(storedChannel(channelWithReferences(channel, publicUrl))),
      '',
      '',
      channel.headline,
      change?.note ?? null,
      version,
    );
    const facts = { channelId, type, postId: null, revision: channel.revision, kind, at, by };
    const { state, access, createdAt, pinnedPostId } = channel;
    return {
      ...hashEntry(facts, text),
      listed,
      channel: { state, access, createdAt, pinnedPostId, activity: activityWithoutPosts(channel) },
    };
  }
  const { html, seq: _seq, ...state } = postWithReferences(entry.post as AuthorPost, publicUrl);
  const note = state.history.find((change) => change.revision === state.revision)?.note ?? null;
  const salt = entry.erased === undefined ? entry.salt : erasedSalt;
  const text = textOf(salt, JSON.stringify(state), state.body, html, state.headline, note, version);
  // An erasure never includes the entry's own revision.
  const erased = entry.erases && Math.min(entry.erases, state.revision - 1);
  const erases = entry.chainedErasure === undefined ? erased : entry.chainedErasure;
  const facts = { channelId, type, postId: state.id, revision: state.revision, kind, at, by, erases };
  const post = { id: state.id, publishedAt: state.publishedAt, tags: tagsOf(state), erases: entry.erases ?? 0 };
  return { ...hashEntry(facts, text, entry.erased), listed, post };
}

/** The salt of a placeholder, which replaces a text that was erased before its entry was imported. */
export const erasedSalt = '';

/** Whether a stored revision contains nothing that an author wrote. */
export function isEmptyText({ headline, note, state }: Pick<Text, 'headline' | 'note' | 'state'>): boolean {
  try {
    const post = JSON.parse(state) as AuthorPost;
    return headline === null && note === null && post.history.length === 0 && isEmptied(post);
  } catch {
    return false;
  }
}

/**
 * Rebuilds the text record from `state` and `html`, after the rest was lost. The version is empty, which no renderer has, so the
 * html is rendered again.
 */
export function rebuildText(state: string, html: string): Text {
  const {
    body = '',
    headline,
    history,
    revision,
  } = JSON.parse(state) as Partial<AuthorPost> & Pick<Channel, 'history' | 'revision'>;
  const note = history.find((change) => change.revision === revision)?.note ?? null;
  return textOf(undefined, state, body, html, headline ?? null, note, '');
}

function textOf(
  salt: string | undefined,
  state: string,
  body: string,
  html: string,
  headline: string | null,
  note: string | null,
  version: string,
): Text {
  const addresses = state.split('"media:').length - 1;
  const bytes = Buffer.byteLength(state) + Buffer.byteLength(JSON.stringify(html)) + addresses * addressBytes + envelopeBytes;
  const bodyBytes = Buffer.byteLength(JSON.stringify(body));
  return { salt: salt ?? newSalt(), version, bytes, bodyBytes, headline, note, html, state };
}

function hashEntry(facts: Facts, text: Text, erased?: string): Pick<PreparedEntry, 'facts' | 'text' | 'content' | 'digest'> {
  const content = erased ?? hashOf(text);
  return { facts, text, content, digest: digestOf(facts, content) };
}

/** The hash of what the author wrote. Excludes `html`, which is derived and may be rendered again. */
export function hashOf({ salt, headline, note, state }: Pick<Text, 'salt' | 'headline' | 'note' | 'state'>): string {
  return contentHash(salt, JSON.stringify([headline, note]) + state);
}

export type StoredText = Pick<Text, 'state' | 'html' | 'version'>;

/** A stored change: its position, its facts, and the text of its revision. */
export interface StoredEntry extends StoredText {
  offset: number;
  check: string;
  type: EventType;
  at: string;
  /** The `seq` of the post; null for the channel. */
  seq: number | null;
  /** After the entry, if they are known. */
  counts?: Counts | undefined;
}

export function postFrom(text: StoredText, seq: number, renderer: Renderer): AuthorPost {
  const { id, channelId, ...state } = withEveryField(JSON.parse(text.state) as Omit<AuthorPost, 'seq' | 'html'>);
  const post = { id, channelId, seq, ...state, html: htmlOf(text, state.body, channelId, renderer) };
  return postWithAddresses(post, renderer.publicUrl);
}

/** Returns the same as `postFrom` for an entry that was just written, without parsing its JSON. */
export function postOf({ post }: NewPostEntry, seq: number, { publicUrl }: Renderer): AuthorPost {
  const { id, channelId, html, seq: _seq, ...state } = withEveryField(post as AuthorPost);
  return postWithAddresses({ id, channelId, seq, ...state, html }, publicUrl);
}

/** The channel as it is stored, with references to uploaded media. */
export function channelFrom(state: string): Channel {
  return withEveryChannelField(JSON.parse(state) as StoredChannel);
}

/** The channel as readers and authors see it. */
export function shownChannel(state: string, { publicUrl }: Renderer): Channel {
  return channelWithAddresses(channelFrom(state), publicUrl);
}

/** The replay that these entries make. `counts`: as of `to`, undefined if there is more. The last change has them too. */
export function replayFrom(
  entries: readonly StoredEntry[],
  { to, counts, more }: { to: Position; counts: Counts | undefined; more: boolean },
  renderer: Renderer,
): Replay {
  const changes = entries.map((entry) => changeFrom(entry.offset === to.offset ? { ...entry, counts } : entry, renderer));
  return { status: 'replay', to, changes, ...(counts && { counts }), more };
}

function changeFrom(entry: StoredEntry, renderer: Renderer): StoredChange {
  return changeOf(entry, entry.type === 'channel.changed' ? undefined : postFrom(entry, entry.seq as number, renderer), renderer);
}

/** `post`: the post after the entry, if it is an entry of a post. */
export function changeOf(
  { offset, check, at, type, counts, state }: Pick<StoredEntry, 'offset' | 'check' | 'at' | 'type' | 'counts' | 'state'>,
  post: AuthorPost | undefined,
  renderer: Renderer,
): StoredChange {
  const place = { offset, check: shortCheck(check), at, ...(counts && { counts }) };
  if (type === 'channel.changed') return { ...place, type, channel: shownChannel(state, renderer) };
  return { ...place, type, post: readerView(post as AuthorPost) };
}

/** The note of a revision, from the history of the current post. Null: it has none, or it was erased. */
export function noteOfRevision(state: string, revision: number): string | null {
  const { history } = JSON.parse(state) as Pick<AuthorPost, 'history'>;
  return history.find((change) => change.revision === revision)?.note ?? null;
}

export interface StoredFacts extends Omit<Facts, 'channelId'> {
  offset: number;
  content: string;
  check: string;
}

export function journalLine(channelId: string, { content, ...facts }: StoredFacts): JournalLine {
  const { offset, type, postId, revision, kind, at, by, check, erases } = facts;
  const line = { offset, type, postId, revision, kind, at, by, ...(typeof erases === 'number' && { erases }) };
  return { ...line, hash: digestOf({ channelId, ...facts }, content), check };
}

/** `erasedThrough`: the last erased revision of the entry's post, or 0. */
export function exportedEntry(
  facts: StoredFacts,
  text: { salt: string | null; state: string | null },
  erasedThrough: number | null,
): ExportedEntry {
  const { offset, type, postId, revision, kind, at, by, content, check, erases } = facts;
  const { salt, state } = text;
  const isLastErasure = erasedThrough !== null && erasedThrough > 0 && revision === erasedThrough + 1;
  return {
    ...{ offset, type, postId, revision, kind, at, by, content, check },
    ...(salt !== null && salt !== erasedSalt && state !== null ? { written: { salt, state } } : {}),
    ...(typeof erases === 'number' ? { erases, chained: true } : isLastErasure ? { erases: erasedThrough } : {}),
  };
}

function htmlOf(text: StoredText, body: string, channelId: string, renderer: Renderer): string {
  return text.version === renderer.version || body === '' ? text.html : renderBody(body, channelId, renderer);
}

/** The html of a body, as readers see it. */
export function renderBody(body: string, channelId: string, renderer: Renderer): string {
  if (body === '') return '';
  try {
    return renderer.render(body, { channelId });
  } catch {
    // A body that this renderer refuses, but an earlier one accepted, must not make the channel unreadable.
    return `<p>${body.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)}</p>`;
  }
}
