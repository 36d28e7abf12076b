import { expect, it } from 'vitest';
import type { Connection } from '../../../src/journal/redis/connection/connection.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import { Requests } from '../../../src/journal/redis/request-keys.ts';

it('a sweep for expired requests looks at requestSweepChannels channels, requestSweepMost requests at a time, and the next goes on', async () => {
  const { requestSweepChannels, requestSweepMost } = redisLimits;
  const places = Array.from({ length: requestSweepChannels + 1 }, (_, nth) => `${String(nth).padStart(15, '0')}:c-${nth}`);
  const zrange = async (_key: string, from: string, ...[, , , , count]: (string | number)[]) =>
    places.filter((place) => from === '-' || place > from.slice(1)).slice(0, Number(count));
  /** The expired requests of the first channel. */
  let left = requestSweepMost + 1;
  const scripts: number[] = [];
  const parts = {
    commands: { ask: (act: (redis: unknown) => unknown) => act({ zrange }) },
    writes: {
      async run(_script: string, keys: string[], args: number[]) {
        const expired = keys[0]?.includes('{c-0}') ? Math.min(left, args.at(-1) as number) : 0;
        left -= expired;
        scripts.push(expired);
        return expired;
      },
    },
  } as unknown as { commands: Connection; writes: Connection };
  const requests = new Requests({ ...parts, elapsed: () => 0 });
  await requests.sweep();
  // The first channel takes two scripts.
  expect(scripts).toEqual([requestSweepMost, 1, ...Array(requestSweepChannels - 1).fill(0)]);
  scripts.length = 0;
  await requests.sweep();
  expect(scripts).toEqual([0]);
});
