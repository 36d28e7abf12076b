import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { Connection, type ConnectionCallbacks } from '../../../client/lib/connection.ts';
import { Http } from '../../../client/lib/http.ts';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import type { ReaderClientOptions, ReaderState } from '../../../client/lib/reader-types.ts';
import { type Event, type Transport, transports } from '../../../src/protocol/model.ts';
import { within } from '../../support/runner/settled-within.ts';
import { type Obstacles, startObstacles } from '../../support/servers/blocking-proxy.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Networks that block protocols: a reader goes live all the same, quickly, over the best open transport. */

let test: TestServer;
let author: AuthorClient;
const opened: (AsyncDisposable | { close(): void })[] = [];

beforeAll(async () => {
  test = await startTestServer();
  author = new AuthorClient({ url: test.url, token: await test.token() });
});
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await (Symbol.asyncDispose in each ? each[Symbol.asyncDispose]() : each.close());
});
afterAll(() => test[Symbol.asyncDispose]());

const nobody: ConnectionCallbacks = { up() {}, down() {}, refused() {}, event() {}, store() {}, unsubscribed() {}, missed() {} };

/** The promised time until a reader is live, milliseconds. */
const promisedMs = 5_000;

async function network(blocked: Partial<Pick<Obstacles, 'webSockets' | 'streams' | 'requests'>> = {}): Promise<Obstacles> {
  const obstacles = Object.assign(await startObstacles(test.url), blocked);
  opened.push(obstacles);
  return obstacles;
}

let channels = 0;
async function channelWith(posts: number): Promise<string> {
  channels += 1;
  const { channel } = await author.createChannel({ id: `blocked-${channels}`, headline: 'To the Moon', state: 'live' });
  for (let each = 1; each <= posts; each += 1) await author.publish(channel.id, { body: `Post ${each}` });
  return channel.id;
}

function read(url: string, channelId: string, options: Partial<ReaderClientOptions> = {}) {
  const client = new ReaderClient({ url, channelId, random: () => 0, ...options });
  opened.push(client);
  const events: Event[] = [];
  const states: ReaderState[] = [];
  client.on('event', (event) => events.push(event));
  client.on('state', (state) => states.push(state));
  client.open();
  return { client, events, states };
}
async function live(client: ReaderClient, transport: Transport, offset: number): Promise<void> {
  await within(promisedMs, () => {
    expect(client.state).toMatchObject({ status: 'live', transport });
    expect(client.timeline?.offset).toBe(offset);
  });
}
async function nextPost(client: ReaderClient, channelId: string, events: Event[]): Promise<void> {
  const { post } = await author.publish(channelId, { body: 'Pushed.' });
  await within(promisedMs, () => expect(events.map((event) => 'post' in event && event.post.id)).toContain(post.id));
  expect(client.timeline?.posts[0]?.id).toBe(post.id);
}

describe('a reader whose network blocks WebSockets', () => {
  it('is live within 5 s by Server-Sent Events', async () => {
    const channelId = await channelWith(2);
    const { url } = await network({ webSockets: 'refused' });
    const { client, events } = read(url, channelId);
    await live(client, 'stream', 3);
    await nextPost(client, channelId, events);
  });

  it('is live within 5 s by polling if streams are buffered too', async () => {
    const channelId = await channelWith(2);
    const { url } = await network({ webSockets: 'refused', streams: 'held' });
    const { client, events } = read(url, channelId);
    await live(client, 'poll', 3);
    await nextPost(client, channelId, events);
  });

  it('is live within 5 s by polling if event streams are refused too', async () => {
    const channelId = await channelWith(1);
    const { url } = await network({ webSockets: 'refused', streams: 'refused' });
    await live(read(url, channelId).client, 'poll', 2);
  });

  it('returns to the WebSocket when it works again, without a gap and without going offline', async () => {
    const channelId = await channelWith(1);
    const way = await network({ webSockets: 'refused', streams: 'refused' });
    const { client, events, states } = read(way.url, channelId, { retryBetterMs: 300 });
    await live(client, 'poll', 2);
    way.streams = 'free';
    await live(client, 'stream', 2);
    await nextPost(client, channelId, events);
    way.webSockets = 'free';
    await live(client, 'socket', 3);
    await nextPost(client, channelId, events);
    expect(events.map(({ offset }) => offset)).toEqual([3, 4]);
    expect(states.map(({ status }) => status)).not.toContain('offline');
    // The fallback connection is closed.
    await vi.waitFor(() => expect(test.server.readers.size).toBe(1));
  });

  it('remembers the transport that worked, for other readers of that server too', async () => {
    const channelId = await channelWith(1);
    const way = await network({ webSockets: 'refused' });
    const { client, states } = read(way.url, channelId);
    await live(client, 'stream', 2);
    const before = way.asked.length;
    const said = states.length;
    way.cut();
    // It may have reconnected before the test looks.
    await vi.waitFor(() => expect(states.slice(said).map(({ status }) => status)).toContain('offline'));
    await live(client, 'stream', 2);
    // The remembered transport is tried first. On a busy machine others are tried beside it.
    expect(way.asked[before]).toBe('stream');
    const again = way.asked.length;
    const another = read(way.url, await channelWith(0));
    await live(another.client, 'stream', 1);
    expect(way.asked[again]).toBe('stream');
    // Another network may let other transports through.
    const moved = new Connection({ url: way.url }, new Http({ url: way.url }), () => ({ channelId }), nobody);
    moved.wake(true);
    const anew = way.asked.length;
    await live(read(way.url, await channelWith(0)).client, 'stream', 1);
    expect(way.asked[anew]).toBe('socket');
  });
});

