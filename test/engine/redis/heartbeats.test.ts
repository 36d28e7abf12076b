import { expect, it } from 'vitest';
import { registry } from '../../../src/journal/redis/keys.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import { loadScripts, run } from '../../../src/journal/redis/scripts.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startRedisFor } from '../../support/stores/redis.ts';

const { countsMs, leaseMs, probeMs } = redisLimits;
/** How long nodes that the store lost may still serve from memory. */
const goOnMs = leaseMs + probeMs;
const minute = 60_000;

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `the heartbeats of nodes on ${kind}`, (binary) => {
    it('count for a limited time; when the store lost all of them, unknown nodes count as well', async (test) => {
      const { admin } = await startRedisFor(test, binary);
      const { heartbeat } = loadScripts();
      const give = (node: string, again = '') => run(admin, heartbeat, [registry.nodes], [node, countsMs, again, goOnMs]);
      const counted = async () => ((await run(admin, heartbeat, [registry.nodes], ['', countsMs])) as string[]).sort();
      const known = async () => (await admin.zrange(registry.nodes, 0, '-1')).sort();
      const heard = (agoMs: number, node: string) => admin.zadd(registry.nodes, Date.now() - agoMs, node);

      // No node was lost in a new store, or while one node was always registered.
      await give('a');
      await give('b');
      await give('a', 'again');
      expect([await counted(), await known()]).toEqual([
        ['a', 'b'],
        ['a', 'b'],
      ]);
      await admin.zrem(registry.nodes, 'b');

      // A node with a late heartbeat, one with an old one, and one with a very old one.
      await heard(countsMs + 5_000, 'late');
      await heard(minute - 10_000, 'long');
      await heard(minute + 1_000, 'gone');
      expect(await counted()).toEqual(['a']);
      await give('a', 'again');
      expect(await known()).toEqual(['a', 'late', 'long']);

      // A node that returns alone, and a new node when no other counts.
      for (const [node, again] of [
        ['late', 'again'],
        ['new', ''],
      ] as const) {
        await admin.del(registry.nodes);
        await heard(countsMs + 5_000, 'late');
        await give(node, again);
        expect([node, await counted()]).toEqual([node, [node, 'others'].sort()]);
        const goesOnMs = Number(await admin.zscore(registry.nodes, 'others')) + countsMs - Date.now();
        expect(goesOnMs).toBeGreaterThan(0);
        expect(goesOnMs).toBeLessThanOrEqual(goOnMs);
      }
      // A node that an older state of the store does not know.
      await admin.del(registry.nodes);
      await give('b');
      expect(await counted()).toEqual(['b']);
      await give('c', 'again');
      expect(await counted()).toEqual(['b', 'c', 'others']);

      // A heartbeat from before the clock was set back counts from now on. One that is slightly ahead may be correct.
      await heard(-2 * minute, 'ahead');
      await heard(-minute / 2, 'little');
      const before = Number(await admin.zscore(registry.nodes, 'little'));
      await give('b', 'again');
      expect(Number(await admin.zscore(registry.nodes, 'ahead'))).toBeLessThanOrEqual(Date.now());
      expect(Number(await admin.zscore(registry.nodes, 'little'))).toBe(before);
    });
  });
}
