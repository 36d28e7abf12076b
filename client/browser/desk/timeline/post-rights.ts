import type { AuthorPost, Channel, PostStatus } from '../../../../src/protocol/model.ts';
import { mayAuthor, mayEdit, mayErase, type Principal } from '../../../../src/protocol/rights.ts';

/** An action on a post. The desk shows only those that its author may take, and the server checks again. */
export type PostAction = 'read' | 'edit' | 'pin' | 'unpin' | 'retract' | 'takedown';

export interface PostAndPlace {
  post: { id: string; status: PostStatus };
  channel: Pick<Channel, 'id' | 'pinnedPostId'>;
  /** The author published the post. */
  isOwn: boolean;
}

/** In the order in which they stand below a post. */
export function actionsOn(who: Principal, { post, channel, isOwn }: PostAndPlace): PostAction[] {
  const isPublished = post.status === 'published';
  const mayChange = mayEdit(who, channel.id) || (isOwn && mayAuthor(who, channel.id));
  const isPinned = channel.pinnedPostId === post.id;
  const actions: [PostAction, boolean][] = [
    // Every author of the coverage may read the versions of a retracted post, whose text readers no longer see.
    ['read', post.status === 'retracted' && mayAuthor(who, channel.id)],
    ['edit', isPublished && mayChange],
    ['pin', isPublished && !isPinned && mayEdit(who, channel.id)],
    ['unpin', isPublished && isPinned && mayEdit(who, channel.id)],
    ['retract', isPublished && mayChange],
    ['takedown', post.status !== 'taken-down' && mayErase(who, channel.id)],
  ];
  return actions.filter(([, may]) => may).map(([action]) => action);
}

/** Whether the post is the author's, by the author's view. Posts of servers without an issuer have no owner key. */
export function isOwnPost(
  post: Partial<Pick<AuthorPost, 'ownerKey' | 'publishedBy'>>,
  session: { ownerKey: string; sub: string },
): boolean {
  return post.ownerKey === undefined ? post.publishedBy === session.sub : post.ownerKey === session.ownerKey;
}
