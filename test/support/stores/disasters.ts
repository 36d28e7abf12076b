import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { allPosts, createChannel } from '../authors/writers.ts';
import { type Watcher, watch } from '../readers/distrustful-reader.ts';
import { describeWith, needs } from '../runner/needs.ts';
import { familyOf, type Moment, momentsOf, msBetween, within } from '../runner/settled-within.ts';
import type { Line } from '../servers/bad-line.ts';
import type { ServerProcess } from '../servers/process.ts';
import { call } from '../servers/server.ts';
import { startTwoServers, type TwoServers } from '../servers/two-servers.ts';
import { type RedisServer, startRedis } from './redis.ts';

/**
 * Two servers on one Redis with 200 publications per second through both, readers on both, and a disaster in the middle. No
 * answered post is lost or duplicated, no reader has a gap, and all readers reach the head again soon after.
 */

/**
 * The running processes of this test, of the servers and of the store. Time in which a busy machine gives them no processor does
 * not count.
 */
const everyone = () => familyOf(process.pid);
const now = momentsOf(everyone);

const perSecond = 200;
/** The documented bound: how long after a loss, or after the store is reachable again, a node has caught up. */
const soonMs = 5_000;
/**
 * A reader counts as being at the head if it has everything that was answered this long ago, because a reader may lag for a
 * moment on a busy machine. A longer time would hide a fault: heads are compared every two seconds, and a reader that gets its
 * events only through that comparison lags for three quarters of the time by this measure.
 */
const behindMs = 500;
const stretchMs = 5_000;
/** How long a busy machine may take to work through the backlog. */
const backlogMs = 30_000;

type Disaster = (stormed: Stormed) => Promise<unknown>;

interface Stormed {
  /** Publications begun. Each was retried until it was answered. */
  sent: number;
  answered: Map<string, string>;
  /** In order of time: when an answer arrived, from which node, and the highest offset answered by then. */
  answers: { at: Moment; node: number; highest: number }[];
  /** The outcomes in the 503 answers that authors received. */
  outcomes: Set<string>;
  /** Milliseconds from the recovery until both nodes had answered an author. */
  answeredMs: number;
  /**
   * The longest time after the recovery for which a reader lacked an answered post. Posts answered before count from the
   * recovery.
   */
  lackedMs: number;
  /** Set when the test has failed, so that no publication is retried. */
  isOver: boolean;
}

