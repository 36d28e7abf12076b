import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import express from 'express';
import { expect, it, onTestFinished, vi } from 'vitest';
import { attach, ConfigError, readConfig } from '../../../src/server-package.ts';
import { openReader, shakeHands } from '../../support/readers/socket-reader.ts';
import { call } from '../../support/servers/server.ts';

/** A server of Express with a page of its own. */
async function startHost(): Promise<{ http: Server; origin: string }> {
  const app = express();
  app.get('/', (_request, response) => void response.send('The Harbour Post'));
  const http = createServer(app);
  await once(http.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => {
    http.closeAllConnections();
    if (http.listening) await once(http.close(), 'close');
  });
  return { http, origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
}

async function configIn(env: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-attached-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return readConfig({ PRESSBOX_DATA_DIR: folder, PRESSBOX_LOG_LEVEL: 'silent', ...env });
}

it('two servers and the program share one HTTP server, and each is detached by itself', async () => {
  const { http, origin } = await startHost();
  const one = await attach(http, { basePath: '/one', config: await configIn() });
  const two = await attach(http, { basePath: '/two', config: await configIn() });
  expect([one.url, two.publicUrl]).toEqual([`${origin}/one`, `${origin}/two`]);
  const statuses = () =>
    Promise.all(['/', '/one/readyz', '/two/readyz', '/readyz'].map(async (at) => (await fetch(origin + at)).status));
  expect(await statuses()).toEqual([200, 200, 200, 404]);
  for (const { url } of [one, two]) {
    const reader = await openReader(url);
    expect(reader.isOpen).toBe(true);
    reader.destroy();
  }
  await one.close({ drainMs: 0 });
  expect(await statuses()).toEqual([200, 404, 200, 404]);
  await two.close({ drainMs: 0 });
  expect(await statuses()).toEqual([200, 404, 404, 404]);
  expect(http.listening).toBe(true);
});

it('upgrades outside the path go to the program, or are ignored if it has none', async () => {
  const { http, origin } = await startHost();
  await using server = await attach(http, { basePath: '/live', config: await configIn() });
  // Answered by Express, as a request without an upgrade.
  expect((await shakeHands(origin)).status).toBe(404);
  expect((await call(origin)).text).toBe('The Harbour Post');
  const reader = await openReader(server.url);
  const ended = reader.closed;
  await server.close({ drainMs: 0 });
  await ended;
  http.on('upgrade', (_request, socket) => void socket.end('HTTP/1.1 418 Teapot\r\nConnection: close\r\n\r\n'));
  await using again = await attach(http, { basePath: '/live', config: await configIn() });
  expect((await shakeHands(origin)).status).toBe(418);
  const second = await openReader(again.url);
  second.destroy();
});

it('a request whose target is a complete URL goes where its path leads', async () => {
  const { http, origin } = await startHost();
  await using _server = await attach(http, { basePath: '/live', config: await configIn() });
  const answerTo = async (target: string) => {
    const client = connect(Number(new URL(origin).port), '127.0.0.1');
    client.write(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    return await text(client);
  };
  expect(await answerTo(`${origin}/live/v1/channels`)).toContain('"channels":[]');
  expect(await answerTo(`${origin}/`)).toContain('The Harbour Post');
});

it('counts its own connections, which have sent a request below the path', async () => {
  const { http, origin } = await startHost();
  await using server = await attach(http, { basePath: '/live', config: await configIn() });
  const counted = async () => {
    const { text } = await call(`${server.url}/metrics`, { headers: { connection: 'close' } });
    return Number(/^pressbox_connections (\d+)$/m.exec(text)?.[1]);
  };
  const host = connect(Number(new URL(origin).port), '127.0.0.1');
  onTestFinished(() => void host.destroy());
  host.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(host, 'data');
  const reader = await openReader(server.url);
  // The reader, and the request itself.
  await vi.waitFor(async () => expect(await counted()).toBe(2));
  reader.destroy();
  await vi.waitFor(async () => expect(await counted()).toBe(1));
});

it('needs a path, and an address that readers can use', async () => {
  const config = await configIn();
  const waiting = createServer();
  await expect(attach(waiting, { basePath: '/', config })).rejects.toThrow('basePath: must be a path such as /live.');
  const unknown = attach(waiting, { basePath: '/live', config });
  await expect(unknown).rejects.toThrow(ConfigError);
  await expect(unknown).rejects.toThrow('PRESSBOX_PUBLIC_URL: must be set, because the HTTP server does not listen');
  const known = await configIn({ PRESSBOX_PUBLIC_URL: 'https://www.example.org' });
  await using server = await attach(waiting, { basePath: '/live', config: known });
  expect(server.publicUrl).toBe('https://www.example.org/live');
});
