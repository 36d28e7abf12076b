import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { expect, it, vi } from 'vitest';
import { allPosts, createChannel, type Place } from '../support/authors/writers.ts';
import { type Watcher, watch } from '../support/readers/distrustful-reader.ts';
import { describeWith, needs } from '../support/runner/needs.ts';
import { familyOf, momentsOf, msBetween, within } from '../support/runner/settled-within.ts';
import { startServerProcess } from '../support/servers/process.ts';
import { call } from '../support/servers/server.ts';
import type { Finishing } from '../support/stores/redis.ts';
import { startSentinelGroupFor } from '../support/stores/sentinels.ts';

/**
 * Servers behind Sentinel with authors and readers on each of them, while the master is killed, or cut off from the Sentinels but
 * not from the servers. `PRESSBOX_PARTITIONS=50` cuts it off 50 times in each setting.
 */

const perSecond = 200;
/** The documented bound: how long after the Sentinels named another master every reader is at the head. */
const soonMs = 3_000;
const settledMs = 20_000;
/** Between two posts of an author. */
const pauseMs = 40;
/** The documented bound: how long after a majority of the Sentinels named another master no server is on the old one. */
const leftMs = 5_000;
const partitions = Number(process.env.PRESSBOX_PARTITIONS ?? 3);
const secret = 'a secret that both servers know, of 32 bytes or more';

const everyone = () => familyOf(process.pid);

for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `two servers on a ${kind} behind Sentinel`, (binary) => {
    it('lose no answered post and keep their readers when the master is killed under 200 publications per second', async (test) => {
      const { group, servers } = await startServersFor(test, binary, { count: 2, minReplicas: 1 });
      /** Time in which a busy machine gives the test, its servers, Redis or the Sentinels no processor does not count. */
      const now = momentsOf(everyone);
      const token = await servers[0]!.token({ editor: ['*'], admin: true });
      const { id } = await createChannel(servers[0]!, token);
      const readers = [...servers, ...servers].map((server) => watch(server.url, id));
      for (const reader of readers) test.onTestFinished(async () => reader[Symbol.dispose]());
      await vi.waitFor(() => expect(readers.map(({ live }) => live)).toEqual(readers.map(() => true)), { timeout: settledMs });
      const sockets = readers.map(({ socket }) => socket.id);

      const answered = new Map<string, string>();
      const outcomes = new Set<string>();
      let [sent, highest, isOver] = [0, 0, false];
      test.onTestFinished(async () => {
        isOver = true;
      });
      /** Publishes with one key, through the two servers in turn, until the post is answered. */
      const publish = async (index: number) => {
        for (let time = index; !isOver; time += 1) {
          const url = `${servers[time % servers.length]!.url}/v1/channels/${id}/posts`;
          const headers = { 'idempotency-key': `post-${index}` };
          const answer = await call(url, { method: 'POST', token, body: { body: `Post number ${index}.` }, headers });
          if (answer.status === 201) {
            const { post, offset } = answer.body as { post: { id: string }; offset: number };
            highest = Math.max(highest, offset);
            return void answered.set(`post-${index}`, post.id);
          }
          expect(answer.status).toBe(503);
          outcomes.add((answer.body as { outcome: string }).outcome);
          await pause(200 * (1 + Math.random()));
        }
      };
      const publications: Promise<void>[] = [];
      const began = performance.now();
      let [due, isPublishing] = [0, true];
      const ticking = setInterval(() => {
        for (; due < ((performance.now() - began) / 1_000) * perSecond; due += 1)
          // A machine that cannot keep up gets fewer.
          if (isPublishing && sent - answered.size < 3 * perSecond) publications.push(publish(sent++));
      }, 10);
      test.onTestFinished(async () => clearInterval(ticking));
      await vi.waitFor(() => expect(answered.size).toBeGreaterThan(perSecond), { timeout: settledMs });

      const master = await group.master();
      await master.kill();
      const killed = now();
      await group.moved(master);
      const moved = now();
      // A post that was answered by the new master, and everything before it.
      const before = highest;
      await vi.waitFor(() => expect(highest).toBeGreaterThan(before), { interval: 10, timeout: settledMs });
      const head = highest;
      const isAtHead = () => expect(Math.min(...readers.map(({ offset }) => offset))).toBeGreaterThanOrEqual(head);
      await vi.waitFor(isAtHead, { interval: 10, timeout: settledMs });
      const atHead = now();
      const tookMs = Math.round(msBetween(moved, atHead));
      const wallMs = [moved.at - killed.at, atHead.at - moved.at].map(Math.round);
      console.log(
        `${kind}: failover after ${wallMs[0]} ms, readers at the head ${wallMs[1]} ms later, ${tookMs} of ${soonMs} counted`,
      );
      expect(tookMs).toBeLessThanOrEqual(soonMs);

      isPublishing = false;
      await Promise.all(publications);
      await within(settledMs, () => expect(readers.map(({ offset }) => offset)).toEqual(readers.map(() => sent + 1)), everyone());
      const posts = await allPosts(servers[0]!, id);
      const ids = new Set(posts.map((post) => post.id));
      expect([...answered.values()].filter((postId) => !ids.has(postId))).toEqual([]);
      expect([posts.length, new Set(posts.map(({ html }) => html)).size]).toEqual([sent, sent]);
      /** Posts that went out while no replica had them, which were lost with the master and never answered. */
      const gone = new Set(
        readers.flatMap(({ seen }) => seen.flatMap(({ postId }) => postId ?? [])).filter((id) => !ids.has(id)),
      );
      if (gone.size > 0) console.log(`${kind}: ${gone.size} posts that were not answered were seen and are gone`);
      for (const reader of readers) {
        // Who saw such a post is told that the history was replaced, and starts again with the newest posts.
        const isReset = gone.size > 0 && reader.endings.includes('history');
        expect(reader.endings).toEqual(isReset ? ['history'] : []);
        if (isReset) await isUpToDate(reader, posts);
        else expect([reader.faults, new Set(reader.posts.map((post) => post.id))]).toEqual([[], ids]);
      }
      expect(readers.map(({ socket }) => socket.id)).toEqual(sockets);
      expect([...outcomes].filter((outcome) => outcome !== 'unchanged' && outcome !== 'unknown')).toEqual([]);
    });
  });
}

