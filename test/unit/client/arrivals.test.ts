import { describe, expect, it } from 'vitest';
import { activeFor, activeMs, arrivalOf, withoutWaiting } from '../../../client/browser/arrivals.ts';
import { fromSnapshot } from '../../../client/lib/timeline/timeline.ts';
import { aChannel, aPost } from '../../support/samples/samples.ts';

describe('new posts', () => {
  it.each([
    ['running', 'in view', 'just acted', 'wait'],
    ['running', 'in view', 'idle', 'come in'],
    ['running', 'out of view', 'just acted', 'come in'],
    ['running', 'out of view', 'idle', 'come in'],
    ['paused', 'in view', 'just acted', 'wait'],
    ['paused', 'in view', 'idle', 'wait'],
    ['paused', 'out of view', 'just acted', 'wait'],
    ['paused', 'out of view', 'idle', 'wait'],
  ] as const)('while updates are %s, with the text of a post %s and a reader %s: %s', (updates, postText, reader, arrival) => {
    expect(arrivalOf({ updates, postText, reader })).toBe(arrival);
  });

  it('find a reader active for a minute after they scrolled, pressed or typed', () => {
    expect(activeMs).toBe(60_000);
    expect([0, 1, 59_999, 60_000, 90_000].map((passed) => activeFor(5_000, 5_000 + passed))).toEqual([60_000, 59_999, 1, 0, 0]);
    expect(activeFor(Number.NEGATIVE_INFINITY, 0)).toBe(0);
  });
});

describe('a timeline without what waits', () => {
  const earlier = aPost({ id: 'earlier', seq: 1, kind: 'summary' });
  const read = aPost({ id: 'read', seq: 2, keyEvent: true, headline: 'Read' });
  const news = aPost({ id: 'news', seq: 3, keyEvent: true, headline: 'News' });
  const latest = aPost({ id: 'latest', seq: 4, kind: 'summary' });
  const keyEvents = [news, read].map(({ id, seq, publishedAt }) => ({ id, seq, publishedAt, headline: id }));
  const timeline = fromSnapshot(
    {
      channel: aChannel(),
      cursor: 'a.4',
      posts: [latest, news, read, earlier],
      pinned: null,
      summary: latest,
      keyEvents,
      counts: { posts: 4, keyEvents: 2, corrections: 1 },
      more: false,
    },
    4,
  );

  it('has no post, key event or summary that waits, does not count them, and keeps the summary before', () => {
    const shown = withoutWaiting(timeline, [latest, news], earlier);
    expect(shown.keyEvents.map(({ id }) => id)).toEqual(['read']);
    expect(shown.summary).toBe(earlier);
    expect(shown.posts.map(({ id }) => id)).toEqual(['read', 'earlier']);
    expect(shown.counts).toEqual({ posts: 2, keyEvents: 2, corrections: 1 });
  });

  it('has the current summary if another post waits', () => {
    expect(withoutWaiting(timeline, [news], earlier).summary).toBe(latest);
  });

  it('is the timeline if nothing waits', () => {
    expect(withoutWaiting(timeline, [], earlier)).toBe(timeline);
  });
});