describe('a reader whose network is slow', () => {
  it('is live by Server-Sent Events first, and on the WebSocket as soon as it is connected', async () => {
    const channelId = await channelWith(1);
    const way = await network({ webSockets: 'late' });
    const { client, events, states } = read(way.url, channelId);
    await live(client, 'stream', 2);
    way.letLateOnesThrough();
    await live(client, 'socket', 2);
    await nextPost(client, channelId, events);
    expect(events).toHaveLength(1);
    expect(states.map(({ status }) => status)).not.toContain('offline');
    expect(way.asked.slice(0, 2)).toEqual(['socket', 'stream']);
    await vi.waitFor(() => expect(test.server.readers.size).toBe(1));
  });
});

describe('a reader over any transport', () => {
  it('starts with as many posts as it asked for', async () => {
    const channelId = await channelWith(25);
    for (const transport of transports) {
      for (const limit of [3, 24]) {
        const { client } = read(test.url, channelId, { transports: [transport], limit });
        await live(client, transport, 26);
        expect(client.timeline?.posts).toHaveLength(limit);
      }
    }
  });

  it('asks for that number of posts in every poll, since any answer may be a new snapshot', async () => {
    const channelId = await channelWith(1);
    const requested: URL[] = [];
    const { client } = read(test.url, channelId, {
      transports: ['poll'],
      limit: 24,
      fetch: (url, init) => {
        requested.push(new URL(url));
        return fetch(url, init);
      },
    });
    await live(client, 'poll', 2);
    await vi.waitFor(() => expect(requested.some(({ searchParams }) => searchParams.has('wait'))).toBe(true));
    expect(requested.map(({ searchParams }) => searchParams.get('posts'))).toEqual(requested.map(() => '24'));
  });

  it('continues with a new token when the old one expires', async () => {
    const { channel } = await author.createChannel({ headline: 'For members', access: 'members' });
    const readers = await Promise.all(
      transports.map(async (transport) => {
        let given = 0;
        const token = () => {
          given += 1;
          return test.token({ reader: ['*'] }, { ttlSeconds: given === 1 ? 1 : 3_600 });
        };
        const { client } = read(test.url, channel.id, { transports: [transport], token });
        await live(client, transport, 1);
        await within(promisedMs, () => expect(given).toBeGreaterThan(1));
        return { client, transport };
      }),
    );
    await author.publish(channel.id, { body: 'For those who are still there.' });
    for (const { client, transport } of readers) await live(client, transport, 2);
  });

  it('ends when the channel is deleted', async () => {
    const channelId = await channelWith(1);
    const readers = transports.map((transport) => ({ transport, ...read(test.url, channelId, { transports: [transport] }) }));
    for (const { client, transport } of readers) await live(client, transport, 2);
    const admin = await test.token({ admin: true });
    await fetch(`${test.url}/v1/channels/${channelId}`, { method: 'DELETE', headers: { authorization: `Bearer ${admin}` } });
    for (const { client } of readers) {
      await within(promisedMs, () => expect(client.state).toMatchObject({ status: 'ended', reason: 'gone' }));
    }
  });
});

describe('a reader whose server is unreachable', () => {
  it('tries every transport once, waits, and later finds the best one', async () => {
    const channelId = await channelWith(1);
    const way = await network({ webSockets: 'refused', streams: 'refused', requests: 'refused' });
    // Pauses of exactly one second, then two.
    const { client } = read(way.url, channelId, { random: () => 1 });
    const asked = await new Promise<string[]>((resolve) =>
      client.on('state', ({ status }) => status === 'offline' && resolve([...way.asked])),
    );
    expect(asked).toEqual(['socket', 'stream', 'events']);
    Object.assign(way, { webSockets: 'free', streams: 'free', requests: 'free' });
    await live(client, 'socket', 2);
  });
});

describe('a reader that is woken', () => {
  /** A device whose clock runs on while its timers are suspended. */
  function sleepingClock() {
    let sleptMs = 0;
    const sleep = () => {
      sleptMs += 20_000;
    };
    return { now: () => Date.now() + sleptMs, sleep };
  }

  it.each(['socket', 'stream', 'poll'] as const)(
    'finds out soon that its connection is dead, and makes another one (%s)',
    async (transport) => {
      const channelId = await channelWith(1);
      const way = await network();
      const clock = sleepingClock();
      const { client } = read(way.url, channelId, { transports: [transport], now: clock.now });
      await live(client, transport, 2);
      way.freeze();
      await author.publish(channelId, { body: 'Nobody hears of it.' });
      clock.sleep();
      client.wake();
      await live(client, transport, 3);
    },
  );

  it('does not wait for the end of the pause', async () => {
    const channelId = await channelWith(1);
    const way = await network({ webSockets: 'refused', streams: 'refused', requests: 'refused' });
    // A pause far longer than random jitter gives, and than this test takes.
    const { client } = read(way.url, channelId, { random: () => 60 });
    await vi.waitFor(() => expect(client.state.status).toBe('offline'));
    expect(way.asked).toEqual(['socket', 'stream', 'events']);
    Object.assign(way, { webSockets: 'free', streams: 'free', requests: 'free' });
    client.wake();
    await within(promisedMs, () => expect(client.state.status).toBe('live'));
  });

  it('keeps a working connection', async () => {
    const channelId = await channelWith(1);
    const way = await network();
    const clock = sleepingClock();
    const { client, states } = read(way.url, channelId, { transports: ['socket'], now: clock.now });
    await live(client, 'socket', 2);
    clock.sleep();
    const before = states.length;
    client.wake();
    // The check is answered before later events.
    await author.publish(channelId, { body: 'Heard.' });
    await live(client, 'socket', 3);
    expect(states.slice(before)).toEqual([]);
    expect(way.asked).toEqual(['socket']);
  });
});
