import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChannelsQuery, Engine, PostsQuery } from '../../../src/journal/engine.ts';
import { tags } from '../../../src/journal/post-tags.ts';
import type { Channel } from '../../../src/protocol/model.ts';
import {
  appended,
  appending,
  at,
  channelChange,
  channelEntry,
  createChannel,
  newPostId,
  newRequest,
  publish,
  retraction,
  revision,
  sampleChannel,
  takedown,
  wide,
} from '../../support/stores/engines.ts';
import type { Exam, Examined } from '../contract.ts';

/** `channel`, `channels`, `post`, `posts`, `revisions`, `corrections`, `journal`. */
export function pages({ open }: Exam): void {
  let examined: Examined;
  let engine: Engine;
  beforeAll(async () => {
    examined = await open();
    engine = examined.engine;
  });
  afterAll(() => examined.close());

  async function seqs(channelId: string, query: Partial<PostsQuery>): Promise<{ seqs: number[]; more: boolean }> {
    const page = await engine.posts(channelId, { ...wide, ...query });
    if (!page) throw new Error(`There is no channel ${channelId}.`);
    return { seqs: page.posts.map(({ seq }) => seq), more: page.more };
  }

  async function list(on: Engine, query: Partial<ChannelsQuery>) {
    const page = await on.channels({ limit: 10, desk: [], ...query });
    if (!page) throw new Error(`The engine does not take ${query.page} for a page.`);
    return page;
  }

  it('reads the current channel with the time of its latest post', async () => {
    const channel = await createChannel(engine);
    const read = await engine.channel(channel.id);
    const [position] = await engine.heads([channel.id]);
    const counts = { posts: 0, keyEvents: 0, corrections: 0 };
    expect(read).toEqual({ status: 'found', channel: { ...channel, latestPostAt: null }, position, counts });
    const early = await publish(engine, channel.id, { publishedAt: at(30) });
    await publish(engine, channel.id, { publishedAt: at(60) });
    await appended(engine, channel.id, [revision(early, { body: 'The latest is another.' })]);
    const changed = channelChange(channel, { headline: 'Other' });
    await appended(engine, channel.id, [changed]);
    const after = await engine.channel(channel.id);
    expect(after).toMatchObject({ status: 'found', channel: { ...changed.channel, latestPostAt: at(60) } });
  });

  it('distinguishes a missing channel from a deleted one, and returns the access of the deleted one', async () => {
    expect(await engine.channel(`c-${newPostId()}`)).toEqual({ status: 'missing' });
    const { id } = await createChannel(engine, undefined, { access: 'desk' });
    await engine.deleteChannel(id, newRequest(), 'root');
    expect(await engine.channel(id)).toEqual({ status: 'deleted', access: 'desk' });
  });

  it('lists channels newest first, page by page, without deleted ones', async () => {
    const own = await open();
    try {
      const made: Channel[] = [];
      // Two channels have the same time, so a time alone does not say where a page ends.
      for (const seconds of [5, 1, 3, 3, 9, 7]) {
        const state = seconds > 4 ? ('live' as const) : ('ended' as const);
        made.push(await createChannel(own.engine, undefined, { createdAt: at(seconds), state }));
      }
      await own.engine.deleteChannel(made[5]!.id, newRequest(), 'root');
      // A page of 3, and of 1 among the ended ones, ends between the two channels of the same time.
      for (const limit of [1, 2, 3, 4]) {
        const [read, times]: [string[], string[]] = [[], []];
        for (let page: string | null | undefined; page !== null; ) {
          const answer = await list(own.engine, page === undefined ? { limit } : { limit, page });
          expect(answer.channels.length).toBeLessThanOrEqual(limit);
          read.push(...answer.channels.map(({ id }) => id));
          times.push(...answer.channels.map(({ createdAt }) => createdAt));
          page = answer.next;
          if (read.length > made.length) break;
        }
        expect([limit, times]).toEqual([limit, [9, 5, 3, 3, 1].map((seconds) => at(seconds))]);
        expect(new Set(read)).toEqual(new Set(made.slice(0, 5).map(({ id }) => id)));
      }
      const one = await list(own.engine, { state: 'ended', limit: 1 });
      const rest = await list(own.engine, { state: 'ended', limit: 2, page: one.next! });
      const names = [...one.channels, ...rest.channels].map(({ id }) => id);
      expect([new Set(names), rest.next]).toEqual([new Set([made[1]!.id, made[2]!.id, made[3]!.id]), null]);
      const ended = await list(own.engine, { state: 'ended', limit: 10 });
      expect(ended.channels.map(({ createdAt }) => createdAt)).toEqual([at(3), at(3), at(1)]);
      expect(ended.next).toBeNull();
      const exact = await list(own.engine, { state: 'ended', limit: 3 });
      expect([exact.channels.length, exact.next]).toEqual([3, null]);
      await appended(own.engine, made[1]!.id, [channelChange(made[1]!, { state: 'live' })]);
      const live = await list(own.engine, { state: 'live', limit: 10 });
      expect(live.channels.map(({ id }) => id)).toEqual([made[4]!.id, made[0]!.id, made[1]!.id]);
      expect(live.channels[2]).toEqual({ ...channelChange(made[1]!, { state: 'live' }).channel, latestPostAt: null });
    } finally {
      await own.close();
    }
  });

  it('lists desk channels that match a pattern: a whole id, a prefix, or all', async () => {
    const own = await open();
    try {
      const channels = [
        ['open', 'public'],
        ['club', 'members'],
        ['desk-a', 'desk'],
        ['desk-ab', 'desk'],
        ['other', 'desk'],
      ] as const;
      for (const [index, [id, access]] of channels.entries()) {
        await createChannel(own.engine, id, { access, createdAt: at(-index) });
      }
      const ids = async (...desk: string[]) => (await list(own.engine, { desk })).channels.map(({ id }) => id);
      expect(await ids()).toEqual(['open', 'club']);
      expect(await ids('desk-a')).toEqual(['open', 'club', 'desk-a']);
      expect(await ids('desk-a*')).toEqual(['open', 'club', 'desk-a', 'desk-ab']);
      expect(await ids('desk-ab', 'oth*', 'desk')).toEqual(['open', 'club', 'desk-ab', 'other']);
      expect(await ids('*')).toEqual(channels.map(([id]) => id));
    } finally {
      await own.close();
    }
  });

  it('does not reveal by a page or its `next` that channels are left out', async () => {
    const own = await open();
    try {
      // Hidden channels before, between and after the listed ones.
      for (const [index, access] of (['desk', 'public', 'desk', 'desk', 'public', 'desk'] as const).entries()) {
        await createChannel(own.engine, `${access}-${index}`, { access, createdAt: at(-index) });
      }
      const whole = await list(own.engine, { limit: 2 });
      expect([whole.channels.map(({ id }) => id), whole.next]).toEqual([['public-1', 'public-4'], null]);
      const first = await list(own.engine, { limit: 1, state: 'live' });
      expect(first.channels.map(({ id }) => id)).toEqual(['public-1']);
      const second = await list(own.engine, { limit: 1, page: first.next! });
      expect([second.channels.map(({ id }) => id), second.next]).toEqual([['public-4'], null]);
      // Without the desk channels, the answer has the same `next`.
      const bare = await open();
      for (const index of [1, 4]) await createChannel(bare.engine, `public-${index}`, { createdAt: at(-index) });
      expect((await list(bare.engine, { limit: 1 })).next).toBe(first.next);
      await bare.close();
    } finally {
      await own.close();
    }
  });

  it('lists a channel once, even if other creations with its id were refused', async () => {
    const own = await open();
    try {
      const { id } = await createChannel(own.engine, 'wanted', { createdAt: at(0) });
      for (const seconds of [-60, 60]) {
        const rival = channelEntry(sampleChannel(id, { createdAt: at(seconds) }));
        expect(await own.engine.append(id, appending([rival]))).toEqual({ status: 'conflict', moved: [null] });
      }
      expect((await list(own.engine, {})).channels.map((channel) => channel.createdAt)).toEqual([at(0)]);
    } finally {
      await own.close();
    }
  });

  it('refuses a malformed page', async () => {
    for (const page of ['', 'foo', '1.', `1.${'x'.repeat(200)}`, '1.a b', '..']) {
      expect(await engine.channels({ limit: 1, desk: [], page })).toBeUndefined();
    }
  });

  it('reads the current post, with the position at which it is current', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id);
    const { post: revised, position } = await appended(engine, id, [revision(post, { headline: 'Now with one' })]);
    expect(await engine.post(id, post.id)).toEqual({ post: revised, position });
    expect(await engine.post(id, newPostId())).toBeUndefined();
    // An engine may use this key for the channel's own text.
    expect(await engine.post(id, 'channel')).toBeUndefined();
    expect(await engine.revisions(id, 'channel', { after: 0, ...wide })).toBeUndefined();
    const other = await createChannel(engine);
    expect(await engine.post(other.id, post.id)).toBeUndefined();
    expect(await engine.post(`c-${newPostId()}`, post.id)).toBeUndefined();
  });

  it('pages posts below a seq, newest first, and says whether there are more', async () => {
    const { id } = await createChannel(engine);
    for (let index = 0; index < 6; index++) await publish(engine, id);
    expect(await seqs(id, { limit: 4 })).toEqual({ seqs: [7, 6, 5, 4], more: true });
    expect(await seqs(id, { before: 4, limit: 4 })).toEqual({ seqs: [3, 2], more: false });
    expect(await seqs(id, { before: 4, limit: 2 })).toEqual({ seqs: [3, 2], more: false });
    expect(await seqs(id, { before: 2 })).toEqual({ seqs: [], more: false });
  });

  it('pages posts above a seq: the oldest of them, still newest first', async () => {
    const { id } = await createChannel(engine);
    for (let index = 0; index < 6; index++) await publish(engine, id);
    expect(await seqs(id, { after: 3, limit: 2 })).toEqual({ seqs: [5, 4], more: true });
    expect(await seqs(id, { after: 5, limit: 2 })).toEqual({ seqs: [7, 6], more: false });
    expect(await seqs(id, { after: 7 })).toEqual({ seqs: [], more: false });
    expect(await seqs(id, { after: 0, limit: 1 })).toEqual({ seqs: [2], more: true });
  });

  it('pages posts between two bounds, both exclusive, newest first below the upper', async () => {
    const { id } = await createChannel(engine);
    for (let index = 0; index < 6; index++) await publish(engine, id);
    expect(await seqs(id, { after: 2, before: 6, limit: 2 })).toEqual({ seqs: [5, 4], more: true });
    expect(await seqs(id, { after: 2, before: 4 })).toEqual({ seqs: [3], more: false });
    expect(await seqs(id, { after: 4, before: 5 })).toEqual({ seqs: [], more: false });
    expect(await seqs(id, { after: 6, before: 2 })).toEqual({ seqs: [], more: false });
  });

  it('returns a page with the position at which it is current, and no page for a missing channel', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id);
    const [position] = await engine.heads([id]);
    expect(await engine.posts(id, wide)).toEqual({ posts: [post], position, more: false });
    expect(await engine.posts(`c-${newPostId()}`, wide)).toBeUndefined();
  });

  it('bounds a page in bytes, but returns at least one post', async () => {
    const { id } = await createChannel(engine);
    for (let index = 0; index < 4; index++) await publish(engine, id, { body: 'x'.repeat(10_000) });
    expect(await seqs(id, { bytes: 45_000 })).toEqual({ seqs: [5, 4], more: true });
    expect(await seqs(id, { bytes: 45_000, after: 1 })).toEqual({ seqs: [3, 2], more: true });
    expect(await seqs(id, { bytes: 1 })).toEqual({ seqs: [5], more: true });
  });

  it('finds the posts that have all of the given tags', async () => {
    const { id } = await createChannel(engine);
    const sources = [{ name: 'Wire Service', via: 'A Reporter' }];
    const a = await publish(engine, id, { kind: 'analysis', sources });
    const b = await publish(engine, id, { kind: 'update', sources, keyEvent: true, headline: 'Key' });
    const c = await publish(engine, id, { kind: 'summary', derivedFrom: [a.id] });
    const find = async (...wanted: string[]) => (await seqs(id, { tags: wanted })).seqs;
    expect(await find(tags.source(' wire service'))).toEqual([b.seq, a.seq]);
    expect(await find(tags.source('A REPORTER'))).toEqual([b.seq, a.seq]);
    expect(await find(tags.source('Wire'))).toEqual([]);
    expect(await find(tags.source('Wire Service'), tags.kind('update'))).toEqual([b.seq]);
    expect(await find(tags.keyEvent(true))).toEqual([b.seq]);
    expect(await find(tags.keyEvent(false))).toEqual([c.seq, a.seq]);
    expect(await find(tags.derivedFrom(a.id))).toEqual([c.seq]);
    expect(await find(tags.keyEvent(false), tags.kind('analysis'), tags.source('Wire Service'))).toEqual([a.seq]);
    expect(await seqs(id, { tags: [tags.source('Wire Service')], limit: 1 })).toEqual({ seqs: [b.seq], more: true });
    expect(await seqs(id, { tags: [tags.source('Wire Service')], after: 1, limit: 1 })).toEqual({ seqs: [a.seq], more: true });
    expect(await seqs(id, { tags: [tags.source('Wire Service')], before: b.seq })).toEqual({ seqs: [a.seq], more: false });
  });

  it('finds no post that lacks one of the given tags', async () => {
    const { id } = await createChannel(engine);
    const [sources, key] = [[{ name: 'Wire' }], { keyEvent: true, headline: 'Key' }];
    for (const made of [{ ...key, kind: 'analysis' as const }, { ...key, sources }, { sources }, { sources }])
      await publish(engine, id, made);
    expect(await seqs(id, { tags: [tags.kind('analysis'), tags.keyEvent(true), tags.source('Wire')] })).toEqual({
      seqs: [],
      more: false,
    });
  });

  it('finds a source in any letter case, with Unicode case folding', async () => {
    const { id } = await createChannel(engine);
    const { seq } = await publish(engine, id, { sources: [{ name: 'Straße News', via: 'ΟΔΟΣ' }] });
    const find = async (source: string) => (await seqs(id, { tags: [tags.source(source)] })).seqs;
    for (const name of ['STRASSE NEWS', 'strasse news', 'STRAẞE NEWS', 'Straße News', 'οδος', 'οδοσ', 'Οδος']) {
      expect([name, await find(name)]).toEqual([name, [seq]]);
    }
    expect(await find('Strase News')).toEqual([]);
  });

  it('finds a post by its current tags, and a withdrawn post by its kind only', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id, { kind: 'update', sources: [{ name: 'Old' }] });
    const now = revision(post, { kind: 'breaking', sources: [{ name: 'New' }] });
    await appended(engine, id, [now]);
    const find = async (tag: string) => (await seqs(id, { tags: [tag] })).seqs;
    expect(await find(tags.source('Old'))).toEqual([]);
    expect(await find(tags.kind('update'))).toEqual([]);
    expect(await find(tags.source('New'))).toEqual([post.seq]);
    await appended(engine, id, [retraction(now.post)]);
    expect(await find(tags.source('New'))).toEqual([]);
    expect(await find(tags.published('breaking'))).toEqual([]);
    expect(await find(tags.kind('breaking'))).toEqual([post.seq]);
  });

  it('returns each revision of a post, oldest first', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id, { body: 'One.' });
    const second = revision(post, { body: 'Two.' });
    const third = revision(second.post, { body: 'Three.' }, 'refile', null);
    await appended(engine, id, [second]);
    await appended(engine, id, [third]);
    const { seq } = post;
    const whole = await engine.revisions(id, post.id, { after: 0, ...wide });
    expect(whole).toEqual({ revisions: [post, { ...second.post, seq }, { ...third.post, seq }], more: false });
    const page = await engine.revisions(id, post.id, { ...wide, after: 1, limit: 1 });
    expect(page).toEqual({ revisions: [{ ...second.post, seq }], more: true });
    const least = await engine.revisions(id, post.id, { limit: 10, bytes: 1, after: 0 });
    expect(least).toEqual({ revisions: [post], more: true });
    expect(await engine.revisions(id, post.id, { after: 3, ...wide })).toEqual({ revisions: [], more: false });
    expect(await engine.revisions(id, newPostId(), { after: 0, ...wide })).toBeUndefined();
  });

  it('lists corrections newest first, with the current headline', async () => {
    const channel = await createChannel(engine);
    const post = await publish(engine, channel.id, { headline: 'First headline' });
    const corrected = revision(post, { body: 'Right.' }, 'correction', 'It was wrong.');
    await appended(engine, channel.id, [corrected]);
    const refiled = revision(corrected.post, { headline: 'Second headline' }, 'refile', null);
    await appended(engine, channel.id, [refiled]);
    await appended(engine, channel.id, [
      channelChange(channel, { headline: 'Now' }, { kind: 'clarification', note: 'Clearer.' }),
    ]);
    const [position] = await engine.heads([channel.id]);
    const own = { offset: 5, postId: null, headline: 'Now', revision: 2, kind: 'clarification', note: 'Clearer.', at: at(2) };
    const ofPost = { offset: 3, postId: post.id, headline: 'Second headline', revision: 2, kind: 'correction', at: at(1) };
    const corrections = [own, { ...ofPost, note: 'It was wrong.' }];
    expect(await engine.corrections(channel.id, { limit: 10 })).toEqual({ corrections, position, more: false });
    const first = await engine.corrections(channel.id, { limit: 1 });
    expect(first).toMatchObject({ corrections: [own], more: true });
    const rest = await engine.corrections(channel.id, { limit: 1, before: 5 });
    expect(rest).toMatchObject({ corrections: [{ offset: 3 }], more: false });
    expect(await engine.corrections(`c-${newPostId()}`, { limit: 10 })).toBeUndefined();
  });

  it('leaves erased notes out of the list of corrections', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id, { headline: 'Headline' });
    const corrected = revision(post, { body: 'Right.' }, 'correction', 'It said something.');
    await appended(engine, id, [corrected]);
    await appended(engine, id, [takedown(corrected.post, 'By order of a court.')]);
    const read = await engine.corrections(id, { limit: 10 });
    expect(read?.corrections).toMatchObject([
      { offset: 4, kind: 'takedown', note: 'By order of a court.', headline: null },
      { offset: 3, kind: 'correction', note: null, headline: null },
    ]);
  });

  it('returns journal lines from an offset on: facts without text', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id, { headline: 'Secret headline', body: 'Secret body' });
    await appended(engine, id, [revision(post, { body: 'Other' }, 'correction', 'Secret note')]);
    const whole = await engine.journal(id, { from: 1, limit: 10 });
    const sealed = { hash: expect.stringMatching(/^[0-9a-f]{64}$/), check: expect.stringMatching(/^[0-9a-f]{40}$/) };
    expect(whole).toEqual({
      entries: [
        { offset: 1, type: 'channel.changed', postId: null, revision: 1, kind: null, at: at(), by: 'ed', ...sealed },
        { offset: 2, type: 'post.published', postId: post.id, revision: 1, kind: null, at: at(), by: 'ada', ...sealed },
        { offset: 3, type: 'post.revised', postId: post.id, revision: 2, kind: 'correction', at: at(1), by: 'ada', ...sealed },
      ],
      more: false,
    });
    expect(JSON.stringify(whole)).not.toMatch(/Secret|Other/);
    const page = await engine.journal(id, { from: 2, limit: 1 });
    expect(page).toEqual({ entries: whole?.entries.slice(1, 2), more: true });
    expect(await engine.journal(`c-${newPostId()}`, { from: 1, limit: 1 })).toBeUndefined();
  });
}
