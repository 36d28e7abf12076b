import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { io, type Socket } from 'socket.io-client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

/** The browser’s global types are not available in tests. */
const page: { io(url: string, options: { path: string }): Pick<Socket, 'on' | 'disconnect'> } = await import(
  new URL('../../../client/browser/socket-io.ts', import.meta.url).href
);
/** A browser reports a lost network on the window. Node’s global object takes no listeners. */
vi.stubGlobal('addEventListener', () => {});
vi.stubGlobal('removeEventListener', () => {});

/** A server that sends these terms in the handshake and pings when the test says so. */
async function serverTelling(terms: { pingInterval: number; pingTimeout: number }) {
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

describe.each(Object.entries(libraries))('a socket of %s', (_, dial) => {
  it('counts as dead after the silence that its handshake specifies', async () => {
    const { url, joined } = await serverTelling({ pingInterval: 400, pingTimeout: 200 });
    const socket = dial(url);
    onTestFinished(() => void socket.disconnect());
    const ended: unknown[] = [];
    socket.on('disconnect', (reason: unknown) => ended.push(reason));
    const server = await joined;
    const pings = setInterval(() => server.send('2'), 400);
    onTestFinished(() => clearInterval(pings));
    for (let answers = 1; answers <= 3; answers += 1) await once(server, 'message');
    expect(ended).toEqual([]);
    clearInterval(pings);
    // Within 5 s. The terms of a real server would take 25 s.
    await vi.waitFor(() => expect(ended).toEqual(['ping timeout']), { timeout: 5_000 });
  });
});
