import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { AppendRequest, Engine, StoredChange } from '../../../src/journal/engine.ts';
import { type Counts, isWithdrawn } from '../../../src/protocol/model.ts';
import { emptied } from '../../support/samples/samples.ts';
import {
  appended,
  appending,
  at,
  channelChange,
  createChannel,
  head,
  newRequest,
  publication,
  publish,
  retraction,
  revision,
  samplePost,
  takedown,
  wide,
} from '../../support/stores/engines.ts';
import type { Exam, Examined } from '../contract.ts';

/** The counts of a channel: published posts, key events among them, and entries of the list of corrections. */
export function counting({ open }: Exam): void {
  let examined: Examined;
  let engine: Engine;
  beforeAll(async () => {
    examined = await open();
    engine = examined.engine;
  });
  afterAll(() => examined.close());

  const of = (posts: number, keyEvents: number, corrections: number): Counts => ({ posts, keyEvents, corrections });

  /** Appends entries of posts, and returns the counts after each of them. */
  async function counted(id: string, entries: AppendRequest['entries'], channel = 1): Promise<(Counts | undefined)[]> {
    const { changes } = await appended(engine, id, entries, { channel });
    return changes.map(({ counts }) => counts);
  }

  /** What every read answers, which must be the same. */
  async function standing(id: string, on = engine): Promise<Counts | undefined> {
    const position = await head(on, id);
    const [snapshot, replay, channel] = await Promise.all([
      on.snapshot(id, wide),
      on.catchUp(id, position, wide),
      on.channel(id),
    ]);
    if (replay?.status !== 'replay' || channel.status !== 'found') throw new Error(`There is no channel ${id}.`);
    expect([replay.counts, channel.counts]).toEqual([snapshot?.counts, snapshot?.counts]);
    return snapshot?.counts;
  }

  /** Counts what can be read. */
  async function recounted(id: string): Promise<Counts> {
    const posts = (await engine.posts(id, wide))?.posts.filter((post) => !isWithdrawn(post)) ?? [];
    const listed = (await engine.corrections(id, { limit: wide.limit }))?.corrections ?? [];
    return of(posts.length, posts.filter(({ keyEvent }) => keyEvent).length, listed.length);
  }

  it('are zero in a new channel', async () => {
    const { id } = await createChannel(engine);
    expect(await standing(id)).toEqual(of(0, 0, 0));
  });

  it('follow every kind of change, and equal a count of what can be read', async () => {
    const channel = await createChannel(engine);
    const { id } = channel;
    const [plain, key] = [samplePost(id), samplePost(id, { keyEvent: true, headline: 'Key' })];
    expect(await counted(id, [publication(plain)])).toEqual([of(1, 0, 0)]);
    expect(await counted(id, [publication(key)])).toEqual([of(2, 1, 0)]);
    const corrected = revision(plain, { body: 'Corrected.' });
    expect(await counted(id, [corrected])).toEqual([of(2, 1, 1)]);
    const refiled = revision(corrected.post, { body: 'Refiled.' }, 'refile', null);
    expect(await counted(id, [refiled])).toEqual([of(2, 1, 1)]);
    const promoted = revision(refiled.post, { keyEvent: true, headline: 'Key too' }, 'refile', null);
    expect(await counted(id, [promoted])).toEqual([of(2, 2, 1)]);
    const demoted = revision(promoted.post, { keyEvent: false }, 'refile', null);
    expect(await counted(id, [demoted])).toEqual([of(2, 1, 1)]);
    expect(await counted(id, [retraction(key)])).toEqual([of(1, 0, 2)]);
    expect(await counted(id, [{ ...revision(demoted.post, { body: 'Again.' }), erases: 4 }])).toEqual([of(1, 0, 3)]);
    const note = { kind: 'correction', note: 'A note.' } as const;
    expect(await counted(id, [channelChange(channel, { headline: 'New' }, note)])).toEqual([of(1, 0, 4)]);
    const last = (await engine.post(id, plain.id))?.post;
    expect(await counted(id, [takedown(last!)], 2)).toEqual([of(0, 0, 5)]);
    expect([await standing(id), await recounted(id)]).toEqual([of(0, 0, 5), of(0, 0, 5)]);
  });

  it('are given for each of two entries that are appended together', async () => {
    const channel = await createChannel(engine);
    const post = await publish(engine, channel.id, { keyEvent: true, headline: 'Key' });
    const note = { kind: 'correction', note: 'A note.' } as const;
    const both = [takedown(post), channelChange(channel, { pinnedPostId: null }, note)] as const;
    expect(await counted(channel.id, both)).toEqual([of(0, 0, 1), of(0, 0, 2)]);
  });

  it('are announced with the change', async () => {
    const { id } = await createChannel(engine);
    const heard: StoredChange[] = [];
    await engine.subscribe(id, (announcement) => announcement.type === 'entry' && heard.push(announcement.change));
    const post = await publish(engine, id, { keyEvent: true, headline: 'Key' });
    await appended(engine, id, [retraction(post)]);
    await vi.waitFor(() => expect(heard).toHaveLength(2));
    expect(heard.map(({ counts }) => counts)).toEqual([of(1, 1, 0), of(0, 0, 1)]);
  });

  it('are in a replay and its last change as of its end, and left out if there is more', async () => {
    const { id } = await createChannel(engine);
    const start = await head(engine, id);
    for (let index = 0; index < 3; index++) await publish(engine, id);
    const whole = await engine.catchUp(id, start, wide);
    expect(whole).toMatchObject({ more: false, counts: of(3, 0, 0), to: await head(engine, id) });
    const changes = whole?.status === 'replay' ? whole.changes : [];
    expect(changes.map(({ counts }) => counts)).toEqual([undefined, undefined, of(3, 0, 0)]);
    const part = await engine.catchUp(id, start, { ...wide, limit: 2 });
    expect(part).toMatchObject({ more: true, to: { offset: 3 } });
    expect(JSON.stringify(part)).not.toContain('counts');
  });

  it('do not change when nothing is appended', async () => {
    const { id } = await createChannel(engine);
    const request = newRequest();
    await appended(engine, id, [publication(samplePost(id))], { request });
    const repeated = await engine.append(id, appending([publication(samplePost(id))], { request }));
    const late = await engine.append(id, appending([publication(samplePost(id))], { channel: 7 }));
    expect([repeated.status, late.status]).toEqual(['duplicate', 'conflict']);
    expect(await standing(id)).toEqual(of(1, 0, 0));
  });

  it('leave out a placeholder for an erased text until the next revision publishes it', async () => {
    const { id } = await createChannel(engine);
    const stub = { ...emptied(samplePost(id)), status: 'taken-down' as const, html: '' };
    const facts = { type: 'post.published' as const, at: at(), by: 'ada', kind: null, listed: false };
    expect(await counted(id, [{ ...facts, post: stub, erased: 'e'.repeat(64) }])).toEqual([of(0, 0, 0)]);
    const next = { ...revision(stub, { body: 'What stays.', keyEvent: true, headline: 'Key' }), erases: 1 };
    expect(await counted(id, [{ ...next, post: { ...next.post, status: 'published' } }])).toEqual([of(1, 1, 1)]);
    expect([await standing(id), await recounted(id)]).toEqual([of(1, 1, 1), of(1, 1, 1)]);
  });

  it('belong to one channel, and survive a restart', async () => {
    const own = await open();
    try {
      const [one, other] = [await createChannel(own.engine), await createChannel(own.engine)];
      const post = await publish(own.engine, one.id, { keyEvent: true, headline: 'Key' });
      await publish(own.engine, other.id);
      await appended(own.engine, one.id, [revision(post, { body: 'Corrected.' })]);
      const again = await own.reopen();
      expect([await standing(one.id, again), await standing(other.id, again)]).toEqual([of(1, 1, 1), of(1, 0, 0)]);
    } finally {
      await own.close();
    }
  });
}
