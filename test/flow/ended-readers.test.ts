import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { call, startTestServer, type TestServer } from '../support/server.ts';
import { openReader } from '../support/socket-reader.ts';
import { openStream } from '../support/stream-reader.ts';
import { createChannel, publish, write } from '../support/writers.ts';

let server: TestServer;
let editor: string;
let skewMs = 0;

beforeEach(async () => {
  skewMs = 0;
  server = await startTestServer({}, { now: () => Date.now() + skewMs });
  editor = await server.token();
});
afterEach(() => server[Symbol.asyncDispose]());

const sockets = () =>
  (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles().filter((handle) => handle instanceof Socket);
const oursOf = (port: number) => sockets().find(({ remotePort, localPort }) => remotePort === port && localPort !== port);
const theirsOf = (port: number) => sockets().find(({ localPort }) => localPort === port);

async function fill(id: string): Promise<void> {
  const body = '🌒'.repeat(50_000);
  for (let round = 0; round < 5; round += 1)
    await Promise.all(Array.from({ length: 8 }, () => publish(server, editor, id, { headline: 'Long', body })));
}

it('a stream that takes no bytes and was ended is counted until it is cut off', { timeout: 30_000 }, async () => {
  const { id } = await createChannel(server, editor);
  const dead = await openStream(server.url, id);
  await vi.waitFor(() => expect(dead.received).toBeGreaterThan(0));
  dead.pause();
  await fill(id);
  await write(server, editor, { method: 'PATCH', path: `/v1/channels/${id}`, body: { access: 'members' }, ifMatch: '*' });
  expect(server.server.readers.size).toBe(1);
  skewMs = 21_000;
  await vi.waitFor(() => expect([server.server.readers.size, oursOf(dead.port)]).toEqual([0, undefined]), 5_000);
  dead.destroy();
});

it('a socket that takes no bytes and has closed its half is cut off, once', { timeout: 30_000 }, async () => {
  const { id } = await createChannel(server, editor);
  const dead = await openReader(server.url);
  await dead.subscribe(id);
  dead.pause();
  await fill(id);
  theirsOf(dead.port)?.end();
  skewMs = 21_000;
  await vi.waitFor(() => expect(server.server.readers.size).toBe(0), 5_000);
  expect((await call(`${server.url}/metrics`)).text).toContain('pressbox_rate_limited_total{kind="stalled"} 1\n');
  dead.destroy();
});
