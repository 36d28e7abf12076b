import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { seedOf } from '../../support/authors/busy-day.ts';
import { exportOf } from '../../support/authors/transfer.ts';
import { allPosts, createChannel, publish, write } from '../../support/authors/writers.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { seeded } from '../../support/samples/random.ts';
import { type ServerProcess, startServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';
import { found } from '../../support/stores/erased-texts.ts';
import { type Finishing, type RedisServer, startRedisFor } from '../../support/stores/redis.ts';

/** A newsroom has more: 50 coverages of 400 posts are moved with PRESSBOX_TEST_COVERAGES=50 PRESSBOX_TEST_POSTS=400. */
const coverages = Number(process.env.PRESSBOX_TEST_COVERAGES ?? 6);
const postsOfEach = Number(process.env.PRESSBOX_TEST_POSTS ?? 100);
const secret = 'a secret that all servers know, of 32 bytes or more';
const bin = fileURLToPath(new URL('../../../bin/pressbox.mjs', import.meta.url));
const killed = 3;
/** The command starts within this time, and has copied everything. */
const killedWithinMs = 1_500;

async function directoryFor(test: Finishing): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'pressbox-migrate-'));
  test.onTestFinished(() => rm(parent, { recursive: true, force: true }));
  return join(parent, 'data');
}

