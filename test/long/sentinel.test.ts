import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { allPosts, createChannel } from '../support/authors/writers.ts';
import { watch } from '../support/readers/distrustful-reader.ts';
import { describeWith, needs } from '../support/runner/needs.ts';
import { familyOf, momentsOf, msBetween, within } from '../support/runner/settled-within.ts';
import { startServerProcess } from '../support/servers/process.ts';
import { call } from '../support/servers/server.ts';
import { startSentinelGroupFor } from '../support/stores/sentinels.ts';

/**
 * Two servers behind Sentinel, with 200 publications per second through both and readers on both, while the master is killed. No
 * answered post is lost or doubled, no reader has a gap, and all readers are at the head soon after the failover.
 */

const perSecond = 200;
/** The documented bound: how long after the Sentinels named another master every reader is at the head. */
const soonMs = 3_000;
const settledMs = 20_000;
const secret = 'a secret that both servers know, of 32 bytes or more';

const everyone = () => familyOf(process.pid);

for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `two servers on a ${kind} behind Sentinel`, (binary) => {
    it('lose no answered post and keep their readers when the master is killed under 200 publications per second', async (test) => {
      const group = await startSentinelGroupFor(test, binary);
      const env = { PRESSBOX_REDIS_URL: group.url, PRESSBOX_REDIS_MIN_REPLICAS: '1', PRESSBOX_JWT_SECRET: secret };
      const servers = await Promise.all([startServerProcess({ env }), startServerProcess({ env })]);
      for (const server of servers) test.onTestFinished(() => server[Symbol.asyncDispose]());
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
      for (const reader of readers) {
        expect(reader.faults).toEqual([]);
        expect(reader.endings).toEqual([]);
        expect(new Set(reader.posts.map((post) => post.id))).toEqual(ids);
      }
      expect(readers.map(({ socket }) => socket.id)).toEqual(sockets);
      expect([...outcomes].filter((outcome) => outcome !== 'unchanged' && outcome !== 'unknown')).toEqual([]);
    });
  });
}
