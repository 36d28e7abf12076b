import { expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { appending, channelEntry, createChannel, sampleChannel } from '../../support/stores/engines.ts';
import { openNodeFor, startRedisFor } from '../../support/stores/redis.ts';

const ended = 400;

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `lists of channels on ${kind}`, (binary) => {
    it('cost the same for two hundred concurrent requests as for two, and do not delay the other connections', async (test) => {
      const server = await startRedisFor(test, binary);
      const engine = await openNodeFor(test, server);
      await Promise.all(
        Array.from({ length: ended }, (_, n) =>
          engine.append(`ended-${n}`, appending([channelEntry(sampleChannel(`ended-${n}`, { state: 'ended' }))])),
        ),
      );
      const { id } = await createChannel(engine, 'on-air');
      const scripts = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await server.admin.info('commandstats'))?.[1]);
      const before = await scripts();
      const lists = await Promise.all(Array.from({ length: 200 }, () => engine.channels({ state: 'live', limit: 20, desk: [] })));
      for (const list of lists) expect(list?.channels.map((channel) => channel.id)).toEqual([id]);
      // One script per channel and read. The rest are a node's background commands.
      expect((await scripts()) - before).toBeLessThan(3 * ended);
      const clients = String(await server.admin.call('CLIENT', 'LIST'));
      expect(clients.match(/name=pressbox-(?:writes|reads|lists|listens)/g)).toHaveLength(4);
    });
  });
}
