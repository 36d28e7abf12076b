import { hash } from 'node:crypto';
import type { AuthorPost } from '../protocol/model.ts';
import type { Principal } from '../protocol/rights.ts';

/**
 * Who owns a post. Without a configured issuer it is the `sub` that published it. With an issuer, the same `sub` in the issuer's tokens and in
 * tokens signed with the server's secret means two people. So each new post gets an owner key, which is opaque and does not reveal the
 * issuer. Older posts have no owner key and are never rewritten.
 */
export interface Ownership {
  /** Which of the two people owns posts without an owner key. */
  olderPosts: 'issuer' | 'secret';
}

export function isOwn(
  who: Principal,
  post: Pick<AuthorPost, 'publishedBy' | 'ownerKey'>,
  ownership: Ownership | undefined,
): boolean {
  if (ownership === undefined) return post.publishedBy === who.sub;
  if (post.ownerKey !== undefined) return post.ownerKey === ownerKeyOf(who);
  return post.publishedBy === who.sub && (who.issued !== undefined) === (ownership.olderPosts === 'issuer');
}

export function ownerKeyOf({ sub, issued }: Principal): string {
  return hash('sha256', JSON.stringify([issued?.issuer ?? null, sub]), 'base64url').slice(0, 22);
}
