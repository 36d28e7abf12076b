import { expect, it } from 'vitest';
import { channelKeys } from '../../../src/journal/redis/keys.ts';
import { repairRedis } from '../../../src/repair.ts';
import { describeOn } from '../../support/runner/needs.ts';
import {
  appending,
  createChannel,
  head,
  newRequest,
  type PostState,
  publication,
  publish,
  revision,
  samplePost,
  wide,
} from '../../support/stores/engines.ts';
import { openTwoNodesFor } from '../../support/stores/redis.ts';

// Not concurrent, so that the load does not break the deadlines of other tests.
for (const kind of ['redis', 'valkey'] as const) {
  describeOn(kind, `two nodes on one ${kind} under many concurrent requests`, (binary) => {
    it('serve a channel after a repair that removed more fields than fit in one call', async (test) => {
      const { server, here } = await openTwoNodesFor(test, binary);
      const { id } = await createChannel(here);
      const post = await publish(here, id);
      const before = await here.snapshot(id, wide);
      const labels = channelKeys(id)[5] as string;
      const label = (await server.admin.hget(labels, `${post.id}:1`)) as string;
      const places = Array.from({ length: 130_000 }, (_, revision) => `${post.id}:${revision + 2}`);
      for (let at = 0; at < places.length; at += 10_000)
        await server.admin.call('HSET', [labels, ...places.slice(at, at + 10_000).flatMap((place) => [place, label])]);
      await expect(here.snapshot(id, wide)).rejects.toMatchObject({ isDamaged: true });
      for await (const report of repairRedis({ url: server.url, channelId: id, apply: true }))
        expect(report).toMatchObject({ outcome: 'repaired', history: 'same', posts: 1, fault: null });
      expect(await here.snapshot(id, wide)).toEqual(before);
      expect(await server.admin.hlen(labels)).toBe(2);
    });

    it('create one post from two hundred requests with one id across both', async (test) => {
      const { here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createChannel(here);
      const request = newRequest();
      const post = samplePost(id);
      const tries = Array.from({ length: 200 }, (_, index) =>
        (index % 2 === 0 ? here : there).append(id, appending([publication(post)], { request })),
      );
      const statuses = (await Promise.all(tries)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 'appended')).toHaveLength(1);
      expect((await head(here, id)).offset).toBe(2);
    });

    it('spend each id once, whichever of them is faster', async (test) => {
      const { here, there } = await openTwoNodesFor(test, binary);
      const until = Date.now() + 600_000;
      for (let round = 0; round < 10; round++) {
        const ids = Array.from({ length: 50 }, (_, index) => `link:${round}-${index}`);
        const rivals = (id: string) => Promise.all([here, there, here, there].map((node) => node.spend(id, until, 'ruth')));
        const results = await Promise.all(ids.map(rivals));
        expect(results.map((all) => all.toSorted())).toEqual(ids.map(() => ['spent', 'used', 'used', 'used']));
      }
    });

    it('let one of two rivals win, a thousand times', async (test) => {
      const { here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createChannel(here);
      let posts: PostState[] = await Promise.all(Array.from({ length: 50 }, () => publish(here, id)));
      for (let round = 0; round < 20; round++) {
        posts = await Promise.all(
          posts.map(async (post) => {
            const rivals = [here, there].map((node, index) => {
              const next = revision(post, { body: `Round ${round}, by ${index}.` });
              return node.append(id, appending([next])).then(({ status }) => ({ status, next }));
            });
            const results = await Promise.all(rivals);
            expect(results.map(({ status }) => status).sort()).toEqual(['appended', 'conflict']);
            return results.find(({ status }) => status === 'appended')!.next.post;
          }),
        );
      }
      expect((await head(here, id)).offset).toBe(1 + 50 + 1_000);
    });
  });
}
