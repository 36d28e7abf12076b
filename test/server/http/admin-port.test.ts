import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { httpLimits } from '../../../src/http/http-limits.ts';
import { requestText, sendBytes } from '../../support/attacks/attacked-server.ts';
import { createChannel } from '../../support/authors/writers.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call, startTestServer } from '../../support/servers/server.ts';
import { startRedisFor } from '../../support/stores/redis.ts';

/** A separate port for health checks and metrics. */

const operators = ['/healthz', '/readyz', '/metrics'];

describe('a server with PRESSBOX_ADMIN_PORT', () => {
  it('serves health and metrics only on that port, and readers only on the other one', async () => {
    const port = await freePort();
    const server = await startTestServer({ PRESSBOX_ADMIN_PORT: String(port), PRESSBOX_PUBLIC_URL: 'https://live.example.org' });
    onTestFinished(() => server[Symbol.asyncDispose]());
    for (const path of operators) {
      expect((await call(`http://127.0.0.1:${port}${path}`)).status, path).toBe(200);
      expect(await call(`${server.url}${path}`), path).toMatchObject({ status: 404, body: { code: 'not-found' } });
    }
    expect(await call(`http://127.0.0.1:${port}/v1/channels`)).toMatchObject({
      status: 404,
      body: { code: 'not-found', detail: expect.stringContaining('/docs on the public port') },
    });
    expect(await call(`http://127.0.0.1:${port}/readyz`, { method: 'POST' })).toMatchObject({ status: 405 });
    expect((await call(`${server.url}/v1/channels`)).status).toBe(200);
    // The port accepts any host name, but not two in one request.
    const ask = (...headers: string[]) => sendBytes({ port }, requestText('GET /readyz HTTP/1.1', headers));
    expect((await ask('Host: pod-7')).statuses).toEqual([200]);
    expect((await ask('Host: a', 'Host: b')).statuses).toEqual([400]);
  });

  it('does not let one address hold all its connections', async () => {
    const port = await freePort();
    const server = await startTestServer({ PRESSBOX_ADMIN_PORT: String(port) });
    onTestFinished(() => server[Symbol.asyncDispose]());
    const sockets = Array.from({ length: 3 * httpLimits.adminConnections }, () =>
      connect({ port, host: '127.0.0.1', localAddress: '127.0.4.1' }).on('error', () => {}),
    );
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const socket of sockets) socket.resume();
    const open = () => sockets.filter(({ destroyed }) => !destroyed);
    await vi.waitFor(() => expect(open().length).toBeLessThanOrEqual(httpLimits.adminConnections / 2));
    expect((await call(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
  });

  it('closes that port together with the other one', async () => {
    const port = await freePort();
    const server = await startTestServer({ PRESSBOX_ADMIN_PORT: String(port) });
    await server[Symbol.asyncDispose]();
    await expect(call(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  });
});

describeWith(needs.redis, 'a server of two processes with PRESSBOX_ADMIN_PORT', (binary) => {
  it('reports the sums of both processes on that port', async (test) => {
    const redis = await startRedisFor(test, binary);
    const port = await freePort();
    const env = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_WORKERS: '2', PRESSBOX_ADMIN_PORT: String(port) };
    await using server = await startServerProcess({ env });
    await createChannel(server, await server.token(), { headline: 'Moon' });
    for (const path of operators) expect((await call(`${server.url}${path}`)).status, path).toBe(404);
    const { status, text } = await call(`http://127.0.0.1:${port}/metrics`);
    expect(status).toBe(200);
    expect(text).toMatch(/^pressbox_workers 2$/m);
    expect((await call(`http://127.0.0.1:${port}/readyz`)).body).toEqual({ status: 'ready' });
  });
});
