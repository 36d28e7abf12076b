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
import { basePathOf } from '../../support/servers/addresses.ts';
import { startLine } from '../../support/servers/bad-line.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { startSite } from '../../support/servers/site.ts';

/** A crowd that connects at once, over any transport: a limited number is admitted at a time, and the others are told when to retry. */

const { handshakesMost, joinMs }: { handshakesMost: number; joinMs: number } = liveLimits;
/** Authors use the server's secret, since the issuer's keys are slow. */
const secret = 'a secret of the server, of 32 bytes or more';

async function start(env: Record<string, string> = {}): Promise<TestServer> {
  const server = await startTestServer(env);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

/** Opens upgraded connections that do not join. The join timeout is longer than the test. */
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
    // Each from another address, since one address may not hold so many.
    const localAddress = `127.20.${nth >> 8}.${nth & 255}`;
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress });
    coming.add(socket);
    socket
      .on('error', () => {})
      .once('data', (answer: Buffer) => {
        if (answer.toString().startsWith('HTTP/1.1 101 ')) upgraded.add(socket);
        else coming.delete(socket);
      })
      // Answers pings like any live client.
      .on('data', (said: Buffer) => said.equals(ping) && socket.write(maskedFrame('3')))
      .once('close', () => coming.delete(socket));
    socket.write(
      `GET ${basePathOf(url)}/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
  };
  // Connects no more clients at once than the accept queue holds.
  for (let there = 0; there < size; there += 250) {
    for (let more = Math.min(250, size - there); more > 0; more -= 1) come(there + more);
    const waiting = () => [...coming].filter((socket) => !upgraded.has(socket)).length;
    await vi.waitFor(() => expect(waiting()).toBe(0), { interval: 5 });
  }
  // No connection was refused.
  expect(coming.size).toBe(size);
  return { leave };
}

describe('a crowd that connects while the server is busy', () => {
  it('waits in the kernel’s accept queue without being dropped', async () => {
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
      // A dropped connection retries after a second, and is dropped again.
      await vi.waitFor(() => expect(sockets.filter(({ connecting }) => connecting)).toHaveLength(0));
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    expect((await call(`${server.url}/readyz`)).status).toBe(200);
  });
});

/** The status of one further request. */
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

/** The range of the retry delays, which differ from client to client. */
function expectMoments(told: readonly number[], unit: number): void {
  expect(new Set(told).size).toBeGreaterThan(1);
  expect(Math.min(...told)).toBeGreaterThanOrEqual(unit);
  expect(Math.max(...told)).toBeLessThanOrEqual(liveLimits.handshakeRetrySeconds * unit);
}

const tries = Array.from({ length: 20 });

describe('past the admission limit', () => {
  it('sockets and polls are refused and streams end at once, each with another retry delay, and admitted readers are not affected', async () => {
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

    // An EventSource would never reconnect after a 429.
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

  it('streams and polls count like sockets, from the request until the stream has begun or the poll is answered or held', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    // A request with a token of this issuer waits for the keys.
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

    // Few, so that all arrive before the server stops waiting for the keys.
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
    // All of them stay, and further connections fill the remaining room.
    await crowd(server, 3 * some);
    const { cursor: last } = await publish(server, await server.token(), id, { headline: 'After' });
    for (const { held } of coming) expect((await held).body).toMatchObject({ cursor: last });
    await vi.waitFor(() => expect(streams.map((stream) => stream.cursor)).toEqual(streams.map(() => last)));
  });

  it('requests pipelined behind a held poll do not count, and are answered after it', async () => {
    const server = await start();
    const token = await server.token();
    const { id } = await createChannel(server, token);
    const { cursor } = await publish(server, token, id, { headline: 'Before' });
    Object.assign(liveLimits, { handshakesMost: 2 });
    onTestFinished(() => void Object.assign(liveLimits, { handshakesMost }));
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    const ask = (query: string) =>
      socket.write(`GET ${server.pathTo(`/v1/channels/${id}/events`)}?after=${query} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const answered = async () =>
      Number(/^pressbox_catch_ups_total\{mode="replay"\} (\d+)$/m.exec((await call(`${server.url}/metrics`)).text)?.[1] ?? 0);
    ask(`${cursor}&wait=30`);
    await vi.waitFor(() => expect(server.server.readers.count('poll')).toBe(1));
    // None of these starts before the first is answered.
    ask(`${cursor}&wait=0`);
    ask(cursor);
    expect(await knock(server)).toBe(101);
    await publish(server, token, id, { headline: 'After' });
    await vi.waitFor(async () => expect(await answered()).toBe(3));
    expect(await knock(server)).toBe(101);
  });

  it('requests whose client has disconnected do not count', async () => {
    const keys = await startSite(() => {});
    onTestFinished(() => keys[Symbol.asyncDispose]());
    const server = await start({ PRESSBOX_JWKS_URL: `${keys.url}/keys`, PRESSBOX_JWT_SECRET: secret });
    const { id } = await createChannel(server, await server.token());
    await crowd(server, handshakesMost - 10);
    const unknown = `${Buffer.from('{"alg":"EdDSA"}').toString('base64url')}.e30.AAAA`;
    const ask = (path: string) =>
      `GET ${server.pathTo(`/v1/channels/${id}/${path}`)} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${unknown}\r\n\r\n`;
    const coming = Array.from({ length: 10 }, () => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      // Pipelined, so the second has not started.
      socket.write(ask('events?wait=30') + ask('stream'));
      return socket;
    });
    await vi.waitFor(async () => expect(await knock(server)).toBe(429));
    for (const socket of coming) socket.destroy();
    await vi.waitFor(async () => expect(await knock(server)).toBe(101));
  });
});

/** Longer than any retry delay, on a busy machine too. */
const patient = { interval: 50 };

describe('a refused reader reconnects with its cursor:', () => {
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

  it('ReaderClient, over streams and polls', async () => {
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
    // Each connects within a second, and a refused reader not within the next.
    await vi.waitFor(async () => expect(await refusals(server)).toBeGreaterThanOrEqual(clients.length), patient);
    expect(statuses()).not.toContain('live');
    crowded.leave();
    for (const client of clients) {
      await vi.waitFor(() => expect(client.timeline?.posts).toMatchObject([{ headline: 'Meanwhile' }]), patient);
    }
  });
});
