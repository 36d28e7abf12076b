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
 * Two servers on one Redis, 200 publications a second through both, readers on both, and a disaster in the middle: nothing that was
 * answered is lost, nothing is there twice, no reader sees a gap, and all are at the head again soon after.
 */

/** This process, the servers and the store, whichever of them run. The time in which a busy machine gives them no processor does not count. */
const everyone = () => familyOf(process.pid);
const now = momentsOf(everyone);

const perSecond = 200;
/** The contract: what a node missed it has filled this long after that, and after the store is in reach again. */
const soonMs = 5_000;
/**
 * A reader is at the head who has whatever was answered this long ago. On a busy machine nobody may be for some moments; but who is told
 * only by the comparison of heads, every two seconds, is behind three quarters of any time that is longer than that.
 */
const behindMs = 500;
const stretchMs = 5_000;
/** So long the machine may have to do with what came meanwhile. */
const backlogMs = 30_000;

type Disaster = (stormed: Stormed) => Promise<unknown>;

interface Stormed {
  /** Publications begun; each was sent until it was answered. */
  sent: number;
  answered: Map<string, string>;
  /** In the order of time: when an answer came, from which node, and the highest offset answered until then. */
  answers: { at: Moment; node: number; highest: number }[];
  /** What authors were told in 503s. */
  outcomes: Set<string>;
  /** From healing until both nodes had answered an author. */
  answeredMs: number;
  /** The longest that a reader lacked what was answered, after healing; what had been before that counts from then. */
  lackedMs: number;
  /** Nobody waits for what was not answered yet. */
  isOver: boolean;
}

/** In the file of one store, so that those of both can be run at once: most of their time is spent waiting. */
export function disastersOn(kind: 'redis' | 'valkey'): void {
  describeWith(needs[kind], `two servers on one ${kind}, 200 publications a second`, (binary) => {
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

    /** Sends until it is answered with the post, to the one node and the other in turn, with one key. */
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
        const said = answer?.body as { code: string; outcome?: string } | undefined;
        if (said !== undefined) stormed.outcomes.add(said.outcome ?? said.code);
        // As the answer says, spread out; at once a thousand authors who wait would keep the machine busy with refusals alone.
        const seconds = Number(answer?.headers.get('retry-after') ?? 0.2);
        await pause(seconds * 1_000 * (1 + Math.random() / 2));
      }
    }

    /**
     * Looks at what readers lack from now on, for longer than they may, so that those who fall behind again are noticed, and until they are at
     * the head. Resolves with the longest that a reader lacked what was answered; what had been before counts from now.
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
          // All wait while a disaster lasts. Else a machine that is too busy for so many is given fewer: it is to heal, and not to be held down.
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
        // What was to be published goes nowhere once this test has failed, and is not to come into the next one.
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

    /** A fault of the store is no reason to lose a reader. */
    async function expectReadersKept(disaster: Disaster): Promise<Stormed> {
      const sockets = readers.map(({ socket }) => socket.id);
      const stormed = await storm(disaster);
      await expectKept(stormed);
      expect(readers.map(({ socket }) => socket.id)).toEqual(sockets);
      return stormed;
    }

    it('the connections that listen are killed, again and again', async () => {
      await expectReadersKept(async () => {
        for (let time = 0; time < 10; time++) {
          await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
          await pause(200);
        }
      });
    });

    it('a connection that listens goes deaf', async () => {
      await expectReadersKept(async (stormed) => {
        await vi.waitFor(() => expect(lines[1]!.deafen('subscribe')).toBe(1));
        // It is replaced long before it would hear again.
        expect(await watchReaders(stormed)).toBeLessThanOrEqual(soonMs);
      });
    });

    it('Redis is stopped for five seconds', async () => {
      await expectReadersKept(async () => {
        process.kill(redis.pid, 'SIGSTOP');
        await pause(5_000);
        process.kill(redis.pid, 'SIGCONT');
      });
    });

    it('Redis is killed and comes back', async () => {
      await expectReadersKept(async () => {
        await redis.kill('SIGKILL');
        await pause(1_000);
        await redis.start();
      });
    });

    it('answers of Redis are cut off ten times', async () => {
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

    it('a server is killed and comes back', async () => {
      await expectKept(
        await storm(async () => {
          await nodes[1]!.kill();
          await pause(1_000);
          await startAgain(nodes[1]!);
        }),
      );
    });

    it('both servers are restarted in turn', async () => {
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

/** As whoever looks after a service does: on a busy machine one that starts may not have heard of its store in time, and ends. */
async function startAgain(node: ServerProcess): Promise<void> {
  for (let left = 10; ; left -= 1) {
    try {
      return await node.start();
    } catch (error) {
      if (left === 0 || !String(error).includes('Redis cannot be reached: nothing came back')) throw error;
    }
  }
}
