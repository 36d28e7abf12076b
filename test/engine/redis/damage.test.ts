import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { acquireReadable, visibleChannel } from '../../../src/access/channel-access.ts';
import type { Announcement, JournalUnavailable } from '../../../src/journal/engine.ts';
import { tags } from '../../../src/journal/post-tags.ts';
import type { RedisEngine } from '../../../src/journal/redis/index.ts';
import { channelKeys, registry } from '../../../src/journal/redis/keys.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import type { Position } from '../../../src/protocol/cursor.ts';
import { repairRedis } from '../../../src/repair.ts';
import { ChannelStreams } from '../../../src/streams/channel-streams.ts';
import { verifyRedis } from '../../../src/verify.ts';
import { describeOn } from '../../support/runner/needs.ts';
import {
  appended,
  appending,
  channelChange,
  channelEntry,
  createChannel,
  head,
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
  takedown,
  wide,
} from '../../support/stores/engines.ts';
import { openNode, type RedisServer, startRedis } from '../../support/stores/redis.ts';

const patient = { interval: 20 };

type Ask = (engine: RedisEngine, story: Story) => Promise<unknown>;
const reads: Record<string, Ask> = {
  channel: (engine, { id }) => engine.channel(id),
  heads: (engine, { id }) => engine.heads([id]),
  'catch-up': (engine, { id, start }) => engine.catchUp(id, start, wide),
  snapshot: (engine, { id }) => engine.snapshot(id, wide),
  post: (engine, { id, a }) => engine.post(id, a.id),
  posts: (engine, { id }) => engine.posts(id, { ...wide, tags: [tags.kind('update')] }),
  revisions: (engine, { id, a }) => engine.revisions(id, a.id, { after: 0, ...wide }),
  corrections: (engine, { id }) => engine.corrections(id, { limit: 10 }),
  journal: (engine, { id }) => engine.journal(id, { from: 1, limit: 10 }),
  entries: (engine, { id }) => engine.entries(id, { from: 1, ...wide }),
};

interface Story {
  id: string;
  /** Posts that were corrected, retracted, pinned, and taken down. */
  a: PostState;
  b: PostState;
  c: PostState;
  d: PostState;
  start: Position;
  /** The position of the head. */
  end: Position;
  headId: string;
}

const names = ['journal', 'changes', 'posts', 'index', 'texts', 'labels', 'tags', 'listed', 'owed', 'deleted', 'notes'] as const;
type Name = (typeof names)[number];

