import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { liveLimits } from '../../src/live/live-limits.ts';
import { requestText, secretWord, sendBytes } from '../support/attacks/attacked-server.ts';
import { createChannel, publish } from '../support/authors/writers.ts';
import { openReader } from '../support/readers/socket-reader.ts';
import { basePathOf } from '../support/servers/addresses.ts';
import { type ServerProcess, startServerProcess } from '../support/servers/process.ts';
import { call, startTestServer } from '../support/servers/server.ts';

/** A process with fewer file descriptors than connections. */
const descriptors = 256;
/** The most connections: the descriptors without those for files and the reserve. */
const most = descriptors - 64 - 16;

let lines: string[] = [];
afterEach(() => {
  lines = [];
});

async function startSmall(env: Record<string, string> = {}): Promise<ServerProcess> {
  return await startServerProcess({
    env,
    starter: ['sh', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh'],
    onLine: (line) => lines.push(line),
  });
}

const said = (words: string) => lines.filter((line) => line.includes(words));

/** Idle connections from one address. */
async function open({ url }: ServerProcess, count: number, from: string): Promise<Socket[]> {
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let nth = 0; nth < count; nth += 1) {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress: from });
    socket.on('error', () => {}).resume();
    sockets.push(socket);
    await once(socket, 'connect');
  }
  return sockets;
}

async function counted({ url }: { url: string }, kind: string): Promise<number> {
  const { text } = await call(`${url}/metrics`);
  return Number(new RegExp(`^pressbox_rate_limited_total\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(text)?.[1]);
}

describe('sockets from one address that never join', () => {
  const most = 200;
  beforeEach(() => {
    const { handshakesMost } = liveLimits;
    Object.assign(liveLimits, { handshakesMost: most });
    onTestFinished(() => void Object.assign(liveLimits, { handshakesMost }));
  });

  it('take at most half of the room for new sockets, lose the oldest first, and keep no reader out', async () => {
    await using server = await startTestServer();
    const { id } = await createChannel(server, await server.token(), { headline: secretWord });
    const port = Number(new URL(server.url).port);
    const sockets: Socket[] = [];
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    for (let nth = 0; nth < 2 * most; nth += 1) {
      const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.4.1' }).on('error', () => {});
      sockets.push(socket);
      const headers = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
      const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
      socket.write(requestText(`GET ${server.basePath}/socket.io/?EIO=4&transport=websocket HTTP/1.1`, [...headers, key]));
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 101 /);
      socket.resume();
    }
    await vi.waitFor(() => expect(sockets.filter(({ destroyed }) => !destroyed)).toHaveLength(most / 2));
    expect([sockets.at(0)?.destroyed, sockets.at(-1)?.destroyed]).toEqual([true, false]);
    expect(await counted(server, 'share')).toBe(most * 1.5);
    using reader = await openReader(server.url);
    expect(await reader.subscribe(id)).toMatchObject({ mode: 'snapshot' });
  });
});

describe('a process with few file descriptors', () => {
  it('warns at the start if its settings allow more connections', async () => {
    await using _ = await startSmall();
    await vi.waitFor(() => expect(said('the open file limit is too low')).toHaveLength(1));
    expect(JSON.parse(said('the open file limit is too low')[0] as string)).toMatchObject({
      level: 'warn',
      descriptors,
      connections: most,
    });
  });

  it('logs no warning if the descriptors suffice', async () => {
    await using _ = await startSmall({ PRESSBOX_CONNECTIONS_PER_ADDRESS: '50' });
    await vi.waitFor(() => expect(said('"listening"')).toHaveLength(1));
    expect(said('the open file limit is too low')).toEqual([]);
  });

  it('serves others while one address holds as many half-open connections as it can, and closes the oldest', async () => {
    await using server = await startSmall();
    const sockets = await open(server, 2 * descriptors, '127.0.4.1');
    await vi.waitFor(() => expect(sockets.filter(({ destroyed }) => !destroyed).length).toBeLessThanOrEqual(most / 2 + 16));
    expect(sockets.at(0)?.destroyed).toBe(true);
    expect(sockets.at(-1)?.destroyed).toBe(false);
    expect((await call(`${server.url}/v1/channels`)).status).toBe(200);
    expect(await counted(server, 'share')).toBeGreaterThan(0);
  });

  it('closes other connections of the largest address before its reader', async () => {
    await using server = await startSmall();
    const port = Number(new URL(server.url).port);
    const { id } = await createChannel(server, await server.token(), { headline: secretWord });
    const reader = connect({ port, host: '127.0.0.1', localAddress: '127.0.4.1' }).on('error', () => {});
    onTestFinished(() => void reader.destroy());
    reader.write(requestText(`GET ${basePathOf(server.url)}/v1/channels/${id}/stream HTTP/1.1`, ['Connection: keep-alive']));
    await once(reader, 'data');
    reader.resume();
    await open(server, 2 * descriptors, '127.0.4.1');
    expect((await call(`${server.url}/v1/channels`)).status).toBe(200);
    expect(reader.destroyed).toBe(false);
  });

  it('lets trusted proxies hold all connections except the reserve', async () => {
    await using server = await startSmall({ PRESSBOX_TRUST_PROXY: '127.0.4.1' });
    const sockets = await open(server, most - 10, '127.0.4.1');
    expect((await call(`${server.url}/readyz`)).status).toBe(200);
    expect(sockets.filter(({ destroyed }) => destroyed)).toEqual([]);
  });

  it('serves operators and an author when no connection is left, tells other clients to retry, and logs the shortage once', async () => {
    await using server = await startSmall({ PRESSBOX_TRUST_PROXY: '127.0.4.1' });
    const token = await server.token();
    const { id } = await createChannel(server, token, { headline: secretWord });
    const sockets = await open(server, most + 1, '127.0.4.1');
    const port = Number(new URL(server.url).port);
    const ask = (path: string) => sendBytes({ port }, requestText(`GET ${path} HTTP/1.1`, ['Connection: keep-alive']));
    await vi.waitFor(async () => expect(await ask('/v1/channels')).toMatchObject({ closed: true, statuses: [429] }));
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect(await ask(path), path).toMatchObject({ closed: true, statuses: [200] });
    }
    const many = requestText('GET /healthz HTTP/1.1', ['Connection: keep-alive']).repeat(3);
    expect(await sendBytes({ port }, many)).toMatchObject({ closed: true, statuses: [200] });
    expect((await publish(server, token, id, { headline: secretWord })).status).toBe(201);
    const before = await counted(server, 'full');
    const upgrade = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${'A'.repeat(22)}==`,
    ];
    const handshake = requestText('GET /socket.io/?EIO=4&transport=websocket HTTP/1.1', upgrade);
    for (const bytes of [handshake, handshake, requestText('GET /v1/channels HTTP/1.1', [])])
      expect(await sendBytes({ port }, bytes)).toMatchObject({ statuses: [429] });
    // Idle connections of the reserve are closed and counted meanwhile.
    expect(await counted(server, 'full')).toBeGreaterThanOrEqual(before + 3);
    expect(said('the open file limit is reached')).toHaveLength(1);
    expect(said('the open file limit is reached')[0]).toContain(`"descriptors":${descriptors}`);
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => expect((await call(`${server.url}/v1/channels`)).status).toBe(200));
  });
});
