import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Socket as EngineSocket, Server } from 'engine.io';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ReaderConnection } from '../../../src/live/reader-connection.ts';
import { socketFormat } from '../../../src/live/socket/packet-encoder.ts';
import { SocketPipe } from '../../../src/live/socket/socket-pipe.ts';

/** Frames bypass engine.io under conditions that depend on its private fields, so the tests use a real connection. */

async function connect() {
  const http = createServer();
  const engine = new Server({ transports: ['websocket'], perMessageDeflate: false, allowUpgrades: false });
  engine.attach(http);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const arrived = new Promise<EngineSocket>((resolve) => engine.once('connection', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/engine.io/?EIO=4&transport=websocket`);
  const heard: string[] = [];
  // Except pings, which precede long messages.
  client.on('message', (data) => String(data) !== '2' && heard.push(String(data)));
  const connection = await arrived;
  onTestFinished(() => {
    client.terminate();
    engine.close();
    http.close();
  });
  const pipe = new SocketPipe(connection, connection.request.socket);
  await vi.waitFor(() => expect(heard[0]).toMatch(/^0/));
  return { pipe, connection, client, heard: () => heard.slice(1) };
}

const facts = { type: 'post.published', cursor: '' } as const;
const event = (text: string) => socketFormat.frame(JSON.stringify({ text }), facts);
const saying = (text: string) => `42["event",{"text":"${text}"}]`;

it('a socket pipe writes frames and packets of engine.io in the order in which they were given', async () => {
  const { pipe, connection, heard } = await connect();
  expect(pipe.ready).toBe(true);
  pipe.write(event('first'));
  connection.send('second');
  await vi.waitFor(() => expect(heard()).toHaveLength(2));
  expect(pipe.ready).toBe(true);
  pipe.write(event('third'));
  await vi.waitFor(() => expect(heard()).toEqual([saying('first'), '4second', saying('third')]));
});

it('a socket pipe is not ready while packets of engine.io wait, and reports when they are sent', async () => {
  const { pipe, connection, heard } = await connect();
  const taken = vi.fn();
  pipe.onTaken(taken);
  connection.send('one');
  // The first packet is being sent, so this one waits for it.
  connection.send('two');
  expect(pipe.ready).toBe(false);
  await vi.waitFor(() => expect(taken).toHaveBeenCalled());
  expect(pipe.ready).toBe(true);
  pipe.write(event('three'));
  await vi.waitFor(() => expect(heard()).toEqual(['4one', '4two', saying('three')]));
});

it('a socket pipe is not ready as soon as something waits', async () => {
  const { pipe, connection, client, heard } = await connect();
  expect(pipe.ready).toBe(true);
  connection.send('one');
  // The kernel took it, and engine.io notices that in its next turn.
  expect(pipe.ready).toBe(true);
  connection.send('two');
  expect(pipe.ready).toBe(false);
  await vi.waitFor(() => expect(pipe.ready).toBe(true));
  pipe.write(event('three'));
  expect(pipe.ready).toBe(true);

  const { socket } = (connection as unknown as { transport: { socket: WebSocket & { _socket: Socket } } }).transport;
  client.pause();
  const large = Buffer.alloc(1_000_000);
  let written = 0;
  for (; pipe.ready && written < 100; written += 1) socket.send(large);
  expect(socket._socket.writableLength).toBeGreaterThan(0);
  client.resume();
  await vi.waitFor(() => expect(pipe.ready).toBe(true));
  expect(heard().slice(0, 3)).toEqual(['4one', '4two', saying('three')]);

  socket.close();
  expect(pipe.ready).toBe(false);
});

it('a socket pipe is not ready while the kernel has not taken its bytes, and reports when it has', async () => {
  const { pipe, client, heard } = await connect();
  const taken = vi.fn();
  pipe.onTaken(taken);
  client.pause();
  const large = 'x'.repeat(1_000_000);
  let written = 0;
  for (; pipe.ready && written < 100; written += 1) pipe.write(event(large));
  expect(pipe.ready).toBe(false);
  expect(taken).not.toHaveBeenCalled();
  client.resume();
  await vi.waitFor(() => expect(taken).toHaveBeenCalledTimes(1));
  expect(pipe.ready).toBe(true);
  await vi.waitFor(() => expect(heard()).toHaveLength(written));
});

it('a socket pipe is ready again after engine.io sent packets behind bytes that waited for the kernel', async () => {
  const { pipe, connection, client, heard } = await connect();
  const readiness: boolean[] = [];
  pipe.onTaken(() => readiness.push(pipe.ready));
  client.pause();
  const large = 'x'.repeat(1_000_000);
  let written = 0;
  for (; pipe.ready && written < 100; written += 1) pipe.write(event(large));
  connection.send('one');
  connection.send('two');
  client.resume();
  await vi.waitFor(() => expect(heard()).toHaveLength(written + 2));
  expect(readiness).toContain(true);
});

it('a socket pipe reports bytes that were written at the moment when the kernel took the earlier ones', async () => {
  const { pipe, connection, client, heard } = await connect();
  const wasReady: boolean[] = [];
  pipe.onTaken(() => wasReady.push(pipe.ready));
  client.pause();
  const large = event('x'.repeat(1_000_000));
  let written = 0;
  const { socket } = (connection as unknown as { transport: { socket: { _socket: Socket } } }).transport;
  // Writes to the socket directly, as engine.io does.
  for (; pipe.ready && written < 100; written += 1) socket._socket.write(large);
  pipe.requestTaken();
  // This listener is called before those of the pipe.
  let refilled = 0;
  socket._socket.once('drain', () => {
    for (; socket._socket.writableLength === 0 && refilled < 100; refilled += 1) pipe.write(large);
    client.pause();
  });
  client.resume();
  await vi.waitFor(() => expect(refilled).toBeGreaterThan(0));
  client.resume();
  await vi.waitFor(() => expect(heard()).toHaveLength(written + refilled));
  await vi.waitFor(() => expect(wasReady.at(-1)).toBe(true));
});

it('a socket pipe wakes a waiting reader when the kernel took the answers to pings that ws wrote by itself', async () => {
  const { pipe, connection, client } = await connect();
  const reader = new ReaderConnection(pipe, { now: Date.now });
  client.pause();
  const { socket } = (connection as unknown as { transport: { socket: WebSocket } }).transport;
  const answer = Buffer.alloc(125);
  for (let count = 0; pipe.ready && count < 200_000; count += 1) socket.pong(answer);
  expect(pipe.ready).toBe(false);
  let isTold = false;
  void reader.whenReady().then(() => {
    isTold = true;
  });
  client.resume();
  await vi.waitFor(() => expect(pipe.ready).toBe(true));
  await vi.waitFor(() => expect(isTold).toBe(true));
});

it('a socket pipe is not ready once either end begins to close', async () => {
  const ours = await connect();
  ours.connection.close();
  expect([ours.pipe.ready, ours.pipe.open]).toEqual([false, false]);

  const withPackets = await connect();
  withPackets.connection.send('one');
  withPackets.connection.send('two');
  withPackets.connection.close();
  expect([withPackets.pipe.ready, withPackets.pipe.open]).toEqual([false, false]);

  const theirs = await connect();
  theirs.client.close();
  await vi.waitFor(() => expect(theirs.pipe.ready).toBe(false));
});