for (const minReplicas of [1, 0]) {
  describeWith(needs.redis, `four servers that require ${minReplicas} replicas`, (binary) => {
    it(
      `leave a master that is cut off from the Sentinels, ${partitions} times`,
      async (test) => {
        const { group, servers, lines } = await startServersFor(test, binary, { count: 4, minReplicas });
        const token = await servers[0]!.token({ editor: ['*'], admin: true });
        for (let round = 1; round <= partitions; round += 1) {
          const { id } = await createChannel(servers[0]!, token);
          const readers = servers.map((server) => watch(server.url, id));
          await using authors = publishThroughAll(servers, id, token);
          const old = await group.master();
          await authors.morePosts();
          const logged = lines.map((all) => all.length);
          await group.cutOff(old);
          const master = await group.moved(old);
          const moved = performance.now();
          await within(leftMs, async () => expect(await nodesOn(old.admin)).toBe(0), everyone());
          const left = performance.now();
          await authors.morePosts();
          const [from, to] = [old, master].map(({ port }) => `127.0.0.1:${port}`);
          for (const [index, server] of servers.entries()) {
            const isFailover = (line: string) => line.includes('Sentinel made another Redis server the master');
            const said = lines[index]!.slice(logged[index]).filter(isFailover);
            expect(said.map((line) => JSON.parse(line))).toMatchObject([{ from, to }]);
            const { text } = await call(`${server.url}/metrics`);
            const runId = /^run_id:(\w+)/m.exec(await master.admin.info('server'))?.[1];
            expect(text.match(/^pressbox_store_master\{.*/gm)).toEqual([
              `pressbox_store_master{address="${to}",run_id="${runId}"} 1`,
            ]);
            expect(text).toMatch(/^pressbox_store_master_confirmed 1$/m);
          }
          await group.reconnect(old);
          await authors.morePosts();
          await authors.stop();

          const posts = await allPosts(servers[0]!, id);
          const ids = new Set(posts.map((post) => post.id));
          const lost = authors.answered.filter(({ postId }) => !ids.has(postId));
          const ofThese = `${lost.length} of ${authors.answered.length} acknowledged posts lost`;
          console.log(`round ${round}, ${minReplicas} required: left after ${Math.round(left - moved)} ms, ${ofThese}`);
          expect(minReplicas > 0 ? lost : lost.filter(({ at }) => at > left)).toEqual([]);
          expect([...authors.outcomes].filter((outcome) => outcome !== 'unchanged' && outcome !== 'unknown')).toEqual([]);
          for (const reader of readers) {
            await isUpToDate(reader, posts);
            // These two say that the reader must read again: what a reader saw of unacknowledged writes is gone.
            const others = reader.endings.filter((reason) => reason !== 'history' && reason !== 'slow');
            expect(others).toEqual([]);
            reader[Symbol.dispose]();
          }
        }
      },
      120_000 * partitions,
    );
  });
}

async function startServersFor(test: Finishing, binary: string, { count, minReplicas }: { count: number; minReplicas: number }) {
  const group = await startSentinelGroupFor(test, binary);
  const env = {
    PRESSBOX_REDIS_URL: group.url,
    PRESSBOX_REDIS_MIN_REPLICAS: String(minReplicas),
    PRESSBOX_JWT_SECRET: secret,
  };
  /** The log of each server. */
  const lines: string[][] = Array.from({ length: count }, () => []);
  const servers = await Promise.all(lines.map((all) => startServerProcess({ env, onLine: (line) => void all.push(line) })));
  for (const server of servers) test.onTestFinished(() => server[Symbol.asyncDispose]());
  return { group, servers, lines };
}

/** A reader who was reset holds the newest posts, and none that is not in the journal. */
async function isUpToDate(reader: Watcher, posts: readonly { id: string; seq: number }[]): Promise<void> {
  const ids = new Set(posts.map(({ id }) => id));
  const newest = posts.toSorted((a, b) => b.seq - a.seq).slice(0, 100);
  const differences = () => {
    const held = new Set(reader.posts.map(({ id }) => id));
    return [newest.filter(({ id }) => !held.has(id)), [...held].filter((id) => !ids.has(id))];
  };
  await vi.waitFor(() => expect(differences()).toEqual([[], []]), { timeout: settledMs });
  expect(reader.faults.filter((fault) => !fault.includes('too long for this watcher'))).toEqual([]);
}

/** How many connections for writes the server has. */
async function nodesOn(admin: Redis): Promise<number> {
  return String(await admin.call('CLIENT', 'LIST')).match(/ name=pressbox-writes /g)?.length ?? 0;
}

/** One author for each server, who publishes post after post and tries none again. */
function publishThroughAll(servers: readonly Place[], channelId: string, token: string) {
  const answered: { postId: string; at: number; index: number }[] = [];
  const outcomes = new Set<string>();
  let isOver = false;
  const authors = servers.map(async ({ url }, index) => {
    while (!isOver) {
      const answer = await call(`${url}/v1/channels/${channelId}/posts`, {
        method: 'POST',
        token,
        body: { body: `A post through server ${index}.` },
        headers: { 'idempotency-key': randomUUID() },
      });
      if (answer.status === 201) {
        answered.push({ postId: (answer.body as { post: { id: string } }).post.id, at: performance.now(), index });
      } else {
        expect(answer.status).toBe(503);
        outcomes.add((answer.body as { outcome: string }).outcome);
      }
      await pause(pauseMs);
    }
  });
  const stop = async () => {
    isOver = true;
    await Promise.all(authors);
  };
  return {
    answered,
    outcomes,
    /** Resolves when each server has acknowledged some more posts. */
    async morePosts() {
      const after = performance.now();
      const isEnough = () => {
        for (const index of servers.keys())
          expect(answered.filter((post) => post.at > after && post.index === index).length).toBeGreaterThan(20);
      };
      await Promise.race([vi.waitFor(isEnough, { timeout: settledMs }), ...authors]);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
