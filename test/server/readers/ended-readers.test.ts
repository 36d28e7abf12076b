import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { streamLimits } from '../../../src/streams/stream-limits.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { createChannel, publish, write } from '../../support/authors/writers.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { openStream } from '../../support/readers/stream-reader.ts';
import { within } from '../../support/runner/settled-within.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

let server: TestServer;
let editor: string;
/** The server's clock, which only tests move, so that nobody stalls earlier on a busy machine. */
let clockMs: number;
let log = '';

beforeEach(async () => {
  clockMs = Date.now();
  log = '';
  const sink = {
    write(line: string) {
      log += line;
    },
  };
  // A client that does not read answers no ping, so the first comes as late as possible.
  server = await startTestServer({}, { now: () => clockMs, random: () => 0, log: createLog('warn', sink) });
  editor = await server.token();
});
afterEach(() => server[Symbol.asyncDispose]());

const sockets = () =>
  (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles().filter((handle) => handle instanceof Socket);
const oursOf = (port: number) => sockets().find(({ remotePort, localPort }) => remotePort === port && localPort !== port);
const theirsOf = (port: number) => sockets().find(({ localPort }) => localPort === port);

async function fill(id: string): Promise<void> {
  const body = '🌒'.repeat(50_000);
  for (let round = 0; round < 5; round += 1)
    await Promise.all(Array.from({ length: 8 }, () => publish(server, editor, id, { headline: 'Long', body })));
}

it('an ended stream that takes no bytes counts as open until it is closed', async () => {
  const { id } = await createChannel(server, editor);
  const dead = await openStream(server.url, id);
  await vi.waitFor(() => expect(dead.received).toBeGreaterThan(0));
  dead.pause();
  await fill(id);
  await write(server, editor, { method: 'PATCH', path: `/v1/channels/${id}`, body: { access: 'members' }, ifMatch: '*' });
  expect(server.server.readers.size).toBe(1);
  clockMs += 21_000;
  await vi.waitFor(() => expect([server.server.readers.size, oursOf(dead.port)]).toEqual([0, undefined]));
  dead.destroy();
});

it('a half-closed socket that takes no bytes is closed, once', async () => {
  const { id } = await createChannel(server, editor);
  const dead = await openReader(server.url);
  await dead.subscribe(id);
  dead.pause();
  // It keeps sending, or it would be closed for an unanswered ping.
  const alive = setInterval(() => dead.send('3'), 1_000);
  await fill(id);
  clearInterval(alive);
  theirsOf(dead.port)?.end();
  clockMs += 21_000;
  await vi.waitFor(() => expect(server.server.readers.size).toBe(0));
  expect((await call(`${server.url}/metrics`)).text).toContain('pressbox_rate_limited_total{kind="stalled"} 1\n');
  dead.destroy();
});

it('a socket and a stream that take no bytes are closed without a final message when their token is revoked', async () => {
  const { id } = await createChannel(server, editor);
  const token = await server.token({ reader: ['*'] });
  const dead = await openReader(server.url, { token });
  await dead.subscribe(id);
  const deadStream = await openStream(server.url, id, { token });
  await vi.waitFor(() => expect(deadStream.received).toBeGreaterThan(0));
  for (const reader of [dead, deadStream]) reader.pause();
  await fill(id);
  await vi.waitFor(() => expect(server.server.readers.busy.size).toBe(2));
  const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token: await server.token({ admin: true }), body: { jti } });
  // Everything opened with a revoked token ends within this time.
  await within(5_000, () => expect([dead, deadStream].map(({ port }) => oursOf(port))).toEqual([undefined, undefined]));
  for (const reader of [dead, deadStream]) reader.destroy();
});

it('a reader whose connection fails is closed and reconnects with its cursor, and the others get every event', async () => {
  const { id } = await createChannel(server, editor);
  const sockets = await Promise.all(Array.from({ length: 6 }, () => openReader(server.url)));
  for (const socket of sockets) await socket.subscribe(id);
  const readers = [...sockets, await openStream(server.url, id), await openStream(server.url, id)];
  await vi.waitFor(() => expect(server.server.readers.subscriptions()).toBe(8));
  const headlines = () =>
    readers.map((reader) =>
      ['event', 'post.published'].flatMap((name) =>
        reader.heard<{ post: { headline: string } }>(name).map(({ post }) => post.headline),
      ),
    );
  const { cursor } = await publish(server, editor, id, { headline: 'Before' });
  await vi.waitFor(() => expect(headlines()).toEqual(readers.map(() => ['Before'])));

  const isBroken = (index: number) => index % 2 === 1;
  for (const [index, { port }] of readers.entries()) {
    const { _handle: handle } = oursOf(port) as unknown as { _handle: object };
    const writeBuffer = () => {
      throw new Error('thrown in the test');
    };
    if (isBroken(index)) Object.assign(handle, { writeBuffer });
  }
  await publish(server, editor, id, { headline: 'After' });
  const whole = readers.map((_, index) => (isBroken(index) ? ['Before'] : ['Before', 'After']));
  await vi.waitFor(() =>
    expect([headlines(), readers.map(({ isOpen }) => !isOpen)]).toEqual([whole, readers.map((_, index) => isBroken(index))]),
  );
  await vi.waitFor(() => expect(server.server.readers.subscriptions()).toBe(4));
  expect(JSON.parse(log)).toMatchObject({
    msg: 'delivery failed',
    channel: id,
    readers: 4,
    err: { message: 'thrown in the test' },
  });

  const back = await openReader(server.url);
  expect(await back.subscribe(id, cursor)).toMatchObject({ mode: 'replay', events: [{ post: { headline: 'After' } }] });
  for (const reader of [back, ...readers]) reader.destroy();
});

it('a channel stream closes some time after its last reader has left, over any transport', async () => {
  const metric = async (line: string) => expect((await call(`${server.url}/metrics`)).text).toContain(`${line}\n`);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const { id } = await createChannel(server, editor, { access: 'members' });
    const { cursor } = await publish(server, editor, id, { headline: 'First' });
    // More posts than fit into one answer.
    for (let nth = 0; nth < 2; nth += 1) await publish(server, editor, id, { headline: 'Long', body: '🌒'.repeat(50_000) });
    const token = await server.token({ reader: ['*'] });
    const path = `${server.url}/v1/channels/${id}`;
    const socket = await openReader(server.url, { token });
    expect(await socket.subscribe(id, cursor)).toMatchObject({ more: true });
    expect(await socket.subscribe(id)).toMatchObject({ ok: true });
    expect((await openReader(server.url).then((stranger) => stranger.subscribe(id))).ok).toBe(false);
    const stream = await openStream(server.url, id, { token, after: cursor });
    await vi.waitFor(() => expect(stream.heard('catchup')).toHaveLength(2));
    expect((await call(`${path}/stream`, { method: 'HEAD', token })).status).toBe(200);
    const poll = await call(`${path}/events`, { token });
    const held = new AbortController();
    const waiting = fetch(`${path}/events?wait=30&after=${(poll.body as { cursor: string }).cursor}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: held.signal,
    }).catch(() => {});
    await vi.waitFor(() => expect(server.server.readers.count('poll')).toBe(1));
    await metric('pressbox_feeds 1');
    for (const reader of [socket, stream]) reader.destroy();
    held.abort();
    await waiting;
    await vi.waitFor(() => expect(server.server.readers.subscriptions()).toBe(0));
    vi.advanceTimersByTime(streamLimits.feedIdleMs);
    await metric('pressbox_feeds 0');
  } finally {
    vi.useRealTimers();
  }
});
