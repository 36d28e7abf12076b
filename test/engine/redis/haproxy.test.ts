import { expect, it, vi } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { createChannel, publish, wide } from '../../support/stores/engines.ts';
import { startBehindHaproxyFor } from '../../support/stores/haproxy.ts';
import { openNodeFor } from '../../support/stores/redis.ts';

const patient = { interval: 20, timeout: 30_000 };

describeWith(needs.haproxy, 'HAProxy', (haproxy) => {
  for (const kind of ['redis', 'valkey'] as const) {
    describeWith.concurrent(needs[kind], `in front of two ${kind} servers`, (binary) => {
      it('leads to the replica once it was promoted, and never back to the old master', async (test) => {
        const { master, replica, states, url } = await startBehindHaproxyFor(test, binary, haproxy);
        await vi.waitFor(async () => expect(await states()).toEqual({ first: 'UP', second: 'DOWN' }), patient);
        const engine = await vi.waitFor(() => openNodeFor(test, { ...master, url }), patient);
        const { id } = await vi.waitFor(() => createChannel(engine), patient);
        const before = await publish(engine, id);
        await vi.waitFor(async () => {
          const [at, has] = await Promise.all(
            [master, replica].map(async ({ admin }) => offsetOf(await admin.info('replication'))),
          );
          expect(has).toBeGreaterThanOrEqual(at as number);
        }, patient);
        await master.kill();
        await replica.admin.call('REPLICAOF', 'NO', 'ONE');
        const after = await vi.waitFor(() => publish(engine, id), patient);
        // It takes itself for the master, because nobody made it a replica before it started.
        await master.start();
        const posts = [before, after];
        await vi.waitFor(async () => {
          posts.push(await publish(engine, id));
          expect(await states()).toEqual({ first: 'UP', second: 'UP' });
        }, patient);
        const newcomer = await openNodeFor(test, { ...master, url });
        posts.push(await publish(newcomer, id));
        const promoted = await openNodeFor(test, replica);
        const ids = (await promoted.posts(id, wide))?.posts.map((post) => post.id);
        for (const post of posts) expect(ids).toContain(post.id);
      });
    });
  }
});

function offsetOf(info: string): number {
  return Number(/^master_repl_offset:(\d+)/m.exec(info)?.[1]);
}
