import { describe, expect, it } from 'vitest';
import { readPost } from '../../../client/lib/read-post.ts';
import { restoreTimeline, saveTimeline } from '../../../client/lib/timeline/saved-timeline.ts';
import { applyCatchUp, applyEvent, fromSnapshot, newsIn } from '../../../client/lib/timeline/timeline.ts';
import { reachedEnd, type Timeline } from '../../../client/lib/timeline/timeline-model.ts';
import {
  applyKeyEventsPage,
  applyPage,
  applyPost,
  applySummaryPage,
  moveTo,
  type Need,
  narrow,
  needs,
  newerPage,
  olderPage,
  type PageAsk,
} from '../../../client/lib/timeline/timeline-pages.ts';
import type { Event, ReaderPost, Snapshot } from '../../../src/protocol/model.ts';
import { emptied } from '../../support/samples/samples.ts';
import { ModelServer } from '../../support/servers/model-server.ts';

/** The rules for clients, one by one. The property tests show that they are sufficient. */

const plain = { kind: 'update', keyEvent: false } as const;
const key = { kind: 'update', keyEvent: true } as const;
const summary = { kind: 'summary', keyEvent: false } as const;

function serverWith(posts: number, write: { kind: 'update' | 'summary'; keyEvent: boolean } = plain): ModelServer {
  const server = new ModelServer();
  for (let each = 0; each < posts; each += 1) server.publish(write);
  return server;
}
const begin = (server: ModelServer, limit = 3) => fromSnapshot(server.snapshot(limit), server.head);
/** Applies every event of the server that the timeline lacks. */
function follow(timeline: Timeline, server: ModelServer): Timeline {
  let next = timeline;
  while (next.offset < server.head) next = applyEvent(next, server.event(next.offset + 1));
  return next;
}
const older = (timeline: Timeline) => olderPage(timeline) as PageAsk & { before: number };
const need = <A extends Need['ask']>(timeline: Timeline, ask: A) =>
  needs(timeline).find((each): each is Need & { ask: A } => each.ask === ask) as Need & { ask: A };
const ids = ({ posts }: Timeline) => posts.map(({ id }) => Number(id.slice(-12)));

it('a timeline from a snapshot that has no posts and says that there are more has not reached the end of the channel', () => {
  const server = serverWith(2);
  expect(reachedEnd(fromSnapshot({ ...server.snapshot(1), posts: [], more: true }, server.head))).toBe(false);
});

describe('the counts', () => {
  const of = (posts: number, keyEvents: number, corrections: number) => ({ posts, keyEvents, corrections });

  it('are those of the last snapshot, event or catch-up that was applied', () => {
    const server = serverWith(2);
    const timeline = begin(server);
    expect(timeline.counts).toEqual(of(2, 0, 0));
    server.publish(key);
    const published = follow(timeline, server);
    expect(published.counts).toEqual(of(3, 1, 0));
    server.revise(0, 'correction', {});
    server.withdraw(1, 'retracted');
    const catchUp = server.catchUp(published.cursor, published.offset, { limit: 10, posts: 3 });
    expect(applyCatchUp(published, catchUp)?.counts).toEqual(of(2, 1, 2));
  });

  it('do not go back when a message is late', () => {
    const server = serverWith(1);
    const timeline = begin(server);
    server.publish(plain);
    const late = server.catchUp(timeline.cursor, timeline.offset, { limit: 10, posts: 3 });
    server.publish(plain);
    const current = follow(timeline, server);
    expect(current.counts).toEqual(of(3, 0, 0));
    expect(applyCatchUp(current, late)?.counts).toEqual(of(3, 0, 0));
    expect(applyEvent(current, server.event(3)).counts).toEqual(of(3, 0, 0));
  });

  it('are unknown while there is more to catch up, and after a message without them or with broken ones', () => {
    const server = serverWith(1);
    const timeline = begin(server);
    for (let each = 0; each < 3; each += 1) server.publish(plain);
    const part = applyCatchUp(timeline, server.catchUp(timeline.cursor, timeline.offset, { limit: 2, posts: 3 })) as Timeline;
    expect(part.counts).toBeUndefined();
    const rest = applyCatchUp(part, server.catchUp(part.cursor, part.offset, { limit: 2, posts: 3 }));
    expect(rest?.counts).toEqual(of(4, 0, 0));
    const { counts: _counts, ...older } = server.snapshot(3);
    expect(fromSnapshot(older, server.head).counts).toBeUndefined();
    for (const broken of [null, 3, {}, { posts: '1', keyEvents: 0, corrections: 0 }] as unknown as Snapshot['counts'][])
      expect(fromSnapshot({ ...older, counts: broken }, server.head).counts).toBeUndefined();
    const { counts: _without, ...event } = server.event(3);
    expect(applyEvent(timeline, event as Event).counts).toBeUndefined();
  });

  it('survive saving, and a timeline that was saved without them is restored', () => {
    const server = serverWith(1, key);
    const saved = saveTimeline(begin(server));
    expect(restoreTimeline(saved, server.channelId)?.counts).toEqual(of(1, 1, 0));
    const { counts: _counts, ...older } = saved;
    expect(restoreTimeline(older, server.channelId)).toMatchObject({ offset: server.head, counts: undefined });
  });
});

