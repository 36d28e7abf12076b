import { expect, it, vi } from 'vitest';
import { Connection } from '../../../src/journal/redis/connection/connection.ts';
import { OneServer } from '../../../src/journal/redis/connection/one-server.ts';
import { channelKeys, registry } from '../../../src/journal/redis/keys.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import { Requests } from '../../../src/journal/redis/request-keys.ts';
import { loadScripts, run } from '../../../src/journal/redis/scripts.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import {
  appended,
  appending,
  createChannel,
  head,
  newRequest,
  publication,
  publish,
  samplePost,
} from '../../support/stores/engines.ts';
import { openNodeFor, startRedisFor } from '../../support/stores/redis.ts';

const keptMs = limits.idempotencyHours * 3_600_000;
/** How long a test may take. */
const aWhileMs = 300_000;

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `the memory of requests in ${kind}`, (binary) => {
    it('does not expire by the clock of the store; later writes drop requests that are too old', async (test) => {
      const server = await startRedisFor(test, binary);
      let elapsed = 0;
      const engine = await openNodeFor(test, server, { elapsed: () => elapsed });
      const { id } = await createChannel(engine);
      const [request, noted, creation] = [newRequest(), newRequest(), newRequest()];
      const outcome = { position: await head(engine, id), postId: null, revision: 1 };
      await appended(engine, id, [publication(samplePost(id))], { request });
      await engine.note(id, noted, outcome);
      await engine.reserve(creation.id, id);
      const own = [request, noted].map(({ id: requestId }) => channelKeys(id, requestId)[11] as string);
      const kept = [...own, registry.reservation(creation.id)];
      const secret = channelKeys(id).at(-1) as string;
      for (const key of [...kept, secret]) expect([key, await server.admin.pttl(key)]).toEqual([key, -1]);

      elapsed = keptMs;
      await publish(engine, id);
      await engine.reserve(newRequest().id, id);
      expect(await server.admin.exists(...kept)).toBe(0);
    });

    it('is dropped in an idle channel once it is too old, and not before', async (test) => {
      const server = await startRedisFor(test, binary);
      const engine = await openNodeFor(test, server);
      const [a, b] = [await createChannel(engine), await createChannel(engine)];
      for (const { id } of [a, b]) await publish(engine, id);
      const options = { url: server.url, minReplicas: 0, allowUnsafe: false, scripts: loadScripts(), server: new OneServer() };
      const [writes, commands] = ['writes', 'talk'].map((name) => new Connection({ ...options, name })) as [
        Connection,
        Connection,
      ];
      test.onTestFinished(() => {
        for (const connection of [writes, commands]) connection.close();
      });
      await Promise.all([writes.open(5_000), commands.open(5_000)]);
      let elapsed = 0;
      const requests = new Requests({ writes, commands, elapsed: () => elapsed });
      const left = async () => (await server.admin.keys('*:request:*')).length;
      elapsed = keptMs - 1;
      await requests.sweep();
      expect(await left()).toBe(4);
      elapsed = keptMs + aWhileMs;
      await requests.sweep();
      expect(await left()).toBe(0);
      expect(await server.admin.keys('*:requests')).toEqual([]);
    });

    it('expires without a sweep after its channel was deleted', async (test) => {
      const server = await startRedisFor(test, binary);
      const engine = await openNodeFor(test, server);
      const { id } = await createChannel(engine);
      const [request, deleting, late] = [newRequest(), newRequest(), newRequest()];
      const { position } = await appended(engine, id, [publication(samplePost(id))], { request });
      await engine.deleteChannel(id, deleting, 'root');
      await engine.note(id, late, { position, postId: null, revision: 1 });
      const all = channelKeys(id, '')[12] as string;
      await vi.waitFor(async () => expect(await server.admin.exists(all)).toBe(0));
      for (const one of [request, deleting, late]) {
        const leftMs = await server.admin.pttl(channelKeys(id, one.id)[11] as string);
        expect(leftMs > keptMs - aWhileMs && leftMs <= keptMs).toBe(true);
        expect(await engine.recall(id, one)).toBeDefined();
      }
      expect(await server.admin.exists(all, channelKeys(id).at(-1) as string)).toBe(0);
    });

    it('gets its expiry in bounded steps after its channel was deleted, and not before', async (test) => {
      const server = await startRedisFor(test, binary);
      const engine = await openNodeFor(test, server);
      const { id } = await createChannel(engine);
      const keys = channelKeys(id, newRequest().id);
      const [, all] = keys.slice(11) as [string, string];
      const scripts = loadScripts();
      const most = redisLimits.requestSweepMost;
      const step = () => run(server.admin, scripts['end-requests'], keys, [keptMs, most]);
      for (let nth = 0; nth < most; nth += 1) await server.admin.zadd(all, nth, `imported-${nth}`);
      await server.admin.set(channelKeys(id, 'imported-7')[11] as string, 'x');
      const count = await server.admin.zcard(all);
      expect(count).toBe(most + 1);
      expect(await step()).toBe(0);
      // Runs only the script, as if the node died right after sending it.
      const anyPosition = ['', '', ''];
      const args = [0, keptMs, 'print', 'salt', ...anyPosition, '0'.repeat(32), 0];
      expect(
        await run(
          server.admin,
          scripts['delete-channel'],
          [...keys, registry.activity, registry.activityPlaces, registry.server],
          args,
        ),
      ).toBe('deleted');
      expect(await server.admin.zcard(all)).toBe(count);
      expect([await step(), await step(), await step()]).toEqual([most, 1, 0]);
      expect(await server.admin.exists(all)).toBe(0);
      expect(await server.admin.pttl(channelKeys(id, 'imported-7')[11] as string)).toBeGreaterThan(keptMs - aWhileMs);
    });

    it('gets an expiry if a node of an earlier version deleted its channel without setting one', async (test) => {
      const server = await startRedisFor(test, binary);
      const before = await openNodeFor(test, server);
      const { id } = await createChannel(before);
      await before.deleteChannel(id, newRequest(), 'root');
      await before.close();
      const [key, all] = channelKeys(id, 'left').slice(11) as [string, string];
      await server.admin.set(key, 'x');
      await server.admin.zadd(all, 1, 'left');
      // Backdate the note, so that the first check after the start picks the channel up.
      await server.admin.zadd(registry.pendingErasures, Date.now() - 2 * redisLimits.owedStaleMs, id);
      await openNodeFor(test, server);
      await vi.waitFor(async () => expect(await server.admin.exists(all)).toBe(0), { timeout: 10_000 });
      expect(await server.admin.pttl(key)).toBeGreaterThan(keptMs - aWhileMs);
    });

    it('includes requests that a node of an earlier version stored with an expiry', async (test) => {
      const server = await startRedisFor(test, binary);
      const engine = await openNodeFor(test, server);
      const { id } = await createChannel(engine);
      const request = newRequest();
      const { post } = await appended(engine, id, [publication(samplePost(id))], { request });
      const [key, all] = channelKeys(id, request.id).slice(11) as [string, string];
      await server.admin.zrem(all, request.id);
      await server.admin.pexpire(key, keptMs);
      expect(await engine.recall(id, request)).toMatchObject({ same: true, postId: post?.id });
      expect((await engine.append(id, appending([publication(samplePost(id))], { request }))).status).toBe('duplicate');
    });

    it('ages by a clock that continues where earlier nodes left it', async (test) => {
      const server = await startRedisFor(test, binary);
      await server.admin.set(registry.requestClock, 7 * keptMs);
      const engine = await openNodeFor(test, server);
      const { id } = await createChannel(engine);
      const scores = await server.admin.zrange(channelKeys(id, '')[12] as string, 0, '-1', 'WITHSCORES');
      expect(Number(scores[1])).toBeGreaterThanOrEqual(7 * keptMs);
      expect(Number(scores[1])).toBeLessThan(7 * keptMs + aWhileMs);
    });
  });
}