/** The tests of each store are in their own file, so that both can run at once: most of their time is spent waiting. */
export function disastersOn(kind: 'redis' | 'valkey'): void {
  describeWith(needs[kind], `two servers on one ${kind} with 200 publications per second`, (binary) => {
    let redis: RedisServer;
    let two: TwoServers;
    let lines: Line[] = [];
    let nodes: ServerProcess[] = [];
    let token: string;
    let channelId: string;
    let readers: Watcher[] = [];

    beforeEach(async () => {
      redis = await startRedis(binary);
      two = await startTwoServers(redis);
      ({ servers: nodes, lines, token } = two);
      ({ id: channelId } = await createChannel(nodes[0]!, token));
      readers = [...nodes, ...nodes].map((node) => watch(node.url, channelId));
      await vi.waitFor(() => expect(readers.map(({ live }) => live)).toEqual(readers.map(() => true)));
    });
    afterEach(async () => {
      for (const reader of readers) reader[Symbol.dispose]();
      await two[Symbol.asyncDispose]();
      await redis.stop();
    });

    /** Publishes with one key, to the two nodes in turn, until the post is returned. */
    async function publish(index: number, stormed: Stormed): Promise<void> {
      const body = { body: `Post number ${index}.` };
      for (let time = index; !stormed.isOver; time += 1) {
        const node = time % nodes.length;
        const url = `${nodes[node]!.url}/v1/channels/${channelId}/posts`;
        const headers = { 'idempotency-key': `post-${index}` };
        const answer = await call(url, { method: 'POST', token, body, headers }).catch(() => undefined);
        if (answer?.status === 201) {
          const { post, offset } = answer.body as { post: { id: string }; offset: number };
          const highest = Math.max(offset, stormed.answers.at(-1)?.highest ?? 0);
          stormed.answers.push({ at: now(), node, highest });
          return void stormed.answered.set(`post-${index}`, post.id);
        }
        if (answer !== undefined && answer.status !== 503) throw new Error(`Answered ${answer.status}: ${answer.text}`);
        const problem = answer?.body as { code: string; outcome?: string } | undefined;
        if (problem !== undefined) stormed.outcomes.add(problem.outcome ?? problem.code);
        // Waits as long as the answer says, plus a random time. A thousand authors retrying at once would keep the machine busy
        // with refusals.
        const seconds = Number(answer?.headers.get('retry-after') ?? 0.2);
        await pause(seconds * 1_000 * (1 + Math.random() / 2));
      }
    }

    /**
     * Watches the readers for longer than the bound, so that readers who fall behind again are noticed, and until they are at the
     * head. Resolves with the longest time for which a reader lacked an answered post. Posts answered before count from now.
     */
    async function watchReaders({ answers }: Stormed): Promise<number> {
      const since = now();
      let lackedMs = 0;
      const looks: boolean[] = [];
      const looking = setInterval(() => {
        const reached = Math.min(...readers.map(({ offset }) => offset));
        const lacking = answers.find(({ highest }) => highest > reached);
        const lacksMs = lacking === undefined ? 0 : Math.round(msBetween(lacking.at.at > since.at ? lacking.at : since, now()));
        lackedMs = Math.max(lackedMs, lacksMs);
        looks.push(lacksMs > behindMs);
      }, 20);
      try {
        await pause(soonMs);
        await within(
          backlogMs,
          async () => {
            looks.length = 0;
            await pause(stretchMs);
            expect(looks.filter((isBehind) => isBehind).length / looks.length).toBeLessThan(0.25);
          },
          everyone(),
        );
      } finally {
        clearInterval(looking);
      }
      return lackedMs;
    }

    /** Publishes before, during and after the disaster, and resolves when every publication was answered. */
    async function storm(disaster: Disaster): Promise<Stormed> {
      const stormed: Stormed = {
        sent: 0,
        answered: new Map(),
        answers: [],
        outcomes: new Set(),
        answeredMs: 0,
        lackedMs: 0,
        isOver: false,
      };
      const publications: Promise<void>[] = [];
      const started = performance.now();
      let [isStruck, due] = [false, 0];
      const ticking = setInterval(() => {
        for (; due < ((performance.now() - started) / 1_000) * perSecond; due += 1) {
          // During a disaster all publications wait. At other times a machine that cannot keep up gets fewer, so that it can
          // recover.
          if (!isStruck && stormed.sent - stormed.answered.size >= perSecond) continue;
          const publication = publish(stormed.sent++, stormed);
          // Thrown at the end.
          publication.catch(() => undefined);
          publications.push(publication);
        }
      }, 10);
      let healed = now();
      try {
        await vi.waitFor(() => expect(stormed.answered.size).toBeGreaterThan(perSecond), { timeout: 120_000 });
        isStruck = true;
        await disaster(stormed);
        isStruck = false;
        healed = now();
        stormed.lackedMs = await watchReaders(stormed);
      } catch (error) {
        // The open publications must not continue in the next test.
        stormed.isOver = true;
        throw error;
      } finally {
        clearInterval(ticking);
      }
      const waits = nodes.map((_, node) => {
        const first = stormed.answers.find((one) => one.node === node && one.at.at > healed.at);
        return first === undefined ? Number.POSITIVE_INFINITY : msBetween(healed, first.at);
      });
      stormed.answeredMs = Math.round(Math.max(...waits));
      console.log(`${kind}: of ${soonMs} ms, authors waited for ${stormed.answeredMs}, and readers for ${stormed.lackedMs}`);
      await Promise.all(publications);
      return stormed;
    }

    async function expectKept({ sent, answered, outcomes, answeredMs, lackedMs }: Stormed): Promise<void> {
      expect(answeredMs).toBeLessThanOrEqual(soonMs);
      expect(lackedMs).toBeLessThanOrEqual(soonMs);
      await within(soonMs, () => expect(readers.map(({ offset }) => offset)).toEqual(readers.map(() => sent + 1)), everyone());
      const posts = await allPosts(nodes[0]!, channelId);
      expect(posts.length).toBe(sent);
      expect(new Set(posts.map(({ html }) => html)).size).toBe(sent);
      const ids = new Set(posts.map(({ id }) => id));
      expect([...answered.values()].filter((id) => !ids.has(id))).toEqual([]);
      for (const reader of readers) {
        expect(reader.faults).toEqual([]);
        expect(new Set(reader.posts.map(({ id }) => id))).toEqual(ids);
        expect(reader.endings).toEqual([]);
      }
      expect([...outcomes].filter((outcome) => !['unchanged', 'unknown', 'draining', 'starting'].includes(outcome))).toEqual([]);
    }

    /** No reader loses its connection because of a fault of the store. */
    async function expectReadersKept(disaster: Disaster): Promise<Stormed> {
      const sockets = readers.map(({ socket }) => socket.id);
      const stormed = await storm(disaster);
      await expectKept(stormed);
      expect(readers.map(({ socket }) => socket.id)).toEqual(sockets);
      return stormed;
    }

    it('recover when the subscriber connections are killed repeatedly', async () => {
      await expectReadersKept(async () => {
        for (let time = 0; time < 10; time++) {
          await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
          await pause(200);
        }
      });
    });

    it('recover when a subscriber connection stops delivering', async () => {
      await expectReadersKept(async (stormed) => {
        await vi.waitFor(() => expect(lines[1]!.deafen('subscribe')).toBe(1));
        // The connection is replaced long before it would deliver again by itself.
        expect(await watchReaders(stormed)).toBeLessThanOrEqual(soonMs);
      });
    });

    it('recover when Redis is stopped for five seconds', async () => {
      await expectReadersKept(async () => {
        process.kill(redis.pid, 'SIGSTOP');
        await pause(5_000);
        process.kill(redis.pid, 'SIGCONT');
      });
    });

    it('recover when Redis is killed and restarted', async () => {
      await expectReadersKept(async () => {
        await redis.kill('SIGKILL');
        await pause(1_000);
        await redis.start();
      });
    });

    it('recover when answers of Redis are cut off ten times', async () => {
      const { outcomes } = await expectReadersKept(async () => {
        for (let time = 0; time < 10; time++) {
          const line = lines[time % 2]!;
          line.delayMs = 5_000;
          await pause(200);
          line.cut();
          line.delayMs = 0;
          await pause(500);
        }
      });
      expect(outcomes).toContain('unknown');
    });

    it('recover when a server is killed and restarted', async () => {
      await expectKept(
        await storm(async () => {
          await nodes[1]!.kill();
          await pause(1_000);
          await startAgain(nodes[1]!);
        }),
      );
    });

    it('recover when both servers are restarted in turn', async () => {
      await expectKept(
        await storm(async () => {
          for (const node of nodes) {
            await node.stop();
            await startAgain(node);
          }
        }),
      );
    });
  });
}

/** Restarts a server like a supervisor: on a busy machine a start may fail because the store did not answer in time. */
async function startAgain(node: ServerProcess): Promise<void> {
  for (let left = 10; ; left -= 1) {
    try {
      return await node.start();
    } catch (error) {
      if (left === 0 || !String(error).includes('Redis cannot be reached: nothing came back')) throw error;
    }
  }
}