describe('an event', () => {
  it('is applied if it is the next one, ignored if it was applied, and not applied over a gap', () => {
    const server = serverWith(2);
    const timeline = begin(server);
    server.publish(plain);
    server.publish(plain);
    const [third, fourth] = [server.event(4), server.event(5)];
    expect(applyEvent(timeline, fourth)).toBe(timeline);
    const next = applyEvent(timeline, third);
    expect(ids(next)).toEqual([3, 2, 1]);
    expect(applyEvent(next, third)).toBe(next);
    expect(ids(applyEvent(next, { ...fourth, from: 4 }))).toEqual([4, 3, 2, 1]);
  });

  it('is skipped if its type is unknown, and its cursor is kept', () => {
    const server = serverWith(1);
    const timeline = begin(server);
    const unknown = { ...server.event(2), from: 3, offset: 3, cursor: 'next', type: 'post.applauded' } as unknown as Event;
    const next = applyEvent(timeline, unknown);
    expect(next).toEqual({ ...timeline, offset: 3, cursor: 'next' });
    const { channelId, at, counts } = server.event(2);
    const other = { channelId, at, counts, from: 3, offset: 3, cursor: 'next', type: 'reader.waved' } as unknown as Event;
    expect(applyEvent(timeline, other)).toEqual(next);
  });

  it('inserts a post that was never seen, even if it arrives as revised', () => {
    const server = serverWith(2);
    const timeline = begin(server);
    server.publish(plain);
    server.revise(0, 'correction', {});
    const catchUp = server.catchUp(timeline.cursor, timeline.offset, { limit: 9, posts: 3 });
    const next = applyCatchUp(timeline, catchUp) as Timeline;
    expect(ids(next)).toEqual([3, 2, 1]);
    expect(next.posts[0]?.revision).toBe(2);
  });

  it('with an older state of the channel changes nothing but the position', () => {
    const server = serverWith(1);
    const timeline = begin(server);
    const newer = { ...timeline, channel: { ...timeline.channel, revision: 3, headline: 'Newer' } };
    const stale = { ...server.event(1), from: 2, offset: 3, cursor: 'next', counts: timeline.counts };
    expect(stale.type).toBe('channel.changed');
    expect(applyEvent(newer, stale)).toEqual({ ...newer, offset: 3, cursor: 'next' });
  });

  it('makes the revision of its post the last one to be forgotten', () => {
    const server = serverWith(2);
    const timeline = begin(server);
    const [second, first] = timeline.posts.map(({ id }) => id) as [string, string];
    const others = Array.from({ length: 9_998 }, (_, nth): [string, number] => [`other ${nth}`, 1]);
    const full = { ...timeline, heard: new Map([[first, 1], [second, 1], ...others]) };
    server.revise(1, 'correction', {});
    server.publish(plain);
    const { heard } = follow(full, server);
    expect([heard.size, heard.get(first), heard.has(second)]).toEqual([10_000, 2, false]);
    // An older copy of a held post is recognised even if its revision was forgotten.
    const corrected = follow(begin(server), server);
    const late = { ...corrected, heard: new Map<string, number>() };
    expect(applyPost(late, timeline.posts[1] as ReaderPost)).toBe(late);
  });

  it('inserts no post below the window until the end was reached', () => {
    const server = serverWith(9);
    const short = begin(server, 3);
    const long = begin(server, 20);
    expect([reachedEnd(short), reachedEnd(long)]).toEqual([false, true]);
    server.revise(8, 'update', {});
    expect(ids(follow(short, server))).toEqual([9, 8, 7]);
    expect(follow(long, server).posts.at(-1)?.revision).toBe(2);
  });

  it('updates key events, summary and pinned post even if its post is below the window', () => {
    const server = serverWith(9);
    const timeline = begin(server, 3);
    server.pin(7);
    server.revise(8, 'update', { keyEvent: true, kind: 'summary' });
    server.revise(7, 'update', {});
    const next = follow(timeline, server);
    expect(next.keyEvents.map(({ headline }) => headline)).toEqual(['Post 1 revision 2']);
    expect(next.summary?.headline).toBe('Post 1 revision 2');
    expect(next.pinned?.headline).toBe('Post 2 revision 2');
    expect(needs(next)).toEqual([]);
  });
});

