import { describe, expect, it, vi } from 'vitest';
import type { Announcement } from '../../src/engine/engine.ts';
import type { RedisEngine } from '../../src/engine/redis/index.ts';
import { announcements, channelKeys, registry } from '../../src/engine/redis/keys.ts';
import { verifyRedis } from '../../src/engine/redis/verify.ts';
import { tags } from '../../src/engine/tags.ts';
import type { Position } from '../../src/protocol/cursor.ts';
import {
  appended,
  appending,
  channelChange,
  createChannel,
  newPostId,
  newRequest,
  type PostState,
  publication,
  publish,
  renderer,
  retraction,
  revision,
  sampleChannel,
  samplePost,
  wide,
} from '../support/engines.ts';
import { untilComplete } from '../support/erased-texts.ts';
import { describeWith, needs } from '../support/needs.ts';
import {
  lastComparison,
  nextComparison,
  openMuteNodeFor,
  openNode,
  openTwoNodesFor,
  type RedisServer,
} from '../support/redis.ts';
import { within } from '../support/within.ts';

const patient = { timeout: 20_000, interval: 50 };
/** For what is tried again where a comparison, or a connection that was made anew, came in between. */
const oftenTried = { timeout: 60_000, interval: 50 };
const head = async (engine: RedisEngine, channelId: string) => (await engine.heads([channelId]))[0] as Position;

