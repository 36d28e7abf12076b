import { afterAll, beforeAll, expect, it, type TestContext, vi } from 'vitest';
import type { ChannelsQuery } from '../../../src/journal/engine.ts';
import { tags } from '../../../src/journal/post-tags.ts';
import type { RedisEngine } from '../../../src/journal/redis/index.ts';
import { channelKeys, registered, registry } from '../../../src/journal/redis/keys.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import { loadScripts } from '../../../src/journal/redis/scripts.ts';
import type { Channel } from '../../../src/protocol/model.ts';
import { repairRedis } from '../../../src/repair.ts';
import { describeOn } from '../../support/runner/needs.ts';
import { appended, at, channelChange, createChannel, newRequest, publish, wide } from '../../support/stores/engines.ts';
import { openNode, openNodeFor, type RedisServer, startRedis, startRedisFor } from '../../support/stores/redis.ts';

/** A script blocks the store while it runs, so each may look at only a few posts or channels. */
for (const kind of ['redis', 'valkey'] as const) {
  describeOn.concurrent(kind, `a search for posts with rare tags in ${kind}`, (binary) => {
    it('does not look at all other posts, whatever the order of the tags', async (test) => {
      const server = await startRedisFor(test, binary);
      const engine = await openNodeFor(test, server);
      const { id } = await createChannel(engine);
      const sought = await publish(engine, id, { sources: [{ name: 'The Harbour Office' }] });
      await Promise.all(Array.from({ length: 400 }, () => publish(engine, id)));
      const asked = [tags.kind('update'), tags.keyEvent(false), tags.source('The Harbour Office')];
      const many = { ...wide, limit: 100 };
      for (const wanted of [asked, asked.toReversed(), [...asked.slice(0, 2), tags.source('Nobody')]]) {
        await server.admin.config('RESETSTAT');
        const page = await engine.posts(id, { ...many, tags: wanted });
        expect(page?.posts.map((post) => post.id)).toEqual(wanted.includes(asked[2]!) ? [sought.id] : []);
        const calls = [...(await server.admin.info('commandstats')).matchAll(/^cmdstat_(z\w+|hget):calls=(\d+)/gm)];
        expect(calls.reduce((sum, [, , count]) => sum + Number(count), 0)).toBeLessThan(100);
      }
      // A common tag is still paged as before.
      const all: string[] = [];
      for (let before: number | undefined; ; ) {
        const page = await engine.posts(id, { ...many, tags: asked.slice(0, 2), ...(before !== undefined && { before }) });
        all.push(...page!.posts.map((post) => post.id));
        if (!page!.more) break;
        before = page!.posts.at(-1)!.seq;
      }
      expect(new Set(all).size).toBe(401);
      expect(all.at(-1)).toBe(sought.id);
    });

    it('works in parts, and lets other requests run in between, when many posts have some of the tags', async (test) => {
      const server = await startRedisFor(test, binary);
      const engine = await openNodeFor(test, server);
      const { id } = await createChannel(engine);
      const some = redisLimits.lookedPosts + 100;
      const both = { kind: 'analysis', keyEvent: true, headline: 'Both' } as const;
      const sought = [await publish(engine, id, both)];
      for (const one of [{ kind: 'analysis' }, { keyEvent: true, headline: 'Key' }] as const) {
        for (let from = 0; from < some; from += 100)
          await Promise.all(Array.from({ length: 100 }, () => publish(engine, id, one)));
        sought.unshift(await publish(engine, id, both));
      }
      const lookedAt = await countByScript(test, server, 'zscore');
      const query = { tags: [tags.kind('analysis'), tags.keyEvent(true)], limit: 2, bytes: wide.bytes };
      const seqs = async (bounds: { before?: number; after?: number; limit?: number; bytes?: number }) => {
        const { posts = [], more } = (await engine.posts(id, { ...query, ...bounds })) ?? {};
        return [posts.map(({ seq }) => seq), more];
      };
      const [newest, middle, oldest] = sought.map(({ seq }) => seq) as [number, number, number];
      expect(await seqs({})).toEqual([[newest, middle], true]);
      expect(await seqs({ limit: 3 })).toEqual([[newest, middle, oldest], false]);
      expect(await seqs({ bytes: 1 })).toEqual([[newest], true]);
      expect(await seqs({ before: middle })).toEqual([[oldest], false]);
      expect(await seqs({ after: 0 })).toEqual([[middle, oldest], true]);
      const most = Math.max(...lookedAt());
      expect([most > 0, most <= redisLimits.lookedPosts]).toEqual([true, true]);
    });
  });

  describeOn(kind, `a list of channels with a rare state in ${kind}`, (binary) => {
    const count = 1_500;
    /** The ids to be found, newest first. */
    const [live, hidden]: [string[], string[]] = [[], []];
    let server: RedisServer;
    let engine: RedisEngine;

    beforeAll(async () => {
      server = await startRedis(binary);
      engine = await openNode(server);
      // Newest first, one second apart.
      const made = Array.from({ length: count }, (_, number): [id: string, channel: Partial<Channel>] => {
        const createdAt = at(-number);
        if (number % 400 === 7) return [`live-${number}`, { createdAt, state: 'live' }];
        return [`other-${number}`, { createdAt, ...(number % 2 ? { state: 'ended' } : { state: 'live', access: 'desk' }) }];
      });
      for (let from = 0; from < count; from += 100)
        await Promise.all(made.slice(from, from + 100).map(([id, channel]) => createChannel(engine, id, channel)));
      live.push(...made.flatMap(([id]) => (id.startsWith('live') ? [id] : [])));
      hidden.push(...made.flatMap(([id, { access }]) => (access === 'desk' ? [id] : [])));
    });
    afterAll(async () => {
      await engine.close();
      await server.stop();
    });

    async function listed(query: Partial<ChannelsQuery>) {
      const all: string[] = [];
      for (let page: string | null | undefined; page !== null; ) {
        const read = (await engine.channels({ limit: 50, desk: [], ...query, ...(page !== undefined && { page }) }))!;
        expect(read.complete).toBe(true);
        all.push(...read.channels.map(({ id }) => id));
        page = read.next;
      }
      return all;
    }

    /** Counts the reads of the list and of channels, without a node's background commands. */
    async function asked(query: Partial<ChannelsQuery>): Promise<{ ids: string[]; pieces: number; reads: number }> {
      const { admin } = server;
      await admin.config('SET', 'slowlog-max-len', '100000');
      await admin.config('SET', 'slowlog-log-slower-than', '0');
      await admin.slowlog('RESET');
      const ids = await listed(query);
      const logged = (await admin.slowlog('GET', -1)) as [number, number, number, string[]][];
      await admin.config('SET', 'slowlog-log-slower-than', '-1');
      const calls = logged.map(([, , , words]) => words);
      const { channel } = loadScripts();
      return {
        ids,
        pieces: calls.filter(([command, key]) => command === 'zrange' && key === registry.channels).length,
        reads: calls.filter(([, script]) => script === channel.sha).length,
      };
    }

    it('is read in a few parts, without reading channels of other states', async () => {
      expect(live).toHaveLength(4);
      const { ids, pieces, reads } = await asked({ state: 'live' });
      expect(ids).toEqual(live);
      expect(pieces).toBeLessThan(8);
      expect(reads).toBe(live.length);
    });

    it('is read in a few parts, too, when it leaves out desk channels', async () => {
      const { ids, pieces, reads } = await asked({ state: 'live', desk: ['live*'] });
      expect([ids, pieces < 8, reads]).toEqual([live, true, live.length]);
      expect(await listed({ state: 'live', desk: ['*'] })).toEqual(
        [...live, ...hidden].sort((a, b) => Number(a.split('-')[1]) - Number(b.split('-')[1])),
      );
      const ended = await listed({ state: 'ended', limit: 100 });
      expect(ended).toHaveLength(count - live.length - hidden.length);
      expect((await listed({})).toSorted()).toEqual([...live, ...ended].toSorted());
    });

    it('is the same in one page and in several', async () => {
      expect(await listed({ state: 'live', limit: 1 })).toEqual(live);
      expect(await listed({ state: 'live', limit: 3 })).toEqual(live);
      expect(await listed({ state: 'live', limit: 4 })).toEqual(live);
    });

    async function change(id: string, ...states: Channel['state'][]) {
      for (const state of states) {
        const read = await engine.channel(id);
        if (read.status !== 'found') throw new Error(`There is no channel ${id}.`);
        const { latestPostAt: _, ...channel } = read.channel;
        await appended(engine, id, [channelChange(channel, { state })]);
      }
    }

    it('shows a change that was just made', async () => {
      const [first, ...others] = live as [string, ...string[]];
      await change(first, 'ended');
      expect(await listed({ state: 'live' })).toEqual(others);
      await change(first, 'live');
      expect(await listed({ state: 'live' })).toEqual(live);
    });

    it('holds every unchanged channel once and in order while others change', async () => {
      const { admin } = server;
      const ended = ['other-1', 'other-901', 'other-1401'];
      // An entry left by a refused creation of a channel with this id at another time.
      await admin.zadd(registry.channels, 0, registered(Date.parse(at(-1_000)), live[0] as string));
      let done = false;
      const changing = (async () => {
        for (const id of ended) await change(id, 'live', 'ended', 'live');
        for (const id of ended) await engine.deleteChannel(id, newRequest(), 'root');
      })().finally(() => {
        done = true;
      });
      while (!done) expect((await listed({ state: 'live', limit: 3 })).filter((id) => !ended.includes(id))).toEqual(live);
      await changing;
      expect(await listed({ state: 'live' })).toEqual(live);
      expect((await listed({ state: 'ended' })).filter((id) => ended.includes(id))).toEqual([]);
    });

    it('does not get slower by channels that were deleted', async () => {
      const { admin } = server;
      const places = await admin.zcard(registry.channels);
      const gone = Array.from({ length: 3 }, (_, number) => `gone-${number}`);
      for (const id of gone) await createChannel(engine, id, { createdAt: at(1) });
      for (const id of gone.slice(1)) await engine.deleteChannel(id, newRequest(), 'root');
      expect((await listed({ limit: 1 })).slice(0, 1)).toEqual(gone.slice(0, 1));
      await vi.waitFor(async () => expect(await admin.zcard(registry.channels)).toBe(places + 1));
      for (const id of gone.slice(1)) expect(await engine.channel(id)).toMatchObject({ status: 'deleted' });
      await engine.deleteChannel(gone[0] as string, newRequest(), 'root');
    });

    /** Resets keys of a channel to their state before it was live. */
    async function putBack(id: string, ...keys: string[]): Promise<void> {
      await change(id, 'ended');
      const then = await Promise.all(keys.map((key) => server.admin.dumpBuffer(key)));
      await change(id, 'live');
      for (const [number, key] of keys.entries()) await server.admin.restore(key, 0, then[number] as Buffer, 'REPLACE');
    }

    it.each<[string, (id: string, keys: { changes: string; index: string }) => Promise<unknown>]>([
      ['its line in the index is lost', (_, { index }) => server.admin.del(index)],
      ['its index is older', (id, { index }) => putBack(id, index)],
      ['only its journal has the last change', (id, { changes, index }) => putBack(id, changes, index)],
      [
        'its repair was interrupted',
        async (id, { changes, index }) => {
          await putBack(id, index);
          const top = (await server.admin.zrange(changes, '0', '0', 'REV', 'WITHSCORES'))[1] as string;
          await server.admin.del(changes);
          await server.admin.zadd(changes, '+inf', 'mending', top, 'highest');
        },
      ],
    ])('is marked as incomplete while it lacks a damaged channel, and is complete after the repair: %s', async (_, tamper) => {
      const id = live[1] as string;
      const [, changes, , index] = channelKeys(id) as [string, string, string, string];
      await tamper(id, { changes, index });
      // The remaining keys do not say whether the channel is live, or who may know of it.
      expect(await engine.channels({ limit: 100, desk: [], state: 'live' })).toMatchObject({ complete: false });
      for await (const report of repairRedis({ url: server.url, channelId: id, apply: true }))
        expect(report).toMatchObject({ outcome: 'repaired', fault: null });
      expect(await listed({ state: 'live' })).toEqual(live);
    });
  });
}

/** Counts, from now on, the commands that each script calls. */
async function countByScript(test: TestContext, { admin }: RedisServer, command: string): Promise<() => readonly number[]> {
  const monitor = await admin.monitor();
  test.onTestFinished(() => monitor.disconnect());
  const counts = [0];
  monitor.on('monitor', (_time: string, [called]: string[], source: string) => {
    if (source !== 'lua') counts.push(0);
    else if (called?.toLowerCase() === command) counts.push((counts.pop() ?? 0) + 1);
  });
  return () => counts;
}
