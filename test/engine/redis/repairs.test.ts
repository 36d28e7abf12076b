import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import type { ChannelReport } from '../../../src/journal/history-walk.ts';
import type { RedisEngine } from '../../../src/journal/redis/index.ts';
import { channelKeys, registered, registry, repairKey } from '../../../src/journal/redis/keys.ts';
import type { RepairReport } from '../../../src/journal/redis/repair/repair.ts';
import type { Position } from '../../../src/protocol/cursor.ts';
import { repairRedis } from '../../../src/repair.ts';
import { verifyRedis } from '../../../src/verify.ts';
import { root } from '../../support/runner/imports.ts';
import { describeOn, describeWith, needs } from '../../support/runner/needs.ts';
import {
  appended,
  createChannel,
  newPostId,
  newRequest,
  publication,
  publish,
  renderer,
  revision,
  sampleChannel,
  samplePost,
  takedown,
  wide,
} from '../../support/stores/engines.ts';
import { writeLargeChannel } from '../../support/stores/large-channel.ts';
import { type Finishing, openTwoNodesFor, type RedisServer } from '../../support/stores/redis.ts';

/** Generous, because a repair has no promised deadline. */
const patient = { timeout: 90_000, interval: 2 };
/** More arguments than any command of a repair should have, and a tenth of what one command for all posts would have. */
const manyArguments = 4_000;

const names = ['journal', 'changes', 'posts', 'index', 'texts', 'labels', 'tags', 'listed', 'owed'] as const;
const keysOf = (id: string) =>
  Object.fromEntries(names.map((name, at) => [name, channelKeys(id)[at]])) as Record<(typeof names)[number], string>;

/** The ids and `seq` of all posts, newest first. */
async function allPosts(engine: RedisEngine, id: string): Promise<[id: string, seq: number][]> {
  const all: [string, number][] = [];
  for (let before: number | undefined; ; before = all.at(-1)?.[1]) {
    const page = await engine.posts(id, { ...wide, ...(before !== undefined && { before }) });
    all.push(...page!.posts.map((post): [string, number] => [post.id, post.seq]));
    if (!page!.more) return all;
  }
}

const placed = (ids: readonly string[]) => ids.map((id, number): [string, number] => [id, number + 2]).reverse();

async function repair({ url }: RedisServer, channelId: string): Promise<RepairReport | undefined> {
  for await (const report of repairRedis({ url, channelId, apply: true })) return report;
  return undefined;
}

/** A channel that lost every key but its journal and texts. */
async function damaged(test: Finishing, binary: string, count: number) {
  const { server, here, there } = await openTwoNodesFor(test, binary);
  const id = `channel-${newPostId()}`;
  const ids = await writeLargeChannel(server.admin, id, count);
  await server.admin.zadd(registry.channels, 0, registered(Date.parse(sampleChannel(id).createdAt), id));
  return { server, here, there, id, ids, keys: keysOf(id) };
}

/** The same channel in the middle of a repair. `repairing` never rejects. */
async function halfRepaired(test: Finishing, binary: string) {
  const found = await damaged(test, binary, 4_000);
  const { server, id, keys } = found;
  const repairing = repair(server, id).catch((error: Error) => error);
  await vi.waitFor(async () => expect(await server.admin.zcard(keys.posts)).toBeGreaterThan(0), patient);
  return { ...found, repairing };
}

/** Whether the channel carries the mark of an unfinished repair. */
const isHalf = async ({ admin }: RedisServer, id: string) => (await admin.zscore(keysOf(id).changes, 'mending')) === 'inf';
const expectRefused = (engine: RedisEngine, id: string) =>
  expect(engine.channel(id)).rejects.toMatchObject({ outcome: 'unchanged', isDamaged: true });

/** Leaves the channel as a repair does whose process died, after the pause that lets another repair begin. */
async function cutOff({ admin }: RedisServer, id: string): Promise<void> {
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await admin.del(repairKey(id));
}

