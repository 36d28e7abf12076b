import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Socket as EngineSocket, transports } from 'engine.io';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ReaderConnection } from '../../../src/live/reader-connection.ts';
import { hasExpectedInternals } from '../../../src/live/socket/engine-io-internals.ts';
import { messageFrame, messagesIn, socketFormat, withPing } from '../../../src/live/socket/packet-encoder.ts';
import { type SocketConnection, SocketEngine } from '../../../src/live/socket/socket-engine.ts';

it('the socket engine finds the private fields of engine.io and ws where they are expected', () => {
  const engine = new SocketEngine();
  onTestFinished(() => void engine.close());
  expect(hasExpectedInternals(engine)).toBe(true);
  expect(engine.usesInternals).toBe(true);
});

it.each([
  ['a method of a connection', EngineSocket.prototype, 'schedulePing'],
  ['a method of a transport', transports.websocket.prototype, 'onData'],
  ['the writing flag of a transport', transports.websocket.prototype, 'writable'],
])('the socket engine notices that %s has moved', (_, holder, name) => {
  const before = Object.getOwnPropertyDescriptor(holder, name);
  Object.defineProperty(holder, name, { configurable: true, get: () => undefined, set: () => {} });
  onTestFinished(() => {
    if (before === undefined) Reflect.deleteProperty(holder, name);
    else Object.defineProperty(holder, name, before);
  });
  const engine = new SocketEngine();
  onTestFinished(() => void engine.close());
  expect(engine.usesInternals).toBe(false);
});

/** A connection that uses only the documented interface of engine.io. */
async function connect(everyMs = 60_000) {
  const http = createServer();
  const engine = new SocketEngine({ usesInternals: false, everyMs, withinMs: everyMs * 0.8, stepMs: 20 });
  http.on('upgrade', (request, socket, head) => engine.handleUpgrade(request, socket, head));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const arrived = new Promise<SocketConnection>((resolve) => engine.once('connection', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/socket.io/?EIO=4&transport=websocket`);
  const heard: string[] = [];
  let pings = 0;
  let answers = true;
  client.on('message', (data) => {
    if (String(data) !== '2') return void heard.push(String(data));
    pings += 1;
    if (answers) client.send('3');
  });
  onTestFinished(() => {
    client.terminate();
    engine.close();
    http.close();
  });
  const connection = await arrived;
  await vi.waitFor(() => expect(heard[0]).toMatch(/^0\{"sid"/));
  const fallSilent = () => {
    answers = false;
  };
  return { connection, pipe: connection.pipe, client, heard: () => heard.slice(1), pings: () => pings, fallSilent };
}

const event = (text: string) => socketFormat.frame(JSON.stringify({ text }), { type: 'post.published', cursor: '' });
const saying = (text: string) => `42["event",{"text":"${text}"}]`;

it('a connection without the private fields carries frames and packets of any length in order', async () => {
  const { pipe, heard } = await connect();
  const long = 'ö'.repeat(200_000);
  pipe.write(Buffer.concat([event('one'), event('two')]));
  pipe.send('2["three"]');
  pipe.write(withPing(event('four')));
  pipe.write(event(long));
  await vi.waitFor(() => expect(heard()).toEqual([saying('one'), saying('two'), '42["three"]', saying('four'), saying(long)]));
});

it('a connection without the private fields is not ready while a packet waits, and reports when all packets were taken', async () => {
  const { pipe, client, heard } = await connect();
  const taken = vi.fn(() => [pipe.ready, pipe.packetsWaiting]);
  pipe.onTaken(taken);
  client.pause();
  const large = 'x'.repeat(1_000_000);
  let written = 0;
  for (; written < 100 && pipe.packetsWaiting < 5; written += 1) pipe.write(event(large));
  expect([pipe.ready, pipe.packetsWaiting, taken.mock.calls.length]).toEqual([false, 5, 0]);
  client.resume();
  // The pipe may also report earlier, when some packets were taken.
  await vi.waitFor(() => expect(taken).toHaveReturnedWith([true, 0]));
  await vi.waitFor(() => expect(heard()).toHaveLength(written));
});

it('a connection without the private fields releases a waiting reader when it closes', async () => {
  const { connection, pipe, client } = await connect();
  const waiting = new ReaderConnection(pipe, { now: () => 1 });
  connection.on('close', () => waiting.onClosed());
  client.pause();
  for (let written = 0; written < 10; written += 1) pipe.write(event('x'.repeat(1_000_000)));
  const ready = waiting.whenReady();
  pipe.terminate();
  await ready;
  expect([pipe.open, pipe.closed, pipe.ready]).toEqual([false, true, false]);
});

it('a connection without the private fields is pinged, and closed if it stops answering', async () => {
  const { connection, pings, fallSilent } = await connect(200);
  const closed = once(connection, 'close');
  await vi.waitFor(() => expect(pings()).toBeGreaterThan(3));
  expect(connection.readyState).toBe('open');
  fallSilent();
  expect((await closed)[0]).toBe('ping timeout');
});

it('the messages are extracted from frames of any length', () => {
  const packets = [0, 1, 120, 124, 125, 126, 1_000, 65_533, 65_535, 70_000, 300_000].map(
    (length) => `2["${'ä'.repeat(length / 2)}"]`,
  );
  expect([...messagesIn(Buffer.concat(packets.map(messageFrame)))]).toEqual(packets);
});
