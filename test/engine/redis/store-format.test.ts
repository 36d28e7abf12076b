import { expect, it } from 'vitest';
import { JournalRefused, JournalUnavailable } from '../../../src/journal/engine.ts';
import { registry } from '../../../src/journal/redis/keys.ts';
import { newerData, storeFormat } from '../../../src/journal/redis/store-format.ts';
import { repairRedis } from '../../../src/repair.ts';
import { verifyRedis } from '../../../src/verify.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { createChannel, newRequest, publish, wide } from '../../support/stores/engines.ts';
import { openNode, openNodeFor, type RedisServer, startRedisFor } from '../../support/stores/redis.ts';

const later = storeFormat + 1;

/** All keys with their values, without what nodes note about themselves. */
async function contentOf({ admin }: RedisServer): Promise<Map<string, string>> {
  const keys = (await admin.keys('*')).filter((key) => key !== registry.nodes && !key.includes('activity')).toSorted();
  return new Map(
    await Promise.all(keys.map(async (key) => [key, (await admin.dumpBuffer(key))?.toString('base64') ?? ''] as const)),
  );
}

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `the format of a store in ${kind}`, (binary) => {
    it('is noted with the first write', async (test) => {
      const server = await startRedisFor(test, binary);
      const node = await openNodeFor(test, server);
      await createChannel(node, 'c');
      expect(await server.admin.get(registry.format)).toBe(String(storeFormat));
    });

    it('is noted on the data of an earlier version, which stays usable', async (test) => {
      const server = await startRedisFor(test, binary);
      const node = await openNodeFor(test, server);
      await createChannel(node, 'c');
      await server.admin.del(registry.format);
      await publish(node, 'c');
      expect(await server.admin.get(registry.format)).toBe(String(storeFormat));
    });

    it('refuses every write of a running node as unchanged, with the reason, while reads go on, if it is that of a later version', async (test) => {
      const server = await startRedisFor(test, binary);
      const node = await openNodeFor(test, server);
      await createChannel(node, 'c');
      const post = await publish(node, 'c');
      await node.ready();
      await server.admin.set(registry.format, later);
      const before = await contentOf(server);
      const writes: Record<string, () => Promise<unknown>> = {
        publish: () => publish(node, 'c'),
        create: () => createChannel(node, 'other'),
        delete: () => node.deleteChannel('c', newRequest(), 'root'),
        revoke: () => node.revoke('a-token', null, 'root'),
        spend: () => node.spend('a-link', null, 'root'),
        reserve: () => node.reserve('a-request', 'a-channel'),
        endSession: () => node.endSession({ subject: 'ruth', id: 'one', begunAt: 0, until: Date.now() + 60_000 }, 'ruth'),
        ready: () => node.ready(),
      };
      for (const [name, write] of Object.entries(writes)) {
        const refused = await write().catch((error: unknown) => error);
        expect(refused, name).toBeInstanceOf(JournalUnavailable);
        expect(refused, name).toMatchObject({ outcome: 'unchanged', refusesToWrite: true, refusal: newerData });
      }
      const after = await contentOf(server);
      // A new channel is registered, and an erasure noted, before the write. Neither means anything alone.
      for (const key of [registry.channels, registry.pendingErasures]) for (const content of [before, after]) content.delete(key);
      expect(after).toEqual(before);
      expect((await node.snapshot('c', wide))?.posts.map(({ id }) => id)).toEqual([post.id]);
      const listed = () => node.channels({ state: 'live', order: 'activity', limit: 10, desk: [] });
      expect((await listed())?.channels.length).toBe(1);
      // An index that cannot be built is read as it is.
      await server.admin.del(registry.activity, registry.activityPlaces);
      expect(await listed()).toMatchObject({ channels: [], complete: false });
      // An operator has restored the data of the earlier version.
      await server.admin.set(registry.format, storeFormat);
      await publish(node, 'c');
      await node.ready();
    });

    it('keeps a node from starting if it is that of a later version', async (test) => {
      const server = await startRedisFor(test, binary);
      await server.admin.set(registry.format, later);
      const refused = await openNode(server).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(JournalRefused);
      expect(refused).toMatchObject({ message: newerData });
      expect(await server.admin.zcard(registry.nodes)).toBe(0);
      // Not written by any version.
      await server.admin.set(registry.format, 'unreadable');
      await expect(openNode(server)).rejects.toThrow(JournalRefused);
    });

    it('stops repair and verification if it is that of a later version', async (test) => {
      const server = await startRedisFor(test, binary);
      const node = await openNodeFor(test, server);
      await createChannel(node, 'c');
      await server.admin.set(registry.format, later);
      const before = await contentOf(server);
      const repair = async () => {
        for await (const _ of repairRedis({ url: server.url, channelId: 'c', apply: true }));
      };
      await expect(repair()).rejects.toThrow(newerData);
      const verify = async () => {
        for await (const _ of verifyRedis({ url: server.url }));
      };
      await expect(verify()).rejects.toThrow(newerData);
      expect(await contentOf(server)).toEqual(before);
    });
  });
}
