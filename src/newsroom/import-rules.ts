import type { NewChannelEntry, NewPostEntry } from '../journal/engine.ts';
import { nextCheck } from '../journal/hash-chain.ts';
import { storedChannel } from '../protocol/channel-fields.ts';
import { type AuthorPost, type Change, type Channel, isListed, isWithdrawn, typeOf } from '../protocol/model.ts';
import { withEveryField } from '../protocol/post-fields.ts';
import { Refusal } from '../protocol/problems.ts';
import { type ChannelLine, type ErasedLine, isJournalled, type PostLine, type TransferLine } from '../protocol/transfer.ts';
import { limits } from '../protocol/wire-limits.ts';
import { bytesOf, invalidField, isSameValue, type RefusedWrite } from './decision.ts';
import { checkPostSize, isPlaceholder, placeholder, type UnnumberedPost } from './post-rules.ts';

/**
 * The rules of an import: what happens to a line, depending on the state of this server. A line is written only if the revision
 * before it exists here. So a repeated import continues where the last one stopped. An import never overwrites changes made on
 * this server ("here" below), and never restores text that was erased here.
 */
export type LineVerdict =
  | { verdict: 'write' }
  /** The revision exists here, or existed here and was erased. */
  | { verdict: 'stands' }
  /** The post was taken down here. */
  | { verdict: 'withheld' }
  | { verdict: 'conflict'; why: string };

/** `past`: the post here at the revision of the line. Undefined if that revision was erased or does not exist. */
export function verdictOnPost(
  line: PostLine | ErasedLine,
  current: AuthorPost | undefined,
  past: AuthorPost | undefined,
): LineVerdict {
  const revision = revisionOf(line);
  if (current === undefined) return { verdict: 'write' };
  const isTakenDown = current.status === 'taken-down' && !isPlaceholder(current);
  if (current.revision >= revision) {
    const here = past ?? (current.revision === revision && !isPlaceholder(current) ? current : undefined);
    if (here === undefined || 'erased' in line || hasSameContent(here, line.post)) return { verdict: 'stands' };
    return isTakenDown ? { verdict: 'withheld' } : conflict('Another revision with this number was written here.');
  }
  if (isTakenDown) return { verdict: 'withheld' };
  if (current.revision < revision - 1) return conflict('The revision before it is not here.');
  if (current.status === 'retracted' && !('post' in line && line.post.status === 'taken-down')) {
    return conflict('The post was retracted here.');
  }
  if ('post' in line && !continues(current, line.post))
    return conflict('It does not continue the revisions that were written here.');
  return { verdict: 'write' };
}

/**
 * `past`: the channel here at the revision of the line, if known. `pinned`: the current state here of the post that the line
 * pins.
 */
export function verdictOnChannel(
  { channel }: ChannelLine,
  current: Channel | undefined,
  { past, pinned }: { past: Channel | undefined; pinned: AuthorPost | undefined },
): LineVerdict {
  if (current === undefined) return { verdict: 'write' };
  if (channel.revision <= current.revision) {
    const here = channel.revision === current.revision ? current : past;
    if (here === undefined || isSameValue(storedChannel(channel), storedChannel(here))) return { verdict: 'stands' };
    return conflict('Another revision with this number was written here.');
  }
  if (channel.revision > current.revision + 1) return conflict('The revision before it is not here.');
  if (!hasSameChanges(current.history, channel.history))
    return conflict('It does not continue the revisions that were written here.');
  const pins = channel.pinnedPostId !== null && channel.pinnedPostId !== current.pinnedPostId;
  // A placeholder counts as published too. It stands for an erased revision, and the post was published when the channel pinned
  // it.
  const isThere = pinned !== undefined && (!isWithdrawn(pinned) || isPlaceholder(pinned));
  if (pins && !isThere) return conflict('It pins a post that is not published here.');
  return { verdict: 'write' };
}

/** Refuses a line that exceeds the size limits of published posts. `html` is the rendered body. */
export function checkLine({ post }: PostLine, html: string): RefusedWrite | undefined {
  if (bytesOf(post.history) <= limits.historyBytes) return checkPostSize({ ...post, html }, 'post');
  return invalidField('post.history', `Must have at most ${limits.historyBytes / 1024} KiB as JSON.`);
}

/** Whether the two are the same channel, rather than two channels with the same id. */
export function isSameChannel(a: Channel, b: Channel): boolean {
  return a.createdAt === b.createdAt;
}

/** `by`: the importing user, for lines that do not name an author. */
export function channelEntryOf({ channel, facts }: ChannelLine, by: string): NewChannelEntry {
  const own = channel.history.find((change) => change.revision === channel.revision);
  const kind = own?.kind ?? null;
  return {
    type: 'channel.changed',
    at: facts?.at ?? channel.updatedAt ?? channel.createdAt,
    by: facts?.by ?? by,
    kind,
    listed: isListed(kind),
    channel,
    ...(own && { change: own }),
    ...(facts?.salt !== undefined && { salt: facts.salt }),
  };
}

