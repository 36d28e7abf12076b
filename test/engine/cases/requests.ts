import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Engine } from '../../../src/journal/engine.ts';
import {
  appended,
  appending,
  channelChange,
  createChannel,
  newPostId,
  newRequest,
  publication,
  publish,
  revision,
  samplePost,
  takedown,
} from '../../support/stores/engines.ts';
import type { Exam, Examined } from '../contract.ts';

const hour = 3_600_000;

/** How requests are remembered, and for how long. */
export function requests({ open }: Exam): void {
  let elapsed = 0;
  /** How far the clock advances each time it is read. */
  let tick = 0;
  let ahead = 0;
  let examined: Examined;
  let engine: Engine;
  beforeAll(async () => {
    examined = await open({
      now: () => Date.now() + ahead,
      elapsed: () => {
        elapsed += tick;
        return elapsed;
      },
    });
    engine = examined.engine;
  });
  beforeEach(() => {
    tick = 0;
    ahead = 0;
  });
  afterAll(() => examined.close());

  it('answers duplicate to a repeated request, with its first outcome', async () => {
    const { id } = await createChannel(engine);
    const request = newRequest();
    const post = samplePost(id);
    const { position } = await appended(engine, id, [publication(post)], { request });
    const outcome = { same: true, position, postId: post.id, revision: 1 };
    expect(await engine.append(id, appending([publication(post)], { request }))).toEqual({ status: 'duplicate', outcome });
    expect(await engine.recall(id, request)).toEqual(outcome);
    expect(await engine.heads([id])).toEqual([position]);
  });

  it('answers duplicate whatever a repeated request contains, before it compares revisions', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id);
    const request = newRequest();
    const first = await appended(engine, id, [revision(post, { body: 'Corrected.' })], { request });
    await appended(engine, id, [revision(revision(post, { body: 'Corrected.' }).post, { body: 'Again.' })]);
    const again = appending([publication(samplePost(id))], { request, channel: 9, posts: { [post.id]: 1 } });
    const outcome = { same: true, position: first.position, postId: post.id, revision: 2 };
    expect(await engine.append(id, again)).toEqual({ status: 'duplicate', outcome });
  });

  it('says when a request id is used for a different request', async () => {
    const { id } = await createChannel(engine);
    const request = newRequest();
    const post = samplePost(id);
    await appended(engine, id, [publication(post)], { request });
    const other = { ...request, digest: 'e'.repeat(64) };
    expect(await engine.recall(id, other)).toMatchObject({ same: false, postId: post.id });
    const again = await engine.append(id, appending([publication(post)], { request: other }));
    expect(again).toMatchObject({ status: 'duplicate', outcome: { same: false } });
  });

  it('creates one post from two hundred concurrent requests with one id', async () => {
    const { id } = await createChannel(engine);
    const request = newRequest();
    const tries = Array.from({ length: 200 }, () => engine.append(id, appending([publication(samplePost(id))], { request })));
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 'appended')).toHaveLength(1);
    expect(statuses.filter((status) => status === 'duplicate')).toHaveLength(199);
    expect((await engine.heads([id]))[0]?.offset).toBe(2);
  });

  it('remembers a request with two entries by the post of the first and the position after the second', async () => {
    const channel = await createChannel(engine);
    const post = await publish(engine, channel.id);
    const request = newRequest();
    const both = [takedown(post), channelChange(channel, {})] as const;
    const { position } = await appended(engine, channel.id, both, { request });
    expect(await engine.recall(channel.id, request)).toMatchObject({ position, postId: post.id, revision: 2 });
    const own = newRequest();
    const changed = await appended(engine, channel.id, [channelChange({ ...channel, revision: 2 }, { section: 'World' })], {
      request: own,
    });
    expect(await engine.recall(channel.id, own)).toEqual({ same: true, position: changed.position, postId: null, revision: 3 });
  });

  it('does not store a refusal', async () => {
    const { id } = await createChannel(engine);
    const request = newRequest();
    const refused = await engine.append(id, appending([publication(samplePost(id))], { request, channel: 5 }));
    expect(refused.status).toBe('conflict');
    expect(await engine.recall(id, request)).toBeUndefined();
    const { status } = await engine.append(id, appending([publication(samplePost(id))], { request }));
    expect(status).toBe('appended');
  });

  it('keeps the requests of each channel apart', async () => {
    const [a, b] = [await createChannel(engine), await createChannel(engine)];
    const request = newRequest();
    await appended(engine, a.id, [publication(samplePost(a.id))], { request });
    expect(await engine.recall(b.id, request)).toBeUndefined();
    await appended(engine, b.id, [publication(samplePost(b.id))], { request });
  });

  /** Writes may drop requests that are too old. */
  async function writesThatForget(channelId: string): Promise<void> {
    for (let each = 0; each < 3; each += 1) await publish(engine, channelId);
    await engine.reserve(newRequest().id, channelId);
  }

  it('remembers a request for 24 hours and no longer', async () => {
    const { id } = await createChannel(engine);
    const request = newRequest();
    await appended(engine, id, [publication(samplePost(id))], { request });
    elapsed += 24 * hour - 1;
    await writesThatForget(id);
    expect(await engine.recall(id, request)).toMatchObject({ same: true });
    elapsed += 1;
    expect(await engine.recall(id, request)).toBeUndefined();
    await appended(engine, id, [publication(samplePost(id))], { request });
    expect(await engine.recall(id, request)).toMatchObject({ position: { offset: 6 } });
  });

  it.each([25 * hour, 20 * 365 * 24 * hour, -25 * hour])(
    'forgets nothing when the system clock jumps by %d ms and back',
    async (jump) => {
      const { id } = await createChannel(engine);
      const [request, noted, creation] = [newRequest(), newRequest(), newRequest().id];
      const { position } = await appended(engine, id, [publication(samplePost(id))], { request });
      await engine.note(id, noted, { position, postId: null, revision: 1 });
      await engine.reserve(creation, id);
      const again = async () => {
        expect((await engine.append(id, appending([publication(samplePost(id))], { request }))).status).toBe('duplicate');
        expect(await engine.recall(id, noted)).toMatchObject({ same: true });
        expect(await engine.reserve(creation, 'another')).toBe(id);
      };
      ahead = jump;
      await again();
      // Later writes may drop requests that are too old.
      for (let each = 0; each < 5; each += 1) await publish(engine, id);
      await engine.reserve(newRequest().id, id);
      await again();
      ahead = 0;
      await again();
      expect((await engine.heads([id]))[0]?.offset).toBe(7);
    },
  );

  it('forgets nothing over restarts with the system clock ahead, behind and right again', async () => {
    let jump = 0;
    const own = await open({ now: () => Date.now() + jump });
    try {
      const { id } = await createChannel(own.engine);
      const [early, late] = [newRequest(), newRequest()];
      await appended(own.engine, id, [publication(samplePost(id))], { request: early });
      for (jump of [25 * hour, -25 * hour, 0]) {
        await own.reopen();
        for (let each = 0; each < 5; each += 1) await publish(own.engine, id);
        expect(await own.engine.recall(id, early)).toMatchObject({ same: true, revision: 1 });
        const second = await own.engine.append(id, appending([publication(samplePost(id))], { request: late }));
        expect(second.status).toBe(jump > 0 ? 'appended' : 'duplicate');
      }
    } finally {
      await own.close();
    }
  });

  it('treats any repeat as the same request once the text it wrote was erased', async () => {
    const { id } = await createChannel(engine);
    const request = newRequest();
    const { post } = await appended(engine, id, [publication(samplePost(id))], { request });
    const other = { ...request, digest: 'e'.repeat(64) };
    expect(await engine.recall(id, other)).toMatchObject({ same: false });
    await appended(engine, id, [takedown(post!)]);
    expect(await engine.recall(id, other)).toMatchObject({ same: true, postId: post?.id, revision: 1 });
    const again = await engine.append(id, appending([publication(samplePost(id))], { request: other }));
    expect(again).toMatchObject({ status: 'duplicate', outcome: { same: true } });
  });

  it('remembers requests after the channel was deleted, including the request that deleted it', async () => {
    const { id } = await createChannel(engine);
    const [written, deleting] = [newRequest(), newRequest()];
    const { position, post } = await appended(engine, id, [publication(samplePost(id))], { request: written });
    await engine.deleteChannel(id, deleting, 'root');
    expect(await engine.recall(id, written)).toEqual({ same: true, position, postId: post?.id, revision: 1 });
    expect(await engine.recall(id, deleting)).toEqual({ same: true, position: undefined, postId: null, revision: 0 });
    expect(await engine.recall(id, { ...deleting, digest: 'e'.repeat(64) })).toMatchObject({ same: false });
    const again = await engine.append(id, appending([publication(samplePost(id))], { request: written }));
    expect(again.status).toBe('duplicate');
  });

  it('notes the outcome of a request that appended nothing, and answers duplicate to a repeat', async () => {
    const { id } = await createChannel(engine);
    const request = newRequest();
    const [position] = await engine.heads([id]);
    const came = { position, postId: null, revision: 1 };
    expect(await engine.note(id, request, came)).toBeUndefined();
    expect(await engine.recall(id, request)).toEqual({ same: true, ...came });
    expect(await engine.recall(id, { ...request, digest: 'e'.repeat(64) })).toMatchObject({ same: false, revision: 1 });
    const later = await engine.append(id, appending([publication(samplePost(id))], { request }));
    expect(later).toEqual({ status: 'duplicate', outcome: { same: true, ...came } });
    expect(await engine.heads([id])).toEqual([position]);
  });

  it('notes a request once: the first outcome stays, noted or appended', async () => {
    const { id } = await createChannel(engine);
    const request = newRequest();
    const { position, post } = await appended(engine, id, [publication(samplePost(id))], { request });
    const appendedFirst = { same: true, position, postId: post?.id, revision: 1 };
    expect(await engine.note(id, request, { position, postId: null, revision: 9 })).toEqual(appendedFirst);
    expect(await engine.recall(id, request)).toEqual(appendedFirst);

    const own = newRequest();
    expect(await engine.note(id, own, { position, postId: post!.id, revision: 1 })).toBeUndefined();
    const other = { ...own, digest: 'e'.repeat(64) };
    const again = await engine.note(id, other, { position, postId: null, revision: 9 });
    expect(again).toEqual({ same: false, position, postId: post?.id, revision: 1 });
  });

  it('appends nothing once the fence of the append was noted, and answers duplicate to what it appended before', async () => {
    const { id } = await createChannel(engine);
    const other = await createChannel(engine);
    const [position] = await engine.heads([id]);
    const noted = { position: undefined, postId: null, revision: 0 };
    const [fence, free] = [newRequest(), newRequest()];
    const before = { ...appending([publication(samplePost(id))]), fence: fence.id };
    expect((await engine.append(id, before)).status).toBe('appended');
    await engine.note(id, fence, noted);
    expect((await engine.append(id, before)).status).toBe('duplicate');
    const after = { ...appending([publication(samplePost(id))]), fence: fence.id };
    expect(await engine.append(id, after)).toEqual({ status: 'forbidden' });
    expect(await engine.recall(id, after.request)).toBeUndefined();
    expect((await engine.heads([id]))[0]?.offset).toBe((position?.offset ?? 0) + 1);
    expect((await engine.append(id, { ...after, fence: free.id })).status).toBe('appended');
    const elsewhere = { ...appending([publication(samplePost(other.id))]), fence: fence.id };
    expect((await engine.append(other.id, elsewhere)).status).toBe('appended');
  });

  it('has the entries when their fence is noted, or never', async () => {
    const { id } = await createChannel(engine);
    const noted = { position: undefined, postId: null, revision: 0 };
    for (let round = 0; round < 20; round += 1) {
      const fence = newRequest();
      const post = samplePost(id);
      const note = () => engine.note(id, fence, noted);
      const isNotedFirst = round % 2 === 0;
      const noting = isNotedFirst ? note() : undefined;
      const write = engine.append(id, { ...appending([publication(post)]), fence: fence.id });
      await (noting ?? note());
      const isThere = (await engine.post(id, post.id)) !== undefined;
      expect((await write).status).toBe(isThere ? 'appended' : 'forbidden');
    }
  });

  it('notes one of many concurrent requests with one id', async () => {
    const { id } = await createChannel(engine);
    const request = newRequest();
    const [position] = await engine.heads([id]);
    const tries = [1, 2, 3, 4, 5].map((revision) => engine.note(id, request, { position, postId: null, revision }));
    const answers = await Promise.all(tries);
    const noted = await engine.recall(id, request);
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
    expect(answers.filter((answer) => answer !== undefined)).toEqual(Array.from({ length: 4 }, () => noted));
  });

  it('notes a request without a position, and one of a channel that does not exist', async () => {
    const request = newRequest();
    const id = `none-${newPostId()}`;
    expect(await engine.note(id, request, { position: undefined, postId: null, revision: 0 })).toBeUndefined();
    expect(await engine.recall(id, request)).toEqual({ same: true, position: undefined, postId: null, revision: 0 });
    expect(await engine.channel(id)).toEqual({ status: 'missing' });
  });

  it('answers for a request whose 24 hours end during the call', async () => {
    const { id } = await createChannel(engine);
    const [request, noted] = [newRequest(), newRequest()];
    const post = samplePost(id);
    const { position } = await appended(engine, id, [publication(post)], { request });
    const outcome = { position, postId: post.id, revision: 1 };
    expect(await engine.note(id, noted, outcome)).toBeUndefined();
    const lastMs = elapsed + 24 * hour - 2;
    const asAtFirst = { same: true, ...outcome };
    for (const ask of [() => engine.recall(id, request), () => engine.note(id, noted, outcome)]) {
      [elapsed, tick] = [lastMs, 1];
      expect(await ask()).toEqual(asAtFirst);
    }
    [elapsed, tick] = [lastMs, 1];
    expect(await engine.append(id, appending([publication(post)], { request }))).toEqual({
      status: 'duplicate',
      outcome: asAtFirst,
    });
  });

  it('remembers a noted outcome for 24 hours and no longer, whatever is erased', async () => {
    const { id } = await createChannel(engine);
    const post = await publish(engine, id);
    const { position } = await appended(engine, id, [takedown(post)]);
    const request = newRequest();
    await engine.note(id, request, { position, postId: post.id, revision: 2 });
    expect(await engine.recall(id, { ...request, digest: 'e'.repeat(64) })).toMatchObject({ same: false });
    elapsed += 24 * hour - 1;
    await writesThatForget(id);
    expect(await engine.recall(id, request)).toMatchObject({ same: true });
    elapsed += 1;
    expect(await engine.recall(id, request)).toBeUndefined();
    expect(await engine.note(id, request, { position, postId: post.id, revision: 2 })).toBeUndefined();
    expect(await engine.recall(id, request)).toMatchObject({ same: true });
  });

  it('treats any repeat as the noted request once the channel is deleted', async () => {
    const { id } = await createChannel(engine);
    const [request, deleting] = [newRequest(), newRequest()];
    const [position] = await engine.heads([id]);
    await engine.note(id, request, { position, postId: null, revision: 1 });
    await engine.deleteChannel(id, deleting, 'root');
    expect(await engine.recall(id, { ...request, digest: 'e'.repeat(64) })).toEqual({
      same: true,
      position,
      postId: null,
      revision: 1,
    });
    expect(await engine.recall(id, { ...deleting, digest: 'e'.repeat(64) })).toMatchObject({ same: false });
  });

  it('distinguishes outcomes noted before a channel was deleted from those noted afterwards', async () => {
    const { id } = await createChannel(engine);
    const [before, after] = [newRequest(), newRequest()];
    const [position] = await engine.heads([id]);
    await engine.note(id, before, { position, postId: null, revision: 1 });
    await engine.deleteChannel(id, newRequest(), 'root');
    const nothing = { position: undefined, postId: null, revision: 0 };
    expect(await engine.note(id, after, nothing)).toBeUndefined();
    const asNoted = { same: true, position, postId: null, revision: 1 };
    const other = 'e'.repeat(64);
    for (const digest of [before.digest, other]) expect(await engine.recall(id, { ...before, digest })).toEqual(asNoted);
    expect(await engine.recall(id, after)).toEqual({ same: true, ...nothing });
    expect(await engine.recall(id, { ...after, digest: other })).toEqual({ same: false, ...nothing });
  });

  it('reserves one channel id for each creating request', async () => {
    const request = newRequest().id;
    const [first, second, third] = [1, 2, 3].map((n) => `made-${n}-${newPostId()}`) as [string, string, string];
    expect(await engine.reserved(request)).toBeUndefined();
    expect(await engine.reserve(request, first)).toBe(first);
    expect(await engine.reserved(request)).toBe(first);
    expect(await engine.reserve(request, second)).toBe(first);
    expect(await engine.reserve(request, second, third)).toBe(first);
    expect(await engine.reserve(request, second, first)).toBe(second);
    expect(await engine.reserved(request)).toBe(second);
    expect(await engine.reserve(request, third)).toBe(second);
  });

  it('creates no channel by reserving its id', async () => {
    const id = `noted-${newPostId()}`;
    await engine.reserve(newRequest().id, id);
    expect(await engine.channel(id)).toEqual({ status: 'missing' });
    expect(await engine.heads([id])).toEqual([undefined]);
    expect((await engine.channels({ limit: 100, desk: ['*'] }))!.channels.map((channel) => channel.id)).not.toContain(id);
  });

  it('keeps a reservation for 24 hours and no longer', async () => {
    const request = newRequest().id;
    await engine.reserve(request, 'early');
    const { id } = await createChannel(engine);
    elapsed += 24 * hour - 1;
    await writesThatForget(id);
    expect(await engine.reserve(request, 'late')).toBe('early');
    elapsed += 1;
    expect(await engine.reserved(request)).toBeUndefined();
    expect(await engine.reserve(request, 'late')).toBe('late');
  });

  it('remembers requests, noted outcomes and reservations over a restart', async () => {
    const own = await open();
    try {
      const { id } = await createChannel(own.engine);
      const [request, noted, creation] = [newRequest(), newRequest(), newRequest().id];
      await appended(own.engine, id, [publication(samplePost(id))], { request });
      await own.engine.note(id, noted, { position: undefined, postId: null, revision: 7 });
      await own.engine.reserve(creation, id);
      const again = await own.reopen();
      expect(await again.recall(id, request)).toMatchObject({ same: true, revision: 1 });
      expect(await again.recall(id, noted)).toMatchObject({ same: true, revision: 7 });
      expect(await again.reserve(creation, 'another')).toBe(id);
    } finally {
      await own.close();
    }
  });
}
