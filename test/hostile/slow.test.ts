import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import express from 'express';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { httpLimits } from '../../src/http/http-limits.ts';
import { createHttp, type HttpBounds } from '../../src/http/http-server.ts';
import { sendBytes } from '../support/attacks/attacked-server.ts';

/**
 * Slow clients against the HTTP server below the routes, with timeouts a hundred times shorter. `long/attack.test.ts` runs thousands of
 * them against the real timeouts.
 */

let http: Server;
let cut: string[] = [];
/** Answers created so far. */
let made = 0;

async function serve(bounds: Partial<HttpBounds>, answer = 'x'): Promise<{ port: number }> {
  cut = [];
  made = 0;
  const app = express().use((request, response) => {
    request.resume().once('end', () => {
      made += 1;
      response.end(answer);
    });
  });
  http = createHttp(app, (kind) => cut.push(kind), { bounds: { ...httpLimits, ...bounds }, slowCheckMs: 20 });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return { port: (http.address() as AddressInfo).port };
}
afterEach(() => {
  http.closeAllConnections();
  http.close();
});

/** Sends a byte now and then. Resolves with what the server sent before it closed the connection. */
async function drip({ port }: { port: number }, start: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1');
  let said = '';
  socket.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  socket.on('error', () => {});
  socket.write(start);
  const timer = setInterval(() => socket.write('a'), 30);
  // `once` would reject if the socket fails: a byte in flight when the server closes is answered with a reset.
  await new Promise((resolve) => socket.on('close', resolve));
  clearInterval(timer);
  return said;
}

it.each([
  ['nothing', ''],
  ['half a line', 'GET /v1/chan'],
  ['endless headers', 'GET / HTTP/1.1\r\nHost: a\r\nX: '],
])('a client that sends %s gets 408 and is closed', async (_what, start) => {
  const server = await serve({ requestHeadersMs: 200, requestMs: 400 });
  if (start === '') expect(await sendBytes(server, '')).toMatchObject({ closed: true });
  else expect(await drip(server, start)).toMatch(/^HTTP\/1\.1 408 /);
});

it('a client that sends an endless body gets 408 and is closed', async () => {
  const server = await serve({ requestHeadersMs: 100, requestMs: 200 });
  expect(await drip(server, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n')).toMatch(/^HTTP\/1\.1 408 /);
});

it('a client that reads nothing of a long answer is closed once no bytes move', async () => {
  const server = await serve({ idleMs: 200 }, 'x'.repeat(20_000_000));
  const socket = connect(server.port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  socket.pause().write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const [connection] = (await once(http, 'connection')) as [Socket];
  await once(connection, 'close');
});

it('a client that sends many requests and reads nothing has one answer created at a time', async () => {
  // More than the kernel buffers.
  const server = await serve({}, 'x'.repeat(10_000_000));
  const socket = connect(server.port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  socket.pause().write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10));
  await expect.poll(() => made).toBe(1);
  // Another client is answered meanwhile, so the server had time to create more.
  expect(await sendBytes(server, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatchObject({ statuses: [200] });
  expect(made).toBe(2);
  socket.resume();
  await expect.poll(() => made).toBe(11);
});

it('a client that pipelines one request too many gets the earlier answers in full, and is closed', async () => {
  const server = await serve({}, 'x'.repeat(1_000_000));
  const asked = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(5_000);
  const { text, closed } = await sendBytes(server, asked);
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(16);
  expect(text.match(/x{1000000}/g)).toHaveLength(16);
  expect([closed, cut]).toEqual([true, ['pipelined']]);
});

it.each([
  ['the rest of its headers', 'GET / HTTP/1.1\r\nHost: a\r\n', '\r\n'],
  ['the rest of its body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe', 'llo'],
])('a client that sent %s while the process was blocked is answered', async (_what, first, rest) => {
  const server = await serve({ requestHeadersMs: 300, requestMs: 300, idleMs: 300, standstillMs: 100 });
  const socket = connect(server.port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const [connection] = (await once(http, 'connection')) as [Socket];
  socket.write(first);
  await expect.poll(() => connection.bytesRead).toBe(first.length);
  // Runs after the sockets of this turn were read. Deadlines are checked before the sockets of the next turn are read.
  setImmediate(() => {
    socket.write(rest);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
  });
  const [said] = (await once(socket, 'data')) as [Buffer];
  expect(said.toString()).toMatch(/^HTTP\/1\.1 200 /);
});

it('an address that leaves too many bytes unread loses the connections that waited longest', async () => {
  const server = await serve({ unreadAnswerBytes: 50_000_000 }, 'x'.repeat(20_000_000));
  const connections: Socket[] = [];
  http.on('connection', (connection: Socket) => connections.push(connection));
  for (let nth = 0; nth < 5; nth += 1) {
    const socket = connect(server.port, '127.0.0.1').on('error', () => {});
    onTestFinished(() => void socket.destroy());
    socket.pause().write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(http, 'request');
  }
  await expect.poll(() => cut.length).toBeGreaterThan(0);
  expect(new Set(cut)).toEqual(new Set(['unread']));
  expect(connections[0]?.destroyed).toBe(true);
  expect(connections.at(-1)?.destroyed).toBe(false);
});