export function postEntryOf(line: PostLine | ErasedLine, html: string, current?: AuthorPost | UnnumberedPost): NewPostEntry {
  const { at, by, kind = null, salt } = line.facts;
  const facts = { at, by, kind, listed: isListed(kind) };
  if ('erased' in line) {
    const { erased } = line;
    const post = placeholder(erased, current ?? { publishedAt: at, publishedBy: by });
    const type = line.facts.type ?? (erased.revision === 1 ? 'post.published' : 'post.revised');
    if (type === 'channel.changed') throw new Error('the line of a post has the type of a channel');
    return { ...facts, type, post, erased: line.facts.content, ...erasureOf(line, erased.revision - 1) };
  }
  const { post } = line;
  // A takedown erases all earlier revisions, regardless of `erases` in the line.
  const through =
    post.status === 'taken-down' ? post.revision - 1 : Math.max(line.facts.erases ?? 0, placeholderRevision(current));
  return {
    ...facts,
    type: typeOf(post),
    post: { ...post, html },
    ...(salt !== undefined && { salt }),
    ...erasureOf(line, through),
  };
}

/**
 * The erasure of an entry (`erases`), and the erasure that the hash of the entry covers (`chainedErasure`). A line with an offset
 * in a history keeps the erasure that its hash covered on the server that wrote it. Any other line makes a new entry: if the line
 * states an erasure, the hash covers all that is erased, including placeholders.
 */
function erasureOf(line: PostLine | ErasedLine, through: number): Pick<NewPostEntry, 'erases' | 'chainedErasure'> {
  const { erases, chained } = line.facts;
  const erasing = through > 0 ? { erases: through } : {};
  if (isJournalled(line.facts)) return { ...erasing, chainedErasure: chained === true ? (erases as number) : null };
  if ('post' in line && line.post.status === 'taken-down') return erasing;
  return { ...erasing, chainedErasure: erases === undefined ? null : through };
}

/** The revision of a placeholder, which the first revision with text erases. 0 if the post is not a placeholder. */
function placeholderRevision(current: AuthorPost | UnnumberedPost | undefined): number {
  return current !== undefined && isPlaceholder(current) ? current.revision : 0;
}

export function revisionOf(line: TransferLine): number {
  if ('channel' in line) return line.channel.revision;
  return 'erased' in line ? line.erased.revision : line.post.revision;
}

/** The position of the previous line in the history of its channel. */
export interface HistoryPosition {
  channelId: string;
  offset: number;
  check: string;
}

/**
 * Checks the hash chain. Throws a `Refusal` if lines are missing or were changed. The first line of a channel is only checked if
 * it has offset 1.
 */
export function positionAfter(
  before: HistoryPosition | undefined,
  line: TransferLine,
  digestOf: () => string,
): HistoryPosition | undefined {
  const { offset, check, root } = line.facts ?? {};
  if (offset === undefined || check === undefined) return undefined;
  const channelId = channelIdOf(line);
  const follows = before?.channelId === channelId;
  if (follows && offset !== 1 && offset !== before.offset + 1) {
    const message = `Must be ${before.offset + 1}: lines are missing, or not in their order.`;
    throw new Refusal('invalid-body', { errors: [{ path: 'revision.offset', message }] });
  }
  const base = offset === 1 ? root : follows ? before.check : undefined;
  if (base !== undefined && nextCheck(base, offset, digestOf()) !== check) {
    const message = 'Does not match the content of the line, which was changed after the export.';
    throw new Refusal('invalid-body', { errors: [{ path: 'revision.check', message }] });
  }
  return { channelId, offset, check };
}

export function channelIdOf(line: TransferLine): string {
  if ('channel' in line) return line.channel.id;
  return 'erased' in line ? line.erased.channelId : line.post.channelId;
}

export function postIdOf(line: Exclude<TransferLine, ChannelLine>): string;
export function postIdOf(line: TransferLine): string | null;
export function postIdOf(line: TransferLine): string | null {
  if ('channel' in line) return null;
  return 'erased' in line ? line.erased.id : line.post.id;
}

function conflict(why: string): LineVerdict {
  return { verdict: 'conflict', why };
}

/** `seq` and `html` are not compared, because each server makes its own. */
function hasSameContent({ seq: _seq, html: _html, ...post }: AuthorPost, line: PostLine['post']): boolean {
  const sorted = (post: object) => JSON.stringify(Object.entries(withEveryField(post)).sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(post) === sorted(line);
}

/**
 * Whether the line continues the post here: both were published by the same author at the same time and agree on the last change.
 */
function continues(current: AuthorPost, next: PostLine['post']): boolean {
  const { publishedAt, publishedBy, history } = current;
  if (publishedAt !== next.publishedAt || publishedBy !== next.publishedBy) return false;
  return hasSameChanges(history.slice(-1), next.history);
}

/**
 * Whether the changes that are both here and in the line have the same kind and time. Notes are not compared, because they may
 * have been erased.
 */
function hasSameChanges(known: readonly Change[], stated: readonly Change[]): boolean {
  return known.every((change) => {
    const same = stated.find(({ revision }) => revision === change.revision);
    return same === undefined || (same.kind === change.kind && same.at === change.at);
  });
}
