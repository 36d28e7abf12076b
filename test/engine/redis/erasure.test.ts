import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import { channelKeys, registry } from '../../../src/journal/redis/keys.ts';
import type { AuthorPost } from '../../../src/protocol/model.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { startLine } from '../../support/servers/bad-line.ts';
import { appended, createChannel, publish, revision, takedown } from '../../support/stores/engines.ts';
import { found, untilComplete, untilDeleted, writeAndErase } from '../../support/stores/erased-texts.ts';
import {
  type Finishing,
  nextComparison,
  openMuteNodeFor,
  openNodeFor,
  openTwoNodesFor,
  type RedisServer,
  startRedisFor,
} from '../../support/stores/redis.ts';

const logsAll = ['slowlog-log-slower-than 0', 'slowlog-max-len 10000'];
const patient = { interval: 100 };
/** A delay in microseconds for each key, which makes a rewrite of one channel take some hundred milliseconds. */
const slowRewrites = ['rdb-key-save-delay 50000'];

function isRewriting({ admin }: RedisServer) {
  const looking = { interval: 5 };
  return vi.waitFor(async () => expect(await admin.info('persistence')).toContain('aof_rewrite_in_progress:1'), looking);
}

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `the erasure of a text in ${kind}`, (binary) => {
    it('leaves the text in no file after its channel was deleted', async (test) => {
      const { server, here } = await openTwoNodesFor(test, binary, logsAll);
      const [gone, stays] = [await createChannel(here), await createChannel(here)];
      const tokens = Array.from({ length: 50 }, (_, index) => [`zqgone${index}x`, `zqstay${index}x`] as const);
      await Promise.all(
        tokens.flatMap(([token, stay]) => [publish(here, gone.id, { body: token }), publish(here, stays.id, { body: stay })]),
      );
      await untilDeleted(here, gone.id);
      expect(
        await found(
          server.directory,
          tokens.map(([token]) => token),
        ),
      ).toEqual([]);
      expect(
        await found(
          server.directory,
          tokens.map(([, stay]) => stay),
        ),
      ).toHaveLength(50);
    });

    it('is pending while a live node has not acknowledged the erasure', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary, logsAll);
      const { id } = await createChannel(here);
      const post = await publish(here, id, { body: 'zqpending' });
      const deaf = 'node-that-hears-nothing';
      // A heartbeat in the future, so that the node counts for the whole test.
      await server.admin.zadd(registry.nodes, Date.now() + 60_000, deaf);
      await appended(here, id, [takedown(post)]);
      const pending = [{ where: `node ${deaf}`, why: expect.any(String) }];
      await vi.waitFor(async () => expect(await here.erase(id, post.id)).toEqual({ complete: false, pending }), patient);
      // Every node counts it.
      const counted = () => [here.pendingErasures, there.pendingErasures];
      await vi.waitFor(() => expect(counted()).toEqual([1, 1]), patient);
      await server.admin.zrem(registry.nodes, deaf);
      await untilComplete(() => there.erase(id, post.id));
      await vi.waitFor(() => expect(counted()).toEqual([0, 0]), patient);
    });

    it('is complete only after a rewrite of the append-only file that began after the deletion', async (test) => {
      const { server, here } = await openTwoNodesFor(test, binary, slowRewrites);
      const { id } = await createChannel(here);
      const posts = [await publish(here, id, { body: 'zqfirst' }), await publish(here, id, { body: 'zqsecond' })];
      const [first, second] = posts as [AuthorPost, AuthorPost];
      await appended(here, id, [takedown(first)]);
      const erased = untilComplete(() => here.erase(id, first.id));
      // The rewrite under way still includes the second text, which is deleted only now.
      await isRewriting(server);
      await appended(here, id, [takedown(second)]);
      await untilComplete(() => here.erase(id, second.id));
      expect(await server.admin.info('persistence')).toContain('aof_rewrite_in_progress:0');
      expect(await found(server.directory, ['zqfirst', 'zqsecond'])).toEqual([]);
      await erased;
    });

    it('stays pending if more of the same post was erased while an earlier erasure finished', async (test) => {
      const { server, here } = await openTwoNodesFor(test, binary, slowRewrites);
      const { id } = await createChannel(here);
      const post = await publish(here, id, { body: 'zqonce' });
      const once = { ...revision(post, { body: 'zqtwice' }), erases: 1 };
      await appended(here, id, [once]);
      const erasing = here.erase(id, post.id);
      await isRewriting(server);
      // Nobody waits for this erasure, as when its node is gone.
      const { position } = await appended(here, id, [{ ...revision(once.post, { body: 'Else.' }), erases: 2 }]);
      await erasing;
      const owed = channelKeys(id)[8] as string;
      expect(await server.admin.zscore(owed, post.id)).toBe(String(position.offset));
      await vi.waitFor(async () => expect(await server.admin.exists(owed)).toBe(0), patient);
      expect(await found(server.directory, ['zqonce', 'zqtwice'])).toEqual([]);
    });

    it('is pending if the rewrite of the append-only file failed, which is retried', async (test) => {
      const { server, here } = await openTwoNodesFor(test, binary, ['rdb-key-save-delay 5000000']);
      const { id } = await createChannel(here);
      const post = await publish(here, id, { body: 'zqfailed' });
      await appended(here, id, [takedown(post)]);
      const outcome = here.erase(id, post.id);
      await isRewriting(server);
      // Kill the rewrite, the only child process of the server.
      await promisify(execFile)('pkill', ['-KILL', '-P', String(server.pid)]);
      const why = expect.stringContaining('its append-only file could not be rewritten');
      expect(await outcome).toEqual({ complete: false, pending: [{ where: 'Redis', why }] });
      await server.admin.config('SET', 'rdb-key-save-delay', '0');
      expect(await found(server.directory, ['zqfailed'])).toEqual(['zqfailed']);
      await vi.waitFor(async () => expect(await server.admin.exists(channelKeys(id)[8] as string)).toBe(0), patient);
      expect(await found(server.directory, ['zqfailed'])).toEqual([]);
    });

    it('is pending while Redis does not know the nodes after an older file was restored', async (test) => {
      const { server, here } = await openTwoNodesFor(test, binary, logsAll);
      const mute = await openMuteNodeFor(test, server);
      const { id } = await createChannel(here);
      const post = await publish(here, id, { body: 'zqforgotten' });
      // The node's next heartbeat follows in two seconds.
      await nextComparison(server, mute);
      await server.admin.del(registry.nodes);
      await appended(here, id, [takedown(post)]);
      const { complete, pending } = await here.erase(id, post.id);
      expect([complete, pending.map(({ where }) => where)]).toEqual([false, expect.arrayContaining(['other nodes'])]);
      await vi.waitFor(async () => {
        const { pending } = await here.erase(id, post.id);
        expect(pending.map(({ where }) => where)).toEqual([`node ${mute.nodeId}`]);
      }, patient);
      await mute.close();
      await untilComplete(() => here.erase(id, post.id));
    });

    it('is done by another node if the node that began it is gone', async (test) => {
      const server = await startRedisFor(test, binary, logsAll);
      const here = await openNodeFor(test, server);
      const { id } = await createChannel(here);
      const post = await publish(here, id, { body: 'zqowed' });
      await appended(here, id, [takedown(post)]);
      await here.close();
      expect(await found(server.directory, ['zqowed'])).toEqual(['zqowed']);
      await openNodeFor(test, server);
      await vi.waitFor(async () => expect(await found(server.directory, ['zqowed'])).toEqual([]), patient);
    });

    it('is done although the clock was set back after the erasure was noted and after the last heartbeat of a dead node', async (test) => {
      const { server, here } = await openTwoNodesFor(test, binary, logsAll);
      const { id } = await createChannel(here);
      const post = await publish(here, id, { body: 'zqclock' });
      await appended(here, id, [takedown(post)]);
      await here.close();
      const before = Date.now() + 3_600_000;
      await server.admin
        .multi()
        .zadd(registry.pendingErasures, before, id)
        .zadd(registry.nodes, before, 'a-node-that-is-gone')
        .exec();
      await vi.waitFor(async () => expect(await found(server.directory, ['zqclock'])).toEqual([]), patient);
      await vi.waitFor(async () => expect(await server.admin.exists(channelKeys(id)[8] as string)).toBe(0), patient);
    });

    it('stays noted if a new note was made while an earlier one was dropped', async (test) => {
      const server = await startRedisFor(test, binary);
      const line = await startLine(`http://127.0.0.1:${server.port}`);
      test.onTestFinished(() => line[Symbol.asyncDispose]());
      const id = 'noted-twice';
      const monitor = await server.admin.monitor();
      test.onTestFinished(async () => monitor.disconnect());
      let notedAgain: number | undefined;
      const forgotten = new Promise<void>((resolve) => {
        monitor.on('monitor', (_: string, [name = '', ...words]: string[]) => {
          if (!words.includes(registry.pendingErasures)) return;
          if (notedAgain !== undefined && /^(?:zrem|eval)/i.test(name)) resolve();
          if (name !== 'zscore' || notedAgain !== undefined) return;
          notedAgain = Date.now();
          void server.admin.zadd(registry.pendingErasures, notedAgain, id);
        });
      });
      await server.admin.zadd(registry.pendingErasures, Date.now() - 120_000, id);
      await openNodeFor(test, { ...server, url: server.url.replace(String(server.port), new URL(line.url).port) });
      // Long enough to note the erasure between two commands.
      line.delayMs = 150;
      await forgotten;
      expect(await server.admin.zscore(registry.pendingErasures, id)).toBe(String(notedAgain));
    });

    it('does not wait for other channels whose erasures are delayed or fail, which are counted, logged and retried', async (test) => {
      const server = await startRedisFor(test, binary);
      const warned: unknown[][] = [];
      const warn = (...said: unknown[]) => warned.push(said);
      const here = await openNodeFor(test, server, { log: { info() {}, warn, error() {} } });
      const [fails, waits, unhindered] = [await createChannel(here), await createChannel(here), await createChannel(here)];
      const held = await joinHolding(test, server, waits.id);
      const owed = (channelId: string) => channelKeys(channelId)[8] as string;
      const posts = [];
      for (const { id } of [fails, waits, unhindered]) posts.push(await publish(here, id, { body: 'zqsweep' }));
      // Oldest first. Nobody waits for these erasures, and nodes pick up an erasure only after some seconds.
      for (const post of posts) await appended(here, post.channelId, [takedown(post)]);
      await server.admin.multi().rename(owed(fails.id), 'aside').set(owed(fails.id), 'no sorted set').exec();
      const counts = (id: string) => server.admin.zcard(owed(id));
      await vi.waitFor(async () => expect(await counts(unhindered.id)).toBe(0), patient);
      await vi.waitFor(() => expect(here.pendingErasures).toBe(2), patient);
      expect(await counts(waits.id)).toBe(1);
      expect(warned).toEqual([[{ channel: fails.id, err: expect.any(Error) }, 'erasures are pending']]);
      await server.admin.rename('aside', owed(fails.id));
      held.letGo();
      await vi.waitFor(() => expect(here.pendingErasures).toBe(0), patient);
      expect([await counts(fails.id), await counts(waits.id)]).toEqual([0, 0]);
      expect(warned).toHaveLength(1);
    });
  });
}

