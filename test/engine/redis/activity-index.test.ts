import { expect, it, vi } from 'vitest';
import { channelKeys, registry } from '../../../src/journal/redis/keys.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import { loadScripts } from '../../../src/journal/redis/scripts.ts';
import { repairRedis } from '../../../src/repair.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { appended, at, channelChange, createChannel, newRequest, publish } from '../../support/stores/engines.ts';
import { type Finishing, type openNode, openNodeFor, type RedisServer, startRedisFor } from '../../support/stores/redis.ts';

const patient = { timeout: 10_000, interval: 50 };
const scripts = loadScripts();
type Lister = Pick<Awaited<ReturnType<typeof openNode>>, 'channels'>;

/** The ids of a list by activity, complete. */
async function ids(node: Lister, state: 'live' | 'scheduled' | 'ended' = 'live', limit = 100): Promise<string[]> {
  const read = await node.channels({ state, order: 'activity', limit, desk: [] });
  expect(read?.complete).toBe(true);
  return read?.channels.map(({ id }) => id) ?? [];
}

/** Writes like a version that does not keep the index: as if it had not been touched. */
async function withoutIndex({ admin }: RedisServer, write: () => Promise<unknown>): Promise<void> {
  const keys = [registry.activity, registry.activityPlaces];
  const before = await Promise.all(keys.map((key) => admin.dumpBuffer(key)));
  await write();
  for (const [number, key] of keys.entries())
    if (before[number] === null) await admin.del(key);
    else await admin.restore(key, 0, before[number] as Buffer, 'REPLACE');
}

/** How often scripts run during a call: reads of a channel by a list, reads of its summary, and comparisons with the index. */
async function counted<T>(
  { admin }: RedisServer,
  call: () => Promise<T>,
): Promise<Record<'reads' | 'summaries' | 'placed', number> & { result: T }> {
  await admin.config('SET', 'slowlog-max-len', '100000');
  await admin.config('SET', 'slowlog-log-slower-than', '0');
  await admin.slowlog('RESET');
  const result = await call();
  const told = (await admin.slowlog('GET', -1)) as [number, number, number, string[]][];
  await admin.config('SET', 'slowlog-log-slower-than', '-1');
  const runs = ({ sha }: { sha: string }) => told.filter(([, , , words]) => words[1] === sha).length;
  return {
    result,
    reads: runs(scripts.channel),
    summaries: runs(scripts['channel-summary']),
    placed: runs(scripts['place-channels']),
  };
}

