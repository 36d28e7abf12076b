import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { sqliteLimits } from '../../../src/journal/sqlite/sqlite-limits.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import { workerLimits } from '../../../src/workers/worker-limits.ts';
import { createChannel, publish, write } from '../../support/authors/writers.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { quotedIn, tablesOf } from '../../support/samples/markdown-blocks.ts';
import { run } from '../../support/servers/command.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call, startTestServer } from '../../support/servers/server.ts';

/** What the pages for operators say, apart from stores (operating-stores.test.ts) and proxies (proxies.test.ts). */

const read = (page: string) => readFile(join(root, 'docs', page), 'utf8');
const [monitoring, logPage, running] = await Promise.all([
  read('guides/monitoring.md'),
  read('reference/log.md'),
  read('guides/running.md'),
]);
const guides = ['monitoring', 'running', 'troubleshooting', 'backups', 'proxies', 'redis', 'repairing', 'workers'];
const pages = await Promise.all(
  [...guides.map((name) => `guides/${name}.md`), 'reference/log.md', 'reference/health.md'].map(read),
);
const rules = await readFile(join(root, 'deploy/prometheus/rules.yml'), 'utf8');
const alerts = [...rules.matchAll(/^ {6}- alert: (\w+)\n {8}expr: (.+)\n {8}for: (\d+[sm])\n/gm)].map(([, name, expression]) => ({
  name: name ?? '',
  expression: expression ?? '',
}));

/** A histogram has series whose names end so. */
const metricOf = (name: string) => name.replace(/_(?:bucket|count)$/, '');

describe('the metrics and alerts of the pages for operators', () => {
  let series: Map<string, Set<string>>;
  beforeAll(async () => {
    await using server = await startTestServer();
    const { text } = await call(`${server.url}/metrics?limits=1`);
    // `pressbox verify --metrics` and `pressbox archive --metrics` write these to files.
    const files = ['verify_end_timestamp_seconds', 'verify_faults', 'archive_end_timestamp_seconds', 'archive_failures'];
    const verified = files.map((name) => `# TYPE pressbox_${name}\n`);
    series = new Map([...(text + verified.join('')).matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => [name ?? '', new Set()]));
    for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)\{(.*)\} /gm))
      for (const label of labels.split(',')) series.get(metricOf(name))?.add(label);
  });

  it('name only metrics that are served', () => {
    const named = new Set(pages.join().match(/\bpressbox_\w+/g));
    expect(named.size).toBeGreaterThan(20);
    expect([...named].filter((name) => !series.has(name))).toEqual([]);
  });

  it('name only label values that are served', () => {
    const selected = [...(monitoring + rules).matchAll(/\b(pressbox_\w+)\{(\w+)=~?"([^"]+)"\}/g)];
    expect(selected.length).toBeGreaterThan(4);
    for (const [, name = '', label, values = ''] of selected)
      for (const value of values.split('|')) expect([...(series.get(metricOf(name)) ?? [])]).toContain(`${label}="${value}"`);
    const kinds = quotedIn(
      tablesOf(monitoring, 'Dashboard')[0]?.find(([metric]) => metric === '`pressbox_rate_limited_total`')?.[1],
    );
    expect(kinds.length).toBeGreaterThan(5);
    for (const kind of kinds.filter((name) => name !== 'kind'))
      expect([...series.get('pressbox_rate_limited_total')!]).toContain(`kind="${kind}"`);
  });

  it('are complete rules over existing metrics, each with a row in the table', () => {
    expect(alerts.map(({ name }) => name)).toEqual(tablesOf(monitoring, 'Alerts')[0]?.map(([name]) => quotedIn(name)[0]));
    expect(alerts).toHaveLength((rules.match(/- alert:/g) ?? []).length);
    for (const { name, expression } of alerts) {
      const names = expression.replace(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"/g, '').match(/[a-z_]{3,}\w*/g) ?? [];
      const functions = [
        'sum',
        'rate',
        'increase',
        'absent',
        'max_over_time',
        'quantile_over_time',
        'histogram_quantile',
        'count',
        'group',
      ];
      const words = [...functions, 'time', 'and', 'unless', 'on', 'instance', 'job', 'run_id', 'up'];
      const unknown = names.filter((word) => !words.includes(word) && !series.has(metricOf(word)));
      expect([name, unknown]).toEqual([name, []]);
      expect([name, expression.split('(').length]).toEqual([name, expression.split(')').length]);
    }
  });

  it('are rules that fire for each server separately, and for one that is not scraped any more', () => {
    // These compare or count the servers of a job.
    const ofJobs = ['PressboxMastersDiffer', 'PressboxGone'];
    for (const { name, expression } of alerts.filter(({ name }) => !ofJobs.includes(name))) {
      const sums = expression.match(/\b(?:sum|max|min|avg|count)\b(?! by \(instance(?:, job)?\))/g);
      expect([name, sums]).toEqual([name, null]);
    }
    const expressions = alerts.map(({ expression }) => expression).join('\n');
    expect(expressions).toMatch(/^up\{job="pressbox"\} == 0$/m);
    expect(expressions).toMatch(/^absent\(up\{job="pressbox"\}\) or .* unless up\{job="pressbox"\} and on \(job\) /m);
  });
});

