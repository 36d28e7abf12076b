import { once } from 'node:events';
import { connect } from 'node:net';
import { queryObjects } from 'node:v8';
import { Socket as EngineSocket } from 'engine.io';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { problemSchema } from '../../../src/protocol/schemas.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { type ConnectOptions, type Handshake, maskedFrame, openReader, shakeHands } from '../../support/readers/socket-reader.ts';
import { socketIoAt } from '../../support/servers/addresses.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

/** Which connections are accepted, on the wire. */

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ PRESSBOX_ORIGINS: 'https://news.example,http://desk.example:8080' });
});
afterAll(() => server[Symbol.asyncDispose]());

async function knock(options: ConnectOptions, url = server.url): Promise<Handshake> {
  const answer = await shakeHands(url, options);
  onTestFinished(() => answer.reader?.destroy());
  return answer;
}

/** The problem document of a refused handshake, with its media type and length checked. */
function problemOf(answer: Handshake) {
  if (answer.reader !== undefined) throw new Error('The handshake was taken.');
  expect(answer.headers).toMatchObject({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    connection: 'close',
    'content-length': String(Buffer.byteLength(answer.body)),
  });
  const problem = problemSchema.parse(JSON.parse(answer.body));
  expect(problem.status).toBe(answer.status);
  return problem;
}

describe('the origin of a page', () => {
  it('is accepted if it is the server’s own, configured or missing', async () => {
    const { host, port } = new URL(server.url);
    const admitted = [
      undefined,
      server.origin,
      'https://news.example',
      'http://desk.example:8080',
      server.origin.replace('http', 'ws'),
    ];
    for (const origin of admitted) {
      const answer = await knock({ headers: { ...(origin && { Origin: origin }) } });
      expect(answer.status, String(origin)).toBe(101);
    }
    // Behind a TLS proxy the page is https.
    expect((await knock({ headers: { Host: 'live.example', Origin: 'https://live.example' } })).status).toBe(101);
    expect((await knock({ headers: { Host: host, Origin: `http://localhost:${port}` } })).status).toBe(403);
  });

  it('must have the scheme that a trusted proxy reports', async () => {
    const behind = await startTestServer({ PRESSBOX_TRUST_PROXY: 'loopback' });
    try {
      const headers = { Host: 'live.example', 'X-Forwarded-Proto': 'https' };
      const over = async (Origin: string, url: string) => (await knock({ headers: { ...headers, Origin } }, url)).status;
      expect([await over('https://live.example', behind.url), await over('http://live.example', behind.url)]).toEqual([101, 403]);
      // Without a trusted proxy the scheme is unknown.
      expect([await over('https://live.example', server.url), await over('http://live.example', server.url)]).toEqual([101, 101]);
    } finally {
      await behind[Symbol.asyncDispose]();
    }
  });

  it('is refused with a problem otherwise', async () => {
    const { host } = new URL(server.url);
    const foreign = [
      'https://evil.example',
      'http://news.example',
      'https://news.example.evil.example',
      'https://news.example:444',
      'https://evilnews.example',
      `http://${host}.evil.example`,
      'null',
      'https://news.example/path',
      '*',
    ];
    for (const origin of foreign) {
      const answer = await knock({ headers: { Origin: origin } });
      expect(problemOf(answer), origin).toMatchObject({ code: 'forbidden', status: 403 });
    }
  });
});