describe('a page', () => {
  it('that is late is applied only down to the first post with a newer known revision', () => {
    const server = serverWith(9);
    const timeline = begin(server, 3);
    const ask = older(timeline);
    const page = server.page({ before: ask.before, limit: 3 });
    server.revise(4, 'correction', {});
    const next = applyPage(follow(timeline, server), page, ask);
    expect(ids(next)).toEqual([9, 8, 7, 6]);
    const again = older(next);
    const whole = applyPage(next, server.page({ before: again.before, limit: 9 }), again);
    expect(ids(whole)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(whole.posts[4]?.revision).toBe(2);
    expect(reachedEnd(whole)).toBe(true);
  });

  it('requested before a reset is dropped', () => {
    const server = serverWith(9);
    const timeline = begin(server, 3);
    const ask = older(timeline);
    const page = server.page({ before: ask.before, limit: 3 });
    server.reset(9);
    const reset = applyCatchUp(timeline, server.catchUp(timeline.cursor, timeline.offset, { limit: 9, posts: 3 })) as Timeline;
    expect(reset.heard.size).toBe(3);
    expect(applyPage(reset, page, ask)).toBe(reset);
  });

  it('is ignored if its node lags so far that posts are missing', () => {
    const server = serverWith(9);
    const timeline = begin(server, 3);
    const ask = older(timeline);
    expect(applyPage(timeline, server.page({ before: ask.before, limit: 3 }, 4), ask)).toBe(timeline);
  });
});

describe('a move to another window', () => {
  it('is refused if a newer revision of one of its posts is known, because the window would end there or be empty', () => {
    const server = serverWith(9);
    const timeline = begin(server, 3);
    const late = server.page({ before: 6, limit: 3 });
    server.revise(5, 'correction', {});
    const next = follow(timeline, server);
    expect(moveTo(next, late, 6)).toBe(next);
    expect(ids(moveTo(next, server.page({ before: 6, limit: 3 }), 6))).toEqual([4, 3, 2]);
  });
});

describe('a window that is narrowed', () => {
  it('drops the posts below it, which return in their current state when their page is loaded', () => {
    const server = serverWith(9);
    const timeline = narrow(begin(server, 9), begin(server, 9).posts[3]?.seq ?? 0, null);
    expect([ids(timeline), reachedEnd(timeline), timeline.ceiling]).toEqual([[9, 8, 7, 6], false, null]);
    server.revise(1, 'correction', {});
    server.publish(plain);
    const later = follow(timeline, server);
    expect(ids(later)).toEqual([10, 9, 8, 7, 6]);
    const whole = applyPage(later, server.page({ before: older(later).before, limit: 9 }), older(later));
    expect([ids(whole), reachedEnd(whole)]).toEqual([[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], true]);
    expect(JSON.stringify(whole.posts)).toBe(JSON.stringify(begin(server, 10).posts));
  });

  it('drops the posts above it, accepts no new posts, and reaches the newest post again by paging', () => {
    const server = serverWith(9);
    const held = begin(server, 9);
    const timeline = narrow(held, 0, held.posts[5]?.seq ?? 0);
    expect([ids(timeline), timeline.ceiling]).toEqual([[4, 3, 2, 1], held.posts[5]?.seq]);
    server.publish(plain);
    const later = follow(timeline, server);
    expect(ids(later)).toEqual([4, 3, 2, 1]);
    const ask = newerPage(later) as PageAsk & { after: number };
    const whole = applyPage(later, server.page({ after: ask.after, limit: 9 }), ask);
    expect([ids(whole), whole.ceiling]).toEqual([[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], null]);
  });

  it('is unchanged if it holds no posts outside the new bounds, and never becomes wider', () => {
    const timeline = begin(serverWith(9), 3);
    expect(narrow(timeline, 0, null)).toBe(timeline);
    expect(narrow(timeline, 0, 10_000)).toBe(timeline);
    const moved = moveTo(timeline, serverWith(9).page({ before: 6, limit: 3 }), 6);
    expect(narrow(moved, moved.floor + 1, 10_000)).toMatchObject({ floor: moved.floor + 1, ceiling: 5 });
  });
});

describe('a window that does not reach the newest post', () => {
  it('applies events only to posts that it holds, until paging has closed the gap', () => {
    const server = serverWith(12);
    const moved = moveTo(begin(server, 3), server.page({ before: 6, limit: 3 }), 6);
    expect(ids(moved)).toEqual([4, 3, 2]);
    server.publish(plain);
    server.revise(10, 'update', {});
    const next = follow(moved, server);
    expect(ids(next)).toEqual([4, 3, 2]);
    expect(next.posts[1]?.revision).toBe(2);

    let closing = next;
    for (let ask = newerPage(closing); ask !== undefined; ask = newerPage(closing)) {
      closing = applyPage(closing, server.page({ after: 'after' in ask ? ask.after : 0, limit: 4 }), ask);
    }
    expect(ids(closing)).toEqual([13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    server.publish(plain);
    expect(ids(follow(closing, server))[0]).toBe(14);
  });

  it('does not reach the newest post by a page that was read before a known post was published', () => {
    const server = serverWith(12);
    const moved = moveTo(begin(server, 3), server.page({ before: 6, limit: 3 }), 6);
    const ask = newerPage(moved) as PageAsk;
    const page = server.page({ after: 5, limit: 20 });
    server.publish(plain);
    const next = applyPage(follow(moved, server), page, ask);
    expect(ids(next)[0]).toBe(12);
    expect(next.ceiling).not.toBeNull();
  });
});

describe('the summary', () => {
  it('is replaced by the next one in the window when withdrawn', () => {
    const server = serverWith(2, summary);
    const timeline = begin(server);
    server.withdraw(0, 'retracted');
    expect(follow(timeline, server).summary?.headline).toBe('Post 1 revision 1');
  });

  it('is requested when withdrawn if the window does not contain the next one, which may be below tombstones', () => {
    const server = serverWith(4, summary);
    for (let each = 0; each < 3; each += 1) server.publish(plain);
    for (const which of [4, 5]) server.withdraw(which, 'taken-down');
    let timeline = begin(server, 2);
    server.withdraw(3, 'retracted');
    timeline = follow(timeline, server);
    expect(timeline.summary).toBeNull();
    for (let ask = need(timeline, 'summary'); ask !== undefined; ask = need(timeline, 'summary')) {
      timeline = applySummaryPage(timeline, server.page({ kind: 'summary', before: ask.before, limit: 1 }), ask);
    }
    expect(timeline.summary?.headline).toBe('Post 1 revision 1');
  });

  it('is not taken from a page that was read before a post below it became a summary', () => {
    const server = serverWith(3);
    server.publish(summary);
    for (let each = 0; each < 3; each += 1) server.publish(plain);
    let timeline = begin(server, 2);
    server.withdraw(3, 'retracted');
    timeline = follow(timeline, server);
    const ask = need(timeline, 'summary');
    const page = server.page({ kind: 'summary', before: ask.before, limit: 5 });
    server.revise(5, 'update', { kind: 'summary' });
    timeline = applySummaryPage(follow(timeline, server), page, ask);
    expect(needs(timeline)).toEqual([ask]);
    timeline = applySummaryPage(timeline, server.page({ kind: 'summary', before: ask.before, limit: 5 }), ask);
    expect(timeline.summary?.headline).toBe('Post 2 revision 2');
  });
});

describe('key events', () => {
  it('are the newest 100, and are refilled after one is removed', () => {
    const server = serverWith(103, key);
    let timeline = begin(server);
    server.withdraw(0, 'retracted');
    server.revise(1, 'update', { keyEvent: false });
    timeline = follow(timeline, server);
    expect(timeline.keyEvents).toHaveLength(98);
    for (let ask = need(timeline, 'key-events'); ask !== undefined; ask = need(timeline, 'key-events')) {
      timeline = applyKeyEventsPage(timeline, server.page({ keyEvent: true, before: ask.before, limit: 1 }), ask);
    }
    expect(timeline.keyEvents).toEqual(server.snapshot(1).keyEvents);
  });

  it('are not refilled from a page that was read before a post below them became one', () => {
    const server = serverWith(1);
    for (let each = 0; each < 101; each += 1) server.publish(key);
    let timeline = begin(server);
    server.withdraw(0, 'retracted');
    server.withdraw(1, 'retracted');
    timeline = follow(timeline, server);
    const ask = need(timeline, 'key-events');
    // A page from a node that lags far behind changes nothing.
    const none = server.page({ keyEvent: true, before: ask.before, limit: 5 }, 1);
    expect(applyKeyEventsPage(timeline, none, ask)).toBe(timeline);
    const page = server.page({ keyEvent: true, before: ask.before, limit: 5 });
    server.revise(101, 'update', { keyEvent: true });
    timeline = applyKeyEventsPage(follow(timeline, server), page, ask);
    expect(needs(timeline)).toEqual([ask]);
    timeline = applyKeyEventsPage(timeline, server.page({ keyEvent: true, before: ask.before, limit: 5 }), ask);
    expect(timeline.keyEvents).toEqual(server.snapshot(1).keyEvents);
  });
});

describe('the pinned post', () => {
  it('is ignored if a newer revision is known, shown or not', () => {
    const server = serverWith(9);
    const timeline = begin(server, 2);
    for (const which of [8, 0]) {
      const late = server.page({ limit: 9 }).posts[which] as ReaderPost;
      server.revise(which, 'correction', {});
      const newer = follow(timeline, server);
      expect(late.revision).toBe(1);
      expect(applyPost(newer, late)).toBe(newer);
    }
  });

  it('is requested if it is not held, and used unless a newer revision is known', () => {
    const server = serverWith(9);
    let timeline = begin(server, 2);
    server.pin(8);
    timeline = follow(timeline, server);
    const { id } = need(timeline, 'post');
    const copy = server.post(id) as ReaderPost;
    server.revise(8, 'correction', {});
    timeline = applyPost(follow(timeline, server), copy);
    expect(timeline.pinned?.revision).toBe(2);
    expect(needs(timeline)).toEqual([]);
  });

  it('disappears with its withdrawal, before the channel changes', () => {
    const server = serverWith(3);
    server.pin(0);
    const timeline = begin(server);
    server.withdraw(0, 'taken-down');
    const withdrawn = applyEvent(timeline, server.event(timeline.offset + 1));
    expect(withdrawn.pinned).toBeNull();
    expect(needs(withdrawn)).toEqual([]);
    expect(withdrawn.posts[0]).toEqual(server.post(timeline.posts[0]?.id as string));
    expect(follow(withdrawn, server).channel).toEqual(server.state.channel);
  });
});

describe('a catch-up', () => {
  it('that begins above the timeline would leave a hole, and is ignored', () => {
    const server = serverWith(2);
    const timeline = begin(server);
    server.publish(plain);
    server.publish(plain);
    const ahead = server.catchUp(server.cursor(4), 4, { limit: 9, posts: 3 });
    expect(applyCatchUp(timeline, ahead)).toBe(timeline);
  });

  it('contains as news only the changes that did not arrive during the request', () => {
    const server = serverWith(1);
    const timeline = begin(server);
    server.publish(plain);
    server.publish(plain);
    const catchUp = server.catchUp(timeline.cursor, timeline.offset, { limit: 9, posts: 3 });
    const offsets = (held: Timeline) => newsIn(held, catchUp).map(({ offset }) => offset);
    expect(offsets(timeline)).toEqual([3, 4]);
    expect(offsets(applyEvent(timeline, server.event(3)))).toEqual([4]);
    expect(offsets(follow(timeline, server))).toEqual([]);
  });

  it('ends at the offset that it covers, whatever its last event was, and changes nothing newer', () => {
    const server = serverWith(2);
    const timeline = begin(server);
    server.publish(plain);
    const late = server.catchUp(timeline.cursor, timeline.offset, { limit: 9, posts: 3 });
    server.revise(0, 'update', {});
    const ahead = follow(timeline, server);
    expect(applyCatchUp(ahead, late)).toBe(ahead);
    const empty = { ...late, events: [], covers: { after: timeline.offset, to: 9 }, cursor: 'nine' };
    expect(applyCatchUp(timeline, { ...empty, mode: 'replay', reset: false })).toMatchObject({ offset: 9, cursor: 'nine' });
  });
});

describe('data of a later server version', () => {
  const post = serverWith(1).snapshot(1).posts[0] as ReaderPost;

  it('is shown as far as possible: unknown kinds as updates, without unknown media', () => {
    const image = { type: 'image', url: 'https://example.org/a.png', alt: 'A' };
    const read = readPost({ ...post, kind: 'poll', media: [image, { type: 'hologram' }, null] } as unknown as ReaderPost);
    expect(read).toEqual({ ...post, kind: 'update', media: [image] });
  });

  it('is treated as withdrawn if its status is unknown', () => {
    const said: ReaderPost = {
      ...post,
      keyEvent: true,
      headline: 'The secret',
      html: '<p>The address.</p>',
      media: [{ type: 'image', url: 'https://example.org/a.png', alt: 'A' }],
      authors: [{ name: 'Ada Byron' }],
      sources: [{ name: 'A witness' }],
      verification: 'unverified',
      developing: true,
      derivedFrom: [post.id],
    };
    const read = readPost({ ...said, status: 'embargoed' } as unknown as ReaderPost);
    expect(read).toEqual({ ...emptied(said), status: 'retracted' });
  });

  it('is unchanged if everything is known', () => {
    expect(readPost(post)).toBe(post);
  });
});

describe('a saved timeline', () => {
  it('is restored from JSON unchanged, but not for another channel', () => {
    const server = serverWith(9);
    const timeline = begin(server);
    const saved = JSON.parse(JSON.stringify(saveTimeline(timeline)));
    expect(restoreTimeline(saved, 'moon')).toEqual(timeline);
    expect(restoreTimeline(saved, 'mars')).toBeUndefined();
    expect(restoreTimeline({ ...saved, version: 2 }, 'moon')).toBeUndefined();
  });
});
