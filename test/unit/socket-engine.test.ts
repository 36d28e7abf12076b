import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect as dial } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Socket } from 'engine.io';
import { expect, it, onTestFinished, vi } from 'vitest';
import { forgetRequest, SocketEngine } from '../../src/reader/socket-engine.ts';

/** What it does for engine.io rests on the insides of it, so it is tried on real connections. */
async function serve() {
  const http = createServer();
  const engine = new SocketEngine();
  const requests: WeakRef<IncomingMessage>[] = [];
  http.on('upgrade', (request, socket, head) => {
    requests.push(new WeakRef(request));
    engine.handleUpgrade(request, socket, head);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    engine.close();
    http.close();
  });
  const connections: Socket[] = [];
  engine.on('connection', (connection: Socket) => connections.push(connection));
  return { port: (http.address() as AddressInfo).port, connections, requests };
}

/** Asks for a WebSocket with these headers, and collects what comes, as it comes. */
function ask(port: number, headers: string): Buffer[] {
  const chunks: Buffer[] = [];
  const socket = dial(port, '127.0.0.1', () => {
    socket.write(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${headers}\r\n`,
    );
  });
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return chunks;
}

const good = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

it('says in one write that it upgrades, and opens', async () => {
  const { port, connections } = await serve();
  const chunks = ask(port, good);
  await vi.waitFor(() => expect(chunks.length).toBeGreaterThan(0));
  expect(connections).toHaveLength(1);
  expect(chunks).toHaveLength(1);
  expect(String(chunks[0])).toMatch(/^HTTP\/1\.1 101 [\s\S]+\r\n\r\n[^\r\n]*0\{"sid":"/);
});

it('answers at once where it does not upgrade', async () => {
  const { port, connections } = await serve();
  const chunks = ask(port, 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: no\r\n');
  await vi.waitFor(() => expect(String(chunks[0])).toMatch(/^HTTP\/1\.1 400 /));
  expect(connections).toHaveLength(0);
});

it('keeps nothing of the request that a connection began with', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { port, connections, requests } = await serve();
  ask(port, good);
  await vi.waitFor(() => expect(connections).toHaveLength(1));
  // Not the request itself is looked at, as whatever is looked at may be kept by that.
  const isKept = () => requests[0]?.deref() !== undefined;
  collect();
  expect(isKept()).toBe(true);
  forgetRequest(connections[0] as Socket);
  await vi.waitFor(() => {
    collect();
    expect(isKept()).toBe(false);
  });
  expect(connections[0]?.readyState).toBe('open');
});
