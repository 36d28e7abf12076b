import { execFile } from 'node:child_process';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { expect, it, onTestFinished, vi } from 'vitest';
import { handleOf, writeTo } from '../../src/reader/kernel.ts';

/** Bytes go past what Node has around a socket, by what is under it: so it is tried on real sockets. */
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

it('writes what the kernel takes at once, between what the stream writes', async () => {
  const { socket, heard } = await connect();
  socket.write('one ');
  expect(writeTo(mustHandle(socket), Buffer.from('two '))).toBe('taken');
  socket.write('three');
  await vi.waitFor(() => expect(String(heard())).toBe('one two three'));
});

it('keeps what the kernel leaves, in order, and tells when it has been taken', async () => {
  const { socket, client, heard } = await connect();
  const handle = mustHandle(socket);
  client.pause();
  let written = 0;
  let rest = writeTo(handle, large);
  for (written = 1; rest === 'taken' && written < 100; written += 1) rest = writeTo(handle, large);
  if (rest === 'taken' || rest === 'refused') throw new Error(`All was ${rest}.`);
  const first = vi.fn();
  rest.oncomplete = first;
  const after = writeTo(handle, Buffer.from('after'));
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

it('tells of bytes that nobody will take any more', async () => {
  const { socket, client } = await connect();
  const handle = mustHandle(socket);
  client.pause();
  let rest = writeTo(handle, large);
  for (let count = 0; rest === 'taken' && count < 100; count += 1) rest = writeTo(handle, large);
  if (rest === 'taken' || rest === 'refused') throw new Error(`All was ${rest}.`);
  const told = vi.fn();
  rest.oncomplete = told;
  socket.destroy();
  await vi.waitFor(() => expect(told).toHaveBeenCalled());
  expect(told.mock.lastCall?.[0]).toBeLessThan(0);
});

it('is not to be had where Node forbids a look, and what goes out goes through the stream', async () => {
  const program = `
    const { createServer, connect } = await import('node:net');
    const { handleOf } = await import('./src/reader/kernel.ts');
    const { Outgoing } = await import('./src/reader/outgoing.ts');
    const server = createServer((socket) => {
      const outgoing = new Outgoing(socket);
      outgoing.write(Buffer.from(String(handleOf(socket))));
      outgoing.write(Buffer.from(' all'));
      socket.end();
    });
    server.listen(0, '127.0.0.1', () => {
      connect(server.address().port, '127.0.0.1').on('data', (data) => process.stdout.write(data)).on('end', () => server.close());
    });`;
  const flags = ['--permission', '--allow-fs-read=*', '--allow-net', '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  expect(stdout).toBe('undefined all');
});

it('is refused by a socket that is closed', async () => {
  const { socket } = await connect();
  const handle = mustHandle(socket);
  socket.destroy();
  expect(writeTo(handle, large)).toBe('refused');
  expect(handleOf(socket)).toBeUndefined();
});
