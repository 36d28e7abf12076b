import { afterAll, beforeAll, expect, it } from 'vitest';
import { catchUp, type EncodedCatchUp } from '../../../src/streams/catch-up.ts';
import type { ChannelStream } from '../../../src/streams/channel-stream.ts';
import { ChannelStreams } from '../../../src/streams/channel-streams.ts';
import { streamLimits } from '../../../src/streams/stream-limits.ts';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';

/** The cache of shared answers under a client that requests everything in every way. It is bounded for each channel and in total. */

let server: TestServer;
let streams: ChannelStreams;
const open: ChannelStream[] = [];

/** More channels than the total bound has room for. */
const channels = streamLimits.sharedCharactersOfAll / streamLimits.sharedCharacters + 4;
const posts = 4;

beforeAll(async () => {
  server = await startTestServer();
  const { engine } = server.server;
  streams = new ChannelStreams({ engine, random: Math.random, log: { info() {}, warn() {} }, delivered() {} });
  const editor = await server.token();
  for (let each = 0; each < channels; each += 1) {
    const { id } = await createChannel(server, editor);
    for (let post = 0; post < posts; post += 1) await publish(server, editor, id, { body: '🌒'.repeat(42_000) });
    const held = await streams.acquire(id);
    if (held === undefined || 'deleted' in held) throw new Error('no feed');
    open.push(held.stream);
  }
});
afterAll(async () => {
  streams.close();
  await server[Symbol.asyncDispose]();
});

async function snapshotOf(stream: ChannelStream, limit: number): Promise<EncodedCatchUp> {
  const { promise, resolve } = Promise.withResolvers<EncodedCatchUp>();
  await catchUp(stream, { limit: 1, posts: limit }, resolve);
  return await promise;
}

const kept = () => open.reduce((sum, { answers }) => sum + answers.characters, 0);

it('the cache is bounded however many channels are requested, and keeps the newest answers', async () => {
  let most = 0;
  let made = 0;
  for (const stream of open) {
    for (let limit = posts; limit < posts + 60; limit += 1) {
      const { json } = await snapshotOf(stream, limit);
      made += json.length;
      most = Math.max(most, kept());
    }
  }
  expect(made).toBeGreaterThan(streamLimits.sharedCharactersOfAll);
  expect(most).toBeLessThanOrEqual(streamLimits.sharedCharactersOfAll);
  expect(most).toBeGreaterThan(streamLimits.sharedCharactersOfAll / 2);

  const last = open.at(-1) as ChannelStream;
  expect(await snapshotOf(last, posts)).toBe(await snapshotOf(last, posts));
  // The first channel, whose answers were dropped, caches a new request.
  const first = open[0] as ChannelStream;
  expect(first.answers.characters).toBe(0);
  expect(await snapshotOf(first, posts)).toBe(await snapshotOf(first, posts));
  expect(first.answers.characters).toBeGreaterThan(0);
});
