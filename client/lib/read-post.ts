import {
  type Change,
  type Counts,
  isCorrection,
  isWithdrawn,
  type Media,
  type PostStatus,
  postKinds,
  type ReaderPost,
  type Verification,
  verifications,
} from '../../src/protocol/model.ts';
import { blankPost, keptOf } from '../../src/protocol/post-fields.ts';
import { isObject } from './http.ts';

/**
 * Adapts a post from any server version to this client. An unknown kind becomes `update`, media of unknown types are dropped, and
 * an unknown status counts as withdrawn, because showing a withdrawn text is the worse mistake. A post without unknown values is
 * returned unchanged.
 */
export function readPost(post: ReaderPost): ReaderPost {
  const adapted: ReaderPost = {
    ...blankPost(),
    ...(statuses.includes(post.status) ? post : { ...keptOf(post), status: 'retracted' }),
  };
  if (!postKinds.includes(adapted.kind)) adapted.kind = 'update';
  if (!verifications.includes(adapted.verification as Verification)) adapted.verification = null;
  if (!adapted.media.every(isKnownMedia)) adapted.media = adapted.media.filter(isKnownMedia);
  return Object.entries(adapted).every(([field, value]) => post[field as keyof ReaderPost] === value) ? post : adapted;
}

const statuses: readonly PostStatus[] = ['published', 'retracted', 'taken-down'];

/** The changes that readers of an earlier revision should know of, oldest first. */
export function correctionsOf(post: { history: readonly Change[] }): Change[] {
  return post.history.filter(isCorrection);
}

/**
 * What to tell a reader who saw revision `since`: that the post was withdrawn, or that it was corrected, even if later changes
 * were of another kind. By default only the last change counts.
 */
export function noticeFor(post: ReaderPost, since = post.revision - 1): 'withdrawals' | 'corrections' | undefined {
  if (isWithdrawn(post)) return 'withdrawals';
  return correctionsOf(post).some(({ revision }) => revision > since) ? 'corrections' : undefined;
}

function isKnownMedia(media: Media): boolean {
  const types: readonly Media['type'][] = ['image', 'video', 'link'];
  return types.includes(media?.type);
}

/** Whether it has the fields that a reader relies on. The answer may come from another server, or be broken. */
export function isPost(value: unknown): value is ReaderPost {
  if (!isObject(value)) return false;
  const { id, seq, revision, media, history } = value;
  return isText(id) && [seq, revision].every(isCount) && [media, history].every(Array.isArray);
}

/** Undefined if the server is of an earlier version, which does not count, or if they are broken. */
export function readCounts(counts: Counts | undefined): Counts | undefined {
  return [counts?.posts, counts?.keyEvents, counts?.corrections].every(isCount) ? counts : undefined;
}

/** Whether it is a page or a snapshot with valid posts. */
export function isPage(value: unknown): value is { posts: ReaderPost[]; cursor: string; more: boolean } {
  return isObject(value) && Array.isArray(value.posts) && value.posts.every(isPost) && hasCursor(value);
}

/** Whether it has a cursor and says whether there is more. */
export function hasCursor({ cursor, more }: Record<string, unknown>): boolean {
  return isText(cursor) && typeof more === 'boolean';
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
