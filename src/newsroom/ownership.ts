import { hash } from 'node:crypto';
import type { AuthorPost } from '../protocol/model.ts';
import type { Principal } from '../protocol/rights.ts';

/**
 * Whose a post is. By the `sub` of who published it, until an issuer is set. From then on a `sub` of the issuer's tokens and the same `sub`
 * of tokens that the server's secret signed are two people: each new post keeps an owner key, which is opaque, so that it names no issuer
 * to anyone. Posts from before have none, and are kept byte by byte.
 */
export interface Ownership {
  /** Whose the posts without an owner key are. */
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
