import type { NewPostEntry } from '../journal/engine.ts';
import { lackingField } from '../protocol/field-rules.ts';
import {
  type AuthorChange,
  type AuthorPost,
  type Channel,
  isListed,
  isWithdrawn,
  needsNote,
  type PostFields,
  readerView,
  withoutUnlistedNotes,
} from '../protocol/model.ts';
import { blankFields, keptOf } from '../protocol/post-fields.ts';
import { mayAuthor, mayEdit, type Principal } from '../protocol/rights.ts';
import type { NewPost, Revision } from '../protocol/schemas.ts';
import { limits } from '../protocol/wire-limits.ts';
import { withChange, withoutNotes } from './change-history.ts';
import { unpin } from './channel-rules.ts';
import {
  type Attribution,
  appendEntries,
  bytesOf,
  checkRevision,
  type Decision,
  type Expected,
  invalidField,
  isSameValue,
  type RefusedWrite,
  refuse,
} from './decision.ts';
import { isOwn, type Ownership } from './ownership.ts';

/** The rules for posts. Every change has a kind. A withdrawn post cannot change, but a retracted one can still be taken down. */

export type UnnumberedPost = NewPostEntry['post'];

/** Authors may change posts that they published, whatever byline is shown. Editors may change all posts. */
export function mayChange(
  who: Principal,
  post: Pick<AuthorPost, 'channelId' | 'publishedBy' | 'ownerKey'>,
  ownership?: Ownership,
): boolean {
  return mayEdit(who, post.channelId) || (mayAuthor(who, post.channelId) && isOwn(who, post, ownership));
}

export interface PublishState {
  channel: Channel;
  /** The post that already has this id. */
  existing: AuthorPost | undefined;
  /** The published posts among those that the post restates, with their revisions. */
  sources: ReadonlyMap<string, number>;
}

/** `html`: the rendered body. `byline`: the author's name, if the post names no authors. */
export function publish(
  { channel, existing, sources }: PublishState,
  command: NewPost & { id: string; html: string; byline: string },
  { by, ownerKey, at }: Attribution,
): Decision {
  if (channel.state === 'ended') return refuse('channel-ended');
  if (existing) return refuse('post-exists');
  const post: UnnumberedPost = {
    id: command.id,
    channelId: channel.id,
    ...blankFields(),
    authors: [{ name: command.byline }],
    ...given(command),
    html: command.html,
    status: 'published',
    revision: 1,
    publishedAt: at,
    updatedAt: null,
    history: [],
    publishedBy: by,
    ...(ownerKey !== undefined && { ownerKey }),
  };
  const unfit = checkPost(post, '') ?? checkSources(post, sources, '');
  if (unfit) return unfit;
  const entry: NewPostEntry = { type: 'post.published', at, by, kind: null, listed: false, post };
  return appendEntries(decidedOn(channel, { id: post.id, revision: 0 }, sources), entry);
}

export interface PostState {
  channel: Channel;
  post: AuthorPost;
}

export interface Revise extends Revision {
  expected: Expected;
  /** The new body, rendered, if there is one. */
  html?: string | undefined;
}

/** A revision that changes no field must erase earlier revisions, or have a note and a kind other than `refile`. */
export function revise(
  { channel, post, sources }: PostState & Pick<PublishState, 'sources'>,
  command: Revise,
  { by, at }: Attribution,
): Decision {
  const { kind, changes } = command;
  const note = command.note ?? null;
  const erasing = command.eraseEarlier === true;
  const erasedNotes = command.eraseNotes ?? [];
  if (needsNote(kind) && note === null) return invalidField('note', `A ${kind} must tell readers what was wrong or unclear.`);
  if (erasedNotes.length > 0 && !erasing) return invalidField('eraseNotes', 'Needs `eraseEarlier`.');
  if (isWithdrawn(post)) return refuse('post-withdrawn');
  const late = checkRevision(post, command.expected);
  if (late) return late;
  const unknown = erasedNotes.findIndex(
    (named) => !post.history.some(({ revision, note }) => revision === named && note !== null),
  );
  if (unknown !== -1) return invalidField(`eraseNotes[${unknown}]`, 'Must be a revision whose note readers are shown.');

  const fields = given(changes);
  const changed = Object.entries(fields).some(([field, value]) => !isSameValue(post[field as keyof PostFields], value));
  if (!changed && !erasing && (kind === 'refile' || note === null)) {
    return invalidField('changes', `This ${kind} would change nothing.`);
  }

  const revision = post.revision + 1;
  const change: AuthorChange = { revision, kind, note, at, by };
  const next: UnnumberedPost = {
    ...withoutSeq(post),
    ...fields,
    html: command.html ?? post.html,
    revision,
    updatedAt: kind === 'refile' ? post.updatedAt : at,
    history: withChange(erasing ? withoutUnlistedNotes(post.history, erasedNotes) : post.history, change),
  };
  const unfit =
    checkPost(next, 'changes.') ??
    (isSameValue(next.derivedFrom, post.derivedFrom) ? undefined : checkSources(next, sources, 'changes.'));
  if (unfit) return unfit;
  return appendEntries(decidedOn(channel, post, sources), {
    type: 'post.revised',
    at,
    by,
    kind,
    listed: isListed(kind),
    post: next,
    ...(erasing ? { erases: post.revision } : {}),
  });
}

