import { describe, expect, it, vi } from 'vitest';
import type { Announcement } from '../../src/engine/engine.ts';
import type { RedisEngine } from '../../src/engine/redis/index.ts';
import { channelKeys, registry } from '../../src/engine/redis/keys.ts';
import { tags } from '../../src/engine/tags.ts';
import type { Position } from '../../src/protocol/cursor.ts';
import {
  appended,
  appending,
  createChannel,
  newRequest,
  type PostState,
  publication,
  publish,
  retraction,
  revision,
  samplePost,
  wide,
} from '../support/engines.ts';
import { describeWith, needs } from '../support/needs.ts';
import { openNode, openTwoNodesFor } from '../support/redis.ts';

const patient = { timeout: 10_000, interval: 50 };
const head = async (engine: RedisEngine, channelId: string) => (await engine.heads([channelId]))[0] as Position;

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `two nodes on one ${kind}`, (binary) => {
    async function listen(engine: RedisEngine, channelId: string) {
      const heard: Announcement[] = [];
      await engine.subscribe(channelId, (one) => heard.push(one));
      const offsets = () => heard.flatMap((one) => (one.type === 'entry' ? [one.change.offset] : []));
      const types = () => heard.map(({ type }) => type);
      return { heard, offsets, types };
    }

    it('know of the tokens that the other revoked, also where the message was lost', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const within = { timeout: 3_000, interval: 20 };
      await here.revoke('told', null);
      await vi.waitFor(() => expect(there.isRevoked('told')).toBe(true), { timeout: 500, interval: 5 });
      // As another node would write it whose message reached nobody.
      await server.admin
        .multi()
        .zadd(registry.revoked, Number.POSITIVE_INFINITY, 'untold')
        .set(registry.revokedVersion, 'another')
        .exec();
      await vi.waitFor(() => expect([here.isRevoked('untold'), there.isRevoked('untold')]).toEqual([true, true]), within);
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
      const { id } = await createChannel(here);
      const [own, other] = [await listen(here, id), await listen(there, id)];
      await publish(here, id);
      await publish(there, id);
      await vi.waitFor(
        () =>
          expect([own.offsets().sort(), other.offsets().sort()]).toEqual([
            [2, 3],
            [2, 3],
          ]),
        patient,
      );
      expect(own.heard).toEqual(expect.arrayContaining(other.heard));
    });

    it('tell listeners that they may have missed something after the listening connection was lost', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createChannel(here);
      const other = await listen(there, id);
      await server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await vi.waitFor(() => expect(other.types()).toContain('maybe-missed'), patient);
      await publish(here, id);
      await vi.waitFor(() => expect(other.offsets()).toEqual([2]), patient);
    });

    it('notice an announcement that was lost without a word', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createChannel(here);
      const other = await listen(there, id);
      await vi.waitFor(() => expect(other.types()).toEqual(['maybe-missed']), patient);
      // What is published reaches nobody, while the connection that listens stays as it is.
      await server.admin.call('ACL', 'SETUSER', 'pressbox', '-publish');
      await publish(here, id);
      await vi.waitFor(() => expect(other.types()).toEqual(['maybe-missed', 'maybe-missed']), patient);
      await server.admin.call('ACL', 'SETUSER', 'pressbox', '+publish');
    });

    it('tell that a channel is gone of which nothing is left', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createChannel(here);
      const other = await listen(there, id);
      await publish(here, id);
      await vi.waitFor(() => expect(other.offsets()).toEqual([2]), patient);
      await server.admin.flushall();
      await vi.waitFor(() => expect(other.types()).toContain('gone'), patient);
      expect(await here.channel(id)).toEqual({ status: 'missing' });
      expect((await createChannel(there, id)).id).toBe(id);
    });

    it('hear of erasures on channels that they do not follow, and of those that they missed', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary);
      const { id } = await createChannel(here);
      const erased: (string | null)[] = [];
      there.onErased((_, postId) => erased.push(postId));
      const [a, b] = [await publish(here, id), await publish(here, id)];
      await appended(here, id, [{ ...revision(a, { body: 'Else.' }), erases: 1 }]);
      await vi.waitFor(() => expect(erased).toContain(a.id), patient);
      await server.admin.call('ACL', 'SETUSER', 'pressbox', '-publish');
      await appended(here, id, [{ ...revision(b, { body: 'Else.' }), erases: 1 }]);
      // Goes down the connection that the messages went down.
      await head(here, id);
      await server.admin.call('ACL', 'SETUSER', 'pressbox', '+publish');
      expect(erased).not.toContain(b.id);
      await server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await vi.waitFor(() => expect(erased).toContain(b.id), patient);
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
        await vi.waitFor(() => expect(states).toEqual([false]), { timeout: 12_000, interval: 50 });
        await expect(here.ready()).rejects.toMatchObject({ name: 'JournalUnavailable' });
      } finally {
        process.kill(server.pid, 'SIGCONT');
      }
      await vi.waitFor(() => expect(states).toEqual([false, true]), patient);
      await here.ready();
    }, 30_000);

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
      expect(await server.admin.zcard(registry.nodes)).toBe(1);
    });
  });
}

// One after the other: nobody else's deadline is to wait for them.
for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `two nodes on one ${kind} that are asked for much at once`, (binary) => {
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
    }, 30_000);
  });
}