async function expectWhole(server: RedisServer, engine: RedisEngine, id: string, ids: readonly string[]): Promise<void> {
  expect(await vi.waitFor(() => allPosts(engine, id), patient)).toEqual(placed(ids));
  const reports: ChannelReport[] = [];
  for await (const report of verifyRedis({ url: server.url, channelId: id, renderer }))
    if (report.channelId !== null) reports.push(report);
  expect(reports.map(({ entries, fault }) => [entries, fault])).toEqual([[ids.length + 1, undefined]]);
  expect(await isHalf(server, id)).toBe(false);
}

for (const kind of ['redis', 'valkey'] as const) {
  // Not concurrent: each test has to catch the repair in the middle.
  describeOn(kind, `the repair of a large channel in ${kind}`, (binary) => {
    it('uses commands that each do little work', async (test) => {
      const { server, here, id, ids } = await damaged(test, binary, 4_000);
      await server.admin.config('SET', 'slowlog-max-len', '100000');
      await server.admin.slowlog('RESET');
      await server.admin.config('SET', 'slowlog-log-slower-than', '0');
      expect(await repair(server, id)).toMatchObject({ outcome: 'repaired', history: 'same', posts: ids.length, fault: null });
      await server.admin.config('SET', 'slowlog-log-slower-than', '-1');
      const logged = (await server.admin.slowlog('GET', -1)) as [number, number, number, string[]][];
      const counts = logged.map(
        ([, , , words]) => words.length + Number(/\((\d+) more arguments/.exec(words.at(-1) ?? '')?.[1] ?? 0),
      );
      expect(counts.length).toBeGreaterThan(40);
      expect(Math.max(...counts)).toBeLessThan(manyArguments);
      const answersAll = logged
        .map(([, , , [name = '']]) => name.toUpperCase())
        .filter((name) => /^H(?:KEYS|VALS|GETALL)$/.test(name));
      expect(answersAll).toEqual([]);
      await expectWhole(server, here, id, ids);
    });

    it('rebuilds the lists that the counts of a channel are taken from', async (test) => {
      const { server, here } = await openTwoNodesFor(test, binary);
      const { id } = await createChannel(here);
      const post = await publish(here, id, { keyEvent: true, headline: 'Key' });
      await publish(here, id);
      await appended(here, id, [revision(post, { body: 'Corrected.' })]);
      const counts = { posts: 2, keyEvents: 1, corrections: 1 };
      const { tags, listed } = keysOf(id);
      await server.admin.zadd(listed, '9', '9');
      const [tag = ''] = await server.admin.zrange(tags, '0', '0');
      await server.admin.zadd(tags, '0', `${tag.slice(0, 16)}a9`);
      expect(await repair(server, id)).toMatchObject({ outcome: 'repaired', history: 'same', fault: null });
      expect((await here.snapshot(id, wide))?.counts).toEqual(counts);
      await server.admin.del(listed, tags);
      expect(await repair(server, id)).toMatchObject({ outcome: 'repaired', history: 'same', fault: null });
      expect((await here.snapshot(id, wide))?.counts).toEqual(counts);
    });

    it('keeps the channel refused until it is done, while servers serve everything else', async (test) => {
      const { server, here, there, id, ids, repairing } = await halfRepaired(test, binary);
      expect(await isHalf(server, id)).toBe(true);
      const other = await createChannel(here);
      if (await isHalf(server, id)) {
        const list = await there.channels({ limit: 10, desk: [] });
        expect([list?.channels.map((channel) => channel.id), list?.complete]).toEqual([[other.id], false]);
      }
      expect(await repairing).toMatchObject({ outcome: 'repaired', fault: null });
      await expectWhole(server, there, id, ids);
      const list = await there.channels({ limit: 10, desk: [] });
      expect([list?.channels.map((channel) => channel.id).sort(), list?.complete]).toEqual([[id, other.id].sort(), true]);
      expect((await publish(here, id)).seq).toBe(ids.length + 2);
    });

    it('records no erasure as pending while the text still exists', async (test) => {
      const { server, here, id, ids, keys } = await damaged(test, binary, 2_000);
      await repair(server, id);
      const post = samplePost(id);
      await appended(here, id, [publication(post)]);
      const place = `${post.id}:1`;
      const text = (await server.admin.hget(keys.texts, place)) as string;
      await appended(here, id, [takedown(post)]);
      expect(await here.erase(id, post.id)).toMatchObject({ complete: true });
      await server.admin.hset(keys.texts, place, text);

      const seen: string[] = [];
      let isDone = false;
      const repairing = repair(server, id).finally(() => {
        isDone = true;
      });
      while (!isDone) {
        const looked = await server.admin.multi().zscore(keys.owed, post.id).hexists(keys.texts, place).exec();
        const [[, owed], [, there]] = looked as [[null, string | null], [null, number]];
        seen.push(`${owed === null ? 'not owed' : 'owed'}, ${there ? 'there' : 'gone'}`);
      }
      expect(await repairing).toMatchObject({ outcome: 'repaired', history: 'same', erasedAgain: [post.id], fault: null });
      expect([...new Set(seen)].slice(0, 2)).toEqual(['not owed, there', 'owed, gone']);
      expect(seen).not.toContain('owed, there');
      expect(await server.admin.zscore(registry.pendingErasures, id)).not.toBeNull();
      expect((await allPosts(here, id)).length).toBe(ids.length + 1);
    });

    it('begins again after an interruption, and servers refuse the channel until it is done', async (test) => {
      const { server, there, id, ids, repairing } = await halfRepaired(test, binary);
      await cutOff(server, id);
      expect(await repairing).toBeInstanceOf(Error);
      expect(await isHalf(server, id)).toBe(true);
      await vi.waitFor(() => expectRefused(there, id), patient);
      expect(await repair(server, id)).toMatchObject({ outcome: 'repaired', history: 'same', posts: ids.length, fault: null });
      await expectWhole(server, there, id, ids);
    });

    it('begins again after the store was killed', async (test) => {
      const { server, there, id, ids, repairing } = await halfRepaired(test, binary);
      await server.kill();
      await server.start();
      await repairing;
      expect(await isHalf(server, id)).toBe(true);
      await server.admin.del(repairKey(id));
      const again = await vi.waitFor(async () => {
        const report = await repair(server, id);
        expect(report?.outcome).toBe('repaired');
        return report;
      }, patient);
      expect(again).toMatchObject({ history: 'same', posts: ids.length, fault: null });
      await expectWhole(server, there, id, ids);
    });

    it('leaves nothing of a channel that is deleted during the repair', async (test) => {
      const { server, there, id, repairing } = await halfRepaired(test, binary);
      await there.deleteChannel(id, newRequest(), 'root');
      await repairing;
      expect(await there.channel(id)).toEqual({ status: 'deleted', access: 'desk' });
      const left = await server.admin.keys(`*{${id}}*`);
      expect(left.filter((key) => Object.values(keysOf(id)).includes(key))).toEqual([]);
    });

    it('is left to another repair under way, even by a server of an earlier version', async (test) => {
      const { server, there, id, ids, keys } = await damaged(test, binary, 20);
      // A server of an earlier version sets this key while it repairs the channel.
      await server.admin.set(repairKey(id), 'another', 'PX', 600_000);
      expect(await repair(server, id)).toMatchObject({ outcome: 'busy' });
      expect(await server.admin.exists(keys.changes, keys.posts, keys.index)).toBe(0);
      await server.admin.del(repairKey(id));
      expect(await repair(server, id)).toMatchObject({ outcome: 'repaired', fault: null });
      await expectWhole(server, there, id, ids);
    });

    it('writes nothing after another repair took over', async (test) => {
      const { server, there, id, ids, keys, repairing } = await halfRepaired(test, binary);
      const began = await server.admin.multi().set(repairKey(id), 'another', 'PX', 600_000).zcard(keys.posts).exec();
      const written = began![1]![1];
      expect(written).toBeLessThan(ids.length);
      expect(await repairing).toMatchObject({
        outcome: 'refused',
        why: expect.stringContaining('another process repairs the channel'),
      });
      expect(await server.admin.zcard(keys.posts)).toBe(written);
      await server.admin.del(repairKey(id));
      expect(await repair(server, id)).toMatchObject({ outcome: 'repaired', fault: null });
      await expectWhole(server, there, id, ids);
    });

    /** Enough work for a second repair to overlap the first. */
    const addStrays = async ({ admin }: RedisServer, labels: string, postId: string) => {
      const strays = Array.from({ length: 100_000 }, (_, number) => [`${postId}:${number + 2}`, '-']).flat();
      for (let at = 0; at < strays.length; at += 20_000) await admin.hset(labels, ...strays.slice(at, at + 20_000));
    };

    it('begins a new history above every offset given out, even if an interrupted repair deleted the record of it', async (test) => {
      const { server, here, there, id, ids, keys } = await damaged(test, binary, 400);
      await repair(server, id);
      expect(await allPosts(here, id)).toEqual(placed(ids));
      // Only the index knows the newest post and its offset, the highest one.
      const newest = ids.at(-1) as string;
      await addStrays(server, keys.labels, newest);
      await server.admin.del(keys.journal, keys.changes);
      await server.admin.hdel(keys.texts, `${newest}:1`);
      const repairing = repair(server, id).catch(() => undefined);
      await vi.waitFor(async () => expect(await server.admin.hexists(keys.index, newest)).toBe(0), patient);
      await cutOff(server, id);
      await repairing;
      expect(await isHalf(server, id)).toBe(true);
      expect(await repair(server, id)).toMatchObject({ outcome: 'repaired', history: 'new', fault: null });
      const snapshot = await vi.waitFor(() => there.snapshot(id, wide), patient);
      expect(snapshot?.position.offset).toBeGreaterThan(ids.length + 1);
      expect(await allPosts(there, id)).toEqual(placed(ids).slice(1));
    });

    it('begins a new history with all posts that are only in the texts, even if a repair was interrupted after writing those posts', async (test) => {
      const { server, here, there, id, ids, keys } = await damaged(test, binary, 400);
      await repair(server, id);
      // The journal of the new history does not record the earlier posts.
      await server.admin.del(keys.journal);
      await repair(server, id);
      const before = (await here.snapshot(id, wide))?.position as Position;
      await addStrays(server, keys.labels, ids[0] as string);
      await server.admin.del(keys.index);
      const repairing = repair(server, id).catch(() => undefined);
      await vi.waitFor(async () => expect(await server.admin.hlen(keys.index)).toBe(ids.length), patient);
      await cutOff(server, id);
      await repairing;
      expect(await isHalf(server, id)).toBe(true);
      expect(await repair(server, id)).toMatchObject({ outcome: 'repaired', history: 'new', posts: ids.length, lost: [] });
      const now = (await vi.waitFor(() => there.snapshot(id, wide), patient))?.position as Position;
      expect(now.offset).toBeGreaterThan(before.offset);
      expect(now.epoch).not.toBe(before.epoch);
      expect((await allPosts(there, id)).map(([postId]) => postId)).toEqual(ids.toReversed());
    });

    it('begins a new history even if a repair was interrupted after writing the lost label', async (test) => {
      const { server, there, id, ids, keys } = await damaged(test, binary, 400);
      await repair(server, id);
      const place = `${ids[5]}:1`;
      await server.admin.hdel(keys.labels, place);
      await addStrays(server, keys.labels, ids[0] as string);
      const repairing = repair(server, id).catch(() => undefined);
      await vi.waitFor(async () => expect(await server.admin.hexists(keys.labels, place)).toBe(1), patient);
      await cutOff(server, id);
      await repairing;
      expect(await isHalf(server, id)).toBe(true);
      expect(await repair(server, id)).toMatchObject({ outcome: 'repaired', history: 'new', posts: ids.length, fault: null });
      expect(await vi.waitFor(() => allPosts(there, id), patient)).toEqual(placed(ids));
    });

    it('begins a new history even if a repair was interrupted after leaving out a post that was only in the index', async (test) => {
      const { server, id, ids, keys } = await damaged(test, binary, 400);
      await repair(server, id);
      // The journal of the new history does not record the earlier posts.
      await server.admin.del(keys.journal);
      await repair(server, id);
      const lost = ids[5] as string;
      await server.admin.hdel(keys.texts, `${lost}:1`);
      await addStrays(server, keys.labels, ids[0] as string);
      const repairing = repair(server, id).catch(() => undefined);
      await vi.waitFor(async () => expect(await server.admin.hexists(keys.index, lost)).toBe(0), patient);
      await cutOff(server, id);
      await repairing;
      expect(await isHalf(server, id)).toBe(true);
      expect(await repair(server, id)).toMatchObject({ outcome: 'repaired', history: 'new', posts: ids.length - 1, fault: null });
    });

    it('does not bring back what it left out before an interruption', async (test) => {
      const { server, here, there, id, ids, keys } = await damaged(test, binary, 400);
      await repair(server, id);
      const [revised, gone] = [await publish(here, id), await publish(here, id)];
      await appended(here, id, [revision(revised, { body: 'Right.' })]);
      const erased = (await server.admin.hget(keys.texts, `${gone.id}:1`)) as string;
      await appended(here, id, [takedown(gone)]);
      await here.erase(id, gone.id);
      // The journal of the new history does not record the earlier posts.
      await server.admin.del(keys.journal);
      await repair(server, id);
      await server.admin.hdel(keys.texts, `${revised.id}:2`, `${gone.id}:2`);
      await server.admin.hset(keys.texts, `${gone.id}:1`, erased);
      await addStrays(server, keys.labels, ids[0] as string);
      const repairing = repair(server, id).catch(() => undefined);
      const left = () => server.admin.hmget(keys.index, revised.id, gone.id);
      await vi.waitFor(async () => expect(await left()).toEqual([null, null]), patient);
      await cutOff(server, id);
      await repairing;
      expect(await isHalf(server, id)).toBe(true);
      expect(await repair(server, id)).toMatchObject({ outcome: 'repaired', history: 'new', posts: ids.length, fault: null });
      expect(await vi.waitFor(() => allPosts(there, id), patient)).toEqual(placed(ids));
    });
  });
}

// Only on valkey, where a repair takes longer. The test is about the nodes, not the store. Every check tests that each command of a
// repair does little work.
describeWith.nightly(needs.valkey, 'the repair of a channel with a hundred thousand posts in valkey', (binary) => {
  it('does not block the store for so long that connections time out', async (test) => {
    const { server, here, there, id, ids, keys } = await damaged(test, binary, 100_000);
    const states: boolean[] = [];
    for (const node of [here, there]) {
      node.onReachability(({ reachable }) => states.push(reachable));
      await node.subscribe(id, () => undefined);
    }
    // The listening connection does not count: it is also replaced when a probe is late, for reasons other than the repair.
    const connections = async () =>
      new Set(
        [...String(await server.admin.call('CLIENT', 'LIST')).matchAll(/^(id=\d+) .*name=pressbox-(?:writes|reads) /gm)].map(
          ([, it]) => it,
        ),
      );
    const before = await connections();
    expect(before.size).toBe(4);
    // In its own process, as an operator would run it.
    const argv = ['bin/pressbox.mjs', 'repair', id, '--redis', '--apply', '--json'];
    const env = { ...process.env, PRESSBOX_REDIS_URL: server.url };
    const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd: root, env });
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'repaired', history: 'same', posts: ids.length, fault: null });
    const snapshot = await here.snapshot(id, wide);
    expect(snapshot?.posts.map((post) => post.id)).toEqual(ids.slice(-wide.limit).reverse());
    expect(snapshot?.position.offset).toBe(ids.length + 1);
    expect(await Promise.all([server.admin.zcard(keys.posts), server.admin.hlen(keys.index)])).toEqual([
      ids.length,
      ids.length + 1,
    ]);
    expect([states, await connections()]).toEqual([[], before]);
  }, 300_000);
});
