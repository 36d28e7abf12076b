import type { NewChannelEntry, NewPostEntry } from '../journal/engine.ts';
import { type AuthorPost, type Change, type Channel, isWithdrawn, typeOf } from '../protocol/model.ts';
import { withEveryField } from '../protocol/post-fields.ts';
import { type ChannelLine, type ErasedLine, isJournalled, type PostLine, type TransferLine } from '../protocol/transfer.ts';
import { limits } from '../protocol/wire-limits.ts';
import { isListed } from './change-history.ts';
import { bytesOf, invalidField, isSameValue, type RefusedWrite } from './decision.ts';
import { checkPostSize, isPlaceholder, placeholder, type UnnumberedPost } from './post-rules.ts';

/**
 * The rules of an import: what happens to a line, depending on the state here. A line is written only directly after its preceding revision.
 * So a repeated import continues where it stopped, never overwrites changes made here, and never restores what was erased here.
 */
export type LineVerdict =
  | { verdict: 'write' }
  /** The revision is already here, or was here and is erased. */
  | { verdict: 'stands' }
  /** Its post was taken down here. */
  | { verdict: 'withheld' }
  | { verdict: 'conflict'; why: string };

/** `past`: the post here at the line's revision. Undefined if that revision is erased, or not here. */
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
  if ('post' in line && !continues(current, line.post)) return conflict('It does not follow on what was written here.');
  return { verdict: 'write' };
}

/** `past`: the channel here at the line's revision, if known. `pinned`: the post here that the line pins. */
export function verdictOnChannel(
  { channel }: ChannelLine,
  current: Channel | undefined,
  { past, pinned }: { past: Channel | undefined; pinned: AuthorPost | undefined },
): LineVerdict {
  if (current === undefined) return { verdict: 'write' };
  if (channel.revision <= current.revision) {
    const here = channel.revision === current.revision ? current : past;
    if (here === undefined || isSameValue(channel, here)) return { verdict: 'stands' };
    return conflict('Another revision with this number was written here.');
  }
  if (channel.revision > current.revision + 1) return conflict('The revision before it is not here.');
  if (!hasSameChanges(current.history, channel.history)) return conflict('It does not follow on what was written here.');
  const pins = channel.pinnedPostId !== null && channel.pinnedPostId !== current.pinnedPostId;
  // A placeholder counts as published: its text is erased, and its later state comes with a later line.
  const isThere = pinned !== undefined && (!isWithdrawn(pinned) || isPlaceholder(pinned));
  if (pins && !isThere) return conflict('It pins a post that is not published here.');
  return { verdict: 'write' };
}

/** The refusal of a line that exceeds the limits of posts published here. `html`: the rendered body of the post. */
export function checkLine({ post }: PostLine, html: string): RefusedWrite | undefined {
  if (bytesOf(post.history) <= limits.historyBytes) return checkPostSize({ ...post, html }, 'post');
  return invalidField('post.history', `Must have at most ${limits.historyBytes / 1024} KiB as JSON.`);
}

/** Whether both are the same channel, not two channels with the same id. */
export function isSameChannel(a: Channel, b: Channel): boolean {
  return a.createdAt === b.createdAt;
}

/** `by`: the importing user, if the line does not say who made the change. */
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
    if (type === 'channel.changed') throw new Error('the line of a post tells of the channel');
    return { ...facts, type, post, erased: line.facts.content, ...erasureOf(line, erased.revision - 1) };
  }
  const { post } = line;
  // A takedown erases everything before it, whatever the line says.
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
 * What an entry erases, and what the chain records about it. A line with an offset keeps the record of its original chain. Any other line makes
 * a new entry: if the line says that it erased something, the chain records everything that is erased, including placeholders.
 */
function erasureOf(line: PostLine | ErasedLine, through: number): Pick<NewPostEntry, 'erases' | 'toldErasure'> {
  const { erases, chained } = line.facts;
  const erasing = through > 0 ? { erases: through } : {};
  if (isJournalled(line.facts)) return { ...erasing, toldErasure: chained === true ? (erases as number) : null };
  if ('post' in line && line.post.status === 'taken-down') return erasing;
  return { ...erasing, toldErasure: erases === undefined ? null : through };
}

/** The revision of a placeholder here, which the first text of the post erases. 0 without one. */
function placeholderRevision(current: AuthorPost | UnnumberedPost | undefined): number {
  return current !== undefined && isPlaceholder(current) ? current.revision : 0;
}

export function revisionOf(line: TransferLine): number {
  if ('channel' in line) return line.channel.revision;
  return 'erased' in line ? line.erased.revision : line.post.revision;
}

function conflict(why: string): LineVerdict {
  return { verdict: 'conflict', why };
}

/** Ignores `seq` and `html`, which each server assigns. */
function hasSameContent({ seq: _seq, html: _html, ...post }: AuthorPost, line: PostLine['post']): boolean {
  const sorted = (post: object) => JSON.stringify(Object.entries(withEveryField(post)).sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(post) === sorted(line);
}

/** Whether the line continues the post here: the same publication, and the last change made here is in its history. */
function continues(current: AuthorPost, next: PostLine['post']): boolean {
  const { publishedAt, publishedBy, history } = current;
  if (publishedAt !== next.publishedAt || publishedBy !== next.publishedBy) return false;
  return hasSameChanges(history.slice(-1), next.history);
}

/** Whether the line agrees with the changes known here, as far as it still has them. Notes may be erased. */
function hasSameChanges(known: readonly Change[], told: readonly Change[]): boolean {
  return known.every((change) => {
    const same = told.find(({ revision }) => revision === change.revision);
    return same === undefined || (same.kind === change.kind && same.at === change.at);
  });
}
