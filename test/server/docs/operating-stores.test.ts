import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import { channelKeys } from '../../../src/journal/redis/keys.ts';
import { createChannel, publish, write } from '../../support/authors/writers.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { quotedIn, tablesOf } from '../../support/samples/markdown-blocks.ts';
import { startLine } from '../../support/servers/bad-line.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { type ServerProcess, startServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';
import { startRedisFor } from '../../support/stores/redis.ts';

/** Tests what the pages for operators say about stores that are unreachable, full or replaced. */

const read = (page: string) => readFile(join(root, 'docs', page), 'utf8');
const [health, troubleshooting] = await Promise.all([read('reference/health.md'), read('guides/troubleshooting.md')]);
const patient = { interval: 50 };

/** The answer to an author if the store is reachable but refuses to write. Only the log contains the reason. */
const refusesToWrite = {
  code: 'journal-unavailable',
  outcome: 'unchanged',
  detail: 'The store is reachable, but refuses to write. The reason is in the log of the server.',
};

/** Gives a process its own mounts, which end with it. */
const ownMounts = {
  find: () => (spawnSync('unshare', ['--mount', 'true']).status === 0 ? 'unshare' : undefined),
  advice: 'run it as root',
};

describeWith.ifThere(ownMounts, 'a full disk, as docs/guides/troubleshooting.md says', (unshare) => {
  it('refuses writes and erasures, keeps serving readers, and recovers once there is space', async (test) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-full-'));
    test.onTestFinished(() => rm(dataDir, { recursive: true }));
    const starter = [unshare, '--mount', 'sh', '-c', 'mount -t tmpfs -o size=3m tmpfs "$0" && exec "$@"', dataDir];
    const said: string[] = [];
    const server = await startServerProcess({ dataDir, starter, onLine: (line) => said.push(line) });
    test.onTestFinished(() => server[Symbol.asyncDispose]());
    const token = await server.token();
    const { id } = await createChannel(server, token);
    const send = (path: string, body: object) => call(`${server.url}/v1/channels/${id}/${path}`, { method: 'POST', token, body });
    const { body } = await send('posts', { body: 'First.' });
    const first = (body as { post: { id: string } }).post.id;
    // Publishes until not even a word fits.
    for (const text of ['Word. '.repeat(8_000), 'Word.']) {
      let answer = await send('posts', { body: text });
      for (let count = 0; answer.status === 201 && count < 500; count += 1) answer = await send('posts', { body: text });
      expect(answer).toMatchObject({ status: 503, body: refusesToWrite });
    }
    expect([202, 503]).toContain((await send(`posts/${first}/takedown`, {})).status);
    const full = { status: 'degraded', reason: 'The journal accepts no writes. Its disk is full.', since: expect.any(String) };
    await vi.waitFor(async () => expect(await call(`${server.url}/readyz`)).toMatchObject({ status: 200, body: full }), patient);
    expect((await call(`${server.url}/metrics`)).text).toMatch(/^pressbox_store_writable 0$/m);
    expect((await call(`${server.url}/v1/channels/${id}/snapshot`)).status).toBe(200);
    const why = await vi.waitFor(() => {
      expect(said.join()).toContain('the journal accepts no writes');
      return said.find((line) => line.includes('the journal accepts no writes'))!;
    });
    expect(JSON.parse(why)).toMatchObject({ err: { message: expect.stringContaining('full') } });
    await promisify(execFile)('nsenter', [`--mount=/proc/${server.pid}/ns/mnt`, 'mount', '-o', 'remount,size=30m', dataDir]);
    await vi.waitFor(async () => expect((await call(`${server.url}/readyz`)).body).toEqual({ status: 'ready' }), patient);
    await write(server, token, { path: `/v1/channels/${id}/posts/${first}/takedown`, body: {} });
    await vi.waitFor(() => expect(said.join()).toContain('the journal accepts writes again'));
  });

  it('is reported by /readyz before anyone writes, and so is freed space', async (test) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-full-'));
    test.onTestFinished(() => rm(dataDir, { recursive: true }));
    const starter = [unshare, '--mount', 'sh', '-c', 'mount -t tmpfs -o size=3m tmpfs "$0" && exec "$@"', dataDir];
    const server = await startServerProcess({ dataDir, starter });
    test.onTestFinished(() => server[Symbol.asyncDispose]());
    const readiness = async () => (await call(`${server.url}/readyz`)).body;
    const inside = join(`/proc/${server.pid}/root`, dataDir);
    await writeFile(join(inside, 'all'), Buffer.alloc(8 * 1024 * 1024)).catch(() => undefined);
    const full = { status: 'degraded', reason: 'The journal accepts no writes. Its disk is full.', since: expect.any(String) };
    await vi.waitFor(async () => expect(await readiness()).toEqual(full), patient);
    await rm(join(inside, 'all'));
    await vi.waitFor(async () => expect(await readiness()).toEqual({ status: 'ready' }), patient);
  });

  it('makes a start fail with a sentence, and leaves no partial files behind', async (test) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-full-'));
    test.onTestFinished(() => rm(dataDir, { recursive: true }));
    const fill = 'mount -t tmpfs -o size=8k tmpfs "$0" && { head -c 1m /dev/zero > "$0/all"; "$@"; ls -A "$0"; }';
    for (const given of [{}, { PRESSBOX_JWT_SECRET: 'x'.repeat(40) }]) {
      const { stdout, stderr } = spawnSync(
        unshare,
        ['--mount', 'sh', '-c', fill, dataDir, process.execPath, join(root, 'src/main.ts')],
        { encoding: 'utf8', env: { ...process.env, PRESSBOX_DATA_DIR: dataDir, PRESSBOX_PORT: '0', ...given } },
      );
      expect(stderr.split('\n').filter((line) => !line.startsWith('head: '))).toEqual([
        expect.stringMatching(/^PRESSBOX_DATA_DIR: .*(?:no space left|full)/),
        '',
      ]);
      expect(stdout).not.toContain('token-secret');
    }
  });

  it('does not stop a server that logs to it, and the log is complete again once there is space', async (test) => {
    const [dataDir, full] = await Promise.all(['data', 'full'].map((name) => mkdtemp(join(tmpdir(), `pressbox-${name}-`))));
    test.onTestFinished(() => Promise.all([dataDir!, full!].map((path) => rm(path, { recursive: true }))).then(() => undefined));
    const fill = 'mount -t tmpfs -o size=64k tmpfs "$0" && { head -c 1m /dev/zero > "$0/all"; exec "$@" > "$0/log"; }';
    const port = String(await freePort());
    const server = spawn(unshare, ['--mount', 'sh', '-c', fill, full!, process.execPath, join(root, 'src/main.ts')], {
      stdio: 'ignore',
      env: { ...process.env, PRESSBOX_DATA_DIR: dataDir, PRESSBOX_PORT: port },
    });
    test.onTestFinished(() => void server.kill('SIGKILL'));
    const ended = once(server, 'exit');
    const url = `http://127.0.0.1:${port}`;
    await vi.waitFor(async () => expect((await call(`${url}/readyz`)).body).toEqual({ status: 'ready' }), patient);
    const inside = `/proc/${server.pid}/root${full}`;
    await rm(`${inside}/all`);
    // Makes the server write a log line.
    server.kill('SIGUSR2');
    await vi.waitFor(
      async () => expect(await readFile(`${inside}/log`, 'utf8')).toMatch(/listening.*SIGUSR2 was ignored/s),
      patient,
    );
    server.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});