async function serve(test: Finishing, where: { dataDir: string } | RedisServer): Promise<ServerProcess> {
  const isShared = 'port' in where;
  const env = { PRESSBOX_JWT_SECRET: secret, ...(isShared && { PRESSBOX_REDIS_URL: where.url }) };
  const server = await startServerProcess({ env, ...(isShared ? {} : { dataDir: where.dataDir }) });
  test.onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

/** The command as a process. With `killAfterMs` it is killed then, unless it has ended. */
async function migrate(argv: string[], url: string, killAfterMs?: number) {
  const env = { ...process.env, PRESSBOX_REDIS_URL: url };
  const child = spawn(process.execPath, [bin, 'migrate', ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (some) => (output += String(some)));
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, output };
}

/** Publishes one post after the other, without retries, until it is told to stop. */
function author(server: ServerProcess, token: string, channelId: string) {
  const acknowledged: string[] = [];
  const refusals: unknown[] = [];
  let isOver = false;
  const writing = (async () => {
    while (!isOver) {
      const headers = { 'idempotency-key': crypto.randomUUID() };
      const request = { method: 'POST', token, body: { body: 'While everything was moved.' }, headers };
      const { status, body } = await call(`${server.url}/v1/channels/${channelId}/posts`, request);
      if (status === 201) acknowledged.push((body as { post: { id: string } }).post.id);
      else {
        refusals.push({ status, ...(body as { code: string; outcome: string }) });
        await pause(20);
      }
    }
  })();
  return {
    acknowledged,
    refusals,
    async stop() {
      isOver = true;
      await writing;
    },
  };
}

for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `pressbox migrate between the embedded journal and ${kind}`, (binary) => {
    it('moves a newsroom there and back while authors write and the command is killed: nothing is lost, and nothing happens twice', async (test) => {
      const random = seeded(seedOf(`migrate-${kind}`));
      const redis = await startRedisFor(test, binary);
      const operator = `redis://127.0.0.1:${redis.port}`;
      const [first, last] = [await directoryFor(test), await directoryFor(test)];
      const server = await serve(test, { dataDir: first });
      const token = await server.token({ admin: true, editor: ['*'] });
      const ids: string[] = [];
      for (let count = 0; count < coverages; count += 1) ids.push((await createChannel(server, token)).id);
      for (const id of ids) {
        const all = Array.from({ length: postsOfEach }, (_, at) => ({ headline: `Post ${at}`, body: `What happened at ${at}.` }));
        await Promise.all(all.map((post) => publish(server, token, id, post, crypto.randomUUID())));
      }
      const [id = ''] = ids;
      const old = await publish(server, token, id, { body: 'Cursor.' });
      const key = 'used-before-the-move';
      const used = await publish(server, token, id, { body: 'Once.' }, key);
      const secretPost = await publish(server, token, id, { body: 'zqtaken away' });
      const takedown = {
        method: 'POST' as const,
        path: `/v1/channels/${id}/posts/${secretPost.post.id}/takedown`,
        ifMatch: '"1"',
      };
      await write(server, token, { ...takedown, body: {}, key: crypto.randomUUID() });
      const { id: gone } = await createChannel(server, token);
      await call(`${server.url}/v1/channels/${gone}`, { method: 'DELETE', token });
      const revoked = await server.token({ editor: ['*'] });
      const revoking = await call(`${server.url}/v1/tokens/revoked`, { method: 'POST', token, body: { jti: jtiOf(revoked) } });
      expect(revoking.status).toBe(200);

      const exportsOf = async ({ url }: ServerProcess) => {
        const exports: string[] = [];
        for (const one of ids) exports.push(await exportOf({ url, token: async () => token }, one));
        return exports;
      };
      /** Moves, with kills before, while an author writes to the source, and checks both. */
      const move = async (source: ServerProcess, argv: string[]) => {
        const writing = author(source, token, id);
        for (let kill = 0; kill < killed; kill += 1) await migrate(argv, operator, random.below(killedWithinMs));
        const { code, output } = await migrate(argv, operator);
        expect(code, output).toBe(0);
        await vi.waitFor(() => expect(writing.refusals.length).toBeGreaterThan(0));
        await writing.stop();
        for (const refusal of writing.refusals)
          expect(refusal).toMatchObject({ status: 503, code: 'journal-unavailable', outcome: 'unchanged' });
        return { acknowledged: writing.acknowledged, exports: await exportsOf(source), output };
      };
      const check = async (target: ServerProcess, { acknowledged, exports }: Awaited<ReturnType<typeof move>>) => {
        expect(await exportsOf(target)).toEqual(exports);
        const there = new Set((await allPosts(target, id)).map((post) => post.id));
        expect(acknowledged.filter((one) => !there.has(one))).toEqual([]);
        const replay = await call(`${target.url}/v1/channels/${id}/events?wait=0&after=${old.cursor}`);
        expect(replay.body).toMatchObject({ mode: 'replay', covers: { after: old.offset } });
        const again = await publish(target, token, id, { body: 'Once.' }, key);
        expect(again).toMatchObject({ replayed: true, post: { id: used.post.id } });
        const other = { method: 'POST', token, body: { body: 'Twice.' }, headers: { 'idempotency-key': key } };
        expect((await call(`${target.url}/v1/channels/${id}/posts`, other)).status).toBe(422);
        expect((await call(`${target.url}/v1/channels/${gone}`)).status).toBe(410);
        expect((await call(`${target.url}/v1/channels/${id}/journal`, { token: revoked })).status).toBe(401);
      };

      const there = await move(server, ['--data-dir', first, '--to', 'redis']);
      // A command that was to be killed may have ended before.
      expect(there.output).toMatch(
        /^Moved: \d+ channels, [\d,]+ entries, [\d,]+ idempotency keys, 1 revoked token, |^Everything was/m,
      );
      const second = await serve(test, redis);
      await check(second, there);
      await vi.waitFor(async () => expect(await found(redis.directory, ['zqtaken'])).toEqual([]));
      const back = await move(second, ['--data-dir', last, '--to', 'embedded']);
      const third = await serve(test, { dataDir: last });
      await check(third, back);
      expect(await found(last, ['zqtaken'])).toEqual([]);
      // Neither source can be started again.
      await server.stop();
      await expect(serve(test, { dataDir: first })).rejects.toThrow('The server ended with 1');
      await second.stop();
      await expect(serve(test, redis)).rejects.toThrow('The server ended with 1');
    });
  });
}

function jtiOf(token: string): string {
  return (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string }).jti;
}

it('pressbox migrate refuses a number of replicas that is none', async (test) => {
  const env = { ...process.env, PRESSBOX_REDIS_URL: 'redis://127.0.0.1:1', PRESSBOX_REDIS_MIN_REPLICAS: 'two' };
  const argv = [bin, 'migrate', '--data-dir', await directoryFor(test), '--to', 'redis'];
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (some) => (output += String(some)));
  const [code] = (await once(child, 'close')) as [number];
  expect({ code, output }).toEqual({
    code: 2,
    output: expect.stringContaining('PRESSBOX_REDIS_MIN_REPLICAS must be a whole number'),
  });
});

it('docs/guides/migrating.md names the options that the command has', async () => {
  const page = await readFile(new URL('../../../docs/guides/migrating.md', import.meta.url), 'utf8');
  const named = new Set([...page.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => option));
  const child = spawn(process.execPath, [bin, 'migrate', '--help'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let help = '';
  child.stdout.on('data', (some) => (help += String(some)));
  await once(child, 'close');
  expect([...named].filter((option) => !help.includes(`${option} `))).toEqual([]);
});
