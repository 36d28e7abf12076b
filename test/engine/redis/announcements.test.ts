import { expect, it, vi } from 'vitest';
import type { Announcement } from '../../../src/journal/engine.ts';
import type { RedisEngine } from '../../../src/journal/redis/index.ts';
import { announcements, registry } from '../../../src/journal/redis/keys.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import { describeOn } from '../../support/runner/needs.ts';
import { within } from '../../support/runner/settled-within.ts';
import {
  appended,
  createChannel,
  head,
  newPostId,
  type PostState,
  publish,
  revision,
  wide,
} from '../../support/stores/engines.ts';
import { untilComplete } from '../../support/stores/erased-texts.ts';
import {
  copyOf,
  lastComparison,
  nextComparison,
  openMuteNodeFor,
  openNode,
  openTwoNodesFor,
} from '../../support/stores/redis.ts';

const patient = { interval: 50 };
/** For steps that are retried because a comparison with the store, or a reconnect, may have spoilt the first try. */
const oftenTried = { timeout: 60_000, interval: 50 };

/** Creates a channel, and waits until its creation was announced, so that no later listener hears of it. */
async function createdChannel(engine: RedisEngine) {
  const channel = await createChannel(engine);
  // Uses the same connection as the announcement, and so waits for it.
  await head(engine, channel.id);
  return channel;
}

async function listen(engine: RedisEngine, channelId: string) {
  const heard: Announcement[] = [];
  await engine.subscribe(channelId, (one) => heard.push(one));
  const entries = () => heard.filter((one) => one.type === 'entry');
  return {
    entries,
    offsets: () => entries().map(({ change }) => change.offset),
    types: () => heard.map(({ type }) => type),
    losses: () => heard.filter(({ type }) => type === 'maybe-missed').length,
  };
}

/** Publishes until the listener hears a post. Publishes again only if the listener was told `maybe-missed` in between. */
async function publishHeard(engine: RedisEngine, channelId: string, other: Awaited<ReturnType<typeof listen>>): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    const losses = other.losses();
    const { seq } = await publish(engine, channelId);
    const isHeard = () => other.offsets().includes(seq);
    await vi.waitFor(() => expect(isHeard() || other.losses() > losses).toBe(true), patient);
    if (isHeard()) return;
  }
  throw new Error('Nothing was heard of what was published.');
}