/** Withdraws the post from readers. Authors can still read its revisions. */
export function retract(
  { channel, post }: PostState,
  command: { note: string; expected?: Expected },
  attribution: Attribution,
): Decision {
  if (isWithdrawn(post)) return refuse('post-withdrawn');
  const late = checkRevision(post, command.expected);
  if (late) return late;
  return withdraw({ channel, post }, { type: 'post.retracted', kind: 'retraction', note: command.note }, attribution);
}

/**
 * Erases the post. A retracted post can still be taken down. A post that is taken down is unchanged. A placeholder has the status
 * `taken-down`, but its post was not taken down here. It gets a takedown entry, so that a later import finds the takedown.
 */
export function takeDown(
  { channel, post }: PostState,
  command: { note: string | null; expected?: Expected },
  attribution: Attribution,
): Decision {
  if (post.status === 'taken-down' && !isPlaceholder(post)) {
    return { status: 'unchanged', postId: post.id, revision: post.revision };
  }
  const late = checkRevision(post, command.expected);
  if (late) return late;
  return withdraw({ channel, post }, { type: 'post.taken-down', kind: 'takedown', note: command.note }, attribution);
}

/** The post of an erased revision in an import. A later revision with text replaces it. */
export function placeholder(
  { id, channelId, revision }: Pick<UnnumberedPost, 'id' | 'channelId' | 'revision'>,
  { publishedAt, publishedBy, ownerKey }: Pick<UnnumberedPost, 'publishedAt' | 'publishedBy' | 'ownerKey'>,
): UnnumberedPost {
  return {
    id,
    channelId,
    ...blankFields(),
    html: '',
    status: 'taken-down',
    revision,
    publishedAt,
    updatedAt: null,
    history: [],
    publishedBy,
    ...(ownerKey !== undefined && { ownerKey }),
  };
}

/** Unlike a placeholder, a post that was taken down has the takedown in its history. */
export function isPlaceholder({ status, history }: Pick<AuthorPost, 'status' | 'history'>): boolean {
  return status === 'taken-down' && history.length === 0;
}

type Withdrawal =
  | { type: 'post.retracted'; kind: 'retraction'; note: string }
  | { type: 'post.taken-down'; kind: 'takedown'; note: string | null };

function withdraw({ channel, post }: PostState, { type, kind, note }: Withdrawal, attribution: Attribution): Decision {
  const { by, at } = attribution;
  const erasing = kind === 'takedown';
  const revision = post.revision + 1;
  const { id, channelId, seq: _seq, ...kept } = keptOf(post);
  const tombstone: UnnumberedPost = {
    id,
    channelId,
    ...blankFields(),
    html: '',
    status: erasing ? 'taken-down' : 'retracted',
    ...kept,
    revision,
    updatedAt: at,
    history: withChange(erasing ? withoutNotes(post.history) : post.history, { revision, kind, note, at, by }),
    // Kept, because later requests for this post are still checked against its owner.
    publishedBy: post.publishedBy,
    ...(post.ownerKey !== undefined && { ownerKey: post.ownerKey }),
  };
  const entry: NewPostEntry = {
    type,
    at,
    by,
    kind,
    listed: isListed(kind),
    post: tombstone,
    ...(erasing ? { erases: post.revision } : {}),
  };
  const decided = decidedOn(channel, post);
  return channel.pinnedPostId === post.id
    ? appendEntries(decided, entry, unpin(channel, attribution))
    : appendEntries(decided, entry);
}

/**
 * The revisions that the append requires. Includes the sources, so that the append fails if a source was withdrawn since the
 * read: the response to that withdrawal did not list this post.
 */
function decidedOn(channel: Channel, post: Pick<AuthorPost, 'id' | 'revision'>, sources: PublishState['sources'] = new Map()) {
  return { channel: channel.revision, posts: { ...Object.fromEntries(sources), [post.id]: post.revision } };
}

/** The post fields of a request. */
function given(request: { readonly [F in keyof PostFields]?: PostFields[F] | undefined }): Partial<PostFields> {
  const names = Object.keys(blankFields()) as (keyof PostFields)[];
  return Object.fromEntries(names.flatMap((name) => (request[name] === undefined ? [] : [[name, request[name]]])));
}

function withoutSeq({ seq: _seq, ...post }: AuthorPost): UnnumberedPost {
  return post;
}

/** Checks the content of a published post. `at`: the path of its fields in the request. */
function checkPost(post: UnnumberedPost, at: string): RefusedWrite | undefined {
  switch (lackingField(post)) {
    case 'headline':
      return invalidField(`${at}headline`, 'A key event must have a headline.');
    case 'body':
      return invalidField(`${at}body`, 'A post must have a headline, a body that shows something, or media.');
  }
  return checkPostSize(post, at.slice(0, -1));
}

/** Checks the size of a post in an event, without its history. `at`: the path of the post in the request. */
export function checkPostSize(post: UnnumberedPost, at: string): RefusedWrite | undefined {
  const sent = readerView({ ...post, seq: Number.MAX_SAFE_INTEGER, history: [] });
  if (bytesOf(sent) <= limits.postBytes) return undefined;
  return invalidField(at, `Must not make the post larger than ${limits.postBytes / 1024} KiB as JSON.`);
}

function checkSources(post: UnnumberedPost, sources: PublishState['sources'], at: string): RefusedWrite | undefined {
  const strange = post.derivedFrom.findIndex((id) => id === post.id || !sources.has(id));
  if (strange === -1) return undefined;
  const path = `${at}derivedFrom[${strange}]`;
  if (post.derivedFrom[strange] === post.id) return invalidField(path, 'A post cannot restate itself.');
  return invalidField(path, 'Must name a published post of this channel.');
}