describe('the endpoint', () => {
  it('says that it does not serve long-polling', async () => {
    const path = `${server.url}/socket.io/?EIO=4&transport=polling`;
    for (const method of ['GET', 'POST']) {
      const answer = await call(path, { method, ...(method === 'POST' ? { body: '40' } : {}) });
      expect(problemSchema.parse(answer.body)).toMatchObject({ code: 'invalid-body', detail: expect.stringMatching(/polling/i) });
      expect(answer.status).toBe(400);
    }
    expect((await call(`${path}&sid=abc`)).status).toBe(400);
    const { origin, ...at } = socketIoAt(server.url);
    const socket = io(origin, { ...at, transports: ['polling'], forceNew: true, reconnection: false });
    onTestFinished(() => void socket.disconnect());
    await new Promise((resolve) => socket.once('connect_error', resolve));
  });

  it('refuses transport upgrades, other protocol versions and other paths', async () => {
    const first = await knock({});
    const open = JSON.parse(first.reader!.packets[0]!.slice(1)) as { sid: string };
    const query = '/socket.io/?EIO=4&transport=websocket';
    expect(problemOf(await knock({ path: `${query}&sid=${open.sid}` }))).toMatchObject({ status: 400 });
    expect(problemOf(await knock({ path: '/socket.io/?EIO=3&transport=websocket' }))).toMatchObject({ status: 400 });
    expect(problemOf(await knock({ path: '/socket.io/?EIO=4&transport=polling' }))).toMatchObject({ status: 400 });
    expect(problemOf(await knock({ path: '/elsewhere?EIO=4&transport=websocket' }))).toMatchObject({ status: 404 });
    expect(first.reader!.isOpen).toBe(true);
  });

  it('announces the documented ping times and no compression', async () => {
    const { reader, headers } = await knock({ headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } });
    expect(JSON.parse(reader!.packets[0]!.slice(1))).toMatchObject({ upgrades: [], pingInterval: 15_000, pingTimeout: 10_000 });
    expect(headers['sec-websocket-extensions']).toBeUndefined();
  });

  it('pings a client every 15 s, and closes it 10 s after an unanswered ping', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    using _ = { [Symbol.dispose]: () => void vi.useRealTimers() };
    // In the middle of each interval, since waiting for bytes in flight takes some time too.
    await using small = await startTestServer({}, { random: () => 0.5 });
    const { reader } = await knock({}, small.url);
    const pings = () => reader!.packets.filter((packet) => packet === '2').length;
    for (let times = 1; times <= 3; times += 1) {
      await vi.advanceTimersByTimeAsync(limits.pingSeconds * 1_000);
      await vi.waitFor(() => expect(pings()).toBe(times));
      // The pong must arrive before the clock moves on.
      expect(await reader!.subscribe('nowhere')).toMatchObject({ ok: false });
    }
    reader!.pause();
    await vi.advanceTimersByTimeAsync((limits.pingSeconds + limits.pingTimeoutSeconds) * 1_000);
    reader!.resume();
    await reader!.closed;
  });

  it('keeps serving a client that leaves the namespace and joins again', async () => {
    await using small = await startTestServer();
    const { reader } = await knock({}, small.url);
    for (let times = 1; times <= 12; times += 1) {
      reader!.send('41');
      await vi.waitFor(() => expect(small.server.readers.size).toBe(0));
      reader!.send('40');
      await vi.waitFor(() => expect(reader!.packets.filter((packet) => packet.startsWith('40'))).toHaveLength(times + 1));
    }
    expect(await reader!.subscribe('nowhere')).toMatchObject({ ok: false, problem: { code: 'not-found' } });
  });

  it('closes a client that leaves the namespace and does not rejoin in time', async () => {
    await using small = await startTestServer();
    const { reader } = await knock({}, small.url);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    using _ = { [Symbol.dispose]: () => void vi.useRealTimers() };
    const leave = async () => {
      reader!.send('41');
      await vi.waitFor(() => expect(small.server.readers.size).toBe(0), { interval: 1 });
    };
    await leave();
    reader!.send('40');
    await vi.waitFor(() => expect(small.server.readers.size).toBe(1), { interval: 1 });
    await vi.advanceTimersByTimeAsync(liveLimits.joinMs);
    expect(await reader!.subscribe('nowhere')).toMatchObject({ ok: false, problem: { code: 'not-found' } });
    await leave();
    await vi.advanceTimersByTimeAsync(liveLimits.joinMs + liveLimits.refusedMs);
    await vi.waitFor(() => expect(reader!.isOpen).toBe(false));
  });

  it('keeps nothing of connections that break while they join', async () => {
    await using small = await startTestServer();
    const kept = () => queryObjects(EngineSocket, { format: 'count' });
    const before = kept();
    for (let times = 0; times < 10; times += 1) {
      const { reader } = await knock({ join: false }, small.url);
      // A frame with reserved bits, in the same write as the join.
      reader!.sendBytes(Buffer.concat([maskedFrame('40'), Buffer.from([0xf1, 0x80, 0, 0, 0, 0])]));
      await reader!.closed;
    }
    await vi.waitFor(() => expect(kept()).toBeLessThanOrEqual(before), { interval: 500 });
  });

  it('handles one join at a time', async () => {
    const token = await server.token();
    const { reader } = await knock({ join: false });
    for (let index = 0; index < 5; index += 1) reader!.send(`40${JSON.stringify({ token })}`);
    await vi.waitFor(() => expect(reader!.packets.filter((packet) => /^4[04]/.test(packet))).toHaveLength(5));
    expect(reader!.packets.filter((packet) => packet.startsWith('40'))).toHaveLength(1);
    // A client that must wait is told how long.
    const refusals = reader!.packets
      .filter((packet) => packet.startsWith('44'))
      .map((packet) => JSON.parse(packet.slice(2)).data);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'rate-limited', retryAfter: 1 });
  });
});