describe('docs/reference/log.md', () => {
  const source = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(root, 'src', path), 'utf8'));

  it.each(tablesOf(logPage, 'Messages').flat())('has the lines of level %s that it quotes: %s', (level, messages) => {
    // Routes pass the message about an author’s action to `note` or `sendRevision`, which log it.
    const isSaid = (message: string) =>
      source.some((text) => new RegExp(`\\.${level}\\([^;]*?'${message}'`).test(text)) ||
      (level === 'info' && source.some((text) => new RegExp(`\\b(?:note|sendRevision)\\([^;]*?'${message}'`).test(text)));
    expect(quotedIn(messages).filter((message) => !isSaid(message))).toEqual([]);
  });

  it('has every message of level warn and above', () => {
    const said = source.flatMap((text) => [...text.matchAll(/\.(warn|error|fatal)\([^;]*?'([^']+)'\)/g)]);
    expect(said.length).toBeGreaterThan(30);
    const quoted = tablesOf(logPage, 'Messages')
      .flat()
      .flatMap(([level, messages]) => quotedIn(messages).map((message) => `${level}: ${message}`));
    expect(said.map(([, level, message]) => `${level}: ${message}`).filter((line) => !quoted.includes(line))).toEqual([]);
  });

  describeWith(needs.python, 'for a server in a terminal', (python) => {
    it.each([
      ['warn', {}],
      ['info', { PRESSBOX_LOG_LEVEL: 'info' }],
    ])('names the level %s at the start if the environment has %o', async (level, env) => {
      const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-docs-'));
      onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
      const inTerminal = 'import pty, sys; pty.spawn(sys.argv[1:])';
      const command = [process.execPath, join(root, 'bin/pressbox.mjs'), 'serve', '--port', '0', '--data-dir', dataDir];
      const { PRESSBOX_LOG_LEVEL: _, ...rest } = process.env;
      const serving = spawn(python, ['-c', inTerminal, ...command], { env: { ...rest, ...env } });
      onTestFinished(() => void serving.kill());
      let shown = '';
      serving.stdout.on('data', (chunk) => {
        shown += chunk;
      });
      await vi.waitFor(() => expect(shown).toContain('Pressbox serves'));
      // Ctrl-C, as typed by a user.
      const ended = once(serving, 'close');
      serving.stdin.write('\x03');
      await ended;
      expect(shown.includes('"msg":"listening"')).toBe(level === 'info');
    });
  });

  it('describes the form of the lines', async () => {
    const lines: string[] = [];
    await using server = await startServerProcess({ onLine: (line) => lines.push(line) });
    const token = await server.token();
    const { id } = await createChannel(server, token);
    const { post } = await publish(server, token, id, { body: 'zqtext' });
    await write(server, token, { path: `/v1/channels/${id}/posts/${post.id}/takedown`, body: { note: 'zqnote' } });
    await vi.waitFor(() => expect(lines.at(-1)).toContain('post taken down'));
    for (const line of lines) {
      const names = Object.keys(JSON.parse(line) as object);
      expect([names.slice(0, 3), names.at(-1)]).toEqual([['level', 'time', 'pid'], 'msg']);
    }
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ channel: id, post: post.id, by: 'ada' });
    expect(lines.join()).not.toMatch(/zqtext|zqnote|eyJ/);
  });
});

