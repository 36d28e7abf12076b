import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { describe, it, type TestContext, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

/** The browser’s global types are not available in tests. */
const page: { io(url: string, options: { path: string }): Pick<Socket, 'on' | 'disconnect'> } = await import(
  new URL('../../../client/browser/socket-io.ts', import.meta.url).href
);
/** A browser reports a lost network on the window. Node’s global object takes no listeners. */
vi.stubGlobal('addEventListener', () => {});
vi.stubGlobal('removeEventListener', () => {});

/**
 * The terms of the handshake. A real server's would take 25 s. The process may pause for almost as long as the silence, which on a
 * busy machine would otherwise look like a dead connection.
 */
const terms = { pingInterval: 2_000, pingTimeout: 1_000 };
const silenceMs = terms.pingInterval + terms.pingTimeout;

/** A server that sends the terms in the handshake and pings when the test says so. */
async function serverTelling(onTestFinished: TestContext['onTestFinished']) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => void server.close());
  const joined = Promise.withResolvers<WebSocket>();
  server.on('connection', (socket) => {
    onTestFinished(() => socket.terminate());
    socket.send(`0${JSON.stringify({ sid: 'a', upgrades: [], maxPayload: 1_000, ...terms })}`);
    socket.on('message', (message) => {
      if (!String(message).startsWith('40')) return;
      socket.send('40{"sid":"b"}');
      joined.resolve(socket);
    });
  });
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, joined: joined.promise };
}

const libraries = {
  'the library': (url: string) => io(url, { transports: ['websocket'], reconnection: false, forceNew: true }),
  'the script of a page': (url: string) => page.io(url, { path: '/socket.io' }),
};

describe.concurrent.each(Object.entries(libraries))('a socket of %s', (_, dial) => {
  it('counts as dead after the silence that its handshake specifies', async ({ expect, onTestFinished }) => {
    const { url, joined } = await serverTelling(onTestFinished);
    const socket = dial(url);
    onTestFinished(() => void socket.disconnect());
    const ended: unknown[] = [];
    socket.on('disconnect', (reason: unknown) => ended.push(reason));
    const server = await joined;
    const began = performance.now();
    while (performance.now() - began < silenceMs && ended.length === 0) {
      server.send('2');
      await Promise.race([once(server, 'message'), once(server, 'close')]);
      await pause(100);
    }
    expect(ended).toEqual([]);
    await vi.waitFor(() => expect(ended).toEqual(['ping timeout']), { timeout: silenceMs + 5_000 });
  });
});