const isBuilt = async ({ admin }: RedisServer) => (await admin.hget(registry.activityPlaces, ':built')) === '1';

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `the index of channels by activity in ${kind}`, (binary) => {
    /** Three live channels, `c-2` the newest. */
    async function threeChannels(test: Finishing) {
      const server = await startRedisFor(test, binary);
      const node = await openNodeFor(test, server);
      for (const number of [0, 1, 2]) await createChannel(node, `c-${number}`, { createdAt: at(number), startedAt: at(number) });
      return { server, node };
    }

    it('lets a list read only the channels of its page, the next one and hidden ones, among any number', async (test) => {
      const server = await startRedisFor(test, binary);
      const node = await openNodeFor(test, server);
      const count = 600;
      for (let from = 0; from < count; from += 100) {
        const numbers = Array.from({ length: 100 }, (_, nth) => from + nth);
        await Promise.all(
          numbers.map((number) =>
            createChannel(node, `ended-${number}`, { state: 'ended', endedAt: at(number), createdAt: at(-number) }),
          ),
        );
      }
      for (const number of [1, 2, 3]) await createChannel(node, `live-${number}`, { startedAt: at(number) });
      for (const number of [4, 5, 6]) await createChannel(node, `desk-${number}`, { startedAt: at(number), access: 'desk' });
      expect((await ids(node, 'ended', 1))[0]).toBe('ended-599');
      const live = await counted(server, () => ids(node, 'live', 2));
      expect(live).toMatchObject({ result: ['live-3', 'live-2'], placed: 0 });
      expect(live.reads).toBeLessThanOrEqual(2 + 1 + 3);
      const ended = await counted(server, () => ids(node, 'ended', 20));
      expect([ended.result.length, ended.reads, ended.placed]).toEqual([20, 21, 0]);
      // A build compares many channels in one script.
      await server.admin.del(registry.activity);
      const built = await counted(server, () => ids(node, 'ended', 20));
      expect(built.result).toEqual(ended.result);
      expect(built.placed).toBeLessThanOrEqual(2 * Math.ceil((count + 6) / redisLimits.placedChannels));
    });

    it('lets a list of a rare state by creation ask no channels of other states', async (test) => {
      const server = await startRedisFor(test, binary);
      const node = await openNodeFor(test, server);
      const numbers = Array.from({ length: 200 }, (_, number) => number);
      await Promise.all(
        numbers.map((number) => createChannel(node, `ended-${number}`, { state: 'ended', createdAt: at(number) })),
      );
      // The oldest has the latest post.
      for (const number of [3, 1, 2]) await createChannel(node, `live-${number}`, { createdAt: at(-number) });
      await publish(node, 'live-3', { publishedAt: at(500) });
      await createChannel(node, 'hidden', { createdAt: at(-4), access: 'desk' });
      await ids(node);
      const list = async (query: object) => (await node.channels({ state: 'live', limit: 2, desk: [], ...query })) ?? undefined;
      const first = await counted(server, () => list({}));
      expect(first.result?.channels.map(({ id }) => id)).toEqual(['live-1', 'live-2']);
      expect([first.summaries, first.reads]).toEqual([4, 3]);
      const rest = await list({ page: first.result?.next as string });
      expect([rest?.channels.map(({ id }) => id), rest?.next]).toEqual([['live-3'], null]);
    });

    it('does not keep lists waiting: they show what it has so far and say that channels may be missing', async (test) => {
      const { server, node } = await threeChannels(test);
      const impatient = await openNodeFor(test, server, { indexWaitMs: 0 });
      await ids(impatient);
      await server.admin.del(registry.activity, registry.activityPlaces);
      const list = { state: 'live', order: 'activity', limit: 2, desk: [] } as const;
      const early = await impatient.channels(list);
      expect(early?.complete).toBe(false);
      expect((await node.channels(list))?.channels.map(({ id }) => id)).toEqual(['c-2', 'c-1']);
      await vi.waitFor(async () => expect(await ids(impatient)).toEqual(['c-2', 'c-1', 'c-0']), patient);
    });

    it('is built by the first list on the data of an earlier version, once for all nodes', async (test) => {
      const { server, node } = await threeChannels(test);
      const other = await openNodeFor(test, server);
      await server.admin.del(registry.activity, registry.activityPlaces);
      await publish(node, 'c-0', { publishedAt: at(50) });
      expect(await ids(other)).toEqual(['c-0', 'c-2', 'c-1']);
      expect(await isBuilt(server)).toBe(true);
      expect(await counted(server, () => Promise.all([ids(node), ids(other)]))).toMatchObject({ placed: 0 });
    });

    it('keeps what an interrupted build placed, and compares the rest', async (test) => {
      const { server, node } = await threeChannels(test);
      await ids(node);
      // The index as left by a build that ended after the first channel.
      await server.admin.hdel(registry.activityPlaces, ':built', 'c-0', 'c-1');
      await server.admin.hset(registry.activityPlaces, ':building', 'a-node-that-is-gone');
      for (const place of await server.admin.zrange(registry.activity, 0, '-1'))
        if (!place.endsWith('c-2')) await server.admin.zrem(registry.activity, place);
      expect(await ids(node)).toEqual(['c-2', 'c-1', 'c-0']);
      expect(await isBuilt(server)).toBe(true);
    });

    it('is right while a node of an earlier version appends, and is built again after that has left', async (test) => {
      const { server, node } = await threeChannels(test);
      expect(await ids(node)).toEqual(['c-2', 'c-1', 'c-0']);
      await server.admin.zadd(registry.nodes, Date.now() + 60_000, 'a-node-of-before');
      await withoutIndex(server, () => publish(node, 'c-1', { publishedAt: at(40) }));
      expect(await ids(node)).toEqual(['c-1', 'c-2', 'c-0']);
      await withoutIndex(server, async () => {
        await createChannel(node, 'c-3', { startedAt: at(60) });
        await node.deleteChannel('c-2', newRequest(), 'root');
      });
      expect(await ids(node)).toEqual(['c-3', 'c-1', 'c-0']);
      // Its last append is found although the node is gone when the next list is read.
      await withoutIndex(server, () => publish(node, 'c-0', { publishedAt: at(70) }));
      await vi.waitFor(async () => expect(await isBuilt(server)).toBe(false), patient);
      await server.admin.zrem(registry.nodes, 'a-node-of-before');
      expect(await ids(node)).toEqual(['c-0', 'c-3', 'c-1']);
      expect(await isBuilt(server)).toBe(true);
      expect(await counted(server, () => ids(node))).toMatchObject({ placed: 0 });
    });

    it('is not declared complete by a build during which a node of an earlier version was running', async (test) => {
      const { server, node } = await threeChannels(test);
      await server.admin.zadd(registry.nodes, Date.now() + 60_000, 'a-node-of-before');
      await vi.waitFor(async () => expect(await isBuilt(server)).toBe(false), patient);
      await ids(node);
      expect(await isBuilt(server)).toBe(false);
    });

    it('is built again when the first node starts after versions that do not keep it', async (test) => {
      const { server, node } = await threeChannels(test);
      expect(await ids(node)).toEqual(['c-2', 'c-1', 'c-0']);
      await withoutIndex(server, () => publish(node, 'c-0', { publishedAt: at(50) }));
      await node.close();
      const next = await openNodeFor(test, server);
      expect(await ids(next)).toEqual(['c-0', 'c-2', 'c-1']);
    });

    it('stays complete when a node joins others that keep it', async (test) => {
      const { server, node } = await threeChannels(test);
      await ids(node);
      const joining = await openNodeFor(test, server);
      expect(await isBuilt(server)).toBe(true);
      expect(await counted(server, () => ids(joining))).toMatchObject({ placed: 0 });
    });

    it.each(['activity', 'activityPlaces'] as const)('is built again when its key %s was deleted by hand', async (name) => {
      const finishing: (() => PromiseLike<void>)[] = [];
      try {
        const { server, node } = await threeChannels({ onTestFinished: (end) => void finishing.unshift(end) });
        await ids(node);
        await server.admin.del(registry[name]);
        expect(await ids(node)).toEqual(['c-2', 'c-1', 'c-0']);
        expect(await isBuilt(server)).toBe(true);
      } finally {
        for (const end of finishing) await end();
      }
    });

    it('corrects the place of a channel that was restored by hand when a list meets it', async (test) => {
      const { server, node } = await threeChannels(test);
      await ids(node);
      await withoutIndex(server, async () => {
        const read = await node.channel('c-2');
        if (read.status !== 'found') throw new Error('There is no channel c-2.');
        const { latestPostAt: _, ...channel } = read.channel;
        await appended(node, 'c-2', [channelChange(channel, { state: 'ended', endedAt: at(90) })]);
      });
      expect(await ids(node, 'live', 1)).toEqual(['c-1']);
      expect(await ids(node, 'ended')).toEqual(['c-2']);
    });

    it('says that a list is incomplete without a damaged channel, and has it in its place after the repair', async (test) => {
      const { server, node } = await threeChannels(test);
      await publish(node, 'c-0', { publishedAt: at(50) });
      await ids(node);
      const [, , , index] = channelKeys('c-0') as [string, string, string, string];
      await server.admin.del(index);
      const list = () => node.channels({ state: 'live', order: 'activity', limit: 10, desk: [] });
      const incomplete = { channels: [{ id: 'c-2' }, { id: 'c-1' }], complete: false };
      expect(await list()).toMatchObject(incomplete);
      // A rebuilt index does not know the state of the damaged channel either, so no list is complete.
      await server.admin.del(registry.activity);
      expect(await list()).toMatchObject(incomplete);
      const ended = await node.channels({ state: 'ended', order: 'activity', limit: 10, desk: [] });
      expect(ended).toEqual({ channels: [], next: null, complete: false });
      for await (const report of repairRedis({ url: server.url, channelId: 'c-0', apply: true }))
        expect(report).toMatchObject({ outcome: 'repaired', fault: null });
      expect(await ids(node)).toEqual(['c-0', 'c-2', 'c-1']);
      expect(await ids(node, 'ended')).toEqual([]);
    });

    it('follows concurrent appends of several nodes', async (test) => {
      const { server, node } = await threeChannels(test);
      const other = await openNodeFor(test, server);
      await ids(node);
      for (let round = 0; round < 10; round++) {
        await Promise.all(
          ['c-0', 'c-1', 'c-2'].map((id, nth) =>
            publish(nth === round % 3 ? node : other, id, { publishedAt: at(100 + 3 * round + ((nth + round) % 3)) }),
          ),
        );
        const expected = [0, 1, 2].sort((a, b) => ((b + round) % 3) - ((a + round) % 3)).map((nth) => `c-${nth}`);
        expect(await ids(node)).toEqual(expected);
        expect(await ids(other, 'live', 1)).toEqual(expected.slice(0, 1));
      }
      expect(await counted(server, () => ids(other))).toMatchObject({ placed: 0 });
    });
  });
}