describe('the systemd unit of docs/guides/running.md', () => {
  it('leaves the server enough time to shut down', () => {
    const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(running)?.[1]);
    expect(seconds * 1_000).toBeGreaterThan(liveLimits.drainMs + 2_000 + sqliteLimits.journalCloseMs);
    expect(seconds * 1_000).toBeGreaterThan(workerLimits.workerEndMs + newsroomLimits.erasureWaitMs);
  });

  it('gives the service a data directory of its own', () => {
    const [, name] = /^StateDirectory=(\w+)$/m.exec(running) ?? [];
    expect(running).toContain(`Environment=PRESSBOX_DATA_DIR=/var/lib/${name}\n`);
  });
});

describe.concurrent('a server that is operated as the pages for operators say', () => {
  it('exits with the documented codes and signals', async (test) => {
    const server = await startServerProcess();
    test.onTestFinished(() => server[Symbol.asyncDispose]());
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const ended = server.exit();
      process.kill(server.pid, signal);
      expect([signal, await ended]).toEqual([signal, 0]);
      await server.start();
    }
    /** The exit code after a second signal while a reader stays connected. */
    const signalledTwice = async () => {
      const reader = await openReader(server.url);
      test.onTestFinished(() => reader.destroy());
      const ended = server.exit();
      process.kill(server.pid, 'SIGTERM');
      await vi.waitFor(() => expect(reader.heard('drain')).toHaveLength(1));
      if (reader.isOpen) process.kill(server.pid, 'SIGTERM');
      const code = await ended;
      await server.start();
      return code;
    };
    // Null, because the second signal kills the process. A server that ends in order, after it waited for its reader, exits with
    // 0. On a busy machine it may have ended that way before the second signal, so this is repeated.
    await vi.waitFor(async () => expect(await signalledTwice()).toBeNull());
    const hungUp = server.exit();
    process.kill(server.pid, 'SIGHUP');
    expect(await hungUp).toBeNull();
    await expect(startServerProcess({ env: { PRESSBOX_PORT: 'four' } })).rejects.toThrow(
      /ended with 1 before it served:\n.*PRESSBOX_PORT/s,
    );
    expect(await run(['nonsense'], {}).code).toBe(2);
  });

  it('disconnects readers who stay, and exits soon after', async (test) => {
    await using server = await startServerProcess();
    const reader = await openReader(server.url);
    test.onTestFinished(() => reader.destroy());
    const began = performance.now();
    expect(await server.stop()).toBe(0);
    expect(reader.heard('drain')).toEqual([{ withinMs: liveLimits.drainMs }]);
    expect(performance.now() - began).toBeLessThan(2 * liveLimits.drainMs);
  });

  it('uses the hard limit of open files, one per connection, and keeps serving at the limit', async (test) => {
    const server = await startServerProcess();
    test.onTestFinished(() => server[Symbol.asyncDispose]());
    const open = () => readdirSync(`/proc/${server.pid}/fd`).length;
    const before = open();
    expect(before).toBeLessThan(50);
    const [, soft, hard] = /^Max open files +(\d+) +(\d+)/m.exec(readFileSync(`/proc/${server.pid}/limits`, 'utf8')) ?? [];
    expect(soft).toBe(hard);
    await promisify(execFile)('prlimit', ['--pid', String(server.pid), `--nofile=${before + 20}`]);
    const connections = Array.from({ length: 60 }, () => connect(Number(new URL(server.url).port), '127.0.0.1'));
    let closed = 0;
    for (const connection of connections) connection.on('error', () => {}).on('close', () => (closed += 1));
    await vi.waitFor(() => expect(closed).toBeGreaterThan(30));
    expect(open()).toBeGreaterThan(before + 15);
    for (const connection of connections) connection.destroy();
    await vi.waitFor(async () => expect((await call(`${server.url}/readyz`)).body).toEqual({ status: 'ready' }));
  });

  it('reports in /readyz that its data directory was moved, and recovers once it is back', async (test) => {
    const parent = await mkdtemp(join(tmpdir(), 'pressbox-moved-'));
    test.onTestFinished(() => rm(parent, { recursive: true }));
    const dataDir = join(parent, 'data');
    await using server = await startServerProcess({ dataDir });
    const readiness = async () => (await call(`${server.url}/readyz`)).body;
    await rename(dataDir, `${dataDir}-elsewhere`);
    const moved = 'The journal accepts no writes. Its files were moved or replaced.';
    await vi.waitFor(async () =>
      expect(await readiness()).toEqual({ status: 'degraded', reason: moved, since: expect.any(String) }),
    );
    await rename(`${dataDir}-elsewhere`, dataDir);
    await vi.waitFor(async () => expect(await readiness()).toEqual({ status: 'ready' }));
  });

  it('orders posts without the clock, and expires tokens by it', async (test) => {
    let ahead = 0;
    await using server = await startTestServer({}, { now: () => Date.now() + ahead });
    const token = await server.token(undefined, { ttlSeconds: 3_600 });
    const { id } = await createChannel({ url: server.url }, token);
    const stolen = await server.token();
    const { jti, exp } = JSON.parse(Buffer.from(stolen.split('.')[1]!, 'base64url').toString()) as { jti: string; exp: number };
    const revocation = { jti, expiresAt: new Date(exp * 1_000).toISOString() };
    const admin = await server.token({ admin: true });
    await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token: admin, body: revocation });
    const reader = await openReader(server.url);
    test.onTestFinished(() => reader.destroy());
    await reader.subscribe(id);
    await publish({ url: server.url }, token, id, { headline: 'Before' });
    ahead = 3 * 3_600_000;
    await call(`${server.url}/metrics`);
    expect((await call(`${server.url}/v1/channels/${id}/posts`, { method: 'POST', token, body: { headline: 'x' } })).status).toBe(
      401,
    );
    const later = await server.token();
    await publish({ url: server.url }, later, id, { headline: 'Ahead' });
    ahead = -2 * 3_600_000;
    const early = await call(`${server.url}/v1/channels/${id}/posts`, { method: 'POST', token: later, body: { headline: 'x' } });
    expect(early.body).toMatchObject({ status: 401, code: 'token-invalid' });
    await publish({ url: server.url }, await server.token(), id, { headline: 'Back' });
    ahead = 0;
    const refused = await call(`${server.url}/v1/channels`, { token: stolen });
    expect(refused.body).toMatchObject({ status: 401, detail: 'The token was revoked.' });
    await vi.waitFor(() => {
      const heard = reader.heard<{ offset: number; post: { headline: string } }>('event');
      expect(heard.map(({ offset, post }) => [offset, post.headline])).toEqual([
        [2, 'Before'],
        [3, 'Ahead'],
        [4, 'Back'],
      ]);
    });
  });

  it('resets readers who saw more than a restored copy contains, and shows again what was taken down after the copy was made', async () => {
    await using server = await startServerProcess();
    const token = await server.token({ editor: ['*'], admin: true });
    const { id } = await createChannel(server, token);
    const doomed = await publish(server, token, id, { body: 'zqdoomed' });
    await server.stop();
    await using copy = await server.store.copy();
    await server.start();
    const takedown = `/v1/channels/${id}/posts/${doomed.post.id}/takedown`;
    const { cursor } = await write(server, token, { path: takedown, body: {} });
    const stolen = await server.token({ reader: ['*'] });
    const { jti } = JSON.parse(Buffer.from(stolen.split('.')[1]!, 'base64url').toString()) as { jti: string };
    const statusOf = async () => (await call(`${server.url}/v1/channels`, { token: stolen })).status;
    await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token, body: { jti } });
    expect(await statusOf()).toBe(401);
    await server.stop();
    await copy.putBack();
    await server.start();
    expect(await statusOf()).toBe(200);
    const caughtUp = async (after: string) => (await call(`${server.url}/v1/channels/${id}/events?after=${after}`)).body;
    expect(await caughtUp(cursor)).toMatchObject({
      mode: 'snapshot',
      reset: true,
      snapshot: { posts: [{ html: '<p>zqdoomed</p>\n' }] },
    });
    expect(await caughtUp(doomed.cursor)).toMatchObject({ mode: 'replay', reset: false, events: [] });
    await write(server, token, { path: takedown, body: {} });
    expect(JSON.stringify(await caughtUp(doomed.cursor))).not.toContain('zqdoomed');
  });
});