describe('a message', () => {
  it('closes the connection if it is too long', async () => {
    const reader = await openReader(server.url);
    reader.send(`421${JSON.stringify(['subscribe', { channelId: 'x'.repeat(limits.socketMessageBytes) }])}`);
    expect(await reader.closed).toEqual({ code: 1009 });
  });

  it('closes only its own connection if it is not Socket.IO', async () => {
    const bystander = await openReader(server.url);
    onTestFinished(() => bystander.destroy());
    for (const text of ['4', '4x', '42{"a":1}', '42["disconnect"]', '451-[', '4"', '9', '40/admin,', '2', '44', '421[]', '42']) {
      const reader = await openReader(server.url);
      onTestFinished(() => reader.destroy());
      reader.send(text);
    }
    expect(await bystander.subscribe('nowhere')).toMatchObject({ ok: false });
  });

  it('ends the connection if it is repeated by a client that does not read', async () => {
    const reader = await openReader(server.url);
    onTestFinished(() => reader.destroy());
    await vi.waitFor(() => expect(server.server.readers.size).toBe(1));
    reader.pause();
    // More requests than may wait: each further one is refused, until the answers fill the kernel's buffers and would have to be kept.
    const flood = setInterval(() => {
      for (let index = 0; index < 1_000; index += 1) reader.send(`42${index}["subscribe",{"channelId":"nowhere"}]`);
    }, 1);
    onTestFinished(() => clearInterval(flood));
    await vi.waitFor(() => expect(server.server.readers.size).toBe(0));
  });
});

describe('an address', () => {
  it('may hold a number of connections, and open another when one is closed', async () => {
    await using small = await startTestServer({ PRESSBOX_CONNECTIONS_PER_ADDRESS: '2' });
    const [first] = [await knock({}, small.url), await knock({}, small.url)];
    const answer = await knock({}, small.url);
    expect(problemOf(answer)).toMatchObject({ code: 'rate-limited', status: 429 });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    first.reader!.destroy();
    await vi.waitFor(async () => expect((await knock({}, small.url)).status).toBe(101));
  });

  it('has one rate for handshakes and requests together', async () => {
    await using small = await startTestServer({ PRESSBOX_REQUESTS_PER_SECOND: '1' });
    const began = performance.now();
    const statuses: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      statuses.push((await call(`${small.url}/v1/channels`)).status, (await knock({}, small.url)).status);
    }
    expect(statuses).toEqual([200, 101, 200, 101, 200, 101, 200, 101, 200, 101]);
    let answer = await knock({}, small.url);
    for (let more = 1; answer.status === 101; more += 1) {
      // The rate refills one a second.
      expect(more).toBeLessThanOrEqual((performance.now() - began) / 1_000);
      answer = await knock({}, small.url);
    }
    expect(problemOf(answer)).toMatchObject({ code: 'rate-limited' });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('does not delay the end of the server by connections that were refused, never join or never answer the close frame', async () => {
    const { joinMs } = liveLimits;
    // The join timeout is far longer than this.
    Object.assign(liveLimits, { joinMs: 600_000 });
    onTestFinished(() => void Object.assign(liveLimits, { joinMs }));
    const small = await startTestServer({ PRESSBOX_CONNECTIONS_PER_ADDRESS: '2' });
    const joined = await knock({}, small.url);
    await knock({ join: false }, small.url);
    const refused = connect({ port: Number(new URL(small.url).port), host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => void refused.destroy());
    refused.write(
      `${[`GET ${small.pathTo('/socket.io/')}?EIO=4&transport=websocket HTTP/1.1`, 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket'].join('\r\n')}\r\n\r\n`,
    );
    const [answer] = (await once(refused, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 429 /);
    await small[Symbol.asyncDispose]();
    await joined.reader!.closed;
  });
});
