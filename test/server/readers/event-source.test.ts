import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { type EventSourceProgram, openEventSource } from '../../support/readers/event-source.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { openStream, type StreamReader } from '../../support/readers/stream-reader.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startLine } from '../../support/servers/bad-line.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { startRedisFor } from '../../support/stores/redis.ts';

/** How temporary failures reach an EventSource, which would never reconnect after a status other than 200 (HTML standard, 9.2.3). */

const patient = { interval: 50 };

async function start(env: Record<string, string> = {}): Promise<TestServer> {
  const server = await startTestServer(env);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

/** How often a problem was sent. */
async function told({ url }: { url: string }, code: string): Promise<number> {
  const { text } = await call(`${url}/metrics`);
  return Number(new RegExp(`^pressbox_problems_total\\{code="${code}"\\} (\\d+)$`, 'm').exec(text)?.[1]);
}

function expectComeBack({ status, headers, blocks }: StreamReader, fromMs: number, toMs: number): void {
  expect([status, headers['content-type'], headers['cache-control']]).toEqual([
    200,
    'text/event-stream',
    'no-store, no-transform',
  ]);
  expect(blocks).toEqual([{ retry: expect.stringMatching(/^\d+$/) }]);
  const ms = Number(blocks[0]?.retry);
  expect(ms).toBeGreaterThanOrEqual(fromMs);
  expect(ms).toBeLessThanOrEqual(toMs);
  expect(headers['retry-after']).toBe(String(Math.round(ms / 1_000)));
}

/** Waits until it has reconnected with its cursor and has everything. */
async function expectBack(source: EventSourceProgram, cursor: string): Promise<void> {
  await vi.waitFor(() => expect(source.heard.at(-1)).toMatchObject({ lastEventId: cursor }), patient);
  expect(source.heard[1]).toMatchObject({ name: 'catchup', mode: 'replay' });
}

describe('an EventSource', () => {
  it('reconnects with its cursor to the next server when one shuts down', async () => {
    const server = await start();
    const editor = await server.token();
    const { id } = await createChannel(server, editor);
    // The server answers as long as a reader is connected.
    const staying = await openReader(server.url);
    onTestFinished(() => staying.destroy());
    await using line = await startLine(server.url);
    using source = openEventSource(`${line.url}/v1/channels/${id}/stream`);
    await vi.waitFor(() => expect(source.heard).toMatchObject([{ name: 'catchup', mode: 'snapshot' }]), patient);
    line.cut();
    const closing = server.server.close({ drainMs: 60_000 });
    await vi.waitFor(async () => expect(await told(server, 'draining')).toBeGreaterThan(0), patient);

    using stream = await openStream(server.url, id);
    await stream.ended;
    expectComeBack(stream, 3_000, 5_000);
    // A client that accepts problem documents gets one.
    const answer = await call(`${server.url}/v1/channels/${id}/stream`);
    expect([answer.status, answer.body]).toMatchObject([503, { code: 'draining' }]);

    staying.destroy();
    await closing;
    await server.restart();
    const { cursor } = await publish(server, editor, id, { headline: 'After' });
    await expectBack(source, cursor);
  });

  it('reconnects when its address has exceeded its rate', async () => {
    const server = await start({ PRESSBOX_REQUESTS_PER_SECOND: '1' });
    const { id } = await createChannel(server, await server.token());
    await using line = await startLine(server.url);
    using source = openEventSource(`${line.url}/v1/channels/${id}/stream`);
    let others = 0;
    await vi.waitFor(
      async () => {
        if ((await call(`${server.url}/v1/channels/${id}`)).status === 429) others += 1;
        // It may have connected before the rate was exceeded.
        if (source.heard.length > 0) line.cut();
        expect(await told(server, 'rate-limited')).toBeGreaterThan(others);
      },
      { interval: 1 },
    );
    const before = source.heard.length;
    await vi.waitFor(
      () => expect(source.heard.slice(before)).toEqual([expect.objectContaining({ name: 'catchup', more: false })]),
      patient,
    );
  });

  it('gets a retry delay when its address has too many connections', async () => {
    const server = await start({ PRESSBOX_CONNECTIONS_PER_ADDRESS: '1' });
    const { id } = await createChannel(server, await server.token());
    using open = await openStream(server.url, id);
    using stream = await openStream(server.url, id);
    await stream.ended;
    expectComeBack(stream, 11_000, 13_000);
    expect(await told(server, 'rate-limited')).toBe(1);
    expect(open.isOpen).toBe(true);
  });
});

describeWith(needs.redis, 'an EventSource', (binary) => {
  it('reconnects with its cursor when it arrived while the server was starting', async (test) => {
    const redis = await startRedisFor(test, binary);
    const server = await startServerProcess({ env: { PRESSBOX_REDIS_URL: redis.url } });
    test.onTestFinished(() => server[Symbol.asyncDispose]());
    const editor = await server.token();
    const { id } = await createChannel(server, editor);
    using source = openEventSource(`${server.url}/v1/channels/${id}/stream`);
    await vi.waitFor(() => expect(source.heard).toMatchObject([{ name: 'catchup', mode: 'snapshot' }]), patient);
    await server.kill();
    process.kill(redis.pid, 'SIGSTOP');
    const starting = server.start();
    starting.catch(() => undefined);
    await vi.waitFor(async () => expect(await told(server, 'starting')).toBeGreaterThan(0), patient);
    process.kill(redis.pid, 'SIGCONT');
    await starting;
    const { cursor } = await publish(server, editor, id, { headline: 'After' });
    await expectBack(source, cursor);
  });

  it('gets a retry delay when a journal read fails before the outage is detected', async (test) => {
    const redis = await startRedisFor(test, binary);
    const server = await startServerProcess({ env: { PRESSBOX_REDIS_URL: redis.url } });
    test.onTestFinished(() => server[Symbol.asyncDispose]());
    const { id } = await createChannel(server, await server.token());
    await redis.kill();
    using stream = await openStream(server.url, id);
    await stream.ended;
    expectComeBack(stream, 3_000, 5_000);
  });
});
