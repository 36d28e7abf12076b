import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import { reachedEnd, type Timeline } from '../../../client/lib/timeline/timeline-model.ts';
import type { Transport } from '../../../src/protocol/model.ts';
import { type Line, startLine } from '../../support/servers/bad-line.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';

/**
 * Phones on very slow links. No bytes are lost, but an answer takes so long that a fixed timeout would close the connection and the client
 * would start again forever.
 */
const bytesPerSecond = 16_000;
/** 64 kbit/s, to which many mobile plans are throttled when their volume is used up. */
const throttled = 8_000;
/** Half a minute at that speed: longer than any timeout for an answer or a ping. */
const missed = { posts: 45, characters: 5_500 };
/** 32 kbit/s with the delay of a satellite link. */
const slowest = { bytesPerSecond: 4_000, delayMs: 600 };
/** A post of 80 KB takes twenty seconds at that speed. */
const large = 40_000;
/** As many posts as a first visit shows, with 5,000 words each. */
const long = { posts: 20, characters: 30_000 };

let server: TestServer;
let author: AuthorClient;

beforeAll(async () => {
  server = await startTestServer();
  author = new AuthorClient({ url: server.url, token: await server.token() });
});
afterAll(() => server[Symbol.asyncDispose]());

/** The state of a reader that leaves now. */
async function readNow(channelId: string): Promise<Timeline> {
  const reader = new ReaderClient({ url: server.url, channelId });
  reader.open();
  await vi.waitFor(() => expect(reader.timeline).toBeDefined());
  reader.close();
  return reader.timeline!;
}

// Each test mostly waits for its own links, so they run concurrently.
describe.concurrent('a slow link', () => {
  it('brings a returning reader up to date over 64 kbit/s, by every transport', async () => {
    const channelId = 'narrow';
    await author.createChannel({ id: channelId, headline: 'To the Moon', state: 'live' });
    const timeline = await readNow(channelId);
    for (let each = 0; each < missed.posts; each += 1) {
      await author.publish(channelId, { body: `${each} ${'x'.repeat(missed.characters)}` });
    }
    const newest = missed.posts + 1;

    await Promise.all(
      (['socket', 'stream', 'poll'] as const).map(async (way) => {
        await using line = await startLine(server.url);
        line.bytesPerSecond = throttled;
        const reader = new ReaderClient({ url: line.url, channelId, timeline, transports: [way] });
        const lost: string[] = [];
        reader.on('state', ({ status }) => status === 'offline' && lost.push(way));
        reader.open();
        try {
          await vi.waitFor(() => expect(reader.timeline?.offset, way).toBe(newest), { timeout: 90_000, interval: 100 });
          expect(reader.timeline?.posts).toHaveLength(missed.posts);
          expect(lost).toEqual([]);
        } finally {
          reader.close();
        }
      }),
    );
  });

  it('gives a new reader the newest of very long posts over 64 kbit/s by every transport, and older ones on request', {
    timeout: 300_000,
  }, async () => {
    const channelId = 'long-reads';
    await author.createChannel({ id: channelId, headline: 'To Mars', state: 'live' });
    for (let each = 0; each < long.posts; each += 1) {
      const kind = each === 0 ? 'summary' : 'update';
      const { post } = await author.publish(channelId, { kind, body: `${each} ${'x'.repeat(long.characters)}` });
      if (each === 1) await author.pin(channelId, post.id);
    }

    await Promise.all(
      (['socket', 'stream', 'poll'] as const).map(async (way) => {
        await using line = await startLine(server.url);
        line.bytesPerSecond = bytesPerSecond;
        const reader = new ReaderClient({ url: line.url, channelId, transports: [way] });
        const lost: string[] = [];
        reader.on('state', ({ status }) => status === 'offline' && lost.push(way));
        reader.open();
        try {
          await vi.waitFor(() => expect(reader.state, way).toMatchObject({ status: 'live' }), { timeout: 60_000, interval: 100 });
          const { posts, pinned, summary } = reader.timeline!;
          expect(posts[0]?.html, way).toContain(`${long.posts - 1} x`);
          expect([pinned?.html, summary?.html]).toEqual([expect.stringContaining('1 x'), expect.stringContaining('0 x')]);
          expect(reachedEnd(reader.timeline!)).toBe(false);
          while (await reader.loadOlder());
          const numbers = reader.timeline!.posts.map(({ html }) => Number.parseInt(html.replace('<p>', ''), 10));
          expect(numbers, way).toEqual(Array.from({ length: long.posts }, (_, at) => long.posts - 1 - at));
          expect(lost).toEqual([]);
        } finally {
          reader.close();
        }
      }),
    );
  });

  it('brings a reader up to date over 32 kbit/s by every transport, although an answer takes longer than any timeout', {
    timeout: 300_000,
  }, async () => {
    await author.createChannel({ id: 'slowest', headline: 'To the Moon', state: 'live' });
    const timeline = await readNow('slowest');
    await author.publish('slowest', { body: 'é'.repeat(large) });
    for (let each = 0; each < 16; each += 1)
      await author.publish('slowest', { body: `${each} ${'x'.repeat(missed.characters)}` });

    const lost: string[] = [];
    const lines: Line[] = [];
    const readers = new Map<Transport, ReaderClient>();
    try {
      for (const way of ['socket', 'stream', 'poll'] as const) {
        const line = await startLine(server.url);
        lines.push(Object.assign(line, slowest));
        const reader = new ReaderClient({ url: line.url, channelId: 'slowest', timeline, transports: [way] });
        readers.set(way, reader);
        reader.on('state', ({ status }) => status === 'offline' && lost.push(way));
        reader.open();
      }
      const reached = (offset: number) =>
        vi.waitFor(() => expect([...readers].map(([way, { timeline }]) => [way, timeline?.offset])).toEqual(all(offset)), {
          timeout: 120_000,
          interval: 100,
        });
      const all = (offset: number) => [...readers.keys()].map((way) => [way, offset]);
      await reached(18);
      // A post published later: while it arrives, the server sends nothing else.
      await author.publish('slowest', { body: 'é'.repeat(large) });
      await reached(19);
      expect(lost).toEqual([]);
    } finally {
      for (const reader of readers.values()) reader.close();
      for (const line of lines) await line[Symbol.asyncDispose]();
    }
  });
});