for (const kind of ['redis', 'valkey'] as const) {
  describeOn(kind, `a damaged channel in ${kind}`, (binary) => {
    let server: RedisServer;
    let here: RedisEngine;
    let there: RedisEngine;
    let said: { channel: string }[] = [];

    beforeAll(async () => {
      server = await startRedis(binary);
      const log = { info() {}, warn() {}, error: (facts: object) => void said.push(facts as { channel: string }) };
      [here, there] = [await openNode(server, { log }), await openNode(server)];
    });
    beforeEach(() => {
      said = [];
    });
    afterAll(async () => {
      await Promise.all([here?.close(), there?.close()]);
      await server?.stop();
    });

    const keyOf = (id: string, name: Name) => channelKeys(id)[names.indexOf(name)] as string;
    const forget = async (id: string, place: string, from: readonly ('texts' | 'labels')[] = ['texts', 'labels']) => {
      for (const name of from) expect(await server.admin.hdel(keyOf(id, name), place)).toBe(1);
    };

    /** Nine entries: two of the channel, and four posts, of which two stay published. */
    async function tell(): Promise<Story> {
      const { id } = await createChannel(here, `channel-${newPostId()}`);
      const a = await publish(here, id, { sources: [{ name: 'Wire' }] });
      const [b, c, d] = [await publish(here, id), await publish(here, id, { keyEvent: true }), await publish(here, id)];
      await appended(here, id, [revision(a, { body: 'Right.' })]);
      await appended(here, id, [retraction(b)]);
      await appended(here, id, [takedown(d)]);
      await here.erase(id, d.id);
      await appended(here, id, [channelChange(sampleChannel(id), { pinnedPostId: c.id })]);
      const end = await head(here, id);
      const journal = await here.journal(id, { from: 1, limit: 1 });
      const start = { epoch: end.epoch, offset: 1, check: journal!.entries[0]!.check.slice(0, 16) };
      return { id, a, b, c, d, start, end, headId: c.id };
    }

    const everything = (story: Story) => Promise.all(Object.values(reads).map((ask) => ask(there, story)));
    const standing = async ({ id }: Story) => {
      const { posts, channel, pinned, keyEvents, position } = (await there.snapshot(id, wide))!;
      return {
        posts: posts.map((post) => post.id),
        pinned: pinned?.id,
        keyEvents: keyEvents.map((event) => event.id),
        channel,
        position,
      };
    };
    const faultOf = async (channelId: string) => {
      for await (const report of verifyRedis({ url: server.url, channelId, renderer })) return report.fault;
      throw new Error('There is no such channel.');
    };
    const repair = async (channelId: string, apply = true) => {
      for await (const report of repairRedis({ url: server.url, channelId, apply })) return report;
      return undefined;
    };
    const dumpOf = ({ id }: Story) => Promise.all(channelKeys(id).map((key) => server.admin.dumpBuffer(key)));
    /**
     * Everything stored of the channel, byte for byte. Hashes are read field by field, because a rehash changes the order of
     * their dump.
     */
    const kept = ({ id }: Story) =>
      Promise.all(
        channelKeys(id).map(async (key) =>
          (await server.admin.type(key)) === 'hash' ? server.admin.hgetall(key) : server.admin.dumpBuffer(key),
        ),
      );
    const refusal = (read: Promise<unknown>) =>
      read.then(
        () => 'answered',
        ({ name, outcome, isDamaged }: JournalUnavailable) => ({ name, outcome, isDamaged }),
      );
    const damaged = { name: 'JournalUnavailable', outcome: 'unchanged', isDamaged: true };

    it.each(['journal', 'changes', 'posts', 'index', 'texts', 'labels', 'tags'] as const)(
      'is refused for reads and writes after its %s was deleted, and is not changed',
      async (name) => {
        const story = await tell();
        const other = await createChannel(here);
        await server.admin.del(keyOf(story.id, name));
        const before = await kept(story);
        const answers = await Promise.all(
          Object.entries(reads).map(async ([what, ask]) => [what, await refusal(ask(there, story))]),
        );
        expect(answers).toEqual(Object.keys(reads).map((what) => [what, damaged]));
        expect(await refusal(there.append(story.id, appending([publication(samplePost(story.id))], { channel: 2 })))).toEqual(
          damaged,
        );
        // Authors cannot create a channel with this id.
        expect(await there.append(story.id, appending([channelEntry(sampleChannel(story.id))]))).toEqual({
          status: 'conflict',
          moved: [null],
        });
        const list = await there.channels({ limit: 100, desk: [] });
        expect([list?.complete, list?.channels.some(({ id }) => id === story.id)]).toEqual([false, false]);
        expect(list?.channels.map(({ id }) => id)).toContain(other.id);
        expect(await there.channel(other.id)).toMatchObject({ status: 'found' });
        expect(await kept(story)).toEqual(before);
        await there.deleteChannel(story.id, newRequest(), 'root');
      },
    );

    it('is logged once and counted, and its listeners are notified that they may have missed something', async () => {
      const story = await tell();
      const heard: Announcement[] = [];
      const undo = await here.subscribe(story.id, (one) => heard.push(one));
      await server.admin.del(keyOf(story.id, 'index'));
      await vi.waitFor(() => expect(heard).toContainEqual({ type: 'maybe-missed' }), patient);
      for (let each = 0; each < 3; each += 1) expect(await refusal(here.channel(story.id))).toEqual(damaged);
      expect(said.filter(({ channel }) => channel === story.id)).toHaveLength(1);
      expect(here.damagedChannels).toBeGreaterThan(0);
      undo();
    });

    it('is not revealed to strangers if it was a desk channel and the access is still known', async () => {
      const { id } = await createChannel(here, `channel-${newPostId()}`);
      await appended(here, id, [channelChange(sampleChannel(id), { access: 'desk' })]);
      await server.admin.del(keyOf(id, 'changes'));
      expect(await there.channel(id, false)).toEqual({ status: 'missing' });
      expect(await refusal(there.channel(id, true))).toEqual(damaged);
      // The damage reported to the desk is not revealed to strangers.
      expect(await there.channel(id, false)).toEqual({ status: 'missing' });
    });

    it('costs a few scripts however many readers request it at once, and is served again once it is repaired', async () => {
      const { id } = await tell();
      const other = await createChannel(here);
      await server.admin.del(keyOf(id, 'tags'));
      const streams = new ChannelStreams({ engine: here, random: Math.random, log: { info() {}, warn() {} }, delivered() {} });
      const scripts = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await server.admin.info('commandstats'))?.[1]);
      const crowd = <T>(ask: () => Promise<T>) => Promise.all(Array.from({ length: 2_000 }, ask));
      // Sockets, streams and polls use the first function, pages and other requests the second.
      const asks = [() => acquireReadable(streams, undefined, id), () => visibleChannel(here, undefined, id)];
      const before = await scripts();
      for (const ask of asks) for (const refused of await crowd(() => refusal(ask()))) expect(refused).toEqual(damaged);
      await crowd(() => visibleChannel(here, undefined, other.id));
      // The count includes comparisons of heads and other background commands.
      expect((await scripts()) - before).toBeLessThan(100);

      expect(await repair(id)).toMatchObject({ outcome: 'repaired' });
      await vi.waitFor(() => acquireReadable(streams, undefined, id), {
        ...patient,
        timeout: 3 * redisLimits.damageRememberedMs,
      });
      streams.close();
    });

    it('can be deleted completely, whatever is left of it', async () => {
      const holding = names.slice(0, 8);
      for (const left of holding) {
        const { id } = await tell();
        const keys = holding.map((name) => keyOf(id, name));
        await server.admin.del(...keys.filter((key) => key !== keyOf(id, left)));
        expect(await server.admin.exists(...keys)).toBe(1);
        expect([left, (await there.deleteChannel(id, newRequest(), 'root')).status]).toEqual([left, 'deleted']);
        expect([left, await server.admin.exists(...keys)]).toEqual([left, 0]);
        // The index said who may know of the channel. Without it only the desk may.
        expect(await here.channel(id)).toEqual({ status: 'deleted', access: left === 'index' ? 'public' : 'desk' });
      }
    });

    describe('whose journal is complete', () => {
      it.each<[string, (story: Story) => Promise<unknown>]>([
        ...(['changes', 'posts', 'index', 'tags', 'listed'] as const).map(
          (name) =>
            [`its ${name} were deleted`, ({ id }: Story) => server.admin.del(keyOf(id, name))] as [
              string,
              (story: Story) => Promise<unknown>,
            ],
        ),
        ['the line of a post in the index was deleted', ({ id, c }) => server.admin.hdel(keyOf(id, 'index'), c.id)],
        ['the place of a post was deleted', ({ id, a }) => server.admin.zrem(keyOf(id, 'posts'), a.id)],
        ['a tag was deleted', ({ id }) => server.admin.zremrangebyrank(keyOf(id, 'tags'), 0, 0)],
        ['a correction was removed from the list', ({ id }) => server.admin.zrem(keyOf(id, 'listed'), 6)],
        [
          'all of these were deleted',
          ({ id }) =>
            server.admin.del(...(['changes', 'posts', 'index', 'tags', 'listed'] as const).map((name) => keyOf(id, name))),
        ],
        [
          'its index was reset to before the takedown',
          async ({ id, d }) => {
            const index = keyOf(id, 'index');
            await server.admin.hset(
              index,
              d.id,
              ((await server.admin.hget(index, d.id)) as string).replace(/^2 8 5 1/, '1 5 5 0'),
            );
          },
        ],
      ])('is the same after the repair: %s', async (_, damage) => {
        const story = await tell();
        const before = await everything(story);
        await damage(story);
        expect(await repair(story.id, false)).toMatchObject({ outcome: 'damaged', history: 'same', posts: 4, lost: [] });
        expect(await repair(story.id)).toMatchObject({ outcome: 'repaired', history: 'same', posts: 4, lost: [], fault: null });
        expect(await everything(story)).toEqual(before);
        expect(await faultOf(story.id)).toBeUndefined();
        const next = await appended(here, story.id, [publication(samplePost(story.id))], { channel: 2 });
        expect(next.position.offset).toBe(10);
        expect(await repair(story.id)).toMatchObject({ outcome: 'sound' });
      });

      it('finds posts by their tags again after the repair, and is on the list of channels', async () => {
        const { id, a } = await tell();
        await server.admin.del(keyOf(id, 'tags'), registry.channels);
        expect(await repair(id)).toMatchObject({ outcome: 'repaired', history: 'same', fault: null });
        const found = await there.posts(id, { ...wide, tags: [tags.source('Wire')] });
        expect(found?.posts.map((post) => post.id)).toEqual([a.id]);
        expect((await there.channels({ limit: 100, desk: [] }))?.channels.map((channel) => channel.id)).toContain(id);
      });

      it('is added to the list of channels again if only that was deleted', async () => {
        const story = await tell();
        await server.admin.del(registry.channels);
        const before = await kept(story);
        expect(await repair(story.id, false)).toMatchObject({
          outcome: 'damaged',
          why: 'the list of channels lacks the channel',
        });
        expect(await repair(story.id)).toMatchObject({ outcome: 'repaired', history: 'same', fault: null });
        expect(await kept(story)).toEqual(before);
        expect((await there.channels({ limit: 100, desk: [] }))?.channels.map((channel) => channel.id)).toContain(story.id);
      });
    });

    describe('that lost its journal or a text', () => {
      const all = ({ a, b, c, d }: Story) => [d, c, b, a].map((post) => post.id);
      const without = (lost: 'a' | 'b' | 'c' | 'd') => (story: Story) => all(story).filter((id) => id !== story[lost].id);

      it.each<[string, (story: Story) => Promise<unknown>, (story: Story) => string[]]>([
        ['its journal was deleted', ({ id }) => server.admin.del(keyOf(id, 'journal')), all],
        ['its labels were deleted', ({ id }) => server.admin.del(keyOf(id, 'labels')), all],
        ['the first entry was deleted', ({ id }) => server.admin.xdel(keyOf(id, 'journal'), '1-0'), all],
        [
          'its journal was trimmed, and a correction removed from the list',
          async ({ id }) => {
            await server.admin.xtrim(keyOf(id, 'journal'), 'MAXLEN', 3);
            await server.admin.zrem(keyOf(id, 'listed'), 6);
          },
          all,
        ],
        [
          'its journal was trimmed to the newest entry, and everything else but the texts deleted',
          async ({ id }) => {
            await server.admin.xtrim(keyOf(id, 'journal'), 'MAXLEN', 1);
            await server.admin.del(...(['changes', 'posts', 'index', 'tags', 'listed'] as const).map((name) => keyOf(id, name)));
          },
          all,
        ],
        ['an entry in the middle was deleted', ({ id }) => server.admin.xdel(keyOf(id, 'journal'), '4-0'), all],
        ['the newest entry was deleted', ({ id }) => server.admin.xdel(keyOf(id, 'journal'), '9-0'), all],
        [
          'everything but its journal and texts was deleted, and one entry',
          async ({ id }) => {
            await server.admin.del(...(['changes', 'posts', 'index', 'tags', 'listed'] as const).map((name) => keyOf(id, name)));
            await server.admin.xdel(keyOf(id, 'journal'), '2-0');
          },
          all,
        ],
        ['the label of a post was deleted', ({ id, c }) => forget(id, `${c.id}:1`, ['labels']), all],
        ['an earlier text of a post was deleted', ({ id, a }) => forget(id, `${a.id}:1`), all],
        ['the text of a post was deleted', ({ id, c }) => forget(id, `${c.id}:1`), without('c')],
        ['the text of a post was deleted, but not its label', ({ id, b }) => forget(id, `${b.id}:2`, ['texts']), without('b')],
        ['the text of a tombstone was deleted', ({ id, d }) => forget(id, `${d.id}:2`), without('d')],
        ["the channel's latest text was deleted, but not the earlier one", ({ id }) => forget(id, 'channel:2'), all],
      ])('begins a new history with the rest after the repair: %s', async (_, damage, expected) => {
        const story = await tell();
        const before = await standing(story);
        await damage(story);
        const lost = all(story).filter((id) => !expected(story).includes(id));
        const found = { history: 'new', posts: expected(story).length, lost };
        expect(await repair(story.id, false)).toMatchObject({ outcome: 'damaged', ...found });
        expect(await repair(story.id)).toMatchObject({ outcome: 'repaired', ...found, fault: null });
        const after = await standing(story);
        expect(after.posts).toEqual(expected(story));
        expect([after.pinned, after.keyEvents]).toEqual(
          lost.includes(story.c.id) ? [undefined, []] : [before.pinned, before.keyEvents],
        );
        expect(after.channel).toMatchObject({ state: before.channel.state, access: before.channel.access, revision: 3 });
        // The new history lies above every offset that was given out, and no earlier cursor is valid in it.
        expect(after.position.offset).toBeGreaterThan(story.end.offset);
        for (const cursor of [story.start, story.end])
          expect(await there.catchUp(story.id, cursor, wide)).toEqual({ status: 'foreign' });
        expect(await there.catchUp(story.id, after.position, wide)).toMatchObject({ status: 'replay', changes: [] });
        expect(await faultOf(story.id)).toBeUndefined();
        await appended(here, story.id, [publication(samplePost(story.id))], { channel: 3 });
        expect(await faultOf(story.id)).toBeUndefined();
        expect(await repair(story.id)).toMatchObject({ outcome: 'sound' });
        // Nothing is left of the lost posts, because nobody could erase it later.
        for (const name of ['texts', 'labels'] as const)
          for (const id of lost)
            expect((await server.admin.hkeys(keyOf(story.id, name))).filter((place) => place.startsWith(id))).toEqual([]);
      });

      it('refuses reads of the lost text, and answers all others', async () => {
        const { id, b, c, end } = await tell();
        await forget(id, `${c.id}:1`);
        expect(await refusal(there.post(id, c.id))).toEqual(damaged);
        expect(await refusal(there.snapshot(id, wide))).toEqual(damaged);
        expect((await there.post(id, b.id))?.post.id).toBe(b.id);
        expect(await there.catchUp(id, end, wide)).toMatchObject({ status: 'replay', changes: [] });
      });

      it('begins another new history if its journal is trimmed after a repair', async () => {
        const story = await tell();
        await server.admin.del(keyOf(story.id, 'journal'));
        await repair(story.id);
        await appended(here, story.id, [publication(samplePost(story.id))], { channel: 3 });
        const before = await standing(story);
        await server.admin.xtrim(keyOf(story.id, 'journal'), 'MAXLEN', 1);
        expect(await repair(story.id)).toMatchObject({ outcome: 'repaired', history: 'new', posts: 5, lost: [], fault: null });
        const after = await standing(story);
        expect(after.posts).toEqual(before.posts);
        expect(after.position.epoch).not.toBe(before.position.epoch);
        expect(await faultOf(story.id)).toBeUndefined();
      });

      it.each(['journal', 'journal index', 'journal index changes posts tags listed'])(
        'keeps all posts if after a repair these keys are lost: %s',
        async (lost) => {
          const story = await tell();
          await server.admin.del(keyOf(story.id, 'journal'));
          await repair(story.id);
          const newest = samplePost(story.id);
          await appended(here, story.id, [publication(newest)], { channel: 3 });
          const before = await standing(story);
          await server.admin.del(...lost.split(' ').map((name) => keyOf(story.id, name as Name)));
          expect(await repair(story.id)).toMatchObject({ outcome: 'repaired', history: 'new', posts: 5, lost: [], fault: null });
          const after = await standing(story);
          expect(after.posts).toEqual(before.posts);
          expect(after.position.epoch).not.toBe(before.position.epoch);
          expect(await faultOf(story.id)).toBeUndefined();
        },
      );
    });

    describe('whose keys are of different ages', () => {
      /** Publishes two posts and takes down the key event, then restores the keys to their earlier state. */
      async function putBack(story: Story, ...older: Name[]): Promise<string[]> {
        const keys = older.map((name) => keyOf(story.id, name));
        const then = await Promise.all(keys.map((key) => server.admin.dumpBuffer(key)));
        const later = [await publishWith(story.id, { body: 'Later.' }), await publishWith(story.id, { body: 'Last.' })];
        await appended(here, story.id, [takedown(story.c)], { channel: 2 });
        await here.erase(story.id, story.c.id);
        for (const [at, key] of keys.entries()) await server.admin.restore(key, 0, then[at] as Buffer, 'REPLACE');
        return later;
      }
      const publishWith = async (id: string, changed: Partial<PostState>) => {
        const post = samplePost(id, changed);
        await appended(here, id, [publication(post)], { channel: 2 });
        return post.id;
      };
      const hasText = async ({ id, c }: Story) =>
        await Promise.all((['texts', 'labels'] as const).map((name) => server.admin.hexists(keyOf(id, name), `${c.id}:1`)));

      it.each<[Name[], 'same' | 'new']>([
        [['journal'], 'new'],
        [['index'], 'same'],
        [['changes'], 'same'],
        [['changes', 'index'], 'same'],
        [['labels'], 'new'],
      ])(
        'keeps every acknowledged post, and no text that was taken down, if these keys are older: %s',
        async (older, history) => {
          const story = await tell();
          const later = await putBack(story, ...older);
          expect(await repair(story.id)).toMatchObject({ outcome: 'repaired', history, posts: 6, lost: [], fault: null });
          const { posts } = await standing(story);
          expect(posts).toEqual([...later.toReversed(), story.d.id, story.c.id, story.b.id, story.a.id]);
          expect((await there.post(story.id, story.c.id))?.post).toMatchObject({ status: 'taken-down', body: '' });
          expect(await hasText(story)).toEqual([0, 0]);
          expect(await faultOf(story.id)).toBeUndefined();
        },
      );

      it.each<[Name[], Name[]]>([
        [['index'], ['journal']],
        [['index', 'changes', 'posts'], ['journal']],
        [['journal', 'index', 'changes'], ['tags']],
        [['journal', 'index', 'changes', 'posts'], ['tags']],
        [['journal', 'index', 'changes', 'posts', 'tags', 'listed'], []],
      ])('keeps posts that are only in the texts, if these keys are older: %s, and these lost: %s', async (older, lost) => {
        const story = await tell();
        const later = await putBack(story, ...older);
        await server.admin.del(...[...lost, 'deleted' as const].map((name) => keyOf(story.id, name)));
        expect(await repair(story.id)).toMatchObject({ outcome: 'repaired', history: 'new', posts: 6, lost: [], fault: null });
        const { posts } = await standing(story);
        expect(posts).toEqual([...later.toReversed(), story.d.id, story.c.id, story.b.id, story.a.id]);
        expect((await there.post(story.id, story.c.id))?.post).toMatchObject({ status: 'taken-down', body: '' });
        expect(await hasText(story)).toEqual([0, 0]);
        expect(await faultOf(story.id)).toBeUndefined();
      });

      it.each<[Name[]]>([[['texts']], [['texts', 'labels']]])(
        'erases again what was taken down after the older %s, from the files as well',
        async (older) => {
          const story = await tell();
          await putBack(story, ...older);
          const report = await repair(story.id);
          expect(report).toMatchObject({ outcome: 'repaired', history: 'new', erasedAgain: [story.c.id], fault: null });
          expect(report?.lost).toContain(story.c.id);
          expect(await hasText(story)).toEqual([0, 0]);
          expect(await there.post(story.id, story.c.id)).toBeUndefined();
          expect(await faultOf(story.id)).toBeUndefined();
          // The servers remove the text from the files.
          await vi.waitFor(async () => expect(await server.admin.zcard(keyOf(story.id, 'owed'))).toBe(0), { interval: 100 });
        },
      );
    });

    it('erases a text again that was restored with its label after the takedown', async () => {
      const story = await tell();
      const place = `${story.c.id}:1`;
      const keys = [keyOf(story.id, 'texts'), keyOf(story.id, 'labels')];
      const then = await Promise.all(keys.map((key) => server.admin.hget(key, place)));
      await appended(here, story.id, [takedown(story.c)], { channel: 2 });
      await here.erase(story.id, story.c.id);
      const before = await everything(story);
      for (const [at, key] of keys.entries()) await server.admin.hset(key, place, then[at] as string);
      const found = { history: 'same', posts: 4, lost: [], erasedAgain: [story.c.id], fault: null };
      const why = 'an erased text exists again';
      expect(await repair(story.id, false)).toMatchObject({ outcome: 'damaged', why, ...found });
      expect(await repair(story.id)).toMatchObject({ outcome: 'repaired', why, ...found });
      expect(await Promise.all(keys.map((key) => server.admin.hexists(key, place)))).toEqual([0, 0]);
      expect(await everything(story)).toEqual(before);
      expect(await repair(story.id)).toMatchObject({ outcome: 'sound' });
    });

    describe('that cannot be repaired', () => {
      it.each<[string, (story: Story) => Promise<unknown>, string]>([
        ['all its texts were deleted', ({ id }) => server.admin.del(keyOf(id, 'texts')), 'no text is left'],
        [
          'its own text was deleted, with the index that says who may read it',
          async ({ id }) => {
            await forget(id, 'channel:2');
            await server.admin.del(keyOf(id, 'index'));
          },
          'and so is its access',
        ],
        [
          'all of its own texts were deleted',
          async ({ id }) => {
            for (const place of ['channel:1', 'channel:2']) await forget(id, place);
          },
          "the channel's own text is lost",
        ],
        [
          'a text was changed',
          async ({ id, c }) => {
            const texts = keyOf(id, 'texts');
            await server.admin.hset(
              texts,
              `${c.id}:1`,
              ((await server.admin.hget(texts, `${c.id}:1`)) as string).replace('2026', '2025'),
            );
          },
          'the text was changed',
        ],
        [
          'a text was changed, and the index deleted',
          async ({ id, c }) => {
            const texts = keyOf(id, 'texts');
            await server.admin.hset(
              texts,
              `${c.id}:1`,
              ((await server.admin.hget(texts, `${c.id}:1`)) as string).replace('2026', '2025'),
            );
            await server.admin.del(keyOf(id, 'index'));
          },
          'the text was changed',
        ],
        [
          'a text is not JSON, and the journal was deleted',
          async ({ id, c }) => {
            await server.admin.hset(keyOf(id, 'texts'), `${c.id}:1`, 'Not JSON.');
            await server.admin.del(keyOf(id, 'journal'));
          },
          ':1 cannot be read',
        ],
        [
          'a label is not JSON',
          ({ id, c }) => server.admin.hset(keyOf(id, 'labels'), `${c.id}:1`, '1 1 Not JSON.'),
          'its label cannot be read',
        ],
      ])('is left unchanged, so that a backup can be restored: %s', async (_, damage, why) => {
        const story = await tell();
        const before = await dumpOf(story);
        await damage(story);
        const left = await kept(story);
        for (const apply of [false, true])
          expect(await repair(story.id, apply)).toMatchObject({ outcome: 'refused', why: expect.stringContaining(why) });
        expect(await kept(story)).toEqual(left);
        for (const [at, key] of channelKeys(story.id).entries()) {
          await server.admin.del(key);
          if (before[at] !== null) await server.admin.restore(key, 0, before[at] as Buffer);
        }
        expect(await there.snapshot(story.id, wide)).toBeDefined();
        expect(await repair(story.id)).toMatchObject({ outcome: 'sound' });
      });

      it('is left unchanged if the first entry of a new history was changed', async () => {
        const { id } = await tell();
        const journal = keyOf(id, 'journal');
        await server.admin.del(journal);
        await repair(id);
        const [[at, fields]] = (await server.admin.xrange(journal, '-', '+')) as [[string, string[]]];
        fields[13] = '2020-01-01T00:00:00.000Z';
        await server.admin.del(journal);
        await server.admin.xadd(journal, at, ...fields);
        expect(await repair(id)).toMatchObject({ outcome: 'refused', why: 'offset 1: the entry is missing' });
      });

      it('is reported if nothing is left of it, unless it was deleted', async () => {
        const [story, gone] = [await tell(), await createChannel(here)];
        await server.admin.del(...channelKeys(story.id));
        await here.deleteChannel(gone.id, newRequest(), 'root');
        expect(await repair(story.id)).toMatchObject({
          outcome: 'refused',
          why: expect.stringContaining('nothing is left of the channel'),
        });
        expect(await repair(gone.id)).toBeUndefined();
        expect(await repair('never-made')).toBeUndefined();
      });
    });

    it('is found among all channels', async () => {
      const [whole, broken] = [await tell(), await tell()];
      await server.admin.del(keyOf(broken.id, 'posts'));
      const outcomes = new Map<string, string>();
      for await (const { channelId, outcome } of repairRedis({ url: server.url, apply: false })) outcomes.set(channelId, outcome);
      expect([outcomes.get(whole.id), outcomes.get(broken.id)]).toEqual(['sound', 'damaged']);
    });
  });
}
