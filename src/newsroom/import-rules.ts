import type { NewChannelEntry, NewPostEntry } from '../journal/engine.ts';
import { type AuthorPost, type Change, type Channel, isWithdrawn, typeOf } from '../protocol/model.ts';
import { withEveryField } from '../protocol/post-fields.ts';
import { type ChannelLine, type ErasedLine, isJournalled, type PostLine, type TransferLine } from '../protocol/transfer.ts';
import { limits } from '../protocol/wire-limits.ts';
import { isListed } from './change-history.ts';
import { bytesOf, invalidField, isSameValue, type RefusedWrite } from './decision.ts';
import { checkPostSize, isPlaceholder, placeholder, type UnnumberedPost } from './post-rules.ts';

/**
 * The rules of an import: what becomes of a line, by what stands here. A line is written where the one before it stands, and nowhere
 * else. So an import goes on where it stopped, never goes over what was changed here, and never brings back what was erased here.
 */
export type LineVerdict =
  | { verdict: 'write' }
  /** It stands here, or stood here and was erased. */
  | { verdict: 'stands' }
  /** Its post was taken down here. */
  | { verdict: 'withheld' }
  | { verdict: 'conflict'; why: string };

/** `past`: the post as it was here at the line's revision; undefined where that was erased, or has not been. */
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

/** `past`: the channel as it was here at the line's revision, where that is known. `pinned`: the post that the line pins, as it is here. */
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
  // What was erased of a post was published then, and what became of the post comes with a later line.
  const isThere = pinned !== undefined && (!isWithdrawn(pinned) || isPlaceholder(pinned));
  if (pins && !isThere) return conflict('It pins a post that is not published here.');
  return { verdict: 'write' };
}

/** Why a line must not become an event, whose bounds are those of what is published here. `html` is the body of the post rendered. */
export function checkLine({ post }: PostLine, html: string): RefusedWrite | undefined {
  if (bytesOf(post.history) <= limits.historyBytes) return checkPostSize({ ...post, html }, 'post');
  return invalidField('post.history', `Must have at most ${limits.historyBytes / 1024} KiB as JSON.`);
}

/** Whether the two are one channel, and not two that were given the same id. */
export function isSameChannel(a: Channel, b: Channel): boolean {
  return a.createdAt === b.createdAt;
}

/** `html` is the body of the post rendered. `by`: who imports, where the line does not say who did it. */
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
  // A takedown leaves nothing, whatever the line says of it.
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
 * What an entry erases, and what the chain says of that. A line with a place keeps what the chain said where it was written. Any other line
 * makes a new entry: where it says that it erased, the chain says all that goes, which includes placeholders.
 */
function erasureOf(line: PostLine | ErasedLine, through: number): Pick<NewPostEntry, 'erases' | 'toldErasure'> {
  const { erases, chained } = line.facts;
  const erasing = through > 0 ? { erases: through } : {};
  if (isJournalled(line.facts)) return { ...erasing, toldErasure: chained === true ? (erases as number) : null };
  if ('post' in line && line.post.status === 'taken-down') return erasing;
  return { ...erasing, toldErasure: erases === undefined ? null : through };
}

/** The revision up to which only a placeholder is here: it goes with the first text. */
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

/** `seq` and `html` are the server's own. */
function hasSameContent({ seq: _seq, html: _html, ...post }: AuthorPost, line: PostLine['post']): boolean {
  const sorted = (post: object) => JSON.stringify(Object.entries(withEveryField(post)).sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(post) === sorted(line);
}

/** Whether the line tells of the post as it is here: the same publication, and the change that was the last one here. */
function continues(current: AuthorPost, next: PostLine['post']): boolean {
  const { publishedAt, publishedBy, history } = current;
  if (publishedAt !== next.publishedAt || publishedBy !== next.publishedBy) return false;
  return hasSameChanges(history.slice(-1), next.history);
}

/** Whether the changes known here are told likewise in the line, as far as it still holds them. Notes may have been erased. */
function hasSameChanges(known: readonly Change[], told: readonly Change[]): boolean {
  return known.every((change) => {
    const same = told.find(({ revision }) => revision === change.revision);
    return same === undefined || (same.kind === change.kind && same.at === change.at);
  });
}
