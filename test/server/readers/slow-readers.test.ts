import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { allPosts, createChannel, publish, type Written, write } from '../../support/authors/writers.ts';
import { followed, openReader, type SocketReader } from '../../support/readers/socket-reader.ts';
import { openStream, type StreamReader, streamed } from '../../support/readers/stream-reader.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { watchWrites } from '../../support/servers/watch-writes.ts';

/**
 * For a reader that stops reading, over a socket or a stream, the server keeps a position and no queue. Only the write in
 * progress is in memory, other readers are not affected, and the reader gets the current state when it reads again.
 */

let server: TestServer;
let editor: string;
/** The server's clock, which only tests move, so that nobody stalls earlier on a busy machine. */
let clockMs: number;
const readers: Disposable[] = [];
const alive: NodeJS.Timeout[] = [];
/** The most bytes that were written at once or waited in the server's sockets, by the client's port. */
let waited: Map<number, number>;

beforeEach(async () => {
  clockMs = Date.now();
  server = await startTestServer({}, { now: () => clockMs });
  editor = await server.token();
  waited = new Map();
  const port = Number(new URL(server.url).port);
  watchWrites(port, ({ bytes, client, waiting }) => {
    waited.set(client, Math.max(waited.get(client) ?? 0, waiting, bytes.length));
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const saying of alive.splice(0)) clearInterval(saying);
  for (const reader of readers.splice(0)) reader[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

async function open(forget = false): Promise<SocketReader> {
  const reader = await openReader(server.url, { forget });
  readers.push(reader);
  return reader;
}

/** Keeps sending, or the client would be closed for an unanswered ping at a random moment. */
function stopReading(reader: SocketReader): void {
  reader.pause();
  alive.push(setInterval(() => reader.send('3'), 1_000));
}

/** A stream whose catch-up has started to arrive. */
async function stream(channelId: string, options: { after?: string; forget?: boolean } = {}): Promise<StreamReader> {
  const reader = await openStream(server.url, channelId, options);
  readers.push(reader);
  await vi.waitFor(() => expect(reader.received).toBeGreaterThan(0));
  return reader;
}

/** This many bytes take long on a busy machine. */
const patient = { timeout: 60_000, interval: 50 };
/** About 200 kB as html. Two hundred of them exceed any kernel buffer. */
const long = '🌒'.repeat(50_000);
/** An upper bound of one write: a batch, whose last event may exceed the size limit of a batch, or the answer to a subscribe. */
const oneWriteBytes = 1024 * 1024;

/** The longest snapshot has one post, a pinned post and a summary. */
async function publishAbove(id: string): Promise<void> {
  await publish(server, editor, id, { kind: 'summary', body: long });
  const { post } = await publish(server, editor, id, { body: long });
  await write(server, editor, { method: 'PATCH', path: `/v1/channels/${id}`, body: { pinnedPostId: post.id }, ifMatch: '*' });
  await publish(server, editor, id, { body: long });
}

async function changeOften(id: string, posts: Written['post'][], times: number): Promise<number> {
  let offset = 0;
  for (let round = 1; round <= times; round += 1) {
    const said = await Promise.all(
      posts.map(({ id: postId }) =>
        write(server, editor, {
          path: `/v1/channels/${id}/posts/${postId}/revisions`,
          body: { kind: 'refile', changes: { body: `${round} ${long.slice(0, 90_000)}` } },
          ifMatch: '*',
        }),
      ),
    );
    offset = Math.max(offset, ...said.map((one) => one.offset));
  }
  return offset;
}

describe('a reader that stops reading', () => {
  it('costs the server one write, and gets the current state when it reads again', async () => {
    const { id } = await createChannel(server, editor);
    const posts = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        publish(server, editor, id, { headline: `Entry ${index}` }).then(({ post }) => post),
      ),
    );
    const [slow, healthy] = [await open(), await open()];
    await slow.subscribe(id);
    await healthy.subscribe(id);
    const [slowStream, healthyStream] = [await stream(id), await stream(id)];
    stopReading(slow);
    slowStream.pause();
    const head = await changeOften(id, posts, 18);
    await vi.waitFor(() => expect(followed(healthy, id).offset).toBe(head), patient);
    await vi.waitFor(() => expect(streamed(healthyStream).offset).toBe(head), patient);
    for (const { faults, events } of [followed(healthy, id), streamed(healthyStream)]) {
      expect(faults).toEqual([]);
      expect(events).toHaveLength(8 * 18);
    }
    for (const { port } of [slow, slowStream]) {
      expect(waited.get(port)).toBeGreaterThan(100_000);
      expect(waited.get(port)).toBeLessThan(oneWriteBytes);
    }

    slow.resume();
    slowStream.resume();
    await vi.waitFor(() => expect(followed(slow, id).offset).toBe(head), patient);
    await vi.waitFor(() => expect(streamed(slowStream).offset).toBe(head), patient);
    expect([slow.heard('unsubscribed'), slowStream.heard('unsubscribed')]).toEqual([[], []]);
    const newest = await allPosts(server, id);
    for (const { faults, events } of [followed(slow, id), streamed(slowStream)]) {
      expect(faults).toEqual([]);
      // The catch-up is compacted and does not contain every event.
      expect(events.length).toBeLessThan(8 * 18);
      const last = new Map(events.flatMap((event) => (event.type === 'channel.changed' ? [] : [[event.post.id, event.post]])));
      expect(newest.map((post) => last.get(post.id))).toEqual(newest);
    }
    for (const { port } of [slow, slowStream]) expect(waited.get(port)).toBeLessThan(oneWriteBytes);
  });

  it('is unsubscribed as slow when the tail no longer reaches back, and catches up by its cursor', async () => {
    const { id } = await createChannel(server, editor);
    const slow = await open();
    await slow.subscribe(id);
    const slowStream = await stream(id);
    stopReading(slow);
    slowStream.pause();
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 8 }, () => publish(server, editor, id, { headline: 'Long', body: long })));
    }
    for (const { port } of [slow, slowStream]) expect(waited.get(port)).toBeLessThan(oneWriteBytes);
    slow.resume();
    slowStream.resume();
    await vi.waitFor(() => expect(slow.heard('unsubscribed')).toEqual([{ channelId: id, reason: 'slow' }]), patient);
    const { offset, events, faults } = followed(slow, id);
    expect(faults).toEqual([]);
    expect(offset).toBeLessThan(161);
    let cursor = events.at(-1)?.cursor;
    for (let more = true; more; ) {
      const said = await slow.subscribe(id, cursor);
      if (!said.ok) throw new Error(said.problem.code);
      expect(said).toMatchObject({ mode: 'replay', reset: false });
      ({ more, cursor } = said);
    }
    expect(followed(slow, id)).toMatchObject({ offset: 161, faults: [] });
    expect(new Set(followed(slow, id).events.map((event) => event.offset)).size).toBe(160);

    await slowStream.ended;
    expect(slowStream.heard('unsubscribed')).toEqual([{ channelId: id, reason: 'slow' }]);
    const before = streamed(slowStream);
    expect(before.faults).toEqual([]);
    expect(before.offset).toBeLessThan(161);
    const again = await stream(id, { after: slowStream.cursor! });
    await vi.waitFor(() => expect(streamed(again, before.offset)).toMatchObject({ offset: 161, faults: [] }), patient);
    expect(before.events.length + streamed(again).events.length).toBe(160);
  });

  it('gets one answer at a time if it keeps sending requests', async () => {
    const { id } = await createChannel(server, editor);
    await publishAbove(id);
    const slow = await open(true);
    stopReading(slow);
    for (let index = 0; index < 90; index += 1) slow.send(`42${index}["subscribe",{"channelId":"${id}"}]`);
    // A later request of another reader is answered, so the server has done what it could for the slow one.
    const other = await open();
    for (let index = 0; index < 20; index += 1) expect(await other.subscribe(id)).toMatchObject({ ok: true });
    const answered = Number(
      /^pressbox_catch_?ups_total\{mode="snapshot"\} (\d+)$/m.exec((await call(`${server.url}/metrics`)).text)?.[1],
    );
    expect(answered).toBeGreaterThan(20);
    expect(answered).toBeLessThan(60);
    expect(waited.get(slow.port)).toBeLessThan(oneWriteBytes);
    slow.resume();
    await vi.waitFor(() => expect(slow.received).toBeGreaterThan(90 * 600_000), patient);
  });

  it('is forgotten if it disconnects while its requests wait', async () => {
    const { id } = await createChannel(server, editor);
    await publishAbove(id);
    const { busy, size } = server.server.readers;
    const slow = await open(true);
    stopReading(slow);
    for (let index = 0; index < 90; index += 1) slow.send(`42${index}["subscribe",{"channelId":"${id}"}]`);
    await vi.waitFor(() => expect(busy.size).toBe(1));
    slow.send('41');
    await vi.waitFor(() => expect(server.server.readers.size).toBe(size));
    await vi.waitFor(() => expect(busy.size).toBe(0));
    slow[Symbol.dispose]();
    clockMs += 21_000;
    expect((await call(`${server.url}/metrics`)).text).toMatch(/^pressbox_rate_limited_total\{kind="stalled"\} 0$/m);
  });

  it('is closed if it never reads again, and other readers are not', async () => {
    const { id } = await createChannel(server, editor);
    const [dead, healthy] = [await open(), await open(true)];
    await dead.subscribe(id);
    await healthy.subscribe(id);
    const [deadStream, healthyStream] = [await stream(id), await stream(id, { forget: true })];
    stopReading(dead);
    deadStream.pause();
    for (let round = 0; round < 8; round += 1) {
      await Promise.all(Array.from({ length: 8 }, () => publish(server, editor, id, { headline: 'Long', body: long })));
    }
    expect(server.server.readers.size).toBe(4);
    // The other readers have read everything, or they would seem stalled too when the clock jumps.
    await vi.waitFor(() => expect(server.server.readers.busy.size).toBe(2), { ...patient, interval: 5 });
    clockMs += 21_000;
    await vi.waitFor(() => expect(server.server.readers.size).toBe(2));
    expect([server.server.readers.count('socket'), server.server.readers.count('stream')]).toEqual([1, 1]);
    expect(server.server.readers.subscriptions()).toBe(2);
    const before = [healthy.received, healthyStream.cursor];
    const { cursor } = await publish(server, await server.token(), id, { headline: 'Still here' });
    await vi.waitFor(() => expect(healthyStream.cursor).toBe(cursor));
    await vi.waitFor(() => expect(healthy.received).toBeGreaterThan(Number(before[0])));
  });
});
