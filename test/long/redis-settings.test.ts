import { describe, it, vi } from 'vitest';
import type { RedisEngine } from '../../src/journal/redis/index.ts';
import { describeWith, needs } from '../support/runner/needs.ts';
import { appended, createChannel, publish, takedown } from '../support/stores/engines.ts';
import { untilComplete } from '../support/stores/erased-texts.ts';
import { openNode, type RedisServer, startRedis } from '../support/stores/redis.ts';

/**
 * Pressbox checks the settings of Redis every 10 s, so it notices an unsafe change without a reconnect. A replica that is still syncing
 * and cannot answer is checked the next time.
 */
const noticed = { timeout: 40_000, interval: 200 };

describe.concurrent('a store that becomes unsafe while in use', () => {
  for (const kind of ['redis', 'valkey'] as const) {
    describeWith(needs[kind], kind, (binary) => {
      it('gets no writes while it would not sync them', async ({ expect }) => {
        await using store = await open(binary);
        await store.master.admin.config('SET', 'appendfsync', 'everysec');
        await vi.waitFor(async () => expect(await store.refusal()).toContain('appendfsync is "everysec"'), noticed);
        await store.master.admin.config('SET', 'appendfsync', 'always');
        await vi.waitFor(store.publish, noticed);
      });

      it('gets writes, and completes no erasure, once a replica has joined that would keep erased text', async ({ expect }) => {
        await using store = await open(binary);
        const replica = await store.start([`replicaof 127.0.0.1 ${store.master.port}`]);
        const at = `127.0.0.1:${replica.port}`;
        const line = 'rdb-del-sync-files yes';
        await vi.waitFor(
          () => expect(store.engine.faults.filter((fault) => fault.line === line)).toMatchObject([{ at }]),
          noticed,
        );
        await store.engine.ready();
        const post = await store.publish();
        await appended(store.engine, store.id, [takedown(post)]);
        const { complete, pending } = await store.engine.erase(store.id, post.id);
        expect(complete).toBe(false);
        expect(JSON.stringify(pending)).toContain(`The replica ${at}: it may keep the text in a dump file.`);
        await replica.admin.config('SET', 'repl-diskless-sync', 'yes');
        await replica.admin.config('SET', 'rdb-del-sync-files', 'yes');
        await vi.waitFor(() => expect(store.engine.faults).toEqual([]), noticed);
        await untilComplete(() => store.engine.erase(store.id, post.id));
      });
    });
  }
});

async function open(binary: string) {
  const servers: RedisServer[] = [];
  const start = async (lines: string[]) => {
    const server = await startRedis(binary, lines);
    servers.push(server);
    return server;
  };
  const master = await start(['repl-diskless-sync yes', 'repl-diskless-sync-delay 0', 'rdb-del-sync-files yes']);
  const engine: RedisEngine = await openNode(master);
  const { id } = await createChannel(engine);
  return {
    master,
    engine,
    id,
    start,
    publish: () => publish(engine, id),
    /** The problem that a refused write gets. */
    refusal: () =>
      publish(engine, id).then(
        () => 'It was taken.',
        (error: Error) => error.message,
      ),
    async [Symbol.asyncDispose]() {
      await engine.close();
      for (const server of servers) await server.stop();
    },
  };
}
