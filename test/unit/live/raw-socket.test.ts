import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { expect, it, onTestFinished, vi } from 'vitest';
import { handleOf, interceptReads, isHandleOf, isOpen, watchWrites, writeToHandle } from '../../../src/live/raw-socket.ts';

/** The code bypasses Node's stream of a socket through its handle, so the tests use real sockets. */

async function connect() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const arrived = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const client = dial((server.address() as AddressInfo).port, '127.0.0.1');
  const heard: Buffer[] = [];
  client.on('data', (data: Buffer) => heard.push(data)).on('error', () => {});
  const socket = (await arrived).on('error', () => {});
  onTestFinished(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  return { socket, client, heard: () => Buffer.concat(heard) };
}

function mustHandle(socket: Socket) {
  const handle = handleOf(socket);
  if (handle === undefined) throw new Error('Nothing is known of what is under this socket.');
  return handle;
}

const large = Buffer.alloc(1_000_000, 'x');

it('a raw socket writes what the kernel takes at once, in order with the writes of the stream', async () => {
  const { socket, heard } = await connect();
  socket.write('one ');
  expect(writeToHandle(mustHandle(socket), Buffer.from('two '))).toBe('taken');
  socket.write('three');
  await vi.waitFor(() => expect(String(heard())).toBe('one two three'));
});

it('a raw socket keeps what the kernel does not take yet, in order, and reports when it was taken', async () => {
  const { socket, client, heard } = await connect();
  const handle = mustHandle(socket);
  client.pause();
  let written = 0;
  let rest = writeToHandle(handle, large);
  for (written = 1; rest === 'taken' && written < 100; written += 1) rest = writeToHandle(handle, large);
  if (rest === 'taken' || rest === 'refused') throw new Error(`All was ${rest}.`);
  const first = vi.fn();
  rest.oncomplete = first;
  const after = writeToHandle(handle, Buffer.from('after'));
  if (after === 'taken' || after === 'refused') throw new Error(`What comes behind was ${after}.`);
  const second = vi.fn();
  after.oncomplete = second;
  socket.write(' all');
  expect(first).not.toHaveBeenCalled();
  client.resume();
  await vi.waitFor(() => expect(second).toHaveBeenCalledWith(0, handle, undefined));
  expect(first).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(heard().length).toBe(written * large.length + 'after all'.length));
  expect(String(heard().subarray(-9))).toBe('after all');
});

it('a raw socket reports bytes that can no longer be sent', async () => {
  const { socket, client } = await connect();
  const handle = mustHandle(socket);
  client.pause();
  let rest = writeToHandle(handle, large);
  for (let count = 0; rest === 'taken' && count < 100; count += 1) rest = writeToHandle(handle, large);
  if (rest === 'taken' || rest === 'refused') throw new Error(`All was ${rest}.`);
  const told = vi.fn();
  rest.oncomplete = told;
  socket.destroy();
  await vi.waitFor(() => expect(told).toHaveBeenCalled());
  expect(told.mock.lastCall?.[0]).toBeLessThan(0);
});

it('a raw socket shows incoming bytes before the stream reads them, and the stream gets the rest complete and in order', async () => {
  const { socket, client } = await connect();
  const shown: string[] = [];
  const left: Buffer[] = [];
  const isLeft = (length: number) => length !== 3;
  interceptReads(socket, {
    interceptRead(memory, length) {
      if (!isLeft(length)) shown.push(Buffer.from(memory.subarray(0, length)).toString());
      return !isLeft(length);
    },
  });
  socket.on('data', (chunk: Buffer) => left.push(chunk));
  const ended = new Promise((resolve) => socket.once('end', resolve));
  client.write('one');
  await vi.waitFor(() => expect(shown).toEqual(['one']));
  client.write('four');
  await vi.waitFor(() => expect(String(Buffer.concat(left))).toBe('four'));
  // While the stream does not read, more bytes arrive than fit into one read.
  socket.pause();
  const numbers = Buffer.from(Uint32Array.from({ length: 500_000 }, (_, at) => at).buffer);
  client.write(numbers);
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.resume();
  await vi.waitFor(() => expect(Buffer.concat(left).length).toBe(4 + numbers.length));
  expect(Buffer.concat(left).subarray(4).equals(numbers)).toBe(true);
  client.end('two');
  await ended;
  expect(shown).toEqual(['one', 'two']);
});