/** A channel of which nobody who listens from now on hears how it was made. */
async function createdChannel(engine: RedisEngine) {
  const channel = await createChannel(engine);
  // Goes down the connection that the announcement went down.
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

/** Publishes until a post is heard: again only where who listens was told once more that something may have been missed. */
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
  describeWith.concurrent(needs[kind], `two nodes on one ${kind}`, (binary) => {
    it('know of the tokens that the other revoked, also where the message was lost', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      // Who knows without a comparison was told. One may come in between, and then it is tried again.
      await vi.waitFor(async () => {
        const [before, jti] = [await lastComparison(server, there), newPostId()];
        await here.revoke(jti, null);
        await vi.waitFor(() => expect(there.isRevoked(jti)).toBe(true), patient);
        expect(await lastComparison(server, there)).toBe(before);
      }, oftenTried);
      for (const node of [here, there]) {
        const jti = newPostId();
        await nextComparison(server, node);
        // As another node would write it whose message reached nobody.
        await server.admin.multi().zadd(registry.revoked, 'inf', jti).set(registry.revokedVersion, jti).exec();
        await within(3_000, () => expect(node.isRevoked(jti)).toBe(true), [process.pid, server.pid]);
      }
    });

    it('put back what Redis had lost of revoked tokens, and take none of them meanwhile', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      await here.revoke('kept', null);
      await here.revoke('later', Date.now() + 600_000);
      await server.admin.flushall();
      await there.revoke('new', null);
      await vi.waitFor(async () => {
        expect(here.isRevoked('kept')).toBe(true);
        expect((await server.admin.zrange(registry.revoked, 0, '-1')).sort()).toEqual(['kept', 'later', 'new']);
      }, patient);
      const third = await openNode(server);
      expect(['kept', 'later', 'new', 'other'].map((jti) => third.isRevoked(jti))).toEqual([true, true, true, false]);
      await third.close();
    });

    it('announce to each other what was appended, once', async (test) => {
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

    it('take no harm from messages that are none of theirs', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createdChannel(here);
      const other = await listen(there, id);
      for (const name of [registry.control, registry.node(there.nodeId), announcements(id)])
        for (const text of ['', 'null', '7', '{}', '{"type":"heard"}', '{"type":"heard","from":"x","heard":{"type":"entry"}}'])
          await vi.waitFor(async () => expect(await server.admin.publish(name, text)).toBeGreaterThan(0), patient);
      await publishHeard(here, id, other);
    });

    it('notice an announcement that was lost without a word, and tell of it once', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const mute = await openMuteNodeFor(test, server);
      /** The connections that listen. Redis lists them in any order. */
      const ears = async () => {
        const listed = String(await server.admin.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
        return new Set([...listed.matchAll(/^(id=\d+) .*user=pressbox/gm)].map(([, id]) => id));
      };
      const twice = ['maybe-missed', 'maybe-missed'];
      await vi.waitFor(async () => {
        const before = await ears();
        expect(before.size).toBeGreaterThan(0);
        const { id } = await createdChannel(here);
        const other = await listen(there, id);
        // Whether that was announced which is there already, it cannot know.
        await vi.waitFor(() => expect(other.types()).toContain('maybe-missed'), patient);
        await publish(mute, id);
        await vi.waitFor(() => expect(other.losses()).toBeGreaterThan(1), patient);
        for (let comparisons = 0; comparisons < 2; comparisons++) await nextComparison(server, there);
        // Where a connection that listens had to be replaced, that was told too.
        expect([other.types(), await ears()]).toEqual([twice, before]);
      }, oftenTried);
    });

    it('tell that a channel is gone of which nothing is left', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createdChannel(here);
      const other = await listen(there, id);
      await publishHeard(here, id, other);
      await server.admin.flushall();
      await vi.waitFor(() => expect(other.types()).toContain('gone'), patient);
      expect(await here.channel(id)).toEqual({ status: 'missing' });
      expect((await createChannel(there, id)).id).toBe(id);
    });

    it('hear of erasures on channels that they do not follow, and of those that they missed', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const mute = await openMuteNodeFor(test, server);
      const { id } = await createChannel(here);
      const erased: (string | null)[] = [];
      there.onErased((_, postId) => erased.push(postId));
      // As the contract says. What nobody has finished by then is finished by some node, of which all hear.
      const isHeardOf = (post: PostState) => within(5_000, () => expect(erased).toContain(post.id), [process.pid, server.pid]);
      const [a, b] = [await publish(here, id), await publish(here, id)];
      await appended(here, id, [{ ...revision(a, { body: 'Else.' }), erases: 1 }]);
      await isHeardOf(a);
      await appended(mute, id, [{ ...revision(b, { body: 'Else.' }), erases: 1 }]);
      // Goes down the connection over which it was noted for those who are deaf.
      await head(mute, id);
      await server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await isHeardOf(b);
    });

    it('let go again of a post that another erased from of which they heard nothing, also where they had before', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createChannel(here);
      const post = await publish(here, id);
      const erased: (string | null)[] = [];
      here.onErased((_, postId) => erased.push(postId));
      const once = { ...revision(post, { body: 'Else.' }), erases: 1 };
      await appended(here, id, [once]);
      await untilComplete(() => there.erase(id, post.id));
      // From here on an erasure waits for this one, which can tell nobody that it let go.
      const mute = await openMuteNodeFor(test, server);
      const before = erased.length;
      await appended(mute, id, [{ ...revision(once.post, { body: 'Else again.' }), erases: 2 }]);
      expect(await here.erase(id, post.id)).toMatchObject({ complete: false });
      expect(erased.length).toBeGreaterThan(before);
    });

    it('keep what was answered when Redis is killed, and go on when it is back', async (test) => {
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

    it('tell when Redis is out of reach, and when it is back, once each', async (test) => {
      const { server, here } = await openTwoNodesFor(test, binary);
      const states: boolean[] = [];
      here.onReach(({ reachable }) => states.push(reachable));
      process.kill(server.pid, 'SIGSTOP');
      try {
        await within(12_000, () => expect(states).toEqual([false]));
        await expect(here.ready()).rejects.toMatchObject({ name: 'JournalUnavailable' });
      } finally {
        process.kill(server.pid, 'SIGCONT');
      }
      await vi.waitFor(() => expect(states).toEqual([false, true]), patient);
      // The connection over which it writes may be made anew a moment later.
      await vi.waitFor(() => here.ready(), patient);
      expect(states).toEqual([false, true]);
    });

    describe('whose keys of a channel were lost in part', () => {
      async function story(here: RedisEngine) {
        const { id } = await createChannel(here);
        const [a, b, c] = [
          await publish(here, id, { sources: [{ name: 'Wire' }] }),
          await publish(here, id),
          await publish(here, id),
        ];
        const corrected = revision(a, { body: 'Right.' });
        await appended(here, id, [corrected]);
        await appended(here, id, [retraction(b)]);
        return { id, a, b, c };
      }
      async function faultOf({ url }: RedisServer, channelId: string) {
        for await (const { fault } of verifyRedis({ url, channelId, renderer, isListed: (kind) => kind !== null })) return fault;
        throw new Error('There is no such channel.');
      }
      const names = channelKeys('x').map((key) => key.slice(key.indexOf(':', 10) + 1));
      const keyOf = (id: string, name: string) => channelKeys(id)[names.indexOf(name)] as string;

      it.for(['index', 'changes', 'posts', 'tags'])(
        'make %s from the journal again, and keep the history',
        async (name, test) => {
          const { server, here, there } = await openTwoNodesFor(test, binary);
          const { id } = await story(here);
          const before = await here.snapshot(id, wide);
          const corrections = await here.corrections(id, { limit: 10 });
          const found = await here.posts(id, { ...wide, tags: [tags.source('Wire')] });
          await server.admin.del(keyOf(id, name));
          expect(await there.snapshot(id, wide)).toEqual(before);
          expect(await here.corrections(id, { limit: 10 })).toEqual(corrections);
          expect(await here.posts(id, { ...wide, tags: [tags.source('Wire')] })).toEqual(found);
          expect((await publish(here, id)).seq).toBe(7);
        },
      );

      it.for<[string, (here: RedisEngine, id: string, post: PostState) => Promise<unknown>]>([
        ['a post', (here, id, post) => appended(here, id, [revision(post, { body: 'Right again.' })])],
        ['the channel', (here, id) => appended(here, id, [channelChange(sampleChannel(id), { headline: 'Changed' })])],
      ])('make an index anew that is of the time before the last change, of %s', async ([, change], test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id, c } = await story(here);
        const index = keyOf(id, 'index');
        const then = await server.admin.dumpBuffer(index);
        await change(here, id, c);
        const [standing, corrections] = [await here.snapshot(id, wide), await here.corrections(id, { limit: 10 })];
        await server.admin.restore(index, 0, then as Buffer, 'REPLACE');
        expect(await there.snapshot(id, wide)).toEqual(standing);
        expect(await here.corrections(id, { limit: 10 })).toEqual(corrections);
        expect(
          await here.append(id, appending([publication(samplePost(id))], { channel: standing!.channel.revision })),
        ).toMatchObject({
          status: 'appended',
        });
      });

      it('begin a new history above the old one where the journal was lost', async (test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id } = await story(here);
        const [before, position] = [await here.snapshot(id, wide), await head(here, id)];
        const other = await listen(there, id);
        await publish(here, id);
        await server.admin.del(keyOf(id, 'journal'));
        await vi.waitFor(async () => expect((await head(there, id)).epoch).not.toBe(position.epoch), patient);
        await vi.waitFor(() => expect(other.types().at(-1)).toBe('maybe-missed'), patient);
        const now = await head(here, id);
        expect(now.offset).toBe(8);
        expect(await here.catchUp(id, position, wide)).toEqual({ status: 'foreign' });
        expect(await there.catchUp(id, now, wide)).toMatchObject({ status: 'replay', changes: [] });
        const after = await here.snapshot(id, wide);
        expect(after?.posts.slice(1)).toEqual(before?.posts);
        // The channel was changed by it, so what was decided before is decided again.
        const late = await here.append(id, appending([publication(samplePost(id))]));
        expect(late).toEqual({ status: 'conflict', moved: [null] });
        const channel = await here.channel(id);
        expect(channel).toMatchObject({ status: 'found', channel: { revision: 2 } });
      });

      it('begin a new history without the post whose text was lost', async (test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id, c } = await story(here);
        const position = await head(here, id);
        await server.admin.hdel(keyOf(id, 'texts'), `${c.id}:1`);
        const snapshot = await here.snapshot(id, wide);
        expect(snapshot?.posts).toHaveLength(2);
        expect(await here.catchUp(id, position, wide)).toEqual({ status: 'foreign' });
        expect(await there.post(id, c.id)).toBeUndefined();
      });

      it.for(['changes', 'posts', 'tags', 'journal', 'index', 'journal index', 'journal index changes posts tags'])(
        'keep all posts of a history that began anew where after that is lost: %s',
        async (lost, test) => {
          const { server, here, there } = await openTwoNodesFor(test, binary);
          const { id, a, b, c } = await story(here);
          await server.admin.del(keyOf(id, 'journal'));
          const before = await here.snapshot(id, wide);
          expect(before?.posts.map((post) => post.id)).toEqual([c.id, b.id, a.id]);
          const newest = samplePost(id);
          await appended(here, id, [publication(newest)], { channel: 2 });
          const names = lost.split(' ');
          await server.admin.del(...names.map((name) => keyOf(id, name)));
          const after = await there.snapshot(id, wide);
          expect(after?.posts.map((post) => post.id)).toEqual([newest.id, c.id, b.id, a.id]);
          expect(after?.posts.slice(1).map(({ seq: _, ...post }) => post)).toEqual(
            before?.posts.map(({ seq: _, ...post }) => post),
          );
          expect((await there.posts(id, { ...wide, tags: [tags.source('Wire')] }))?.posts.map((post) => post.id)).toEqual([a.id]);
          expect(await faultOf(server, id)).toBeUndefined();
          expect(after?.position.epoch === before?.position.epoch).toBe(!names.includes('journal') && !names.includes('index'));
        },
      );

      it('begin a new history where what is missing is found by who reads it', async (test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id, c } = await story(here);
        const position = await head(here, id);
        await server.admin.hdel(keyOf(id, 'texts'), `${c.id}:1`);
        await server.admin.hdel(keyOf(id, 'labels'), `${c.id}:1`);
        expect((await here.snapshot(id, wide))?.posts).toHaveLength(2);
        expect(await here.catchUp(id, position, wide)).toEqual({ status: 'foreign' });
        expect(await there.post(id, c.id)).toBeUndefined();
        expect(await faultOf(server, id)).toBeUndefined();
      });

      it.for([
        ['a key event', { keyEvent: true }],
        ['the newest summary', { kind: 'summary' }],
        ['the pinned post', {}],
      ] as [string, Partial<PostState>][])(
        'begin a new history where it is %s that has no text',
        async ([what, changed], test) => {
          const { server, here, there } = await openTwoNodesFor(test, binary);
          const { id } = await story(here);
          const lost = await publish(here, id, changed);
          const pinned = { ...sampleChannel(id), pinnedPostId: lost.id };
          if (what === 'the pinned post') await appended(here, id, [channelChange(pinned, {})]);
          else await publish(here, id);
          const few = { ...wide, limit: 1 };
          const newest = samplePost(id);
          await appended(here, id, [publication(newest)], { channel: what === 'the pinned post' ? 2 : 1 });
          const before = (await here.snapshot(id, few))!;
          expect([before.pinned?.id, before.summary?.id, before.keyEvents[0]?.id]).toContain(lost.id);
          for (const name of ['texts', 'labels']) await server.admin.hdel(keyOf(id, name), `${lost.id}:1`);
          const after = (await there.snapshot(id, few))!;
          expect([after.pinned, after.summary, after.keyEvents]).toEqual([null, null, []]);
          expect(after.posts.map((post) => post.id)).toEqual([newest.id]);
          expect(after.position.epoch).not.toBe(before.position.epoch);
        },
      );

      it('begin a new history without posts of which one has lost its text and one what goes with it', async (test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id, a, b, c } = await story(here);
        await server.admin.hdel(keyOf(id, 'texts'), `${c.id}:1`);
        await server.admin.hdel(keyOf(id, 'labels'), `${b.id}:2`);
        expect((await there.snapshot(id, wide))?.posts.map((post) => post.id)).toEqual([a.id]);
        expect(await faultOf(server, id)).toBeUndefined();
      });

      it('begin a new history where an entry in the middle was lost', async (test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id, a, b, c } = await story(here);
        const [epoch, check] = [(await head(here, id)).epoch, (await here.journal(id, { from: 1, limit: 1 }))!.entries[0]!.check];
        const position = { epoch, offset: 1, check: check.slice(0, 16) };
        await server.admin.xdel(keyOf(id, 'journal'), '4-0');
        expect(await here.catchUp(id, position, wide)).toEqual({ status: 'foreign' });
        expect((await there.snapshot(id, wide))?.posts.map((post) => post.id)).toEqual([c.id, b.id, a.id]);
      });

      it('have no channel any more where its own text and label were lost', async (test) => {
        const { server, here } = await openTwoNodesFor(test, binary);
        const { id } = await story(here);
        for (const name of ['texts', 'labels']) await server.admin.hdel(keyOf(id, name), 'channel:1');
        expect(await here.channel(id)).toEqual({ status: 'missing' });
      });

      it('know what was erased where the index was lost', async (test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id, a } = await story(here);
        const post = (await here.post(id, a.id))!.post;
        await appended(here, id, [{ ...revision(post, { body: 'Else.' }), erases: 2 }]);
        const before = await here.entries(id, { from: 1, ...wide });
        expect(await faultOf(server, id)).toBeUndefined();
        await server.admin.del(keyOf(id, 'index'));
        expect(await there.entries(id, { from: 1, ...wide })).toEqual(before);
        expect(await faultOf(server, id)).toBeUndefined();
      });

      it('have no channel any more where its own text was lost, and can make it anew', async (test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id } = await story(here);
        await server.admin.del(keyOf(id, 'texts'));
        expect(await here.channel(id)).toEqual({ status: 'missing' });
        await createChannel(there, id);
        expect((await head(here, id)).offset).toBe(1);
      });
    });

    it('are known by their heartbeats until they leave', async (test) => {
      const { server, there } = await openTwoNodesFor(test, binary);
      await vi.waitFor(async () => expect(await server.admin.zcard(registry.nodes)).toBe(2), patient);
      await there.close();
      // A node that said no good-bye stands there for a minute.
      await vi.waitFor(async () => expect(await server.admin.zcard(registry.nodes)).toBe(1), patient);
    });
  });
}

// One after the other: nobody else's deadline is to wait for them.
for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `two nodes on one ${kind} that are asked for much at once`, (binary) => {
    it('mend a channel of which more was left behind than a call has room for', async (test) => {
      const { server, here } = await openTwoNodesFor(test, binary);
      const { id } = await createChannel(here);
      const post = await publish(here, id);
      const before = await here.snapshot(id, wide);
      const labels = channelKeys(id)[5] as string;
      const label = (await server.admin.hget(labels, `${post.id}:1`)) as string;
      const places = Array.from({ length: 130_000 }, (_, revision) => `${post.id}:${revision + 2}`);
      for (let at = 0; at < places.length; at += 10_000)
        await server.admin.call('HSET', [labels, ...places.slice(at, at + 10_000).flatMap((place) => [place, label])]);
      // Who waits for a mend is told after a while that it is not done.
      await vi.waitFor(async () => expect(await here.snapshot(id, wide)).toEqual(before), { timeout: 60_000, interval: 50 });
      expect(await server.admin.hlen(labels)).toBe(2);
    });

    it('make one post of two hundred requests with one id across both', async (test) => {
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
