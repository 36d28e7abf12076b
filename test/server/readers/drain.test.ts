import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { io, type Socket } from 'socket.io-client';
import { afterEach, expect, it, vi } from 'vitest';
import { problemSchema } from '../../../src/protocol/schemas.ts';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { openEventSource } from '../../support/readers/event-source.ts';
import { openReader, type SocketReader, shakeHands } from '../../support/readers/socket-reader.ts';
import { openStream } from '../../support/readers/stream-reader.ts';
import { socketIoAt } from '../../support/servers/addresses.ts';
import { isAttached } from '../../support/servers/front.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Shutting down a node: readers are asked to leave, new ones are refused, and those that stay reconnect elsewhere by themselves. */

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function start(): Promise<TestServer> {
  const server = await startTestServer();
  undo.push(() => server[Symbol.asyncDispose]());
  return server;
}

async function stockClient(url: string): Promise<Socket> {
  const { origin, path } = socketIoAt(url);
  const socket = io(origin, { path, transports: ['websocket'], forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 50 });
  undo.push(() => socket.disconnect());
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('connect_error', reject));
  return socket;
}

async function rawReader(url: string): Promise<SocketReader> {
  const reader = await openReader(url);
  undo.push(() => reader.destroy());
  return reader;
}

it('a drain tells readers to leave within a time, and refuses new ones', async () => {
  const server = await start();
  const staying = await rawReader(server.url);
  expect(await call(`${server.url}/readyz`)).toMatchObject({ status: 200 });

  // Longer than the test takes: the drain ends when the last reader leaves.
  const closing = server.server.close({ drainMs: 60_000 });
  await vi.waitFor(() => expect(staying.heard('drain')).toEqual([{ withinMs: 60_000 }]));

  const ready = await call(`${server.url}/readyz`);
  expect(ready).toMatchObject({ status: 503, body: { status: 'draining' } });
  expect(ready.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect((await call(`${server.url}/healthz`)).status).toBe(200);
  for (const path of ['/v1/channels', '/', '/live/anything']) {
    const answer = await call(`${server.url}${path}`);
    expect([answer.status, answer.headers.get('retry-after') !== null], path).toEqual([503, true]);
  }
  expect(problemSchema.parse((await call(`${server.url}/v1/channels`)).body)).toMatchObject({ code: 'draining' });

  const turnedAway = await shakeHands(server.url);
  if (turnedAway.reader !== undefined) throw new Error('A draining server took a reader.');
  expect(turnedAway).toMatchObject({ status: 503, headers: { 'retry-after': expect.stringMatching(/^[1-9]\d*$/) } });
  expect(problemSchema.parse(JSON.parse(turnedAway.body))).toMatchObject({ code: 'draining', status: 503 });

  // The last reader leaves, which ends the drain.
  expect(staying.isOpen).toBe(true);
  staying.destroy();
  await closing;
});

it('a drain delivers every write that is still acknowledged', async () => {
  const server = await start();
  const editor = await server.token();
  const { id } = await createChannel(server, editor);
  const reader = await rawReader(server.url);
  await reader.subscribe(id);
  const publishing = Array.from({ length: 40 }, (_, index) =>
    call(`${server.url}/v1/channels/${id}/posts`, { method: 'POST', token: editor, body: { headline: `Entry ${index}` } }),
  );
  await Promise.race(publishing);
  const closing = server.server.close({ drainMs: 60_000 });
  const answers = await Promise.all(publishing);
  expect(new Set([201, 503, ...answers.map(({ status }) => status)])).toEqual(new Set([201, 503]));
  const promised = answers.flatMap(({ status, body }) => (status === 201 ? [(body as { offset: number }).offset] : []));
  await vi.waitFor(() => {
    const heard = reader.heard<{ offset: number }>('event').map(({ offset }) => offset);
    expect(promised.filter((offset) => !heard.includes(offset))).toEqual([]);
  });
  reader.destroy();
  await closing;
});

it('a drain closes remaining readers so that they reconnect to the next server with their cursor', async () => {
  const server = await start();
  const editor = await server.token();
  const { id } = await createChannel(server, editor);
  const socket = await stockClient(server.url);
  const { cursor } = await publish(server, editor, id, { headline: 'Before' });
  let drains = 0;
  const reasons: string[] = [];
  socket.on('drain', () => drains++);
  socket.on('disconnect', (reason) => reasons.push(reason));
  const back = new Promise<void>((resolve) => socket.once('disconnect', () => socket.once('connect', resolve)));
  await server.restart();
  await back;
  expect(drains).toBe(1);
  expect(reasons).toEqual(['transport close']);
  const { offset } = await publish(server, editor, id, { headline: 'After' });
  expect(await socket.timeout(30_000).emitWithAck('subscribe', { channelId: id, after: cursor })).toMatchObject({
    mode: 'replay',
    reset: false,
    covers: { to: offset },
    events: [{ post: { headline: 'After' } }],
  });
});

it('a drain ends streams at different moments, each with a final message and a retry delay past the shutdown', async () => {
  // In order: the first retry delay, when to leave, the delay after that, and some margin.
  const draws = [0.5, 0.5, 0.1, 0.9, 0.5, 0.5, 0.5, 0.5];
  const server = await startTestServer({}, { random: () => draws.shift() ?? 0.5 });
  undo.push(() => server[Symbol.asyncDispose]());
  const editor = await server.token();
  const { id } = await createChannel(server, editor);
  const streams = [await openStream(server.url, id), await openStream(server.url, id)];
  for (const stream of streams) await vi.waitFor(() => expect(stream.heard('catchup')).toHaveLength(1));
  const ends: number[] = [];
  for (const [index, stream] of streams.entries()) void stream.ended.then(() => ends.push(index));

  draws.splice(0, draws.length, 0.1, 0.5, 0.5, 0.9, 0.5, 0.5);
  const began = performance.now();
  const closing = server.server.close({ drainMs: 2_000 });
  await closing;
  const tookMs = performance.now() - began;
  await Promise.all(streams.map(({ ended }) => ended));
  expect(ends).toEqual([0, 1]);
  for (const stream of streams) {
    expect(stream.heard('drain')).toEqual([{ withinMs: 2_000 }]);
    expect(stream.blocks.at(-1)?.event).toBe('drain');
  }
  // A stream that ended early waits longer. Both reconnect after the drain, when this server no longer refuses them.
  const retries = streams.map(({ blocks }) => Number(blocks.at(-2)?.retry));
  expect(retries).toEqual([1_800 + 1_000 + 2_000, 200 + 1_000 + 2_000]);
  // The drain took no longer than the last of them and the shutdown.
  expect(tookMs).toBeGreaterThan(1_500);
});

it('a drain lets an EventSource reconnect to the next server with its cursor', async () => {
  const server = await start();
  const editor = await server.token();
  const { id } = await createChannel(server, editor);
  using source = openEventSource(`${server.url}/v1/channels/${id}/stream`);
  await vi.waitFor(() => expect(source.heard).toMatchObject([{ name: 'catchup', mode: 'snapshot' }]));
  const { cursor } = await publish(server, editor, id, { headline: 'Before' });
  await vi.waitFor(() => expect(source.heard.at(-1)).toMatchObject({ name: 'post.published', lastEventId: cursor }));
  await server.server.close({ drainMs: 200 });
  await server.restart();
  const after = await publish(server, editor, id, { headline: 'After' });
  await vi.waitFor(() => expect(source.heard.at(-1)).toMatchObject({ lastEventId: after.cursor }));
  const [drain, catchUp, ...live] = source.heard.slice(2);
  expect([drain, catchUp]).toMatchObject([
    { name: 'drain', lastEventId: cursor },
    { name: 'catchup', mode: 'replay', covers: { after: 2 } },
  ]);
  // The EventSource gets the post in its catch-up, or as a live event if it reconnected before the post was published.
  expect([...(catchUp!.events as object[]), ...live]).toMatchObject([{ post: { headline: 'After' } }]);
});

it('a drain answers held polls without events at different moments, so that the next poll goes elsewhere', async () => {
  const draws: number[] = [];
  const server = await startTestServer({}, { random: () => draws.shift() ?? 0.5 });
  undo.push(() => server[Symbol.asyncDispose]());
  const editor = await server.token();
  const { id } = await createChannel(server, editor);
  const { cursor } = await publish(server, editor, id, { headline: 'One' });
  const answered: number[] = [];
  const polls: ReturnType<typeof call>[] = [];
  for (const nth of [0, 1, 2]) {
    const poll = call(`${server.url}/v1/channels/${id}/events?wait=30&after=${cursor}`);
    polls.push(poll.finally(() => answered.push(nth)));
    await vi.waitFor(() => expect(server.server.readers.count('poll')).toBe(nth + 1));
  }
  draws.push(0.9, 0.1, 0.5);
  await server.server.close({ drainMs: 3_000 });
  expect(answered).toEqual([1, 2, 0]);
  for (const { status, headers, body } of await Promise.all(polls)) {
    expect([status, headers.get('connection'), body]).toMatchObject([200, 'close', { cursor, events: [], more: false }]);
  }
});

it('a drain answers each poll no later than the poll requested', async () => {
  const server = await start();
  const editor = await server.token();
  const { id } = await createChannel(server, editor);
  const { cursor } = await publish(server, editor, id, { headline: 'One' });
  let answered = 0;
  const polls = Array.from({ length: 8 }, () =>
    call(`${server.url}/v1/channels/${id}/events?wait=3&after=${cursor}`).finally(() => (answered += 1)),
  );
  // On a busy machine the first may time out before the last arrives.
  await vi.waitFor(() => expect(server.server.readers.count('poll') + answered).toBe(8), { interval: 5 });
  const began = performance.now();
  const closed = server.server.close({ drainMs: 60_000 });
  await Promise.all(polls);
  // Within the minute that all of them had to leave.
  expect(performance.now() - began).toBeLessThan(15_000);
  await closed;
});

it('a drain does not wait for a reader that stopped reading', async () => {
  const server = await start();
  const editor = await server.token();
  const { id } = await createChannel(server, editor);
  const stuck = await rawReader(server.url);
  await stuck.subscribe(id);
  const stuckStream = await openStream(server.url, id);
  undo.push(() => stuckStream.destroy());
  stuck.pause();
  stuckStream.pause();
  const body = '🌒'.repeat(50_000);
  for (let round = 0; round < 6; round += 1) {
    await Promise.all(Array.from({ length: 10 }, () => publish(server, editor, id, { headline: 'Long', body })));
  }
  const began = performance.now();
  await server.server.close({ drainMs: 100 });
  // Earlier than the stall timeout.
  expect(performance.now() - began).toBeLessThan(15_000);
});

it('a shutdown that is requested several times happens once', async () => {
  const server = await start();
  await rawReader(server.url);
  const [one, two] = [server.server.close({ drainMs: 50 }), server.server.close({ drainMs: 5_000 })];
  expect(one).toBe(two);
  await one;
  // The program to which the server was attached answers in its place.
  if (isAttached()) expect((await call(`${server.url}/healthz`)).status).toBe(404);
  else await expect(call(`${server.url}/healthz`)).rejects.toThrow();
});

it('a drain finishes a write that has started', async () => {
  const server = await start();
  const token = await server.token({ editor: ['*'] });
  const { id } = await createChannel(server, token);
  const body = JSON.stringify({ body: 'The crew have landed.' });
  const post = request(`${server.url}/v1/channels/${id}/posts`, {
    method: 'POST',
    headers: {
      ...{ authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': body.length },
      expect: '100-continue',
    },
  });
  post.flushHeaders();
  await once(post, 'continue');
  const closed = server.server.close();
  await vi.waitFor(async () => expect((await call(`${server.url}/readyz`)).status).toBe(503));
  post.end(body);
  const [answer] = (await once(post, 'response')) as [IncomingMessage];
  answer.resume();
  expect(answer.statusCode).toBe(201);
  await closed;
});
