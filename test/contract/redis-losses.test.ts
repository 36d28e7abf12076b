import { describe, expect, it, vi } from 'vitest';
import type { Announcement } from '../../src/engine/engine.ts';
import type { RedisEngine } from '../../src/engine/redis/index.ts';
import { channelKeys, mendingKey } from '../../src/engine/redis/keys.ts';
import { loadScripts, type Operation, run } from '../../src/engine/redis/scripts.ts';
import { verifyRedis } from '../../src/engine/redis/verify.ts';
import { tags } from '../../src/engine/tags.ts';
import type { Position } from '../../src/protocol/cursor.ts';
import {
  appended,
  appending,
  channelChange,
  channelEntry,
  createChannel,
  head,
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
import { describeWith, needs } from '../support/needs.ts';
import { openTwoNodesFor, type RedisServer } from '../support/redis.ts';

const patient = { interval: 50 };
/** Keys that hold a channel, but for what is owed and remembered of it. */
const holding = ['journal', 'changes', 'posts', 'index', 'texts', 'labels', 'tags', 'listed'];

type Ask = (engine: RedisEngine, id: string, post: PostState, start: Position) => Promise<unknown>;
const asks: Record<string, Ask> = {
  channel: (engine, id) => engine.channel(id),
  heads: (engine, id) => engine.heads([id]),
  'catch-up': (engine, id, _, start) => engine.catchUp(id, start, wide),
  snapshot: (engine, id) => engine.snapshot(id, wide),
  post: (engine, id, post) => engine.post(id, post.id),
  posts: (engine, id) => engine.posts(id, { ...wide, tags: [tags.kind('update')] }),
  revisions: (engine, id, post) => engine.revisions(id, post.id, { after: 0, ...wide }),
  corrections: (engine, id) => engine.corrections(id, { limit: 10 }),
  journal: (engine, id) => engine.journal(id, { from: 1, limit: 10 }),
  entries: (engine, id) => engine.entries(id, { from: 1, ...wide }),
};

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `two nodes on one ${kind}`, (binary) => {
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
      async function beginningOf(here: RedisEngine, id: string): Promise<Position> {
        const [{ epoch }, journal] = [await head(here, id), await here.journal(id, { from: 1, limit: 1 })];
        return { epoch, offset: 1, check: journal!.entries[0]!.check.slice(0, 16) };
      }

      it('are answered from as before, whatever is asked first', async (test) => {
        const { server, here } = await openTwoNodesFor(test, binary);
        const { id, a } = await story(here);
        const start = await beginningOf(here, id);
        for (const [what, ask] of Object.entries(asks)) {
          const before = await ask(here, id, a, start);
          await server.admin.del(keyOf(id, 'index'));
          expect([what, await ask(here, id, a, start)]).toEqual([what, before]);
        }
      });

      it.for([
        ['index', 'post'],
        ['index', 'append'],
        ['changes', 'catch-up'],
        ['posts', 'posts'],
      ] as const)('have the line of each post again that %s has lost, for who asks %s first', async ([name, first], test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id, a } = await story(here);
        const [post, start] = [(await here.post(id, a.id))!.post, await beginningOf(here, id)];
        const everything = () => Promise.all(Object.values(asks).map((ask) => ask(there, id, a, start)));
        const before = await everything();
        const key = keyOf(id, name);
        await (name === 'index' ? server.admin.hdel(key, a.id) : server.admin.zrem(key, a.id));
        if (first === 'append') {
          const next = appending([revision(post, { body: 'Right again.' })]);
          expect(await there.append(id, next)).toMatchObject({ status: 'appended', position: { offset: 7 } });
        } else {
          await asks[first]!(there, id, a, start);
          expect(await everything()).toEqual(before);
        }
      });

      it('have posts found by what they were found by, also once the channel is changed after that', async (test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id, a } = await story(here);
        await server.admin.del(keyOf(id, 'index'));
        await appended(there, id, [channelChange(sampleChannel(id), { headline: 'Changed' })]);
        const also = samplePost(id, { sources: [{ name: 'Wire' }] });
        await appended(here, id, [publication(also)], { channel: 2 });
        const found = await there.posts(id, { ...wide, tags: [tags.source('Wire')] });
        expect(found?.posts.map((post) => post.id)).toEqual([also.id, a.id]);
      });

      it.for(['index', 'index journal'])(
        'take nothing more from who mended them and was taken over, and know again what was given out: %s',
        async (lost, test) => {
          const { server, here } = await openTwoNodesFor(test, binary);
          const { id, a } = await story(here);
          const before = await here.snapshot(id, wide);
          const mended = mendingKey(id);
          const scripts = loadScripts();
          const call = (operation: Operation, ...args: (string | number)[]) =>
            run(server.admin, scripts[operation], [...channelKeys(id), mended], args);
          await server.admin.del(...lost.split(' ').map((name) => keyOf(id, name)));
          const last = lost.includes('journal') ? 0 : 6;
          for (const name of ['first', 'second']) {
            expect(await call('mend-begin', name, 60_000, '')).toBe(6);
            // As after a time in which nothing was heard of it.
            if (name === 'first') await server.admin.del(mended);
          }
          expect(await call('mend-begin', 'third', 60_000, '')).toBe('busy');
          expect(await call('mend-part', 'first', 6, 'salt', 1, a.id, 0, 0, 0)).toBe('lost');
          expect(await call('mend-end', 'first', last, 'gone')).toBe('lost');
          expect(await call('mend-end', 'second', last + 1, 'gone')).toBe('lost');
          await server.admin.del(mended);
          const after = await here.snapshot(id, wide);
          expect(after?.posts.map((post) => post.id)).toEqual(before?.posts.map((post) => post.id));
          if (last > 0) expect(after).toEqual(before);
          else expect(after?.position.offset).toBeGreaterThan(6);
        },
      );

      it('begin a new history above what was given out where the journal alone is of the time before', async (test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id, a, b, c } = await story(here);
        const then = await server.admin.dumpBuffer(keyOf(id, 'journal'));
        const later = [await publish(here, id), await publish(here, id)];
        const position = await head(here, id);
        await server.admin.restore(keyOf(id, 'journal'), 0, then as Buffer, 'REPLACE');
        expect(await there.append(id, appending([publication(samplePost(id))]))).toEqual({ status: 'conflict', moved: [null] });
        const now = await head(there, id);
        expect([now.offset > position.offset, now.epoch === position.epoch]).toEqual([true, false]);
        expect(await there.catchUp(id, position, wide)).toEqual({ status: 'foreign' });
        const posts = (await there.snapshot(id, wide))!.posts.map((post) => post.id);
        expect(posts).toEqual([...later.toReversed(), c, b, a].map((post) => post.id));
      });

      it('take no channel for a new one of which anything is left', async (test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id } = await story(here);
        await server.admin.del(keyOf(id, 'journal'));
        const again = appending([channelEntry(sampleChannel(id))]);
        expect(await there.append(id, again)).toEqual({ status: 'conflict', moved: [null] });
      });

      it('take no post where all texts were lost', async (test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id } = await story(here);
        await server.admin.del(keyOf(id, 'texts'), keyOf(id, 'labels'));
        expect(await there.append(id, appending([publication(samplePost(id))]))).toEqual({ status: 'conflict', moved: [null] });
        expect(await here.channel(id)).toEqual({ status: 'missing' });
      });

      it('can be deleted whatever is left, of which nothing is left then', async (test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        for (const left of holding) {
          const { id } = await story(here);
          const keys = holding.map((name) => keyOf(id, name));
          await server.admin.del(...keys.filter((key) => key !== keyOf(id, left)));
          expect(await server.admin.exists(...keys)).toBe(1);
          expect([left, (await there.deleteChannel(id, newRequest(), 'root')).status]).toEqual([left, 'deleted']);
          expect([left, await server.admin.exists(...keys)]).toEqual([left, 0]);
          // Who may know of it is lost with the index: then it is the desk.
          expect(await here.channel(id)).toEqual({ status: 'deleted', access: left === 'index' ? 'public' : 'desk' });
        }
      });

      it.for(['index', 'changes', 'posts', 'tags'])(
        'make %s from the journal again, and keep the history',
        async (name, test) => {
          const { server, here, there } = await openTwoNodesFor(test, binary);
          const { id } = await story(here);
          const before = await here.snapshot(id, wide);
          const corrections = await here.corrections(id, { limit: 10 });
          const found = await here.posts(id, { ...wide, tags: [tags.source('Wire')] });
          const places = await server.admin.zcard(keyOf(id, 'tags'));
          await server.admin.del(keyOf(id, name));
          expect(await there.snapshot(id, wide)).toEqual(before);
          expect(await here.corrections(id, { limit: 10 })).toEqual(corrections);
          expect(await here.posts(id, { ...wide, tags: [tags.source('Wire')] })).toEqual(found);
          expect(await server.admin.zcard(keyOf(id, 'tags'))).toBe(places);
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
        const heard: Announcement[] = [];
        await there.subscribe(id, (one) => heard.push(one));
        await publish(here, id);
        await server.admin.del(keyOf(id, 'journal'));
        await vi.waitFor(async () => expect((await head(there, id)).epoch).not.toBe(position.epoch), patient);
        await vi.waitFor(() => expect(heard.at(-1)?.type).toBe('maybe-missed'), patient);
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

      it.for<[string, 'b' | 'c' | 'the entry']>([
        ['catch-up', 'c'],
        ['post', 'c'],
        ['posts', 'c'],
        ['corrections', 'b'],
        ['corrections', 'the entry'],
      ])('begin a new history where it is missing for %s: %s', async ([first, lost], test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id, b, c } = await story(here);
        const [before, start] = [await head(here, id), await beginningOf(here, id)];
        if (lost === 'the entry') await server.admin.xdel(keyOf(id, 'journal'), '5-0');
        const place = lost === 'b' ? `${b.id}:2` : `${c.id}:1`;
        if (lost !== 'the entry') for (const name of ['texts', 'labels']) await server.admin.hdel(keyOf(id, name), place);
        await asks[first]!(there, id, c, start);
        expect((await head(here, id)).epoch).not.toBe(before.epoch);
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

      it('keep no earlier text of a post that a new history is begun without, which nobody could erase any more', async (test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id, a, b, c } = await story(here);
        for (const name of ['texts', 'labels']) await server.admin.hdel(keyOf(id, name), `${a.id}:2`);
        expect(await there.post(id, a.id)).toBeUndefined();
        expect((await there.snapshot(id, wide))?.posts.map((post) => post.id)).toEqual([c.id, b.id]);
        for (const name of ['texts', 'labels'])
          expect((await server.admin.hkeys(keyOf(id, name))).filter((place) => place.startsWith(a.id))).toEqual([]);
      });

      it('number posts of which only the texts tell beside those that are known, each for itself', async (test) => {
        const { server, here, there } = await openTwoNodesFor(test, binary);
        const { id, a, b, c } = await story(here);
        await server.admin.del(keyOf(id, 'journal'));
        await here.snapshot(id, wide);
        await server.admin.hdel(keyOf(id, 'index'), b.id, c.id);
        const posts = (await there.snapshot(id, wide))!.posts;
        expect(posts.map((post) => post.id).sort()).toEqual([a.id, b.id, c.id].sort());
        expect(new Set(posts.map(({ seq }) => seq)).size).toBe(3);
        for (const post of posts) expect((await here.post(id, post.id))?.post.seq).toBe(post.seq);
        expect(await faultOf(server, id)).toBeUndefined();
      });

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

      it.for([
        ['and the rest is of that time', false],
        ['and the index is lost', true],
      ] as const)(
        'begin a new history above what was given out where the newest entry was taken away, %s',
        async ([, lost], test) => {
          const { server, here, there } = await openTwoNodesFor(test, binary);
          const { id, a, b, c } = await story(here);
          // Nothing but the stream itself tells of what comes now.
          const rest = ['changes', 'posts', 'index', 'texts', 'labels', 'tags', 'listed'].map((name) => keyOf(id, name));
          const then = await Promise.all(rest.map((key) => server.admin.dumpBuffer(key)));
          const gone = await publish(here, id);
          const position = await head(here, id);
          await server.admin.xdel(keyOf(id, 'journal'), `${gone.seq}-0`);
          for (const [number, key] of rest.entries()) await server.admin.restore(key, 0, then[number] as Buffer, 'REPLACE');
          if (lost) await server.admin.del(keyOf(id, 'index'));
          const write = () => there.append(id, appending([publication(samplePost(id))]));
          expect(await write()).toEqual({ status: 'conflict', moved: [null] });
          const now = await head(here, id);
          expect(now.offset).toBeGreaterThan(position.offset);
          expect(now.epoch).not.toBe(position.epoch);
          const newest = samplePost(id);
          await appended(here, id, [publication(newest)], { channel: 2 });
          const posts = (await there.snapshot(id, wide))!.posts.map((post) => post.id);
          expect(posts).toEqual([newest.id, c.id, b.id, a.id]);
          expect(await faultOf(server, id)).toBeUndefined();
        },
      );

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
  });
}
