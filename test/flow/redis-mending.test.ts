import { expect, it, vi } from 'vitest';
import { channelKeys, mendingKey } from '../../src/engine/redis/keys.ts';
import type { ChannelList } from '../../src/protocol/model.ts';
import { run } from '../support/command.ts';
import { describeWith, needs } from '../support/needs.ts';
import { startRedis } from '../support/redis.ts';
import { call } from '../support/server.ts';
import { startTwoServers } from '../support/two-servers.ts';
import { createChannel } from '../support/writers.ts';

const patient = { interval: 50 };
const said = 'Some coverage cannot be shown at the moment, so it may be missing here.';

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `two servers on a ${kind} in which a channel is put in order`, (binary) => {
    it('list the other channels meanwhile, and say that some may be missing', async () => {
      await using redis = await startRedis(binary);
      await using two = await startTwoServers(redis);
      const urls = two.servers.map(({ url }) => url);
      const [first] = two.servers;
      const [broken, whole] = [await createChannel(first!, two.token), await createChannel(first!, two.token)];
      /** Whether the broken one is listed, alike in the API, on the page and by the command; and what each says of the list. */
      const listed = async (url: string) => {
        const { status, body } = await call(`${url}/v1/channels?limit=100`);
        const { channels, ...rest } = body as ChannelList;
        const ids = channels.map(({ id }) => id);
        const page = await call(`${url}/`, { headers: { accept: 'text/html' } });
        const linked = [whole, broken].map(({ id }) => page.text.includes(`/live/${id}"`));
        const listing = run(['channel', 'list', '--url', url], {});
        expect([status, page.status, await listing.code]).toEqual([200, 200, 0]);
        expect([ids.includes(whole.id), linked[0], listing.out.includes(`${whole.id}  `)]).toEqual([true, true, true]);
        expect([ids.includes(broken.id), linked[1], listing.out.includes(`${broken.id}  `)]).toEqual(
          Array(3).fill(ids.includes(broken.id)),
        );
        return [ids.includes(broken.id), rest, page.text.includes(said), listing.err.includes('may be missing')];
      };
      const statusOfBroken = async (url: string) => (await call(`${url}/v1/channels/${broken.id}`)).status;
      await redis.admin.set(mendingKey(broken.id), 'another', 'PX', 1_000_000);
      await redis.admin.del(channelKeys(broken.id)[1] as string);
      const without = [false, { next: null, complete: false }, true, true];
      expect(await Promise.all(urls.map(listed))).toEqual([without, without]);
      expect(await Promise.all(urls.map(statusOfBroken))).toEqual([503, 503]);
      await redis.admin.del(mendingKey(broken.id));
      await vi.waitFor(async () => expect(await statusOfBroken(urls[0]!)).toBe(200), patient);
      const withIt = [true, { next: null }, false, false];
      expect(await Promise.all(urls.map(listed))).toEqual([withIt, withIt]);
    });
  });
}
