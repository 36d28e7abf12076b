import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect as dial, type Socket as NetSocket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Socket as EngineSocket, type Socket } from 'engine.io';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { releaseRequest } from '../../../src/live/socket/engine-io-internals.ts';
import type { HeartbeatOptions } from '../../../src/live/socket/heartbeat.ts';
import { boundIncoming } from '../../../src/live/socket/incoming-bytes.ts';
import { packetFrame } from '../../../src/live/socket/packet-encoder.ts';
import { type SocketConnection, SocketEngine } from '../../../src/live/socket/socket-engine.ts';

/** The engine relies on private fields of engine.io, so the tests use real connections. */

async function serve(rhythm?: Partial<HeartbeatOptions>) {
  const http = createServer();
  const failures: unknown[] = [];
  const engine = new SocketEngine({ ...rhythm, onFailed: (error) => failures.push(error) });
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
  const messages: string[] = [];
  engine.on('connection', (connection: Socket) => {
    connections.push(connection);
    connection.on('data', (data: unknown) => messages.push(String(data)));
  });
  return { port: (http.address() as AddressInfo).port, connections, messages, requests, failures };
}

/** Requests a WebSocket with these headers, and collects what arrives. */
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

it.each([
  ['with the headers of most clients', ''],
  ['with a header that ws has to handle', 'Sec-WebSocket-Protocol: a\r\n'],
])('confirms the upgrade and opens the connection in one write if the request comes %s', async (_, more) => {
  const { port, connections } = await serve();
  const chunks = ask(port, good + more);
  await vi.waitFor(() => expect(chunks.length).toBeGreaterThan(0));
  expect(connections).toHaveLength(1);
  expect(chunks).toHaveLength(1);
  expect(String(chunks[0])).toMatch(/^HTTP\/1\.1 101 [\s\S]+\r\n\r\n[^\r\n]*0\{"sid":"/);
});

it('a connection replaces only four methods of engine.io', async () => {
  const { port, connections } = await serve();
  ask(port, good);
  await vi.waitFor(() => expect(connections).toHaveLength(1));
  const connection = connections[0] as object;
  const theirs = new Set(Object.getOwnPropertyNames(EngineSocket.prototype));
  const own = new Set(Object.getOwnPropertyNames(connection));
  for (let at = Object.getPrototypeOf(connection); at !== EngineSocket.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) own.add(name);
  }
  // The types of engine.io hide these methods, so the compiler does not notice another method with one of their names.
  expect([...own].filter((name) => theirs.has(name)).sort()).toEqual([
    'constructor',
    'onClose',
    'onOpen',
    'onPacket',
    'schedulePing',
  ]);
});

it('the socket engine reads messages that come with the request and after it in order', async () => {
  const { port, connections, messages } = await serve();
  const socket = dial(port, '127.0.0.1').setNoDelay(true).resume();
  onTestFinished(() => void socket.destroy());
  socket.write(
    Buffer.concat([
      Buffer.from(
        `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${good}\r\n`,
      ),
      masked('4one'),
      masked('4two').subarray(0, 4),
    ]),
  );
  await vi.waitFor(() => expect(connections).toHaveLength(1));
  socket.write(masked('4two').subarray(4));
  await vi.waitFor(() => expect(messages).toContain('two'));
  socket.write(masked('4three'));
  await vi.waitFor(() => expect(messages).toEqual(['one', 'two', 'three']));
});

it('the socket engine refuses an invalid upgrade request at once', async () => {
  const { port, connections } = await serve();
  const chunks = ask(port, 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: no\r\n');
  await vi.waitFor(() => expect(String(chunks[0])).toMatch(/^HTTP\/1\.1 400 /));
  expect(connections).toHaveLength(0);
});

it('the socket engine closes a connection that it cannot accept, and throws to its caller', async () => {
  const http = createServer();
  const engine = new SocketEngine();
  const thrown = new Error('thrown in the test');
  engine.on('connection', () => {
    throw thrown;
  });
  const caught = new Promise<unknown>((resolve) => {
    http.on('upgrade', (request, socket, head) => {
      try {
        engine.handleUpgrade(request, socket, head);
      } catch (error) {
        resolve([error, socket.destroyed]);
      }
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    engine.close();
    http.close();
  });
  ask((http.address() as AddressInfo).port, good);
  expect(await caught).toEqual([thrown, true]);
});

it('the socket engine keeps no reference to the request that opened a connection', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { port, connections, requests } = await serve();
  ask(port, good);
  await vi.waitFor(() => expect(connections).toHaveLength(1));
  // Through a weak reference: a direct look at the request could keep it alive.
  const isKept = () => requests[0]?.deref() !== undefined;
  collect();
  expect(isKept()).toBe(true);
  releaseRequest(connections[0] as Socket);
  await vi.waitFor(() => {
    collect();
    expect(isKept()).toBe(false);
  });
  expect(connections[0]?.readyState).toBe('open');
});

const quick: Partial<HeartbeatOptions> = { everyMs: 300, withinMs: 200, earlyMs: 20, stepMs: 20, random: () => 0 };

/** A client that answers pings while `answers` is true. */
async function join(port: number) {
  const client = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
  onTestFinished(() => client.terminate());
  const state = { answers: true, pings: 0, client };
  client.on('message', (data) => {
    if (String(data) !== '2') return;
    state.pings += 1;
    if (state.answers) client.send('3');
  });
  await once(client, 'message');
  return state;
}

it('the socket engine pings each connection, and closes one that stops answering', async () => {
  const { port, connections } = await serve(quick);
  const client = await join(port);
  const reasons: string[] = [];
  connections[0]?.on('close', (reason: string) => reasons.push(reason));
  await vi.waitFor(() => expect(client.pings).toBeGreaterThan(3));
  expect(connections[0]?.readyState).toBe('open');
  client.answers = false;
  await vi.waitFor(() => expect(reasons).toEqual(['ping timeout']));
});

it('the socket engine keeps a client that answers WebSocket pings while it reads a long message, and closes one that answers none', async () => {
  const { port, connections } = await serve(quick);
  const client = await join(port);
  client.answers = false;
  const reasons: string[] = [];
  connections[0]?.on('close', (reason: string) => reasons.push(reason));
  const reading = setInterval(() => client.client.pong(), 50);
  onTestFinished(() => clearInterval(reading));
  await vi.waitFor(() => expect(client.pings).toBeGreaterThan(5));
  expect(connections[0]?.readyState).toBe('open');
  clearInterval(reading);
  await vi.waitFor(() => expect(reasons).toEqual(['ping timeout']));
});

it('the socket engine sends a ping in the same write as other data, and closes a connection that does not answer it', async () => {
  const { port, connections } = await serve({ everyMs: 480, withinMs: 200, earlyMs: 60, stepMs: 20, random: () => 0 });
  const client = await join(port);
  const connection = connections[0] as SocketConnection;
  const reasons: string[] = [];
  connection.on('close', (reason: string) => reasons.push(reason));
  const alone = vi.spyOn(connection as SocketConnection & { ping(): void }, 'ping');
  const heard: string[] = [];
  client.client.on('message', (data) => heard.push(String(data)));
  const events: string[] = [];
  const writing = setInterval(() => {
    // Writes only if the kernel took the previous write at once, so that this one goes directly to the kernel.
    if (!connection.pipe.ready) return;
    events.push(`4${events.length}`);
    connection.pipe.write(packetFrame(events.at(-1) as string));
  }, 2);
  onTestFinished(() => clearInterval(writing));
  // If this process is blocked, there may be no write in time, and the ping is sent separately.
  await vi.waitFor(() => expect(client.pings).toBeGreaterThan(alone.mock.calls.length + 3));
  client.answers = false;
  await vi.waitFor(() => expect(reasons).toEqual(['ping timeout']));
  const withoutPings = heard.filter((data) => data !== '2');
  expect(withoutPings).toEqual(events.slice(0, withoutPings.length));
});

it('the socket engine closes a connection that throws when it is pinged, and continues with the others', async () => {
  const { port, connections, failures } = await serve(quick);
  const thrown = new Error('it has come apart');
  await join(port);
  const other = await join(port);
  const reasons: string[] = [];
  connections[0]?.on('close', (reason: string) => reasons.push(reason));
  Object.assign(connections[0] as Socket, {
    ping: () => {
      throw thrown;
    },
  });
  await vi.waitFor(() => expect(reasons).toEqual(['transport close']));
  const before = other.pings;
  await vi.waitFor(() => expect(other.pings).toBeGreaterThan(before + 2));
  expect(failures).toEqual([thrown]);
});

it('the socket engine times out a closing connection that takes no bytes, whatever the client keeps sending', async () => {
  const { port, connections } = await serve(quick);
  const { client } = await join(port);
  const connection = connections[0] as Socket & { transport: { socket: { _socket: NetSocket } } };
  const reasons: string[] = [];
  connection.on('close', (reason: string) => reasons.push(reason));
  const saying = setInterval(() => client.send('3'), 20);
  onTestFinished(() => clearInterval(saying));
  // As if the kernel took no more bytes.
  connection.transport.socket._socket.cork();
  connection.send('one');
  connection.send('two');
  connection.close();
  expect(connection.readyState).toBe('closing');
  await vi.waitFor(() => expect(reasons).toEqual(['ping timeout']));
});

/** A client without a library on a connection that is pinged once a minute. `messages` are those that the server received. */
async function open() {
  const { port, connections, messages } = await serve({ ...quick, everyMs: 60_000 });
  const socket = dial(port, '127.0.0.1')
    .setNoDelay(true)
    .on('error', () => {})
    .resume();
  onTestFinished(() => void socket.destroy());
  socket.write(
    `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${good}\r\n`,
  );
  await vi.waitFor(() => expect(connections).toHaveLength(1));
  const connection = connections[0] as Socket & {
    ping(): void;
    isPongAwaited: boolean;
    transport: { socket: WebSocket & { _socket: NetSocket } };
  };
  /** Messages that `ws` parsed frame by frame. */
  const frames: string[] = [];
  connection.transport.socket.on('message', (data: unknown) => frames.push(String(data)));
  /** Sends the pieces one by one, each after the server read the one before. */
  const send = async (...pieces: Buffer[]) => {
    const far = connection.transport.socket._socket;
    for (const piece of pieces) {
      const read = far.bytesRead + piece.length;
      socket.write(piece);
      await vi.waitFor(() => expect(far.bytesRead).toBe(read), { interval: 2 });
    }
  };
  /** Pings like the heartbeat. */
  const ask = () => {
    connection.isPongAwaited = true;
    connection.ping();
  };
  return { connection, client: socket, messages, frames, ask, send };
}

/** A masked frame, as clients send it. */
function masked(said: string | Buffer, { mask = [1, 2, 3, 4], head = 0x81 } = {}): Buffer {
  const bytes = Buffer.from(said as string).map((byte, at) => byte ^ mask[at % 4]!);
  return Buffer.concat([Buffer.from([head, 0x80 | bytes.length, ...mask]), bytes]);
}

it('a connection is not ready once its socket is closed, however it was closed', async () => {
  for (const close of ['end', 'resetAndDestroy'] as const) {
    const { connection, client } = await open();
    const { pipe } = connection as unknown as SocketConnection;
    expect(pipe.ready).toBe(true);
    client[close]();
    await vi.waitFor(() => expect(pipe.ready).toBe(false));
  }
});

it('the socket engine reads the answer to a ping without the parser of ws, once for each ping', async () => {
  const { connection, frames, ask, send } = await open();
  await send(masked('3'));
  expect(frames).toEqual(['3']);
  ask();
  await send(masked('3'));
  expect([connection.isPongAwaited, frames]).toEqual([false, ['3']]);
  await send(masked('3'));
  expect(frames).toEqual(['3', '3']);
});

it('the socket engine reads a message in one plain text frame without the parser of ws, and every other message with it', async () => {
  const { messages, frames, send } = await open();
  await send(masked('4one'));
  await send(masked('4two').subarray(0, 5), masked('4two').subarray(5));
  await send(masked('4three'));
  await send(masked('4four', { head: 0x82 }));
  await send(masked('4vier, fünf'));
  expect(messages).toEqual(['one', 'two', 'three', '4four', 'vier, fünf']);
  expect(frames).toEqual(['4two', '4four', '4vier, fünf']);
});

it('the socket engine reads no message of a client after its close frame', async () => {
  const { connection, messages, send } = await open();
  const { socket } = connection.transport;
  // The server's own close frame is held back, so that it does not end the connection.
  const below = socket as unknown as { _socket: NetSocket };
  below._socket.cork();
  const before = socket.readyState;
  await send(masked(Buffer.from([0x03, 0xe8]), { head: 0x88 }));
  expect([before, socket.readyState, connection.readyState]).toEqual([WebSocket.OPEN, WebSocket.CLOSING, 'open']);
  await send(masked('4one'));
  expect(messages).toEqual([]);
});

it('the socket engine reads messages in order after it had stopped reading', async () => {
  const { connection, messages, send } = await open();
  const { _socket: below } = connection.transport.socket;
  below.pause();
  await send(masked('4one'));
  expect(messages).toEqual([]);
  below.resume();
  await send(masked('4two'));
  await vi.waitFor(() => expect(messages).toEqual(['one', 'two']));
});

it('the socket engine counts the bytes that it reads directly, and closes a connection that sends too much', async () => {
  const { connection, messages, send } = await open();
  const onCut = vi.fn();
  boundIncoming(connection.transport.socket._socket, { now: () => 0, onCut });
  const said = masked(`4${'x'.repeat(100)}`);
  const most = Math.floor(liveLimits.socketBurstBytes / said.length);
  // Most of the permitted bytes come at once, and go through the parser of ws.
  await send(Buffer.concat(Array<Buffer>(most - 2).fill(said)));
  for (let count = 0; count < 2; count += 1) await send(said);
  expect([messages.length, onCut.mock.calls.length]).toEqual([most, 0]);
  await send(said).catch(() => {});
  expect([messages.length, onCut.mock.calls.length]).toEqual([most, 1]);
  await vi.waitFor(() => expect(connection.readyState).toBe('closed'));
});

it('the socket engine also reads the answer to a ping if it comes in pieces or with other frames', async () => {
  const { connection, messages, frames, ask, send } = await open();
  const answers = [
    [masked('3').subarray(0, 3), masked('3').subarray(3)],
    [Buffer.concat([masked('3'), masked('4one')])],
    [Buffer.concat([masked('4two'), masked('3')])],
  ];
  for (const pieces of answers) {
    ask();
    await send(...pieces);
    expect(connection.isPongAwaited).toBe(false);
  }
  expect(messages).toEqual(['one', 'two']);
  expect(frames.filter((frame) => frame === '3')).toHaveLength(3);
});

it('the socket engine reads no answer to a ping while reading is paused', async () => {
  const { connection, frames, ask, send } = await open();
  const { _socket: below } = connection.transport.socket as unknown as { _socket: NetSocket };
  below.pause();
  ask();
  await send(masked('3'));
  expect([connection.isPongAwaited, frames]).toEqual([true, []]);
  below.resume();
  await vi.waitFor(() => expect([connection.isPongAwaited, frames]).toEqual([false, ['3']]));
});

it('the socket engine does not take a part of a message for an answer to a ping, even with the same bytes', async () => {
  const { messages, ask, send } = await open();
  // On the wire its last bytes equal those of an answer.
  const answer = masked('3', { mask: [0x81, 0x82, 0x83, 0x84] });
  const text = `4${Buffer.from(answer.map((byte) => byte ^ 0x80))}`;
  const message = masked(text, { mask: [0x80, 0x80, 0x80, 0x80] });
  expect(message.subarray(-answer.length).equals(answer)).toBe(true);
  ask();
  await send(message.subarray(0, -answer.length), message.subarray(-answer.length));
  expect(messages).toEqual([text.slice(1)]);
});

it('the socket engine closes a connection that sends an answer between the parts of a message', async () => {
  const { connection, messages, ask, send } = await open();
  ask();
  await send(masked('4on', { head: 0x01 }), masked('3'));
  await vi.waitFor(() => expect(connection.readyState).toBe('closed'));
  expect(messages).toEqual([]);
});

it('the socket engine pings through engine.io if packets wait there, and after them', async () => {
  const { port, connections } = await serve(quick);
  const client = await join(port);
  const connection = connections[0] as Socket & { ping(): void };
  connection.send('one');
  connection.send('two');
  const before = client.pings;
  connection.ping();
  expect((connection as unknown as { writeBuffer: { type: string }[] }).writeBuffer.map(({ type }) => type)).toEqual([
    'message',
    'ping',
  ]);
  await vi.waitFor(() => expect(client.pings).toBeGreaterThan(before));
});

it('the socket engine does not time out a client whose answer is still unread because the process was blocked', async () => {
  const { port, connections } = await serve(quick);
  const client = await join(port);
  await vi.waitFor(() => expect(client.pings).toBeGreaterThan(0), { interval: 1 });
  const until = performance.now() + 1_000;
  while (performance.now() < until);
  const before = client.pings;
  await vi.waitFor(() => expect(client.pings).toBeGreaterThan(before + 1));
  expect(connections[0]?.readyState).toBe('open');
});
