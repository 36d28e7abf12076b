import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import { reachedEnd, type Timeline } from '../../../client/lib/timeline/timeline-model.ts';
import type { Transport } from '../../../src/protocol/model.ts';
import { type Line, startLine } from '../../support/servers/bad-line.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';

/**
 * A telephone at the edge of its network. Nothing is lost there, but what is said at one time takes so long that whoever waits for the end
 * of it takes the other for gone, and would begin again for ever.
 */
const bytesPerSecond = 16_000;
/** What many plans are throttled to when their volume is used up: 64 kbit/s. */
const throttled = 8_000;
/** Half a minute of that: longer than anyone waits for an answer, or for a sign of the other. */
const missed = { posts: 45, characters: 5_500 };
/** 32 kbit/s, and as far away as the other side of a satellite: what is left of the third network of many a country. */
const slowest = { bytesPerSecond: 4_000, delayMs: 600 };
/** A post of 80 KB: twenty seconds of that. */
const large = 40_000;
/** As many as a first visit shows, and 5,000 words each: likewise. */
const long = { posts: 20, characters: 30_000 };

let server: TestServer;
let author: AuthorClient;

beforeAll(async () => {
  server = await startTestServer();
  author = new AuthorClient({ url: server.url, token: await server.token() });
});
afterAll(() => server[Symbol.asyncDispose]());

/** What a reader holds who leaves at this moment. */
async function readNow(channelId: string): Promise<Timeline> {
  const reader = new ReaderClient({ url: server.url, channelId });
  reader.open();
  await vi.waitFor(() => expect(reader.timeline).toBeDefined());
  reader.close();
  return reader.timeline!;
}

// Each has lines of its own, and waits for them: beside one another.
describe.concurrent('a narrow line', () => {
  it('brings a reader who was away up to date over a narrow line, by every way', async () => {
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

  it('gives a first visitor the newest of very long posts over a narrow line, by every way, and older ones when asked', {
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

  it('brings a reader up to date over the slowest of lines, whose answers take longer than any of them is waited for, by every way', {
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
      // And what is published then: while it comes there is no other sign of the server.
      await author.publish('slowest', { body: 'é'.repeat(large) });
      await reached(19);
      expect(lost).toEqual([]);
    } finally {
      for (const reader of readers.values()) reader.close();
      for (const line of lines) await line[Symbol.asyncDispose]();
    }
  });
});
