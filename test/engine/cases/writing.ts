import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Engine, JournalUnavailable } from '../../../src/journal/engine.ts';
import { nextCheck, shortCheck } from '../../../src/journal/hash-chain.ts';
import { tags } from '../../../src/journal/post-tags.ts';
import {
  appended,
  appending,
  at,
  channelChange,
  channelEntry,
  createChannel,
  newPostId,
  newRequest,
  publication,
  publish,
  renderer,
  revision,
  sampleChannel,
  samplePost,
  takedown,
  wide,
} from '../../support/stores/engines.ts';
import type { Exam, Examined } from '../contract.ts';

export function writing({ open }: Exam): void {
  let examined: Examined;
  let engine: Engine;
  beforeAll(async () => {
    examined = await open();
    engine = examined.engine;
  });
  afterAll(() => examined.close());

  it('creates a channel with its first entry, at offset 1', async () => {
    const channel = sampleChannel(`c-${newPostId()}`);
    const result = await appended(engine, channel.id, [channelEntry(channel)]);
    expect(result.position.offset).toBe(1);
    const counts = { posts: 0, keyEvents: 0, corrections: 0 };
    expect(result.changes).toEqual([
      { offset: 1, check: result.position.check, at: channel.createdAt, counts, type: 'channel.changed', channel },
    ]);
    expect(result.post).toBeUndefined();
  });

  it('refuses an entry dated before the last one, and answers with the date of the last one', async () => {
    const channel = await createChannel(engine);
    await publish(engine, channel.id, { publishedAt: at(60) });
    const [before] = await engine.heads([channel.id]);
    const early = appending([publication(samplePost(channel.id, { publishedAt: at(59) }))]);
    expect(await engine.append(channel.id, { ...early, lastDateBindsUntil: at(60) })).toEqual({
      status: 'earlier',
      lastAt: at(60),
    });
    expect(await engine.heads([channel.id])).toEqual([before]);
    expect(await engine.recall(channel.id, early.request)).toBeUndefined();
    const entries = [publication(samplePost(channel.id, { publishedAt: at(60) }))] as const;
    const later = { ...appending(entries), request: early.request, lastDateBindsUntil: at(300) };
    expect((await engine.append(channel.id, later)).status).toBe('appended');
  });

  it('accepts an earlier date if the last entry is too far ahead, or if the request keeps its dates', async () => {
    const { id } = await createChannel(engine);
    await publish(engine, id, { publishedAt: at(360) });
    const asOfNow = appending([publication(samplePost(id, { publishedAt: at(59) }))]);
    expect((await engine.append(id, { ...asOfNow, lastDateBindsUntil: at(359) })).status).toBe('appended');
    expect((await engine.append(id, appending([publication(samplePost(id, { publishedAt: at(1) }))]))).status).toBe('appended');
  });

  it('checks for a repeated request and for changed revisions before it compares dates', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id, { publishedAt: at(60) });
    const binding = { lastDateBindsUntil: at(300) };
    const request = newRequest();
    await appended(engine, id, [publication(samplePost(id, { publishedAt: at(70) }))], { request });
    const again = appending([publication(samplePost(id, { publishedAt: at(1) }))], { request });
    expect((await engine.append(id, { ...again, ...binding })).status).toBe('duplicate');
    const moved = appending([publication(samplePost(id, { publishedAt: at(1) }))], { posts: { [post.id]: 7 } });
    expect(await engine.append(id, { ...moved, ...binding })).toEqual({ status: 'conflict', moved: [post.id] });
  });

  it('gives each channel its own history', async () => {
    const [a, b] = [await createChannel(engine), await createChannel(engine)];
    const [first, second] = await engine.heads([a.id, b.id]);
    expect(first?.epoch).not.toBe(second?.epoch);
  });

  it('numbers entries without gaps, and gives a post the number of its first entry', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id);
    const other = await publish(engine, id);
    const revised = await appended(engine, id, [revision(post, { body: 'Otherwise.' })]);
    expect([post.seq, other.seq]).toEqual([2, 3]);
    expect(revised.position.offset).toBe(4);
    expect(revised.post).toEqual({ ...revision(post, { body: 'Otherwise.' }).post, seq: 2 });
    expect(revised.changes[0]).toMatchObject({ offset: 4, type: 'post.revised', post: { seq: 2, revision: 2 } });
  });

  it("answers with the changes in the reader's view and the post in the author's view", async () => {
    const { id } = await createChannel(engine);
    const post = samplePost(id, { body: '**Bold** words', publishedBy: 'ada' });
    const result = await appended(engine, id, [publication(post)]);
    expect(result.post).toEqual({ ...post, seq: 2 });
    const json = JSON.stringify(result.changes);
    expect(json).toContain('<strong>Bold</strong>');
    for (const hidden of ['"body"', '"publishedBy"', '**Bold**', '"by"']) expect(json).not.toContain(hidden);
  });

  it('appends two entries together, and answers with the position after the second', async () => {
    const channel = await createChannel(engine);
    const post = await publish(engine, channel.id);
    const both = [takedown(post), channelChange(channel, { pinnedPostId: null })] as const;
    const result = await appended(engine, channel.id, both);
    expect(result.changes.map(({ offset, type }) => [offset, type])).toEqual([
      [3, 'post.taken-down'],
      [4, 'channel.changed'],
    ]);
    expect(result.position).toMatchObject({ offset: 4, check: result.changes[1]?.check });
  });

  it('appends neither of two entries if a revision of one has changed', async () => {
    const channel = await createChannel(engine);
    const post = await publish(engine, channel.id);
    const [before] = await engine.heads([channel.id]);
    const both = [takedown(post), channelChange({ ...channel, revision: 7 }, { headline: 'Moved' })] as const;
    expect(await engine.append(channel.id, appending(both))).toEqual({ status: 'conflict', moved: [null] });
    expect(await engine.heads([channel.id])).toEqual([before]);
    expect((await engine.post(channel.id, post.id))?.post).toEqual(post);
  });

  it('appends two entries of one post, which gets its number from the first', async () => {
    const { id } = await createChannel(engine);
    const post = samplePost(id, { kind: 'update' });
    const second = revision(post, { body: 'Otherwise.', kind: 'breaking' });
    const { changes } = await appended(engine, id, [publication(post), second], { posts: { [post.id]: 0 } });
    expect(changes).toMatchObject([
      { offset: 2, post: { seq: 2, revision: 1 } },
      { offset: 3, post: { seq: 2, revision: 2 } },
    ]);
    expect((await engine.posts(id, wide))?.posts).toEqual([{ ...second.post, seq: 2 }]);
    expect((await engine.posts(id, { ...wide, tags: [tags.kind('update')] }))?.posts).toEqual([]);
    expect((await engine.revisions(id, post.id, { after: 0, ...wide }))?.revisions).toHaveLength(2);
  });

  it('names everything that changed meanwhile: posts by id, the channel as null', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id);
    const request = appending([publication(samplePost(id))], { channel: 2, posts: { [post.id]: 5, [newPostId()]: 0 } });
    const result = await engine.append(id, request);
    expect(result).toEqual({ status: 'conflict', moved: [null, post.id] });
  });

  it('treats revision 0 as "must not exist yet"', async () => {
    const channel = await createChannel(engine);
    const post = await publish(engine, channel.id);
    expect(await engine.append(channel.id, appending([channelEntry(channel)]))).toEqual({ status: 'conflict', moved: [null] });
    expect(await engine.append(channel.id, appending([publication(post)]))).toEqual({ status: 'conflict', moved: [post.id] });
    const nowhere = `c-${newPostId()}`;
    const early = appending([publication(samplePost(nowhere))], { channel: 1 });
    expect(await engine.append(nowhere, early)).toEqual({ status: 'conflict', moved: [null] });
    expect(await engine.channel(nowhere)).toEqual({ status: 'missing' });
  });

  it('refuses a post of a channel that does not exist, and stores nothing', async () => {
    const id = `c-${newPostId()}`;
    const post = samplePost(id);
    const request = newRequest();
    const early = engine.append(id, appending([publication(post)], { channel: 0, request }));
    await expect(early).rejects.toMatchObject({ name: 'JournalUnavailable', outcome: 'unchanged' });
    expect(await engine.heads([id])).toEqual([undefined]);
    expect(await engine.channel(id)).toEqual({ status: 'missing' });
    expect(await engine.recall(id, request)).toBeUndefined();
    await createChannel(engine, id);
    expect(await engine.post(id, post.id)).toBeUndefined();
    expect((await engine.heads([id]))[0]?.offset).toBe(1);
  });

  it('lets one of two writes based on the same revision succeed', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id);
    const rivals = ['One.', 'Other.'].map((body) => engine.append(id, appending([revision(post, { body })])));
    const results = await Promise.all(rivals);
    expect(results.map(({ status }) => status).sort()).toEqual(['appended', 'conflict']);
    expect(results.find(({ status }) => status === 'conflict')).toEqual({ status: 'conflict', moved: [post.id] });
  });

  it('never lets two new posts conflict, and loses, duplicates or reorders none', async () => {
    const { id } = await createChannel(engine);
    const bodies = Array.from({ length: 60 }, (_, index) => `Post ${index}.`);
    const results = await Promise.all(bodies.map((body) => publish(engine, id, { body })));
    expect(results.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(bodies.map((_, index) => index + 2));
    const page = await engine.posts(id, wide);
    expect(page?.posts).toEqual(results.toSorted((a, b) => b.seq - a.seq));
    expect(page?.position.offset).toBe(61);
  });

  it('chains the entries with checks that anyone can recompute', async () => {
    const channel = await createChannel(engine);
    const post = await publish(engine, channel.id);
    await appended(engine, channel.id, [takedown(post), channelChange(channel, { headline: 'New' })]);
    const lines = (await engine.journal(channel.id, { from: 1, limit: 10 }))?.entries ?? [];
    expect(lines).toHaveLength(4);
    const [head] = await engine.heads([channel.id]);
    for (const [index, line] of lines.entries()) {
      const before = lines[index - 1];
      if (before) expect(line.check).toBe(nextCheck(before.check, line.offset, line.hash));
      const cursor = { epoch: head!.epoch, offset: line.offset, check: shortCheck(line.check) };
      expect(await engine.catchUp(channel.id, cursor, wide)).toMatchObject({ status: 'replay', to: head });
    }
  });

  it('shows an acknowledged entry to every later read', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id);
    const reads = await Promise.all([
      engine.post(id, post.id).then((read) => read?.post),
      engine.posts(id, wide).then((read) => read?.posts[0]),
      engine.revisions(id, post.id, { after: 0, ...wide }).then((read) => read?.revisions[0]),
    ]);
    expect(reads).toEqual([post, post, post]);
    expect((await engine.heads([id]))[0]?.offset).toBe(2);
  });

  it('keeps appended entries over a restart', async () => {
    const own = await open();
    try {
      const { id } = await createChannel(own.engine);
      const post = await publish(own.engine, id, { body: 'Kept.' });
      const revised = await appended(own.engine, id, [revision(post, { body: 'Kept better.' })]);
      const again = await own.reopen();
      expect(await again.heads([id])).toEqual([revised.position]);
      expect((await again.post(id, post.id))?.post).toEqual(revised.post);
      const next = await publish(again, id);
      expect(next.seq).toBe(4);
    } finally {
      await own.close();
    }
  });

  it('renders html again when the renderer has changed', async () => {
    const own = await open();
    try {
      const { id } = await createChannel(own.engine);
      const post = await publish(own.engine, id, { body: 'Word' });
      expect(post.html).toBe(renderer.render('Word', { channelId: id }));
      const shouting = { version: 'shouting', render: (body: string) => `<p>${body.toUpperCase()}!</p>\n` };
      const again = await own.reopen({ renderer: shouting });
      expect((await again.post(id, post.id))?.post.html).toBe('<p>WORD!</p>\n');
      expect((await again.snapshot(id, wide))?.posts[0]?.html).toBe('<p>WORD!</p>\n');
      expect((await again.heads([id]))[0]?.offset).toBe(2);
    } finally {
      await own.close();
    }
  });

  it('is ready while the store answers, and throws when it does not', async () => {
    const own = await open();
    await own.engine.ready();
    await own.engine.close();
    await expect(own.engine.ready()).rejects.toThrow(JournalUnavailable);
    await own.close();
  });

  it('tells how long ago it compared its state with the store, and how large the store is', async () => {
    const own = await open();
    try {
      await own.engine.ready();
      expect(own.engine.comparedAgoMs).toBeGreaterThanOrEqual(0);
      expect(own.engine.comparedAgoMs).toBeLessThan(10_000);
      const before = await own.engine.size();
      expect(before).toBeGreaterThan(0);
      const { id } = await createChannel(own.engine);
      for (let count = 0; count < 20; count += 1) await publish(own.engine, id, { body: 'word '.repeat(2_000) });
      expect(await own.engine.size()).toBeGreaterThan(before);
    } finally {
      await own.close();
    }
  });

  it('finishes writes under way when it is closed, and refuses later ones as unchanged', async () => {
    const own = await open();
    try {
      const { id } = await createChannel(own.engine);
      const begun = Array.from({ length: 20 }, () => samplePost(id)).map((post) =>
        own.engine.append(id, appending([publication(post)])).then(
          ({ status }) => ({ post, status }),
          (error: unknown) => ({ post, error }),
        ),
      );
      await own.engine.close();
      const late = own.engine.append(id, appending([publication(samplePost(id))]));
      await expect(late).rejects.toMatchObject({ name: 'JournalUnavailable', outcome: 'unchanged' });
      const results = await Promise.all(begun);
      const again = await own.reopen();
      const kept = new Set((await again.posts(id, wide))?.posts.map((post) => post.id));
      for (const result of results) {
        if ('status' in result) expect(kept.has(result.post.id)).toBe(true);
        else expect(result.error).toBeInstanceOf(JournalUnavailable);
      }
    } finally {
      await own.close();
    }
  });

  it('answers deleted for a deleted channel', async () => {
    const { id } = await createChannel(engine);
    await engine.deleteChannel(id, newRequest(), 'root');
    const again = await engine.append(id, appending([channelEntry(sampleChannel(id))]));
    expect(again).toEqual({ status: 'deleted' });
    expect(await engine.append(id, appending([publication(samplePost(id))]))).toEqual({ status: 'deleted' });
  });
}
