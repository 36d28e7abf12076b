import { expect, it, vi } from 'vitest';
import type { ChannelsQuery } from '../../src/engine/engine.ts';
import type { RedisEngine } from '../../src/engine/redis/index.ts';
import { channelKeys, mendingKey, registry } from '../../src/engine/redis/keys.ts';
import { redisLimits } from '../../src/engine/redis/limits.ts';
import { registered } from '../../src/engine/redis/reads.ts';
import { verifyRedis } from '../../src/engine/redis/verify.ts';
import type { ChannelReport } from '../../src/engine/walk.ts';
import type { Position } from '../../src/protocol/cursor.ts';
import { createChannel, newPostId, newRequest, publish, renderer, sampleChannel, wide } from '../support/engines.ts';
import { writeLargeChannel } from '../support/large-channel.ts';
import { describeWith, needs } from '../support/needs.ts';
import { type Finishing, openTwoNodesFor, type RedisServer } from '../support/redis.ts';

const { mendingWaitMs } = redisLimits;
/** However long the machine takes for a mend: who waits for it is told after a while that it is not done, and asks again. */
const patient = { timeout: 90_000, interval: 2 };
/** More than one command of a mend has, with the tags of its posts, and a tenth of what one for all posts would have. */
const manyArguments = 4_000;

const names = ['journal', 'changes', 'posts', 'index', 'texts', 'labels'] as const;
const keysOf = (id: string) =>
  Object.fromEntries(names.map((name, at) => [name, channelKeys(id)[at]])) as Record<(typeof names)[number], string>;

/** Ids and places of all posts, newest first. */
async function allPosts(engine: RedisEngine, id: string): Promise<[id: string, seq: number][]> {
  const all: [string, number][] = [];
  for (let before: number | undefined; ; before = all.at(-1)?.[1]) {
    const page = await engine.posts(id, { ...wide, ...(before !== undefined && { before }) });
    all.push(...page!.posts.map((post): [string, number] => [post.id, post.seq]));
    if (!page!.more) return all;
  }
}

const placed = (ids: readonly string[]) => ids.map((id, number): [string, number] => [id, number + 2]).reverse();

/** All but journal and texts is lost. */
async function broken(test: Finishing, binary: string, count: number) {
  const { server, here, there } = await openTwoNodesFor(test, binary);
  const id = `channel-${newPostId()}`;
  const ids = await writeLargeChannel(server.admin, id, count);
  await server.admin.zadd(registry.channels, 0, registered(Date.parse(sampleChannel(id).createdAt), id));
  return { server, here, there, id, ids, keys: keysOf(id) };
}

/** The same, of which a node has written a part. */
async function halfMended(test: Finishing, binary: string) {
  const found = await broken(test, binary, 4_000);
  const { server, here, id, keys } = found;
  const asked = here.snapshot(id, wide).catch(() => undefined);
  await vi.waitFor(async () => expect(await server.admin.zcard(keys.posts)).toBeGreaterThan(0), patient);
  return { ...found, asked };
}

/** The mark, without which a channel half mended could be taken for whole. */
const isHalf = async ({ admin }: RedisServer, id: string) => (await admin.zscore(keysOf(id).changes, 'mending')) === 'inf';
const expectHalf = async (server: RedisServer, id: string) => expect(await isHalf(server, id)).toBe(true);

async function expectWhole(server: RedisServer, engine: RedisEngine, id: string, ids: readonly string[]): Promise<void> {
  expect(await allPosts(engine, id)).toEqual(placed(ids));
  const reports: ChannelReport[] = [];
  for await (const report of verifyRedis({ url: server.url, channelId: id, renderer, isListed: (kind) => kind !== null }))
    if (report.channelId !== null) reports.push(report);
  expect(reports.map(({ entries, fault }) => [entries, fault])).toEqual([[ids.length + 1, undefined]]);
  expect(await isHalf(server, id)).toBe(false);
}