it('two raw sockets each show their own bytes, although both read into the same memory', async () => {
  const both = [await connect(), await connect()];
  const received = both.map(({ socket }, at) => {
    const heard: string[] = [];
    interceptReads(socket, {
      interceptRead: (memory, length) => heard.push(`${at} ${Buffer.from(memory.subarray(0, length))}`) < 3,
    });
    socket.on('data', (chunk: Buffer) => heard.push(`${at} left ${chunk}`));
    return heard;
  });
  for (const said of ['a', 'b', 'c']) {
    for (const [at, { client }] of both.entries()) {
      const before = received[at]?.length ?? 0;
      client.write(said);
      await vi.waitFor(() => expect(received[at]?.length).toBeGreaterThan(before));
    }
  }
  await vi.waitFor(() => expect(received).toEqual([0, 1].map((at) => [`${at} a`, `${at} b`, `${at} c`, `${at} left c`])));
});

it('a raw socket reports a reset connection to the stream', async () => {
  const { socket, client } = await connect();
  interceptReads(socket, { interceptRead: () => false });
  const failed = new Promise((resolve) => socket.once('error', resolve));
  socket.resume();
  client.resetAndDestroy();
  expect(await failed).toMatchObject({ code: 'ECONNRESET' });
});

it('a raw socket reports each write of the stream when it goes to the kernel, including delayed ones, and no direct write', async () => {
  const { socket, client, heard } = await connect();
  const written = vi.fn();
  expect(watchWrites(socket, { onStreamWrite: written })).toBe(true);
  writeToHandle(mustHandle(socket), Buffer.from('past '));
  expect(written).not.toHaveBeenCalled();
  socket.write('one ');
  expect(written).toHaveBeenCalledTimes(1);
  socket.cork();
  socket.write('two ');
  socket.write('three');
  expect(written).toHaveBeenCalledTimes(1);
  socket.uncork();
  expect(written).toHaveBeenCalledTimes(2);
  await vi.waitFor(() => expect(String(heard())).toBe('past one two three'));
  client.pause();
  let waiting = 0;
  for (; socket.writableLength === 0 && waiting < 100; waiting += 1) socket.write(large);
  const before = written.mock.calls.length;
  socket.write('more');
  expect(written).toHaveBeenCalledTimes(before);
  client.resume();
  await vi.waitFor(() => expect(String(heard().subarray(-4))).toBe('more'));
  expect(written).toHaveBeenCalledTimes(before + 1);
});

it('a raw socket is unavailable if Node denies access to the handle, and all data goes through the stream', async () => {
  const program = `
    const { createServer, connect } = await import('node:net');
    const { handleOf, interceptReads } = await import('./src/live/raw-socket.ts');
    const { SocketWriter } = await import('./src/live/socket-writer.ts');
    const server = createServer((socket) => {
      const outgoing = new SocketWriter(socket);
      outgoing.write(Buffer.from(String(handleOf(socket))));
      interceptReads(socket, { interceptRead: () => true });
      socket.once('data', (data) => {
        outgoing.write(data);
        socket.end();
      });
    });
    server.listen(0, '127.0.0.1', () => {
      const client = connect(server.address().port, '127.0.0.1', () => client.write(' all'));
      client.on('data', (data) => process.stdout.write(data)).on('end', () => server.close());
    });`;
  const flags = ['--permission', '--allow-fs-read=*', '--allow-net', '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  expect(stdout).toBe('undefined all');
});

it('a raw socket refuses writes once it is closed', async () => {
  const { socket } = await connect();
  const handle = mustHandle(socket);
  expect([isOpen(handle), isHandleOf(socket, handle)]).toEqual([true, true]);
  socket.destroy();
  expect(isOpen(handle)).toBe(false);
  expect(writeToHandle(handle, large)).toBe('refused');
  expect(handleOf(socket)).toBeUndefined();
  expect(isHandleOf(socket, handle)).toBe(false);
});

it('a raw socket ends at the moment when the socket is reset', async () => {
  const { socket } = await connect();
  const handle = mustHandle(socket);
  socket.resetAndDestroy();
  expect([isOpen(handle), isHandleOf(socket, handle)]).toEqual([false, false]);
  await once(socket, 'close');
  expect(isOpen(handle)).toBe(false);
});
