import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Announcement, type Engine, JournalUnavailable } from '../../../src/journal/engine.ts';
import { tags } from '../../../src/journal/post-tags.ts';
import { createRenderer } from '../../../src/newsroom/render.ts';
import type { ImageMedia } from '../../../src/protocol/model.ts';
import { appended, channelChange, createChannel, publish, renderer, revision, wide } from '../../support/stores/engines.ts';
import type { Exam, Examined } from '../contract.ts';

const id = 'kR3vQ0yT9mB2xW7nL5sZ1A';
const media: ImageMedia[] = [
  {
    type: 'image',
    url: `media:${id}`,
    alt: 'A bridge',
    width: 1600,
    height: 900,
    renditions: [
      { url: `media:${id}/640.webp`, width: 640, mimeType: 'image/webp' },
      { url: `media:${id}/1200.jpg`, width: 1200, mimeType: 'image/jpeg' },
    ],
  },
];
const { type: _type, ...picture } = media[0] as ImageMedia;
const addresses = (channelId: string, publicUrl = 'https://news.example') => ({
  url: `${publicUrl}/media/${channelId}/${id}/1200.jpg`,
  renditions: [
    { url: `${publicUrl}/media/${channelId}/${id}/640.webp`, width: 640, mimeType: 'image/webp' },
    { url: `${publicUrl}/media/${channelId}/${id}/1200.jpg`, width: 1200, mimeType: 'image/jpeg' },
  ],
});

/** The addresses of uploaded media in everything that is read. */
export function mediaAddresses({ open }: Exam): void {
  let examined: Examined;
  let engine: Engine;
  beforeAll(async () => {
    examined = await open();
    engine = examined.engine;
  });
  afterAll(() => examined.close());

  it('stores references, and returns addresses from every read', async () => {
    const channel = await createChannel(engine, undefined, { picture });
    const heard: Announcement[] = [];
    const undo = await engine.subscribe(channel.id, (one) => heard.push(one));
    const post = await publish(engine, channel.id, { media });
    const written = await appended(engine, channel.id, [revision(post, { body: 'Changed.' })], { channel: 1 });
    const shown = { media: [addresses(channel.id)] };
    expect(written).toMatchObject({ post: shown, changes: [{ post: shown }] });
    expect((await engine.post(channel.id, post.id))?.post).toMatchObject(shown);
    expect((await engine.posts(channel.id, wide))?.posts).toMatchObject([shown]);
    expect((await engine.revisions(channel.id, post.id, { after: 0, ...wide }))?.revisions).toMatchObject([shown, shown]);
    expect(await engine.channel(channel.id)).toMatchObject({ channel: { picture: addresses(channel.id) } });
    const { channels } = (await engine.channels({ limit: 10, desk: [] })) ?? {};
    expect(channels).toMatchObject([{ picture: addresses(channel.id) }]);
    expect(await engine.snapshot(channel.id, wide)).toMatchObject({
      channel: { picture: addresses(channel.id) },
      posts: [shown],
    });
    const [position] = await engine.heads([channel.id]);
    const replay = await engine.catchUp(channel.id, { epoch: position?.epoch ?? '', offset: 0, check: '' }, wide);
    expect(replay?.status).toBe('foreign');
    await expect.poll(() => heard.length).toBe(2);
    expect(heard).toMatchObject([{ change: { post: shown } }, { change: { post: shown } }]);
    undo();
    const entries = (await engine.entries(channel.id, { from: 1, ...wide }))?.entries ?? [];
    expect(entries).toHaveLength(3);
    for (const { written: text } of entries) {
      expect(text?.state).toContain(`"media:${id}"`);
      expect(text?.state).not.toContain('news.example');
    }
  });

  it('replays a change of the channel with addresses', async () => {
    const channel = await createChannel(engine);
    const [before] = await engine.heads([channel.id]);
    if (before === undefined) throw new JournalUnavailable('The channel has no head.', 'unchanged');
    await appended(engine, channel.id, [channelChange(channel, { picture })]);
    expect(await engine.catchUp(channel.id, before, wide)).toMatchObject({
      changes: [{ channel: { picture: addresses(channel.id) } }],
    });
  });

  it('stores the same text for a post that is written back as it was read', async () => {
    const channel = await createChannel(engine);
    const post = await publish(engine, channel.id, { media });
    const read = (await engine.post(channel.id, post.id))?.post;
    await appended(engine, channel.id, [revision(post, { media: read?.media ?? [] })], { channel: 1 });
    const states = (await engine.entries(channel.id, { from: 2, ...wide }))?.entries.map(({ written }) => written?.state ?? '');
    const [first, second] = (states ?? []).map((state) => JSON.stringify((JSON.parse(state) as { media: unknown }).media));
    expect(second).toBe(first);
  });

  it('finds the posts that use a medium by its tag', async () => {
    const channel = await createChannel(engine);
    const post = await publish(engine, channel.id, { media });
    await publish(engine, channel.id);
    const page = await engine.posts(channel.id, { ...wide, tags: [tags.media(id)] });
    expect(page?.posts.map((found) => found.id)).toEqual([post.id]);
  });

  it('follows a changed public address', async () => {
    const channel = await createChannel(engine, undefined, { picture });
    const post = await publish(engine, channel.id, { media });
    engine = await examined.reopen({ renderer: createRenderer({ publicUrl: 'https://elsewhere.example/live' }) });
    const expected = addresses(channel.id, 'https://elsewhere.example/live');
    expect((await engine.post(channel.id, post.id))?.post).toMatchObject({ media: [expected] });
    expect(await engine.channel(channel.id)).toMatchObject({ channel: { picture: expected } });
    engine = await examined.reopen({ renderer });
  });
}
