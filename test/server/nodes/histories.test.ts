import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { channelKeys } from '../../../src/journal/redis/keys.ts';
import type { CatchUp } from '../../../src/protocol/model.ts';
import { type RepairReport, repairRedis } from '../../../src/repair.ts';
import { allPosts, createChannel, publish, read, type Written } from '../../support/authors/writers.ts';
import { type Watcher, watch } from '../../support/readers/distrustful-reader.ts';
import { openStream } from '../../support/readers/stream-reader.ts';
import { describeOn } from '../../support/runner/needs.ts';
import { within } from '../../support/runner/settled-within.ts';
import type { Line } from '../../support/servers/bad-line.ts';
import type { ServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';
import { startTwoServers, type TwoServers } from '../../support/servers/two-servers.ts';
import { type RedisServer, startRedis } from '../../support/stores/redis.ts';

/**
 * Redis loses or replaces data under two servers with readers on both. Every reader, connected or returning, learns of it.
 * The channel accepts writes again, after a repair if keys were deleted by hand. No cursor is valid in two histories.
 */

const patient = { interval: 50 };
/**
 * Readers are told within this time after their server notices. The test measures from the earlier moment at which Redis answers again.
 */
const toldMs = 3_000;
const replicating = ['rdb-del-sync-files yes', 'repl-diskless-sync yes', 'repl-diskless-sync-delay 0'];

for (const kind of ['redis', 'valkey'] as const) {
  describeOn(kind, `two servers on one ${kind}`, (binary) => {
    let redis: RedisServer;
    let two: TwoServers;
    let lines: Line[] = [];
    let nodes: ServerProcess[] = [];
    let token: string;
    let channelId: string;
    const readers: Watcher[] = [];

    const urlOf = ({ port }: RedisServer) => `http://127.0.0.1:${port}`;

    /** Shared by all cases. Each has its own channel and repairs the store afterwards. */
    beforeAll(async () => {
      redis = await startRedis(binary, replicating);
      two = await startTwoServers(redis);
      ({ servers: nodes, lines, token } = two);
    });
    beforeEach(async () => {
      for (const { url } of nodes)
        await vi.waitFor(async () => expect((await call(`${url}/readyz`)).body).toMatchObject({ status: 'ready' }), patient);
      ({ id: channelId } = await createChannel(nodes[0]!, token));
    });
    afterEach(async () => {
      for (const reader of readers.splice(0)) reader[Symbol.dispose]();
      for (const line of lines) {
        line.stalled = false;
        if (line.target === urlOf(redis)) continue;
        line.target = urlOf(redis);
        line.cut();
      }
    });
    afterAll(async () => {
      await two?.[Symbol.asyncDispose]();
      await redis?.stop();
    });

    const publishMany = async (names: string[], through = nodes) => {
      const said: Written[] = [];
      for (const [index, headline] of names.entries())
        said.push(await publish(through[index % through.length]!, token, channelId, { headline }, `key-${headline}`));
      return said;
    };

    /** Two readers on each server, one of which disconnects. All have the whole channel. */
    async function openReaders({ offset }: Written) {
      const [staying, away] = [nodes, nodes].map((all) => all.map((node) => watch(node.url, channelId)));
      readers.push(...staying!, ...away!);
      await vi.waitFor(
        () => expect(readers.map((one) => [one.live, one.offset])).toEqual(readers.map(() => [true, offset])),
        patient,
      );
      for (const reader of away!) reader.cut();
      return { staying: staying!, away: away! };
    }

    /** Waits until every reader has been told in time. */
    async function expectTold(name: string, those: Watcher[], what: (reader: Watcher) => boolean): Promise<void> {
      const since = performance.now();
      const processes = [process.pid, redis.pid, ...nodes.map(({ pid }) => pid)];
      await within(toldMs, () => expect(those.map(what)).toEqual(those.map(() => true)), processes);
      console.log(`${kind}, ${name}: told within ${Math.round(performance.now() - since)} ms, of ${toldMs} allowed`);
    }
    const wasReset = ({ catchUps }: Watcher) => catchUps.some(({ reset }) => reset);

    /** Expects both servers to answer lost cursors with a reset. */
    async function expectForeign(lost: readonly Written[]): Promise<void> {
      for (const { url } of nodes) {
        for (const { cursor } of lost) {
          const answer = await read<CatchUp>(`${url}/v1/channels/${channelId}/events?after=${encodeURIComponent(cursor)}`);
          expect(answer).toMatchObject({ mode: 'snapshot', reset: true });
        }
      }
    }

    /** All readers saw the same at the same cursor, end with the current state, and the channel accepts writes. */
    async function expectOneHistory(headlines: string[]): Promise<void> {
      const { offset } = (await publishMany(['Afterwards']))[0]!;
      await vi.waitFor(() => expect(readers.map((one) => one.offset)).toEqual(readers.map(() => offset)), patient);
      for (const node of nodes) {
        const posts = await allPosts(node, channelId);
        expect(posts.map(({ headline }) => headline)).toEqual(['Afterwards', ...headlines.toReversed()]);
        for (const reader of readers) expect(reader.posts).toEqual(posts);
      }
      const meanings = new Map<string, string>();
      for (const { seen } of readers) {
        for (const { cursor, postId, revision } of seen) {
          const meaning = `${postId} ${revision}`;
          expect(meanings.get(cursor) ?? meaning).toBe(meaning);
          meanings.set(cursor, meaning);
        }
      }
      expect(readers.map(({ faults }) => faults)).toEqual(readers.map(() => []));
    }

    it('reset every reader after an older copy was restored, even if the copy has grown past their offset', async () => {
      await publishMany(['In both']);
      const files = join(redis.directory, 'appendonlydir');
      const older = join(redis.directory, 'older');
      await cp(files, older, { recursive: true });
      const lost = await publishMany(['Lost 1', 'Lost 2', 'Lost 3']);
      const { staying, away } = await openReaders(lost.at(-1)!);
      await redis.kill();
      await rm(files, { recursive: true });
      await cp(older, files, { recursive: true });
      await redis.start();
      await expectTold('an older copy, who stays', staying, wasReset);
      const added = ['New 1', 'New 2', 'New 3', 'New 4', 'New 5'];
      await publishMany(added);
      for (const reader of away) reader.comeBack();
      await expectTold('an older copy, who comes back', away, wasReset);
      await expectForeign(lost);
      await expectOneHistory(['In both', ...added]);
    });

    it('tell every reader after a failover to a lagging replica, even on a server that missed the announcements', async () => {
      await using replica = await startRedis(binary, [...replicating, `replicaof 127.0.0.1 ${redis.port}`]);
      await vi.waitFor(async () => expect(await replica.admin.info('replication')).toContain('master_link_status:up'), patient);
      await publishMany(['In both']);
      // Waits until the replica has the channel and the post. WAIT would count only writes of its own connection.
      await vi.waitFor(async () => expect(await replica.admin.xlen(channelKeys(channelId)[0]!)).toBe(2), patient);
      // From here on the replica gets no more writes.
      await replica.admin.call('REPLICAOF', 'NO', 'ONE');
      const lost = await publishMany(['Lost 1', 'Lost 2', 'Lost 3']);
      const { staying, away } = await openReaders(lost.at(-1)!);
      lines[1]!.stalled = true;
      await redis.kill();
      for (const line of lines) line.target = `http://127.0.0.1:${replica.port}`;
      lines[0]!.cut();
      // Restarts the old server for later cases. No connection uses it any more.
      await redis.start();
      await expectTold('a failover, who stays', staying.slice(0, 1), wasReset);
      // More posts than were lost, so the offset passes the head that the cut-off server and its reader know.
      const added = ['New 1', 'New 2', 'New 3', 'New 4', 'New 5'];
      await publishMany(added, nodes.slice(0, 1));
      expect(wasReset(staying[1]!)).toBe(false);
      lines[1]!.stalled = false;
      lines[1]!.cut();
      await expectTold('a failover, who stays on the deaf server', staying.slice(1), wasReset);
      for (const reader of away) reader.comeBack();
      await expectTold('a failover, who comes back', away, wasReset);
      await expectForeign(lost);
      await expectOneHistory(['In both', ...added]);
    });

    /** Like `pressbox repair --apply`. */
    async function repair(): Promise<RepairReport> {
      for await (const report of repairRedis({ url: redis.url, channelId, apply: true })) return report;
      throw new Error('There is no such channel.');
    }
    /** No reader stays live while the channel is unreadable. */
    const expectRefused = (those: Watcher[]) =>
      expectTold('a damaged channel, who stays', those, ({ live, endings }) => !live && endings.includes('slow'));

    it('tell every reader when only the journal was lost, and keep the posts after a repair', async () => {
      const lost = await publishMany(['One', 'Two', 'Three']);
      const { staying, away } = await openReaders(lost.at(-1)!);
      const { cursor } = lost.at(-1)!;
      using stream = await openStream(nodes[0]!.url, channelId, { after: cursor });
      await vi.waitFor(() => expect(stream.heard('catchup')).toMatchObject([{ mode: 'replay', events: [] }]), patient);
      const poll = read<CatchUp>(`${nodes[1]!.url}/v1/channels/${channelId}/events?wait=30&after=${cursor}`);
      await vi.waitFor(
        async () => expect((await call(`${nodes[1]!.url}/metrics`)).text).toContain('pressbox_readers{transport="poll"} 1\n'),
        patient,
      );
      await redis.admin.del(channelKeys(channelId)[0]!);
      await expectRefused(staying);
      await stream.ended;
      expect(stream.heard('unsubscribed')).toEqual([{ channelId, reason: 'slow' }]);
      expect(await repair()).toMatchObject({ outcome: 'repaired', history: 'new', posts: 3, fault: null });
      // They got a retry delay.
      await vi.waitFor(() => expect(staying.map(wasReset)).toEqual([true, true]), patient);
      expect(await poll).toMatchObject({ mode: 'snapshot', reset: true });
      for (const reader of away) reader.comeBack();
      await expectTold('the journal deleted, who comes back', away, wasReset);
      await expectForeign(lost);
      await expectOneHistory(['One', 'Two', 'Three']);
    });

    it('continue as before after a repair when only the index was lost, since the journal has everything', async () => {
      const said = await publishMany(['One', 'Two', 'Three']);
      const { staying, away } = await openReaders(said.at(-1)!);
      await redis.admin.del(channelKeys(channelId)[3]!);
      await expectRefused(staying);
      expect(await repair()).toMatchObject({ outcome: 'repaired', history: 'same', posts: 3, fault: null });
      await publishMany(['Four']);
      for (const reader of away) reader.comeBack();
      await expectOneHistory(['One', 'Two', 'Three', 'Four']);
      expect(readers.filter(wasReset)).toEqual([]);
    });

    const numberOfLost = async ({ url }: ServerProcess) =>
      Number(/^pressbox_channels_lost\{how="missing"\} (\d+)$/m.exec((await call(`${url}/metrics`)).text)?.[1]);
    const wasLost = ({ live, endings }: Watcher) => !live && endings.at(-1) === 'slow';

    it('refuse channels that Redis lost, also those of another server, keep its files, and continue when the data is back', async () => {
      const said = await publishMany(['One', 'Two', 'Three']);
      const { staying, away } = await openReaders(said.at(-1)!);
      const { id: unseen } = await createChannel(nodes[0]!, token);
      const { id: deleted } = await createChannel(nodes[0]!, token);
      const ofDeleted = nodes.map((node) => watch(node.url, deleted));
      readers.push(...ofDeleted);
      await vi.waitFor(() => expect(ofDeleted.map(({ live }) => live)).toEqual([true, true]), patient);
      await call(`${nodes[0]!.url}/v1/channels/${deleted}`, { method: 'DELETE', token });
      await expectTold('a deletion', ofDeleted, ({ endings }) => endings.includes('gone'));
      const files = join(redis.directory, 'appendonlydir');
      const copy = join(redis.directory, 'copy');
      await cp(files, copy, { recursive: true });
      const rewrites = async () => /^aof_rewrites:(\d+)/m.exec(await redis.admin.info('stats'))?.[1];

      await redis.admin.flushall();
      await expectTold('FLUSHALL, who stays', staying, wasLost);
      for (const id of [channelId, unseen]) {
        for (const node of nodes) {
          const path = `${node.url}/v1/channels/${id}`;
          const refused = { code: 'channel-lost', status: 503, outcome: 'unchanged', retryAfter: expect.any(Number) };
          await vi.waitFor(async () => expect((await call(path)).body).toMatchObject(refused), patient);
          for (const asked of ['posts', `posts/${said[0]!.post.id}`, 'journal', `events?after=${said[2]!.cursor}`])
            expect((await call(`${path}/${asked}`, { token })).body).toMatchObject(refused);
          const writing = { token, body: { headline: 'Four' }, method: 'POST' };
          expect((await call(`${path}/posts`, writing)).body).toMatchObject(refused);
          expect((await call(path, { method: 'DELETE', token })).body).toMatchObject(refused);
          expect((await call(`${node.url}/live/${id}`, { headers: { accept: 'text/html' } })).status).toBe(503);
        }
      }
      for (const node of nodes) {
        await vi.waitFor(async () => {
          const { body } = await call(`${node.url}/readyz`);
          expect(body).toMatchObject({ status: 'degraded', lost: { missing: await numberOfLost(node) } });
        }, patient);
        expect((await call(`${node.url}/v1/channels`)).body).toMatchObject({ complete: false });
      }
      const lines = two.said.map((all) =>
        all.filter((line) => line.includes('the store lost a channel')).map((line) => JSON.parse(line)),
      );
      for (const of of lines) {
        expect(of.map(({ channel }) => channel)).toContain(channelId);
        expect(of.map(({ channel }) => channel)).not.toContain(deleted);
      }

      // The files may still have what was lost, so a takedown waits.
      const { id: later } = await createChannel(nodes[1]!, token, { headline: 'Afterwards' });
      const { post } = await publish(nodes[1]!, token, later, { headline: 'A name' });
      const before = await rewrites();
      const takenDown = await call(`${nodes[1]!.url}/v1/channels/${later}/posts/${post.id}/takedown`, {
        method: 'POST',
        token,
        body: {},
      });
      expect([takenDown.status, takenDown.text]).toEqual([202, expect.stringContaining('is not rewritten')]);
      expect(await rewrites()).toBe(before);

      // A server knows what it served before it was started.
      await nodes[1]!.stop();
      await nodes[1]!.start();
      expect((await call(`${nodes[1]!.url}/v1/channels/${channelId}`)).body).toMatchObject({ code: 'channel-lost' });

      await redis.kill();
      await rm(files, { recursive: true });
      await cp(copy, files, { recursive: true });
      await redis.start();
      for (const reader of away) reader.comeBack();
      await vi.waitFor(() => expect([...staying, ...away].map(({ live }) => live)).toEqual(Array(4).fill(true)), patient);
      // The copy lacks what was created after it, until somebody creates it again.
      await vi.waitFor(async () => expect(await Promise.all(nodes.map(numberOfLost))).toEqual([1, 1]), patient);
      await createChannel(nodes[0]!, token, { id: later });
      await vi.waitFor(async () => expect(await Promise.all(nodes.map(numberOfLost))).toEqual([0, 0]), patient);
      expect(readers.filter(wasReset)).toEqual([]);
      readers.splice(readers.indexOf(ofDeleted[0]!), 2);
      await expectOneHistory(['One', 'Two', 'Three']);
    });

    it('reset every reader of a lost channel once somebody has created it again, and give its id to no other coverage', async () => {
      const lost = await publishMany(['One', 'Two', 'Three']);
      const { staying, away } = await openReaders(lost.at(-1)!);
      await redis.admin.flushall();
      await expectTold('FLUSHALL, who stays', staying, wasLost);
      const { id: another } = await createChannel(nodes[1]!, token, { headline: channelId });
      expect(another).toBe(`${channelId}-2`);
      await createChannel(nodes[1]!, token, { id: channelId });
      // Enough posts to pass the old head.
      const added = ['New 1', 'New 2', 'New 3', 'New 4'];
      await publishMany(added);
      for (const reader of away) reader.comeBack();
      await expectTold('FLUSHALL, who comes back', away, wasReset);
      await expectForeign(lost);
      await vi.waitFor(() => expect(staying.map(wasReset)).toEqual([true, true]), patient);
      await expectOneHistory(added);
    });
  });
}
