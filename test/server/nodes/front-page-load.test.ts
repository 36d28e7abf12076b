import { expect, it } from 'vitest';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { describeOn } from '../../support/runner/needs.ts';
import { call, startTestServer } from '../../support/servers/server.ts';
import { createChannel, at as date } from '../../support/stores/engines.ts';
import { openNode, startRedisFor } from '../../support/stores/redis.ts';

const ended = 300;
const pages = 400;

for (const kind of ['redis', 'valkey'] as const) {
  describeOn(kind, `front pages on ${kind}`, (binary) => {
    it('cost a few reads a second however many readers request them, and leave the server ready', async (test) => {
      const redis = await startRedisFor(test, binary);
      const seeding = await openNode(redis);
      const channels = Array.from({ length: ended }, (_, at) => at);
      await Promise.all(
        channels.map((at) => createChannel(seeding, `ended-${at}`, { state: 'ended', createdAt: date(at), endedAt: date(at) })),
      );
      for (const at of [1, 2, 3]) await createChannel(seeding, `live-${at}`, { startedAt: date(at) });
      await seeding.close();
      await using server = await startTestServer({ PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: 's'.repeat(43) });
      const { headers } = await call(`${server.url}/v1/session`, {
        method: 'POST',
        token: await server.token({ reader: ['*'] }),
      });
      const signedIn = { cookie: headers.getSetCookie()[0]?.split(';')[0] ?? '' };
      const front = (sent: Record<string, string> = {}) => call(`${server.url}/`, { headers: sent });
      expect((await front()).text).toContain(`ended-${ended - 1}`);
      const scripts = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.admin.info('commandstats'))?.[1] ?? 0);
      const runsDuring = async (work: () => Promise<unknown>) => {
        const [before, began] = [await scripts(), performance.now()];
        await work();
        return { scripts: (await scripts()) - before, seconds: (performance.now() - began) / 1_000 };
      };
      const one = await runsDuring(() => front());
      // The channels of the page, one more, three lists and the heads: nothing for every ended channel.
      expect(one.scripts).toBeLessThan(100);
      const many = await runsDuring(async () => {
        for (let sent = 0; sent < pages; sent += 100) {
          const answers = await Promise.all(Array.from({ length: 100 }, (_, nth) => front(nth % 2 === 0 ? {} : signedIn)));
          expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
        }
      });
      const reads = (many.seconds * 1_000) / liveLimits.frontReadMs + 2;
      // A node runs a few scripts a second by itself.
      expect(many.scripts).toBeLessThan(reads * one.scripts + 20 * (many.seconds + 1));
      expect((await call(`${server.url}/readyz`)).body).toEqual({ status: 'ready' });
    });
  });
}
