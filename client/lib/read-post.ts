import {
  type Change,
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
 * A post as this client can show it, whatever version of the server sent it: an unknown kind reads as `update`, media of an unknown
 * type are left out, and an unknown status counts as withdrawn, since showing what was withdrawn is the worse mistake. A post that
 * has nothing unknown is returned as it came.
 */
export function readPost(post: ReaderPost): ReaderPost {
  const said: ReaderPost = {
    ...blankPost(),
    ...(statuses.includes(post.status) ? post : { ...keptOf(post), status: 'retracted' }),
  };
  if (!postKinds.includes(said.kind)) said.kind = 'update';
  if (!verifications.includes(said.verification as Verification)) said.verification = null;
  if (!said.media.every(isKnownMedia)) said.media = said.media.filter(isKnownMedia);
  return Object.entries(said).every(([field, value]) => post[field as keyof ReaderPost] === value) ? post : said;
}

const statuses: readonly PostStatus[] = ['published', 'retracted', 'taken-down'];

/** The changes of a post that readers who saw it before should know of. Oldest first. */
export function correctionsOf(post: { history: readonly Change[] }): Change[] {
  return post.history.filter(isCorrection);
}

/**
 * As what a reader who saw the post at revision `since` is to be told of it: that it was withdrawn, or that it was corrected, whatever was
 * changed after that, such as a slip. Where no earlier revision was seen, the last change counts.
 */
export function noticeFor(post: ReaderPost, since = post.revision - 1): 'withdrawals' | 'corrections' | undefined {
  if (isWithdrawn(post)) return 'withdrawals';
  return correctionsOf(post).some(({ revision }) => revision > since) ? 'corrections' : undefined;
}

function isKnownMedia(media: Media): boolean {
  const types: readonly Media['type'][] = ['image', 'video', 'link'];
  return types.includes(media?.type);
}

/** Whether it has what a reader goes by: what answers may be another server, or be broken, whose posts are none of ours. */
export function isPost(value: unknown): value is ReaderPost {
  if (!isObject(value)) return false;
  const { id, seq, revision, media, history } = value;
  return isText(id) && [seq, revision].every(isCount) && [media, history].every(Array.isArray);
}

/** Posts of those that there are, as a page or a snapshot has them. */
export function isPage(value: unknown): value is { posts: ReaderPost[]; cursor: string; more: boolean } {
  return isObject(value) && Array.isArray(value.posts) && value.posts.every(isPost) && hasCursor(value);
}

/** Says as of when it is true, and whether there is more. */
export function hasCursor({ cursor, more }: Record<string, unknown>): boolean {
  return isText(cursor) && typeof more === 'boolean';
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
