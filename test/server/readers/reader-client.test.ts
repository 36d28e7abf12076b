import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFailed, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import type { ReaderClientOptions, SavedReader } from '../../../client/lib/reader-types.ts';
import type { Timeline } from '../../../client/lib/timeline/timeline-model.ts';
import type { Event, ReaderPost, Snapshot } from '../../../src/protocol/model.ts';
import { randomFrom } from '../../support/samples/random.ts';
import { proxyAddress } from '../../support/servers/addresses.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** ReaderClient against the real server: it ends with the server's state, whatever happens in between. */

let test: TestServer;
let author: AuthorClient;
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  test = await startTestServer();
  author = new AuthorClient({ url: test.url, token: await test.token() });
});
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});
afterAll(() => test[Symbol.asyncDispose]());

let channels = 0;
async function freshChannel(posts = 0): Promise<string> {
  channels += 1;
  const { channel } = await author.createChannel({ id: `read-${channels}`, headline: 'To the Moon', state: 'live' });
  for (let each = 1; each <= posts; each += 1) await author.publish(channel.id, { body: text(each, 1) });
  return channel.id;
}
const text = (post: number, revision: number) => `Post ${post} revision ${revision}`;

interface Reading {
  client: ReaderClient;
  events: Event[];
  /** The highest revision of each post, and superseded text that was shown. */
  superseded: string[];
}
function read(channelId: string, options: Partial<ReaderClientOptions> = {}): Reading {
  const client = new ReaderClient({ url: test.url, channelId, random: () => Math.random() / 10, ...options });
  open.push(client);
  const reading: Reading = { client, events: [], superseded: [] };
  const applied = new Map<string, number>();
  client.on('event', (event) => {
    reading.events.push(event);
    if ('post' in event) applied.set(event.post.id, event.post.revision);
  });
  client.on('reset', () => applied.clear());
  client.on('timeline', ({ posts, pinned, summary }) => {
    for (const post of [...posts, pinned, summary]) {
      if (post !== null && post.revision < (applied.get(post.id) ?? 0)) reading.superseded.push(`${post.id} ${post.revision}`);
    }
  });
  client.open();
  return reading;
}
async function reached(client: ReaderClient, offset: number): Promise<Timeline> {
  await vi.waitFor(
    () => {
      expect(client.state.status).toBe('live');
      expect(client.timeline?.offset).toBe(offset);
    },
    { interval: 10 },
  );
  return client.timeline as Timeline;
}
const head = async (channelId: string) => (await test.server.engine.heads([channelId]))[0]?.offset as number;

/** The state that a new reader gets by paging to the end. */
async function fresh(channelId: string): Promise<Omit<Snapshot, 'more'>> {
  const { more, ...snapshot } = (await call(`${test.url}/v1/channels/${channelId}/snapshot?limit=20`)).body as Snapshot;
  const posts: ReaderPost[] = [...snapshot.posts];
  for (let further = more; further; ) {
    const page = (await call(`${test.url}/v1/channels/${channelId}/posts?before=${posts.at(-1)?.seq}&limit=50`)).body;
    posts.push(...(page as { posts: ReaderPost[] }).posts);
    further = (page as { more: boolean }).more;
  }
  return { ...snapshot, posts };
}
async function expectSame(client: ReaderClient, channelId: string): Promise<void> {
  const { channel, cursor, posts, pinned, summary, keyEvents } = (await reached(client, await head(channelId))) as Timeline;
  expect(JSON.stringify({ channel, cursor, posts, pinned, summary, keyEvents })).toBe(
    JSON.stringify(pick(await fresh(channelId))),
  );
}
const pick = ({ channel, cursor, posts, pinned, summary, keyEvents }: Omit<Snapshot, 'more'>) => {
  return { channel, cursor, posts, pinned, summary, keyEvents };
};