describeWith.concurrent(needs.redis, 'a server on Redis that is operated as the pages for operators say', (binary) => {
  /** The documented answer of `/readyz`. */
  const [states = []] = tablesOf(health, '/readyz');
  const told = (status: string) => quotedIn(states.find(([, body]) => body?.includes(`"status":"${status}"`))?.[1])[0];

  const answered = async ({ url }: ServerProcess) => {
    const { status, text } = await call(`${url}/readyz`);
    return [status, text.replace(/"since":"[^"]*"/, '"since":"2026-11-24T12:00:00.000Z"')];
  };
  const seriesOf = async ({ url }: ServerProcess, series: string) =>
    Number(new RegExp(`^${series} (.*)$`, 'm').exec((await call(`${url}/metrics`)).text)?.[1]);

  it('logs why its store is unreachable', async (test) => {
    const redis = await startRedisFor(test, binary);
    const said: string[] = [];
    const server = await startServerProcess({ env: { PRESSBOX_REDIS_URL: redis.url }, onLine: (line) => said.push(line) });
    test.onTestFinished(() => server[Symbol.asyncDispose]());
    const says = (what: RegExp) => vi.waitFor(() => expect(said.join('\n')).toMatch(what), patient);
    await redis.admin.call('ACL', 'SETUSER', 'pressbox', 'resetpass', '>another');
    for (const type of ['normal', 'pubsub']) await redis.admin.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
    await says(/"why":"Redis[^"]+","msg":"the journal is unreachable"/);
    await says(/"why":"Redis: WRONGPASS [^"]+","msg":"Redis is unreachable/);
    await redis.admin.call('ACL', 'SETUSER', 'pressbox', '>word');
    await says(/"msg":"the journal is reachable again"/);
    await redis.kill();
    await says(/"why":"Redis is unreachable: [^"]*ECONNREFUSED[^"]+","msg":"Redis is unreachable/);
    // A server that starts meanwhile reports the outage, and no mistake in the configuration.
    const started = await startServerProcess({ env: { PRESSBOX_REDIS_URL: redis.url } }).catch((error: Error) => error.message);
    expect(started).toMatch(/PRESSBOX_REDIS_URL: Redis cannot be reached: connect ECONNREFUSED/);
    expect(started).not.toContain('mistakes');
  });

  it('answers /readyz as documented while its store fails and returns, and while it starts and drains', async (test) => {
    const redis = await startRedisFor(test, binary);
    const said: string[] = [];
    const env = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_PORT: String(await freePort()) };
    const server = await startServerProcess({ env, onLine: (line) => said.push(line) });
    test.onTestFinished(() => server[Symbol.asyncDispose]());
    expect(await answered(server)).toEqual([200, told('ready')]);
    await redis.kill();
    await vi.waitFor(async () => expect(await answered(server)).toEqual([200, told('degraded')]), patient);
    expect((await call(`${server.url}/healthz`)).status).toBe(200);
    expect(await seriesOf(server, 'pressbox_store_reachable')).toBe(0);
    await vi.waitFor(() => expect(said.join()).toContain('the journal is unreachable'), patient);
    await redis.start();
    await vi.waitFor(async () => expect(await answered(server)).toEqual([200, told('ready')]), patient);
    expect(await seriesOf(server, 'pressbox_store_reachable')).toBe(1);
    const reader = await openReader(server.url);
    test.onTestFinished(() => reader.destroy());
    const ended = server.exit();
    process.kill(server.pid, 'SIGTERM');
    await vi.waitFor(async () => expect(await answered(server)).toEqual([503, told('draining')]));
    reader.destroy();
    expect(await ended).toBe(0);

    process.kill(redis.pid, 'SIGSTOP');
    const starting = server.start();
    starting.catch(() => undefined);
    const url = `http://127.0.0.1:${env.PRESSBOX_PORT}`;
    await vi.waitFor(async () => {
      const { status, text } = await call(`${url}/readyz`);
      expect([status, text]).toEqual([503, told('starting')]);
    }, patient);
    // The signal does not end the server, although it has no workers to replace yet.
    process.kill(server.pid, 'SIGUSR2');
    await expect(starting).rejects.toThrow(/ended with 1 before it served:.*PRESSBOX_REDIS_URL/s);
  });

  it('reports unsafe settings until they are corrected', async (test) => {
    const redis = await startRedisFor(test, binary, ['appendfsync everysec']);
    const server = await startServerProcess({ env: { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_ALLOW_UNSAFE_REDIS: '1' } });
    test.onTestFinished(() => server[Symbol.asyncDispose]());
    const [, unsafe] = states.find(([, body]) => body?.startsWith('`"unsafe"')) ?? [];
    expect((await answered(server))[1]).toContain(quotedIn(unsafe)[0]);
    const series = 'pressbox_store_unsafe_settings{setting="appendfsync",role="master"}';
    expect(await seriesOf(server, series)).toBe(1);
    await redis.admin.config('SET', 'appendfsync', 'always');
    await vi.waitFor(async () => expect(await answered(server)).toEqual([200, told('ready')]), patient);
    expect(await seriesOf(server, series)).toBe(0);
  });

  it('refuses writes and takedowns at maxmemory, logs the reason once, and recovers once the limit is raised', async (test) => {
    const redis = await startRedisFor(test, binary);
    const said: string[] = [];
    const server = await startServerProcess({ env: { PRESSBOX_REDIS_URL: redis.url }, onLine: (line) => said.push(line) });
    test.onTestFinished(() => server[Symbol.asyncDispose]());
    const token = await server.token();
    const { id } = await createChannel(server, token);
    const { post } = await publish(server, token, id, { body: 'Before.' });
    await redis.admin.config('SET', 'maxmemory', '1mb');
    for (const path of ['posts', `posts/${post.id}/takedown`]) {
      const answer = await call(`${server.url}/v1/channels/${id}/${path}`, {
        method: 'POST',
        token,
        body: path === 'posts' ? { body: 'x' } : {},
      });
      expect([path, answer.status, answer.body]).toMatchObject([path, 503, refusesToWrite]);
    }
    expect(await seriesOf(server, 'pressbox_appends_total{outcome="refused"}')).toBe(2);
    const degraded = {
      status: 'degraded',
      reason: 'The journal accepts no writes. Its memory is full.',
      since: expect.any(String),
    };
    await vi.waitFor(async () => expect((await call(`${server.url}/readyz`)).body).toEqual(degraded), patient);
    expect(await seriesOf(server, 'pressbox_store_writable')).toBe(0);
    expect(await seriesOf(server, 'pressbox_store_reachable')).toBe(1);
    await redis.admin.config('SET', 'maxmemory', '0');
    await vi.waitFor(async () => expect(await answered(server)).toEqual([200, told('ready')]), patient);
    await publish(server, token, id, { body: 'After.' });
    await vi.waitFor(() => expect(said.join()).toContain('the journal accepts writes again'));
    const about = said
      .filter((line) => line.includes('the journal accepts'))
      .map((line) => JSON.parse(line) as { msg: string; err?: { message: string } });
    expect(about.map(({ msg }) => msg)).toEqual(['the journal accepts no writes', 'the journal accepts writes again']);
    expect(about[0]?.err?.message).toContain('OOM');
  });

  it('stays connected to a master that became a replica until its connections end, then follows the address', async (test) => {
    const replicating = ['rdb-del-sync-files yes', 'repl-diskless-sync yes', 'repl-diskless-sync-delay 0'];
    const [before, after] = [await startRedisFor(test, binary, replicating), await startRedisFor(test, binary, replicating)];
    const address = await startLine(`http://127.0.0.1:${before.port}`);
    test.onTestFinished(() => address[Symbol.asyncDispose]());
    const said: string[] = [];
    const server = await startServerProcess({
      env: { PRESSBOX_REDIS_URL: before.url.replace(String(before.port), new URL(address.url).port) },
      onLine: (line) => said.push(line),
    });
    test.onTestFinished(() => server[Symbol.asyncDispose]());
    const token = await server.token();
    const { id } = await createChannel(server, token);
    await after.admin.call('REPLICAOF', '127.0.0.1', String(before.port));
    await vi.waitFor(async () => expect(await after.admin.info('replication')).toContain('master_link_status:up'), patient);
    const { offset } = await publish(server, token, id, { body: 'Before.' });
    await vi.waitFor(async () => expect(await after.admin.xlen(channelKeys(id)[0]!)).toBe(offset), patient);
    await after.admin.call('REPLICAOF', 'NO', 'ONE');
    await before.admin.call('REPLICAOF', '127.0.0.1', String(after.port));
    address.target = `http://127.0.0.1:${after.port}`;
    await vi.waitFor(async () => expect(await answered(server)).toEqual([200, told('degraded')]), patient);
    // The old master answers, and its error says that it is a replica.
    for (const msg of ['Redis is unreachable: readers may see stale state', 'the journal is unreachable'])
      await vi.waitFor(
        () => expect(said.find((line) => line.includes(`"msg":"${msg}"`))).toMatch(/"why":"[^"]*READONLY/),
        patient,
      );
    for (const [, type = ''] of troubleshooting.matchAll(/`CLIENT KILL TYPE (\w+)`/g))
      await before.admin.call('CLIENT', 'KILL', 'TYPE', type);
    await vi.waitFor(async () => expect(await answered(server)).toEqual([200, told('ready')]), patient);
    expect((await publish(server, token, id, { body: 'After.' })).offset).toBe(offset + 1);
  });
});
