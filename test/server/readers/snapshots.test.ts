import { afterAll, beforeAll, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import type { Engine } from '../../../src/journal/engine.ts';
import type { Snapshot } from '../../../src/protocol/model.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { catchUp } from '../../../src/streams/catch-up.ts';
import type { ChannelStream } from '../../../src/streams/channel-stream.ts';
import { ChannelStreams } from '../../../src/streams/channel-streams.ts';
import { type EncodedSnapshot, readSnapshot } from '../../../src/streams/snapshots.ts';
import { streamLimits } from '../../../src/streams/stream-limits.ts';
import { createChannel, publish, write } from '../../support/authors/writers.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

let server: TestServer;
let editor: string;
let id: string;
let streams: ChannelStreams;
let stream: ChannelStream;
let reads: MockInstance<Engine['snapshot']>;

const posts = 60;
/** The length of a post's text. Fewer such posts fit into an answer than a request may ask for. */
const bodyCharacters = 15_600;

beforeAll(async () => {
  server = await startTestServer();
  editor = await server.token();
  ({ id } = await createChannel(server, editor));
  for (let nth = 1; nth <= posts; nth += 1)
    await publish(server, editor, id, { headline: `Number ${nth}`, body: 'ü'.repeat(bodyCharacters / 2) });
  const { engine } = server.server;
  reads = vi.spyOn(engine, 'snapshot');
  streams = new ChannelStreams({ engine, random: Math.random, log: { info() {}, warn() {} }, delivered() {} });
  const held = await streams.acquire(id);
  if (held === undefined || 'deleted' in held) throw new Error('no feed');
  ({ stream } = held);
});
afterAll(async () => {
  streams.close();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => {
  stream.answers.drop();
  stream.snapshots.drop();
  reads.mockClear();
});

const everyLimit = Array.from({ length: limits.pageMost }, (_, at) => at + 1);

async function snapshotOf(asked: number, bytes: number = limits.answerBytes): Promise<EncodedSnapshot> {
  const snapshot = await readSnapshot(stream, { posts: asked, bytes });
  if (snapshot === 'gone') throw new Error('no snapshot');
  return snapshot;
}

function parsed({ pieces }: EncodedSnapshot): Snapshot {
  return JSON.parse(Buffer.concat(pieces).toString());
}

describe('the snapshots of a channel between two changes', () => {
  it('take two journal reads and the memory of two answers, however many posts are requested', async () => {
    const all = await Promise.all(everyLimit.map((limit) => snapshotOf(limit)));
    expect(reads).toHaveBeenCalledTimes(2);
    const memory = new Set(all.flatMap(({ pieces }) => pieces).map(({ buffer }) => buffer));
    const bytes = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(bytes).toBeLessThan(2 * limits.answerBytes);
  });

  it('contain as many posts as requested or fit, newest first, and say whether there are more', async () => {
    const { length: fitting } = parsed(await snapshotOf(limits.pageMost)).posts;
    expect([fitting > limits.pageDefault, fitting < posts]).toEqual([true, true]);
    for (const limit of everyLimit) {
      const snapshot = await snapshotOf(limit);
      const { posts: shown, more } = parsed(snapshot);
      const newest = Array.from({ length: Math.min(limit, fitting) }, (_, at) => `Number ${posts - at}`);
      expect([limit, shown.map(({ headline }) => headline), more]).toEqual([limit, newest, true]);
    }
    for (const [bytes, count] of [
      [limits.answerBytes, fitting],
      [3.5 * bodyCharacters, 3],
      [1, 1],
    ] as const)
      expect(parsed(await snapshotOf(limits.pageMost, bytes)).posts.length).toBe(count);
  });

  it('are read once even if other answers fill the channel’s cache', async () => {
    for (let asked = 1; asked <= streamLimits.sharedAnswers; asked += 1)
      await catchUp(stream, { limit: 1, posts: asked }, () => undefined);
    reads.mockClear();
    for (const limit of everyLimit) await snapshotOf(limit);
    expect(reads).toHaveBeenCalledTimes(2);
  });

  it('are the same over HTTP, with the entity tag of their bytes', async () => {
    for (const limit of [1, limits.pageDefault, limits.pageDefault + 1, limits.pageMost]) {
      const { body, headers } = await call(`${server.url}/v1/channels/${id}/snapshot?limit=${limit}`);
      expect(body).toEqual(parsed(await snapshotOf(limit)));
      const again = await call(`${server.url}/v1/channels/${id}/snapshot?limit=${limit}`, {
        headers: { 'if-none-match': headers.get('etag') ?? '' },
      });
      expect(again.status).toBe(304);
    }
  });

  it('are read again after a change, and contain nothing that was taken down', async () => {
    const { post } = await publish(server, editor, id, { headline: 'A secret' });
    await vi.waitFor(async () => expect(parsed(await snapshotOf(1)).posts[0]?.headline).toBe('A secret'));
    const before = (await snapshotOf(limits.pageMost)).pieces;
    await write(server, editor, { path: `/v1/channels/${id}/posts/${post.id}/takedown`, body: {} });
    const after = await Promise.all([1, limits.pageMost].map(async (limit) => (await snapshotOf(limit)).pieces));
    expect(Buffer.concat(before).includes('A secret')).toBe(true);
    for (const pieces of after) expect(Buffer.concat(pieces).includes('A secret')).toBe(false);
  });
});

it('a snapshot with all posts says that there are no more', async () => {
  const { id: short } = await createChannel(server, editor);
  for (let nth = 0; nth < 3; nth += 1) await publish(server, editor, short, { headline: `Number ${nth}` });
  const more = async (limit: number) => {
    const { body } = await call(`${server.url}/v1/channels/${short}/snapshot?limit=${limit}`);
    const snapshot = body as Snapshot;
    return [snapshot.posts.length, snapshot.more];
  };
  expect(await Promise.all([1, 2, 3, 4, 100].map(more))).toEqual([
    [1, true],
    [2, true],
    [3, false],
    [3, false],
    [3, false],
  ]);
});
