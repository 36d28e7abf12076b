import { expect, it } from 'vitest';
import { registry } from '../../../src/journal/redis/keys.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import { loadScripts, run } from '../../../src/journal/redis/scripts.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startRedisFor } from '../../support/stores/redis.ts';

const { countsMs, leaseMs, probeMs } = redisLimits;
/** For which nodes that were lost may give out something. */
const goOnMs = leaseMs + probeMs;
const minute = 60_000;

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `the heartbeats of nodes on ${kind}`, (binary) => {
    it('count for a limited time; when the store lost all of them, unknown nodes count as well', async (test) => {
      const { admin } = await startRedisFor(test, binary);
      const { beat } = loadScripts();
      const give = (node: string, again = '') => run(admin, beat, [registry.nodes], [node, countsMs, again, goOnMs]);
      const counted = async () => ((await run(admin, beat, [registry.nodes], ['', countsMs])) as string[]).sort();
      const known = async () => (await admin.zrange(registry.nodes, 0, '-1')).sort();
      const heard = (agoMs: number, node: string) => admin.zadd(registry.nodes, Date.now() - agoMs, node);

      // Of a store that is new none was lost, nor where one has been there all the while.
      await give('a');
      await give('b');
      await give('a', 'again');
      expect([await counted(), await known()]).toEqual([
        ['a', 'b'],
        ['a', 'b'],
      ]);
      await admin.zrem(registry.nodes, 'b');

      // One that is late, and ones that were heard of long ago and very long ago.
      await heard(countsMs + 5_000, 'late');
      await heard(minute - 10_000, 'long');
      await heard(minute + 1_000, 'gone');
      expect(await counted()).toEqual(['a']);
      await give('a', 'again');
      expect(await known()).toEqual(['a', 'late', 'long']);

      // One that comes back alone, and one that is new where none counts.
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
      // One that was forgotten, of a store that went back to before it came.
      await admin.del(registry.nodes);
      await give('b');
      expect(await counted()).toEqual(['b']);
      await give('c', 'again');
      expect(await counted()).toEqual(['b', 'c', 'others']);

      // Of before the clock was set back: from now on; a little ahead may be right.
      await heard(-2 * minute, 'ahead');
      await heard(-minute / 2, 'little');
      const before = Number(await admin.zscore(registry.nodes, 'little'));
      await give('b', 'again');
      expect(Number(await admin.zscore(registry.nodes, 'ahead'))).toBeLessThanOrEqual(Date.now());
      expect(Number(await admin.zscore(registry.nodes, 'little'))).toBe(before);
    });
  });
}
