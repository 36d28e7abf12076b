import { describe, expect, it } from 'vitest';
import { lastPublished } from '../../../../client/browser/desk/changes/last-published.ts';
import { actionsOn, isOwnPost } from '../../../../client/browser/desk/timeline/post-rights.ts';
import type { SeenPost } from '../../../../client/lib/author-client.ts';
import type { PostStatus } from '../../../../src/protocol/model.ts';
import type { Grants, Principal } from '../../../../src/protocol/rights.ts';

const who = (grants: Partial<Grants>): Principal => ({
  sub: 'ada',
  name: 'Ada',
  jti: '',
  expiresAt: 0,
  grants: { reader: [], author: [], editor: [], admin: false, ...grants },
});
const offered = (grants: Partial<Grants>, isOwn: boolean, status: PostStatus = 'published', pinnedPostId: string | null = null) =>
  actionsOn(who(grants), { post: { id: 'p', status }, channel: { id: 'fire', pinnedPostId }, isOwn });

describe('the actions on a post', () => {
  it.each([
    ['a reader', { reader: ['*'] }, true, []],
    ['an author, on a post of a colleague', { author: ['fire'] }, false, []],
    ['an author, on an own post', { author: ['fire'] }, true, ['edit', 'retract']],
    ['an author of another coverage, on an own post', { author: ['flood'] }, true, []],
    ['an editor', { editor: ['fi*'] }, false, ['edit', 'pin', 'retract', 'takedown']],
    ['an admin', { admin: true }, false, ['edit', 'pin', 'retract', 'takedown']],
  ] as const)('are for %s what the server accepts', (_who, grants, isOwn, actions) => {
    expect(offered(grants, isOwn)).toEqual(actions);
  });

  it('unpin the pinned post, and erase a retracted one', () => {
    expect(offered({ editor: ['*'] }, false, 'published', 'p')).toEqual(['edit', 'unpin', 'retract', 'takedown']);
    expect(offered({ editor: ['*'] }, false, 'retracted')).toEqual(['read', 'takedown']);
    expect(offered({ editor: ['*'] }, false, 'taken-down')).toEqual([]);
  });

  it('let the newsroom, and nobody else, read the text of a retracted post', () => {
    expect(offered({ author: ['*'] }, false, 'retracted')).toEqual(['read']);
    expect(offered({ reader: ['*'] }, true, 'retracted')).toEqual([]);
    expect(offered({ author: ['*'] }, true, 'taken-down')).toEqual([]);
  });

  it('are shown with the last version that readers had', () => {
    const revision = (revision: number, status: PostStatus) => ({ revision, status, body: `Version ${revision}` }) as SeenPost;
    expect(lastPublished([revision(2, 'published'), revision(3, 'retracted')])?.revision).toBe(2);
    expect(lastPublished([revision(3, 'retracted')])).toBeUndefined();
    expect(lastPublished([])).toBeUndefined();
  });

  it('belong to the owner key if the post has one', () => {
    const session = { sub: 'ada', ownerKey: 'k1' };
    expect(isOwnPost({ publishedBy: 'ada' }, session)).toBe(true);
    expect(isOwnPost({ publishedBy: 'ada', ownerKey: 'k2' }, session)).toBe(false);
    expect(isOwnPost({ publishedBy: 'bob', ownerKey: 'k1' }, session)).toBe(true);
    expect(isOwnPost({}, session)).toBe(false);
  });
});
