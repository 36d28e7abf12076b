import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Announcement, Engine } from '../../../src/journal/engine.ts';
import {
  appended,
  channelChange,
  createChannel,
  newPostId,
  newRequest,
  publication,
  publish,
  sampleChannel,
  samplePost,
  takedown,
  wide,
} from '../../support/stores/engines.ts';
import type { Exam, Examined } from '../contract.ts';

export function listening({ open, isShared }: Exam): void {
  let examined: Examined;
  let engine: Engine;
  beforeAll(async () => {
    examined = await open();
    engine = examined.engine;
  });
  afterAll(() => examined.close());

  /**
   * Everything heard so far, the entries among it, and their offsets. An engine that shares its store can announce `maybe-missed`
   * or `gone` at any moment, because it compares with the store at its own pace.
   */
  async function listen(channelId: string, on: Engine = engine) {
    const heard: Announcement[] = [];
    const undo = await on.subscribe(channelId, (announcement) => heard.push(announcement));
    const entries = () => {
      if (!isShared) expect(heard).not.toContainEqual({ type: 'maybe-missed' });
      return heard.filter((one) => one.type === 'entry');
    };
    const offsets = () => entries().map(({ change }) => change.offset);
    return { heard, undo, entries, offsets };
  }

  it('announces each entry once, with its place in the chain', async () => {
    const channel = await createChannel(engine);
    const [start] = await engine.heads([channel.id]);
    const { entries, offsets } = await listen(channel.id);
    const post = samplePost(channel.id);
    const first = await appended(engine, channel.id, [publication(post)]);
    const second = await appended(engine, channel.id, [takedown(post), channelChange(channel, { headline: 'New' })]);
    await vi.waitFor(() => expect(offsets().sort()).toEqual([2, 3, 4]));
    const { epoch } = first.position;
    const changes = [...first.changes, ...second.changes];
    const befores = [start?.check, first.changes[0]?.check, second.changes[0]?.check];
    const expected = changes.map((change, index) => ({ type: 'entry', epoch, before: befores[index], change }));
    expect(entries().toSorted((a, b) => a.change.offset - b.change.offset)).toEqual(expected);
  });

  it('announces an entry only once it can be read', async () => {
    const { id } = await createChannel(engine);
    const reads: Promise<number | undefined>[] = [];
    const announced: number[] = [];
    const undo = await engine.subscribe(id, (heard) => {
      if (heard.type !== 'entry') return;
      announced.push(heard.change.offset);
      reads.push(engine.heads([id]).then(([head]) => head?.offset));
    });
    await Promise.all(Array.from({ length: 20 }, () => publish(engine, id)));
    await vi.waitFor(() => expect(announced).toHaveLength(20));
    const heads = await Promise.all(reads);
    for (const [index, offset] of announced.entries()) expect(heads[index]).toBeGreaterThanOrEqual(offset);
    undo();
  });

  it('announces only what was appended', async () => {
    const { id } = await createChannel(engine);
    const { offsets } = await listen(id);
    const request = newRequest();
    await appended(engine, id, [publication(samplePost(id))], { request });
    const again = { request, decidedOn: { channel: 1, posts: {} }, entries: [publication(samplePost(id))] as const };
    expect((await engine.append(id, again)).status).toBe('duplicate');
    const moved = { ...again, request: newRequest(), decidedOn: { channel: 9, posts: {} } };
    expect((await engine.append(id, moved)).status).toBe('conflict');
    const last = await publish(engine, id);
    await vi.waitFor(() => expect(offsets()).toContain(last.seq));
    expect(offsets().sort()).toEqual([2, 3]);
  });

  it('announces a channel only to its own listeners, who can subscribe before it exists', async () => {
    const [id, other] = [`c-${newPostId()}`, await createChannel(engine)];
    const [own, others] = [await listen(id), await listen(other.id)];
    await createChannel(engine, id);
    await vi.waitFor(() => expect(own.offsets()).toEqual([1]));
    expect(own.entries()[0]).toMatchObject({ change: { type: 'channel.changed', channel: sampleChannel(id) } });
    expect(others.offsets()).toEqual([]);
  });

  it('calls every listener of a channel, and none that unsubscribed', async () => {
    const { id } = await createChannel(engine);
    const [a, b, c] = [await listen(id), await listen(id), await listen(id)];
    b.undo();
    b.undo();
    const heardByB = [...b.heard];
    await publish(engine, id);
    await vi.waitFor(() => expect([a.offsets(), c.offsets()]).toEqual([[2], [2]]));
    c.undo();
    const heardByC = [...c.heard];
    await publish(engine, id);
    await vi.waitFor(() => expect(a.offsets()).toEqual([2, 3]));
    expect([b.heard, c.heard]).toEqual([heardByB, heardByC]);
    expect(b.offsets()).toEqual([]);
  });

  it('calls the other listeners and answers the author when one listener throws', async () => {
    const { id } = await createChannel(engine);
    const undo = await engine.subscribe(id, () => {
      throw new Error('This listener fails.');
    });
    const { offsets } = await listen(id);
    await publish(engine, id);
    await vi.waitFor(() => expect(offsets()).toEqual([2]));
    undo();
  });

  it('tells subscribers that the channel is gone', async () => {
    const { id } = await createChannel(engine);
    const { heard, offsets } = await listen(id);
    await engine.deleteChannel(id, newRequest(), 'root');
    await vi.waitFor(() => expect(heard).toContainEqual({ type: 'gone' }));
    await engine.deleteChannel(id, newRequest(), 'root');
    expect(offsets()).toEqual([]);
  });

  it('announces an erasure before its entry is announced and its author answered', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id);
    const order: string[] = [];
    const undo = engine.onErased((channelId, postId) => {
      // An erasure that is not complete yet may be announced again.
      if (channelId === id && !order.includes(`erased ${postId}`)) order.push(`erased ${postId}`);
    });
    await engine.subscribe(id, (heard) => {
      if (heard.type === 'entry') order.push(heard.change.type);
    });
    await appended(engine, id, [takedown(post)]).then(() => order.push('answered'));
    await vi.waitFor(() => expect(order).toContain('post.taken-down'));
    expect(order[0]).toBe(`erased ${post.id}`);
    expect(order.toSorted()).toEqual(['answered', `erased ${post.id}`, 'post.taken-down']);
    undo();
  });

  it('announces every erasure to listeners of erasures, subscribed to the channel or not', async () => {
    const channel = await createChannel(engine);
    // An erasure that is not complete yet may be announced again.
    const erased = new Set<string | null>();
    let told = 0;
    const undo = engine.onErased((channelId, postId) => {
      told += 1;
      if (channelId === channel.id) erased.add(postId);
    });
    const post = await publish(engine, channel.id);
    await appended(engine, channel.id, [channelChange(channel, {})]);
    expect([...erased]).toEqual([]);
    await appended(engine, channel.id, [takedown(post)], { channel: 2 });
    expect([...erased]).toEqual([post.id]);
    await engine.deleteChannel(channel.id, newRequest(), 'root');
    expect([...erased]).toEqual([post.id, null]);
    undo();
    const toldBefore = told;
    const other = await createChannel(engine);
    await engine.deleteChannel(other.id, newRequest(), 'root');
    expect(told).toBe(toldBefore);
  });

  it('leaves no gap between subscribing and reading afterwards', async () => {
    const { id } = await createChannel(engine);
    const writes = Promise.all(Array.from({ length: 40 }, () => publish(engine, id)));
    const { offsets } = await listen(id);
    const snapshot = await engine.snapshot(id, wide);
    await writes;
    await vi.waitFor(() => {
      const known = new Set([...(snapshot?.posts.map(({ seq }) => seq) ?? []), ...offsets()]);
      expect([...known].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index + 2));
    });
  });

  it('calls no listener once it is closed', async () => {
    const own = await open();
    const { id } = await createChannel(own.engine);
    const { heard, offsets } = await listen(id, own.engine);
    const closed = own.engine.close();
    const heardBefore = [...heard];
    await closed;
    const again = await own.reopen();
    await publish(again, id);
    expect(heard).toEqual(heardBefore);
    expect(offsets()).toEqual([]);
    await own.close();
  });
}
