import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { allLimits, limitTables } from '../../../src/all-limits.ts';
import { namedSeries } from '../../../src/apidocs/limit-tables.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { logLimits } from '../../../src/telemetry/telemetry-limits.ts';
import { createChannel } from '../../support/authors/writers.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { root } from '../../support/runner/imports.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function metrics(): Promise<Map<string, number>> {
  const { text } = await call(`${server.url}/metrics?limits=1`);
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

async function counted(series: string): Promise<number> {
  const value = (await metrics()).get(series);
  if (value === undefined) throw new Error(`There is no series ${series}.`);
  return value;
}

describe('the limits', () => {
  it('each have a metric that exists before the limit is reached', async () => {
    const served = await metrics();
    expect(namedSeries.size).toBeGreaterThan(20);
    expect([...namedSeries].filter((series) => !served.has(series))).toEqual([]);
  });

  it('are exported with their values by name', async () => {
    const served = await metrics();
    for (const [name, value] of Object.entries(allLimits)) expect(served.get(`pressbox_limit{name="${name}"}`), name).toBe(value);
    const names = Object.values(limitTables).flatMap((part) => Object.keys(part));
    expect(names.length).toBe(Object.keys(allLimits).length);
  });
});

describe('the metrics count what happens at a limit', () => {
  it('for a socket with malformed messages', async () => {
    const before = await counted('pressbox_rate_limited_total{kind="misused"}');
    using reader = await openReader(server.url);
    for (let sent = 0; sent < limits.socketMisuses; sent += 1) reader.send('42["nonsense"]');
    await reader.closed;
    expect(await counted('pressbox_rate_limited_total{kind="misused"}')).toBe(before + 1);
  });

  it('for headers that are too large', async () => {
    const before = await counted('pressbox_rate_limited_total{kind="headers"}');
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(`GET / HTTP/1.1\r\nHost: here\r\nX-Much: ${'a'.repeat(20_000)}\r\n\r\n`);
    await new Promise((resolve) =>
      socket
        .on('error', () => {})
        .once('close', resolve)
        .resume(),
    );
    expect(await counted('pressbox_rate_limited_total{kind="headers"}')).toBe(before + 1);
  });

  it('for subscriptions that the server ends, and for open connections', async () => {
    const id = 'counted-and-gone';
    await createChannel(server, await server.token(), { id });
    using reader = await openReader(server.url);
    await reader.subscribe(id);
    expect(await counted('pressbox_connections')).toBeGreaterThan(0);
    await call(`${server.url}/v1/channels/${id}`, { method: 'DELETE', token: await server.token({ admin: true }) });
    await vi.waitFor(() => expect(reader.heard('unsubscribed')).toHaveLength(1));
    expect(await counted('pressbox_subscriptions_ended_total{reason="gone"}')).toBe(1);
  });

  it('for log lines that wait because the disk is full', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pressbox-log-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const [file, lines] = [join(folder, 'log'), 20_000];
    const program = join(root, 'test/support/attacks/fill-log.ts');
    const dropped = async (onto: string) => {
      const filling = ['-c', 'exec "$0" "$@" >"$ONTO"', process.execPath, program, `${lines}`];
      const { stderr } = await promisify(execFile)('sh', filling, { env: { ...process.env, ONTO: onto } });
      return Number(/^pressbox_log_lines_dropped_total (\d+)$/m.exec(stderr)?.[1]);
    };
    expect(await dropped(file)).toBe(0);
    const lineBytes = (await stat(file)).size / lines;
    const waiting = (lines - (await dropped('/dev/full'))) * lineBytes;
    expect(waiting / logLimits.logWaitingBytes).toBeCloseTo(1, 1);
  });
});