describe('a reader', () => {
  it('gets a snapshot, and then each event as it happens', async () => {
    const channelId = await freshChannel(2);
    const { client, events } = read(channelId);
    await reached(client, 3);
    const { post } = await author.publish(channelId, { headline: 'Touchdown', body: text(3, 1), keyEvent: true });
    await author.correct(channelId, post.id, 1, { note: 'It was revision 2.', changes: { body: text(3, 2) } });
    await author.pin(channelId, post.id);
    await reached(client, 6);
    expect(events.map(({ type }) => type)).toEqual(['post.published', 'post.revised', 'channel.changed']);
    expect(client.timeline?.posts[0]?.history).toMatchObject([{ kind: 'correction', note: 'It was revision 2.' }]);
    expect(client.timeline?.pinned?.id).toBe(post.id);
    await expectSame(client, channelId);
  });

  it('reports each change with the state before it', async () => {
    const channelId = await freshChannel(1);
    const { client } = read(channelId);
    const told: (string | undefined)[] = [];
    client.on('event', (_event, before) => told.push(before?.html));
    const { posts } = await reached(client, 2);
    await author.revise(channelId, posts[0]?.id as string, 1, { kind: 'update', changes: { body: text(1, 2) } });
    await reached(client, 3);
    expect(told).toEqual([posts[0]?.html]);
  });

  it('fetches the pinned post and the next summary if it lacks them', async () => {
    const channelId = await freshChannel();
    for (const kind of ['summary', 'summary', 'update', 'update', 'update'] as const) {
      await author.publish(channelId, { kind, body: `A ${kind}` });
    }
    const all = (await fresh(channelId)).posts;
    const { client } = read(channelId, { limit: 2 });
    await reached(client, 6);
    await author.pin(channelId, all[2]?.id as string);
    await author.retract(channelId, all[3]?.id as string, { note: 'No longer so.' });
    await reached(client, 8);
    await vi.waitFor(() => expect(client.timeline?.pinned?.id).toBe(all[2]?.id));
    await vi.waitFor(() => expect(client.timeline?.summary?.id).toBe(all[4]?.id));
  });

  it('pages to the first post, and back to the newest from anywhere', async () => {
    const channelId = await freshChannel(25);
    const { client } = read(channelId, { limit: 5 });
    await reached(client, 26);
    while (await client.loadOlder(7));
    await expectSame(client, channelId);

    await client.moveTo(12, 5);
    expect(client.timeline?.posts.map(({ seq }) => seq)).toEqual([11, 10, 9, 8, 7]);
    while (await client.loadNewer(6));
    expect(client.timeline?.posts[0]?.seq).toBe(26);
    expect(client.timeline?.ceiling).toBeNull();
    await client.moveTo(null, 3);
    expect(client.timeline?.posts.map(({ seq }) => seq)).toEqual([26, 25, 24]);
  });

  it('goes to a post by its id however old it is, and stays where it is if there is no such post', async () => {
    const channelId = await freshChannel(25);
    const { client } = read(channelId, { limit: 3 });
    await reached(client, 26);
    const { posts } = await fresh(channelId);
    const far = posts.find(({ seq }) => seq === 9);
    expect(await client.moveToPost(far?.id ?? '', 4)).toBe(true);
    expect(client.timeline?.posts.map(({ seq }) => seq)).toEqual([9, 8, 7, 6]);
    expect(await client.moveToPost('00000000-0000-7000-8000-000000000000')).toBe(false);
    expect(await client.moveToPost('no id')).toBe(false);
    expect(client.timeline?.posts[0]?.id).toBe(far?.id);
    await author.retract(channelId, posts.at(-1)?.id as string, { note: 'It was none.' });
    expect(await client.moveToPost(posts.at(-1)?.id ?? '')).toBe(true);
    expect(client.timeline?.posts.map(({ status }) => status)).toEqual(['retracted']);
  });

  it('continues from its saved state, and applies only later changes', async () => {
    const channelId = await freshChannel(30);
    const first = read(channelId, { limit: 5 });
    await reached(first.client, 31);
    await first.client.loadOlder(5);
    const saved = JSON.parse(JSON.stringify(first.client.save())) as Required<SavedReader>;
    first.client.close();
    const posts = (await fresh(channelId)).posts;
    await author.revise(channelId, posts[1]?.id as string, '*', { kind: 'update', changes: { body: text(29, 2) } });
    await author.revise(channelId, posts[1]?.id as string, '*', { kind: 'update', changes: { body: text(29, 3) } });
    await author.publish(channelId, { body: text(31, 1) });
    const second = read(channelId, { timeline: saved.timeline });
    const { posts: shown } = await reached(second.client, 34);
    expect(second.events.map(({ offset }) => offset)).toEqual([33, 34]);
    expect(shown.map(({ seq }) => seq)).toEqual([34, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22]);
    while (await second.client.loadOlder());
    await expectSame(second.client, channelId);
  });

  it('gets the changes since a cursor without saved posts', async () => {
    const channelId = await freshChannel(2);
    const { cursor } = await author.publish(channelId, { body: text(3, 1) });
    const { post } = await author.publish(channelId, { body: text(4, 1) });
    await author.revise(channelId, post.id, 1, { kind: 'update', changes: { body: text(4, 2) } });
    const { client, events } = read(channelId, { cursor });
    await reached(client, 6);
    expect(events.map(({ offset }) => offset)).toEqual([6]);
    await author.publish(channelId, { body: text(5, 1) });
    await vi.waitFor(() => expect(events.map(({ offset }) => offset)).toEqual([6, 7]));
    await expectSame(client, channelId);
  });

  it('reconnects after a server restart, and reports once that it was offline', async () => {
    const channelId = await freshChannel(3);
    const { client, events } = read(channelId);
    await reached(client, 4);
    const states: string[] = [];
    client.on('state', ({ status }) => states.push(status));
    await test.restart();
    await author.publish(channelId, { body: text(4, 1) });
    await reached(client, 5);
    expect(events.map(({ offset }) => offset)).toEqual([5]);
    expect(states.filter((status) => status === 'offline')).toHaveLength(1);
    expect(states.at(-1)).toBe('live');
  });

  it('needs a token for a members channel, and stops without one', async () => {
    const { channel } = await author.createChannel({ headline: 'For members', access: 'members' });
    await author.publish(channel.id, { body: text(1, 1) });
    const stranger = read(channel.id);
    await vi.waitFor(() => expect(stranger.client.state).toMatchObject({ status: 'ended', problem: { code: 'token-missing' } }));
    const member = read(channel.id, { token: () => test.token({ reader: [channel.id] }) });
    await reached(member.client, 2);
    expect(await member.client.loadOlder()).toBe(false);
  });
});