for (const kind of ['redis', 'valkey'] as const) {
  // One after the other: each is to be met in the middle of a mend.
  describeWith(needs[kind], `a large channel in ${kind} whose keys were lost in part`, (binary) => {
    it('is mended by commands of which each has little to do', async (test) => {
      const { server, here, id, ids } = await broken(test, binary, 4_000);
      await server.admin.config('SET', 'slowlog-max-len', '100000');
      await server.admin.slowlog('RESET');
      await server.admin.config('SET', 'slowlog-log-slower-than', '0');
      expect((await vi.waitFor(() => here.snapshot(id, wide), patient))?.posts).toHaveLength(wide.limit);
      await server.admin.config('SET', 'slowlog-log-slower-than', '-1');
      const told = (await server.admin.slowlog('GET', -1)) as [number, number, number, string[]][];
      const counts = told.map(
        ([, , , words]) => words.length + Number(/\((\d+) more arguments/.exec(words.at(-1) ?? '')?.[1] ?? 0),
      );
      expect(counts.length).toBeGreaterThan(40);
      expect(Math.max(...counts)).toBeLessThan(manyArguments);
      const answersAll = told
        .map(([, , , [name = '']]) => name.toUpperCase())
        .filter((name) => /^H(?:KEYS|VALS|GETALL)$/.test(name));
      expect(answersAll).toEqual([]);
      await expectWhole(server, here, id, ids);
    });

    it('is mended from the beginning where that was cut off, by whoever asks next', async (test) => {
      const { server, there, id, ids, asked } = await halfMended(test, binary);
      await server.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await asked;
      await expectHalf(server, id);
      const { seq } = await vi.waitFor(() => publish(there, id), patient);
      expect(seq).toBe(ids.length + 2);
      expect((await allPosts(there, id)).slice(1)).toEqual(placed(ids));
    });

    it('is mended from the beginning by a store that was killed meanwhile', async (test) => {
      const { server, there, id, ids, asked } = await halfMended(test, binary);
      await server.kill();
      await server.start();
      await asked;
      await expectHalf(server, id);
      await vi.waitFor(() => there.snapshot(id, wide), patient);
      await expectWhole(server, there, id, ids);
    });

    it('takes what is written meanwhile once it is mended', async (test) => {
      const { server, here, there, id, ids, asked } = await halfMended(test, binary);
      const written = vi.waitFor(() => publish(there, id), patient);
      await expectHalf(server, id);
      expect((await written).seq).toBe(ids.length + 2);
      // Who asked and who writes wait for the same mend, and either may be first after it.
      const { position, posts } = ((await asked) ?? (await vi.waitFor(() => here.snapshot(id, wide), patient)))!;
      expect([ids.length + 1, ids.length + 2]).toContain(position.offset);
      expect(posts[0]?.seq).toBe(position.offset);
      expect((await allPosts(there, id)).slice(1)).toEqual(placed(ids));
    });

    it('stays away where it is deleted meanwhile', async (test) => {
      const { server, there, id, asked } = await halfMended(test, binary);
      await there.deleteChannel(id, newRequest(), 'root');
      expect(await asked).toBeUndefined();
      expect(await there.channel(id)).toEqual({ status: 'deleted', access: 'desk' });
      const left = await server.admin.keys(`*{${id}}*`);
      expect(left.filter((key) => Object.values(keysOf(id)).includes(key))).toEqual([]);
    });

    it('is mended by one node at a time, and by another where that is silent', async (test) => {
      const { server, here, there, id, ids, keys, asked } = await halfMended(test, binary);
      // As another node would that had heard nothing of it for long, and is silent then.
      const began = await server.admin.multi().set(mendingKey(id), 'another', 'PX', 1_000).zcard(keys.posts).exec();
      const standing = began![1]![1];
      expect(standing).toBeLessThan(ids.length);
      // In one piece: whoever takes over may do so between two questions.
      const look = async () => {
        const told = await server.admin.multi().get(mendingKey(id)).zscore(keys.changes, 'mending').zcard(keys.posts).exec();
        return told!.map(([, answer]) => answer);
      };
      for (let [who, ...stands] = await look(); who === 'another'; [who, ...stands] = await look())
        expect(stands).toEqual(['inf', standing]);
      const snapshot = (await asked) ?? (await vi.waitFor(() => here.snapshot(id, wide), patient));
      expect(snapshot?.posts).toHaveLength(wide.limit);
      await expectWhole(server, there, id, ids);
    });

    it('keeps no list of channels waiting, which has the others and says that one is missing', async (test) => {
      const { server, here, there, id, asked } = await halfMended(test, binary);
      // Another is at it for longer than anyone waits. Who was at it may say once more that it goes on, which then holds for that other.
      const hold = () => server.admin.set(mendingKey(id), 'another', 'PX', 4 * mendingWaitMs);
      await hold();
      const others = [await createChannel(there), await createChannel(there)].map((channel) => channel.id).sort();
      const listed = async (engine: RedisEngine, query: Partial<ChannelsQuery> = {}) => {
        const { channels, ...rest } = (await engine.channels({ limit: 10, desk: [], ...query }))!;
        return { ids: channels.map((channel) => channel.id).sort(), ...rest };
      };
      for (const node of [here, there, there]) {
        await hold();
        expect(await listed(node)).toEqual({ ids: others, next: null, complete: false });
        await hold();
        expect(await listed(node, { state: 'live' })).toEqual({ ids: others, next: null, complete: false });
        await expectHalf(server, id);
      }
      // Who reads it waits as they did.
      const read = vi.waitFor(() => there.channel(id), patient);
      await server.admin.del(mendingKey(id));
      expect(await read).toMatchObject({ status: 'found' });
      await asked;
      for (const node of [here, there])
        expect(await listed(node)).toEqual({ ids: [...others, id].sort(), next: null, complete: true });
    });

    it('begins its new history above all that was given out, also where the mend was cut off after that was forgotten', async (test) => {
      const { server, here, there, id, ids, keys } = await broken(test, binary, 400);
      expect(await allPosts(here, id)).toEqual(placed(ids));
      // Of the newest post only the index knows, and that it had the highest offset; it takes long to take away what else is left of it.
      const newest = ids.at(-1) as string;
      const strays = Array.from({ length: 100_000 }, (_, number) => [`${newest}:${number + 2}`, '-']).flat();
      for (let at = 0; at < strays.length; at += 20_000) await server.admin.hset(keys.labels, ...strays.slice(at, at + 20_000));
      await server.admin.del(keys.journal, keys.changes);
      await server.admin.hdel(keys.texts, `${newest}:1`);
      const asked = here.snapshot(id, wide).catch(() => undefined);
      await vi.waitFor(async () => expect(await server.admin.hexists(keys.index, newest)).toBe(0), patient);
      await server.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await asked;
      await expectHalf(server, id);
      const snapshot = await vi.waitFor(() => there.snapshot(id, wide), patient);
      expect(snapshot?.position.offset).toBeGreaterThan(ids.length + 1);
      expect(await allPosts(there, id)).toEqual(placed(ids).slice(1));
    });

    it('begins anew with all its posts of which only the texts tell, also where the mend was cut off once they were written', async (test) => {
      const { server, here, there, id, ids, keys } = await broken(test, binary, 400);
      await here.snapshot(id, wide);
      // From then on the journal does not tell of its posts.
      await server.admin.del(keys.journal);
      const before = (await here.snapshot(id, wide))?.position as Position;
      const strays = Array.from({ length: 100_000 }, (_, number) => [`${ids[0]}:${number + 2}`, '-']).flat();
      for (let at = 0; at < strays.length; at += 20_000) await server.admin.hset(keys.labels, ...strays.slice(at, at + 20_000));
      await server.admin.del(keys.index);
      const asked = here.snapshot(id, wide).catch(() => undefined);
      await vi.waitFor(async () => expect(await server.admin.hlen(keys.index)).toBe(ids.length), patient);
      await server.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await asked;
      await expectHalf(server, id);
      const now = (await vi.waitFor(() => there.snapshot(id, wide), patient))?.position as Position;
      expect(now.offset).toBeGreaterThan(before.offset);
      expect(now.epoch).not.toBe(before.epoch);
      expect((await allPosts(there, id)).map(([postId]) => postId)).toEqual(ids.toReversed());
    });

    it('begins its new history above what the index knows, where the journal was put back from earlier', async (test) => {
      const { server, here, there, id, ids, keys } = await broken(test, binary, 20);
      const before = (await here.snapshot(id, wide))?.position as Position;
      const [last] = await server.admin.xrevrange(keys.journal, '+', '-', 'COUNT', 1);
      await server.admin.xdel(keys.journal, last![0]);
      await server.admin.del(keys.changes);
      const now = (await there.snapshot(id, wide))?.position as Position;
      expect(now.offset).toBeGreaterThan(before.offset);
      expect(now.epoch).not.toBe(before.epoch);
      expect(await allPosts(there, id)).toEqual(placed(ids));
    });
  });
}

// On the one that takes longer: what it is about is the nodes.
describeWith(needs.valkey, 'a large channel in valkey that is mended', (binary) => {
  it('keeps no node from the store, and nobody waiting for longer than promised', async (test) => {
    const { server, here, there, id, ids } = await broken(test, binary, 400);
    // Another is at it for longer than a node may go without a comparison, and than anyone waits. A comparison, too, begins to mend.
    await server.admin.set(mendingKey(id), 'another');
    const states: boolean[] = [];
    for (const node of [here, there]) {
      node.onReach(({ reachable }) => states.push(reachable));
      await node.subscribe(id, () => undefined);
    }
    await expect(here.snapshot(id, wide)).rejects.toMatchObject({ name: 'JournalUnavailable', outcome: 'unchanged' });
    await server.admin.del(mendingKey(id));
    await vi.waitFor(() => there.snapshot(id, wide), patient);
    await expectWhole(server, there, id, ids);
    expect(states).toEqual([]);
  });

  it('has a hundred thousand posts, and nobody is kept waiting for so long that a connection is given up', async (test) => {
    const { server, here, there, id, ids, keys } = await broken(test, binary, 100_000);
    const states: boolean[] = [];
    for (const node of [here, there]) {
      node.onReach(({ reachable }) => states.push(reachable));
      await node.subscribe(id, () => undefined);
    }
    // The one that listens is also replaced where a probe comes late, which is no fault of a mend.
    const connections = async () =>
      new Set(
        [...String(await server.admin.call('CLIENT', 'LIST')).matchAll(/^(id=\d+) .*name=pressbox-(?:writes|reads) /gm)].map(
          ([, it]) => it,
        ),
      );
    const before = await connections();
    expect(before.size).toBe(4);
    const snapshot = await vi.waitFor(() => here.snapshot(id, wide), { timeout: 240_000, interval: 50 });
    expect(snapshot?.posts.map((post) => post.id)).toEqual(ids.slice(-wide.limit).reverse());
    expect(snapshot?.position.offset).toBe(ids.length + 1);
    expect(await Promise.all([server.admin.zcard(keys.posts), server.admin.hlen(keys.index)])).toEqual([
      ids.length,
      ids.length + 1,
    ]);
    expect([states, await connections()]).toEqual([[], before]);
  }, 300_000);
});