/**
 * Joins a node that acknowledges erasures on every channel except one. After `letGo` it acknowledges all new requests, but none
 * from before.
 */
async function joinHolding(test: Finishing, server: RedisServer, channelId: string): Promise<{ letGo(): void }> {
  const nodeId = 'node-that-holds-on';
  let isHolding = true;
  const subscriber = server.admin.duplicate();
  test.onTestFinished(async () => subscriber.disconnect());
  subscriber.on('message', (_: string, text: string) => {
    const said = JSON.parse(text);
    if (said.ask === undefined || (said.channelId === channelId && isHolding)) return;
    const answer = JSON.stringify({ type: 'acknowledged', from: nodeId, ask: said.ask });
    void server.admin.publish(registry.node(said.from), answer);
  });
  await subscriber.subscribe(registry.control);
  // A heartbeat in the future, so that the node counts for the whole test.
  await server.admin.zadd(registry.nodes, Date.now() + 60_000, nodeId);
  return {
    letGo() {
      isHolding = false;
    },
  };
}

// Not concurrent, so that the load does not break the deadlines of other tests.
for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `an erased text among many in ${kind}`, (binary) => {
    /** The slow log, and Valkey's other command logs. */
    async function loggedCommands(server: RedisServer): Promise<string> {
      const logs = [server.admin.slowlog('GET', 10_000)];
      if (kind === 'valkey') {
        for (const name of ['large-request', 'large-reply'])
          logs.push(server.admin.call('COMMANDLOG', 'GET', '-1', name) as never);
      }
      return JSON.stringify(await Promise.all(logs));
    }

    it('is in no file and no command log, for 400 posts of many shapes', async (test) => {
      const { server, here, there } = await openTwoNodesFor(test, binary, logsAll);
      const seed = Date.now() % 2 ** 31;
      console.log(`sizes drawn with seed ${seed}`);
      if (kind === 'valkey') await server.admin.config('SET', 'commandlog-request-larger-than', '1');
      // Prove that the search finds text that is there.
      const proof = await createChannel(here);
      await publish(here, proof.id, { headline: 'zqproof' });
      expect(await found(server.directory, ['zqproof'])).toEqual(['zqproof']);
      expect((await loggedCommands(server)).includes('zqproof')).toBe(true);
      const { id, erased, kept, posts } = await writeAndErase(here, 400, seed);
      await Promise.all(posts.map((post) => untilComplete(() => here.erase(id, post.id))));
      expect(await found(server.directory, erased)).toEqual([]);
      const logged = await loggedCommands(server);
      expect(erased.filter((token) => logged.includes(token))).toEqual([]);
      expect(await found(server.directory, kept.slice(0, 20))).toEqual(kept.slice(0, 20));
      await server.kill('SIGTERM');
      expect(await found(server.directory, erased)).toEqual([]);
      await server.start();
      await vi.waitFor(async () => expect((await there.heads([id]))[0]?.offset).toBe(1 + 400 + 100 + 200 + 200), patient);
    });
  });
}
