import type { AuthorPost } from '../protocol/model.ts';
import { ownerKeyOf } from '../protocol/owner-key.ts';
import type { Principal } from '../protocol/rights.ts';

/**
 * Decides who owns a post. Without an issuer, the owner is the `sub` that published it. With an issuer, the same `sub` in a token
 * of the issuer and in a token signed with the server's secret belongs to two people. So each new post stores an owner key, which
 * is opaque and does not reveal the issuer. Older posts have no owner key, and are not rewritten.
 */
export interface Ownership {
  /** The kind of tokens that own posts without an owner key. */
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
