import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Engine } from '../../../src/journal/engine.ts';
import type { Position } from '../../../src/protocol/cursor.ts';
import {
  appended,
  createChannel,
  newPostId,
  newRequest,
  publication,
  publish,
  retraction,
  revision,
  samplePost,
  takedown,
  wide,
} from '../../support/stores/engines.ts';
import { untilComplete, untilDeleted } from '../../support/stores/erased-texts.ts';
import type { Exam, Examined } from '../contract.ts';

/** Each engine has its own test that nothing is left in its store, because only that test knows where to look. */
export function deletingAndErasing({ open }: Exam): void {
  let examined: Examined;
  let engine: Engine;
  beforeAll(async () => {
    examined = await open();
    engine = examined.engine;
  });
  afterAll(() => examined.close());

  const complete = { complete: true, pending: [] };
  const erases = (channelId: string, postId: string, on = engine) => untilComplete(() => on.erase(channelId, postId));

  async function everythingOf(channelId: string, postId: string): Promise<string> {
    const start = await engine.snapshot(channelId, wide);
    return JSON.stringify([
      start,
      await engine.post(channelId, postId),
      await engine.posts(channelId, wide),
      await engine.revisions(channelId, postId, { after: 0, ...wide }),
      await engine.corrections(channelId, { limit: 100 }),
      await engine.journal(channelId, { from: 1, limit: 100 }),
    ]);
  }

  it('removes every earlier revision from every answer on a takedown', async () => {
    const { id } = await createChannel(engine);
    const start = (await engine.heads([id]))[0]!;
    const secret = { headline: 'Secret headline', sources: [{ name: 'Secret source' }], keyEvent: true };
    const post = await publish(engine, id, { body: 'Secret body', ...secret });
    const second = revision(post, { body: 'Secret again' }, 'correction', 'Secret note');
    await appended(engine, id, [second]);
    expect(await everythingOf(id, post.id)).toContain('Secret');
    const down = takedown(second.post);
    await appended(engine, id, [down]);
    await erases(id, post.id);
    expect(await everythingOf(id, post.id)).not.toContain('Secret');
    const replay = await engine.catchUp(id, start, wide);
    expect(JSON.stringify(replay)).not.toContain('Secret');
    const left = await engine.revisions(id, post.id, { after: 0, ...wide });
    expect(left?.revisions).toEqual([{ ...down.post, seq: post.seq }]);
  });

  it('erases the earlier revisions of a post that stays published', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id, { body: 'A name.' });
    const second = revision(post, { body: 'No name.' });
    const third = { ...revision(second.post, { body: 'Still none.' }), erases: 1 };
    await appended(engine, id, [second]);
    await appended(engine, id, [third]);
    await erases(id, post.id);
    const { revisions } = (await engine.revisions(id, post.id, { after: 0, ...wide })) ?? {};
    expect(revisions?.map(({ revision: number }) => number)).toEqual([2, 3]);
    expect((await engine.post(id, post.id))?.post).toEqual({ ...third.post, seq: post.seq });
    expect(await everythingOf(id, post.id)).not.toContain('A name.');
  });

  it('never erases the revision that the erasing entry writes', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id, { body: 'A name.' });
    const second = { ...revision(post, { body: 'No name.' }), erases: 9 };
    await appended(engine, id, [second]);
    await erases(id, post.id);
    expect((await engine.post(id, post.id))?.post).toEqual({ ...second.post, seq: post.seq });
    const third = revision(second.post, { body: 'Still none.' });
    await appended(engine, id, [third]);
    const { revisions } = (await engine.revisions(id, post.id, { after: 0, ...wide })) ?? {};
    expect(revisions?.map(({ revision: number }) => number)).toEqual([2, 3]);
  });

  it('keeps the revisions of a retracted post', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id, { body: 'Withdrawn, not erased.' });
    await appended(engine, id, [retraction(post)]);
    expect(await engine.erase(id, post.id)).toEqual(complete);
    expect((await engine.revisions(id, post.id, { after: 0, ...wide }))?.revisions[0]).toEqual(post);
  });

  it('reports an erasure as complete when it is requested again, or when there is nothing to erase', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id);
    await appended(engine, id, [takedown(post)]);
    await erases(id, post.id);
    expect(await engine.erase(id, post.id)).toEqual(complete);
    await vi.waitFor(() => expect(engine.pendingErasures).toBe(0));
    expect(await engine.erase(id, newPostId())).toEqual(complete);
  });

  it('keeps the chain intact, so that earlier cursors stay valid', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id);
    const before = (await engine.heads([id]))[0]!;
    const taken = await appended(engine, id, [takedown(post)]);
    await engine.erase(id, post.id);
    expect(await engine.catchUp(id, before, wide)).toMatchObject({ status: 'replay', to: taken.position });
    const lines = await engine.journal(id, { from: 1, limit: 10 });
    expect(lines?.entries.map(({ type }) => type)).toEqual(['channel.changed', 'post.published', 'post.taken-down']);
  });

  it('does not change other posts', async () => {
    const { id } = await createChannel(engine);
    const posts = await Promise.all(Array.from({ length: 20 }, (_, index) => publish(engine, id, { body: `Post ${index}` })));
    for (const post of posts.filter(({ seq }) => seq % 2 === 0)) await appended(engine, id, [takedown(post)]);
    for (const post of posts.filter(({ seq }) => seq % 2 === 1)) {
      expect((await engine.post(id, post.id))?.post).toEqual(post);
    }
  });

  it('erases a deleted channel with everything in it', async () => {
    const [{ id }, other] = [await createChannel(engine), await createChannel(engine)];
    const [post, kept] = [await publish(engine, id), await publish(engine, other.id)];
    await untilDeleted(engine, id);
    expect(await engine.deleteChannel(id, newRequest(), 'root')).toEqual({ status: 'deleted', erasure: complete });
    const reads = [
      engine.snapshot(id, wide),
      engine.post(id, post.id),
      engine.posts(id, wide),
      engine.revisions(id, post.id, { after: 0, ...wide }),
      engine.corrections(id, { limit: 10 }),
      engine.journal(id, { from: 1, limit: 10 }),
      engine.catchUp(id, { epoch: '0'.repeat(12), offset: 0, check: '0'.repeat(16) }, wide),
    ];
    expect(await Promise.all(reads)).toEqual(reads.map(() => undefined));
    expect(await engine.heads([id])).toEqual([undefined]);
    expect((await engine.channels({ limit: 1_000, desk: ['*'] }))!.channels.map((channel) => channel.id)).not.toContain(id);
    expect((await engine.post(other.id, kept.id))?.post).toEqual(kept);
  });

  it('erases nothing of channels and posts whose ids begin like those of the deleted ones', async () => {
    const start = newPostId();
    // The last one is the name of the server's own keys in Redis.
    const [storm, ...others] = [start, `${start}-2`, `${start}2`, start.slice(0, -1), 'registry'] as [string, ...string[]];
    const posts = new Map<string, string>();
    const requests = new Map(others.map((id) => [id, { ...newRequest(), id: `${start}:${id}` }]));
    for (const id of [storm, ...others]) {
      await createChannel(engine, id, { access: 'desk' });
      const entry = publication(samplePost(id, { headline: `In ${id}`, keyEvent: true }));
      const request = requests.get(id);
      const { post } = await appended(engine, id, [entry], request === undefined ? {} : { request });
      posts.set(id, post?.id ?? '');
    }
    const everything = async () =>
      await Promise.all(
        others.map(async (id) => [
          await everythingOf(id, posts.get(id) as string),
          await engine.channel(id),
          await engine.recall(id, requests.get(id) as ReturnType<typeof newRequest>),
        ]),
      );
    const listed = async (desk: string[]) =>
      (await engine.channels({ limit: 1_000, desk }))?.channels.map(({ id }) => id).filter((id) => id.startsWith(start));
    const before = await everything();
    expect(await listed([storm])).toEqual([storm]);
    expect((await listed([`${storm}-*`]))?.toSorted()).toEqual([`${start}-2`]);
    await untilDeleted(engine, storm);
    expect(await everything()).toEqual(before);
    expect((await listed([`${storm}*`]))?.toSorted()).toEqual([`${start}-2`, `${start}2`]);
  });

  it('answers missing when the channel to delete does not exist', async () => {
    expect(await engine.deleteChannel(`c-${newPostId()}`, newRequest(), 'root')).toEqual({ status: 'missing' });
  });

  it('deletes a channel at a position only if its journal ends there', async () => {
    const { id } = await createChannel(engine);
    const [before] = await engine.heads([id]);
    const post = await publish(engine, id);
    const [head] = (await engine.heads([id])) as [Position];
    const deleteAt = (at: Position | undefined) => engine.deleteChannel(id, newRequest(), 'root', at);
    const others = [before, { ...head, epoch: '0'.repeat(12) }, { ...head, check: '0'.repeat(16) }];
    for (const at of [...others, { ...head, offset: head.offset + 1 }]) expect(await deleteAt(at)).toEqual({ status: 'moved' });
    expect(await engine.heads([id])).toEqual([head]);
    expect((await engine.post(id, post.id))?.post).toEqual(post);
    const deleting = newRequest();
    expect((await engine.deleteChannel(id, deleting, 'root', head)).status).toBe('deleted');
    expect(await engine.channel(id)).toMatchObject({ status: 'deleted' });
    expect(await engine.recall(id, deleting)).toMatchObject({ same: true });
    const other = newRequest();
    expect((await engine.deleteChannel(id, other, 'root', head)).status).toBe('deleted');
    expect(await engine.recall(id, other)).toBeUndefined();
    expect(await engine.deleteChannel(`c-${newPostId()}`, newRequest(), 'root', head)).toEqual({ status: 'missing' });
  });

  it('keeps erasures and deletions over a restart', async () => {
    const own = await open();
    try {
      const [{ id }, gone] = [await createChannel(own.engine), await createChannel(own.engine, undefined, { access: 'members' })];
      const post = await publish(own.engine, id, { body: 'Secret' });
      const down = takedown(post);
      await appended(own.engine, id, [down]);
      await own.engine.deleteChannel(gone.id, newRequest(), 'root');
      const again = await own.reopen();
      await erases(id, post.id, again);
      expect((await again.post(id, post.id))?.post).toEqual({ ...down.post, seq: post.seq });
      expect(await again.channel(gone.id)).toEqual({ status: 'deleted', access: 'members' });
    } finally {
      await own.close();
    }
  });
}
