import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { allPosts, createChannel, publish, write, writeAndErase } from '../../support/authors/writers.ts';
import { type Watcher, watch } from '../../support/readers/distrustful-reader.ts';
import { openStream, streamed } from '../../support/readers/stream-reader.ts';
import { describeOn } from '../../support/runner/needs.ts';
import { startLine } from '../../support/servers/bad-line.ts';
import { type ServerProcess, startServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';
import { publish as publishOver } from '../../support/stores/engines.ts';
import { copyOf, openMuteNodeFor, type RedisServer, startRedis } from '../../support/stores/redis.ts';

const secret = 'a secret that both nodes know, of 32 bytes or more';
const patient = { interval: 50 };

for (const kind of ['redis', 'valkey'] as const) {
  describeOn(kind, `two servers on one ${kind}`, (binary) => {
    let redis: RedisServer;
    let [a, b]: ServerProcess[] = [];
    let token: string;
    const watchers: Watcher[] = [];
    /** The log of the first server. */
    const lines: string[] = [];
    /** Shared by all cases. Each has its own channels, and leaves both servers and the store running. */
    beforeAll(async () => {
      redis = await startRedis(binary);
      const env = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: secret };
      const onLine = (line: string) => lines.push(line);
      [a, b] = await Promise.all([startServerProcess({ env, onLine }), startServerProcess({ env })]);
      token = await a.token({ editor: ['*'], admin: true });
    });
    afterEach(() => {
      for (const watcher of watchers.splice(0)) watcher[Symbol.dispose]();
    });
    afterAll(async () => {
      await Promise.all([a?.[Symbol.asyncDispose](), b?.[Symbol.asyncDispose]()]);
      await redis?.stop();
    });

    function reader(server: ServerProcess, channelId: string): Watcher {
      const watcher = watch(server.url, channelId);
      watchers.push(watcher);
      return watcher;
    }
    const get = async (server: ServerProcess, channelId: string, path: string) =>
      (await call(`${server.url}/v1/channels/${channelId}/${path}`)).text;
    const caughtUp = (watcher: Watcher, offset: number) => vi.waitFor(() => expect(watcher.offset).toBe(offset), patient);

    it('report no channel as deleted while they shut down', async (test) => {
      const line = await startLine(`http://127.0.0.1:${redis.port}`);
      test.onTestFinished(() => line[Symbol.asyncDispose]());
      const url = redis.url.replace(String(redis.port), new URL(line.url).port);
      const going = await startServerProcess({ env: { PRESSBOX_REDIS_URL: url, PRESSBOX_JWT_SECRET: secret } });
      test.onTestFinished(() => going[Symbol.asyncDispose]());
      const { id } = await createChannel(a!, token);
      // The store answers slowly, so the shutdown interrupts reads at different points.
      line.delayMs = 200;
      const addresses = ['snapshot', 'events', 'feed.atom'].map((path) => `/v1/channels/${id}/${path}`).concat(`/live/${id}`);
      const reads: Promise<number | undefined>[] = [];
      for (let step = 0; step < 30; step += 1) {
        for (const address of addresses) {
          reads.push(
            call(`${going.url}${address}`).then(
              ({ status }) => status,
              () => undefined,
            ),
          );
        }
        await pause(30);
      }
      expect(await going.stop()).toBe(0);
      const statuses = new Set(await Promise.all(reads));
      expect([...statuses].filter((status) => status !== 200 && status !== 503 && status !== undefined)).toEqual([]);
    });

    it('show posts of either to readers of both, who end with the same state', async () => {
      const { id } = await createChannel(a!, token);
      const [near, far] = [reader(a!, id), reader(b!, id)];
      for (let index = 0; index < 10; index++) await publish(index % 2 === 0 ? a! : b!, token, id, { body: `Post ${index}.` });
      await Promise.all([caughtUp(near, 11), caughtUp(far, 11)]);
      expect(near.posts).toEqual(far.posts);
      expect(await allPosts(a!, id)).toEqual(await allPosts(b!, id));
      expect([near.faults, far.faults]).toEqual([[], []]);
      // The signal would end the process by default. With nothing to renew, the server logs a line.
      process.kill(a!.pid, 'SIGUSR2');
      await vi.waitFor(() => expect(lines.filter((line) => line.includes('SIGUSR2 was ignored'))).toHaveLength(1), patient);
      await publish(a!, token, id, { body: 'Still here.' });
    });

    // Runs before a server is killed, because an erasure waits up to 15 s for a killed server.
    it('erase a post on both, and report that the erasure is complete', async () => {
      const { id } = await createChannel(a!, token);
      const far = reader(b!, id);
      const { post } = await publish(a!, token, id, { body: 'zqsecret' });
      await caughtUp(far, 2);
      const down = await writeAndErase(a!, token, { path: `/v1/channels/${id}/posts/${post.id}/takedown`, body: {} });
      expect([down.status, down.erasure]).toEqual([200, { complete: true, pending: [] }]);
      await caughtUp(far, 3);
      for (const node of [a!, b!]) {
        for (const path of [
          'snapshot',
          'posts',
          'feed.atom',
          'ninjs.json',
          'corrections.atom',
          `posts/${post.id}`,
          'events?after=',
        ]) {
          const { text } = await call(`${node.url}/v1/channels/${id}/${path}`);
          expect(text).not.toContain('zqsecret');
        }
      }
      expect(far.faults).toEqual([]);
    });

    it('name a server that blocks an erasure as the log of that server does, so that an operator can stop it', async (test) => {
      const said: string[] = [];
      const env = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: secret };
      const hung = await startServerProcess({ env, onLine: (line) => said.push(line) });
      test.onTestFinished(() => hung[Symbol.asyncDispose]());
      const { id } = await createChannel(a!, token);
      const { post } = await publish(a!, token, id, { body: 'One.' });
      const takedown = { path: `/v1/channels/${id}/posts/${post.id}/takedown`, body: {} };
      process.kill(hung.pid, 'SIGSTOP');
      try {
        const { erasure } = (await write(a!, token, takedown)) as Awaited<ReturnType<typeof writeAndErase>>;
        const listening = JSON.parse(said.find((line) => line.includes('"listening"'))!) as { node?: string };
        expect(erasure?.pending.map(({ where }) => where)).toEqual([`node ${listening.node}`]);
      } finally {
        process.kill(hung.pid, 'SIGCONT');
      }
      expect((await writeAndErase(a!, token, takedown)).erasure?.complete).toBe(true);
    });

    it('keep working when the other is killed', async () => {
      const { id } = await createChannel(a!, token);
      const far = reader(b!, id);
      await publish(a!, token, id, { body: 'One.' });
      await a!.kill();
      await publish(b!, token, id, { body: 'Two.' });
      await caughtUp(far, 3);
      await a!.start();
      const near = reader(a!, id);
      await publish(b!, token, id, { body: 'Three.' });
      await Promise.all([caughtUp(near, 4), caughtUp(far, 4)]);
      expect([near.faults, far.faults]).toEqual([[], []]);
    });

    it('keep their readers while Redis restarts, and lose nothing', async () => {
      const { id } = await createChannel(a!, token);
      const [near, far] = [reader(a!, id), reader(b!, id)];
      await caughtUp(far, 1);
      await caughtUp(near, 1);
      const [firstA, firstB] = [near.socket.id, far.socket.id];
      const writes = Array.from({ length: 30 }, async (_, index) =>
        publish(index % 2 === 0 ? a! : b!, token, id, { body: `Post ${index}.` }, `key-${index}`),
      );
      await redis.kill();
      await redis.start();
      const posts = await Promise.all(writes);
      expect(new Set(posts.map(({ post }) => post.id)).size).toBe(30);
      await Promise.all([caughtUp(near, 31), caughtUp(far, 31)]);
      expect([near.socket.id, far.socket.id]).toEqual([firstA, firstB]);
      expect([near.faults, far.faults, near.endings, far.endings]).toEqual([[], [], [], []]);
      expect(near.posts).toEqual(far.posts);
    });

    it('tell readers and authors that Redis is unreachable, and continue when it is back', async () => {
      const { id } = await createChannel(a!, token);
      const far = reader(b!, id);
      await caughtUp(far, 1);
      const reachability: boolean[] = [];
      far.socket.on('store', ({ reachable }: { reachable: boolean }) => reachability.push(reachable));
      using stream = await openStream(b!.url, id);
      const storeOf = (reader: typeof stream) => reader.heard<{ reachable: boolean }>('store').map(({ reachable }) => reachable);
      const { cursor } = await publish(a!, token, id, { body: 'Before.' });
      await vi.waitFor(() => expect(stream.cursor).toBe(cursor), patient);
      const poll = call(`${b!.url}/v1/channels/${id}/events?wait=30&after=${cursor}`);
      await vi.waitFor(
        async () => expect((await call(`${b!.url}/metrics`)).text).toContain('pressbox_readers{transport="poll"} 1\n'),
        patient,
      );
      process.kill(redis.pid, 'SIGSTOP');
      let late: typeof stream | undefined;
      try {
        // test/engine/redis/announcements.test.ts asserts one message each. On a busy machine a connection may seem dead more often.
        await vi.waitFor(() => expect([reachability.at(-1), storeOf(stream).at(-1)]).toEqual([false, false]), patient);
        const answer = await poll;
        expect([answer.status, answer.body]).toMatchObject([503, { code: 'journal-unavailable', outcome: 'unchanged' }]);
        expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
        // A new reader is told that the store is unreachable, and catches up later.
        late = await openStream(b!.url, id, { after: cursor });
        await vi.waitFor(() => expect(storeOf(late!).at(-1)).toBe(false), patient);
        expect(late.heard('catchup')).toEqual([]);
        const snapshot = await call(`${b!.url}/v1/channels/${id}/snapshot`);
        expect([snapshot.status, snapshot.body]).toMatchObject([503, { code: 'journal-unavailable' }]);
        for (const file of ['feed.atom', 'feed.json', 'liveblog.jsonld', 'ninjs.json']) {
          const feed = await call(`${b!.url}/v1/channels/${id}/${file}`);
          expect([file, feed.status, feed.body]).toMatchObject([file, 503, { code: 'journal-unavailable' }]);
        }
        const refused = await call(`${b!.url}/v1/channels/${id}/posts`, { method: 'POST', token, body: { body: 'Late.' } });
        expect([refused.status, refused.body]).toMatchObject([503, { code: 'journal-unavailable', outcome: expect.any(String) }]);
        const ready = await call(`${b!.url}/readyz`);
        expect([ready.status, ready.body]).toMatchObject([200, { status: 'degraded' }]);
      } finally {
        process.kill(redis.pid, 'SIGCONT');
      }
      await vi.waitFor(() => expect([reachability.at(-1), storeOf(stream).at(-1)]).toEqual([true, true]), patient);
      const { offset } = await write(a!, token, { path: `/v1/channels/${id}/posts`, body: { body: 'Back.' }, key: 'back' });
      await caughtUp(far, offset);
      expect(far.faults).toEqual([]);
      await vi.waitFor(() => expect(streamed(stream)).toMatchObject({ offset, faults: [] }), patient);
      await vi.waitFor(() => expect(streamed(late!)).toMatchObject({ offset, faults: [] }), patient);
      late!.destroy();
    });

    it('stop serving what Redis has lost, even without an announcement', async (test) => {
      const { id } = await createChannel(a!, token);
      const mute = await openMuteNodeFor(test, redis);
      const { cursor } = await publish(a!, token, id, { body: 'Kept.' });
      await publish(a!, token, id, { body: 'Kept too.' });
      const far = reader(b!, id);
      await caughtUp(far, 3);
      const read = () => Promise.all([`events?after=${cursor}`, 'snapshot', 'feed.atom'].map((path) => get(b!, id, path)));
      const putBack = await copyOf(redis, id);
      await publishOver(mute, id, { body: 'zqlost', html: '<p>zqlost</p>' });
      expect((await read()).map((text) => text.includes('zqlost'))).toEqual([true, true, true]);
      // The post is missing, as after a failover to a replica that lagged.
      await putBack();
      await vi.waitFor(async () => {
        expect((await read()).map((text) => text.includes('zqlost'))).toEqual([false, false, false]);
      }, patient);
      const late = reader(b!, id);
      await caughtUp(late, 3);
      expect([late.posts.length, far.faults, late.faults]).toEqual([2, [], []]);
    });

    it('name a setting that became unsafe in /readyz and the metrics, and go on once it is safe', async () => {
      await using node = await startServerProcess({ env: { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: secret } });
      const unsafeInMetrics = async () =>
        /^pressbox_store_unsafe_settings\{setting="appendfsync",role="master"\} (\d)$/m.exec(
          (await call(`${node.url}/metrics`)).text,
        )?.[1];
      await redis.admin.config('SET', 'appendfsync', 'everysec');
      try {
        const reason = 'The journal is not used, because settings of Redis are unsafe.';
        const degraded = { status: 'degraded', reason, unsafe: ['appendfsync always'] };
        await vi.waitFor(async () => expect((await call(`${node.url}/readyz`)).body).toMatchObject(degraded), {
          interval: 50,
          timeout: 30_000,
        });
        expect(await unsafeInMetrics()).toBe('1');
      } finally {
        await redis.admin.config('SET', 'appendfsync', 'always');
      }
      await vi.waitFor(async () => expect((await call(`${node.url}/readyz`)).body).toEqual({ status: 'ready' }), {
        interval: 50,
        timeout: 30_000,
      });
      expect(await unsafeInMetrics()).toBe('0');
    });

    it('name a server that shares no secret with them, and none that shares one of several', async () => {
      const start = (secrets: string, onLine?: (line: string) => void) =>
        startServerProcess({
          env: { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: secrets },
          ...(onLine && { onLine }),
        });
      const shownBy = async ({ url }: ServerProcess) => (await call(`${url}/readyz`)).body;
      // Other cases restart the first server.
      const nodeIn = (log: string[]) => [...log.join('\n').matchAll(/"node":"([^"]+)".*"msg":"listening"/g)].at(-1)?.[1];
      const [older, newer] = ['old', 'new'].map((name) => name.padEnd(43, '-')) as [string, string];
      const theirLog: string[] = [];
      await using stranger = await start(newer, (line) => theirLog.push(line));
      const name = nodeIn(theirLog) as string;
      expect(await shownBy(stranger)).toMatchObject({ status: 'ready', otherSecrets: expect.arrayContaining([nodeIn(lines)]) });
      await vi.waitFor(async () => expect(await shownBy(a!)).toEqual({ status: 'ready', otherSecrets: [name] }), patient);
      const warnings = () => lines.filter((line) => line.includes('another server of the store shares no secret with this one'));
      // The line may be read after the answer.
      await vi.waitFor(() => expect(warnings()).toHaveLength(1), patient);
      expect(warnings().map((line) => JSON.parse(line))).toMatchObject([{ level: 'warn', nodes: [name] }]);
      await using both = await start(`${newer},${older}`);
      expect(await shownBy(both)).not.toMatchObject({ otherSecrets: expect.arrayContaining([name]) });
      await both.stop();
      await stranger.stop();
      await vi.waitFor(async () => expect(await shownBy(a!)).toEqual({ status: 'ready' }), patient);
    });

    it('report an allowed unsafe setting in /readyz and the metrics', async () => {
      await redis.admin.config('SET', 'appendfsync', 'everysec');
      try {
        const env = { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: secret };
        await expect(startServerProcess({ env })).rejects.toThrow(/appendfsync always/);
        await using unsafe = await startServerProcess({ env: { ...env, PRESSBOX_ALLOW_UNSAFE_REDIS: '1' } });
        expect((await call(`${unsafe.url}/readyz`)).body).toEqual({ status: 'ready', unsafe: ['appendfsync always'] });
        expect((await call(`${unsafe.url}/metrics`)).text).toContain(
          'pressbox_store_unsafe_settings{setting="appendfsync",role="master"} 1',
        );
      } finally {
        await redis.admin.config('SET', 'appendfsync', 'always');
      }
    });
  });
}
