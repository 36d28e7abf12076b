import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { SignJWT } from 'jose';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { problemSchema } from '../../../src/protocol/schemas.ts';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { openEventSource } from '../../support/readers/event-source.ts';
import { maskedFrame, openReader, ping, shakeHands } from '../../support/readers/socket-reader.ts';
import { openStream, type StreamOptions, type StreamReader } from '../../support/readers/stream-reader.ts';
import { startLine } from '../../support/servers/bad-line.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { startSite } from '../../support/servers/site.ts';

/** A crowd that comes at one moment, over whatever it comes: so many are let in at a time, and the others are told when to come back. */
const { handshakesMost, joinMs }: { handshakesMost: number; joinMs: number } = liveLimits;
/** For authors, beside an issuer whose keys take their time. */
const secret = 'a secret of the server, of 32 bytes or more';

async function start(env: Record<string, string> = {}): Promise<TestServer> {
  const server = await startTestServer(env);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

/** So many connections that have upgraded and do not join. None of them is given up for it, however long the test takes. */
async function crowd({ url }: TestServer, size = handshakesMost): Promise<{ leave(count?: number): void }> {
  Object.assign(liveLimits, { joinMs: 120_000 });
  onTestFinished(() => void Object.assign(liveLimits, { joinMs }));
  const coming = new Set<Socket>();
  const upgraded = new Set<Socket>();
  const leave = (count = size) => {
    for (const socket of [...coming].slice(0, count)) {
      coming.delete(socket);
      socket.destroy();
    }
  };
  onTestFinished(() => leave());
  const come = (nth: number) => {
    // Each from another address: one alone may not have so many.
    const localAddress = `127.20.${nth >> 8}.${nth & 255}`;
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress });
    coming.add(socket);
    socket
      .on('error', () => {})
      .once('data', (answer: Buffer) => {
        if (answer.toString().startsWith('HTTP/1.1 101 ')) upgraded.add(socket);
        else coming.delete(socket);
      })
      // As any client does that is there.
      .on('data', (said: Buffer) => said.equals(ping) && socket.write(maskedFrame('3')))
      .once('close', () => coming.delete(socket));
    socket.write(
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
  };
  // Not more at once than the queue of the system holds.
  for (let there = 0; there < size; there += 250) {
    for (let more = Math.min(250, size - there); more > 0; more -= 1) come(there + more);
    const waiting = () => [...coming].filter((socket) => !upgraded.has(socket)).length;
    await vi.waitFor(() => expect(waiting()).toBe(0), { interval: 5 });
  }
  // None was refused.
  expect(coming.size).toBe(size);
  return { leave };
}

describe('a crowd that comes while the server is busy', () => {
  it('waits with the kernel, and is not forgotten by it', async () => {
    const kept = Number(await readFile('/proc/sys/net/core/somaxconn', 'utf8').catch(() => 128));
    const size = Math.min(2_000, kept);
    await using server = await startServerProcess();
    process.kill(server.pid, 'SIGSTOP');
    const sockets = Array.from({ length: size }, () =>
      connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {}),
    );
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    try {
      // Who is forgotten tries again after a second, and is forgotten again.
      await vi.waitFor(() => expect(sockets.filter(({ connecting }) => connecting)).toHaveLength(0));
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    expect((await call(`${server.url}/readyz`)).status).toBe(200);
  });
});

/** Whether one more would be taken: the status that it gets. */
async function knock({ url }: TestServer): Promise<number> {
  const { reader, status } = await shakeHands(url, { join: false });
  reader?.destroy();
  return status;
}

async function refusals({ url }: TestServer): Promise<number> {
  return Number(/^pressbox_rate_limited_total\{kind="handshakes"\} (\d+)$/m.exec((await call(`${url}/metrics`)).text)?.[1]);
}

async function streamOf({ url }: TestServer, channelId: string, options: StreamOptions = {}): Promise<StreamReader> {
  const reader = await openStream(url, channelId, options);
  onTestFinished(() => reader.destroy());
  return reader;
}

/** Whoever is sent away is told a moment within these, and not all the same. */
function expectMoments(told: readonly number[], unit: number): void {
  expect(new Set(told).size).toBeGreaterThan(1);
  expect(Math.min(...told)).toBeGreaterThanOrEqual(unit);
  expect(Math.max(...told)).toBeLessThanOrEqual(liveLimits.handshakeRetrySeconds * unit);
}

const tries = Array.from({ length: 20 });

