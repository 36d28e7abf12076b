import { expect, it, vi } from 'vitest';
import type { Announcement } from '../../../src/journal/engine.ts';
import type { RedisEngine } from '../../../src/journal/redis/index.ts';
import { verifyRedis } from '../../../src/journal/redis/verify.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { appending, createChannel, newRequest, publication, publish, samplePost, wide } from '../../support/stores/engines.ts';
import { type Finishing, openNode, openNodeFor, type RedisServer } from '../../support/stores/redis.ts';
import { type SentinelGroup, startSentinelGroupFor } from '../../support/stores/sentinels.ts';

const patient = { interval: 20, timeout: 30_000 };

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `a ${kind} behind Sentinel`, (binary) => {
    it('keeps every acknowledged post when its master is killed, and goes on announcing posts to other nodes', async (test) => {
      const { group, here, there } = await startFor(test, binary);
      const misnamed = { ...(group.servers[0] as RedisServer), url: group.url.replace('/pressbox?', '/other?') };
      // Expected at the end, because vitest ties an expectation that is awaited later to whichever test runs then.
      const refused = openNode(misnamed).catch(String);
      const { id } = await vi.waitFor(() => createChannel(here), patient);
      const heard: Announcement[] = [];
      await there.subscribe(id, (one) => heard.push(one));
      const before = [];
      for (let index = 0; index < 20; index++) before.push(await publish(here, id));
      const master = await group.master();
      await master.kill();
      await group.moved(master);
      const after = await vi.waitFor(() => publish(here, id), patient);
      const page = await vi.waitFor(() => there.posts(id, wide), patient);
      const ids = page?.posts.map((post) => post.id);
      for (const post of [...before, after]) expect(ids).toContain(post.id);
      // The other node has subscribed again once it hears of a post by the announcement.
      await vi.waitFor(async () => {
        const { id: postId } = await publish(here, id);
        const isHeard = () => expect(JSON.stringify(heard.filter(({ type }) => type === 'entry'))).toContain(postId);
        await vi.waitFor(isHeard, { interval: 10, timeout: 500 });
      }, patient);
      expect(heard.map(({ type }) => type)).not.toContain('gone');
      // Verification finds the new master, too.
      const reports = [];
      for await (const report of verifyRedis({ url: group.url })) reports.push(report);
      expect(JSON.stringify(reports)).toContain(`"${id}"`);
      expect(await refused).toContain('the Sentinels monitor no master called other');
    });

    it('gets no write on a master that hangs until another one has taken its place', async (test) => {
      const { group, here, there } = await startFor(test, binary);
      const { id } = await vi.waitFor(() => createChannel(here), patient);
      const master = await group.master();
      process.kill(master.pid, 'SIGSTOP');
      try {
        await group.moved(master);
        await vi.waitFor(() => publish(here, id), patient);
      } finally {
        process.kill(master.pid, 'SIGCONT');
      }
      // Until a Sentinel demotes it, it takes itself for the master.
      const posts = [];
      for (let index = 0; index < 50; index++) posts.push(await vi.waitFor(() => publish(index % 2 ? here : there, id), patient));
      const current = await group.master();
      expect(current.port).not.toBe(master.port);
      const read = await openNodeFor(test, { ...current, url: current.url });
      const ids = (await read.posts(id, wide))?.posts.map((post) => post.id);
      for (const post of posts) expect(ids).toContain(post.id);
    });

    it('refuses writes at once while too few replicas are connected, and takes them again when a replica is back', async (test) => {
      const { group, here } = await startFor(test, binary);
      const { id } = await vi.waitFor(() => createChannel(here), patient);
      const request = newRequest();
      const written = appending([publication(samplePost(id))], { request });
      await here.append(id, written);
      const master = await group.master();
      const [other] = await group.replicas();
      await other?.kill();
      await master.kill();
      await group.moved(master);
      const refused = { outcome: 'unchanged', refusal: 'Too few replicas are connected.' };
      await vi.waitFor(() => expect(publish(here, id)).rejects.toMatchObject(refused), patient);
      // Without the check, each of them would wait for a second, and for the ones before.
      const began = performance.now();
      const outcomes = await Promise.all(
        Array.from({ length: 100 }, () =>
          publish(here, id).then(
            () => 'written',
            (error: { outcome: string }) => error.outcome,
          ),
        ),
      );
      expect(new Set(outcomes)).toEqual(new Set(['unchanged']));
      expect(performance.now() - began).toBeLessThan(1_000);
      // It was written before.
      await expect(here.append(id, written)).rejects.toMatchObject({ outcome: 'unknown' });
      // A node that has just moved is not ready for another reason until it compared with the new master.
      await vi.waitFor(() => expect(here.ready()).rejects.toMatchObject({ refusal: 'Too few replicas are connected.' }), patient);
      await other?.start();
      await vi.waitFor(() => publish(here, id), patient);
      expect(await here.append(id, written)).toMatchObject({ status: 'duplicate' });
    });
  });
}

/** Two nodes that need one replica to acknowledge. */
async function startFor(
  test: Finishing,
  binary: string,
): Promise<{ group: SentinelGroup; here: RedisEngine; there: RedisEngine }> {
  const group = await startSentinelGroupFor(test, binary);
  const open = () =>
    openNodeFor(test, { ...(group.servers[0] as NonNullable<(typeof group.servers)[0]>), url: group.url }, { minReplicas: 1 });
  return { group, here: await open(), there: await open() };
}