describe('readers whose connections are cut at random', () => {
  it('end with the server’s state, apply no offset twice, and show nothing superseded', async () => {
    const channelId = await freshChannel(25);
    const seed = Date.now() % 1_000_000;
    onTestFailed(() => console.error(`The cuts were made with seed ${seed}.`));
    const proxy = await startCutter(test.url, seed);
    open.push(proxy);
    const readers = Array.from({ length: 6 }, () => read(channelId, { url: proxy.url, limit: 5 }));
    await Promise.all(readers.map(({ client }) => reached(client, 26)));

    const posts = (await fresh(channelId)).posts.map(({ id }) => ({ id, revision: 1 }));
    for (let write = 0; write < 150; write += 1) {
      const at = (write * 7) % posts.length;
      const post = posts[at] as { id: string; revision: number };
      if (write % 5 === 0) {
        const kind = write % 3 === 0 ? 'summary' : 'update';
        const written = await author.publish(channelId, {
          kind,
          headline: `Number ${write}`,
          keyEvent: write % 2 === 0,
          body: text(write, 1),
        });
        posts.push({ id: written.post.id, revision: 1 });
      } else if (write % 31 === 0) {
        await author.retract(channelId, post.id, { note: 'It was wrong.' });
        posts.splice(at, 1);
      } else if (write % 17 === 0) await author.pin(channelId, post.id);
      else {
        post.revision += 1;
        const changes = { body: text(at, post.revision) };
        await author.correct(channelId, post.id, post.revision - 1, { note: `Revision ${post.revision}.`, changes });
      }
      if (write % 3 === 0) proxy.cutSome();
      // Pages load while events arrive and connections break.
      if (write % 10 === 0) for (const { client } of readers) client.loadOlder(5).catch(() => {});
    }
    proxy.stopCutting();
    for (const { client, events, superseded } of readers) {
      await reached(client, await head(channelId));
      while (await client.loadOlder());
      await expectSame(client, channelId);
      const offsets = events.map(({ offset }) => offset);
      expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
      expect(superseded).toEqual([]);
    }
    expect(proxy.cuts).toBeGreaterThan(20);
  });
});

interface Cutter {
  url: string;
  cuts: number;
  /** Cuts about a third of the connections without a close frame. */
  cutSome(): void;
  stopCutting(): void;
  close(): Promise<void>;
}

/** A connection to the server that can be cut. */
async function startCutter(target: string, seed: number): Promise<Cutter> {
  const random = randomFrom(seed);
  const pairs = new Set<[Socket, Socket]>();
  let cutting = true;
  const server: Server = createServer((near) => {
    const far = connect(Number(new URL(target).port), '127.0.0.1');
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    near.pipe(far).pipe(near);
    for (const end of pair) {
      end.on('error', () => {});
      end.on('close', () => {
        pairs.delete(pair);
        for (const other of pair) other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cutter: Cutter = {
    url: proxyAddress((server.address() as { port: number }).port, target),
    cuts: 0,
    cutSome() {
      for (const [near, far] of pairs) {
        if (!cutting || random() > 0.33) continue;
        cutter.cuts += 1;
        near.destroy();
        far.destroy();
      }
    },
    stopCutting() {
      cutting = false;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const [near, far] of pairs) {
        near.destroy();
        far.destroy();
      }
      await closed;
    },
  };
  return cutter;
}