describe('past the most who may come at one moment', () => {
  it('sockets and polls are refused, streams end at once, each is told another moment, and nobody else notices', async () => {
    const server = await start();
    const token = await server.token();
    const { id } = await createChannel(server, token);
    const { cursor } = await publish(server, token, id, { headline: 'Before' });
    const [socket, stream] = [await openReader(server.url), await streamOf(server, id)];
    onTestFinished(() => socket.destroy());
    await socket.subscribe(id);
    const crowded = await crowd(server);

    const knocks = await Promise.all(tries.map(() => shakeHands(server.url)));
    const problems = knocks.map((answer) => {
      if (answer.reader !== undefined) throw new Error('The handshake was taken.');
      expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json', connection: 'close' });
      return problemSchema.parse(JSON.parse(answer.body));
    });
    expect(problems).toEqual(tries.map(() => expect.objectContaining({ code: 'rate-limited', status: 429 })));
    expectMoments(
      problems.map(({ retryAfter = 0 }) => retryAfter),
      1,
    );

    for (const query of ['', '&wait=30']) {
      const polls = await Promise.all(tries.map(() => call(`${server.url}/v1/channels/${id}/events?after=${cursor}${query}`)));
      expect(polls.map(({ status, body }) => [status, problemSchema.parse(body).code])).toEqual(
        tries.map(() => [429, 'rate-limited']),
      );
      expectMoments(
        polls.map(({ headers }) => Number(headers.get('retry-after'))),
        1,
      );
    }

    // A 429 would end an EventSource for good.
    const streams = await Promise.all(tries.map(() => streamOf(server, id, { lastEventId: cursor })));
    await Promise.all(streams.map(({ ended }) => ended));
    for (const { status, headers, blocks } of streams) {
      expect([status, headers['content-type'], headers['cache-control']]).toEqual([
        200,
        'text/event-stream',
        'no-store, no-transform',
      ]);
      expect(blocks).toEqual([{ retry: expect.stringMatching(/^\d+$/) }]);
      expect(headers['retry-after']).toBe(String(Math.round(Number(blocks[0]?.retry) / 1_000)));
    }
    expectMoments(
      streams.map(({ blocks }) => Number(blocks[0]?.retry)),
      1_000,
    );
    expect(await refusals(server)).toBe(4 * tries.length);

    const written = await publish(server, token, id, { headline: 'Meanwhile' });
    await vi.waitFor(() =>
      expect([stream.cursor, socket.heard('event')]).toMatchObject([written.cursor, [{ cursor: written.cursor }]]),
    );
    expect((await call(`${server.url}/v1/channels/${id}/snapshot`)).status).toBe(200);
    expect((await call(`${server.url}/live/${id}`)).status).toBe(200);

    crowded.leave(100);
    await vi.waitFor(async () => (await openReader(server.url)).destroy());
    const back = await streamOf(server, id, { lastEventId: cursor });
    await vi.waitFor(() =>
      expect(back.heard('catchup')).toMatchObject([{ mode: 'replay', events: [{ offset: 3 }], more: false }]),
    );
    expect((await call(`${server.url}/v1/channels/${id}/events?after=${cursor}&wait=30`)).body).toMatchObject({
      covers: { to: 3 },
    });
  });

  it('are counted streams and polls as well as sockets, from the request until a stream has begun and a poll is answered or held', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    // Whoever sends a token of this issuer waits until the keys are there.
    const keys = Promise.withResolvers<void>();
    const site = await startSite(async (_request, response) => {
      await keys.promise;
      const key = { ...publicKey.export({ format: 'jwk' }), alg: 'EdDSA', use: 'sig' };
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: [key] }));
    });
    onTestFinished(() => site[Symbol.asyncDispose]());
    const server = await start({ PRESSBOX_JWKS_URL: `${site.url}/keys`, PRESSBOX_JWT_SECRET: secret });
    const { id } = await createChannel(server, await server.token());
    const { cursor } = await publish(server, await server.token(), id, { headline: 'Before' });
    const member = await new SignJWT({ pressbox: { reader: ['*'] } })
      .setProtectedHeader({ alg: 'EdDSA' })
      .setSubject('reader')
      .setAudience('pressbox')
      .setJti('one')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey);

    // Few, so that all have come before the server waits for the keys no longer.
    const some = 10;
    await crowd(server, handshakesMost - 3 * some);
    const coming = Array.from({ length: some }, () => ({
      stream: streamOf(server, id, { after: cursor, token: member }),
      held: call(`${server.url}/v1/channels/${id}/events?after=${cursor}&wait=30`, { token: member }),
      answered: call(`${server.url}/v1/channels/${id}/events?after=${cursor}`, { token: member }),
    }));
    await vi.waitFor(async () => expect(await knock(server)).toBe(429));

    keys.resolve();
    const streams = await Promise.all(coming.map(({ stream }) => stream));
    await vi.waitFor(() => expect(streams.every((stream) => stream.heard('catchup').length === 1)).toBe(true));
    const answers = await Promise.all(coming.map(({ answered }) => answered));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    await vi.waitFor(() => expect(server.server.readers.count('poll')).toBe(some));
    // All of them stay, and as many are let in beside them as there is room for.
    await crowd(server, 3 * some);
    const { cursor: last } = await publish(server, await server.token(), id, { headline: 'After' });
    for (const { held } of coming) expect((await held).body).toMatchObject({ cursor: last });
    await vi.waitFor(() => expect(streams.map((stream) => stream.cursor)).toEqual(streams.map(() => last)));
  });

  it('does not count what waits behind a held poll on its connection, which is answered after it', async () => {
    const server = await start();
    const token = await server.token();
    const { id } = await createChannel(server, token);
    const { cursor } = await publish(server, token, id, { headline: 'Before' });
    Object.assign(liveLimits, { handshakesMost: 2 });
    onTestFinished(() => void Object.assign(liveLimits, { handshakesMost }));
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    const ask = (query: string) => socket.write(`GET /v1/channels/${id}/events?after=${query} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const answered = async () =>
      Number(/^pressbox_catch_ups_total\{mode="replay"\} (\d+)$/m.exec((await call(`${server.url}/metrics`)).text)?.[1] ?? 0);
    ask(`${cursor}&wait=30`);
    await vi.waitFor(() => expect(server.server.readers.count('poll')).toBe(1));
    // Nothing of these is begun before the first is answered.
    ask(`${cursor}&wait=0`);
    ask(cursor);
    expect(await knock(server)).toBe(101);
    await publish(server, token, id, { headline: 'After' });
    await vi.waitFor(async () => expect(await answered()).toBe(3));
    expect(await knock(server)).toBe(101);
  });

  it('does not count who has gone before it was answered', async () => {
    const keys = await startSite(() => {});
    onTestFinished(() => keys[Symbol.asyncDispose]());
    const server = await start({ PRESSBOX_JWKS_URL: `${keys.url}/keys`, PRESSBOX_JWT_SECRET: secret });
    const { id } = await createChannel(server, await server.token());
    await crowd(server, handshakesMost - 10);
    const unknown = `${Buffer.from('{"alg":"EdDSA"}').toString('base64url')}.e30.AAAA`;
    const ask = (path: string) =>
      `GET /v1/channels/${id}/${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${unknown}\r\n\r\n`;
    const coming = Array.from({ length: 10 }, () => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      // One behind the other, of which the second is not begun.
      socket.write(ask('events?wait=30') + ask('stream'));
      return socket;
    });
    await vi.waitFor(async () => expect(await knock(server)).toBe(429));
    for (const socket of coming) socket.destroy();
    await vi.waitFor(async () => expect(await knock(server)).toBe(101));
  });
});

/** Longer than whoever was sent away may be told to wait, also where the machine is busy. */
const patient = { interval: 50 };

describe('comes back by itself when it was sent away, with its cursor,', () => {
  it('an EventSource', async () => {
    const server = await start();
    const token = await server.token();
    const { id } = await createChannel(server, token);
    await using line = await startLine(server.url);
    using source = openEventSource(`${line.url}/v1/channels/${id}/stream`);
    await vi.waitFor(() => expect(source.heard).toMatchObject([{ mode: 'snapshot' }]), patient);
    const crowded = await crowd(server);
    line.cut();
    await publish(server, token, id, { headline: 'Meanwhile' });
    await vi.waitFor(async () => expect(await refusals(server)).toBeGreaterThan(0), patient);
    crowded.leave();
    await vi.waitFor(
      () => expect(source.heard.slice(1)).toMatchObject([{ mode: 'replay', events: [{ post: { headline: 'Meanwhile' } }] }]),
      patient,
    );
  });

  it('our own client, over streams and polls', async () => {
    const server = await start();
    const token = await server.token();
    const { id } = await createChannel(server, token);
    await using line = await startLine(server.url);
    const clients = (['stream', 'poll'] as const).map((way) => {
      const client = new ReaderClient({ url: line.url, channelId: id, transports: [way] });
      onTestFinished(() => client.close());
      client.open();
      return client;
    });
    const statuses = () => clients.map(({ state }) => state.status);
    await vi.waitFor(() => expect(statuses()).toEqual(['live', 'live']), patient);
    const crowded = await crowd(server);
    line.cut();
    await publish(server, token, id, { headline: 'Meanwhile' });
    // Each comes within a second, and whoever was sent away not within another.
    await vi.waitFor(async () => expect(await refusals(server)).toBeGreaterThanOrEqual(clients.length), patient);
    expect(statuses()).not.toContain('live');
    crowded.leave();
    for (const client of clients) {
      await vi.waitFor(() => expect(client.timeline?.posts).toMatchObject([{ headline: 'Meanwhile' }]), patient);
    }
  });
});
