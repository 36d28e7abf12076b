import { describe, expect, it } from 'vitest';
import { UnseenNews } from '../../../client/browser/unseen-news.ts';
import type { ChangeKind, ReaderPost } from '../../../src/protocol/model.ts';
import { aChange, aPost, emptied } from '../../support/samples/samples.ts';

const old = aPost({ id: 'old', seq: 8 });
const fresh = aPost({ id: 'fresh', seq: 11 });

function changed(post: ReaderPost, kind: ChangeKind): ReaderPost {
  const revision = post.revision + 1;
  return { ...post, revision, history: [...post.history, aChange(kind, 'It was otherwise.', post.publishedAt, revision)] };
}
const withdrawn = (post: ReaderPost): ReaderPost => ({ ...emptied(changed(post, 'retraction')), status: 'retracted' });

describe('the news that a reader has not seen', () => {
  it('counts a new post until it is seen, whether or not it is on the page', () => {
    const news = new UnseenNews(10);
    news.onEvent(fresh, undefined);
    expect(news.counts).toEqual({ posts: 1, corrections: 0, withdrawals: 0 });
    news.markSeen('fresh');
    expect(news.counts.posts).toBe(0);
    // Not new again once it is no longer on the page.
    news.onEvent(changed(fresh, 'refile'), undefined);
    expect(news.items).toEqual([]);
  });

  it('counts a post that was loaded before its event arrived', () => {
    const news = new UnseenNews(10);
    news.onEvent(fresh, fresh);
    expect(news.counts.posts).toBe(1);
  });

  it('counts a new post once, whatever is changed in it before it is seen, and no longer once it is withdrawn', () => {
    const news = new UnseenNews(10);
    news.onEvent(fresh, undefined);
    const corrected = changed(fresh, 'correction');
    news.onEvent(corrected, fresh);
    expect(news.counts).toEqual({ posts: 1, corrections: 0, withdrawals: 0 });
    news.onEvent(withdrawn(corrected), corrected);
    expect(news.items).toEqual([]);
  });

  it('never counts a new post that was withdrawn before it arrived', () => {
    const news = new UnseenNews(10);
    const gone = withdrawn(fresh);
    news.onEvent(gone, undefined);
    news.onEvent({ ...changed(gone, 'takedown'), status: 'taken-down' }, gone);
    expect(news.items).toEqual([]);
  });

  it.each(['correction', 'clarification'] as const)('counts a %s of a post on the page, but not of another post', (kind) => {
    const news = new UnseenNews(10);
    news.onEvent(changed(old, kind), undefined);
    expect(news.items).toEqual([]);
    news.onEvent(changed(old, kind), old);
    expect(news.counts).toEqual({ posts: 0, corrections: 1, withdrawals: 0 });
  });

  it('counts the correction of a new post that was seen, such as one of its own author, as a correction', () => {
    const news = new UnseenNews(10);
    news.onEvent(fresh, undefined);
    news.markSeen(fresh.id);
    news.onEvent(changed(fresh, 'correction'), fresh);
    expect(news.counts).toEqual({ posts: 0, corrections: 1, withdrawals: 0 });
  });

  it('does not count refiles and updates, which leave an unseen correction counted', () => {
    const news = new UnseenNews(10);
    for (const kind of ['refile', 'update'] as const) news.onEvent(changed(old, kind), old);
    expect(news.items).toEqual([]);
    const corrected = changed(old, 'correction');
    news.onEvent(corrected, old);
    news.onEvent(changed(corrected, 'refile'), corrected);
    expect(news.counts.corrections).toBe(1);
  });

  it('counts a second correction after the first was seen, and a corrected post that is withdrawn as withdrawn', () => {
    const news = new UnseenNews(10);
    const once = changed(old, 'correction');
    news.onEvent(once, old);
    news.markSeen('old');
    const twice = changed(once, 'correction');
    news.onEvent(twice, once);
    expect(news.counts.corrections).toBe(1);
    news.onEvent(withdrawn(twice), twice);
    expect(news.counts).toEqual({ posts: 0, corrections: 0, withdrawals: 1 });
  });

  it('does not count the takedown of a post whose retraction was seen', () => {
    const news = new UnseenNews(10);
    const retracted = withdrawn(old);
    news.onEvent(retracted, old);
    news.markSeen('old');
    news.onEvent({ ...changed(retracted, 'takedown'), status: 'taken-down' }, retracted);
    expect(news.items).toEqual([]);
  });

  it('leads to the newest post first, then to the other posts and to the changes from the top', () => {
    const news = new UnseenNews(10);
    const [lower, upper] = [aPost({ id: 'lower', seq: 3 }), aPost({ id: 'upper', seq: 9 })];
    for (const post of [lower, upper]) news.onEvent(changed(post, 'correction'), post);
    for (const seq of [12, 13]) news.onEvent(aPost({ id: `new-${seq}`, seq }), undefined);
    expect(news.items.map(({ id }) => id)).toEqual(['new-13', 'new-12', 'upper', 'lower']);
  });
});
