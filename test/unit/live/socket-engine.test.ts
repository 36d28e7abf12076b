import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect as dial, type Socket as NetSocket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Socket } from 'engine.io';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { releaseRequest } from '../../../src/live/socket/engine-io-internals.ts';
import type { HeartbeatOptions } from '../../../src/live/socket/heartbeat.ts';
import { boundIncoming } from '../../../src/live/socket/incoming-bytes.ts';
import { packetFrame } from '../../../src/live/socket/packet-encoder.ts';
import { type SocketConnection, SocketEngine } from '../../../src/live/socket/socket-engine.ts';

/** What it does for engine.io rests on the insides of it, so it is tried on real connections. */
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

it.each([
  ['as most clients ask', ''],
  ['as ws has to look at it', 'Sec-WebSocket-Protocol: a\r\n'],
])('says in one write that it upgrades, and opens, asked %s', async (_, more) => {
  const { port, connections } = await serve();
  const chunks = ask(port, good + more);
  await vi.waitFor(() => expect(chunks.length).toBeGreaterThan(0));
  expect(connections).toHaveLength(1);
  expect(chunks).toHaveLength(1);
  expect(String(chunks[0])).toMatch(/^HTTP\/1\.1 101 [\s\S]+\r\n\r\n[^\r\n]*0\{"sid":"/);
});

it('hears in order what comes with the request, and behind it', async () => {
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

it('answers at once where it does not upgrade', async () => {
  const { port, connections } = await serve();
  const chunks = ask(port, 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: no\r\n');
  await vi.waitFor(() => expect(String(chunks[0])).toMatch(/^HTTP\/1\.1 400 /));
  expect(connections).toHaveLength(0);
});

it('ends a connection that cannot be taken up, and says so to whoever gave it the request', async () => {
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
  releaseRequest(connections[0] as Socket);
  await vi.waitFor(() => {
    collect();
    expect(isKept()).toBe(false);
  });
  expect(connections[0]?.readyState).toBe('open');
});

const quick: Partial<HeartbeatOptions> = { everyMs: 300, withinMs: 200, earlyMs: 20, stepMs: 20, random: () => 0 };

/** A client that answers pings as long as it is told to. */
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

it('pings each connection, and closes one that answers no longer', async () => {
  const { port, connections } = await serve(quick);
  const client = await join(port);
  const reasons: string[] = [];
  connections[0]?.on('close', (reason: string) => reasons.push(reason));
  await vi.waitFor(() => expect(client.pings).toBeGreaterThan(3));
  expect(connections[0]?.readyState).toBe('open');
  client.answers = false;
  await vi.waitFor(() => expect(reasons).toEqual(['ping timeout']));
});

it('knows by answers to pings of WebSocket itself that a client is there which reads a long message, and closes one that gives none', async () => {
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

it('pings one who is written to in the same write, and closes it likewise where it answers no longer', async () => {
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
    // Where the one before was taken at once, so that this one goes the shortest way.
    if (!connection.pipe.ready) return;
    events.push(`4${events.length}`);
    connection.pipe.write(packetFrame(events.at(-1) as string));
  }, 2);
  onTestFinished(() => clearInterval(writing));
  // Where something holds this process up, no write may come in time; then a ping goes by itself.
  await vi.waitFor(() => expect(client.pings).toBeGreaterThan(alone.mock.calls.length + 3));
  client.answers = false;
  await vi.waitFor(() => expect(reasons).toEqual(['ping timeout']));
  const told = heard.filter((data) => data !== '2');
  expect(told).toEqual(events.slice(0, told.length));
});

it('ends one that throws when it is pinged, and goes on with the others', async () => {
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

it('gives up one that is to be closed and takes nothing, whatever it goes on saying', async () => {
  const { port, connections } = await serve(quick);
  const { client } = await join(port);
  const connection = connections[0] as Socket & { transport: { socket: { _socket: NetSocket } } };
  const reasons: string[] = [];
  connection.on('close', (reason: string) => reasons.push(reason));
  const saying = setInterval(() => client.send('3'), 20);
  onTestFinished(() => clearInterval(saying));
  // As if the kernel took no more.
  connection.transport.socket._socket.cork();
  connection.send('one');
  connection.send('two');
  connection.close();
  expect(connection.readyState).toBe('closing');
  await vi.waitFor(() => expect(reasons).toEqual(['ping timeout']));
});

/** A client without a library, which has opened a connection that is pinged once a minute; `heard` are the messages that the server had of it. */
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
  /** What was taken apart frame by frame. */
  const frames: string[] = [];
  connection.transport.socket.on('message', (data: unknown) => frames.push(String(data)));
  /** Each is read before the next one goes out. */
  const send = async (...pieces: Buffer[]) => {
    const far = connection.transport.socket._socket;
    for (const piece of pieces) {
      const read = far.bytesRead + piece.length;
      socket.write(piece);
      await vi.waitFor(() => expect(far.bytesRead).toBe(read), { interval: 2 });
    }
  };
  /** As the heartbeat does. */
  const ask = () => {
    connection.isPongAwaited = true;
    connection.ping();
  };
  return { connection, client: socket, messages, frames, ask, send };
}

/** A frame of a client. */
function masked(said: string | Buffer, { mask = [1, 2, 3, 4], head = 0x81 } = {}): Buffer {
  const bytes = Buffer.from(said as string).map((byte, at) => byte ^ mask[at % 4]!);
  return Buffer.concat([Buffer.from([head, 0x80 | bytes.length, ...mask]), bytes]);
}

it('is not ready once its socket is closed, however that came', async () => {
  for (const close of ['end', 'resetAndDestroy'] as const) {
    const { connection, client } = await open();
    const { pipe } = connection as unknown as SocketConnection;
    expect(pipe.ready).toBe(true);
    client[close]();
    await vi.waitFor(() => expect(pipe.ready).toBe(false));
  }
});

it('hears the answer to a ping without taking it apart, once for each ping', async () => {
  const { connection, frames, ask, send } = await open();
  await send(masked('3'));
  expect(frames).toEqual(['3']);
  ask();
  await send(masked('3'));
  expect([connection.isPongAwaited, frames]).toEqual([false, ['3']]);
  await send(masked('3'));
  expect(frames).toEqual(['3', '3']);
});

it('hears a message that comes as one frame of plain text without taking it apart, and all others as well', async () => {
  const { messages, frames, send } = await open();
  await send(masked('4one'));
  await send(masked('4two').subarray(0, 5), masked('4two').subarray(5));
  await send(masked('4three'));
  await send(masked('4four', { head: 0x82 }));
  await send(masked('4vier, fünf'));
  expect(messages).toEqual(['one', 'two', 'three', '4four', 'vier, fünf']);
  expect(frames).toEqual(['4two', '4four', '4vier, fünf']);
});

it('hears no message of one who has said that it closes', async () => {
  const { connection, messages, send } = await open();
  const { socket } = connection.transport;
  // It takes no close frame of ours, so that its own does not end it.
  const below = socket as unknown as { _socket: NetSocket };
  below._socket.cork();
  const before = socket.readyState;
  await send(masked(Buffer.from([0x03, 0xe8]), { head: 0x88 }));
  expect([before, socket.readyState, connection.readyState]).toEqual([WebSocket.OPEN, WebSocket.CLOSING, 'open']);
  await send(masked('4one'));
  expect(messages).toEqual([]);
});

it('hears messages in their order where it has begun to read no more, since the other end does not', async () => {
  const { connection, messages, send } = await open();
  const { _socket: below } = connection.transport.socket;
  below.pause();
  await send(masked('4one'));
  expect(messages).toEqual([]);
  below.resume();
  await send(masked('4two'));
  await vi.waitFor(() => expect(messages).toEqual(['one', 'two']));
});

it('counts what it hears so, and ends who says too much', async () => {
  const { connection, messages, send } = await open();
  const onCut = vi.fn();
  boundIncoming(connection.transport.socket._socket, { now: () => 0, onCut });
  const said = masked(`4${'x'.repeat(100)}`);
  const most = Math.floor(liveLimits.socketBurstBytes / said.length);
  // Most of what it may say comes at once, and is taken apart.
  await send(Buffer.concat(Array<Buffer>(most - 2).fill(said)));
  for (let count = 0; count < 2; count += 1) await send(said);
  expect([messages.length, onCut.mock.calls.length]).toEqual([most, 0]);
  await send(said).catch(() => {});
  expect([messages.length, onCut.mock.calls.length]).toEqual([most, 1]);
  await vi.waitFor(() => expect(connection.readyState).toBe('closed'));
});

it('hears it as well in pieces, and with what else comes', async () => {
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

it('takes no answer of one of whom nothing is read, such as who takes none of ours', async () => {
  const { connection, frames, ask, send } = await open();
  const { _socket: below } = connection.transport.socket as unknown as { _socket: NetSocket };
  below.pause();
  ask();
  await send(masked('3'));
  expect([connection.isPongAwaited, frames]).toEqual([true, []]);
  below.resume();
  await vi.waitFor(() => expect([connection.isPongAwaited, frames]).toEqual([false, ['3']]));
});

it('takes no part of a message for it, though it looks the same', async () => {
  const { messages, ask, send } = await open();
  // As they go over the wire, its last bytes are those of an answer.
  const answer = masked('3', { mask: [0x81, 0x82, 0x83, 0x84] });
  const text = `4${Buffer.from(answer.map((byte) => byte ^ 0x80))}`;
  const message = masked(text, { mask: [0x80, 0x80, 0x80, 0x80] });
  expect(message.subarray(-answer.length).equals(answer)).toBe(true);
  ask();
  await send(message.subarray(0, -answer.length), message.subarray(-answer.length));
  expect(messages).toEqual([text.slice(1)]);
});

it('lets no answer stand between the parts of a message', async () => {
  const { connection, messages, ask, send } = await open();
  ask();
  await send(masked('4on', { head: 0x01 }), masked('3'));
  await vi.waitFor(() => expect(connection.readyState).toBe('closed'));
  expect(messages).toEqual([]);
});

it('pings through engine.io where something waits there, and behind it', async () => {
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

it('gives nobody up whose answer lies there unread, after the process was held up', async () => {
  const { port, connections } = await serve(quick);
  const client = await join(port);
  await vi.waitFor(() => expect(client.pings).toBeGreaterThan(0), { interval: 1 });
  const until = performance.now() + 1_000;
  while (performance.now() < until);
  const before = client.pings;
  await vi.waitFor(() => expect(client.pings).toBeGreaterThan(before + 1));
  expect(connections[0]?.readyState).toBe('open');
});