for (const kind of ['redis', 'valkey'] as const) {
  describeOn.concurrent(kind, `two nodes on one ${kind}`, (binary) => {
    it('know which tokens the other revoked, even if the message was lost', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      // A node that knows of it before the next comparison got the message. Retried if a comparison came first.
      await vi.waitFor(async () => {
        const [before, jti] = [await lastComparison(server, there), newPostId()];
        await here.revoke(jti, null, 'root');
        await vi.waitFor(() => expect(there.isRevoked(jti)).toBe(true), patient);
        expect(await lastComparison(server, there)).toBe(before);
      }, oftenTried);
      for (const node of [here, there]) {
        const jti = newPostId();
        await nextComparison(server, node);
        // Written directly to Redis, as if the message of another node had been lost.
        await server.admin.multi().zadd(registry.revoked, 'inf', jti).set(registry.revokedVersion, jti).exec();
        await within(3_000, () => expect(node.isRevoked(jti)).toBe(true), [process.pid, server.pid]);
      }
    });

    it('restore revoked tokens that Redis lost, and refuse them all the time', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      await here.revoke('kept', null, 'root');
      await here.revoke('later', Date.now() + 600_000, 'root');
      await server.admin.flushall();
      await there.revoke('new', null, 'root');
      await vi.waitFor(async () => {
        expect(here.isRevoked('kept')).toBe(true);
        expect((await server.admin.zrange(registry.revoked, 0, '-1')).sort()).toEqual(['kept', 'later', 'new']);
      }, patient);
      const third = await openNode(server);
      expect(['kept', 'later', 'new', 'other'].map((jti) => third.isRevoked(jti))).toEqual([true, true, true, false]);
      await third.close();
    });

    it('restore a revoked token that Redis lost right after it was written, although nothing was written since', async (test) => {
      const { server, here } = await openTwoNodesFor(test, binary);
      await nextComparison(server, here);
      const dump = await server.admin.multi().dump(registry.revoked).get(registry.revokedVersion).exec();
      await here.revoke('lost', null, 'root');
      // The store goes back to the state that this node compared last, as after a failover.
      expect(dump?.map(([, value]) => value)).toEqual([null, null]);
      await server.admin.del(registry.revoked, registry.revokedVersion);
      await vi.waitFor(async () => expect(await server.admin.zrange(registry.revoked, 0, '-1')).toEqual(['lost']), patient);
    });

    it('know within 3 s which sessions the other ended, even if the message was lost', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const session = (id: string) => ({ subject: 'ada', id, begunAt: Date.now(), until: Date.now() + 3_600_000 });
      await here.endSession(session('told'), 'ed');
      await within(3_000, () => expect(there.isSessionEnded(session('told'))).toBe(true), [process.pid, server.pid]);
      for (const node of [here, there]) {
        const id = newPostId();
        const { begunAt, until } = session(id);
        await nextComparison(server, node);
        // Written directly to Redis, as if the message of another node had been lost.
        await server.admin.zadd(
          registry.ended,
          1_000 + (await server.admin.zcard(registry.ended)),
          `ada ${id} ${begunAt} ${until}`,
        );
        await within(3_000, () => expect(node.isSessionEnded(session(id))).toBe(true), [process.pid, server.pid]);
      }
    });

    it('restore ended sessions that Redis lost, and agree on one key for sessions again', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const session = (id: string) => ({ subject: 'ada', id, begunAt: Date.now(), until: Date.now() + 3_600_000 });
      const keys = await Promise.all([here, there, here].map((node) => node.sessionKey()));
      expect(keys[1]).toEqual(keys[0]);
      expect(keys[2]).toEqual(keys[0]);
      await here.endSession(session('kept'), 'ed');
      await server.admin.flushall();
      await there.endSession(session('new'), 'ed');
      await vi.waitFor(async () => {
        const lines = await server.admin.zrange(registry.ended, 0, '-1');
        expect(lines.map((line) => line.split(' ')[1]).sort()).toEqual(['kept', 'new']);
        expect(await server.admin.exists(registry.sessionKey)).toBe(1);
      }, patient);
      const third = await openNode(server);
      expect(['kept', 'new', 'other'].map((id) => third.isSessionEnded(session(id)))).toEqual([true, true, false]);
      expect(await third.sessionKey()).toEqual(keys[0]);
      await third.close();
    });

    it('announce each appended entry to each other once', async (test) => {
      const { here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createdChannel(here);
      const [own, other] = [await listen(here, id), await listen(there, id)];
      await publishHeard(here, id, other);
      await publishHeard(there, id, own);
      const heard = [own, other].map(({ offsets }) => new Set(offsets()));
      expect([own.offsets().length, other.offsets().length]).toEqual(heard.map(({ size }) => size));
      const heardByBoth = own.entries().filter(({ change }) => heard[1]!.has(change.offset));
      expect(heardByBoth.length).toBeGreaterThanOrEqual(2);
      expect(other.entries()).toEqual(expect.arrayContaining(heardByBoth));
    });

    it('tell listeners that they may have missed something after the listening connection was lost', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createdChannel(here);
      const other = await listen(there, id);
      await publishHeard(here, id, other);
      const before = other.losses();
      await server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await vi.waitFor(() => expect(other.losses()).toBeGreaterThan(before), patient);
      await publishHeard(here, id, other);
    });

    it('ignore messages they do not understand', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createdChannel(here);
      const other = await listen(there, id);
      for (const name of [registry.control, registry.node(there.nodeId), announcements(id)])
        for (const text of ['', 'null', '7', '{}', '{"type":"heard"}', '{"type":"heard","from":"x","heard":{"type":"entry"}}'])
          await vi.waitFor(async () => expect(await server.admin.publish(name, text)).toBeGreaterThan(0), patient);
      await publishHeard(here, id, other);
    });

    it('notice an announcement that was lost silently, and report it once', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const mute = await openMuteNodeFor(test, server);
      /** The listening connections. Redis lists them in any order. */
      const listeningConnections = async () => {
        const listed = String(await server.admin.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
        return new Set([...listed.matchAll(/^(id=\d+) .*user=pressbox/gm)].map(([, id]) => id));
      };
      const twice = ['maybe-missed', 'maybe-missed'];
      await vi.waitFor(async () => {
        const before = await listeningConnections();
        expect(before.size).toBeGreaterThan(0);
        const { id } = await createdChannel(here);
        const other = await listen(there, id);
        // The node cannot know whether the existing entries were announced, so it reports a possible loss.
        await vi.waitFor(() => expect(other.types()).toContain('maybe-missed'), patient);
        await publish(mute, id);
        await vi.waitFor(() => expect(other.losses()).toBeGreaterThan(1), patient);
        for (let comparisons = 0; comparisons < 2; comparisons++) await nextComparison(server, there);
        // A replaced listening connection would have been reported as well, and is retried.
        expect([other.types(), await listeningConnections()]).toEqual([twice, before]);
      }, oftenTried);
    });

    it('notice that entries they only read were lost by the store', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const mute = await openMuteNodeFor(test, server);
      const { id } = await createdChannel(here);
      const other = await listen(there, id);
      await vi.waitFor(() => expect(other.types()).toContain('maybe-missed'), patient);
      // The next comparison follows in two seconds.
      await nextComparison(server, there);
      const before = other.losses();
      const dropped: unknown[] = [];
      there.onErased((...heard) => dropped.push(heard));
      const putBack = await copyOf(server, id);
      await publish(mute, id);
      expect((await there.snapshot(id, wide))?.position.offset).toBe(2);
      // Simulates a failover to a replica that did not have the entry yet.
      await putBack();
      await vi.waitFor(() => expect(other.losses()).toBeGreaterThan(before), patient);
      // Nothing that was read before is handed out any more.
      expect(dropped).toEqual([[id, null]]);
    });

    it('notice that lost entries came back after they had read the journal without them', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createdChannel(here);
      const other = await listen(there, id);
      await vi.waitFor(() => expect(other.types()).toContain('maybe-missed'), patient);
      const replica = await copyOf(server, id);
      await publishHeard(here, id, other);
      const primary = await copyOf(server, id);
      await nextComparison(server, there);
      const before = other.losses();
      await replica();
      expect((await there.snapshot(id, wide))?.position.offset).toBe(1);
      await primary();
      await vi.waitFor(() => expect(other.losses()).toBeGreaterThan(before), patient);
    });

    it('announce that a channel is gone if nothing of it is left', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createdChannel(here);
      const other = await listen(there, id);
      await publishHeard(here, id, other);
      await server.admin.flushall();
      await vi.waitFor(() => expect(other.types()).toContain('gone'), patient);
      expect(await here.channel(id)).toEqual({ status: 'missing' });
      expect((await createChannel(there, id)).id).toBe(id);
    });

    it('learn of erasures on channels they do not follow, and of erasures they missed', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const mute = await openMuteNodeFor(test, server);
      const { id } = await createChannel(here);
      const erased: (string | null)[] = [];
      there.onErased((_, postId) => erased.push(postId));
      // This time is promised. Some node finishes an erasure that nobody finished earlier, and all nodes hear of that.
      const isHeardOf = (post: PostState) => within(5_000, () => expect(erased).toContain(post.id), [process.pid, server.pid]);
      const [a, b] = [await publish(here, id), await publish(here, id)];
      await appended(here, id, [{ ...revision(a, { body: 'Else.' }), erases: 1 }]);
      await isHeardOf(a);
      await appended(mute, id, [{ ...revision(b, { body: 'Else.' }), erases: 1 }]);
      // Uses the connection that noted the erasure for nodes that miss messages, and so waits for the note.
      await head(mute, id);
      await server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await isHeardOf(b);
    });

    it('drop everything if they missed more erasures than the store keeps, and otherwise only what was erased', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createdChannel(here);
      await listen(there, id);
      const [own, others]: [(string | null)[], (string | null)[]] = [[], []];
      there.onErased((channelId, postId) => (channelId === id ? own : others).push(postId));
      /** Erasures on another channel, noted by a node that is gone. */
      const miss = async (count: number, last: string) => {
        const noted = server.admin.pipeline();
        for (let number = 1; number <= count; number++)
          noted.xadd(
            registry.erasures,
            'MAXLEN',
            redisLimits.erasuresKept,
            '*',
            'channel',
            'x',
            'post',
            number < count ? 'a' : last,
          );
        await noted.exec();
        await server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await vi.waitFor(() => expect(others).toContain(last), patient);
      };
      await miss(redisLimits.erasuresKept - 1, 'few');
      expect(own).toEqual([]);
      await miss(redisLimits.erasuresKept + 1, 'many');
      expect(own).toEqual([null]);
    });

    it('drop a post again after an erasure by the other node that they had not heard of, even if they dropped it before', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createChannel(here);
      const post = await publish(here, id);
      const erased: (string | null)[] = [];
      here.onErased((_, postId) => erased.push(postId));
      const once = { ...revision(post, { body: 'Else.' }), erases: 1 };
      await appended(here, id, [once]);
      await untilComplete(() => there.erase(id, post.id));
      // From now on erasures wait for this node, which cannot acknowledge them.
      const mute = await openMuteNodeFor(test, server);
      const before = erased.length;
      await appended(mute, id, [{ ...revision(once.post, { body: 'Else again.' }), erases: 2 }]);
      expect(await here.erase(id, post.id)).toMatchObject({ complete: false });
      expect(erased.length).toBeGreaterThan(before);
    });

    it('keep acknowledged writes when Redis is killed, and continue when it is back', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createChannel(here);
      const posts = [];
      for (let index = 0; index < 10; index++) posts.push(await publish(here, id));
      await server.kill('SIGKILL');
      await expect(publish(here, id)).rejects.toMatchObject({ name: 'JournalUnavailable' });
      await server.start();
      await vi.waitFor(() => publish(there, id), patient);
      const page = await vi.waitFor(() => there.posts(id, wide), patient);
      expect(page?.posts.slice(-10)).toEqual(posts.toReversed());
    });

    it('report once that Redis is unreachable, and once that it is back', async (test) => {
      const { server, here } = await openTwoNodesFor(test, binary);
      const states: boolean[] = [];
      here.onReachability(({ reachable }) => states.push(reachable));
      process.kill(server.pid, 'SIGSTOP');
      try {
        await within(12_000, () => expect(states).toEqual([false]));
        await expect(here.ready()).rejects.toMatchObject({ name: 'JournalUnavailable' });
      } finally {
        process.kill(server.pid, 'SIGCONT');
      }
      await vi.waitFor(() => expect(states).toEqual([false, true]), patient);
      // The writing connection may be restored a moment later.
      await vi.waitFor(() => here.ready(), patient);
      expect(states).toEqual([false, true]);
    });

    it('are registered by their heartbeats until they leave', async (test) => {
      const { server, there } = await openTwoNodesFor(test, binary);
      await vi.waitFor(async () => expect(await server.admin.zcard(registry.nodes)).toBe(2), patient);
      await there.close();
      // A node that did not sign off stays registered for a minute.
      await vi.waitFor(async () => expect(await server.admin.zcard(registry.nodes)).toBe(1), patient);
    });
  });
}
